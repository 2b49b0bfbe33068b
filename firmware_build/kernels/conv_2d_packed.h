// The fast way to compute a CONV_2D. Private to CONV_2D and DEPTHWISE_CONV_2D.

#ifndef INT8_CONV_2D_PACKED_H
#define INT8_CONV_2D_PACKED_H

#include "layout.h"

// Change an op's channels and window for it, if its channels and weights are such that this way can
// be gone. They must then stay as they are.
bool int8_conv_2d_packed_prepare(int8_conv_2d_t *op, const int8_t *weights, int8_layout_t layout);

// Bytes of scratch, 0 if its window is too large for this way.
size_t int8_conv_2d_packed_scratch(const int8_conv_2d_t *op);

// One image. Weights are as int8_conv_2d() takes them, however they lay when it was prepared.
void int8_conv_2d_packed(const int8_conv_2d_t *op, const int8_t *image, const int8_t *weights,
    int8_t *output, void *scratch);

#endif // INT8_CONV_2D_PACKED_H
