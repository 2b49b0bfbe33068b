// The input below four windows, as conv_2d_packed.c wants it. Private to conv_2d*.c.

#ifndef INT8_CONV_2D_PATCH_H
#define INT8_CONV_2D_PATCH_H

#include "conv_2d_place.h"

// The rows of a window that count for some places: all, or those that are in the image.
typedef struct _rows_t {
    int32_t first, end;
    int32_t top, bottom; // rows of the image for the first and the last, from the place's own
    size_t row; // taps of one
    size_t taps; // of all of them
    size_t next; // from a value of one row of the image to that of the next
} rows_t;

// For the places from `first` to `last`, in the order of the output.
rows_t int8_conv_2d_rows(const int8_conv_2d_t *op, const place_t *first, const place_t *last);

// Fill the patch, two words for each tap: the first two places in one, the others in the other.
// Those are `places` from `first` to `last`; less than four, the last one is there again.
void int8_conv_2d_gather(const int8_conv_2d_t *op, const rows_t *rows, const int8_t *image,
    const place_t *first, const place_t *last, size_t places, uint32_t *patch);

#endif // INT8_CONV_2D_PATCH_H
