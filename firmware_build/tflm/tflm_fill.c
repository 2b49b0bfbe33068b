// A tensor is filled from real values: a list, an array, a list of lists.

#include <string.h>

#include "modtflm.h"
#include "tflm_values.h"

#define DEPTH (8) // of nested lists
#define DIMS_TEXT (11 * DEPTH + 12) // of so many numbers with an x between, the last of them any

// What stands between brackets where a message tells a shape, like 1x8x8x1. Written to the end of
// `text`, of DIMS_TEXT bytes; returns where it begins.
static const char *dims_text(const size_t *dims, size_t count, char *text) {
    char *to = text + DIMS_TEXT;
    *--to = '\0';
    for (size_t i = count; i-- > 0;) {
        size_t dim = dims[i];
        do {
            *--to = (char)('0' + dim % 10);
            dim /= 10;
        } while (dim > 0);
        if (i > 0) {
            *--to = 'x';
        }
    }
    return to;
}

static size_t dims_of(const tflm_tensor_obj_t *self, size_t *dims) {
    model_tensor_t info = tflm_tensor_describe(self);
    size_t rank = info.rank < DEPTH ? info.rank : DEPTH; // the check allows less
    for (size_t i = 0; i < rank; i++) {
        dims[i] = (size_t)model_tensor_dim(&info, i);
    }
    return rank;
}

#define MANY (SIZE_MAX) // more than are needed

// Apart, like raise_nest(): a frame that is only there once something is wrong.
__attribute__((noinline)) MP_NORETURN static void raise_count(const tflm_tensor_obj_t *self, size_t given) {
    size_t dims[DEPTH];
    char text[DIMS_TEXT], number[DIMS_TEXT];
    mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("%d values needed (%s), %s given"), (int)self->count,
        dims_text(dims, dims_of(self, dims), text), given == MANY ? "more" : dims_text(&given, 1, number));
}

static bool is_sequence(mp_obj_t obj) {
    return mp_obj_is_exact_type(obj, &mp_type_list) || mp_obj_is_exact_type(obj, &mp_type_tuple);
}

// How many values an object has that is a list or a buffer; SIZE_MAX if it is none. A length is what
// the buffer says: len() may be Python code.
static size_t row_len(mp_obj_t obj, mp_buffer_info_t *buffer) {
    buffer->typecode = 0;
    if (is_sequence(obj)) {
        size_t count;
        mp_obj_t *items;
        mp_obj_get_array(obj, &count, &items);
        return count;
    }
    if (!mp_obj_is_obj(obj) || !mp_get_buffer(obj, buffer, MP_BUFFER_READ)) {
        return SIZE_MAX;
    }
    size_t align;
    return buffer->len / mp_binary_get_size('@', (char)buffer->typecode, &align);
}

// Item i of a list or tuple as it is now.
static mp_obj_t item_at(mp_obj_t sequence, size_t i) {
    size_t count;
    mp_obj_t *items;
    mp_obj_get_array(sequence, &count, &items);
    return i < count ? items[i] : MP_OBJ_STOP_ITERATION;
}

tflm_numbers_t tflm_tensor_numbers(const tflm_tensor_obj_t *self, mp_obj_t values) {
    if (self->constant) {
        mp_raise_ValueError(MP_ERROR_TEXT("tensor is a constant of the model"));
    }
    tflm_numbers_t numbers = { values, NULL, false };
    mp_buffer_info_t buffer;
    size_t count;
    if (is_sequence(values)) {
        mp_obj_t *items;
        mp_obj_get_array(values, &count, &items);
        numbers.nested = count > 0 && row_len(items[0], &buffer) != SIZE_MAX;
    } else {
        count = row_len(values, &buffer);
        if (buffer.typecode == 'f') { // an array of floats needs no object for each
            numbers.floats = buffer.buf;
        }
    }
    if (!numbers.nested && count != self->count && count != SIZE_MAX) {
        raise_count(self, count);
    }
    return numbers;
}

// A list of lists in the tensor's shape; dimensions of 1 may be left out, or be more.
typedef struct _nest_t {
    tflm_values_t values;
    size_t filled;
    size_t depth;
    size_t lens[DEPTH];
} nest_t;

// Without a nest, its rows differ in length.
__attribute__((noinline)) MP_NORETURN static void raise_nest(const tflm_tensor_obj_t *self, const nest_t *nest) {
    size_t dims[DEPTH];
    char text[DIMS_TEXT], given[DIMS_TEXT];
    mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("nested list of shape %s needed, %s given"),
        dims_text(dims, dims_of(self, dims), text),
        nest != NULL ? dims_text(nest->lens, nest->depth, given) : "rows of different lengths");
}

