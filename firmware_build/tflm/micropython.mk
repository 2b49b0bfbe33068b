# The `tflm` module for MicroPython ports that build with make.
#
#   TFLM_ENGINE   hosted (unix only: the tflite-micro wheel in a child process)
#                 or tflm (TFLM compiled in), which also needs
#   TFLM_DIR      a checkout of esp-tflite-micro
#   TFLM_LIB      the static library built from it, the last one if there are several;
#                 its folder include/ goes before TFLM_DIR. Without it one is built
#                 in $(BUILD)/libtflm, by the port's compilers with
#   TFLM_FLAGS    flags; without it those of the port that say what machine it is for
#   TFLM_COMMIT   what tflm.tflm_commit says
#   TFLM_KERNELS  own (the default), or tflm or esp-nn: those in TFLM_LIB throughout
#   TFLM_OPS      the op profile: digits, cnn or all; or instead
#   TFLM_OPS_FILE a list of such lines as ops.def has
#   TFLM_INT8_ALONE 1: without kernels of float32, as the profile digits is
#   TFLM_INT16    1: with kernels of int16 activations and int8 weights, as the profile all is
#   TFLM_SMALL    what makes code smaller where speed is no matter

TFLM_MOD_DIR := $(USERMOD_DIR)
MODEL_DIR := $(dir $(TFLM_MOD_DIR))model
KERNELS_DIR := $(dir $(TFLM_MOD_DIR))kernels
TFLM_ENGINE ?= tflm
TFLM_OPS ?= cnn
TFLM_KERNELS ?= own

SRC_USERMOD_C += $(addprefix $(TFLM_MOD_DIR)/, modtflm.c tflm_arena.c tflm_fill.c tflm_image.c tflm_interpreter.c tflm_memory.c \
	tflm_port.c tflm_real.c tflm_tensor.c tflm_values.c)
SRC_USERMOD_LIB_C += $(wildcard $(MODEL_DIR)/*.c $(KERNELS_DIR)/*.c) $(TFLM_MOD_DIR)/tflm_ops.c

# Scheduled before registers are given out, the inner loops have too few of those.
$(BUILD)/kernels/%.o: CFLAGS += -O2 -fno-schedule-insns -fno-tree-reassoc

# Warnings are errors in our files, whatever the rest is compiled with.
$(BUILD)/model/%.o $(BUILD)/tflm/%.o $(BUILD)/kernels/%.o: CFLAGS += -Werror
$(BUILD)/tflm/%.o: CXXFLAGS += -Werror
$(BUILD)/model/%.o: CFLAGS += $(TFLM_SMALL)
$(BUILD)/tflm/%.o: CXXFLAGS += $(TFLM_SMALL)
# TFLM's checks, which our kernels share, tell the path of their file: a string of this machine.
$(BUILD)/tflm/%.o: CXXFLAGS += -Wno-builtin-macro-redefined -D__FILE__='""'

TFLM_DEFINES := -DTFLM_ENGINE_NAME='"$(TFLM_ENGINE)"' \
	-DTFLM_OPS_$(shell echo $(TFLM_OPS) | tr a-z A-Z)
ifneq ($(TFLM_OPS_FILE),)
TFLM_DEFINES += -DTFLM_OPS_FILE='"$(TFLM_OPS_FILE)"'
endif
ifneq ($(TFLM_INT8_ALONE),)
TFLM_DEFINES += -DTFLM_INT8_ALONE=$(TFLM_INT8_ALONE)
endif
TFLM_INT16 ?= $(if $(TFLM_OPS_FILE),0,$(if $(filter all,$(TFLM_OPS)),1,0))
TFLM_DEFINES += -DMODEL_INT16=$(TFLM_INT16)
ifneq ($(TFLM_COMMIT),)
TFLM_DEFINES += -DTFLM_COMMIT='"$(TFLM_COMMIT)"'
endif
# The wheel of the hosted engine has TFLM's.
ifneq ($(TFLM_ENGINE)-$(TFLM_KERNELS),tflm-own)
TFLM_DEFINES += -DTFLM_OTHER_KERNELS=1
endif
CFLAGS_USERMOD += -I$(MODEL_DIR) -I$(KERNELS_DIR) -I$(TFLM_MOD_DIR) $(TFLM_DEFINES)

ifeq ($(TFLM_ENGINE),hosted)

SRC_USERMOD_LIB_C += $(TFLM_MOD_DIR)/engine_hosted.c
CFLAGS_USERMOD += -I$(BUILD)/tflm
LDFLAGS_USERMOD += -lpthread

# The child's program as a C string.
$(BUILD)/tflm/engine_hosted.o: $(BUILD)/tflm/engine_hosted_py.h
$(BUILD)/tflm/engine_hosted_py.h: $(TFLM_MOD_DIR)/engine_hosted.py
	$(Q)$(MKDIR) -p $(dir $@)
	$(Q)(echo 'static const char engine_hosted_py[] ='; \
		sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/"/' -e 's/$$/\\n"/' $<; echo ';') > $@

else

# Other goals do without TFLM.
ifneq ($(filter-out clean submodules,$(or $(MAKECMDGOALS),all)),)
ifeq ($(wildcard $(TFLM_DIR)/tensorflow/lite/micro),)
$(error tflm: $(if $(TFLM_DIR),TFLM_DIR=$(TFLM_DIR) is no checkout of esp-tflite-micro,TFLM_DIR is missing: a \
	checkout of esp-tflite-micro, like that which `tinycnn firmware fetch` names); on unix, TFLM_ENGINE=hosted does without)
endif
endif

TFLM_SRC_CXX := $(TFLM_MOD_DIR)/engine_tflm.cpp $(wildcard $(TFLM_MOD_DIR)/kernels_tflm_*.cpp)
SRC_USERMOD_LIB_CXX += $(TFLM_SRC_CXX)

ifeq ($(TFLM_LIB),)

TFLM_LIB := $(BUILD)/libtflm/libtflm.a
TFLM_FLAGS ?= $(filter -m% -fsanitize% -fshort-enums,$(CFLAGS))

$(patsubst %.cpp,$(BUILD)/tflm/%.o,$(notdir $(TFLM_SRC_CXX))): $(TFLM_LIB)
$(TFLM_LIB):
	$(ECHO) "Compiling TFLM, once for each build: some minutes"
	$(Q)$(MKDIR) -p $(dir $@)
	$(Q)$(MAKE) -C $(dir $@) -f $(abspath $(TFLM_MOD_DIR)/libtflm.mk) TFLM_DIR=$(abspath $(TFLM_DIR)) \
		CXX="$(CXX)" CC="$(CC)" AR="$(AR)" EXTRA_FLAGS="$(TFLM_FLAGS)"

endif

CXXFLAGS_USERMOD += -I$(MODEL_DIR) -I$(KERNELS_DIR) -I$(TFLM_MOD_DIR) $(TFLM_DEFINES) -std=c++17 \
	-isystem $(dir $(lastword $(TFLM_LIB)))include \
	-isystem $(TFLM_DIR) \
	-isystem $(TFLM_DIR)/third_party/flatbuffers/include \
	-isystem $(TFLM_DIR)/third_party/gemmlowp \
	-isystem $(TFLM_DIR)/third_party/ruy \
	-DTF_LITE_STATIC_MEMORY -DTF_LITE_DISABLE_X86_NEON \
	-fno-exceptions -fno-rtti -fno-threadsafe-statics
LDFLAGS_USERMOD += $(TFLM_LIB) -lstdc++

endif
