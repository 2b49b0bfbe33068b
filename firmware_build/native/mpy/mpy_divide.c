// Division of 64 bits for machines of 32, as libgcc has it, in less than half of its code.

#include <stdint.h>

#if UINTPTR_MAX == UINT32_MAX

#define USED __attribute__((used, externally_visible))
#ifdef __arm__
#define CALLED USED // below
#else
#define CALLED static
#endif

CALLED uint64_t mpy_divided(uint64_t a, uint64_t b, uint64_t *rest_out);
CALLED int64_t mpy_divided_signed(int64_t a, int64_t b, int64_t *rest_out);

uint64_t mpy_divided(uint64_t a, uint64_t b, uint64_t *rest_out) {
    uint64_t rest = 0;
    for (int i = 0; i < 64; i++) {
        rest = rest << 1 | a >> 63;
        a <<= 1;
        if (rest >= b) {
            rest -= b;
            a |= 1;
        }
    }
    *rest_out = rest;
    return a;
}

static uint64_t size_of(int64_t x) {
    return x < 0 ? 0 - (uint64_t)x : (uint64_t)x;
}

static int64_t with_sign(uint64_t size, int negative) {
    return (int64_t)(negative ? 0 - size : size);
}

int64_t mpy_divided_signed(int64_t a, int64_t b, int64_t *rest_out) {
    uint64_t rest;
    uint64_t quotient = mpy_divided(size_of(a), size_of(b), &rest);
    *rest_out = with_sign(rest, a < 0);
    return with_sign(quotient, (a < 0) != (b < 0));
}

#ifdef __arm__

// As Arm's compilers call it: the quotient in r0 and r1, the rest in r2 and r3, which no function of
// C returns.
__asm__ (
    ".syntax unified\n"
    ".thumb\n"
    ".macro divide name, by\n"
    ".global \\name\n"
    ".thumb_func\n"
    "\\name:\n"
    "push {r4, lr}\n"
    "sub sp, #16\n"
    "add r4, sp, #8\n"
    "str r4, [sp]\n" // rest_out
    "bl \\by\n"
    "ldr r2, [sp, #8]\n"
    "ldr r3, [sp, #12]\n"
    "add sp, #16\n"
    "pop {r4, pc}\n"
    ".endm\n"
    "divide __aeabi_uldivmod, mpy_divided\n"
    "divide __aeabi_ldivmod, mpy_divided_signed\n");

#else

uint64_t __udivdi3(uint64_t a, uint64_t b);
int64_t __divdi3(int64_t a, int64_t b);

USED uint64_t __udivdi3(uint64_t a, uint64_t b) {
    uint64_t rest;
    return mpy_divided(a, b, &rest);
}

USED int64_t __divdi3(int64_t a, int64_t b) {
    int64_t rest;
    return mpy_divided_signed(a, b, &rest);
}

#endif
#endif
