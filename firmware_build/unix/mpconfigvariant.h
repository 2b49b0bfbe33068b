// The simulator is upstream's standard unix variant (see mpconfigvariant.mk for
// what is left out). The path is relative to ports/unix.

#include "variants/standard/mpconfigvariant.h"

// Ctrl-C waits for the end of the C function that runs. Upstream raises it out of the
// signal handler, which would leave an interpreter, or a pipe, in the middle of its work.
#undef MICROPY_ASYNC_KBD_INTR
#define MICROPY_ASYNC_KBD_INTR (0)
