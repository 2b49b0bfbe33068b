# The `tflm` module for MicroPython ports that build with cmake.
#
# Here is only what knows MicroPython's objects. The rest belongs into a library of its
# own, compiled with the port's flags, which the port names:
#
#   TFLM_ENGINE_LIBRARY  a target of engine_tflm.cpp, kernels_tflm_*.cpp, model/ and
#                        kernels/, that links TFLM and knows the ops (TFLM_OPS_CNN or others, see ops.def); on
#                        ESP-IDF the component idf::tflm_engine
#   TFLM_DEFINITIONS     of the port: TFLM_ESP_IDF=1 for memory by ESP-IDF,
#                        TFLM_ONE_RUN_AT_A_TIME=1 for kernels with static variables
#   TFLM_COMMIT          what tflm.tflm_commit says
#   TFLM_FROZEN_MODELS   a C file with models, as `tinycnn firmware build` writes it

set(TFLM_MOD_DIR ${CMAKE_CURRENT_LIST_DIR})

set(TFLM_SOURCES
    ${TFLM_MOD_DIR}/modtflm.c
    ${TFLM_MOD_DIR}/tflm_arena.c
    ${TFLM_MOD_DIR}/tflm_fill.c
    ${TFLM_MOD_DIR}/tflm_image.c
    ${TFLM_MOD_DIR}/tflm_interpreter.c
    ${TFLM_MOD_DIR}/tflm_memory.c
    ${TFLM_MOD_DIR}/tflm_port.c
    ${TFLM_MOD_DIR}/tflm_real.c
    ${TFLM_MOD_DIR}/tflm_tensor.c
    ${TFLM_MOD_DIR}/tflm_values.c
    ${TFLM_FROZEN_MODELS}
)

# Of the files, not of the target: MicroPython compiles all of itself with a target's.
# Warnings are errors in our files, and a board's stack has no room for large frames.
set_source_files_properties(${TFLM_SOURCES} PROPERTIES
    COMPILE_OPTIONS "-Wall;-Wextra;-Wno-unused-parameter;-Werror;-Wframe-larger-than=1024"
)

add_library(usermod_tflm INTERFACE)
target_sources(usermod_tflm INTERFACE ${TFLM_SOURCES})
# By path: where MicroPython collects its qstrs, ESP-IDF's components are no targets yet.
target_include_directories(usermod_tflm INTERFACE 
    ${TFLM_MOD_DIR} ${TFLM_MOD_DIR}/../model ${TFLM_MOD_DIR}/../kernels)
target_compile_definitions(usermod_tflm INTERFACE TFLM_ENGINE_NAME="tflm" ${TFLM_DEFINITIONS})
if(TFLM_COMMIT)
    target_compile_definitions(usermod_tflm INTERFACE TFLM_COMMIT="${TFLM_COMMIT}")
endif()
target_link_libraries(usermod_tflm INTERFACE ${TFLM_ENGINE_LIBRARY})
target_link_libraries(usermod INTERFACE usermod_tflm)
