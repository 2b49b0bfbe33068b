// Structure: is everything inside the buffer, aligned, and not too much to walk? What stands beside
// the graphs, and the messages of every check.

#include <stdarg.h>
#include <string.h>

#include "model_rule.h"

// Tables of the schema, by the letters that layouts use. Fields after the last one
// named here are newer than TFLM's schema: it does not read them.
static const char *table_layout(char letter) {
    switch (letter) {
        case 'C': // OperatorCode
            return "1s44";
        case 'G': // SubGraph
            return "TwwOs4";
        case 'T': // Tensor
            return "w14sq14w1-4";
        case 'q': // QuantizationParameters
            return "wwwx1-4";
        case 'O': // Operator
            return "4ww1ob1bw881-4";
        case 'B': // Buffer
            return "b88";
        case 'D': // Metadata
            return "s4";
        case 'S': // SignatureDef
            return "NNs-4";
        default: // 'N', TensorMap
            return "s4";
    }
}

#define MODEL_LAYOUT "4CGsBwDS--"

// Text

#define MAX_NAME (40)

static void put_char(check_t *c, char ch) {
    if (c->message_size > 1) {
        *c->message++ = ch;
        --c->message_size;
    }
}

static void put_string(check_t *c, const char *s) {
    while (*s != 0) {
        put_char(c, *s++);
    }
}

// A name of the user's: as ASCII, and not so long that it leaves no room for the reason.
static void put_name(check_t *c, const char *s) {
    for (size_t n = 0; *s != 0; ++s, ++n) {
        if (n == MAX_NAME) {
            put_string(c, "...");
            return;
        }
        put_char(c, *s >= ' ' && *s <= '~' ? *s : '?');
    }
}

