// CONV_2D the fast way: four places of the output at once, of one channel or three. The input
// below their windows is in a patch (conv_2d_patch.h), of words that hold a value of two places:
// first + second * 65536. A multiplication of such a word by a weight is two multiplications.
// Products of int8 by two weights of at least -127, or by three whose absolute values add up to
// at most 255, fit into 16 bits, so after every three taps, as far as the weights are so, and then
// after every two the upper half is taken off and added up by itself:
//
//     word = first0 * w0 + first1 * w1 + (second0 * w0 + second1 * w1) * 65536
//     upper += (word + 32768) >> 16      the sum of the second window
//     whole += word                      modulo 2**32; less upper * 65536 it is the first's
//
// For this the zero point is folded into the bias, since sum((x - zero) * w) is
// sum(x * w) - zero * sum(w), and what is outside of the image has the value `zero`. Rows of
// the window that are outside for all four places are left out, and the bias corrected for them.

#include "conv_2d_packed.h"
#include "conv_2d_patch.h"
#include "rescale.h"

#define HALF (32768)
#define MAX_THREE (255)

#define MAX_TAPS (1024) // of a patch

// Channels that are computed together, three or one: three want 28 registers. (Other machines have
// 16, as an ESP32 has and a PC.)
#ifndef INT8_TOGETHER
#if defined(__riscv) || defined(__aarch64__)
#define INT8_TOGETHER (3)
#else
#define INT8_TOGETHER (1)
#endif
#endif

// A channel's exponent is below 32. Above it stands how many of its taps can go by threes, in
// sevenths; for channels that are computed together, at the first of them.
#define EXPONENT (31)
#define SEVENTHS (5)

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
    if (taps > MAX_TAPS) {
        return false;
    }
    const int8_t *end = weights + taps * op->out_depth;
    for (; end - weights >= 4; weights += 4) {
        if (weights[0] == -128 || weights[1] == -128 || weights[2] == -128 || weights[3] == -128) {
            return false;
        }
    }
    for (; weights != end; weights++) {
        if (*weights == -128) {
            return false;
        }
    }
    return int8_can_fold(&op->channels, op->out_depth);
}

static inline int32_t magnitude(int32_t weight) {
    return weight < 0 ? -weight : weight;
}

