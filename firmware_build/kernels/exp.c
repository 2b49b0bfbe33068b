#include "exp.h"

// e**(-1/8) and 1/3, and e**(-2**n) from n = -2 on: all twice, for int8_multiply().
#define EXP_MINUS_EIGHTH (UINT32_C(1895147668))
#define THIRD (UINT32_C(715827883))

static const uint32_t powers[] = {
    2 * UINT32_C(1672461947), 2 * UINT32_C(1302514674), 2 * UINT32_C(790015084),
    2 * UINT32_C(290630308), 2 * UINT32_C(39332535), 2 * UINT32_C(720401), 2 * UINT32_C(242),
};

// For x from -1/4 to 0, by the series of x + 1/8, whose terms from the second on are together never
// negative.
static int32_t exp_of_quarter(int32_t x) {
    x += INT32_C(1) << 28;
    int32_t magnitude = x < 0 ? -x : x;
    int32_t x2 = int8_multiply(magnitude, (uint32_t)magnitude * 2);
    int32_t x3 = int8_multiply(x, (uint32_t)x2 * 2);
    int32_t x4 = int8_multiply(x2, (uint32_t)x2 * 2);
    int32_t rest = (int8_multiply(((x4 + 2) >> 2) + x3, 2 * THIRD) + x2 + 1) >> 1;
    return (int32_t)EXP_MINUS_EIGHTH + int8_multiply(x + rest, 2 * EXP_MINUS_EIGHTH);
}

int32_t int8_exp(int32_t x, int fraction) {
    if (x == 0) {
        return INT32_MAX;
    }
    int32_t quarter = INT32_C(1) << (fraction - 2);
    int32_t within = (x & (quarter - 1)) - quarter;
    int32_t result = exp_of_quarter(within * (INT32_C(1) << (31 - fraction)));
    const uint32_t *power = powers;
    for (uint32_t quarters = (uint32_t)(within - x) >> (fraction - 2); quarters > 0; quarters >>= 1) {
        if ((quarters & 1) != 0) {
            result = int8_multiply(result, *power);
        }
        power++;
    }
    return result;
}

// By Newton's method, for half of 1 + x, from a line as its start: 48/17 - 32/17 * half in 1/2**29.
int32_t int8_reciprocal(int32_t x) {
    uint32_t twice_half = ((uint32_t)x + (UINT32_C(1) << 31)) & ~UINT32_C(1);
    int32_t found = INT32_C(1515870810) + int8_multiply(-INT32_C(1010580540), twice_half);
    for (int i = 0; i < 3; i++) {
        int32_t off = (INT32_C(1) << 29) - int8_multiply(found, twice_half);
        found += int8_multiply(off, (uint32_t)found * 2) * 4;
    }
    return found >= INT32_C(1) << 30 ? INT32_MAX : found * 2;
}
