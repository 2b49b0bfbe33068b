// Two operands of which one may be repeated to the shape of the other.

#include "kernels.h"

#define MAX_RANK (6)

// A dimension of the output, and how far apart in bytes its values are in the operands. Those along
// which both go on as in the one within are one.
typedef struct _level_t {
    size_t count, a_step, b_step;
} level_t;

static size_t dim_of(const int8_operand_t *operand, int from_end) {
    return from_end <= operand->rank ? (size_t)operand->dims[operand->rank - from_end] : 1;
}

static int levels_of(const int8_operand_t *a, const int8_operand_t *b, size_t size, level_t *levels) {
    int n = 0;
    size_t a_size = size, b_size = size;
    levels[0] = (level_t) { 1, 0, 0 };
    int rank = a->rank > b->rank ? a->rank : b->rank;
    for (int i = 1; i <= rank; i++) {
        size_t of_a = dim_of(a, i), of_b = dim_of(b, i);
        level_t level = { of_a > of_b ? of_a : of_b, of_a > 1 ? a_size : 0, of_b > 1 ? b_size : 0 };
        a_size *= of_a;
        b_size *= of_b;
        if (level.count == 1) {
            continue;
        }
        level_t *within = &levels[n > 0 ? n - 1 : 0];
        if (n > 0 && level.a_step == within->a_step * within->count
            && level.b_step == within->b_step * within->count) {
            within->count *= level.count;
        } else {
            levels[n++] = level;
        }
    }
    return n;
}

void int8_broadcast(const void *op, int8_row_t run, size_t size, const int8_operand_t *a,
    const int8_operand_t *b, void *output) {
    level_t levels[MAX_RANK];
    size_t at[MAX_RANK] = { 0 };
    int n = levels_of(a, b, size, levels);
    const uint8_t *from_a = a->data, *from_b = b->data;
    uint8_t *to = output;
    for (int i = 0; i < n || i == 0;) {
        run(op, from_a, levels[0].a_step > 0, from_b, levels[0].b_step > 0, to, levels[0].count);
        to += levels[0].count * size;
        for (i = 1; i < n; i++) {
            from_a += levels[i].a_step;
            from_b += levels[i].b_step;
            if (++at[i] < levels[i].count) {
                break;
            }
            at[i] = 0;
            from_a -= levels[i].count * levels[i].a_step;
            from_b -= levels[i].count * levels[i].b_step;
        }
    }
}
