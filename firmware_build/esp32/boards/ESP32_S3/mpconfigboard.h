#include "boards/ESP32_GENERIC_S3/mpconfigboard.h"

#define MICROPY_VFS_ROM (1)
