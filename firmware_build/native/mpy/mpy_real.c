// Arithmetic of single precision on bits of float32, by integers alone: see tflm_real.h.

#include "kernels.h"
#include "real.h"
#include "tflm_real.h"

#define SIGN TFLM_REAL_SIGN
#define INFINITE TFLM_REAL_INFINITE

// |value / scale|, rounded half away from zero; UINT64_MAX if that is 2**64 or more.
static uint64_t quotient_of(uint32_t value, uint32_t scale) {
    value &= ~SIGN;
    scale &= ~SIGN;
    if (value >= INFINITE || scale >= INFINITE) {
        return value >= INFINITE ? UINT64_MAX : 0;
    }
    model_real_t x = model_real(value);
    if (scale != 0) {
        x = model_real_single(model_real_over(x, model_real(scale)));
    }
    if (x.exponent < -53) {
        return 0;
    }
    if (x.exponent < 0) {
        return ((x.mantissa >> (-x.exponent - 1)) + 1) >> 1;
    }
    return x.exponent <= 64 - 53 ? x.mantissa << x.exponent : UINT64_MAX;
}

int64_t tflm_real_quantized(uint32_t value, uint32_t scale, int32_t zero_point, char typecode) {
    uint64_t q = quotient_of(value, scale);
    bool negative = ((value ^ (scale << 1 != 0 ? scale : 0)) & SIGN) != 0;
    int64_t same = negative ? (int64_t)(0 - q) : (int64_t)q;
    bool is_unsigned = typecode < 'a';
    char code = is_unsigned ? (char)(typecode + ('a' - 'A')) : typecode;
    int64_t max = INT64_MAX;
    if (code != 'q') {
        int bits = (code == 'b' ? 8 : code == 'h' ? 16 : 32) - !is_unsigned;
        max = (INT64_C(1) << bits) - 1;
    } else if (q >> 62 == 1) {
        return is_unsigned && negative ? 0 : same;
    } else if (is_unsigned && !negative && q >> 63 != 0) {
        return same;
    }
    int64_t min = is_unsigned ? 0 : -max - 1;
    if (q >> 62 != 0) {
        return negative ? min : max;
    }
    int64_t raw = same + zero_point;
    return raw > max ? max : (raw < min ? min : raw);
}

uint32_t tflm_real_dequantized(int64_t raw, uint32_t scale, int32_t zero_point, char typecode) {
    if (scale << 1 == 0) {
        bool negative = raw < 0 && typecode != 'Q';
        return model_real_nearest(model_real_whole_single(negative ? 0 - (uint64_t)raw : (uint64_t)raw)) | (negative ? SIGN : 0);
    }
    int64_t difference = (int64_t)((uint64_t)raw - (uint64_t)(int64_t)zero_point);
    // The fast way of values of int8.
    if (difference >= -255 && difference <= 255 && scale >= UINT32_C(1) << 23 && scale < UINT32_C(227) << 23) {
        return int8_real((int32_t)difference, scale);
    }
    uint32_t sign = (difference < 0 ? SIGN : 0) ^ (scale & SIGN);
    scale &= ~SIGN;
    if (scale >= INFINITE) {
        return sign | scale;
    }
    model_real_t whole = model_real_whole_single(difference < 0 ? 0 - (uint64_t)difference : (uint64_t)difference);
    return sign | model_real_nearest(model_real_times(whole, model_real(scale)));
}
