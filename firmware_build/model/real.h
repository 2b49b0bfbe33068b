// Double precision on integers: what TFLM makes of scales, bit for bit, on machines where a
// double's arithmetic would be kilobytes of code.

#ifndef MODEL_REAL_H
#define MODEL_REAL_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// A number that is not negative, as a double that is no subnormal holds it: mantissa * 2**exponent,
// where 2**52 <= mantissa < 2**53. Of 0 the mantissa is 0.
typedef struct _model_real_t {
    uint64_t mantissa;
    int32_t exponent;
} model_real_t;

// Of a float32 by its bits: positive, or 0, and finite.
model_real_t model_real(uint32_t bits);

// Of a whole number below 2**53; of any, rounded to a float32's 24 bits.
model_real_t model_real_whole(uint64_t x);
model_real_t model_real_whole_single(uint64_t x);

// As IEEE 754 rounds: to the nearest, of two equally near ones to the even one. What is divided by
// is not 0. No exponent may leave a double's range; those of a few float32s never do.
model_real_t model_real_times(model_real_t a, model_real_t b);
model_real_t model_real_over(model_real_t a, model_real_t b);
model_real_t model_real_minus(model_real_t a, model_real_t b); // which is not above a

// x * 2**power.
model_real_t model_real_scaled(model_real_t x, int power);

// x rounded to a float32's 24 bits. Of a product or quotient of two float32s above, which was
// rounded to 53 bits before, that is what single precision gives.
model_real_t model_real_single(model_real_t x);

// The bits of the float32 that x is, which has 24 bits and the range of a normal one, or is 0.
uint32_t model_real_bits(model_real_t x);

// The bits of the float32 nearest to x: of a subnormal too, and infinite if it is too large.
uint32_t model_real_nearest(model_real_t x);

// Below 0 if a < b, 0 if they are equal, else above 0.
int model_real_compare(model_real_t a, model_real_t b);

// x, below 2**127, as a fixed-point multiplier and a shift: QuantizeMultiplier() of
// tensorflow/lite/kernels/internal/quantization_util.cc.
void model_real_factor(model_real_t x, int32_t *multiplier, int8_t *shift);

#ifdef __cplusplus
}
#endif

#endif // MODEL_REAL_H
