// CONV_2D the fast way: four places of the output at once, three channels at a time. The input
// below the windows of two of them is gathered tap by tap in 32-bit words that hold a value of
// both: first + second * 65536. A multiplication of such a word by a weight is two
// multiplications. Products of int8 by two weights of at least -127, or by three
// whose absolute values add up to at most 255, fit into 16 bits, so after every two or three
// taps the upper half is taken off and added up by itself:
//
//     word = first0 * w0 + first1 * w1 + (second0 * w0 + second1 * w1) * 65536
//     upper += (word + 32768) >> 16      the sum of the second window
//     whole += word                      modulo 2**32; less upper * 65536 it is the first's
//
// For this the zero point is folded into the bias, since sum((x - zero) * w) is
// sum(x * w) - zero * sum(w), and what is outside of the image has the value `zero`. Rows of
// the window that are outside for both places are left out, and the bias corrected for them.

#include "conv_2d.h"
#include "rescale.h"

#define HALF (32768)
#define MAX_THREE (255)

#define MAX_TAPS (1024) // of a patch

// Added to a channel's exponent, which is below 32: the taps of the three channels from this one
// on can go by threes.
#define THREES (64)

// How weights lie: those of a tap are `tap` behind those of the one before it, those of a
// channel `channel` behind.
typedef struct _layout_t {
    size_t tap, channel;
} layout_t;

static int32_t sum_of(const int8_t *weights, size_t count, size_t step) {
    int32_t sum = 0;
    for (; count >= 4; count -= 4, weights += 4 * step) {
        sum += weights[0] + weights[step] + weights[2 * step] + weights[3 * step];
    }
    for (; count > 0; count--, weights += step) {
        sum += *weights;
    }
    return sum;
}

static bool can_pack(const int8_conv_2d_t *op, const int8_t *weights) {
    size_t taps = taps_of(op);
    if (weights == NULL || taps > MAX_TAPS) {
        return false;
    }
    for (size_t i = 0; i < taps * op->out_depth; i++) {
        if (weights[i] == -128) {
            return false;
        }
    }
    return int8_can_fold(&op->channels, op->out_depth);
}

// Can the taps of three channels go by threes, whichever row of the window comes first?
static bool may_take_threes(const int8_conv_2d_t *op, const int8_t *weights, layout_t layout) {
    size_t taps = taps_of(op);
    size_t step = (size_t)op->window.width * op->in_depth % 3 == 0 ? 3 : 1;
    for (int channels = 3; channels > 0; channels--, weights += layout.channel) {
        for (size_t i = 0; i + 3 <= taps; i += step) {
            int32_t sum = 0;
            for (size_t j = i; j < i + 3; j++) {
                int32_t weight = weights[j * layout.tap];
                sum += weight < 0 ? -weight : weight;
            }
            if (sum > MAX_THREE) {
                return false;
            }
        }
    }
    return true;
}

// Windows of 1x1 that are all side by side need no rows.
static void make_one_row(int8_conv_2d_t *op) {
    int8_window_t *window = &op->window;
    uint32_t places = (uint32_t)window->in_height * window->in_width;
    if (taps_of(op) == op->in_depth && places <= UINT16_MAX
        && places == (uint32_t)window->out_height * window->out_width) {
        window->in_height = window->out_height = 1;
        window->in_width = window->out_width = (uint16_t)places;
        window->stride_height = window->stride_width = 1;
    }
}

static void prepare(int8_conv_2d_t *op, const int8_t *weights, layout_t layout) {
    size_t taps = taps_of(op);
    op->packed = can_pack(op, weights);
    if (!op->packed) {
        return;
    }
    make_one_row(op);
    for (size_t c = 0; c < op->out_depth; c++, weights += layout.channel) {
        int8_fold(&op->channels, c, op->input_zero_point * sum_of(weights, taps, layout.tap));
        if (c % 3 == 0 && c + 3 <= op->out_depth && may_take_threes(op, weights, layout)) {
            op->channels.shifts[c] |= THREES;
        }
    }
}