// How many sevenths of the taps can go by threes, in channels computed together, whichever row of
// the window comes first? It is the first one unless others lie above the image.
static unsigned sevenths_by_threes(const int8_conv_2d_t *op, const int8_t *weights,
    int8_layout_t layout) {
    size_t taps = taps_of(op), tap = layout.tap, found = taps;
    bool aligned = op->window.pad_top == 0 || (size_t)op->window.width * op->in_depth % 3 == 0;
    size_t step = aligned ? 3 : 1;
    for (int channels = INT8_TOGETHER; channels > 0; channels--, weights += layout.channel) {
        const int8_t *w = weights;
        for (size_t i = 0; i + 3 <= found; i += step, w += step * tap) {
            if (magnitude(w[0]) + magnitude(w[tap]) + magnitude(w[2 * tap]) > MAX_THREE) {
                found = i + 2;
            }
        }
    }
    return (unsigned)(found * 7 / taps);
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

bool int8_conv_2d_packed_prepare(int8_conv_2d_t *op, const int8_t *weights, int8_layout_t layout) {
    size_t taps = taps_of(op);
    if (!can_pack(op, weights)) {
        return false;
    }
    make_one_row(op);
    for (size_t c = 0; c < op->out_depth; c++, weights += layout.channel) {
        int8_fold(&op->channels, c, op->input_zero_point * sum_of(weights, taps, layout.tap));
        if (c % INT8_TOGETHER == 0 && c + INT8_TOGETHER <= op->out_depth) {
            unsigned sevenths = sevenths_by_threes(op, weights, layout);
            op->channels.shifts[c] = (int8_t)((uint8_t)op->channels.shifts[c] | sevenths << SEVENTHS);
        }
    }
    return true;
}

// Sums ------------------------------------------------------------------------------

// What turns sums into outputs, for each channel, beside its multiplier; the bias less what rows
// outside of the image take.
typedef struct _channel_t {
    int32_t bias;
    uint8_t exponent; // int8_fold()
    uint16_t threes; // so many groups of three taps come first, an even number
} channel_t;

size_t int8_conv_2d_packed_scratch(const int8_conv_2d_t *op) {
    size_t taps = taps_of(op);
    return taps <= MAX_TAPS ? op->out_depth * sizeof(channel_t) + taps * 2 * sizeof(uint32_t) : 0;
}

// What of the filters counts for some places.
typedef struct _part_t {
    const int8_t *weights; // of the first output channel
    size_t next; // from there to those of the next one
    size_t taps;
} part_t;

static part_t part_of(const int8_conv_2d_t *op, const int8_t *weights, const rows_t *rows,
    channel_t *channel) {
    size_t taps = taps_of(op), above = (size_t)rows->first * rows->row;
    size_t below = taps - above - rows->taps;
    part_t part = { weights + above, taps, rows->taps };
    const int8_channel_t *factor = op->channels.factors;
    const uint8_t *shift = (const uint8_t *)op->channels.shifts, *end = shift + op->out_depth;
    for (; shift != end; shift++, factor++, channel++, weights += taps) {
        int32_t outside = sum_of(weights, above, 1) + sum_of(weights + taps - below, below, 1);
        size_t by_threes = taps * (*shift >> SEVENTHS) / 7;
        by_threes = by_threes > above ? by_threes - above : 0;
        channel->bias = factor->bias + op->input_zero_point * outside;
        channel->exponent = *shift & EXPONENT;
        channel->threes = (uint16_t)((by_threes < rows->taps ? by_threes : rows->taps) / 6 * 2);
    }
    return part;
}

// The scratch may lie where Python writes during a run: what is wrong there makes wrong outputs, and
// nothing else. So this is read once, and looked at.
static inline size_t threes_of(const channel_t *channel, size_t taps) {
    size_t threes = *(const volatile uint16_t *)&channel->threes;
    return 3 * threes <= taps ? threes : 0;
}

static inline int32_t wrapping_sum(int32_t a, int32_t b) {
    return (int32_t)((uint32_t)a + (uint32_t)b);
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

// How many taps go by threes, how many are left, and where `whole` starts: it takes off what is
// added to each word.
#define BEGIN_TAPS(by_threes) \
    const size_t threes = by_threes, left = part->taps - 3 * threes; \
    const uint32_t start = 0 - (uint32_t)(threes + (left + 1) / 2) * HALF;

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

#define ALL_TAPS(all) \
    for (size_t n = threes / 2; n > 0; n--) { \
        THREE_TAPS(all, 0) THREE_TAPS(all, 3) \
        ADVANCE_##all(6); \
    } \
    for (size_t n = left / 4; n > 0; n--) { \
        TWO_TAPS(all, 0) TWO_TAPS(all, 2) \
        ADVANCE_##all(4); \
    } \
    if (left & 2) { \
        TWO_TAPS(all, 0) \
        ADVANCE_##all(2); \
    } \
    if (left & 1) { \
        ONE_TAP(all, 0) \
    }

// An output of a channel.
#define RELU(sum, to) { \
        int32_t value = sum, found = rounding >> shift; \
        if (value > 0) { \
            found = wrapping_sum(int8_multiply(value, twice), rounding) >> shift; \
            found = found > max ? max : found; \
        } \
        output[to] = (int8_t)found; \
}
#define OTHER(sum, to) { \
        int32_t value = int8_multiply(sum, twice); \
        output[to] = int8_clamp(wrapping_sum(value + (value >> 31), rounding) >> shift, min, max); \
}
#define EACH(what, n) \
    what(wrapping_sum((int32_t)(whole_a##n - ((uint32_t)upper_a##n << 16)), bias), n) \
    what(wrapping_sum(upper_a##n, bias), depth + n) \
    what(wrapping_sum((int32_t)(whole_b##n - ((uint32_t)upper_b##n << 16)), bias), 2 * depth + n) \
    what(wrapping_sum(upper_b##n, bias), last + n)
#define PUT(n, what) { \
        const int32_t bias = channel[n].bias; \
        const int exponent = channel[n].exponent & EXPONENT, shift = (exponent + 1) & EXPONENT; \
        const uint32_t twice = (uint32_t)factor[n].multiplier; \
        const int32_t rounding = int8_rounding(point, exponent); \
        EACH(what, n) \
}

// The same for any activation: apart, where it would be there four times.
__attribute__((noinline)) static void put(const int8_conv_2d_t *op, const channel_t *channel,
    const int8_channel_t *factor, int8_t *output, uint32_t whole_a0, int32_t upper_a0, uint32_t whole_b0,
    int32_t upper_b0, size_t last) {
    const int32_t point = op->range.zero_point, min = op->range.min, max = op->range.max;
    const size_t depth = op->out_depth;
    PUT(0, OTHER)
}

#define PUT_ANY(n, i) \
    put(op, channel + n, factor + n, output + n, whole_a##n, upper_a##n, whole_b##n, upper_b##n, last);

// Constants say what is written where the sums are made.
#define PUT_ALL(all, relu, other) { \
        const int32_t point = op->range.zero_point, min = op->range.min, max = op->range.max; \
        const size_t depth = op->out_depth; \
        if (relu && min == point) { \
            all(PUT, RELU) \
        } else if (other) { \
            all(PUT, OTHER) \
        } else { \
            all(PUT_ANY, 0) \
        } \
}

// All channels of four places; the last of them may be the third once more.
__attribute__((noinline)) static void four_places(const int8_conv_2d_t *op, const part_t *part,
    const channel_t *channel, const uint32_t *patch, int8_t *output, size_t last) {
    const uint32_t half = HALF;
    const size_t next = part->next;
    const int8_channel_t *factor = op->channels.factors;
    const channel_t *end = channel + op->out_depth;
    const int8_t *w = part->weights;
    for (; INT8_TOGETHER == 3 && end - channel >= 3; channel += 3, factor += 3, w += 3 * next, output += 3) {
        const uint32_t *x = patch;
        BEGIN_TAPS(threes_of(channel, part->taps))
        THREE(CHANNEL, 0)
        ALL_TAPS(THREE)
        PUT_ALL(THREE, true, false)
    }
    for (; channel != end; channel++, factor++, w += next, output++) {
        const uint32_t *x = patch;
        BEGIN_TAPS(INT8_TOGETHER == 1 ? threes_of(channel, part->taps) : 0)
        SINGLE(CHANNEL, 0)
        ALL_TAPS(SINGLE)
        PUT_ALL(SINGLE, INT8_TOGETHER == 1, INT8_TOGETHER == 1)
    }
}

#define FOUR_SUMS(i) { \
        uint32_t x = values[2 * (i)]; \
        sum0 += x * (uint32_t)w0[i], sum1 += x * (uint32_t)w1[i]; \
        sum2 += x * (uint32_t)w2[i], sum3 += x * (uint32_t)w3[i]; \
}

// All channels of one place, given as two that are the same: each word is x * 65537, and so
// is the sum of products, modulo 2**32; times 1 - 65536 it is that of x.
__attribute__((noinline)) static void one_place(const int8_conv_2d_t *op, const part_t *part,
    const channel_t *channel, const uint32_t *patch, int8_t *output) {
    const int32_t zero = op->range.zero_point, min = op->range.min, max = op->range.max;
    const int8_channel_t *factor = op->channels.factors;
    const int8_t *w0 = part->weights;
    for (size_t left = op->out_depth, some; left > 0; left -= some) {
        const size_t next = part->next;
        const uint32_t *values = patch;
        uint32_t sums[4] = { 0 };
        some = left >= 4 ? 4 : 1;
        if (some == 4) {
            const int8_t *w1 = w0 + next, *w2 = w1 + next, *w3 = w2 + next;
            uint32_t sum0 = 0, sum1 = 0, sum2 = 0, sum3 = 0;
            for (size_t n = part->taps / 2; n > 0; n--, values += 4) {
                FOUR_SUMS(0) FOUR_SUMS(1)
                w0 += 2, w1 += 2, w2 += 2, w3 += 2;
            }
            if (part->taps & 1) {
                FOUR_SUMS(0)
                w0++;
            }
            sums[0] = sum0, sums[1] = sum1, sums[2] = sum2, sums[3] = sum3;
        } else {
            for (size_t n = part->taps; n > 0; n--, values += 2) {
                sums[0] += *values * (uint32_t)*w0++;
            }
        }
        w0 += some * next - part->taps;
        for (size_t n = 0; n < some; n++, channel++) {
            int32_t sum = wrapping_sum((int32_t)(sums[n] - (sums[n] << 16)), channel->bias);
            sum = int8_halve(int8_multiply(sum, (uint32_t)factor++->multiplier), channel->exponent);
            *output++ = int8_clamp(sum + zero, min, max);
        }
    }
}

void int8_conv_2d_packed(const int8_conv_2d_t *op, const int8_t *image, const int8_t *weights,
    int8_t *output, void *scratch) {
    const int8_window_t *window = &op->window;
    channel_t *channels = scratch;
    uint32_t *patch = (uint32_t *)(channels + op->out_depth);
    size_t left = (size_t)window->out_height * window->out_width, places;
    rows_t rows = { -1, -1, 0, 0, 0, 0, 0 };
    part_t part = { 0 };
    int32_t top = window->in_height, bottom = top; // of the places before
    place_t first = first_place(window), last;
    for (; left > 0; left -= places, output += places * op->out_depth) {
        places = left >= 4 ? 4 : left == 3 ? 3 : 1;
        last = first;
        if (places == 4 && first.column + 4 <= window->out_width) {
            last.left += 3 * window->stride_width, last.column += 3;
        } else {
            for (size_t n = places; n > 1; n--) {
                next_place(window, &last);
            }
        }
        if (first.top != top || last.top != bottom) {
            top = first.top, bottom = last.top;
            rows_t found = int8_conv_2d_rows(op, &first, &last);
            if (found.first != rows.first || found.end != rows.end) {
                rows = found;
                part = part_of(op, weights, &rows, channels);
            }
        }
        int8_conv_2d_gather(op, &rows, image, &first, &last, places, patch);
        if (places == 1) {
            one_place(op, &part, channels, patch, output);
        } else {
            four_places(op, &part, channels, patch, output, (places - 1) * op->out_depth);
        }
        first = last;
        next_place(window, &first);
    }
}
