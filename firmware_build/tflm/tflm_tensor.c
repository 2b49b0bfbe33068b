// tflm.Tensor: one input or output of an interpreter, as Python sees it.

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "py/objtype.h"
#include "py/runtime.h"

#include "modtflm.h"

// What the model says of this tensor. It was readable when the tensor was made.
static model_tensor_t describe(const tflm_tensor_obj_t *self) {
    tflm_check_buffers(self->interpreter);
    model_tensor_t tensor;
    if (!model_io(self->interpreter->model.data, self->interpreter->model.size, self->output,
        self->index, &tensor)) {
        memset(&tensor, 0, sizeof(tensor));
    }
    return tensor;
}

mp_obj_t tflm_tensor_new(tflm_interpreter_obj_t *interpreter, bool output, size_t index) {
    model_tensor_t info;
    if (!model_io(interpreter->model.data, interpreter->model.size, output, index, &info)
        || model_type_code(info.type) == 0) {
        mp_raise_msg(&mp_type_ModelError, MP_ERROR_TEXT("no Python type for a tensor"));
    }
    tflm_tensor_obj_t *self = mp_obj_malloc(tflm_tensor_obj_t, &tflm_tensor_type);
    self->interpreter = interpreter;
    self->data = tflm_engine_data(interpreter->engine, output, index);
    self->index = (uint8_t)index;
    self->output = output;
    self->typecode = model_type_code(info.type);
    self->size = (uint8_t)model_type_size(info.type);
    self->count = info.bytes / self->size;
    self->scale = model_tensor_scale(&info, 0);
    self->zero_point = model_tensor_zero_point(&info, 0);
    return MP_OBJ_FROM_PTR(self);
}

// Values --------------------------------------------------------------------

static int64_t get_raw(const tflm_tensor_obj_t *self, size_t i) {
    switch (self->typecode) {
        case 'b':
            return ((const int8_t *)self->data)[i];
        case 'B':
            return ((const uint8_t *)self->data)[i];
        case 'h':
            return ((const int16_t *)self->data)[i];
        case 'H':
            return ((const uint16_t *)self->data)[i];
        case 'i':
            return ((const int32_t *)self->data)[i];
        case 'I':
            return ((const uint32_t *)self->data)[i];
        default:
            return ((const int64_t *)self->data)[i];
    }
}

// TFLite's QUANTIZE: round(value / scale) half away from zero, plus the zero
// point, saturated to the type; in single precision, as its reference kernel.
// lite/kernels/internal/reference/quantize.h, AffineQuantize.
static int64_t quantized(const tflm_tensor_obj_t *self, float value, int64_t min, int64_t max) {
    float q = roundf(self->scale != 0.0f ? value / self->scale : value);
    // The cast needs a bound that leaves room for the zero point.
    const float far = 4611686018427387904.0f;
    q = q > far ? far : (q < -far ? -far : q);
    int64_t raw = (int64_t)q + self->zero_point;
    return raw > max ? max : (raw < min ? min : raw);
}

static void set_real(const tflm_tensor_obj_t *self, size_t i, float value) {
    if (self->typecode == 'f') {
        ((float *)self->data)[i] = value;
        return;
    }
    if (isnan(value)) {
        mp_raise_ValueError(MP_ERROR_TEXT("NaN can't be quantized"));
    }
    switch (self->typecode) {
        case 'b':
            ((int8_t *)self->data)[i] = (int8_t)quantized(self, value, INT8_MIN, INT8_MAX);
            break;
        case 'B':
            ((uint8_t *)self->data)[i] = (uint8_t)quantized(self, value, 0, UINT8_MAX);
            break;
        case 'h':
            ((int16_t *)self->data)[i] = (int16_t)quantized(self, value, INT16_MIN, INT16_MAX);
            break;
        case 'H':
            ((uint16_t *)self->data)[i] = (uint16_t)quantized(self, value, 0, UINT16_MAX);
            break;
        case 'i':
            ((int32_t *)self->data)[i] = (int32_t)quantized(self, value, INT32_MIN, INT32_MAX);
            break;
        case 'I':
            ((uint32_t *)self->data)[i] = (uint32_t)quantized(self, value, 0, UINT32_MAX);
            break;
        default:
            ((int64_t *)self->data)[i] = quantized(self, value, INT64_MIN, INT64_MAX);
            break;
    }
}

float tflm_tensor_real(const tflm_tensor_obj_t *self, size_t i) {
    if (self->typecode == 'f') {
        return ((const float *)self->data)[i];
    }
    int64_t raw = get_raw(self, i);
    return self->scale != 0.0f ? self->scale * (float)(raw - self->zero_point) : (float)raw;
}

MP_NORETURN static void raise_count(const tflm_tensor_obj_t *self) {
    mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("%d values needed"), (int)self->count);
}

void tflm_tensor_fill(const tflm_tensor_obj_t *self, mp_obj_t values) {
    mp_obj_t len = mp_obj_len_maybe(values);
    if (len != MP_OBJ_NULL && mp_obj_get_int(len) != (mp_int_t)self->count) {
        raise_count(self);
    }
    // An array of floats needs no object for each.
    mp_buffer_info_t buffer;
    if (mp_get_buffer(values, &buffer, MP_BUFFER_READ) && buffer.typecode == 'f') {
        for (size_t i = 0; i < self->count; i++) {
            float value;
            memcpy(&value, (const uint8_t *)buffer.buf + i * sizeof(value), sizeof(value));
            set_real(self, i, value);
        }
        return;
    }
    // Iterators and __float__ methods may run Python code, which may resize a buffer.
    // Those of lists and tuples of numbers do not.
    bool quiet = mp_obj_is_type(values, &mp_type_list) || mp_obj_is_type(values, &mp_type_tuple);
    mp_obj_iter_buf_t iter_buf;
    mp_obj_t iter = mp_getiter(values, &iter_buf);
    size_t i = 0;
    mp_obj_t item;
    while ((item = mp_iternext(iter)) != MP_OBJ_STOP_ITERATION) {
        if (i == self->count) {
            raise_count(self);
        }
        float value = (float)mp_obj_get_float(item);
        if (!quiet || mp_obj_is_instance_type(mp_obj_get_type(item))) {
            tflm_check_buffers(self->interpreter);
        }
        set_real(self, i++, value);
    }
    if (i != self->count) {
        raise_count(self);
    }
}

