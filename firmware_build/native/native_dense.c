// FULLY_CONNECTED.

#include <string.h>

#include "native.h"

#define HEAD (offsetof(int8_fully_connected_t, step) + 1) // what is before the pointers

typedef struct _dense_t {
    native_op_t op;
    uint32_t batches;
    uint32_t factors;
    uint8_t head[16]; // of the kernel's struct
    // int32_t[factors] and int8_t[factors], its pointers' targets
} dense_t;

_Static_assert(HEAD <= 16, "no room");

static int32_t *multipliers_of(const dense_t *dense) {
    return (int32_t *)(dense + 1);
}

static int8_t *shifts_of(const dense_t *dense) {
    return (int8_t *)(multipliers_of(dense) + dense->factors);
}

// As GetQuantizedConvolutionMultipler() of tensorflow/lite/kernels/kernel_util.cc, which is asked
// where there is one scale for all weights.
static bool bias_fits(const native_maker_t *maker, model_real_t products, model_real_t output) {
    const model_real_t most = { UINT64_C(0x147ae147ae147b), -58 }; // 0.02
    const model_tensor_t *bias = &maker->in[2];
    if (bias->constant == NULL) {
        return true;
    }
    model_real_t scale = bias->scale_count > 0 ? native_scale(bias) : model_real(0);
    model_real_t difference = model_real_compare(scale, products) > 0 ? model_real_minus(scale, products)
        : model_real_minus(products, scale);
    return difference.mantissa == 0 || model_real_compare(model_real_over(difference, output), most) <= 0;
}

static const char *make_fully_connected(const native_maker_t *maker, void *record) {
    enum { ACTIVATION };
    dense_t *dense = record;
    const model_tensor_t *weights = &maker->in[1];
    model_real_t input = native_scale(&maker->in[0]), output = native_scale(&maker->out);
    int8_fully_connected_t op;
    op.out_depth = (uint32_t)model_tensor_dim(weights, 0);
    op.in_depth = (uint32_t)model_tensor_dim(weights, 1);
    op.input_zero_point = (int8_t)model_tensor_zero_point(&maker->in[0], 0);
    op.range = native_range(maker, native_small_option(maker, ACTIVATION));
    dense->batches = (uint32_t)native_elements(&maker->out) / op.out_depth;
    dense->factors = (uint32_t)weights->scale_count;
    op.step = dense->factors > 1;
    for (size_t i = 0; i < dense->factors; i++) {
        model_real_t products = model_real_times(input, model_real(native_scale_bits(weights, i)));
        if (op.step == 0 && !bias_fits(maker, products, output)) {
            return "scale of bias is not that of input times weights";
        }
        model_real_factor(model_real_over(products, output), &multipliers_of(dense)[i], &shifts_of(dense)[i]);
    }
    memcpy(dense->head, &op, HEAD);
    return NULL;
}

static void run_fully_connected(const tflm_engine_t *engine, const void *record) {
    const dense_t *dense = record;
    int8_fully_connected_t op;
    memcpy(&op, dense->head, HEAD);
    op.multipliers = multipliers_of(dense);
    op.shifts = shifts_of(dense);
    const int32_t *biases = dense->op.input_count > 2 ? native_input(engine, &dense->op, 2) : NULL;
    int8_fully_connected(&op, dense->batches, native_input(engine, &dense->op, 0),
        native_input(engine, &dense->op, 1), biases, native_output(engine, &dense->op));
}

const native_kind_t native_FULLY_CONNECTED = {
    sizeof(dense_t), 0, 0, sizeof(int32_t) + sizeof(int8_t), make_fully_connected, run_fully_connected
};
