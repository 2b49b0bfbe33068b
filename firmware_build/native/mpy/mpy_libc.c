// What the compiler calls without being asked to, and a native module has no library for.

#include <stddef.h>
#include <stdint.h>

#include "py/dynruntime.h"

#define USED __attribute__((used, externally_visible))

void *memcpy(void *to, const void *from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *text);

USED void *memcpy(void *to, const void *from, size_t size) {
    return mp_fun_table.memmove_(to, from, size);
}

USED void *memmove(void *to, const void *from, size_t size) {
    return mp_fun_table.memmove_(to, from, size);
}

USED void *memset(void *to, int value, size_t size) {
    return mp_fun_table.memset_(to, value, size);
}

USED int memcmp(const void *a_in, const void *b_in, size_t size) {
    const uint8_t *a = a_in, *b = b_in;
    for (size_t i = 0; i < size; i++) {
        if (a[i] != b[i]) {
            return a[i] < b[i] ? -1 : 1;
        }
    }
    return 0;
}

USED size_t strlen(const char *text) {
    size_t len = 0;
    while (text[len] != '\0') {
        len++;
    }
    return len;
}

#if defined(__riscv) && __riscv_xlen == 32

// A call by one instruction, since MicroPython's linker does not relax those by two. What the
// compiler calls by itself has @plt behind it, which that instruction does not take.
__asm__ (
    ".macro jump_to instruction, to, other\n"
    ".set .Ldone, 0\n"
    ".irp name, __ashldi3, __lshrdi3, __divdi3, __udivdi3, memcpy, memmove, memset, memcmp, strlen\n"
    ".ifc \\to,\\name\\()@plt\n"
    "\\instruction \\name\n"
    ".set .Ldone, 1\n"
    ".endif\n"
    ".endr\n"
    ".if .Ldone == 0\n"
    ".ifb \\other\n"
    "\\instruction \\to\n"
    ".else\n"
    "\\instruction \\to, \\other\n"
    ".endif\n"
    ".endif\n"
    ".endm\n"
    ".macro call to, other\n"
    "jump_to jal, \\to, \\other\n"
    ".endm\n"
    ".macro tail to\n"
    "jump_to j, \\to\n"
    ".endm\n");

#endif

#if UINTPTR_MAX == UINT32_MAX && !defined(__arm__) // for which libgcc's own are linked

// Shifts of 64 bits, as libgcc has them.
uint64_t __ashldi3(uint64_t x, int shift);
uint64_t __lshrdi3(uint64_t x, int shift);

USED uint64_t __ashldi3(uint64_t x, int shift) {
    uint32_t low = (uint32_t)x, high = (uint32_t)(x >> 32);
    if (shift >= 32) {
        high = low << (shift - 32);
        low = 0;
    } else if (shift > 0) {
        high = high << shift | low >> (32 - shift);
        low <<= shift;
    }
    return (uint64_t)high << 32 | low;
}

USED uint64_t __lshrdi3(uint64_t x, int shift) {
    uint32_t low = (uint32_t)x, high = (uint32_t)(x >> 32);
    if (shift >= 32) {
        low = high >> (shift - 32);
        high = 0;
    } else if (shift > 0) {
        low = low >> shift | high << (32 - shift);
        high >>= shift;
    }
    return (uint64_t)high << 32 | low;
}

#endif
