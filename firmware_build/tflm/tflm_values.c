// The values of a tensor: raw ones in memory, real ones for Python.

#include <string.h>

#include "kernels.h"
#include "modtflm.h"
#include "tflm_values.h"

// What the model says of this tensor. It was readable when the tensor was made.
model_tensor_t tflm_tensor_describe(const tflm_tensor_obj_t *self) {
    const tflm_model_t *model = &self->interpreter->model;
    model_tensor_t tensor;
    if (!model_tensor(model->data, model->size, self->index, &tensor)) {
        memset(&tensor, 0, sizeof(tensor));
    }
    return tensor;
}

// Where the bytes are. They stay there within tflm_locked() only.
void *tflm_tensor_data(const tflm_tensor_obj_t *self) {
    if (self->block != NULL) {
        return self->block;
    }
    if (self->constant) {
        return (void *)tflm_tensor_describe(self).constant;
    }
    return tflm_engine_data(self->interpreter->engine, self->index);
}

void tflm_values_of(const tflm_tensor_obj_t *self, tflm_values_t *values) {
    values->data = tflm_tensor_data(self);
    values->typecode = self->typecode;
    values->channels = 1;
    values->scale = self->scale;
    values->zero_point = self->zero_point;
    if (self->per_channel) {
        values->info = tflm_tensor_describe(self);
        values->channels = values->info.scale_count;
        values->stride = 1;
        for (size_t i = values->info.rank; i-- > (size_t)values->info.quantized_dimension + 1;) {
            values->stride *= (size_t)model_tensor_dim(&values->info, i);
        }
    }
}

// 0: not quantized.
static uint32_t scale_of(const tflm_values_t *values, size_t i) {
    return values->channels == 1 ? values->scale
        : model_tensor_scale(&values->info, i / values->stride % values->channels);
}

static int32_t zero_point_of(const tflm_values_t *values, size_t i) {
    return values->channels == 1 ? values->zero_point
        : model_tensor_zero_point(&values->info, i / values->stride % values->channels);
}

// A uint64 as the int64 with the same bits.
static int64_t get_raw(const tflm_values_t *values, size_t i) {
    switch (values->typecode) {
        case 'b':
            return ((const int8_t *)values->data)[i];
        case 'B':
            return ((const uint8_t *)values->data)[i];
        case 'h':
            return ((const int16_t *)values->data)[i];
        case 'H':
            return ((const uint16_t *)values->data)[i];
        case 'i':
            return ((const int32_t *)values->data)[i];
        case 'I':
            return ((const uint32_t *)values->data)[i];
        default:
            return ((const int64_t *)values->data)[i];
    }
}

void tflm_values_set(const tflm_values_t *values, size_t i, uint32_t value) {
    // Mostly this does, without the division of floats that is slow where there is no FPU.
    int32_t q = values->typecode == 'b' && values->channels == 1 ? int8_quotient(value, values->scale) : INT8_UNDECIDED;
    if (q != INT8_UNDECIDED) {
        q += values->zero_point;
        ((int8_t *)values->data)[i] = (int8_t)(q > INT8_MAX ? INT8_MAX : (q < INT8_MIN ? INT8_MIN : q));
        return;
    }
    if (values->typecode == 'f') {
        ((uint32_t *)values->data)[i] = value;
        return;
    }
    if (tflm_real_is_nan(value)) {
        mp_raise_ValueError(MP_ERROR_TEXT("NaN can't be quantized"));
    }
    int64_t raw = tflm_real_quantized(value, scale_of(values, i), zero_point_of(values, i), values->typecode);
    switch (values->typecode) {
        case 'b':
        case 'B':
            ((uint8_t *)values->data)[i] = (uint8_t)raw;
            break;
        case 'h':
        case 'H':
            ((uint16_t *)values->data)[i] = (uint16_t)raw;
            break;
        case 'i':
        case 'I':
            ((uint32_t *)values->data)[i] = (uint32_t)raw;
            break;
        default:
            ((int64_t *)values->data)[i] = raw;
            break;
    }
}

static uint32_t get_real(const tflm_values_t *values, size_t i) {
    if (values->typecode == 'f') {
        return ((const uint32_t *)values->data)[i];
    }
    if (values->typecode == 'b' && values->channels == 1) { // as mostly
        return tflm_real_dequantized(((const int8_t *)values->data)[i], values->scale, values->zero_point, 'b');
    }
    return tflm_real_dequantized(get_raw(values, i), scale_of(values, i), zero_point_of(values, i), values->typecode);
}

