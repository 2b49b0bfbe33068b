include(${MICROPY_PORT_DIR}/boards/ESP32_GENERIC_P4/mpconfigboard.cmake)
list(APPEND SDKCONFIG_DEFAULTS ${CMAKE_CURRENT_LIST_DIR}/sdkconfig.revision)
