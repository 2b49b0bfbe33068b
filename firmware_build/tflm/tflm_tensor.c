// tflm.Tensor: one input or output of an interpreter, as Python sees it. Its values are in
// tflm_values.c.

#include <string.h>

#include "modtflm.h"

// An input may be an output too: the same tensor, which has one block for both.
static uint8_t *block_of_twin(const tflm_tensor_obj_t *self) {
    const mp_obj_t lists[2] = { self->interpreter->inputs, self->interpreter->outputs };
    for (size_t i = 0; i < 2; i++) {
        size_t count = 0;
        mp_obj_t *items = NULL;
        if (lists[i] != MP_OBJ_NULL) {
            mp_obj_tuple_get(lists[i], &count, &items);
        }
        for (size_t j = 0; j < count; j++) {
            const tflm_tensor_obj_t *other = MP_OBJ_TO_PTR(items[j]);
            if (other != NULL && other->index == self->index && other->block != NULL) {
                return other->block;
            }
        }
    }
    return NULL;
}

// Move the bytes to a block of their own, for good: a memoryview keeps that alive, and holds
// nothing of what the interpreter has. Within tflm_locked().
static void move_to_block(tflm_tensor_obj_t *self) {
    uint8_t *block = block_of_twin(self);
    if (block == NULL) {
        size_t bytes = self->count * self->size;
        block = tflm_new_block(&mp_type_MemoryError, "tensor", bytes);
        const void *data = tflm_tensor_data(self);
        if (data != NULL) {
            memcpy(block, data, bytes);
        }
        if (!self->constant) {
            tflm_engine_set_data(self->interpreter->engine, self->index, block);
        }
    }
    self->block = block;
}

void tflm_tensors_make(tflm_interpreter_obj_t *interpreter, bool output, mp_obj_t *list) {
    size_t count = model_io_count(interpreter->model.data, interpreter->model.size, output);
    mp_obj_tuple_t *all = MP_OBJ_TO_PTR(mp_obj_new_tuple(count, NULL));
    memset(all->items, 0, count * sizeof(all->items[0]));
    *list = MP_OBJ_FROM_PTR(all);
    for (size_t i = 0; i < count; i++) {
        model_tensor_t info;
        if (!model_io(interpreter->model.data, interpreter->model.size, output, i, &info)
            || model_type_code(info.type) == 0) {
            mp_raise_msg(&mp_type_ModelError, MP_ERROR_TEXT("no Python type for a tensor"));
        }
        tflm_tensor_obj_t *self = mp_obj_malloc(tflm_tensor_obj_t, &tflm_tensor_type);
        self->interpreter = interpreter;
        self->block = NULL;
        self->index = info.index;
        self->constant = info.constant != NULL;
        self->per_channel = info.scale_count > 1;
        self->scale = model_tensor_scale(&info, 0);
        self->zero_point = model_tensor_zero_point(&info, 0);
        self->typecode = model_type_code(info.type);
        self->size = (uint8_t)model_type_size(info.type);
        self->count = info.bytes / self->size;
        all->items[i] = MP_OBJ_FROM_PTR(self);
        // In an Arena, others may write while nobody runs.
        if (interpreter->given != NULL) {
            move_to_block(self);
        }
    }
}

// Methods -------------------------------------------------------------------

static mp_obj_t locked_quantize(mp_obj_t self_in, void *numbers) {
    tflm_tensor_fill(MP_OBJ_TO_PTR(self_in), numbers);
    return mp_const_none;
}

static mp_obj_t tflm_tensor_quantize(mp_obj_t self_in, mp_obj_t values) {
    const tflm_tensor_obj_t *self = MP_OBJ_TO_PTR(self_in);
    tflm_numbers_t numbers = tflm_tensor_numbers(self, values);
    return tflm_locked(self->interpreter, locked_quantize, self_in, &numbers);
}
static MP_DEFINE_CONST_FUN_OBJ_2(tflm_tensor_quantize_obj, tflm_tensor_quantize);

static mp_obj_t locked_dequantize(mp_obj_t self_in, void *argument) {
    (void)argument;
    return tflm_tensor_floats(MP_OBJ_TO_PTR(self_in));
}

