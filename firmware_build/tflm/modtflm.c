// The `tflm` module: TensorFlow Lite Micro for MicroPython.
//
// See docs/tflm.md for what it offers. The types are in tflm_interpreter.c,
// tflm_tensor.c and tflm_arena.c; TFLM itself is behind tflm_engine.h.

#include <string.h>

#include "model_check.h"
#include "modtflm.h"
#include "tflm_ops.h"

// The upstream commit that the engine runs; the build says.
#ifndef TFLM_COMMIT
#define TFLM_COMMIT "unknown"
#endif

#define TFLM_MODULE_VERSION "0.1.0"

TFLM_DEFINE_EXCEPTION(ModelError, ValueError)
TFLM_DEFINE_EXCEPTION(UnsupportedOpError, ModelError)
TFLM_DEFINE_EXCEPTION(ArenaError, MemoryError)

MP_NORETURN void tflm_raise(tflm_status_t status, const tflm_message_t *message) {
    const mp_obj_type_t *type = &mp_type_RuntimeError;
    if (status == TFLM_ERROR_MODEL) {
        type = &mp_type_ModelError;
    } else if (status == TFLM_ERROR_MEMORY) {
        type = &mp_type_ArenaError;
    } else if (status == TFLM_ERROR_UNSUPPORTED) {
        type = &mp_type_NotImplementedError;
    }
    mp_raise_msg_varg(type, MP_ERROR_TEXT("%s"), message->text);
}

// The ops this firmware can run: a tuple of (name, newest version).
static mp_obj_t tflm_supported_ops(void) {
    mp_obj_tuple_t *ops = MP_OBJ_TO_PTR(mp_obj_new_tuple(tflm_op_count, NULL));
    for (size_t i = 0; i < tflm_op_count; i++) {
        const char *name = model_check_op_name(&tflm_ops[i]);
        mp_obj_t pair[2] = {
            mp_obj_new_str(name, strlen(name)),
            MP_OBJ_NEW_SMALL_INT(tflm_ops[i].version),
        };
        ops->items[i] = mp_obj_new_tuple(2, pair);
    }
    return MP_OBJ_FROM_PTR(ops);
}
static MP_DEFINE_CONST_FUN_OBJ_0(tflm_supported_ops_obj, tflm_supported_ops);

#if !TFLM_NATIVE
// MicroPython calls it when the module is first imported after a reset.
static mp_obj_t tflm_init(void) {
    tflm_arena_init();
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(tflm_init_obj, tflm_init);
#endif

static const MP_DEFINE_STR_OBJ(commit_obj, TFLM_COMMIT);
static const MP_DEFINE_STR_OBJ(version_obj, TFLM_MODULE_VERSION);
static const MP_DEFINE_STR_OBJ(engine_obj, TFLM_ENGINE_NAME);

static const mp_rom_map_elem_t tflm_globals_table[] = {
    #if !TFLM_NATIVE
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_tflm) },
    { MP_ROM_QSTR(MP_QSTR___init__), MP_ROM_PTR(&tflm_init_obj) },
    #endif
    { MP_ROM_QSTR(MP_QSTR___version__), MP_ROM_PTR(&version_obj) },
    { MP_ROM_QSTR(MP_QSTR_tflm_commit), MP_ROM_PTR(&commit_obj) },
    { MP_ROM_QSTR(MP_QSTR_engine), MP_ROM_PTR(&engine_obj) },
    { MP_ROM_QSTR(MP_QSTR_supported_ops), MP_ROM_PTR(&tflm_supported_ops_obj) },
    { MP_ROM_QSTR(MP_QSTR_Arena), TFLM_ROM_TYPE(tflm_arena_type) },
    { MP_ROM_QSTR(MP_QSTR_Interpreter), TFLM_ROM_TYPE(tflm_interpreter_type) },
    { MP_ROM_QSTR(MP_QSTR_Tensor), TFLM_ROM_TYPE(tflm_tensor_type) },
    { MP_ROM_QSTR(MP_QSTR_ModelError), TFLM_ROM_TYPE(mp_type_ModelError) },
    { MP_ROM_QSTR(MP_QSTR_UnsupportedOpError), TFLM_ROM_TYPE(mp_type_UnsupportedOpError) },
    { MP_ROM_QSTR(MP_QSTR_ArenaError), TFLM_ROM_TYPE(mp_type_ArenaError) },
};
MP_DEFINE_CONST_DICT(tflm_globals, tflm_globals_table);

#if !TFLM_NATIVE

const mp_obj_module_t tflm_user_cmodule = {
    .base = { &mp_type_module },
    .globals = (mp_obj_dict_t *)&tflm_globals,
};

MP_REGISTER_MODULE(MP_QSTR_tflm, tflm_user_cmodule);

#endif
