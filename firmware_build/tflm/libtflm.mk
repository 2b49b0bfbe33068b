# TFLM's interpreter and reference kernels as libtflm.a, in the current folder.
#
#   make -f libtflm.mk TFLM_DIR=<esp-tflite-micro> [EXTRA_FLAGS=...] [count]
#
# Left out: what only tests and recording use, Espressif's kernels, the audio
# front end, and debug_log.cc, since the engine says where messages go.

TF := tensorflow/lite
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

OBJ := $(SRC:%.cc=objects/%.o)

CXXFLAGS := -std=c++17 -O2 -g0 -w \
	-fno-exceptions -fno-rtti -fno-threadsafe-statics -fno-unwind-tables \
	-ffunction-sections -fdata-sections \
	-DTF_LITE_STATIC_MEMORY -DTF_LITE_DISABLE_X86_NEON -DTF_LITE_USE_CTIME -DNDEBUG \
	-I$(TFLM_DIR) \
	-I$(TFLM_DIR)/third_party/flatbuffers/include \
	-I$(TFLM_DIR)/third_party/gemmlowp \
	-I$(TFLM_DIR)/third_party/ruy \
	$(EXTRA_FLAGS)

$(OUT): $(OBJ)
	@rm -f $@.part
	@$(AR) rcsD $@.part $^
	@mv $@.part $@
	@echo AR $@

objects/%.o: $(TFLM_DIR)/%.cc
	@mkdir -p $(@D)
	@echo CXX $<
	@$(CXX) $(CXXFLAGS) -c $< -o $@.part
	@mv $@.part $@

.PHONY: count
count:
	@echo $(words $(SRC))
