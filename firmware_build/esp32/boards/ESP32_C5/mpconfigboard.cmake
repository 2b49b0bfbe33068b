include(${MICROPY_PORT_DIR}/boards/ESP32_GENERIC_C5/mpconfigboard.cmake)
