#include "boards/ESP32_GENERIC_C6/mpconfigboard.h"

#define MICROPY_VFS_ROM (1)