void int8_conv_2d_prepare(int8_conv_2d_t *op, const int8_t *weights) {
    prepare(op, weights, (layout_t) { 1, taps_of(op) });
}

void int8_conv_2d_prepare_transposed(int8_conv_2d_t *op, const int8_t *weights) {
    prepare(op, weights, (layout_t) { op->out_depth, 1 });
}

size_t int8_conv_2d_scratch(const int8_conv_2d_t *op) {
    size_t taps = taps_of(op);
    return taps <= MAX_TAPS ? op->out_depth * sizeof(int32_t) + taps * 2 * sizeof(uint32_t) : 0;
}

// The patch -----------------------------------------------------------------------

// Rows of a window.
typedef struct _rows_t {
    int32_t first, last; // `last` is none of them
} rows_t;

// Those that are in the image for a place or for the one after it.
static rows_t rows_of(const int8_window_t *window, const place_t *a, const place_t *b) {
    int32_t step = window->dilation_height;
    rows_t rows = { 0, window->height };
    if (b->top < 0) {
        rows.first = (step - 1 - b->top) / step;
    }
    if (a->top + (rows.last - 1) * step >= window->in_height) {
        rows.last = (window->in_height - a->top + step - 1) / step;
    }
    return rows;
}

// What of a window counts for some places: all rows, or those that are in the image.
typedef struct _part_t {
    rows_t rows;
    size_t row; // taps of one
    size_t taps, threes;
    int32_t first, last; // rows of the image, from the place's own
    size_t next_row; // from a value of one to that of the next
    const int8_t *weights; // of the first output channel
    size_t next; // from there to those of the next one
    const int32_t *biases;
    uint32_t start_twos, start_threes; // of `whole`: takes off what is added to each word
} part_t;

static part_t part_of(const int8_conv_2d_t *op, const int8_t *weights, rows_t rows,
    const int32_t *biases) {
    size_t row = (size_t)op->window.width * op->in_depth;
    size_t taps = (size_t)(rows.last - rows.first) * row;
    int32_t step = op->window.dilation_height;
    return (part_t) {
        rows, row, taps, taps / 3, rows.first * step, (rows.last - 1) * step,
        (size_t)step * op->window.in_width * op->in_depth,
        weights + (size_t)rows.first * row, taps_of(op), biases,
        0 - (uint32_t)((taps + 1) / 2) * HALF, 0 - (uint32_t)((taps + 2) / 3) * HALF,
    };
}

#define PACK(i) patch[2 * (i)] = (uint32_t)(first[i] + second[i] * 65536);

static inline uint32_t *pack(uint32_t *patch, const int8_t *first, const int8_t *second, size_t count) {
    for (; count >= 4; count -= 4, first += 4, second += 4, patch += 8) {
        PACK(0) PACK(1) PACK(2) PACK(3)
    }
    if (count & 2) {
        PACK(0) PACK(1)
        first += 2, second += 2, patch += 4;
    }
    if (count & 1) {
        PACK(0)
        patch += 2;
    }
    return patch;
}

// The same where one tap or both are outside of the image.
static uint32_t *pack_edge(uint32_t *patch, const int8_t *first, const int8_t *second,
    size_t count, const int8_t *zero) {
    size_t step_first = first != NULL, step_second = second != NULL;
    first = first != NULL ? first : zero;
    second = second != NULL ? second : zero;
    for (; count > 0; count--, patch += 2) {
        PACK(0)
        first += step_first, second += step_second;
    }
    return patch;
}

__attribute__((noinline)) static uint32_t *pack_taps(const int8_conv_2d_t *op,
    const int8_t *image, const place_t *a, const place_t *b, int32_t y, int32_t x, int32_t end,
    uint32_t *patch) {
    for (; x < end; x++) {
        patch = pack_edge(patch, tap_of(op, image, a, y, x), tap_of(op, image, b, y, x),
            op->in_depth, &op->input_zero_point);
    }
    return patch;
}

// Are the windows in the same rows, with all that count in the image? Those that count for the
// other two places may be outside for these.
static inline bool side_by_side(const int8_window_t *window, const part_t *part, const place_t *a,
    const place_t *b) {
    return a->top == b->top && a->top + part->first >= 0 && a->top + part->last < window->in_height;
}