static mp_obj_t tflm_tensor_dequantize(mp_obj_t self_in) {
    const tflm_tensor_obj_t *self = MP_OBJ_TO_PTR(self_in);
    return tflm_locked(self->interpreter, locked_dequantize, self_in, NULL);
}
static MP_DEFINE_CONST_FUN_OBJ_1(tflm_tensor_dequantize_obj, tflm_tensor_dequantize);

static mp_obj_t locked_argmax(mp_obj_t self_in, void *argument) {
    (void)argument;
    return mp_obj_new_int_from_uint(tflm_tensor_largest(MP_OBJ_TO_PTR(self_in)));
}

static mp_obj_t tflm_tensor_argmax(mp_obj_t self_in) {
    const tflm_tensor_obj_t *self = MP_OBJ_TO_PTR(self_in);
    return tflm_locked(self->interpreter, locked_argmax, self_in, NULL);
}
static MP_DEFINE_CONST_FUN_OBJ_1(tflm_tensor_argmax_obj, tflm_tensor_argmax);

static mp_obj_t locked_topk(mp_obj_t self_in, void *list) {
    tflm_tensor_sort(MP_OBJ_TO_PTR(self_in), list);
    return MP_OBJ_FROM_PTR(list);
}

// The k largest as (index, score).
static mp_obj_t tflm_tensor_topk(mp_obj_t self_in, mp_obj_t k_in) {
    const tflm_tensor_obj_t *self = MP_OBJ_TO_PTR(self_in);
    mp_int_t k = mp_obj_get_int(k_in);
    if (k < 1 || (size_t)k > self->count) {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("k must be 1 to %d"),
            (int)self->count);
    }
    mp_obj_list_t *list = MP_OBJ_TO_PTR(mp_obj_new_list((size_t)k, NULL));
    return tflm_locked(self->interpreter, locked_topk, self_in, list);
}
static MP_DEFINE_CONST_FUN_OBJ_2(tflm_tensor_topk_obj, tflm_tensor_topk);

// Raw values ----------------------------------------------------------------

typedef struct _item_t {
    size_t index;
    uint64_t raw; // where the value to be stored is
    bool store;
} item_t;

static mp_obj_t locked_item(mp_obj_t self_in, void *item_in) {
    const tflm_tensor_obj_t *self = MP_OBJ_TO_PTR(self_in);
    const item_t *item = item_in;
    uint8_t *data = tflm_tensor_data(self);
    if (item->store) {
        memcpy(data + item->index * self->size, &item->raw, self->size);
        return mp_const_none;
    }
    return mp_binary_get_val_array(self->typecode, data, item->index);
}

static mp_obj_t locked_bytes(mp_obj_t self_in, void *argument) {
    const tflm_tensor_obj_t *self = MP_OBJ_TO_PTR(self_in);
    (void)argument;
    return mp_obj_new_bytes(tflm_tensor_data(self), self->count * self->size);
}

// Slices are those of an array with all values.
static mp_obj_t slice_of(const tflm_tensor_obj_t *self, mp_obj_t slice) {
    mp_obj_t module = mp_import_name(MP_QSTR_array, mp_const_none, MP_OBJ_NEW_SMALL_INT(0));
    mp_obj_t args[2] = {
        mp_obj_new_str(&self->typecode, 1),
        tflm_locked(self->interpreter, locked_bytes, MP_OBJ_FROM_PTR(self), NULL),
    };
    mp_obj_t array = mp_call_function_n_kw(mp_load_attr(module, MP_QSTR_array), 2, 0, args);
    return mp_obj_subscr(array, slice, MP_OBJ_SENTINEL);
}

// What a raw value of this type is, in as many of the first bytes as it has.
static uint64_t raw_of(const tflm_tensor_obj_t *self, mp_obj_t value) {
    uint64_t raw = 0;
    mp_binary_set_val_array(self->typecode, &raw, 0, value);
    if (self->typecode != 'f'
        && mp_binary_op(MP_BINARY_OP_EQUAL, mp_binary_get_val_array(self->typecode, &raw, 0), value) != mp_const_true) {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("value is out of range of '%c'"), self->typecode);
    }
    return raw;
}

