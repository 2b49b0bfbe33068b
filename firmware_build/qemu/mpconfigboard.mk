# A bare RV32IMC machine in QEMU with an ESP32's heap and stack, for MicroPython's
# ports/qemu. Given to upstream's makefile as BOARD_DIR.

QEMU_ARCH = riscv32
QEMU_MACHINE = virt

# The ESP32-C3's instruction set: no atomics, no FPU.
RV32_ARCH = rv32imc_zicsr

# What a plain ESP32 has left for MicroPython's heap, about.
MICROPY_HEAP_SIZE = 112640
LDSCRIPT = $(BOARD_DIR)/virt.ld

# Nothing frozen: what upstream freezes here are its own tests.
FROZEN_MANIFEST =

CFLAGS += -DQEMU_SOC_VIRT -DMICROPY_HW_MCU_NAME='"$(RV32_ARCH)"'
MPY_CROSS_FLAGS += -march=rv32imc

# Where make finds these, with our module (USER_C_MODULES) and without.
VPATH += $(dir $(BOARD_DIR))
SRC_BOARD_O += qemu/start.o shared/runtime/gchelper_native.o shared/runtime/gchelper_rv32i.o

# Upstream's qemu port looks at its UART only when it waits for input, so that nothing
# could interrupt a script: see ctrl_c.c.
SRC_C += qemu/ctrl_c.c
CFLAGS += -DMICROPY_VM_HOOK_LOOP='extern void ctrl_c_poll(void); ctrl_c_poll();'
LDFLAGS += -Wl,--wrap=uart_rx_chr,--wrap=uart_rx_any

# Upstream's makefile knows no C++, and puts what user modules link before their objects.
CXXFLAGS += $(filter-out -std=gnu99 -Wmissing-prototypes,$(CFLAGS))
LIBS += $(TFLM_LIB)

# No threads, and no memory of a thread's own. Where the ROMFS image lies, in the place of
# flash: see host/tinycnn/targets/qemu.py.
CFLAGS += -DTFLM_THREAD_LOCAL= -DTFLM_FLASH_START=0x81000000 -DTFLM_FLASH_SIZE=0x1000000

# abort() ends QEMU as upstream's exit() does.
LDFLAGS += -Wl,--defsym=_exit=exit

# Upstream makes float of every floating constant here. What a model may be must not
# depend on the port, so our files keep C's meaning.
$(BUILD)/model/%.o $(BUILD)/tflm/%.o: CFLAGS += -fno-single-precision-constant

# No large frame of ours on a stack of 16 KB.
$(BUILD)/model/%.o $(BUILD)/tflm/%.o $(BUILD)/kernels/%.o: CFLAGS += -Wframe-larger-than=1024
$(BUILD)/tflm/%.o: CXXFLAGS += -Wframe-larger-than=1024
