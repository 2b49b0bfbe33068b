// Where a model lies, and the memory that TFLM takes.

#include <string.h>

#if defined(TFLM_ESP_IDF)
#include "esp_mmu_map.h"
#endif

#include "model_check.h"
#include "modtflm.h"
#include "tflm_ops.h"

// Blocks --------------------------------------------------------------------

MP_NORETURN static void raise_full(const mp_obj_type_t *type, const char *what, size_t size) {
    if (gc_is_locked()) {
        m_malloc_fail(size); // says so
    }
    mp_raise_msg_varg(type,
        MP_ERROR_TEXT("%s needs " UINT_FMT " bytes, heap has " UINT_FMT " in one piece"),
        what, (mp_uint_t)size, (mp_uint_t)tflm_largest_piece());
}

static uint8_t *new_block_maybe(size_t size) {
    // A block of the GC heap needs no aligning by hand.
    MP_STATIC_ASSERT(MICROPY_BYTES_PER_GC_BLOCK >= TFLM_ALIGN);
    // So that no two blocks of no bytes are the same.
    return size < SIZE_MAX / 2 ? m_new_maybe(uint8_t, size > 0 ? size : 1) : NULL;
}

uint8_t *tflm_new_block(const mp_obj_type_t *type, const char *what, size_t size) {
    uint8_t *data = new_block_maybe(size);
    if (data == NULL) {
        raise_full(type, what, size);
    }
    return data;
}

// Models --------------------------------------------------------------------

static mp_obj_t call_method(mp_obj_t obj, qstr name) {
    mp_obj_t method[2];
    mp_load_method(obj, name, method);
    return mp_call_method_n_kw(0, 0, method);
}

static mp_obj_t open_file(mp_obj_t path, void *argument) {
    (void)argument;
    mp_obj_t args[2] = { path, MP_OBJ_NEW_QSTR(MP_QSTR_rb) };
    return mp_call_function_n_kw(MP_OBJ_FROM_PTR(&mp_builtin_open_obj), 2, 0, args);
}

static mp_obj_t read_all(mp_obj_t file, void *argument) {
    (void)argument;
    return call_method(file, MP_QSTR_read);
}

// What `call` makes of `self`. An OSError names the file.
static mp_obj_t of_file(mp_obj_t path, tflm_call_t call, mp_obj_t self) {
    mp_obj_t error;
    mp_obj_t result = tflm_try(call, self, NULL, &error);
    if (result != MP_OBJ_NULL) {
        return result;
    }
    if (mp_obj_is_exact_type(error, &mp_type_OSError)) {
        mp_obj_t number = mp_obj_exception_get_value(error);
        if (mp_obj_is_small_int(number)) {
            mp_raise_OSError_with_filename(MP_OBJ_SMALL_INT_VALUE(number), mp_obj_str_get_str(path));
        }
    }
    nlr_raise(error);
}

// Bytes of a file that is no Python object of the user's, 0 if it cannot tell.
static size_t file_size(mp_obj_t file) {
    const mp_obj_type_t *type = mp_obj_get_type(file);
    const mp_stream_p_t *stream = mp_obj_is_instance_type(type) ? NULL
        : MP_OBJ_TYPE_GET_SLOT_OR_NULL(type, protocol);
    struct mp_stream_seek_t seek = { .offset = 0, .whence = MP_SEEK_END };
    int error;
    if (stream == NULL || stream->ioctl == NULL
        || stream->ioctl(file, MP_STREAM_SEEK, (uintptr_t)&seek, &error) == MP_STREAM_ERROR) {
        return 0;
    }
    if ((uint64_t)seek.offset > INT32_MAX) { // what a directory has for an end
        return 0;
    }
    size_t size = (size_t)seek.offset;
    seek.offset = 0;
    seek.whence = MP_SEEK_SET;
    if (stream->ioctl(file, MP_STREAM_SEEK, (uintptr_t)&seek, &error) == MP_STREAM_ERROR) {
        return 0;
    }
    return size;
}