static mp_obj_t tflm_tensor_subscr(mp_obj_t self_in, mp_obj_t index_in, mp_obj_t value) {
    const tflm_tensor_obj_t *self = MP_OBJ_TO_PTR(self_in);
    item_t item = { .store = value != MP_OBJ_SENTINEL };
    if (value == MP_OBJ_NULL) {
        return MP_OBJ_NULL; // nothing can be deleted
    }
    if (!mp_obj_is_int(index_in)) {
        return item.store ? MP_OBJ_NULL : slice_of(self, index_in); // a memoryview takes slices
    }
    mp_int_t index = mp_obj_get_int(index_in);
    item.index = (size_t)(index < 0 ? index + (mp_int_t)self->count : index);
    if (item.index >= self->count) {
        mp_raise_msg(&mp_type_IndexError, MP_ERROR_TEXT("tensor index out of range"));
    }
    if (item.store) {
        if (self->constant) {
            mp_raise_ValueError(MP_ERROR_TEXT("tensor is a constant of the model"));
        }
        item.raw = raw_of(self, value);
    }
    return tflm_locked(self->interpreter, locked_item, self_in, &item);
}

// What a loop over a tensor calls, until it raises IndexError.
static mp_obj_t tflm_tensor_getitem(mp_obj_t self_in, mp_obj_t index) {
    return tflm_tensor_subscr(self_in, index, MP_OBJ_SENTINEL);
}
static MP_DEFINE_CONST_FUN_OBJ_2(tflm_tensor_getitem_obj, tflm_tensor_getitem);

// As RFC 3629 has it: MicroPython's own check takes surrogates and long forms, too.
static bool is_utf8(const uint8_t *text, size_t len) {
    static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
    for (size_t i = 0; i < len;) {
        uint32_t c = text[i++];
        if (c < 0x80) {
            continue;
        }
        size_t more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
        if (c < 0xc0 || c > 0xf7 || more > len - i) {
            return false;
        }
        c &= 0x3f >> more;
        for (size_t end = i + more; i < end; i++) {
            if ((text[i] & 0xc0) != 0x80) {
                return false;
            }
            c = c << 6 | (text[i] & 0x3f);
        }
        if (c < least[more] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) {
            return false;
        }
    }
    return true;
}

mp_obj_t tflm_name(const char *text, size_t len) {
    if (is_utf8((const uint8_t *)text, len)) {
        return mp_obj_new_str(text, len);
    }
    char *plain = m_new(char, len);
    for (size_t i = 0; i < len; i++) {
        plain[i] = text[i] & 0x80 ? '?' : text[i];
    }
    mp_obj_t name = mp_obj_new_str(plain, len);
    m_del(char, plain, len);
    return name;
}

// Attributes ----------------------------------------------------------------

static mp_obj_t shape_of(const model_tensor_t *info) {
    mp_obj_tuple_t *shape = MP_OBJ_TO_PTR(mp_obj_new_tuple(info->rank, NULL));
    for (size_t i = 0; i < info->rank; i++) {
        shape->items[i] = mp_obj_new_int(model_tensor_dim(info, i));
    }
    return MP_OBJ_FROM_PTR(shape);
}

// One value, or per channel a tuple of them.
static mp_obj_t quantization_of(const model_tensor_t *info, bool want_scale) {
    size_t n = info->scale_count > 1 ? info->scale_count : 1;
    mp_obj_tuple_t *all = MP_OBJ_TO_PTR(mp_obj_new_tuple(n, NULL));
    for (size_t i = 0; i < n; i++) {
        all->items[i] = want_scale
            ? tflm_new_float(model_tensor_scale(info, i))
            : mp_obj_new_int(model_tensor_zero_point(info, i));
    }
    return n == 1 ? all->items[0] : MP_OBJ_FROM_PTR(all);
}

