// TILE, GATHER, GATHER_ND, EMBEDDING_LOOKUP, SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND, which move
// bytes whatever they mean.

#include "kernels.h"

static uint8_t *copy(const uint8_t *restrict from, uint8_t *restrict to, size_t bytes) {
    for (uint8_t *end = to + bytes; to != end;) {
        *to++ = *from++;
    }
    return to;
}

typedef struct _tile_t {
    const int *dims;
    const int32_t *multiples;
    int last;
    size_t size;
    const uint8_t *input;
} tile_t;

// Writes one value of the dimensions before `axis` and says where it ends.
static uint8_t *tile_axis(tile_t *tile, int axis, uint8_t *to) {
    const uint8_t *start = to;
    if (axis == tile->last) {
        size_t bytes = (size_t)tile->dims[axis] * tile->size;
        to = copy(tile->input, to, bytes);
        tile->input += bytes;
    } else {
        for (int i = tile->dims[axis]; i > 0; i--) {
            to = tile_axis(tile, axis + 1, to);
        }
    }
    size_t bytes = (size_t)(to - start);
    for (int32_t i = tile->multiples[axis]; i > 1; i--) {
        to = copy(start, to, bytes);
    }
    return to;
}

void int8_tile(const int *dims, int rank, const int32_t *multiples, size_t size, const void *input,
    void *output) {
    tile_t tile = { dims, multiples, rank - 1, size, input };
    tile_axis(&tile, 0, output);
}

bool int8_gather(const int32_t *indices, size_t count, size_t rows, int32_t axis, size_t bytes,
    const void *input, void *output) {
    const uint8_t *from = input;
    uint8_t *to = output;
    for (; rows > 0; rows--, from += (size_t)axis * bytes) {
        for (size_t i = 0; i < count; i++) {
            // Read once: Python may write to them meanwhile.
            int32_t index = *(const volatile int32_t *)&indices[i];
            if (index < 0 || index >= axis) {
                return false;
            }
            to = copy(from + (size_t)index * bytes, to, bytes);
        }
    }
    return true;
}

bool int8_gather_nd(const int32_t *indices, size_t count, const int *dims, int indexed, size_t bytes,
    const void *input, void *output) {
    uint8_t *to = output;
    for (; count > 0; count--, indices += indexed) {
        size_t place = 0;
        for (int i = 0; i < indexed; i++) {
            int32_t index = *(const volatile int32_t *)&indices[i];
            if (index < 0 || index >= dims[i]) {
                return false;
            }
            place = place * (size_t)dims[i] + (size_t)index;
        }
        to = copy((const uint8_t *)input + place * bytes, to, bytes);
    }
    return true;
}

void int8_blocks(const int8_blocks_t *op, const void *value, const void *input, void *output) {
    const uint8_t *from = input;
    uint8_t *to = output;
    for (int block = 0; block < op->block[0] * op->block[1]; block++) {
        int32_t top = block / op->block[1] - op->before[0], left = block % op->block[1] - op->before[1];
        for (int32_t image = 0; image < op->images; image++) {
            for (int32_t y = 0; y < op->small[0]; y++) {
                for (int32_t x = 0; x < op->small[1]; x++) {
                    int32_t row = y * op->block[0] + top, column = x * op->block[1] + left;
                    bool inside = row >= 0 && row < op->large[0] && column >= 0 && column < op->large[1];
                    size_t pixel = ((size_t)image * (size_t)op->large[0] + (size_t)row)
                        * (size_t)op->large[1] + (size_t)column;
                    if (value == NULL) {
                        if (inside) {
                            copy(from, to + pixel * op->bytes, op->bytes);
                        }
                        from += op->bytes;
                    } else if (inside) {
                        to = copy(from + pixel * op->bytes, to, op->bytes);
                    } else {
                        for (size_t i = 0; i < op->bytes; i += op->size) {
                            to = copy(value, to, op->size);
                        }
                    }
                }
            }
        }
    }
}
