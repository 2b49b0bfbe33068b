include(${MICROPY_PORT_DIR}/boards/ESP32_GENERIC_S3/mpconfigboard.cmake)
include(${MICROPY_PORT_DIR}/boards/ESP32_GENERIC_S3/mpconfigvariant_SPIRAM_OCT.cmake)