// Up to `size` bytes of a file to a block of ours; returns how many there were. Each piece
// goes by way of another block: the block device of a file system may be Python code, which
// may keep what it was given to fill.
static size_t read_into(mp_obj_t file, mp_obj_t path, uint8_t *data, size_t size) {
    enum { PIECE = 512 };
    uint8_t *piece = tflm_new_block(&mp_type_MemoryError, "model", PIECE);
    size_t got = 0;
    for (;;) {
        size_t wanted = size - got < PIECE ? size - got : PIECE;
        int error = 0;
        size_t read = mp_stream_rw(file, piece, wanted, &error, MP_STREAM_RW_READ);
        if (error != 0) {
            mp_raise_OSError_with_filename(error, mp_obj_str_get_str(path));
        }
        memcpy(data + got, piece, read);
        got += read;
        if (read < wanted || got == size) {
            return got;
        }
    }
}

// The content of a file: the buffer it offers (a file in ROMFS lies in flash and needs no
// copy), or its bytes, in a block of ours or in an object.
static tflm_model_t read_file(mp_obj_t path) {
    tflm_model_t model = { of_file(path, open_file, path), NULL, 0 };
    mp_buffer_info_t info;
    if (!mp_get_buffer(model.obj, &info, MP_BUFFER_READ)) {
        size_t size = file_size(model.obj);
        if (size > 0) {
            uint8_t *data = tflm_new_block(&mp_type_MemoryError, "model", size);
            size_t read = read_into(model.obj, path, data, size);
            call_method(model.obj, MP_QSTR_close);
            return (tflm_model_t) { MP_OBJ_NULL, data, read };
        }
        mp_obj_t file = model.obj;
        model.obj = of_file(path, read_all, file);
        call_method(file, MP_QSTR_close);
        mp_get_buffer_raise(model.obj, &info, MP_BUFFER_READ);
    }
    model.data = info.buf;
    model.size = info.len;
    return model;
}

#if defined(TFLM_ESP_IDF)
// Of what the cache shows there is PSRAM, too, which is memory like any other.
static bool flash_at(const uint8_t *data) {
    esp_paddr_t place;
    mmu_target_t target;
    return esp_mmu_vaddr_to_paddr((void *)data, &place, &target) == ESP_OK && target == MMU_TARGET_FLASH0;
}
#endif

// Nothing that Python does, short of writing to flash, changes what is there.
static bool in_flash(const uint8_t *data, size_t size) {
    #if defined(TFLM_ESP_IDF)
    return size > 0 && flash_at(data) && flash_at(data + size - 1);
    #elif defined(TFLM_FLASH_START)
    return (uintptr_t)data >= TFLM_FLASH_START && size <= TFLM_FLASH_SIZE
           && (uintptr_t)data - TFLM_FLASH_START <= TFLM_FLASH_SIZE - size;
    #else
    (void)data;
    (void)size;
    return false;
    #endif
}

// What to do about an op, or a version or type of one, that this firmware does not have.
static const char *advice(const tflm_model_t *model) {
    #if TFLM_NATIVE
    (void)model;
    return "firmware with TFLM may have it";
    #else
    model_op_t op;
    for (size_t i = 0; model_op(model->data, model->size, i, &op); i++) {
        if (!tflm_op_offered(&op)) {
            return "no firmware has it";
        }
    }
    return "build it with --ops all or --ops-from MODEL";
    #endif
}

// Apart, as tflm_make_engine() is: a compiler that sees the whole module would make one large frame
// of all that Interpreter() does, which is there before anybody looks what is left of the stack.
__attribute__((noinline))
static tflm_model_t load_model(mp_obj_t source) {
    tflm_model_t model = { source, NULL, 0 };
    if (mp_obj_is_str(source)) {
        model = read_file(source);
    } else {
        mp_buffer_info_t info;
        mp_get_buffer_raise(source, &info, MP_BUFFER_READ);
        model.data = info.buf;
        model.size = info.len;
    }
    // No object is beyond change, a bytes neither: a stream or a block device in Python is
    // given a bytearray over what is written to it.
    bool fixed = model.obj == MP_OBJ_NULL || in_flash(model.data, model.size);
    if (!fixed || (uintptr_t)model.data % TFLM_ALIGN != 0) {
        uint8_t *copy = tflm_new_block(&mp_type_MemoryError, "model", model.size);
        memcpy(copy, model.data, model.size);
        model.obj = MP_OBJ_NULL;
        model.data = copy;
    }

    tflm_message_t message;
    model_status_t status = model_check(model.data, model.size, tflm_ops,
        tflm_op_count, message.text, sizeof(message.text));
    if (status == MODEL_UNSUPPORTED_OP) {
        mp_raise_msg_varg(&mp_type_UnsupportedOpError, MP_ERROR_TEXT("%s; %s"), message.text,
            advice(&model));
    } else if (status != MODEL_OK) {
        tflm_raise(TFLM_ERROR_MODEL, &message);
    }
    return model;
}

