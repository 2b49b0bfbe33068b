// Arithmetic of single precision on bits of float32, by the machine's own floats.

#include <math.h>
#include <string.h>

#include "tflm_real.h"

static float real_of(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

static uint32_t bits_of(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

static int64_t bounded(float q, int32_t zero_point, int64_t min, int64_t max) {
    // The cast needs a bound, which a float has only with room for the zero point below it.
    const float far = 4611686018427387904.0f;
    if (q >= far || q <= -far) {
        return q > 0 ? max : min;
    }
    int64_t raw = (int64_t)q + zero_point;
    return raw > max ? max : (raw < min ? min : raw);
}

// The 64-bit types have more values above that bound.
static int64_t bounded_64(float q, int32_t zero_point, bool is_unsigned) {
    const float two_63 = 9223372036854775808.0f;
    if (is_unsigned && q >= two_63) {
        return q >= 2 * two_63 ? -1 : (int64_t)(uint64_t)q;
    }
    if (q > -two_63 && q < two_63 && (q >= two_63 / 2 || q <= -two_63 / 2)) {
        return is_unsigned && q < 0 ? 0 : (int64_t)q;
    }
    return bounded(q, zero_point, is_unsigned ? 0 : INT64_MIN, INT64_MAX);
}

int64_t tflm_real_quantized(uint32_t value_bits, uint32_t scale_bits, int32_t zero_point, char typecode) {
    float value = real_of(value_bits), scale = real_of(scale_bits);
    float q = roundf(scale != 0.0f ? value / scale : value);
    switch (typecode) {
        case 'b':
            return bounded(q, zero_point, INT8_MIN, INT8_MAX);
        case 'B':
            return bounded(q, zero_point, 0, UINT8_MAX);
        case 'h':
            return bounded(q, zero_point, INT16_MIN, INT16_MAX);
        case 'H':
            return bounded(q, zero_point, 0, UINT16_MAX);
        case 'i':
            return bounded(q, zero_point, INT32_MIN, INT32_MAX);
        case 'I':
            return bounded(q, zero_point, 0, UINT32_MAX);
        default:
            return bounded_64(q, zero_point, typecode == 'Q');
    }
}

uint32_t tflm_real_dequantized(int64_t raw, uint32_t scale_bits, int32_t zero_point, char typecode) {
    float scale = real_of(scale_bits);
    if (typecode == 'b' && scale != 0.0f) {
        // Without an FPU it takes long to make a float of 64 bits.
        return bits_of(scale * (float)((int32_t)raw - zero_point));
    }
    if (scale != 0.0f) {
        return bits_of(scale * (float)(raw - zero_point));
    }
    return bits_of(typecode == 'Q' ? (float)(uint64_t)raw : (float)raw);
}
