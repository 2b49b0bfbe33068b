#include "boards/ESP32_GENERIC_C5/mpconfigboard.h"

#define MICROPY_VFS_ROM (1)
