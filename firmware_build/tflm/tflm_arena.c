// tflm.Arena: memory for tensors and scratch that interpreters may share.
//
// Its size and place never change, which no bytearray can promise.

#include <string.h>

#if defined(TFLM_ESP_IDF)
#include "esp_heap_caps.h"
#endif

#include "modtflm.h"

// What does not lie in MicroPython's heap lasts as long as that: a memoryview would not keep
// it alive. Python code may run to the very end of the heap (a file's finaliser writes to a
// block device), so that such memory goes back when there is a new one.
//
// In each heap with such an Arena is one object that Python cannot reach. Its finaliser runs
// at the end of the heap alone.
//
// Not in the #if: MicroPython looks for these with other definitions.
MP_REGISTER_ROOT_POINTER(void *tflm_placed_watch);

#if defined(TFLM_ESP_IDF)

typedef struct _placed_t {
    struct _placed_t *next;
    void *data;
} placed_t;

static placed_t *all_placed;
static bool watched; // the heap of those in the list is still there

static mp_obj_t watch_del(mp_obj_t self) {
    (void)self;
    watched = false;
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(watch_del_obj, watch_del);

static const mp_rom_map_elem_t watch_locals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___del__), MP_ROM_PTR(&watch_del_obj) },
};
static MP_DEFINE_CONST_DICT(watch_locals, watch_locals_table);

static MP_DEFINE_CONST_OBJ_TYPE(
    watch_type,
    MP_QSTR_,
    MP_TYPE_FLAG_NONE,
    locals_dict, &watch_locals
    );

void tflm_arena_init(void) {
    if (watched || (MP_STATE_THREAD(gc_lock_depth) & GC_COLLECT_FLAG)) {
        return;
    }
    while (all_placed != NULL) {
        placed_t *one = all_placed;
        all_placed = one->next;
        heap_caps_free(one->data);
        heap_caps_free(one);
    }
}

static void *place(size_t size, uint32_t caps) {
    tflm_arena_init();
    if (!watched) {
        mp_obj_base_t *watch = m_malloc_with_finaliser(sizeof(mp_obj_base_t));
        watch->type = &watch_type;
        MP_STATE_VM(tflm_placed_watch) = watch;
        watched = true;
    }
    placed_t *one = heap_caps_malloc(sizeof(placed_t), MALLOC_CAP_8BIT);
    void *data = heap_caps_aligned_calloc(TFLM_ALIGN, 1, size > 0 ? size : 1, caps);
    if (one == NULL || data == NULL) {
        heap_caps_free(one);
        heap_caps_free(data);
        return NULL;
    }
    *one = (placed_t) { all_placed, data };
    all_placed = one;
    return data;
}

static tflm_arena_obj_t *new_placed(const mp_obj_type_t *type, size_t size, mp_obj_t memory) {
    uint32_t caps = MALLOC_CAP_8BIT;
    const char *name = mp_obj_str_get_str(memory);
    if (strcmp(name, "internal") == 0) {
        caps |= MALLOC_CAP_INTERNAL;
    } else if (strcmp(name, "psram") == 0) {
        caps |= MALLOC_CAP_SPIRAM;
    } else {
        mp_raise_ValueError(MP_ERROR_TEXT("memory must be None, 'internal' or 'psram'"));
    }
    tflm_arena_obj_t *self = mp_obj_malloc(tflm_arena_obj_t, type);
    self->data = place(size, caps);
    if (self->data == NULL) {
        mp_raise_msg_varg(&mp_type_ArenaError,
            MP_ERROR_TEXT("arena needs %u bytes, %s memory has %u in one piece"), (unsigned)size,
            name, (unsigned)heap_caps_get_largest_free_block(caps));
    }
    return self;
}

#else

void tflm_arena_init(void) {
}

static tflm_arena_obj_t *new_placed(const mp_obj_type_t *type, size_t size, mp_obj_t memory) {
    (void)type;
    (void)size;
    (void)memory;
    mp_raise_ValueError(MP_ERROR_TEXT("memory can be chosen on an ESP32 only"));
}

#endif

static mp_obj_t arena_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw,
    const mp_obj_t *all_args) {
    enum { ARG_size, ARG_memory };
    TFLM_ARGS allowed[] = {
        { MP_QSTR_size, MP_ARG_REQUIRED | MP_ARG_INT, { .u_int = 0 } },
        { MP_QSTR_memory, MP_ARG_OBJ, { .u_rom_obj = MP_ROM_NONE } },
    };
    mp_arg_val_t args[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all_kw_array(n_args, n_kw, all_args, MP_ARRAY_SIZE(allowed), allowed, args);
    if (args[ARG_size].u_int < 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("arena must not be negative"));
    }
    size_t size = (size_t)args[ARG_size].u_int;
    tflm_arena_obj_t *self;
    if (args[ARG_memory].u_obj != mp_const_none) {
        self = new_placed(type, size, args[ARG_memory].u_obj);
    } else {
        self = mp_obj_malloc(tflm_arena_obj_t, type);
        self->data = NULL; // the object may be looked at before there is a block
        self->data = tflm_new_block(&mp_type_ArenaError, "arena", size);
        memset(self->data, 0, size);
    }
    self->size = size;
    self->busy = false;
    self->waiting = 0;
    self->last = 0;
    return MP_OBJ_FROM_PTR(self);
}

static void arena_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    const tflm_arena_obj_t *self = MP_OBJ_TO_PTR(self_in);
    (void)kind;
    mp_printf(print, "<Arena of %u bytes>", (unsigned)self->size);
}

static mp_obj_t arena_unary_op(mp_unary_op_t op, mp_obj_t self_in) {
    const tflm_arena_obj_t *self = MP_OBJ_TO_PTR(self_in);
    switch (op) {
        case MP_UNARY_OP_LEN:
            return mp_obj_new_int_from_uint(self->size);
        case MP_UNARY_OP_BOOL:
            return mp_const_true;
        default:
            return MP_OBJ_NULL;
    }
}

static mp_int_t arena_get_buffer(mp_obj_t self_in, mp_buffer_info_t *buffer, mp_uint_t flags) {
    const tflm_arena_obj_t *self = MP_OBJ_TO_PTR(self_in);
    (void)flags;
    buffer->buf = self->data;
    buffer->len = self->size;
    buffer->typecode = BYTEARRAY_TYPECODE;
    return 0;
}

MP_DEFINE_CONST_OBJ_TYPE(
    tflm_arena_type,
    MP_QSTR_Arena,
    MP_TYPE_FLAG_NONE,
    make_new, arena_make_new,
    print, arena_print,
    unary_op, arena_unary_op,
    buffer, arena_get_buffer
    );