static void tflm_tensor_attr(mp_obj_t self_in, qstr attr, mp_obj_t *dest) {
    const tflm_tensor_obj_t *self = MP_OBJ_TO_PTR(self_in);
    if (dest[0] != MP_OBJ_NULL) {
        return; // nothing can be stored
    }
    if (attr == MP_QSTR_dtype) {
        dest[0] = mp_obj_new_str(&self->typecode, 1);
    } else if (attr == MP_QSTR_name) {
        model_tensor_t info = tflm_tensor_describe(self);
        dest[0] = tflm_name(info.name, info.name_len);
    } else if (attr == MP_QSTR_shape) {
        model_tensor_t info = tflm_tensor_describe(self);
        dest[0] = shape_of(&info);
    } else if (attr == MP_QSTR_scale || attr == MP_QSTR_zero_point) {
        model_tensor_t info = tflm_tensor_describe(self);
        dest[0] = quantization_of(&info, attr == MP_QSTR_scale);
    } else {
        dest[1] = MP_OBJ_SENTINEL; // look among the methods
    }
}

static void tflm_tensor_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    const tflm_tensor_obj_t *self = MP_OBJ_TO_PTR(self_in);
    (void)kind;
    model_tensor_t info = tflm_tensor_describe(self);
    mp_print_str(print, "<Tensor ");
    if (info.name_len > 0) {
        mp_obj_print_helper(print, tflm_name(info.name, info.name_len), PRINT_STR);
        mp_print_str(print, " ");
    }
    mp_obj_print_helper(print, shape_of(&info), PRINT_REPR);
    mp_printf(print, " '%c'", self->typecode);
    if (info.scale_count > 0) {
        mp_print_str(print, " scale=");
        mp_obj_print_helper(print, quantization_of(&info, true), PRINT_REPR);
        mp_print_str(print, " zero_point=");
        mp_obj_print_helper(print, quantization_of(&info, false), PRINT_REPR);
    }
    mp_print_str(print, ">");
}

static mp_obj_t locked_move(mp_obj_t self_in, void *argument) {
    tflm_tensor_obj_t *self = MP_OBJ_TO_PTR(self_in);
    (void)argument;
    if (self->block == NULL) { // still, or another thread was faster
        move_to_block(self);
    }
    return mp_const_none;
}

static mp_int_t tflm_tensor_get_buffer(mp_obj_t self_in, mp_buffer_info_t *buffer, mp_uint_t flags) {
    tflm_tensor_obj_t *self = MP_OBJ_TO_PTR(self_in);
    if (self->constant && (flags & MP_BUFFER_WRITE)) {
        return 1;
    }
    if (self->block == NULL) {
        tflm_locked(self->interpreter, locked_move, self_in, NULL);
    }
    buffer->buf = self->block;
    buffer->len = self->count * self->size;
    buffer->typecode = self->typecode;
    return 0;
}

static mp_obj_t tflm_tensor_unary_op(mp_unary_op_t op, mp_obj_t self_in) {
    const tflm_tensor_obj_t *self = MP_OBJ_TO_PTR(self_in);
    switch (op) {
        case MP_UNARY_OP_LEN:
            return mp_obj_new_int_from_uint(self->count);
        case MP_UNARY_OP_BOOL:
            return mp_const_true;
        default:
            return MP_OBJ_NULL;
    }
}

static const mp_rom_map_elem_t tflm_tensor_locals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___getitem__), MP_ROM_PTR(&tflm_tensor_getitem_obj) },
    { MP_ROM_QSTR(MP_QSTR_load_image), MP_ROM_PTR(&tflm_tensor_load_image_obj) },
    { MP_ROM_QSTR(MP_QSTR_quantize), MP_ROM_PTR(&tflm_tensor_quantize_obj) },
    { MP_ROM_QSTR(MP_QSTR_dequantize), MP_ROM_PTR(&tflm_tensor_dequantize_obj) },
    { MP_ROM_QSTR(MP_QSTR_argmax), MP_ROM_PTR(&tflm_tensor_argmax_obj) },
    { MP_ROM_QSTR(MP_QSTR_topk), MP_ROM_PTR(&tflm_tensor_topk_obj) },
};
static MP_DEFINE_CONST_DICT(tflm_tensor_locals, tflm_tensor_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(
    tflm_tensor_type,
    MP_QSTR_Tensor,
    MP_TYPE_FLAG_NONE,
    print, tflm_tensor_print,
    unary_op, tflm_tensor_unary_op,
    attr, tflm_tensor_attr,
    subscr, tflm_tensor_subscr,
    buffer, tflm_tensor_get_buffer,
    locals_dict, &tflm_tensor_locals
    );
