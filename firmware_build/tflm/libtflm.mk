# TFLM's interpreter and reference kernels as libtflm.a, in the current folder.
#
#   make -f libtflm.mk TFLM_DIR=<esp-tflite-micro> [EXTRA_FLAGS=...] [count]
#
# Left out: what only tests and recording use, Espressif's kernels, the audio
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
SRC := $(sort $(shell sed -n 's|^TFLM_OP(.*, \(esp_nn/.*\))$$|$(TF)/micro/kernels/\1.cc|p' $(OPS_DEF)))
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

# Kernels of ops that ops.def has not, half of all: who adds one there takes it out here,
# or the linker says that it is missing.
NOT_OFFERED := \
	add_n arg_min_max assign_variable batch_matmul batch_matmul_common batch_to_space_nd \
	broadcast_args broadcast_to call_once cast ceil circular_buffer circular_buffer_common \
	comparisons cumsum decode decode_state decode_state_huffman decode_state_lut \
	decode_state_prune depth_to_space detection_postprocess div dynamic_update_slice \
	elementwise elu embedding_lookup ethosu exp fill floor floor_div floor_mod gather \
	gather_nd if kernel_runner l2_pool_2d l2norm log_softmax logical logical_common \
	lstm_eval lstm_eval_common micro_tensor_utils mirror_pad neg pack read_variable reverse \
	round select shape slice space_to_batch_nd space_to_depth split split_v \
	squared_difference svdf svdf_common unidirectional_sequence_lstm unpack var_handle while \
	zeros_like
SRC := $(filter-out $(NOT_OFFERED:%=$(TF)/micro/kernels/%.cc), $(SRC))

endif

OBJ := $(SRC:%.cc=objects/%.o) $(C_SRC:%.c=objects/%.o)

CXXFLAGS := -std=c++17 -O2 -g0 -w \
	-fno-exceptions -fno-rtti -fno-threadsafe-statics -fno-unwind-tables \
	-ffunction-sections -fdata-sections \
	-DTF_LITE_STATIC_MEMORY -DTF_LITE_DISABLE_X86_NEON -DTF_LITE_USE_CTIME -DNDEBUG \
	-D__FILE__='""' \
	-I$(TFLM_DIR) \
	-I$(TFLM_DIR)/third_party/flatbuffers/include \
	-I$(TFLM_DIR)/third_party/gemmlowp \
	-I$(TFLM_DIR)/third_party/ruy \
	$(ESP_NN_FLAGS) $(EXTRA_FLAGS)

CFLAGS := -O2 -g0 -w -ffunction-sections -fdata-sections $(ESP_NN_FLAGS) $(EXTRA_FLAGS)

SCHEMA := objects/schema.h
KEPT := include/$(TF)/schema/schema_generated.h
SCHEMA_OF := $(TFLM_DIR)/$(TF)/schema/schema_generated.h

$(OUT): $(OBJ)
	@rm -f $@.part
	@$(AR) rcsD $@.part $^
	@mv $@.part $@
	@mkdir -p $(dir $(KEPT))
	@cp $(SCHEMA) $(KEPT)
	@echo AR $@

# Nine tenths of the time to compile a kernel went to this header, so it is parsed once, and
# without what copies tables to objects and back, two fifths of it: TFLM reads tables where
# they lie, but each file would make the templates of the rest anew. Its lines are emptied, so
# that the others keep their numbers. The code is the same; a file that used what is left out
# would not compile or not link. (schema_utils.cc takes one such object.) It stays beside the
# library for the files that are compiled against that.
$(SCHEMA).gch:
	@mkdir -p $(@D)
	@echo '#line 1 "$(SCHEMA_OF)"' > $(SCHEMA)
	@sed -E -e '/^struct OperatorCodeT /b' \
		-e '/^inline .*(Pack|T \*_o|[A-Za-z]T::[A-Za-z]*T\(|[A-Za-z]T::operator=|Union::)/,/^\}/s/.*//' \
		-e '/^struct [A-Za-z0-9]*(T : public ::flatbuffers::NativeTable|Union) \{/,/^\};/s/.*//' \
		$(SCHEMA_OF) >> $(SCHEMA)
	@$(CXX) $(CXXFLAGS) -x c++-header $(SCHEMA) -o $@.part
	@mv $@.part $@

objects/%.o: $(TFLM_DIR)/%.cc $(SCHEMA).gch
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