// Is element a larger than element b?
static bool larger(const tflm_tensor_obj_t *self, size_t a, size_t b) {
    if (self->typecode == 'f') {
        return ((const float *)self->data)[a] > ((const float *)self->data)[b];
    }
    return get_raw(self, a) > get_raw(self, b);
}

size_t tflm_tensor_largest(const tflm_tensor_obj_t *self) {
    if (self->count == 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("tensor is empty"));
    }
    size_t best = 0;
    for (size_t i = 1; i < self->count; i++) {
        if (larger(self, i, best)) {
            best = i;
        }
    }
    return best;
}

// Methods -------------------------------------------------------------------

static mp_obj_t tflm_tensor_quantize(mp_obj_t self_in, mp_obj_t values) {
    const tflm_tensor_obj_t *self = MP_OBJ_TO_PTR(self_in);
    tflm_check_buffers(self->interpreter);
    tflm_tensor_fill(self, values);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(tflm_tensor_quantize_obj, tflm_tensor_quantize);

mp_obj_t tflm_tensor_dequantize(mp_obj_t self_in) {
    const tflm_tensor_obj_t *self = MP_OBJ_TO_PTR(self_in);
    tflm_check_buffers(self->interpreter);
    mp_obj_list_t *list = MP_OBJ_TO_PTR(mp_obj_new_list(self->count, NULL));
    for (size_t i = 0; i < self->count; i++) {
        list->items[i] = mp_obj_new_float((mp_float_t)tflm_tensor_real(self, i));
    }
    return MP_OBJ_FROM_PTR(list);
}
static MP_DEFINE_CONST_FUN_OBJ_1(tflm_tensor_dequantize_obj, tflm_tensor_dequantize);

static mp_obj_t tflm_tensor_argmax(mp_obj_t self_in) {
    const tflm_tensor_obj_t *self = MP_OBJ_TO_PTR(self_in);
    tflm_check_buffers(self->interpreter);
    return mp_obj_new_int_from_uint(tflm_tensor_largest(self));
}
static MP_DEFINE_CONST_FUN_OBJ_1(tflm_tensor_argmax_obj, tflm_tensor_argmax);

// The k largest as (index, score), largest first; of equals the first first.
static mp_obj_t tflm_tensor_topk(mp_obj_t self_in, mp_obj_t k_in) {
    const tflm_tensor_obj_t *self = MP_OBJ_TO_PTR(self_in);
    tflm_check_buffers(self->interpreter);
    mp_int_t k = mp_obj_get_int(k_in);
    if (k < 1 || (size_t)k > self->count) {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("k must be 1 to %d"),
            (int)self->count);
    }
    mp_obj_list_t *list = MP_OBJ_TO_PTR(mp_obj_new_list((size_t)k, NULL));
    size_t last = 0;
    for (size_t n = 0; n < (size_t)k; n++) {
        // The largest of those that come after the last one in the order.
        size_t best = self->count;
        for (size_t i = 0; i < self->count; i++) {
            bool after = n == 0 || larger(self, last, i) || (!larger(self, i, last) && i > last);
            if (after && (best == self->count || larger(self, i, best))) {
                best = i;
            }
        }
        if (best == self->count) {
            // Only NaNs, which have no order, are left.
            list->len = n;
            break;
        }
        mp_obj_t pair[2] = {
            mp_obj_new_int_from_uint(best),
            mp_obj_new_float((mp_float_t)tflm_tensor_real(self, best)),
        };
        list->items[n] = mp_obj_new_tuple(2, pair);
        last = best;
    }
    return MP_OBJ_FROM_PTR(list);
}
static MP_DEFINE_CONST_FUN_OBJ_2(tflm_tensor_topk_obj, tflm_tensor_topk);

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
            ? mp_obj_new_float((mp_float_t)model_tensor_scale(info, i))
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
        model_tensor_t info = describe(self);
        dest[0] = mp_obj_new_str(info.name, info.name_len);
    } else if (attr == MP_QSTR_shape) {
        model_tensor_t info = describe(self);
        dest[0] = shape_of(&info);
    } else if (attr == MP_QSTR_scale || attr == MP_QSTR_zero_point) {
        model_tensor_t info = describe(self);
        dest[0] = quantization_of(&info, attr == MP_QSTR_scale);
    } else {
        dest[1] = MP_OBJ_SENTINEL; // look among the methods
    }
}

static void tflm_tensor_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    const tflm_tensor_obj_t *self = MP_OBJ_TO_PTR(self_in);
    (void)kind;
    model_tensor_t info = describe(self);
    mp_printf(print, "<Tensor %.*s ", (int)info.name_len, info.name);
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

static mp_int_t tflm_tensor_get_buffer(mp_obj_t self_in, mp_buffer_info_t *buffer, mp_uint_t flags) {
    const tflm_tensor_obj_t *self = MP_OBJ_TO_PTR(self_in);
    (void)flags;
    tflm_check_buffers(self->interpreter);
    buffer->buf = self->data;
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
    buffer, tflm_tensor_get_buffer,
    locals_dict, &tflm_tensor_locals
    );
