// The simulator is upstream's standard unix variant (see mpconfigvariant.mk for
// what is left out). The path is relative to ports/unix.

#include "variants/standard/mpconfigvariant.h"
