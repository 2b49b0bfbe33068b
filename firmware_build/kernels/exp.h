// Exponentials in fixed point, bit for bit as gemmlowp has them (fixedpoint/fixedpoint.h). A number
// without more said is in 1/2**31.

#ifndef INT8_EXP_H
#define INT8_EXP_H

#include "rescale.h"

// e**x for x in 1/2**fraction, which is 26 or 27, and not above 0: exp_on_negative_values().
int32_t int8_exp(int32_t x, int fraction);

// 1 / (1 + x) for x from 0 to 1: one_over_one_plus_x_for_x_in_0_1().
int32_t int8_reciprocal(int32_t x);

#endif // INT8_EXP_H