mp_obj_t tflm_tensor_floats(const tflm_tensor_obj_t *self) {
    tflm_values_t values;
    tflm_values_of(self, &values);
    mp_obj_list_t *list = MP_OBJ_TO_PTR(mp_obj_new_list(self->count, NULL));
    for (size_t i = 0; i < self->count; i++) {
        list->items[i] = tflm_new_float(get_real(&values, i));
    }
    return MP_OBJ_FROM_PTR(list);
}

// Is element a larger than element b? NaN is less than all others. Per channel, raw values
// of different scales can't be compared.
static bool larger(const tflm_values_t *values, size_t a, size_t b) {
    if (values->typecode == 'f' || values->channels > 1) {
        return tflm_real_order(get_real(values, a)) > tflm_real_order(get_real(values, b));
    }
    if (values->typecode == 'Q') {
        return (uint64_t)get_raw(values, a) > (uint64_t)get_raw(values, b);
    }
    return get_raw(values, a) > get_raw(values, b);
}

size_t tflm_tensor_largest(const tflm_tensor_obj_t *self) {
    if (self->count == 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("tensor is empty"));
    }
    tflm_values_t values;
    tflm_values_of(self, &values);
    size_t best = 0;
    if (values.typecode == 'b' && values.channels == 1) {
        const int8_t *raw = values.data;
        for (size_t i = 1; i < self->count; i++) {
            best = raw[i] > raw[best] ? i : best;
        }
        return best;
    }
    for (size_t i = 1; i < self->count; i++) {
        if (larger(&values, i, best)) {
            best = i;
        }
    }
    return best;
}

mp_obj_t tflm_tensor_float(const tflm_tensor_obj_t *self, size_t i) {
    tflm_values_t values;
    tflm_values_of(self, &values);
    return tflm_new_float(get_real(&values, i));
}

// Does element a stand before element b? In the place of an index, a small int.
static bool before(const tflm_values_t *values, mp_obj_t a, mp_obj_t b) {
    size_t i = (size_t)MP_OBJ_SMALL_INT_VALUE(a);
    size_t j = (size_t)MP_OBJ_SMALL_INT_VALUE(b);
    return larger(values, i, j) || (!larger(values, j, i) && i < j);
}

// Restore the heap `items` of indices, no child standing behind its parent, from item i down.
static void sift_down(const tflm_values_t *values, mp_obj_t *items, size_t len, size_t i) {
    for (size_t child; (child = 2 * i + 1) < len; i = child) {
        if (child + 1 < len && before(values, items[child], items[child + 1])) {
            child++;
        }
        if (!before(values, items[i], items[child])) {
            return;
        }
        mp_obj_t item = items[i];
        items[i] = items[child];
        items[child] = item;
    }
}

void tflm_tensor_sort(const tflm_tensor_obj_t *self, mp_obj_list_t *list) {
    tflm_values_t values;
    tflm_values_of(self, &values);
    mp_obj_t *items = list->items;
    for (size_t i = 0; i < list->len; i++) {
        items[i] = MP_OBJ_NEW_SMALL_INT(i);
    }
    for (size_t i = list->len / 2; i-- > 0;) {
        sift_down(&values, items, list->len, i);
    }
    // On top is the last of those that were taken.
    for (size_t i = list->len; i < self->count; i++) {
        if (before(&values, MP_OBJ_NEW_SMALL_INT(i), items[0])) {
            items[0] = MP_OBJ_NEW_SMALL_INT(i);
            sift_down(&values, items, list->len, 0);
        }
    }
    for (size_t len = list->len; len-- > 1;) {
        mp_obj_t item = items[0];
        items[0] = items[len];
        items[len] = item;
        sift_down(&values, items, len, 0);
    }
    for (size_t i = 0; i < list->len; i++) {
        size_t index = (size_t)MP_OBJ_SMALL_INT_VALUE(items[i]);
        mp_obj_t pair[2] = { items[i], tflm_new_float(get_real(&values, index)) };
        items[i] = mp_obj_new_tuple(2, pair);
    }
}
