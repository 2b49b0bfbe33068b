// Fixed-point arithmetic where speed is no matter.

#include "rescale.h"

#define MAX_BIAS (INT32_C(1) << 29)
#define MAX_EXPONENT (22)

bool int8_can_fold(const int8_channels_t *channels, size_t count) {
    for (size_t c = 0; c < count; c++) {
        int32_t bias = channels->factors[c].bias;
        int shift = channels->shifts[c];
        if (bias < -MAX_BIAS || bias > MAX_BIAS || shift > -1 || shift < -MAX_EXPONENT) {
            return false;
        }
    }
    return true;
}

void int8_fold(const int8_channels_t *channels, size_t channel, int32_t zero_sum) {
    int8_channel_t *factor = &channels->factors[channel];
    factor->bias -= zero_sum;
    factor->multiplier = (int32_t)((uint32_t)factor->multiplier * 2);
    channels->shifts[channel] = (int8_t)(-channels->shifts[channel] - 1);
}

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
