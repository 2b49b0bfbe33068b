// What the ops have in common.

#include <string.h>

#include "model_schema.h"
#include "native.h"

void *native_data(const tflm_engine_t *engine, size_t tensor) {
    uint32_t place = engine->places[tensor];
    if (place < NATIVE_NOWHERE) {
        return engine->arena + place;
    }
    if ((place & NATIVE_CONSTANT) != 0) {
        return (uint8_t *)engine->model + (place & ~NATIVE_CONSTANT); // read, never written
    }
    return place == NATIVE_NOWHERE ? NULL : engine->moved[place & ~NATIVE_MOVED];
}

native_shape_t native_shape(const native_maker_t *maker, const model_tensor_t *tensor) {
    return (native_shape_t) { (uint32_t)(tensor->dims - maker->buf.data), (uint32_t)tensor->rank };
}

size_t native_elements(const model_tensor_t *tensor) {
    return tensor->bytes / model_type_size(tensor->type);
}

uint32_t native_scale_bits(const model_tensor_t *tensor, size_t i) {
    uint32_t bits;
    memcpy(&bits, tensor->scales + 4 * (tensor->scale_count > 1 ? i : 0), sizeof(bits));
    return bits;
}

model_real_t native_scale(const model_tensor_t *tensor) {
    return model_real(native_scale_bits(tensor, 0));
}

int8_factor_t native_factor(model_real_t real) {
    int8_factor_t factor;
    model_real_factor(real, &factor.multiplier, &factor.shift);
    return factor;
}

static int8_t within(int32_t x) {
    return (int8_t)(x < INT8_MIN ? INT8_MIN : x > INT8_MAX ? INT8_MAX : x);
}

// As CalculateActivationRangeQuantized() of tensorflow/lite/kernels/kernel_util.cc.
int8_range_t native_range(const native_maker_t *maker, unsigned activation) {
    enum { RELU = 1, RELU_N1_TO_1, RELU6 };
    const uint32_t one = 0x3f800000, six = 0x40c00000; // as float32
    int32_t zero_point = model_tensor_zero_point(&maker->out, 0);
    int8_range_t range = { (int8_t)zero_point, INT8_MIN, INT8_MAX };
    if (activation == RELU || activation == RELU6) {
        range.min = (int8_t)zero_point;
    }
    uint32_t scale = native_scale_bits(&maker->out, 0);
    if (activation == RELU_N1_TO_1) {
        range.min = within(zero_point - int8_quotient(one, scale));
    }
    if (activation == RELU_N1_TO_1 || activation == RELU6) {
        range.max = within(zero_point + int8_quotient(activation == RELU6 ? six : one, scale));
    }
    return range;
}
