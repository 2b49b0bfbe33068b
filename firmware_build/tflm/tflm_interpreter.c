// tflm.Interpreter: a model, its arena, and the tensors to feed and read.

#include <string.h>

#include "py/mphal.h"
#include "py/mpthread.h"
#include "py/runtime.h"

#include "modtflm.h"

// Construction --------------------------------------------------------------

static tflm_interpreter_obj_t *new_interpreter(const mp_obj_type_t *type,
    const tflm_buffer_t *model) {
    const size_t align = 2 * sizeof(void *);
    size_t offset = (sizeof(tflm_interpreter_obj_t) + align - 1) / align * align;
    size_t size = offset + tflm_engine_state_size(model->data, model->size);
    tflm_interpreter_obj_t *self = m_malloc_with_finaliser(size);
    memset(self, 0, size); // the finaliser may find it half made
    self->base.type = type;
    self->model = *model;
    self->engine = (tflm_engine_t *)((uint8_t *)self + offset);
    return self;
}

static mp_obj_t tensors(tflm_interpreter_obj_t *self, bool output) {
    size_t count = model_io_count(self->model.data, self->model.size, output);
    mp_obj_tuple_t *all = MP_OBJ_TO_PTR(mp_obj_new_tuple(count, NULL));
    for (size_t i = 0; i < count; i++) {
        all->items[i] = tflm_tensor_new(self, output, i);
    }
    return MP_OBJ_FROM_PTR(all);
}