// The rows of the part of both windows, where they are not as gather() wants them. Side by side,
// most of their columns are in the image for both, and those of a row lie one after the other.
__attribute__((noinline)) static void gather_edge(const int8_conv_2d_t *op, const part_t *part,
    const int8_t *image, const place_t *a, const place_t *b, uint32_t *patch) {
    const int8_window_t *window = &op->window;
    int32_t width = window->width, start = 0, end = 0;
    if (side_by_side(window, part, a, b) && window->dilation_width == 1) {
        int32_t inside = window->in_width - b->left;
        start = a->left < 0 ? -a->left : 0;
        end = inside < width ? inside : width;
        end = end > start ? end : start;
    }
    const int8_t *first = values_at(op, image, a->top + part->first, a->left + start);
    size_t count = (size_t)(end - start) * op->in_depth;
    size_t second = (size_t)(b->left - a->left) * op->in_depth;
    for (int32_t y = part->rows.first; y < part->rows.last; y++, first += part->next_row) {
        patch = pack_taps(op, image, a, b, y, 0, start, patch);
        patch = pack(patch, first, first + second, count);
        patch = pack_taps(op, image, a, b, y, end, width, patch);
    }
}

// Into every other word of a patch.
__attribute__((noinline)) static void gather(const int8_conv_2d_t *op, const part_t *part,
    const int8_t *image, const place_t *a, const place_t *b, uint32_t *patch) {
    const int8_window_t *window = &op->window;
    if (!side_by_side(window, part, a, b) || !columns_inside(window, a) || !columns_inside(window, b)) {
        gather_edge(op, part, image, a, b, patch);
        return;
    }
    const int8_t *first = values_at(op, image, a->top + part->first, a->left);
    const int8_t *second = first + (size_t)(b->left - a->left) * op->in_depth;
    const size_t next = part->next_row, row = part->row;
    for (const uint32_t *last = patch + 2 * part->taps; patch != last; first += next, second += next) {
        patch = pack(patch, first, second, row);
    }
}

// Sums ------------------------------------------------------------------------------

// The biases, with what rows outside of the image would add.
static void correct(const int8_conv_2d_t *op, const int8_t *weights, rows_t rows, int32_t *biases) {
    size_t row = (size_t)op->window.width * op->in_depth;
    size_t above = (size_t)rows.first * row, inside = (size_t)(rows.last - rows.first) * row;
    size_t below = taps_of(op) - above - inside;
    const int8_channel_t *factor = op->channels.factors;
    for (size_t c = op->out_depth; c > 0; c--, factor++, biases++) {
        int32_t sum = sum_of(weights, above, 1);
        weights += above + inside;
        sum += sum_of(weights, below, 1);
        weights += below;
        *biases = factor->bias + op->input_zero_point * sum;
    }
}

// An output channel n at four places: words a have two of them, words b the other two. GCC keeps
// arrays in memory, so each channel has variables of its own; and what is written here needs no
// more registers than RV32 has, if GCC leaves the order as it is.
#define CHANNEL(n, i) \
    const int8_t *w##n = w + n * next; \
    uint32_t whole_a##n = start, whole_b##n = start; \
    int32_t upper_a##n = 0, upper_b##n = 0;
#define WORDS(n, i) uint32_t a##n, b##n;
#define FIRST(n, i) v = (uint32_t)w##n[i], a##n = xa * v, b##n = xb * v;
#define NEXT(n, i) v = (uint32_t)w##n[i], a##n += xa * v, b##n += xb * v;
#define TAKE(n, i) \
    a##n += half, whole_a##n += a##n, upper_a##n += (int32_t)a##n >> 16; \
    b##n += half, whole_b##n += b##n, upper_b##n += (int32_t)b##n >> 16;

// What is done for all channels that are computed together, three or one.
#define THREE(what, i) what(0, i) what(1, i) what(2, i)
#define SINGLE(what, i) what(0, i)
#define ADVANCE_SINGLE(n) x += 2 * (n), w0 += n
#define ADVANCE_THREE(n) ADVANCE_SINGLE(n), w1 += n, w2 += n