static size_t without_ones(size_t *dims, size_t count) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (dims[i] != 1) {
            dims[kept++] = dims[i];
        }
    }
    return kept;
}

// Its shape, as its first rows have it.
static void measure(const tflm_tensor_obj_t *self, mp_obj_t obj, nest_t *nest) {
    mp_buffer_info_t buffer;
    nest->depth = 0;
    for (size_t len; (len = row_len(obj, &buffer)) != SIZE_MAX; nest->depth++) {
        if (nest->depth == DEPTH) {
            mp_raise_ValueError(MP_ERROR_TEXT("list is nested too deeply"));
        }
        nest->lens[nest->depth] = len;
        obj = len > 0 && is_sequence(obj) ? item_at(obj, 0) : mp_const_none;
    }
    size_t dims[DEPTH], lens[DEPTH];
    memcpy(lens, nest->lens, sizeof(lens));
    size_t rank = without_ones(dims, dims_of(self, dims)), depth = without_ones(lens, nest->depth);
    bool flat = depth == 1 && lens[0] == self->count; // a batch of one
    if (!flat && (rank != depth || memcmp(dims, lens, rank * sizeof(dims[0])) != 0)) {
        raise_nest(self, nest);
    }
}

// The same, or the next one of an iterator.
static mp_obj_t next_item(mp_obj_t obj, mp_obj_t iter, size_t i) {
    if (iter != MP_OBJ_NULL) {
        return mp_iternext(iter);
    }
    if (mp_obj_is_exact_type(obj, &mp_type_list)) {
        const mp_obj_list_t *list = MP_OBJ_TO_PTR(obj);
        return i < list->len ? list->items[i] : MP_OBJ_STOP_ITERATION;
    }
    const mp_obj_tuple_t *tuple = MP_OBJ_TO_PTR(obj);
    return i < tuple->len ? tuple->items[i] : MP_OBJ_STOP_ITERATION;
}

// Fill so many values from `start` on. Returns how many there are, or MANY.
static size_t fill_items(const tflm_values_t *values, size_t start, size_t len, mp_obj_t obj) {
    mp_obj_iter_buf_t iter_buf;
    mp_obj_t iter = is_sequence(obj) ? MP_OBJ_NULL : mp_getiter(obj, &iter_buf);
    size_t i = 0;
    for (mp_obj_t item; (item = next_item(obj, iter, i)) != MP_OBJ_STOP_ITERATION; i++) {
        if (i == len) {
            return MANY;
        }
        tflm_values_set(values, start + i, tflm_get_float(item));
    }
    return i;
}

static void fill_row(const tflm_tensor_obj_t *self, nest_t *nest, mp_obj_t row, size_t depth) {
    const size_t len = nest->lens[depth];
    mp_buffer_info_t buffer;
    size_t i = 0;
    if (depth + 1 == nest->depth) {
        i = fill_items(&nest->values, nest->filled, len, row);
        nest->filled += len;
    } else {
        // A buffer has no rows.
        for (mp_obj_t item; is_sequence(row) && (item = item_at(row, i)) != MP_OBJ_STOP_ITERATION; i++) {
            if (i == len || row_len(item, &buffer) == SIZE_MAX) {
                i = MANY;
                break;
            }
            fill_row(self, nest, item, depth + 1);
        }
    }
    if (i != len) {
        raise_nest(self, NULL);
    }
}

static void fill_nested(const tflm_tensor_obj_t *self, mp_obj_t obj) {
    nest_t nest;
    measure(self, obj, &nest);
    tflm_values_of(self, &nest.values);
    nest.filled = 0;
    fill_row(self, &nest, obj, 0);
}

static void fill_flat(const tflm_tensor_obj_t *self, const tflm_numbers_t *numbers) {
    tflm_values_t values;
    tflm_values_of(self, &values);
    if (numbers->floats != NULL) {
        for (size_t i = 0; i < self->count; i++) {
            uint32_t value;
            memcpy(&value, numbers->floats + i * sizeof(value), sizeof(value));
            tflm_values_set(&values, i, value);
        }
        return;
    }
    size_t given = fill_items(&values, 0, self->count, numbers->obj);
    if (given != self->count) {
        raise_count(self, given);
    }
}

// Iterators and __float__ methods may run Python code, which may also change a list. The tensor's
// bytes stay where they are meanwhile, since nobody else gets the interpreter.
void tflm_tensor_fill(const tflm_tensor_obj_t *self, const tflm_numbers_t *numbers) {
    if (numbers->nested) {
        fill_nested(self, numbers->obj);
    } else {
        fill_flat(self, numbers);
    }
}

