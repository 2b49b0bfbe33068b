// QUANTIZE of float32 and DEQUANTIZE to it by integers alone: many chips have no instructions for
// floats.

#include "kernels.h"

#define SIGN (UINT32_C(1) << 31)
#define MANTISSA ((UINT32_C(1) << 23) - 1)
#define INFINITE (255)

static int exponent_of(uint32_t bits) {
    return (int)(bits >> 23 & 0xff);
}

static uint32_t mantissa_of(uint32_t bits) {
    return (bits & MANTISSA) | (MANTISSA + 1);
}

// The quotient of the magnitudes is mantissa / divisor * 2**exponent. As a float32 it is
// rounded twice, to 24 bits and to an integer, so what is half or a little less than half goes
// up: k + 1/2 - 2**(e - 24) is rounded to k + 1/2, where 2**e is k's highest bit, and so is what
// lies between. Below 1/2 floats are too close for that to happen.
static int32_t rounded(uint32_t mantissa, uint32_t divisor, int exponent) {
    uint32_t dividend = mantissa << exponent;
    uint32_t k = dividend / divisor;
    uint32_t twice = 2 * (dividend - k * divisor);
    if (twice >= divisor) {
        return (int32_t)k + 1;
    }
    int shift = 23;
    for (uint32_t bits = k; bits > 1; bits >>= 1) {
        shift--;
    }
    return (int32_t)k + (k > 0 && divisor - twice <= divisor >> shift);
}

int32_t int8_quotient(uint32_t x, uint32_t scale) {
    int exponent = exponent_of(x), below = exponent_of(scale);
    if (exponent == INFINITE && (x & MANTISSA) != 0) {
        return INT8_UNDECIDED; // NaN
    }
    if ((scale & SIGN) != 0 || below == 0 || below == INFINITE
        || (exponent == 0 && (x & MANTISSA) != 0)) {
        return INT8_UNDECIDED;
    }
    int32_t magnitude;
    uint32_t mantissa = mantissa_of(x), divisor = mantissa_of(scale);
    exponent -= below;
    if (exponent > 8) {
        magnitude = INT8_QUOTIENT;
    } else if (exponent >= 0) {
        magnitude = rounded(mantissa, divisor, exponent);
    } else {
        magnitude = exponent == -1 && mantissa >= divisor;
    }
    return (x & SIGN) != 0 ? -magnitude : magnitude;
}

uint32_t int8_real(int32_t q, uint32_t scale) {
    if (q == 0) {
        return 0;
    }
    uint32_t product = mantissa_of(scale) * (uint32_t)(q < 0 ? -q : q);
    int shift = 0;
    while (product >> shift > 2 * MANTISSA + 1) {
        shift++;
    }
    // To even where it is in the middle. What is rounded up to a power of two carries into the
    // exponent, since of the mantissa's highest bit nothing is written.
    if (shift > 0) {
        product = (product + (UINT32_C(1) << (shift - 1)) - 1 + (product >> shift & 1)) >> shift;
    }
    uint32_t exponent = (uint32_t)(exponent_of(scale) + shift);
    return (q < 0 ? SIGN : 0) | ((exponent << 23) + product - (MANTISSA + 1));
}
