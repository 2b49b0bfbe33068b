// Where tensors and scratch lie in the arena.
//
// As TFLM's GreedyMemoryPlanner: the largest first, of equals the last, each at the lowest offset where nothing lies
// that is needed at the same time.

#include "native.h"

#define NONE (0xffff)

static uint32_t aligned(uint32_t size) {
    return (size + TFLM_ALIGN - 1) / TFLM_ALIGN * TFLM_ALIGN;
}

// The largest of those that have no place yet, the last of equals.
static native_need_t *largest(native_need_t *needs, size_t count) {
    native_need_t *found = NULL;
    for (size_t i = 0; i < count; i++) {
        if (needs[i].offset == NATIVE_NOWHERE && (found == NULL || needs[i].size >= found->size)) {
            found = &needs[i];
        }
    }
    return found;
}

uint32_t native_plan(native_need_t *needs, size_t count) {
    uint32_t total = 0;
    uint16_t lowest = NONE;
    for (size_t i = 0; i < count; i++) {
        needs[i].size = aligned(needs[i].size);
        needs[i].offset = needs[i].size > 0 ? NATIVE_NOWHERE : 0;
    }
    for (native_need_t *need; (need = largest(needs, count)) != NULL;) {
        uint32_t offset = 0;
        for (uint16_t i = lowest; i != NONE; i = needs[i].next) {
            const native_need_t *other = &needs[i];
            if (other->first > need->last || need->first > other->last) {
                continue;
            }
            if (other->offset >= offset + need->size) {
                break;
            }
            uint32_t end = other->offset + other->size;
            offset = end > offset ? end : offset;
        }
        // Into the list, which is in the order of offsets.
        uint16_t *link = &lowest;
        while (*link != NONE && needs[*link].offset <= offset) {
            link = &needs[*link].next;
        }
        need->offset = offset;
        need->next = *link;
        *link = (uint16_t)(need - needs);
        uint32_t end = offset + need->size;
        total = end > total ? end : total;
    }
    return total;
}
