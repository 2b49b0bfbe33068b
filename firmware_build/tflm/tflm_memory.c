// Where a model and its arena lie, and how many bytes an arena takes.

#include <string.h>

#include "py/builtin.h"
#include "py/gc.h"
#include "py/runtime.h"

#include "model_check.h"
#include "modtflm.h"
#include "tflm_ops.h"

// A bytearray that grows may move; what was taken from it then points into the heap.
static void check_buffer(const tflm_buffer_t *buffer, mp_uint_t flags) {
    mp_buffer_info_t now;
    if (buffer->obj != MP_OBJ_NULL
        && (!mp_get_buffer(buffer->obj, &now, flags)
            || (uint8_t *)now.buf > buffer->data
            || (uint8_t *)now.buf + now.len < buffer->data + buffer->size)) {
        mp_raise_msg(&mp_type_RuntimeError, MP_ERROR_TEXT("model or arena was resized"));
    }
}

void tflm_check_buffers(const tflm_interpreter_obj_t *self) {
    check_buffer(&self->model, MP_BUFFER_READ);
    check_buffer(&self->arena, MP_BUFFER_RW);
}

// The content of a file: the buffer it offers (a file in ROMFS lies in flash and
// needs no copy), or its bytes.
static mp_obj_t read_file(mp_obj_t path) {
    mp_obj_t args[2] = { path, MP_OBJ_NEW_QSTR(MP_QSTR_rb) };
    mp_obj_t file = mp_call_function_n_kw(MP_OBJ_FROM_PTR(&mp_builtin_open_obj), 2, 0, args);
    mp_buffer_info_t info;
    if (mp_get_buffer(file, &info, MP_BUFFER_READ)) {
        return file;
    }
    mp_obj_t method[2];
    mp_load_method(file, MP_QSTR_read, method);
    mp_obj_t data = mp_call_method_n_kw(0, 0, method);
    mp_load_method(file, MP_QSTR_close, method);
    mp_call_method_n_kw(0, 0, method);
    return data;
}

// Nothing else in this module looks at a model that did not pass the check.
tflm_buffer_t tflm_load_model(mp_obj_t source) {
    if (mp_obj_is_str(source)) {
        source = read_file(source);
    }
    mp_buffer_info_t info;
    mp_get_buffer_raise(source, &info, MP_BUFFER_READ);
    tflm_buffer_t model = { source, info.buf, info.len };

    tflm_message_t message;
    model_status_t status = model_check(model.data, model.size, tflm_ops,
        tflm_op_count, message.text, sizeof(message.text));
    if (status == MODEL_UNSUPPORTED_OP) {
        mp_raise_msg_varg(&mp_type_UnsupportedOpError,
            MP_ERROR_TEXT("%s; build it with --ops-from MODEL"), message.text);
    } else if (status != MODEL_OK) {
        tflm_raise(TFLM_ERROR_MODEL, &message);
    }

    if ((uintptr_t)model.data % TFLM_MODEL_ALIGN != 0) {
        model.data = m_new(uint8_t, model.size);
        memcpy(model.data, info.buf, model.size);
        model.obj = MP_OBJ_NULL;
    }
    return model;
}

static tflm_buffer_t given_arena(mp_obj_t obj, const tflm_buffer_t *model) {
    mp_buffer_info_t info;
    if (!mp_get_buffer(obj, &info, MP_BUFFER_RW)) {
        mp_raise_TypeError(MP_ERROR_TEXT("arena must be an int or a writable buffer"));
    }
    size_t skip = -(uintptr_t)info.buf & (TFLM_ARENA_ALIGN - 1);
    tflm_buffer_t arena = { obj, (uint8_t *)info.buf + skip, 0 };
    arena.size = info.len > skip ? info.len - skip : 0;
    if (arena.data < model->data + model->size && model->data < arena.data + arena.size) {
        mp_raise_ValueError(MP_ERROR_TEXT("arena overlaps the model"));
    }
    return arena;
}

static tflm_buffer_t new_arena_maybe(size_t size) {
    // A block of the GC heap needs no aligning by hand.
    MP_STATIC_ASSERT(MICROPY_BYTES_PER_GC_BLOCK >= TFLM_ARENA_ALIGN);
    MP_STATIC_ASSERT(MICROPY_BYTES_PER_GC_BLOCK >= TFLM_MODEL_ALIGN);
    tflm_buffer_t arena = { MP_OBJ_NULL, m_new_maybe(uint8_t, size > 0 ? size : 1), size };
    return arena;
}

static size_t largest_piece(void) {
    gc_info_t info;
    gc_info(&info);
    return info.max_free * MICROPY_BYTES_PER_GC_BLOCK;
}

static tflm_buffer_t new_arena(size_t size) {
    tflm_buffer_t arena = new_arena_maybe(size);
    if (arena.data == NULL) {
        mp_raise_msg_varg(&mp_type_ArenaError,
            MP_ERROR_TEXT("arena needs %u bytes, heap has %u in one piece"),
            (unsigned)size, (unsigned)largest_piece());
    }
    return arena;
}

// Room to plan in: `size` bytes if the heap has them, else all that it has in one piece.
// `tried` bytes were too few.
static tflm_buffer_t planning_room(size_t size, size_t tried) {
    tflm_buffer_t room = new_arena_maybe(size);
    if (room.data == NULL) {
        size_t largest = largest_piece();
        if (largest > tried) {
            room = new_arena_maybe(largest);
        }
        if (room.data == NULL) {
            mp_raise_msg_varg(&mp_type_ArenaError,
                MP_ERROR_TEXT("arena needs over %u bytes, heap has %u in one piece"),
                (unsigned)tried, (unsigned)largest);
        }
    }
    return room;
}

tflm_buffer_t tflm_planned_arena(tflm_interpreter_obj_t *self) {
    tflm_buffer_t arena = { MP_OBJ_NULL, NULL, 0 };
    size_t needed;
    for (;;) {
        tflm_message_t message;
        tflm_status_t status = tflm_engine_plan(self->engine, self->model.data,
            self->model.size, arena.data, arena.size, &needed, &message);
        if (status == TFLM_OK) {
            break;
        }
        if (status != TFLM_ERROR_ARENA) {
            tflm_raise(status, &message);
        }
        // Give back before asking for more, so that both need not fit.
        m_del(uint8_t, arena.data, arena.size);
        arena = planning_room(needed, arena.size);
    }
    if (arena.size < needed) {
        return new_arena(needed);
    }
    // The rest of the block goes back to the heap.
    m_renew_maybe(uint8_t, arena.data, arena.size, needed, false);
    arena.size = needed;
    return arena;
}

tflm_buffer_t tflm_new_arena(tflm_interpreter_obj_t *self, mp_obj_t arena) {
    if (arena == mp_const_none) {
        return tflm_planned_arena(self);
    }
    if (!mp_obj_is_int(arena)) {
        return given_arena(arena, &self->model);
    }
    mp_int_t bytes = mp_obj_get_int(arena);
    if (bytes < 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("arena must not be negative"));
    }
    return new_arena((size_t)bytes);
}
