# TFLM's interpreter and reference kernels as libtflm.a, in the current folder.
#
#   make -f libtflm.mk TFLM_DIR=<esp-tflite-micro> [EXTRA_FLAGS=...] [count]
#
# Left out: what only tests and recording use, Espressif's kernels, kernels of the audio
# front end, and debug_log.cc, since the engine says where messages go; and from each
# check of TFLM's the path of its file, a string of the machine that built it.
#
# With ESP_NN_DIR=<esp-nn> it is libesp_nn.a instead: the kernels that ops.def takes from
# Espressif, as an ESP32 and an ESP32-C3 have them, in portable C. Link it before
# libtflm.a, whose kernels of the same names are then left out.

TF := tensorflow/lite
HERE := $(dir $(lastword $(MAKEFILE_LIST)))
OPS_DEF := $(HERE)ops.def

ifdef ESP_NN_DIR

OUT := libesp_nn.a
SRC := $(sort $(shell sed -n 's|^TFLM_OP(.*, \(esp_nn/[a-z_]*\), [a-z0-9]*)$$|$(TF)/micro/kernels/\1.cc|p' $(OPS_DEF)))
C_SRC := $(wildcard $(ESP_NN_DIR)/src/*/*_ansi.c $(ESP_NN_DIR)/src/*/*_opt.c)
C_SRC := $(C_SRC:$(ESP_NN_DIR)/%=%)
ESP_NN_FLAGS := -DESP_NN -DCONFIG_NN_OPTIMIZED -I$(ESP_NN_DIR)/include -I$(ESP_NN_DIR)/src/common \
	-I$(HERE)esp_nn_host

else

