// libFuzzer's mutator for models: most byte changes break a flatbuffer's structure, so
// this one also changes the numbers that rules are about and leaves the structure whole.

#include <string.h>

#include "flatbuf.h"
#include "model_schema.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);

static uint32_t state;

static uint32_t next(uint32_t below) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return below > 0 ? state % below : 0;
}

static void put(uint8_t *data, uint32_t pos, uint32_t value) {
    for (unsigned i = 0; i < 4; ++i) {
        data[pos + i] = (uint8_t)(value >> 8 * i);
    }
}

static uint32_t any_number(uint32_t old) {
    static const uint32_t special[] = { 0, 1, 2, 3, 4, 5, 6, 7, 10, 255, 256, 511, 512, 0x7fffffff, 0x80000000 };
    switch (next(6)) {
        case 0:
            return old + 1;
        case 1:
            return old - 1;
        case 2:
            return 0u - old;
        case 3:
            return next(0xffffffff);
        case 4:
            return next(70);
        default:
            return special[next(sizeof(special) / sizeof(special[0]))];
    }
}

// A float by its bits: mostly a sensible scale, now and then anything.
static uint32_t any_scale(uint32_t old) {
    switch (next(4)) {
        case 0:
            return old + (next(3) << 23);
        case 1:
            return old - (next(3) << 23);
        case 2:
            return (next(255) << 23) + next(1 << 23);
        default:
            return next(0xffffffff);
    }
}

typedef struct _view_t {
    flatbuf_t buf;
    uint32_t subgraph;
    flatbuf_vector_t tensors;
    flatbuf_vector_t operators;
    flatbuf_vector_t buffers;
} view_t;

static uint32_t some_tensor(const view_t *v) {
    return model_flatbuf_vector_table(&v->buf, v->tensors, next(v->tensors.len));
}

// A number at any byte: fields are not always where words are.
static void change_word(uint8_t *data, const view_t *v, flatbuf_vector_t vector, uint32_t size) {
    if (vector.len > 0) {
        uint32_t pos = vector.pos + size * next(vector.len);
        put(data, pos, any_number(model_flatbuf_u32_at(&v->buf, pos)));
    }
}

// Change every dimension of one size in the graph, so that shapes can go on matching.
static void change_sizes(uint8_t *data, const view_t *v) {
    flatbuf_vector_t shape = model_flatbuf_vector(&v->buf, some_tensor(v), TENSOR_SHAPE, 4);
    if (shape.len == 0) {
        return;
    }
    uint32_t old = model_flatbuf_u32_at(&v->buf, shape.pos + 4 * next(shape.len));
    uint32_t new = next(8) == 0 ? any_number(old) : next(40) + 1;
    unsigned all = next(4);
    for (uint32_t i = 0; i < v->tensors.len; ++i) {
        uint32_t table = model_flatbuf_vector_table(&v->buf, v->tensors, i);
        shape = model_flatbuf_vector(&v->buf, table, TENSOR_SHAPE, 4);
        for (uint32_t k = 0; k < shape.len; ++k) {
            if (model_flatbuf_u32_at(&v->buf, shape.pos + 4 * k) == old && (all != 0 || next(2) == 0)) {
                put(data, shape.pos + 4 * k, new);
            }
        }
    }
}

static void change_quantization(uint8_t *data, const view_t *v) {
    uint32_t table = model_flatbuf_table(&v->buf, some_tensor(v), TENSOR_QUANTIZATION);
    flatbuf_vector_t scales = model_flatbuf_vector(&v->buf, table, QUANTIZATION_SCALE, 4);
    if (next(2) == 0 && scales.len > 0) {
        uint32_t pos = scales.pos + 4 * next(scales.len);
        put(data, pos, any_scale(model_flatbuf_u32_at(&v->buf, pos)));
        return;
    }
    change_word(data, v, model_flatbuf_vector(&v->buf, table, QUANTIZATION_ZERO_POINT, 8), 8);
    uint32_t pos = model_flatbuf_field(&v->buf, table, QUANTIZATION_QUANTIZED_DIMENSION, 4);
    if (pos != 0 && next(4) == 0) {
        put(data, pos, next(7));
    }
}

static void change_tensor(uint8_t *data, const view_t *v) {
    uint32_t table = some_tensor(v);
    uint32_t type = model_flatbuf_field(&v->buf, table, TENSOR_TYPE, 1);
    uint32_t buffer = model_flatbuf_field(&v->buf, table, TENSOR_BUFFER, 4);
    uint32_t variable = model_flatbuf_field(&v->buf, table, TENSOR_IS_VARIABLE, 1);
    if (variable != 0 && next(4) == 0) {
        data[variable] ^= 1;
    } else if (type != 0 && next(2) == 0) {
        data[type] = (uint8_t)next(24);
    } else if (buffer != 0) {
        put(data, buffer, next(v->buffers.len + 1));
    }
}

