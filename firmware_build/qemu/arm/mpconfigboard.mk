# A bare Cortex-M machine in QEMU (Arm's MPS2) for MicroPython's ports/qemu, which has no other
# machine of Cortex-M with memory for more than its own tests. Given to upstream's makefile as
# BOARD_DIR, with TFLM_CPU.

QEMU_ARCH = arm
QEMU_MACHINE = mps2

CFLAGS += -mthumb $(TFLM_CPU) -DQEMU_SOC_MPS2 -DMICROPY_HW_MCU_NAME='"Cortex-M"'
LDSCRIPT = mcu/arm/mps2.ld
FROZEN_MANIFEST =

# See ../mpconfigboard.mk.
VPATH += $(BOARD_DIR)/../..
SRC_BOARD_O += shared/runtime/gchelper_native.o shared/runtime/gchelper_thumb2.o
SRC_C += qemu/ctrl_c.c
CFLAGS += -DMICROPY_VM_HOOK_LOOP='extern void ctrl_c_poll(void); ctrl_c_poll();'
LDFLAGS += -Wl,--wrap=uart_rx_chr,--wrap=uart_rx_any