// Taps from i on.
#define LOAD(i) xa = x[2 * (i)], xb = x[2 * (i) + 1];
#define TAP(all, what, i) LOAD(i) all(what, i)
#define BEGIN(all) uint32_t v, xa, xb; all(WORDS, 0)
#define ONE_TAP(all, i) { BEGIN(all) TAP(all, FIRST, i) all(TAKE, i) }
#define TWO_TAPS(all, i) { BEGIN(all) TAP(all, FIRST, i) TAP(all, NEXT, i + 1) all(TAKE, i) }
#define THREE_TAPS(all, i) { \
        BEGIN(all) TAP(all, FIRST, i) TAP(all, NEXT, i + 1) TAP(all, NEXT, i + 2) all(TAKE, i) \
}

#define BY_TWOS(all) \
    for (size_t n = part->taps / 4; n > 0; n--) { \
        TWO_TAPS(all, 0) TWO_TAPS(all, 2) \
        ADVANCE_##all(4); \
    } \
    if (part->taps & 2) { \
        TWO_TAPS(all, 0) \
        ADVANCE_##all(2); \
    } \
    if (part->taps & 1) { \
        ONE_TAP(all, 0) \
    }
#define BY_THREES(all) \
    for (size_t n = part->threes / 2; n > 0; n--) { \
        THREE_TAPS(all, 0) THREE_TAPS(all, 3) \
        ADVANCE_##all(6); \
    } \
    if (part->threes & 1) { \
        THREE_TAPS(all, 0) \
        ADVANCE_##all(3); \
    } \
    size_t left = part->taps - 3 * part->threes; \
    if (left == 2) { \
        TWO_TAPS(all, 0) \
    } else if (left == 1) { \
        ONE_TAP(all, 0) \
    }

