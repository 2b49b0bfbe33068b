// Arithmetic of single precision on bits of float32: tflm_real.c has it by floats, and
// ../native/mpy/mpy_real.c the same by integers.

#ifndef TFLM_REAL_H
#define TFLM_REAL_H

#include <stdbool.h>
#include <stdint.h>

#define TFLM_REAL_SIGN (UINT32_C(1) << 31)
#define TFLM_REAL_INFINITE (UINT32_C(0x7f800000))

static inline bool tflm_real_is_nan(uint32_t bits) {
    return (bits & ~TFLM_REAL_SIGN) > TFLM_REAL_INFINITE;
}

// A whole number that is in the order of what the bits mean; NaN's is below all others.
static inline int32_t tflm_real_order(uint32_t bits) {
    int32_t absolute = (int32_t)(bits & ~TFLM_REAL_SIGN);
    return tflm_real_is_nan(bits) ? INT32_MIN : bits & TFLM_REAL_SIGN ? -absolute : absolute;
}

// TFLite's QUANTIZE: round(value / scale) half away from zero, plus the zero point, saturated to
// the type that an `array` has this code for; in single precision, as its reference kernel
// (lite/kernels/internal/reference/quantize.h, AffineQuantize). The value is no NaN. A scale of 0
// is none. A uint64 is the int64 with the same bits.
int64_t tflm_real_quantized(uint32_t value, uint32_t scale, int32_t zero_point, char typecode);

// Back: the bits of scale * (raw - zero point), or of raw.
uint32_t tflm_real_dequantized(int64_t raw, uint32_t scale, int32_t zero_point, char typecode);

#endif // TFLM_REAL_H
