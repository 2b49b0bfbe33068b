// How values of a tensor are read and written: what tflm_values.c and tflm_fill.c share.

#ifndef TFLM_VALUES_H
#define TFLM_VALUES_H

#include "modtflm.h"

// What is needed to turn raw values into real ones and back.
typedef struct _tflm_values_t {
    void *data;
    char typecode;
    size_t channels; // 1: not per channel
    uint32_t scale; // of all, if not per channel: its bits; 0: not quantized
    int32_t zero_point;
    size_t stride; // elements from one channel to the next
    model_tensor_t info; // of one per channel
} tflm_values_t;

// Within tflm_locked().
void tflm_values_of(const tflm_tensor_obj_t *self, tflm_values_t *values);

// Make value i of a real one, given by the bits of a float32. ValueError for NaN in integers.
void tflm_values_set(const tflm_values_t *values, size_t i, uint32_t value);

#endif // TFLM_VALUES_H
