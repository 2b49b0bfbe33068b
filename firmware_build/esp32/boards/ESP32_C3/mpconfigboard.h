#include "boards/ESP32_GENERIC_C3/mpconfigboard.h"

#define MICROPY_VFS_ROM (1)
