# The `tflm` module for MicroPython ports that build with cmake.
#
# Here is only C. TFLM and engine_tflm.cpp belong into a library of their own, which
# the port names:
#
#   TFLM_ENGINE_LIBRARY  a target that implements tflm_engine.h; on ESP-IDF the
#                        component idf::tflm_engine, in other ports any library
#   TFLM_COMMIT          what tflm.tflm_commit says
#   TFLM_OPS             the op profile: digits, cnn (the default) or all; or instead
#   TFLM_OPS_FILE        a list of such lines as ops.def has
#
# That library must be compiled with the same TFLM_OPS or TFLM_OPS_FILE.

set(TFLM_MOD_DIR ${CMAKE_CURRENT_LIST_DIR})

if(NOT DEFINED TFLM_OPS)
    set(TFLM_OPS cnn)
endif()
string(TOUPPER ${TFLM_OPS} TFLM_OPS_UPPER)

add_library(usermod_tflm INTERFACE)

target_sources(usermod_tflm INTERFACE
    ${TFLM_MOD_DIR}/modtflm.c
    ${TFLM_MOD_DIR}/tflm_interpreter.c
    ${TFLM_MOD_DIR}/tflm_tensor.c
)

# model_check and the readers know no MicroPython: they need no qstr pass.
file(GLOB TFLM_MODEL_SOURCES ${TFLM_MOD_DIR}/model_*.c)
add_library(tflm_model STATIC ${TFLM_MODEL_SOURCES} ${TFLM_MOD_DIR}/flatbuf.c)
target_include_directories(tflm_model PUBLIC ${TFLM_MOD_DIR})
target_compile_options(tflm_model PRIVATE -Wall -Wextra -Werror)

target_include_directories(usermod_tflm INTERFACE ${TFLM_MOD_DIR})
target_compile_definitions(usermod_tflm INTERFACE TFLM_ENGINE_NAME="tflm")
if(DEFINED TFLM_COMMIT)
    target_compile_definitions(usermod_tflm INTERFACE TFLM_COMMIT="${TFLM_COMMIT}")
endif()

if(DEFINED TFLM_OPS_FILE)
    target_compile_definitions(tflm_model PRIVATE TFLM_OPS_FILE="${TFLM_OPS_FILE}")
else()
    target_compile_definitions(tflm_model PRIVATE TFLM_OPS_${TFLM_OPS_UPPER})
endif()

target_link_libraries(usermod_tflm INTERFACE tflm_model ${TFLM_ENGINE_LIBRARY})
target_link_libraries(usermod INTERFACE usermod_tflm)
