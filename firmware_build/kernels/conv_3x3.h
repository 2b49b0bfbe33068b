// Windows of 3x3 over single channels of an image: what DEPTHWISE_CONV_2D does, and CONV_2D of an
// image with one channel. Private to the two.

#ifndef INT8_CONV_3X3_H
#define INT8_CONV_3X3_H

#include "layout.h"

// Output channel c is of input channel c / multiplier.
typedef struct _int8_conv_3x3_t {
    const int8_window_t *window;
    size_t in_depth, multiplier;
    int8_layout_t layout;
    int8_t input_zero_point;
    int8_range_t range;
    int8_channels_t channels;
} int8_conv_3x3_t;

// Fold the zero point into the channels, if the windows and they are such that int8_conv_3x3() can
// be used.
bool int8_conv_3x3_prepare(const int8_conv_3x3_t *op, const int8_t *weights);

// Bytes of scratch for such windows, 0 for others.
size_t int8_conv_3x3_scratch(const int8_window_t *window, size_t in_depth);

// One image.
void int8_conv_3x3(const int8_conv_3x3_t *op, const int8_t *image, const int8_t *weights,
    int8_t *output, void *scratch);

#endif // INT8_CONV_3X3_H
