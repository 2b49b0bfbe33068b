set(IDF_TARGET esp32)
include(${MICROPY_PORT_DIR}/boards/ESP32_GENERIC/mpconfigboard.cmake)
include(${MICROPY_PORT_DIR}/boards/ESP32_GENERIC/mpconfigvariant_SPIRAM.cmake)
