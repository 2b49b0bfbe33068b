// tflm.Interpreter: a model, its arena, and the tensors to feed and read.

#include <string.h>

#include "modtflm.h"

// Construction --------------------------------------------------------------

static tflm_interpreter_obj_t *new_interpreter(const mp_obj_type_t *type,
    const tflm_model_t *model) {
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

static mp_obj_t tflm_interpreter_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw,
    const mp_obj_t *all_args) {
    enum { ARG_model, ARG_arena };
    TFLM_ARGS allowed[] = {
        { MP_QSTR_model, MP_ARG_REQUIRED | MP_ARG_OBJ, { .u_obj = MP_OBJ_NULL } },
        { MP_QSTR_arena, MP_ARG_KW_ONLY | MP_ARG_OBJ, { .u_rom_obj = MP_ROM_NONE } },
    };
    mp_arg_val_t args[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all_kw_array(n_args, n_kw, all_args, MP_ARRAY_SIZE(allowed), allowed, args);

    tflm_model_t model = tflm_load_model(args[ARG_model].u_obj);
    tflm_interpreter_obj_t *self = new_interpreter(type, &model);
    tflm_make_engine(self, args[ARG_arena].u_obj);
    tflm_tensors_make(self, false, &self->inputs);
    tflm_tensors_make(self, true, &self->outputs);
    return MP_OBJ_FROM_PTR(self);
}

static mp_obj_t tflm_interpreter_del(mp_obj_t self_in) {
    tflm_interpreter_obj_t *self = MP_OBJ_TO_PTR(self_in);
    tflm_engine_destroy(self->engine);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(tflm_interpreter_del_obj, tflm_interpreter_del);

// Running -------------------------------------------------------------------

bool tflm_take(bool *busy) {
    #if MICROPY_PY_THREAD && !MICROPY_PY_THREAD_GIL
    return !__atomic_exchange_n(busy, true, __ATOMIC_ACQUIRE);
    #else
    bool was_busy = *busy;
    *busy = true;
    return !was_busy;
    #endif
}

void tflm_give_back(bool *busy) {
    #if MICROPY_PY_THREAD && !MICROPY_PY_THREAD_GIL
    __atomic_store_n(busy, false, __ATOMIC_RELEASE);
    #else
    *busy = false;
    #endif
}

mp_obj_t tflm_finally(tflm_call_t call, mp_obj_t self, void *argument, void (*end)(void *), void *ended) {
    mp_obj_t error;
    mp_obj_t result = tflm_try(call, self, argument, &error);
    end(ended);
    if (result == MP_OBJ_NULL) {
        nlr_raise(error);
    }
    return result;
}

static void unlock(void *interpreter) {
    tflm_give_back(&((tflm_interpreter_obj_t *)interpreter)->busy);
}

mp_obj_t tflm_locked(tflm_interpreter_obj_t *interpreter, tflm_call_t call, mp_obj_t self, void *argument) {
    tflm_need_stack(TFLM_STACK_RUN);
    if (!tflm_take(&interpreter->busy)) {
        mp_raise_msg(&mp_type_RuntimeError, MP_ERROR_TEXT("interpreter is busy"));
    }
    return tflm_finally(call, self, argument, unlock, interpreter);
}

static void count(size_t *number, size_t more) {
    #if MICROPY_PY_THREAD && !MICROPY_PY_THREAD_GIL
    __atomic_fetch_add(number, more, __ATOMIC_RELAXED);
    #else
    *number += more;
    #endif
}

static void wait_no_more(void *arena) {
    count(&((tflm_arena_obj_t *)arena)->waiting, (size_t)-1);
}

// Of interpreters in one Arena, one runs after the other; what they keep between two runs
// is not in it. A run never waits for another one, so this ends.
//
// Who ran last lets the others go first: where one core runs all threads, another one gets
// the GIL only while a run goes on without it, and would find the Arena busy each time. Not
// for ever: this may be a callback that interrupts another one's waiting.
static mp_obj_t wait_for_arena(mp_obj_t self_in, void *arena_in) {
    tflm_arena_obj_t *arena = arena_in;
    uintptr_t me = ~(uintptr_t)MP_OBJ_TO_PTR(self_in);
    for (size_t ms = 0; (arena->last == me && arena->waiting > 1 && ms < 50) || !tflm_take(&arena->busy); ms++) {
        mp_hal_delay_ms(1);
    }
    arena->last = me;
    return mp_const_none;
}

static void take_arena(tflm_interpreter_obj_t *self) {
    tflm_arena_obj_t *arena = self->given;
    if (arena == NULL) {
        return;
    }
    count(&arena->waiting, 1);
    tflm_finally(wait_for_arena, MP_OBJ_FROM_PTR(self), arena, wait_no_more, arena);
}

static void give_back_arena(tflm_interpreter_obj_t *self) {
    if (self->given != NULL) {
        tflm_give_back(&self->given->busy);
    }
}

// Let go of the GIL for a run, unless the kernels keep something that is not the run's own.
#if defined(TFLM_ONE_RUN_AT_A_TIME)
#define RUN_BEGIN()
#define RUN_END()
#else
#define RUN_BEGIN() MP_THREAD_GIL_EXIT()
#define RUN_END() MP_THREAD_GIL_ENTER()
#endif

// Within tflm_locked(). False if the run ended early, without outputs.
static bool invoke(tflm_interpreter_obj_t *self) {
    tflm_message_t message;
    take_arena(self);
    RUN_BEGIN();
    tflm_status_t status = tflm_engine_invoke(self->engine, &message);
    RUN_END();
    give_back_arena(self);
    if (status != TFLM_OK && status != TFLM_ENDED_EARLY) {
        tflm_raise(status, &message);
    }
    return status == TFLM_OK;
}

static mp_obj_t locked_invoke(mp_obj_t self_in, void *argument) {
    (void)argument;
    return mp_obj_new_bool(invoke(MP_OBJ_TO_PTR(self_in)));
}

static mp_obj_t tflm_interpreter_invoke(mp_obj_t self_in) {
    return tflm_locked(MP_OBJ_TO_PTR(self_in), locked_invoke, self_in, NULL);
}
static MP_DEFINE_CONST_FUN_OBJ_1(tflm_interpreter_invoke_obj, tflm_interpreter_invoke);

// Arenas hold no state, so nobody else's run is in the way.
static mp_obj_t locked_reset(mp_obj_t self_in, void *argument) {
    const tflm_interpreter_obj_t *self = MP_OBJ_TO_PTR(self_in);
    (void)argument;
    tflm_message_t message;
    tflm_status_t status = tflm_engine_reset(self->engine, &message);
    if (status != TFLM_OK) {
        tflm_raise(status, &message);
    }
    return mp_const_none;
}

static mp_obj_t tflm_interpreter_reset(mp_obj_t self_in) {
    return tflm_locked(MP_OBJ_TO_PTR(self_in), locked_reset, self_in, NULL);
}
static MP_DEFINE_CONST_FUN_OBJ_1(tflm_interpreter_reset_obj, tflm_interpreter_reset);

// A run on one input, and what makes a result of the one output.
typedef struct _run_t {
    const tflm_tensor_obj_t *input;
    tflm_numbers_t numbers;
    const tflm_tensor_obj_t *output;
    mp_obj_t (*result)(const tflm_tensor_obj_t *output);
} run_t;

static mp_obj_t locked_run(mp_obj_t self_in, void *run_in) {
    const run_t *run = run_in;
    tflm_tensor_fill(run->input, &run->numbers);
    if (!invoke(MP_OBJ_TO_PTR(self_in))) {
        mp_raise_msg(&mp_type_RuntimeError,
            MP_ERROR_TEXT("the run ended early, without outputs: use invoke(), which tells"));
    }
    return run->result(run->output);
}

// Nobody else gets the interpreter in between.
static mp_obj_t run(tflm_interpreter_obj_t *self, mp_obj_t values,
    mp_obj_t (*result)(const tflm_tensor_obj_t *output)) {
    size_t inputs, outputs;
    mp_obj_t *input, *output;
    mp_obj_tuple_get(self->inputs, &inputs, &input);
    mp_obj_tuple_get(self->outputs, &outputs, &output);
    if (inputs != 1 || outputs != 1) {
        mp_raise_ValueError(MP_ERROR_TEXT("model must have one input and one output"));
    }
    run_t run = { .input = MP_OBJ_TO_PTR(input[0]), .output = MP_OBJ_TO_PTR(output[0]), .result = result };
    run.numbers = tflm_tensor_numbers(run.input, values);
    return tflm_locked(self, locked_run, MP_OBJ_FROM_PTR(self), &run);
}

static mp_obj_t tflm_interpreter_predict(mp_obj_t self_in, mp_obj_t values) {
    return run(MP_OBJ_TO_PTR(self_in), values, tflm_tensor_floats);
}
static MP_DEFINE_CONST_FUN_OBJ_2(tflm_interpreter_predict_obj, tflm_interpreter_predict);

static mp_obj_t best_of(const tflm_tensor_obj_t *output) {
    size_t index = tflm_tensor_largest(output);
    mp_obj_t pair[2] = { mp_obj_new_int_from_uint(index), tflm_tensor_float(output, index) };
    return mp_obj_new_tuple(2, pair);
}

static mp_obj_t tflm_interpreter_classify(mp_obj_t self_in, mp_obj_t values) {
    return run(MP_OBJ_TO_PTR(self_in), values, best_of);
}
static MP_DEFINE_CONST_FUN_OBJ_2(tflm_interpreter_classify_obj, tflm_interpreter_classify);

// Looking -------------------------------------------------------------------

static mp_obj_t tflm_interpreter_ops(mp_obj_t self_in) {
    const tflm_interpreter_obj_t *self = MP_OBJ_TO_PTR(self_in);
    size_t count = model_op_count(self->model.data, self->model.size);
    mp_obj_list_t *list = MP_OBJ_TO_PTR(mp_obj_new_list(count, NULL));
    for (size_t i = 0; i < count; i++) {
        model_op_t op = { .name = "", .name_len = 0 };
        model_op(self->model.data, self->model.size, i, &op);
        mp_obj_t pair[2] = {
            tflm_name(op.name, op.name_len),
            mp_obj_new_int(op.version),
        };
        list->items[i] = mp_obj_new_tuple(2, pair);
    }
    return MP_OBJ_FROM_PTR(list);
}
static MP_DEFINE_CONST_FUN_OBJ_1(tflm_interpreter_ops_obj, tflm_interpreter_ops);

static mp_obj_t tflm_interpreter_metadata(mp_obj_t self_in, mp_obj_t name_in) {
    const tflm_interpreter_obj_t *self = MP_OBJ_TO_PTR(self_in);
    size_t name_len;
    const char *name = mp_obj_str_get_data(name_in, &name_len);
    const uint8_t *data;
    size_t len;
    if (!model_metadata(self->model.data, self->model.size, name, name_len, &data, &len)) {
        return mp_const_none;
    }
    return mp_obj_new_bytes(data, len);
}
static MP_DEFINE_CONST_FUN_OBJ_2(tflm_interpreter_metadata_obj, tflm_interpreter_metadata);

static uint32_t now_us(void) {
    return (uint32_t)mp_hal_ticks_us();
}

static size_t op_count(const tflm_interpreter_obj_t *self) {
    return model_op_count(self->model.data, self->model.size);
}

static mp_obj_t locked_profile(mp_obj_t self_in, void *ticks) {
    tflm_interpreter_obj_t *self = MP_OBJ_TO_PTR(self_in);
    take_arena(self);
    tflm_message_t message;
    tflm_status_t status = tflm_engine_profile(self->engine, now_us, ticks, op_count(self), &message);
    give_back_arena(self);
    if (status != TFLM_OK && status != TFLM_ENDED_EARLY) {
        tflm_raise(status, &message);
    }
    return mp_const_none;
}

// Run once: a list of (name, microseconds), one for each op.
static mp_obj_t tflm_interpreter_profile(mp_obj_t self_in) {
    tflm_interpreter_obj_t *self = MP_OBJ_TO_PTR(self_in);
    size_t count = op_count(self);
    uint32_t *ticks = m_new0(uint32_t, count);
    tflm_locked(self, locked_profile, self_in, ticks);
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

static mp_obj_t locked_memory_map(mp_obj_t self_in, void *argument) {
    const tflm_interpreter_obj_t *self = MP_OBJ_TO_PTR(self_in);
    (void)argument;
    mp_obj_t list = mp_obj_new_list(0, NULL);
    size_t count = model_tensor_count(self->model.data, self->model.size);
    for (size_t i = 0; i < count; i++) {
        model_tensor_t tensor;
        const uint8_t *data = tflm_engine_data(self->engine, i);
        size_t offset = (size_t)(data - self->memory.arena.data);
        if (data >= self->memory.arena.data && offset < self->memory.arena.size
            && model_tensor(self->model.data, self->model.size, i, &tensor)) {
            mp_obj_t row[3] = {
                tflm_name(tensor.name, tensor.name_len),
                mp_obj_new_int_from_uint(offset),
                mp_obj_new_int_from_uint(tensor.bytes),
            };
            mp_obj_list_append(list, mp_obj_new_tuple(3, row));
        }
    }
    return list;
}

// A list of (name, offset, bytes), one for each tensor that lies in the arena. Locked, since a run
// may be in the other subgraph.
static mp_obj_t tflm_interpreter_memory_map(mp_obj_t self_in) {
    return tflm_locked(MP_OBJ_TO_PTR(self_in), locked_memory_map, self_in, NULL);
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
        dest[0] = mp_obj_new_int_from_uint(self->memory.arena.size);
    } else if (attr == MP_QSTR_kept_size) {
        dest[0] = mp_obj_new_int_from_uint(self->memory.kept.size);
    } else if (attr == MP_QSTR_arena_used) {
        dest[0] = mp_obj_new_int_from_uint(self->arena_used);
    } else {
        dest[1] = MP_OBJ_SENTINEL; // look among the methods
    }
}

static void tflm_interpreter_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    const tflm_interpreter_obj_t *self = MP_OBJ_TO_PTR(self_in);
    (void)kind;
    mp_printf(print, "<Interpreter of %u model bytes, %u ops, arena %u bytes>",
        (unsigned)self->model.size, (unsigned)model_op_count(self->model.data, self->model.size),
        (unsigned)self->memory.arena.size);
}

static const mp_rom_map_elem_t tflm_interpreter_locals_table[] = {
    { MP_ROM_QSTR(MP_QSTR_invoke), MP_ROM_PTR(&tflm_interpreter_invoke_obj) },
    { MP_ROM_QSTR(MP_QSTR_reset), MP_ROM_PTR(&tflm_interpreter_reset_obj) },
    { MP_ROM_QSTR(MP_QSTR_predict), MP_ROM_PTR(&tflm_interpreter_predict_obj) },
    { MP_ROM_QSTR(MP_QSTR_classify), MP_ROM_PTR(&tflm_interpreter_classify_obj) },
    { MP_ROM_QSTR(MP_QSTR_ops), MP_ROM_PTR(&tflm_interpreter_ops_obj) },
    { MP_ROM_QSTR(MP_QSTR_metadata), MP_ROM_PTR(&tflm_interpreter_metadata_obj) },
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
