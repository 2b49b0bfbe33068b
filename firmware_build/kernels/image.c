// Pictures of a camera: see image.h.

#include "image.h"

// What knows the format while it is compiled asks for it in no loop.
#ifdef __OPTIMIZE_SIZE__
#define FOR_EACH_FORMAT
#else
#define FOR_EACH_FORMAT inline __attribute__((always_inline))
#endif

// One side of what is cut out, `from` pixels of it long, and of the output, which has `to`. In units
// of which a pixel there has `to` and one here `from`, both are as long.
typedef struct _side_t {
    uint32_t from, to;
} side_t;

// The pixels that one of the output covers: which is the first and how much of it was covered before,
// how many more there are, and how much counts of the first and of the last of those; of others `to`.
typedef struct _span_t {
    uint32_t start, before;
    uint32_t more;
    uint32_t first, last;
} span_t;

static inline void measure(span_t *span, const side_t *side) {
    span->first = side->to - span->before;
    span->more = span->last = 0;
    if (span->first >= side->from) {
        span->first = side->from;
    } else {
        uint32_t rest = side->from - span->first - 1;
        span->more = rest / side->to;
        span->last = rest - span->more++ * side->to + 1;
    }
}

static inline void advance(span_t *span, const side_t *side) {
    span->before += side->from;
    uint32_t whole = span->before / side->to;
    span->start += whole;
    span->before -= whole * side->to;
    measure(span, side);
}

size_t image_depth(image_format_t format) {
    return format == IMAGE_GRAY ? 1 : format == IMAGE_RGB888 ? 3 : 2;
}

// A colour of a pixel, or its gray, from 0 to 255.
enum { RED, GREEN, BLUE, GRAY };

static FOR_EACH_FORMAT uint32_t value_of(const uint8_t *pixel, image_format_t format, int which) {
    if (format == IMAGE_GRAY) {
        return *pixel;
    }
    if (format == IMAGE_RGB888) {
        return which != GRAY ? pixel[which]
            : (19595 * pixel[RED] + 38470 * pixel[GREEN] + 7471 * pixel[BLUE] + 32768) >> 16;
    }
    uint32_t bits = format == IMAGE_RGB565_LE ? pixel[0] | (uint32_t)pixel[1] << 8
        : pixel[1] | (uint32_t)pixel[0] << 8;
    uint32_t red = bits >> 11, green = bits >> 5 & 0x3f, blue = bits & 0x1f;
    if (which == GRAY) { // by constants that an instruction holds
        return (1259 * red + 1217 * green + 480 * blue + 256) >> 9;
    }
    uint32_t value = which == RED ? red : blue;
    return which == GREEN ? green << 2 | green >> 4 : value << 3 | value >> 2;
}

// The pixels of a row that a span has, each times its weight.
static FOR_EACH_FORMAT uint32_t part_of(const uint8_t *pixel, image_format_t format, int which, const span_t *span,
    uint32_t between) {
    const size_t depth = image_depth(format);
    uint32_t sum = span->first * value_of(pixel, format, which);
    uint32_t more = span->more;
    for (; more > 1; more--) {
        pixel += depth;
        sum += between * value_of(pixel, format, which);
    }
    return more == 0 ? sum : sum + span->last * value_of(pixel + depth, format, which);
}

// One channel of the output, whose values are `step` apart, of an image that begins at `corner`.
static FOR_EACH_FORMAT void fit(const uint8_t *corner, size_t row, image_format_t format, int which,
    side_t across, side_t down, const uint8_t *levels, size_t step, uint8_t *output) {
    const size_t depth = image_depth(format);
    const uint32_t area = across.from * down.from;
    span_t rows = { 0, 0, 0, 0, 0 };
    measure(&rows, &down);
    for (uint32_t y = 0; y < down.to; y++, advance(&rows, &down)) {
        span_t columns = { 0, 0, 0, 0, 0 };
        measure(&columns, &across);
        for (uint32_t x = 0; x < across.to; x++, advance(&columns, &across)) {
            const uint8_t *pixel = corner + rows.start * row + columns.start * depth;
            uint32_t sum = area / 2 + rows.first * part_of(pixel, format, which, &columns, across.to);
            for (uint32_t more = rows.more; more > 0; more--) {
                pixel += row;
                uint32_t weight = more > 1 ? down.to : rows.last;
                sum += weight * part_of(pixel, format, which, &columns, across.to);
            }
            *output = levels[sum / area];
            output += step;
        }
    }
}

__attribute__((noinline)) static void fit_any(const uint8_t *corner, size_t row, image_format_t format, int which,
    side_t across, side_t down, const uint8_t *levels, size_t step, uint8_t *output) {
    fit(corner, row, format, which, across, down, levels, step, output);
}

void image_fit(const image_t *image, uint32_t width, uint32_t height, uint32_t channels,
    const uint8_t *levels, uint8_t *output) {
    const size_t depth = image_depth(image->format), row = image->width * depth;
    side_t across = { image->width, width }, down = { image->height, height };
    if (image->width * height > image->height * width) {
        across.from = image->height * width / height;
        across.from += across.from == 0;
    } else {
        down.from = image->width * height / width;
        down.from += down.from == 0;
    }
    const uint8_t *corner = image->data
        + (image->height - down.from) / 2 * row + (image->width - across.from) / 2 * depth;
    if (channels > 1) {
        for (uint32_t c = 0; c < channels; c++) {
            fit_any(corner, row, image->format, (int)c, across, down, levels, channels, output + c);
        }
        return;
    }
    // Loops of their own, where the compiler makes some.
    #define FIT(format) fit(corner, row, format, GRAY, across, down, levels, 1, output)
    switch (image->format) {
        case IMAGE_GRAY:
            FIT(IMAGE_GRAY);
            break;
        case IMAGE_RGB565_BE:
            FIT(IMAGE_RGB565_BE);
            break;
        case IMAGE_RGB565_LE:
            FIT(IMAGE_RGB565_LE);
            break;
        case IMAGE_RGB888:
            FIT(IMAGE_RGB888);
            break;
    }
}
