include(${MICROPY_PORT_DIR}/boards/ESP32_GENERIC_C6/mpconfigboard.cmake)
