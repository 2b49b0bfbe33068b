include(${MICROPY_PORT_DIR}/boards/ESP32_GENERIC_S3/mpconfigboard.cmake)
