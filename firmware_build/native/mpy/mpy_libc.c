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