// Any byte or word of an op's options, found by its vtable.
static void change_options(uint8_t *data, const view_t *v, uint32_t operator) {
    uint32_t options = model_flatbuf_table(&v->buf, operator, OPERATOR_BUILTIN_OPTIONS);
    unsigned id = next(7);
    uint32_t byte = model_flatbuf_field(&v->buf, options, id, 1);
    uint32_t word = model_flatbuf_field(&v->buf, options, id, 4);
    flatbuf_vector_t name = model_flatbuf_vector(&v->buf, options, id, 1); // of a variable
    if (name.len > 0 && next(2) == 0) {
        data[name.pos + next(name.len)] = (uint8_t)next(128);
    } else if (word != 0 && next(2) == 0) {
        put(data, word, any_number(model_flatbuf_u32_at(&v->buf, word)));
    } else if (byte != 0) {
        data[byte] = (uint8_t)next(8);
    }
}

// Any byte of a custom op's options: it tells a value, a type, a width or an offset.
static void change_custom_options(uint8_t *data, const view_t *v, uint32_t operator) {
    flatbuf_vector_t options = model_flatbuf_vector(&v->buf, operator, OPERATOR_CUSTOM_OPTIONS, 1);
    if (options.len > 0) {
        data[options.pos + next(options.len)] = (uint8_t)any_number(next(256));
    }
}

static void change_operator(uint8_t *data, const view_t *v) {
    uint32_t operator = model_flatbuf_vector_table(&v->buf, v->operators, next(v->operators.len));
    static const unsigned lists[] = { OPERATOR_INPUTS, OPERATOR_INPUTS, OPERATOR_OUTPUTS, OPERATOR_INTERMEDIATES };
    flatbuf_vector_t list = model_flatbuf_vector(&v->buf, operator, lists[next(4)], 4);
    uint32_t pos;
    switch (next(4)) {
        case 0:
            if (list.len > 0) {
                put(data, list.pos + 4 * next(list.len), next(v->tensors.len + 2) - 1);
            }
            break;
        case 1:
            pos = model_flatbuf_field(&v->buf, operator, OPERATOR_OPCODE_INDEX, 4);
            if (pos != 0) {
                put(data, pos, next(8));
            }
            break;
        default:
            change_options(data, v, operator);
            change_custom_options(data, v, operator);
    }
}

// Bytes of a constant: axes, paddings, sizes, biases, weights.
static void change_constant(uint8_t *data, const view_t *v) {
    uint32_t buffer = model_flatbuf_vector_table(&v->buf, v->buffers, next(v->buffers.len));
    flatbuf_vector_t bytes = model_flatbuf_vector(&v->buf, buffer, BUFFER_DATA, 1);
    bytes.len /= 4;
    change_word(data, v, bytes, 4);
}

// An operator code: swap a kernel below the same tensors.
static void change_code(uint8_t *data, const view_t *v) {
    flatbuf_vector_t codes = model_flatbuf_vector(&v->buf, model_flatbuf_root(&v->buf), MODEL_OPERATOR_CODES, 4);
    uint32_t table = model_flatbuf_vector_table(&v->buf, codes, next(codes.len));
    uint32_t code = model_flatbuf_field(&v->buf, table, OPERATOR_CODE_BUILTIN_CODE, 4);
    uint32_t old_code = model_flatbuf_field(&v->buf, table, OPERATOR_CODE_DEPRECATED_BUILTIN_CODE, 1);
    uint8_t value = (uint8_t)next(145);
    if (code != 0) {
        put(data, code, value);
    }
    if (old_code != 0) {
        data[old_code] = value < BUILTIN_PLACEHOLDER ? value : BUILTIN_PLACEHOLDER;
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed) {
    state = seed | 1;
    if (next(5) == 0) {
        return LLVMFuzzerMutate(data, size, max_size);
    }
    view_t v = { .buf = model_flatbuf_init(data, size) };
    uint32_t root = model_flatbuf_root(&v.buf);
    flatbuf_vector_t subgraphs = model_flatbuf_vector(&v.buf, root, MODEL_SUBGRAPHS, 4);
    v.subgraph = model_flatbuf_vector_table(&v.buf, subgraphs, next(subgraphs.len));
    v.tensors = model_flatbuf_vector(&v.buf, v.subgraph, SUBGRAPH_TENSORS, 4);
    v.operators = model_flatbuf_vector(&v.buf, v.subgraph, SUBGRAPH_OPERATORS, 4);
    v.buffers = model_flatbuf_vector(&v.buf, root, MODEL_BUFFERS, 4);
    if (v.tensors.len > 4096) {
        return LLVMFuzzerMutate(data, size, max_size);
    }
    for (unsigned changes = 1 + next(3); changes > 0; --changes) {
        switch (next(12)) {
            case 0:
            case 1:
            case 2:
                change_sizes(data, &v);
                break;
            case 3:
            case 4:
                change_quantization(data, &v);
                break;
            case 5:
                change_tensor(data, &v);
                break;
            case 6:
            case 7:
            case 8:
                change_operator(data, &v);
                break;
            case 9:
            case 10:
                change_constant(data, &v);
                break;
            default:
                change_code(data, &v);
        }
    }
    return size;
}