static mp_obj_t tflm_interpreter_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw,
    const mp_obj_t *all_args) {
    enum { ARG_model, ARG_arena };
    static const mp_arg_t allowed[] = {
        { MP_QSTR_model, MP_ARG_REQUIRED | MP_ARG_OBJ, { .u_obj = MP_OBJ_NULL } },
        { MP_QSTR_arena, MP_ARG_KW_ONLY | MP_ARG_OBJ, { .u_rom_obj = MP_ROM_NONE } },
    };
    mp_arg_val_t args[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all_kw_array(n_args, n_kw, all_args, MP_ARRAY_SIZE(allowed), allowed, args);

    tflm_buffer_t model = tflm_load_model(args[ARG_model].u_obj);
    tflm_interpreter_obj_t *self = new_interpreter(type, &model);
    self->arena = tflm_new_arena(self, args[ARG_arena].u_obj);

    tflm_message_t message;
    tflm_status_t status = tflm_engine_create(self->engine, self->model.data, self->model.size,
        self->arena.data, self->arena.size, &message);
    if (status == TFLM_ERROR_ARENA) {
        size_t size = self->arena.size;
        if (self->arena.obj == MP_OBJ_NULL) {
            m_del(uint8_t, self->arena.data, size); // room to find out what would do
        }
        tflm_buffer_t enough = tflm_planned_arena(self);
        mp_raise_msg_varg(&mp_type_ArenaError, MP_ERROR_TEXT("arena of %u bytes, model needs %u"),
            (unsigned)size, (unsigned)enough.size);
    } else if (status != TFLM_OK) {
        tflm_raise(status, &message);
    }
    self->inputs = tensors(self, false);
    self->outputs = tensors(self, true);
    return MP_OBJ_FROM_PTR(self);
}

static mp_obj_t tflm_interpreter_del(mp_obj_t self_in) {
    tflm_interpreter_obj_t *self = MP_OBJ_TO_PTR(self_in);
    tflm_engine_destroy(self->engine);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(tflm_interpreter_del_obj, tflm_interpreter_del);

// Running -------------------------------------------------------------------

// Take the interpreter for one run. The GIL makes test-and-set one step; where
// threads run without one, the compiler must.
static bool take(tflm_interpreter_obj_t *self) {
    #if MICROPY_PY_THREAD && !MICROPY_PY_THREAD_GIL
    return !__atomic_exchange_n(&self->busy, true, __ATOMIC_ACQUIRE);
    #else
    bool was_busy = self->busy;
    self->busy = true;
    return !was_busy;
    #endif
}

static void give_back(tflm_interpreter_obj_t *self) {
    #if MICROPY_PY_THREAD && !MICROPY_PY_THREAD_GIL
    __atomic_store_n(&self->busy, false, __ATOMIC_RELEASE);
    #else
    self->busy = false;
    #endif
}

// Take the interpreter for one run, or raise.
static void begin(tflm_interpreter_obj_t *self) {
    tflm_check_buffers(self);
    if (!take(self)) {
        mp_raise_msg(&mp_type_RuntimeError, MP_ERROR_TEXT("interpreter is busy"));
    }
}

static void end(tflm_interpreter_obj_t *self, tflm_status_t status, const tflm_message_t *message) {
    give_back(self);
    if (status != TFLM_OK) {
        tflm_raise(status, message);
    }
}

static void invoke(tflm_interpreter_obj_t *self) {
    begin(self);
    tflm_message_t message;
    MP_THREAD_GIL_EXIT();
    tflm_status_t status = tflm_engine_invoke(self->engine, &message);
    MP_THREAD_GIL_ENTER();
    end(self, status, &message);
}

static mp_obj_t tflm_interpreter_invoke(mp_obj_t self_in) {
    invoke(MP_OBJ_TO_PTR(self_in));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(tflm_interpreter_invoke_obj, tflm_interpreter_invoke);

// Run on one input and return the one output's tensor.
static mp_obj_t run(tflm_interpreter_obj_t *self, mp_obj_t values) {
    size_t inputs, outputs;
    mp_obj_t *input, *output;
    mp_obj_tuple_get(self->inputs, &inputs, &input);
    mp_obj_tuple_get(self->outputs, &outputs, &output);
    if (inputs != 1 || outputs != 1) {
        mp_raise_ValueError(MP_ERROR_TEXT("model must have one input and one output"));
    }
    tflm_check_buffers(self);
    tflm_tensor_fill(MP_OBJ_TO_PTR(input[0]), values);
    invoke(self);
    return output[0];
}

static mp_obj_t tflm_interpreter_predict(mp_obj_t self_in, mp_obj_t values) {
    return tflm_tensor_dequantize(run(MP_OBJ_TO_PTR(self_in), values));
}
static MP_DEFINE_CONST_FUN_OBJ_2(tflm_interpreter_predict_obj, tflm_interpreter_predict);

static mp_obj_t tflm_interpreter_classify(mp_obj_t self_in, mp_obj_t values) {
    const tflm_tensor_obj_t *output = MP_OBJ_TO_PTR(run(MP_OBJ_TO_PTR(self_in), values));
    size_t index = tflm_tensor_largest(output);
    mp_obj_t pair[2] = {
        mp_obj_new_int_from_uint(index),
        mp_obj_new_float((mp_float_t)tflm_tensor_real(output, index)),
    };
    return mp_obj_new_tuple(2, pair);
}
static MP_DEFINE_CONST_FUN_OBJ_2(tflm_interpreter_classify_obj, tflm_interpreter_classify);

// Looking -------------------------------------------------------------------

static mp_obj_t tflm_interpreter_ops(mp_obj_t self_in) {
    const tflm_interpreter_obj_t *self = MP_OBJ_TO_PTR(self_in);
    tflm_check_buffers(self);
    size_t count = model_op_count(self->model.data, self->model.size);
    mp_obj_list_t *list = MP_OBJ_TO_PTR(mp_obj_new_list(count, NULL));
    for (size_t i = 0; i < count; i++) {
        model_op_t op = { .name = "", .name_len = 0 };
        model_op(self->model.data, self->model.size, i, &op);
        mp_obj_t pair[2] = {
            mp_obj_new_str(op.name, op.name_len),
            mp_obj_new_int(op.version),
        };
        list->items[i] = mp_obj_new_tuple(2, pair);
    }
    return MP_OBJ_FROM_PTR(list);
}
static MP_DEFINE_CONST_FUN_OBJ_1(tflm_interpreter_ops_obj, tflm_interpreter_ops);

static uint32_t now_us(void) {
    return (uint32_t)mp_hal_ticks_us();
}

// Run once: a list of (name, microseconds), one for each op.
static mp_obj_t tflm_interpreter_profile(mp_obj_t self_in) {
    tflm_interpreter_obj_t *self = MP_OBJ_TO_PTR(self_in);
    tflm_check_buffers(self);
    size_t count = model_op_count(self->model.data, self->model.size);
    uint32_t *ticks = m_new0(uint32_t, count);
    begin(self);
    tflm_message_t message;
    tflm_status_t status = tflm_engine_profile(self->engine, now_us, ticks, count, &message);
    end(self, status, &message);
    mp_obj_list_t *list = MP_OBJ_TO_PTR(tflm_interpreter_ops(self_in));
    for (size_t i = 0; i < list->len; i++) {
        // These tuples were made just now, and nobody else has seen them.
        mp_obj_tuple_t *pair = MP_OBJ_TO_PTR(list->items[i]);
        pair->items[1] = mp_obj_new_int_from_uint(ticks[i]);
    }
    m_del(uint32_t, ticks, count);
    return MP_OBJ_FROM_PTR(list);
}
static MP_DEFINE_CONST_FUN_OBJ_1(tflm_interpreter_profile_obj, tflm_interpreter_profile);

// A list of (name, offset, bytes), one for each tensor that lies in the arena.
static mp_obj_t tflm_interpreter_memory_map(mp_obj_t self_in) {
    const tflm_interpreter_obj_t *self = MP_OBJ_TO_PTR(self_in);
    tflm_check_buffers(self);
    mp_obj_t list = mp_obj_new_list(0, NULL);
    size_t count = model_tensor_count(self->model.data, self->model.size);
    for (size_t i = 0; i < count; i++) {
        model_tensor_t tensor;
        size_t offset;
        if (tflm_engine_tensor_offset(self->engine, i, &offset)
            && model_tensor(self->model.data, self->model.size, i, &tensor)) {
            mp_obj_t row[3] = {
                mp_obj_new_str(tensor.name, tensor.name_len),
                mp_obj_new_int_from_uint(offset),
                mp_obj_new_int_from_uint(tensor.bytes),
            };
            mp_obj_list_append(list, mp_obj_new_tuple(3, row));
        }
    }
    return list;
}
static MP_DEFINE_CONST_FUN_OBJ_1(tflm_interpreter_memory_map_obj, tflm_interpreter_memory_map);

static void tflm_interpreter_attr(mp_obj_t self_in, qstr attr, mp_obj_t *dest) {
    const tflm_interpreter_obj_t *self = MP_OBJ_TO_PTR(self_in);
    if (dest[0] != MP_OBJ_NULL) {
        return; // nothing can be stored
    }
    if (attr == MP_QSTR_inputs) {
        dest[0] = self->inputs;
    } else if (attr == MP_QSTR_outputs) {
        dest[0] = self->outputs;
    } else if (attr == MP_QSTR_arena_size) {
        dest[0] = mp_obj_new_int_from_uint(self->arena.size);
    } else if (attr == MP_QSTR_arena_used) {
        dest[0] = mp_obj_new_int_from_uint(tflm_engine_arena_used(self->engine));
    } else {
        dest[1] = MP_OBJ_SENTINEL; // look among the methods
    }
}

static void tflm_interpreter_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    const tflm_interpreter_obj_t *self = MP_OBJ_TO_PTR(self_in);
    (void)kind;
    tflm_check_buffers(self);
    mp_printf(print, "<Interpreter of %u model bytes, %u ops, arena %u bytes>",
        (unsigned)self->model.size, (unsigned)model_op_count(self->model.data, self->model.size),
        (unsigned)self->arena.size);
}

static const mp_rom_map_elem_t tflm_interpreter_locals_table[] = {
    { MP_ROM_QSTR(MP_QSTR_invoke), MP_ROM_PTR(&tflm_interpreter_invoke_obj) },
    { MP_ROM_QSTR(MP_QSTR_predict), MP_ROM_PTR(&tflm_interpreter_predict_obj) },
    { MP_ROM_QSTR(MP_QSTR_classify), MP_ROM_PTR(&tflm_interpreter_classify_obj) },
    { MP_ROM_QSTR(MP_QSTR_ops), MP_ROM_PTR(&tflm_interpreter_ops_obj) },
    { MP_ROM_QSTR(MP_QSTR_profile), MP_ROM_PTR(&tflm_interpreter_profile_obj) },
    { MP_ROM_QSTR(MP_QSTR_memory_map), MP_ROM_PTR(&tflm_interpreter_memory_map_obj) },
    { MP_ROM_QSTR(MP_QSTR___del__), MP_ROM_PTR(&tflm_interpreter_del_obj) },
};
static MP_DEFINE_CONST_DICT(tflm_interpreter_locals, tflm_interpreter_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(
    tflm_interpreter_type,
    MP_QSTR_Interpreter,
    MP_TYPE_FLAG_NONE,
    make_new, tflm_interpreter_make_new,
    print, tflm_interpreter_print,
    attr, tflm_interpreter_attr,
    locals_dict, &tflm_interpreter_locals
    );