// The outputs of channel n. What they need is read here, once the inner loop wants no registers.
// `rounding` is the zero point and one half, before the last shift.
#define RELU(sum, to) { \
        int32_t value = sum, found = zero; \
        if (value > 0) { \
            found = (int8_multiply(value, twice) + rounding) >> shift; \
            found = found > max ? max : found; \
        } \
        output[to] = (int8_t)found; \
}
#define OTHER(sum, to) { \
        int32_t value = int8_multiply(sum, twice); \
        output[to] = int8_clamp((value + (value >> 31) + rounding) >> shift, min, max); \
}
#define EACH(what, n) \
    what((int32_t)(whole_a##n - ((uint32_t)upper_a##n << 16)) + bias, 0) \
    what(upper_a##n + bias, depth) \
    what((int32_t)(whole_b##n - ((uint32_t)upper_b##n << 16)) + bias, 2 * depth) \
    what(upper_b##n + bias, last)
#define PUT(n, i) { \
        const int8_range_t *range = &op->range; \
        const int32_t zero = range->zero_point, min = range->min, max = range->max; \
        const size_t depth = op->out_depth; \
        const uint32_t twice = (uint32_t)factor[n].multiplier; \
        const int32_t bias = biases[n]; \
        const int32_t exponent = shifts[n] & 31, shift = exponent + 1; \
        const int32_t rounding = (INT32_C(1) << exponent) + (int32_t)((uint32_t)zero << shift); \
        if (min == zero) { \
            EACH(RELU, n) \
        } else { \
            EACH(OTHER, n) \
        } \
        output++; \
}
#define NEXT_CHANNELS(n) w += n * next, factor += n, shifts += n, biases += n

// All channels of four places; the last of them may be the third once more.
__attribute__((noinline)) static void four_places(const int8_conv_2d_t *op, const part_t *part,
    const uint32_t *patch, int8_t *output, size_t last) {
    const uint32_t half = HALF;
    const size_t next = part->next;
    const int8_channel_t *factor = op->channels.factors;
    const int8_t *shifts = op->channels.shifts, *end = shifts + op->out_depth;
    const int32_t *biases = part->biases;
    const int8_t *w = part->weights;
    for (; end - shifts >= 3; NEXT_CHANNELS(3)) {
        const uint32_t *x = patch;
        const bool threes = (*shifts & THREES) != 0;
        const uint32_t start = threes ? part->start_threes : part->start_twos;
        THREE(CHANNEL, 0)
        if (threes) {
            BY_THREES(THREE)
        } else {
            BY_TWOS(THREE)
        }
        THREE(PUT, 0)
    }
    for (; shifts != end; NEXT_CHANNELS(1)) {
        const uint32_t *x = patch;
        const uint32_t start = part->start_twos;
        SINGLE(CHANNEL, 0)
        BY_TWOS(SINGLE)
        SINGLE(PUT, 0)
    }
}

// All channels of one place, given as two that are the same: each word is x * 65537, and so
// is the sum of products, modulo 2**32; times 1 - 65536 it is that of x.
__attribute__((noinline)) static void one_place(const int8_conv_2d_t *op, const part_t *part,
    const uint32_t *patch, int8_t *output) {
    const int32_t zero = op->range.zero_point, min = op->range.min, max = op->range.max;
    const int8_t *w0 = part->weights;
    const uint32_t *end = patch + 2 * part->taps;
    const size_t next = part->next;
    for (size_t c = 0, some; c < op->out_depth; c += some, w0 += some * next - part->taps) {
        some = c + 4 <= op->out_depth ? 4 : 1;
        uint32_t sums[4] = { 0 };
        if (some == 4) {
            const int8_t *w1 = w0 + next, *w2 = w1 + next, *w3 = w2 + next;
            uint32_t sum0 = 0, sum1 = 0, sum2 = 0, sum3 = 0;
            for (const uint32_t *x = patch; x != end; x += 2) {
                sum0 += *x * (uint32_t)*w0++;
                sum1 += *x * (uint32_t)*w1++;
                sum2 += *x * (uint32_t)*w2++;
                sum3 += *x * (uint32_t)*w3++;
            }
            sums[0] = sum0, sums[1] = sum1, sums[2] = sum2, sums[3] = sum3;
        } else {
            for (const uint32_t *x = patch; x != end; x += 2) {
                sums[0] += *x * (uint32_t)*w0++;
            }
        }
        for (size_t n = c; n < c + some; n++) {
            int32_t sum = (int32_t)(sums[n - c] - (sums[n - c] << 16)) + part->biases[n];
            sum = int8_multiply(sum, (uint32_t)op->channels.factors[n].multiplier);
            *output++ = int8_clamp(int8_halve(sum, op->channels.shifts[n]) + zero, min, max);
        }
    }
}

void int8_conv_2d_packed(const int8_conv_2d_t *op, const int8_t *image, const int8_t *weights,
    int8_t *output, void *scratch) {
    const int8_window_t *window = &op->window;
    int32_t *biases = scratch;
    uint32_t *patch = (uint32_t *)(biases + op->out_depth);
    size_t places = (size_t)window->out_height * window->out_width, some;
    rows_t before = { -1, -1 };
    part_t part = { 0 };
    place_t place[4] = { first_place(window) };
    for (; places > 0; places -= some, output += some * op->out_depth) {
        some = places >= 4 ? 4 : places == 3 ? 3 : 1;
        for (size_t i = 1; i < 4; i++) {
            place[i] = place[i - 1];
            if (i < some) {
                next_place(window, &place[i]);
            }
        }
        rows_t rows = rows_of(window, &place[0], &place[3]);
        if (rows.first != before.first || rows.last != before.last) {
            correct(op, weights, rows, biases);
            before = rows;
            part = part_of(op, weights, rows, biases);
        }
        gather(op, &part, image, &place[0], &place[1], patch);
        if (some == 1) {
            one_place(op, &part, patch, output);
        } else {
            gather(op, &part, image, &place[2], &place[3], patch + 1);
            four_places(op, &part, patch, output, (some - 1) * op->out_depth);
        }
        place[0] = place[3];
        next_place(window, &place[0]);
    }
}
