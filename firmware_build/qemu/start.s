# QEMU begins at the first byte of ROM, which virt.ld gives to this.
#
# picolibc keeps errno in thread-local storage, which upstream's startup code knows
# nothing of: tp would be 0, and a math function that overflows would write there.

        .section .start.tp, "ax"
        .global tflm_start
tflm_start:
        la   tp, _tls
        j    start
