# The simulator: upstream's standard unix variant, less what needs a submodule,
# a library of the system, or a frozen manifest. Given to upstream's makefile as
# VARIANT_DIR. `override` is not needed: this is read after mpconfigport.mk.

MICROPY_PY_BLUETOOTH = 0
MICROPY_PY_BTREE = 0
MICROPY_PY_FFI = 0
MICROPY_PY_SSL = 0
MICROPY_SSL_MBEDTLS = 0
FROZEN_MANIFEST =
# Threads as on a board, one of which runs Python at a time. Without that lock the collector of this
# port may take what another thread is about to use.
MICROPY_PY_THREAD_GIL = 1
