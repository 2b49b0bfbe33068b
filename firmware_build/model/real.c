#include <stdbool.h>

#include "real.h"

#define BITS (53)
#define SINGLE_BITS (24)
#define LEAST_EXPONENT (-0x8000) // of 0, which is less than all others

static int bits_of(uint64_t x) {
    uint32_t word = (uint32_t)(x >> 32);
    int bits = word != 0 ? 32 : 0;
    word = word != 0 ? word : (uint32_t)x;
    for (int half = 16; half > 0; half /= 2) {
        if (word >> half != 0) {
            word >>= half;
            bits += half;
        }
    }
    return bits + (word != 0);
}

// x * 2**exponent, and if `more` is set a little more than that, rounded to so many bits. What is a
// little more has more bits than these.
static model_real_t rounded(uint64_t x, bool more, int32_t exponent, int bits) {
    if (x == 0) {
        return (model_real_t) { 0, LEAST_EXPONENT };
    }
    int drop = bits_of(x) - bits;
    if (drop > 0) {
        uint64_t half = UINT64_C(1) << (drop - 1), rest = x & (2 * half - 1);
        x >>= drop;
        exponent += drop;
        if (rest > half || (rest == half && (more || (x & 1) != 0))) {
            x++;
        }
        drop = (int)(x >> bits);
        x >>= drop;
        exponent += drop;
        drop = 0;
    }
    // From so many bits to those that a mantissa has.
    int up = BITS - bits - drop;
    return (model_real_t) { x << up, exponent - up };
}

model_real_t model_real(uint32_t bits) {
    int32_t exponent = (int32_t)(bits >> 23 & 0xff);
    uint32_t mantissa = bits & 0x7fffff;
    if (exponent == 0) {
        exponent = 1;
    } else {
        mantissa |= 0x800000;
    }
    return rounded(mantissa, false, exponent - 150, BITS);
}

model_real_t model_real_whole(uint64_t x) {
    return rounded(x, false, 0, BITS);
}

model_real_t model_real_whole_single(uint64_t x) {
    return rounded(x, false, 0, SINGLE_BITS);
}

model_real_t model_real_times(model_real_t a, model_real_t b) {
    // By halves of 26 bits: high * 2**52 + middle * 2**26 + low.
    const uint64_t mask = (1 << 26) - 1;
    uint64_t a_high = a.mantissa >> 26, a_low = a.mantissa & mask;
    uint64_t b_high = b.mantissa >> 26, b_low = b.mantissa & mask;
    uint64_t middle = a_high * b_low + a_low * b_high;
    uint64_t low = ((middle & mask) << 26) + a_low * b_low;
    uint64_t high = a_high * b_high + (middle >> 26) + (low >> 52);
    // Two bits more than a mantissa's, or one.
    uint64_t x = high << 2 | (low >> 50 & 3);
    return rounded(x, (low & ((UINT64_C(1) << 50) - 1)) != 0, a.exponent + b.exponent + 50, BITS);
}

model_real_t model_real_over(model_real_t a, model_real_t b) {
    uint64_t rest = a.mantissa, quotient = 0;
    for (int i = 0; i < BITS + 3; i++) {
        quotient <<= 1;
        if (rest >= b.mantissa) {
            rest -= b.mantissa;
            quotient |= 1;
        }
        rest <<= 1;
    }
    return rounded(quotient, rest != 0, a.exponent - b.exponent - (BITS + 2), BITS);
}

model_real_t model_real_minus(model_real_t a, model_real_t b) {
    int32_t down = a.exponent - b.exponent;
    if (b.mantissa == 0 || down > 60) {
        return a;
    }
    uint64_t x = a.mantissa << 8, y = b.mantissa << 8;
    bool more = (y & ((UINT64_C(1) << down) - 1)) != 0;
    return rounded(x - (y >> down) - more, more, a.exponent - 8, BITS);
}

model_real_t model_real_scaled(model_real_t x, int power) {
    x.exponent += x.mantissa != 0 ? power : 0;
    return x;
}

model_real_t model_real_single(model_real_t x) {
    return rounded(x.mantissa, false, x.exponent, SINGLE_BITS);
}

uint32_t model_real_bits(model_real_t x) {
    if (x.mantissa == 0) {
        return 0;
    }
    uint32_t mantissa = (uint32_t)(x.mantissa >> (BITS - SINGLE_BITS)) & 0x7fffff;
    return (uint32_t)(x.exponent + (BITS - SINGLE_BITS) + 150) << 23 | mantissa;
}

uint32_t model_real_nearest(model_real_t x) {
    // In units of a subnormal, of which a mantissa has 23 bits.
    int32_t down = -149 - x.exponent;
    if (x.mantissa == 0 || down > BITS) {
        return 0;
    }
    if (down > BITS - SINGLE_BITS) {
        uint64_t half = UINT64_C(1) << (down - 1), rest = x.mantissa & (2 * half - 1);
        uint32_t units = (uint32_t)(x.mantissa >> down);
        return units + (rest > half || (rest == half && (units & 1) != 0));
    }
    x = model_real_single(x);
    return x.exponent + BITS > 128 ? UINT32_C(0x7f800000) : model_real_bits(x);
}

int model_real_compare(model_real_t a, model_real_t b) {
    if (a.exponent != b.exponent) {
        return a.exponent < b.exponent ? -1 : 1;
    }
    return a.mantissa < b.mantissa ? -1 : a.mantissa > b.mantissa;
}

void model_real_factor(model_real_t x, int32_t *multiplier, int8_t *shift) {
    // x is mantissa / 2**53, at least 1/2, times a power of two; 31 bits of it are kept.
    int exponent = x.exponent + BITS;
    uint32_t fixed = (uint32_t)((x.mantissa + (1 << (BITS - 32))) >> (BITS - 31));
    if (fixed >> 31 != 0) {
        fixed >>= 1;
        exponent++;
    }
    if (exponent < -31) {
        fixed = 0;
        exponent = 0;
    }
    *multiplier = (int32_t)fixed;
    *shift = (int8_t)exponent;
}
