#include "boards/ESP32_GENERIC_P4/mpconfigboard.h"

#define MICROPY_VFS_ROM (1)
