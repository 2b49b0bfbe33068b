// Fixed-point arithmetic where speed is no matter.

#include "rescale.h"

int32_t int8_rescale(int32_t x, int32_t multiplier, int shift) {
    if (shift > 0) {
        x = (int32_t)((uint32_t)x << shift);
    }
    x = int8_multiply(x, (uint32_t)multiplier * 2);
    if (shift >= 0) {
        return x;
    }
    uint32_t mask = (UINT32_C(1) << -shift) - 1;
    uint32_t threshold = (mask >> 1) + (x < 0);
    return (x >> -shift) + (((uint32_t)x & mask) > threshold);
}
