// Where the windows of a CONV_2D lie. Private to conv_2d*.c.

#ifndef INT8_CONV_2D_PLACE_H
#define INT8_CONV_2D_PLACE_H

#include "kernels.h"

static inline size_t taps_of(const int8_conv_2d_t *op) {
    return (size_t)op->window.height * op->window.width * op->in_depth;
}

// The window of one output. `top` and `left` are in the image and may be outside of it.
typedef struct _place_t {
    int32_t top, left;
    uint32_t column; // of the output
} place_t;

static inline place_t first_place(const int8_window_t *window) {
    return (place_t) { -window->pad_top, -window->pad_left, 0 };
}

static inline void next_place(const int8_window_t *window, place_t *place) {
    place->left += window->stride_width;
    if (++place->column == window->out_width) {
        place->column = 0;
        place->left = -window->pad_left;
        place->top += window->stride_height;
    }
}

// Are all columns of the window in the image, side by side?
static inline bool columns_inside(const int8_window_t *window, const place_t *place) {
    return window->dilation_width == 1 && place->left >= 0
           && place->left + window->width <= window->in_width;
}

static inline const int8_t *pixel_at(const int8_conv_2d_t *op, const int8_t *image, size_t depth,
    int32_t y, int32_t x) {
    return image + ((uint32_t)y * op->window.in_width + (uint32_t)x) * depth;
}

// Of an image that is one group.
static inline const int8_t *values_at(const int8_conv_2d_t *op, const int8_t *image, int32_t y, int32_t x) {
    return pixel_at(op, image, op->in_depth, y, x);
}

// The values of one tap in an image of that depth, or NULL if it is outside.
static inline const int8_t *tap_of(const int8_conv_2d_t *op, const int8_t *image, size_t depth,
    const place_t *place, int32_t y, int32_t x) {
    y = place->top + y * op->window.dilation_height;
    x = place->left + x * op->window.dilation_width;
    bool inside = y >= 0 && y < op->window.in_height && x >= 0 && x < op->window.in_width;
    return inside ? pixel_at(op, image, depth, y, x) : NULL;
}

#endif // INT8_CONV_2D_PLACE_H
