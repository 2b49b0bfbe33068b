// CONV_2D the fast way: two neighbouring places of the output at once, four channels at a
// time. The input below the two windows is gathered tap by tap in a patch of 32-bit words
// that hold a value of both: first + second * 65536. A multiplication of such a word by a
// weight is two multiplications. Products of int8 by two weights of at least -127, or by three
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

// Added to a channel's exponent, which is below 32: the taps of the four channels from this one
// on, or of this one alone, can go by threes.
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

// Can the taps of these channels go by threes, whichever row of the window comes first?
static bool by_threes(const int8_conv_2d_t *op, const int8_t *weights, layout_t layout,
    size_t channels) {
    size_t taps = taps_of(op);
    size_t step = (size_t)op->window.width * op->in_depth % 3 == 0 ? 3 : 1;
    for (; channels > 0; channels--, weights += layout.channel) {
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

static void prepare(int8_conv_2d_t *op, const int8_t *weights, layout_t layout) {
    op->packed = can_pack(op, weights);
    if (!op->packed) {
        return;
    }
    size_t taps = taps_of(op);
    for (size_t c = 0; c < op->out_depth; c++, weights += layout.channel) {
        int8_fold(&op->channels, c, op->input_zero_point * sum_of(weights, taps, layout.tap));
        size_t first = c / 4 * 4, together = first + 4 <= op->out_depth ? 4 : 1;
        if ((together == 1 || c == first) && by_threes(op, weights, layout, together)) {
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

// Of an output channel: what two_places() finds, and the bias.
typedef struct _sums_t {
    uint32_t whole;
    int32_t upper;
    int32_t bias;
} sums_t;

size_t int8_conv_2d_scratch(const int8_conv_2d_t *op) {
    size_t taps = taps_of(op);
    return taps <= MAX_TAPS ? op->out_depth * sizeof(sums_t) + taps * sizeof(uint32_t) : 0;
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

#define PACKED(i) ((uint32_t)(first[i] + second[i] * 65536))

static uint32_t *pack(uint32_t *patch, const int8_t *first, const int8_t *second, size_t count) {
    const int8_t *end = first + count;
    for (const int8_t *last = first + count / 4 * 4; first != last; first += 4, second += 4) {
        patch[0] = PACKED(0), patch[1] = PACKED(1), patch[2] = PACKED(2), patch[3] = PACKED(3);
        patch += 4;
    }
    for (; first != end; first++, second++) {
        *patch++ = PACKED(0);
    }
    return patch;
}

// The same where one tap or both are outside of the image.
static uint32_t *pack_edge(uint32_t *patch, const int8_t *first, const int8_t *second,
    size_t count, const int8_t *zero) {
    size_t step_first = first != NULL, step_second = second != NULL;
    first = first != NULL ? first : zero;
    second = second != NULL ? second : zero;
    for (; count > 0; count--) {
        *patch++ = (uint32_t)(*first + *second * 65536);
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

// `rows` of both windows. Side by side, most of their columns are in the image for both, and
// those of a row lie one after the other.
static void gather(const int8_conv_2d_t *op, const int8_t *image, const place_t *a,
    const place_t *b, rows_t rows, uint32_t *patch) {
    const int8_window_t *window = &op->window;
    int32_t width = window->width, start = 0, end = 0;
    if (a->top == b->top && window->dilation_width == 1) {
        int32_t inside = window->in_width - b->left;
        start = a->left < 0 ? -a->left : 0;
        end = inside < width ? inside : width;
    }
    if (end <= start) {
        for (int32_t y = rows.first; y < rows.last; y++) {
            patch = pack_taps(op, image, a, b, y, 0, width, patch);
        }
        return;
    }
    int32_t top = a->top + rows.first * window->dilation_height;
    const int8_t *first = values_at(op, image, top, a->left + start);
    size_t second = (size_t)(b->left - a->left) * op->in_depth;
    size_t count = (size_t)(end - start) * op->in_depth;
    size_t next = (size_t)window->dilation_height * window->in_width * op->in_depth;
    for (int32_t y = rows.first; y < rows.last; y++, first += next) {
        if (start > 0) {
            patch = pack_taps(op, image, a, b, y, 0, start, patch);
        }
        patch = pack(patch, first, first + second, count);
        if (end < width) {
            patch = pack_taps(op, image, a, b, y, end, width, patch);
        }
    }
}

// Sums ------------------------------------------------------------------------------

// The biases, with what rows outside of the image would add.
static void correct(const int8_conv_2d_t *op, const int8_t *weights, rows_t rows, sums_t *sums) {
    size_t row = (size_t)op->window.width * op->in_depth;
    size_t above = (size_t)rows.first * row, inside = (size_t)(rows.last - rows.first) * row;
    size_t below = taps_of(op) - above - inside;
    const int8_channel_t *factor = op->channels.factors;
    for (size_t c = op->out_depth; c > 0; c--, factor++, sums++) {
        int32_t sum = sum_of(weights, above, 1);
        weights += above + inside;
        sum += sum_of(weights, below, 1);
        weights += below;
        sums->bias = factor->bias + op->input_zero_point * sum;
    }
}

// GCC keeps arrays in memory, so each channel has variables of its own.
#define CHANNEL(n) \
    const int8_t *w##n = w + n * next; \
    uint32_t whole##n = start; \
    int32_t upper##n = 0;
#define ADD(n, products) { \
        uint32_t word = (products) + half; \
        whole##n += word; \
        upper##n += (int32_t)word >> 16; \
}
#define TAP(n, i) (x##i * (uint32_t)w##n[i])
#define ONE_TAP(n) ADD(n, TAP(n, 0))
#define TWO_TAPS(n) ADD(n, TAP(n, 0) + TAP(n, 1))
#define THREE_TAPS(n) ADD(n, TAP(n, 0) + TAP(n, 1) + TAP(n, 2))
#define FOUR_TAPS(n) TWO_TAPS(n) ADD(n, TAP(n, 2) + TAP(n, 3))
#define SIX_TAPS(n) THREE_TAPS(n) ADD(n, TAP(n, 3) + TAP(n, 4) + TAP(n, 5))
#define ALL(what) what(0) what(1) what(2) what(3)
#define LOAD_1 uint32_t x0 = x[0];
#define LOAD_2 LOAD_1 uint32_t x1 = x[1];
#define LOAD_3 LOAD_2 uint32_t x2 = x[2];
#define LOAD_4 LOAD_3 uint32_t x3 = x[3];
#define LOAD_6 LOAD_4 uint32_t x4 = x[4], x5 = x[5];
#define ADVANCE_0(n) x += n, w0 += n
#define ADVANCE(n) ADVANCE_0(n), w1 += n, w2 += n, w3 += n
#define STORE(n) sums[n].whole = whole##n, sums[n].upper = upper##n;

// What of a filter counts for two places: all rows, or those that are in the image; and how its
// taps are taken.
typedef struct _part_t {
    const int8_t *weights; // of the first output channel
    size_t next; // from there to those of the next one
    size_t taps;
    const uint32_t *fours, *sixes; // where in the patch the last of these ends
    uint32_t start_twos, start_threes; // of `whole`: takes off what is added to each word
    uint8_t rest_of_six, rest_of_three;
} part_t;

static part_t part_of(const int8_conv_2d_t *op, const int8_t *weights, rows_t rows,
    const uint32_t *patch) {
    size_t row = (size_t)op->window.width * op->in_depth;
    size_t taps = (size_t)(rows.last - rows.first) * row;
    return (part_t) {
        weights + (size_t)rows.first * row, taps_of(op), taps,
        patch + taps / 4 * 4, patch + taps / 6 * 6,
        0 - (uint32_t)((taps + 1) / 2) * HALF, 0 - (uint32_t)((taps + 2) / 3) * HALF,
        (uint8_t)(taps % 6), (uint8_t)(taps % 3),
    };
}

// `whole` and `upper` of each output channel.
__attribute__((noinline)) static void two_places(const int8_conv_2d_t *op, const part_t *part,
    const uint32_t *patch, sums_t *sums) {
    const uint32_t half = HALF;
    const size_t next = part->next;
    const int8_t *w = part->weights, *shift = op->channels.shifts, *end = shift + op->out_depth;
    for (; end - shift >= 4; shift += 4, w += 4 * next, sums += 4) {
        const uint32_t *x = patch;
        if (*shift & THREES) {
            const uint32_t start = part->start_threes;
            CHANNEL(0) CHANNEL(1) CHANNEL(2) CHANNEL(3)
            for (const uint32_t *end_six = part->sixes; x != end_six;) {
                LOAD_6 ALL(SIX_TAPS)
                ADVANCE(6);
            }
            if (part->rest_of_six >= 3) {
                LOAD_3 ALL(THREE_TAPS)
                ADVANCE(3);
            }
            if (part->rest_of_three == 2) {
                LOAD_2 ALL(TWO_TAPS)
            } else if (part->rest_of_three == 1) {
                LOAD_1 ALL(ONE_TAP)
            }
            ALL(STORE)
        } else {
            const uint32_t start = part->start_twos;
            CHANNEL(0) CHANNEL(1) CHANNEL(2) CHANNEL(3)
            for (const uint32_t *end_four = part->fours; x != end_four;) {
                LOAD_4 ALL(FOUR_TAPS)
                ADVANCE(4);
            }
            if (part->taps & 2) {
                LOAD_2 ALL(TWO_TAPS)
                ADVANCE(2);
            }
            if (part->taps & 1) {
                LOAD_1 ALL(ONE_TAP)
            }
            ALL(STORE)
        }
    }
    for (; shift != end; shift++, w += next, sums++) {
        const uint32_t *x = patch;
        size_t left = part->taps;
        if (*shift & THREES) {
            const uint32_t start = part->start_threes;
            CHANNEL(0)
            for (; left >= 3; left -= 3, ADVANCE_0(3)) {
                LOAD_3 THREE_TAPS(0)
            }
            if (left == 2) {
                LOAD_2 TWO_TAPS(0)
            } else if (left == 1) {
                LOAD_1 ONE_TAP(0)
            }
            STORE(0)
        } else {
            const uint32_t start = part->start_twos;
            CHANNEL(0)
            for (; left >= 2; left -= 2, ADVANCE_0(2)) {
                LOAD_2 TWO_TAPS(0)
            }
            if (left == 1) {
                LOAD_1 ONE_TAP(0)
            }
            STORE(0)
        }
    }
}

// The outputs of two places. The second is written first, since it may have the first's place.
__attribute__((noinline)) static void put(const int8_conv_2d_t *op, const sums_t *sums,
    int8_t *first, int8_t *second) {
    const int8_channel_t *factor = op->channels.factors;
    const int8_t *shift = op->channels.shifts, *end = shift + op->out_depth;
    int32_t zero = op->range.zero_point, min = op->range.min, max = op->range.max;
    if (min == zero) {
        for (; shift != end; shift++, factor++, sums++) {
            uint32_t twice = (uint32_t)factor->multiplier;
            int32_t upper = sums->upper + sums->bias;
            int32_t lower = (int32_t)(sums->whole - ((uint32_t)sums->upper << 16)) + sums->bias;
            *second++ = (int8_t)int8_relu(upper, twice, *shift, zero, max);
            *first++ = (int8_t)int8_relu(lower, twice, *shift, zero, max);
        }
        return;
    }
    for (; shift != end; shift++, factor++, sums++) {
        uint32_t twice = (uint32_t)factor->multiplier;
        int32_t upper = sums->upper + sums->bias;
        int32_t lower = (int32_t)(sums->whole - ((uint32_t)sums->upper << 16)) + sums->bias;
        upper = int8_halve(int8_multiply(upper, twice), *shift) + zero;
        lower = int8_halve(int8_multiply(lower, twice), *shift) + zero;
        *second++ = int8_clamp(upper, min, max);
        *first++ = int8_clamp(lower, min, max);
    }
}

void int8_conv_2d_packed(const int8_conv_2d_t *op, const int8_t *image, const int8_t *weights,
    int8_t *output, void *scratch) {
    sums_t *sums = scratch;
    uint32_t *patch = (uint32_t *)(sums + op->out_depth);
    size_t places = (size_t)op->window.out_height * op->window.out_width;
    rows_t before = { -1, -1 };
    part_t part = { 0 };
    place_t a = first_place(&op->window);
    for (size_t i = 0; i < places; i += 2, output += 2 * op->out_depth) {
        place_t b = a;
        int8_t *second = output;
        if (i + 1 < places) {
            next_place(&op->window, &b);
            second += op->out_depth;
        }
        rows_t rows = rows_of(&op->window, &a, &b);
        if (rows.first != before.first || rows.last != before.last) {
            correct(op, weights, rows, sums);
            before = rows;
            part = part_of(op, weights, rows, patch);
        }
        gather(op, image, &a, &b, rows, patch);
        two_places(op, &part, patch, sums);
        put(op, sums, output, second);
        a = b;
        next_place(&op->window, &a);
    }
}