OUT := libtflm.a
SRC := \
	$(wildcard $(addprefix $(TFLM_DIR)/$(TF)/, \
		micro/*.cc \
		micro/kernels/*.cc \
		micro/tflite_bridge/*.cc \
		micro/memory_planner/*.cc \
		micro/arena_allocator/*.cc \
		core/c/common.cc \
		core/api/*.cc \
		kernels/*.cc \
		kernels/internal/*.cc \
		kernels/internal/reference/*.cc)) \
	$(TFLM_DIR)/tensorflow/compiler/mlir/lite/core/api/error_reporter.cc \
	$(TFLM_DIR)/tensorflow/compiler/mlir/lite/schema/schema_utils.cc
SRC := $(SRC:$(TFLM_DIR)/%=%)
SRC := $(filter-out $(addprefix $(TF)/micro/, \
	debug_log.cc fake_micro_context.cc mock_micro_graph.cc \
	test_helpers.cc test_helper_custom_ops.cc hexdump.cc), $(SRC))

# Of the kernels those that register an op of ops.def, unless it has one of ours throughout, and
# what goes with the headers that they and the interpreter include. The others are half of all.
KERNELS := $(TF)/micro/kernels
OPS := $(shell sed -n '/, custom, none/d; s|^TFLM_OP(\([A-Z0-9_]*\),.*)$$|-e "Register_\1[(][)] [{]"|p' $(OPS_DEF))
OF_OPS := $(shell cd $(TFLM_DIR) && grep -l $(OPS) $(KERNELS)/*.cc)
HEADERS := $(shell cd $(TFLM_DIR) && grep -ho '$(KERNELS)/[a-z0-9_]*[.]h' $(OF_OPS) $(TF)/micro/*.cc)
SRC := $(filter-out $(KERNELS)/%, $(SRC)) \
	$(filter $(OF_OPS) $(HEADERS:.h=.cc) $(HEADERS:.h=_common.cc), $(SRC))

# What our kernels of the audio front end call, and no kernel: those trust their options.
SIGNAL := window fft_auto_scale max_abs msb_32 msb_64 rfft_int16 kiss_fft_wrappers/kiss_fft_int16 square_root_32 \
	square_root_64 filter_bank_spectral_subtraction pcan_argc_fixed filter_bank_log log
SRC += $(patsubst $(TFLM_DIR)/%,%,$(wildcard $(SIGNAL:%=$(TFLM_DIR)/signal/src/%.cc)))

endif

OBJ := $(SRC:%.cc=objects/%.o) $(C_SRC:%.c=objects/%.o)

# Small, but for kernels with loops that -Os makes several times slower. Those of ops that
# have kernels of our own are only in a firmware to compare with, or on an ESP32-S3.
# esp32/CMakeLists.txt reads this line, too.
HOT := conv depthwise_conv fully_connected pooling add sub mul softmax logistic transpose_conv kiss_fft_int16
OPTIMIZE = $(if $(filter $(HOT),$(basename $(@F))),-O2,-Os)

CXXFLAGS = -std=c++17 $(OPTIMIZE) -g0 -w \
	-fno-exceptions -fno-rtti -fno-threadsafe-statics -fno-unwind-tables \
	-ffunction-sections -fdata-sections \
	-DTF_LITE_STATIC_MEMORY -DTF_LITE_DISABLE_X86_NEON -DTF_LITE_USE_CTIME -DNDEBUG \
	-D__FILE__='""' \
	-I$(TFLM_DIR) \
	-I$(TFLM_DIR)/third_party/flatbuffers/include \
	-I$(TFLM_DIR)/third_party/gemmlowp \
	-I$(TFLM_DIR)/third_party/ruy \
	-I$(TFLM_DIR)/third_party/kissfft \
	$(ESP_NN_FLAGS) $(EXTRA_FLAGS)

CFLAGS := -O2 -g0 -w -ffunction-sections -fdata-sections $(ESP_NN_FLAGS) $(EXTRA_FLAGS)

SCHEMA := objects/schema.h
PARSED := $(addprefix $(SCHEMA).gch/,conv other) # by its last word one of HOT, or not
KEPT := include/$(TF)/schema/schema_generated.h
SCHEMA_OF := $(TFLM_DIR)/$(TF)/schema/schema_generated.h

$(OUT): $(OBJ)
	@rm -f $@.part
	@$(AR) rcsD $@.part $^
	@mv $@.part $@
	@mkdir -p $(dir $(KEPT))
	@cp $(SCHEMA) $(KEPT)
	@echo AR $@

# Nine tenths of the time to compile a kernel went to this header, so it is parsed once for each
# kind of optimization, and without what copies tables to objects and back, two fifths of it:
# TFLM reads tables where they lie, but each file would make the templates of the rest anew. Its
# lines are emptied, so that the others keep their numbers. The code is the same; a file that
# used what is left out would not compile or not link. (schema_utils.cc takes one such object.)
# It stays beside the library for the files that are compiled against that. And nobody is told the
# name of an op by TFLM: its list of all that there are takes 4 KB.
$(SCHEMA):
	@mkdir -p $(@D)
	@echo '#line 1 "$(SCHEMA_OF)"' > $@.part
	@sed -E -e '/^struct OperatorCodeT /b' \
		-e '/^inline .*(Pack|T \*_o|[A-Za-z]T::[A-Za-z]*T\(|[A-Za-z]T::operator=|Union::)/,/^\}/s/.*//' \
		-e '/^struct [A-Za-z0-9]*(T : public ::flatbuffers::NativeTable|Union) \{/,/^\};/s/.*//' \
		$(SCHEMA_OF) >> $@.part
	@echo '#define EnumNameBuiltinOperator(op) ""' >> $@.part
	@mv $@.part $@

$(PARSED): $(SCHEMA)
	@mkdir -p $(@D)
	@$(CXX) $(CXXFLAGS) -x c++-header $(SCHEMA) -o objects/$(@F).part
	@mv objects/$(@F).part $@

objects/%.o: $(TFLM_DIR)/%.cc $(PARSED)
	@mkdir -p $(@D)
	@echo CXX $<
	@$(CXX) $(CXXFLAGS) -include $(SCHEMA) -c $< -o $@.part
	@mv $@.part $@

objects/%.o: $(ESP_NN_DIR)/%.c
	@mkdir -p $(@D)
	@echo CC $<
	@$(CC) $(CFLAGS) -c $< -o $@.part
	@mv $@.part $@

.PHONY: count
count:
	@echo $(words $(OBJ))