// Nothing else in this module looks at a model that did not pass the check, and what
// passed it cannot change any more.
tflm_model_t tflm_load_model(mp_obj_t source) {
    tflm_need_stack(TFLM_STACK_MAKE);
    return load_model(source);
}

// What TFLM takes -------------------------------------------------------------

// A block of `size` bytes in the place of `block`, whose content is lost: given back first,
// so that both need not fit. If the heap has none so large, all that it has in one piece.
static void regrow(tflm_block_t *block, const char *what, size_t size) {
    size_t had = block->size;
    m_del(uint8_t, block->data, had);
    block->size = size;
    block->data = new_block_maybe(size);
    if (block->data == NULL) {
        size_t largest = tflm_largest_piece();
        block->size = largest < size ? largest : size;
        block->data = block->size > had ? new_block_maybe(block->size) : NULL;
        if (block->data == NULL) {
            block->size = 0;
            raise_full(&mp_type_MemoryError, what, size);
        }
    }
}

static size_t arena_bytes(mp_obj_t arena) {
    if (!mp_obj_is_int(arena)) {
        mp_raise_TypeError(MP_ERROR_TEXT("arena must be None, an int or a tflm.Arena: other buffers may move"));
    }
    if (mp_binary_op(MP_BINARY_OP_LESS, arena, MP_OBJ_NEW_SMALL_INT(0)) == mp_const_true) {
        mp_raise_ValueError(MP_ERROR_TEXT("arena must not be negative"));
    }
    // What is beyond a machine word is not there either.
    return mp_obj_is_small_int(arena) ? (size_t)MP_OBJ_SMALL_INT_VALUE(arena) : SIZE_MAX;
}

__attribute__((noinline))
void tflm_make_engine(tflm_interpreter_obj_t *self, mp_obj_t arena) {
    tflm_memory_t *memory = &self->memory;
    bool own = arena == mp_const_none;
    if (mp_obj_is_exact_type(arena, &tflm_arena_type)) {
        self->given = MP_OBJ_TO_PTR(arena);
        memory->arena = (tflm_block_t) { self->given->data, self->given->size };
    } else if (!own) {
        size_t size = arena_bytes(arena);
        memory->arena.data = tflm_new_block(&mp_type_ArenaError, "arena", size);
        memory->arena.size = size;
    }
    tflm_memory_t wanted;
    tflm_engine_guess(self->model.data, self->model.size, &wanted);
    regrow(&memory->kept, "interpreter", wanted.kept.size);
    regrow(&memory->work, "interpreter", wanted.work.size);
    tflm_message_t message;
    tflm_status_t status;
    for (;;) {
        wanted = *memory;
        status = tflm_engine_create(self->engine, self->model.data, self->model.size, &wanted,
            &message);
        if (status != TFLM_ERROR_MEMORY) {
            break;
        }
        if (wanted.kept.size > memory->kept.size) {
            regrow(&memory->kept, "interpreter", wanted.kept.size);
        } else if (wanted.work.size > memory->work.size) {
            regrow(&memory->work, "interpreter", wanted.work.size);
        } else if (own) {
            memory->arena.data = tflm_new_block(&mp_type_ArenaError, "arena", wanted.arena.size);
            memory->arena.size = wanted.arena.size;
        } else {
            mp_raise_msg_varg(&mp_type_ArenaError,
                MP_ERROR_TEXT("arena of " UINT_FMT " bytes, model needs " UINT_FMT),
                (mp_uint_t)memory->arena.size, (mp_uint_t)wanted.arena.size);
        }
    }
    m_del(uint8_t, memory->work.data, memory->work.size);
    memory->work = (tflm_block_t) { NULL, 0 };
    if (status != TFLM_OK) {
        tflm_raise(status, &message);
    }
    // The rest of the block goes back to the heap.
    m_renew_maybe(uint8_t, memory->kept.data, memory->kept.size, wanted.kept.size, false);
    memory->kept.size = wanted.kept.size;
    self->arena_used = wanted.arena.size;
}