static void put_unsigned(check_t *c, unsigned value) {
    char digits[10];
    size_t n = 0;
    do {
        digits[n++] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    while (n > 0) {
        put_char(c, digits[--n]);
    }
}

bool model_check_fail(check_t *c, const char *format, ...) {
    if (c->subject != NULL) {
        put_string(c, c->where);
        put_string(c, c->subject);
        put_char(c, ' ');
        put_unsigned(c, c->subject_index);
        if (c->subject_name != NULL) {
            put_char(c, ' ');
            put_name(c, c->subject_name);
        }
        put_string(c, ": ");
    }
    va_list args;
    va_start(args, format);
    for (; *format != 0; ++format) {
        if (*format != '%') {
            put_char(c, *format);
            continue;
        }
        ++format;
        if (*format == 's') {
            put_string(c, va_arg(args, const char *));
        } else if (*format == 'u') {
            put_unsigned(c, va_arg(args, unsigned));
        } else {
            int value = va_arg(args, int);
            if (value < 0) {
                put_char(c, '-');
            }
            put_unsigned(c, value < 0 ? 0u - (unsigned)value : (unsigned)value);
        }
    }
    va_end(args);
    if (c->message_size > 0) {
        *c->message = 0;
    }
    return false;
}

// What offsets lead to

// Every part takes four bytes of the file or more, unless it is used again: so a file
// may use all of its parts four times. Without a limit a small one could hold a huge tree.
bool model_check_spend(check_t *c, uint32_t parts) {
    if (parts > c->budget) {
        return model_check_fail(c, "parts of the file are used too often");
    }
    c->budget -= parts;
    return true;
}

// Follow the offset stored at `pos`, which is inside.
static uint32_t follow_aligned(check_t *c, uint32_t pos) {
    uint32_t target = model_flatbuf_follow(&c->buf, pos);
    if (target == 0 || target == pos || target % 4 != 0) {
        model_check_fail(c, "offset at byte %u leads outside", (unsigned)pos);
        return 0;
    }
    return target;
}

// `pos` is where the vector's length is stored, and is inside.
static bool check_vector(check_t *c, uint32_t pos, uint32_t element_size) {
    uint32_t len = model_flatbuf_u32_at(&c->buf, pos);
    if (!model_flatbuf_inside(&c->buf, pos, 4 + (uint64_t)len * element_size)) {
        return model_check_fail(c, "vector at byte %u ends outside", (unsigned)pos);
    }
    // Old converters put 8-byte numbers at 4 beside a multiple of 8, and vectors without elements
    // anywhere. No machine that this runs on minds: one of 32 bits loads such a number in two parts.
    if (len > 0 && (pos + 4) % (element_size > 4 ? 4 : element_size) != 0) {
        return model_check_fail(c, "vector at byte %u is not aligned", (unsigned)pos);
    }
    // Bytes are never walked one by one.
    return model_check_spend(c, 1 + (element_size > 1 ? len : 0));
}

static bool check_string(check_t *c, uint32_t pos) {
    if (!check_vector(c, pos, 1)) {
        return false;
    }
    uint32_t end = pos + 4 + model_flatbuf_u32_at(&c->buf, pos);
    if (end == c->buf.size || c->buf.data[end] != 0) {
        return model_check_fail(c, "string at byte %u has no end", (unsigned)pos);
    }
    return true;
}

static bool check_vector_of_tables(check_t *c, uint32_t pos, const char *layout) {
    if (!check_vector(c, pos, 4)) {
        return false;
    }
    uint32_t len = model_flatbuf_u32_at(&c->buf, pos);
    for (uint32_t i = 0; i < len; ++i) {
        uint32_t table = follow_aligned(c, pos + 4 + 4 * i);
        if (table == 0 || !model_check_table(c, table, layout)) {
            return false;
        }
    }
    return true;
}

// A field at `pos` whose type starts with an offset.
static bool check_offset(check_t *c, uint32_t pos, char kind) {
    uint32_t target = follow_aligned(c, pos);
    if (target == 0) {
        return false;
    }
    switch (kind) {
        case 's':
            return check_string(c, target);
        case 'b':
            return check_vector(c, target, 1);
        case 'w':
            return check_vector(c, target, 4);
        case 'x':
            return check_vector(c, target, 8);
        case 'o':
            return model_check_table(c, target, "");
        case 'q':
            return model_check_table(c, target, table_layout('q'));
        default:
            return check_vector_of_tables(c, target, table_layout(kind));
    }
}

// Recursion ends because layouts form a tree: model, subgraph, operator, options.
bool model_check_table(check_t *c, uint32_t table, const char *layout) {
    const flatbuf_t *buf = &c->buf;
    uint32_t vtable = table - model_flatbuf_u32_at(buf, table);
    if (vtable % 2 != 0 || !model_flatbuf_inside(buf, vtable, 4)) {
        return model_check_fail(c, "table at byte %u has no vtable", (unsigned)table);
    }
    uint32_t vtable_size = model_flatbuf_u16_at(buf, vtable);
    uint32_t table_size = model_flatbuf_u16_at(buf, vtable + 2);
    if (vtable_size < 4 || vtable_size % 2 != 0 || !model_flatbuf_inside(buf, vtable, vtable_size)
        || table_size < 4 || !model_flatbuf_inside(buf, table, table_size)) {
        return model_check_fail(c, "table at byte %u ends outside", (unsigned)table);
    }
    if (!model_check_spend(c, 2)) {
        return false;
    }
    for (uint32_t entry = 4; *layout != 0 && entry < vtable_size; ++layout, entry += 2) {
        uint32_t offset = model_flatbuf_u16_at(buf, vtable + entry);
        if (offset == 0 || *layout == '-') {
            continue;
        }
        bool scalar = *layout < 'A';
        uint32_t size = scalar ? (uint32_t)(*layout - '0') : 4;
        uint32_t pos = table + offset;
        if (offset < 4 || offset + size > table_size || pos % size != 0) {
            return model_check_fail(c, "field at byte %u is misplaced", (unsigned)pos);
        }
        if (!scalar && !check_offset(c, pos, *layout)) {
            return false;
        }
    }
    return true;
}

bool model_check_structure(check_t *c) {
    if (c->buf.size < 16 || memcmp(c->buf.data + 4, "TFL3", 4) != 0) {
        return model_check_fail(c, "not a TFLite model");
    }
    uint32_t root = follow_aligned(c, 0);
    return root != 0 && model_check_table(c, root, MODEL_LAYOUT);
}

// TFLM would place tensors where this entry says, over each other if need be.
bool model_check_metadata(check_t *c, flatbuf_vector_t metadata) {
    static const char offline[] = "OfflineMemoryAllocation";
    for (uint32_t i = 0; i < metadata.len; ++i) {
        uint32_t table = model_flatbuf_vector_table(&c->buf, metadata, i);
        flatbuf_vector_t name = model_flatbuf_vector(&c->buf, table, METADATA_NAME, 1);
        if (name.len == sizeof(offline) - 1
            && memcmp(c->buf.data + name.pos, offline, sizeof(offline) - 1) == 0) {
            return model_check_fail(c, "offline memory plans are not supported");
        }
    }
    return true;
}
