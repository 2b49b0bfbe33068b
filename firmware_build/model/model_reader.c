#include <string.h>

#include "model_rule.h"

// Every builtin op of the schema, in the order of its numbers from 0.
static const char op_names[] =
    "ADD\0" "AVERAGE_POOL_2D\0" "CONCATENATION\0" "CONV_2D\0" "DEPTHWISE_CONV_2D\0"
    "DEPTH_TO_SPACE\0" "DEQUANTIZE\0" "EMBEDDING_LOOKUP\0" "FLOOR\0" "FULLY_CONNECTED\0"
    "HASHTABLE_LOOKUP\0" "L2_NORMALIZATION\0" "L2_POOL_2D\0" "LOCAL_RESPONSE_NORMALIZATION\0"
    "LOGISTIC\0" "LSH_PROJECTION\0" "LSTM\0" "MAX_POOL_2D\0" "MUL\0" "RELU\0" "RELU_N1_TO_1\0"
    "RELU6\0" "RESHAPE\0" "RESIZE_BILINEAR\0" "RNN\0" "SOFTMAX\0" "SPACE_TO_DEPTH\0" "SVDF\0"
    "TANH\0" "CONCAT_EMBEDDINGS\0" "SKIP_GRAM\0" "CALL\0" "CUSTOM\0" "EMBEDDING_LOOKUP_SPARSE\0"
    "PAD\0" "UNIDIRECTIONAL_SEQUENCE_RNN\0" "GATHER\0" "BATCH_TO_SPACE_ND\0"
    "SPACE_TO_BATCH_ND\0" "TRANSPOSE\0" "MEAN\0" "SUB\0" "DIV\0" "SQUEEZE\0"
    "UNIDIRECTIONAL_SEQUENCE_LSTM\0" "STRIDED_SLICE\0" "BIDIRECTIONAL_SEQUENCE_RNN\0" "EXP\0"
    "TOPK_V2\0" "SPLIT\0" "LOG_SOFTMAX\0" "DELEGATE\0" "BIDIRECTIONAL_SEQUENCE_LSTM\0" "CAST\0"
    "PRELU\0" "MAXIMUM\0" "ARG_MAX\0" "MINIMUM\0" "LESS\0" "NEG\0" "PADV2\0" "GREATER\0"
    "GREATER_EQUAL\0" "LESS_EQUAL\0" "SELECT\0" "SLICE\0" "SIN\0" "TRANSPOSE_CONV\0"
    "SPARSE_TO_DENSE\0" "TILE\0" "EXPAND_DIMS\0" "EQUAL\0" "NOT_EQUAL\0" "LOG\0" "SUM\0"
    "SQRT\0" "RSQRT\0" "SHAPE\0" "POW\0" "ARG_MIN\0" "FAKE_QUANT\0" "REDUCE_PROD\0"
    "REDUCE_MAX\0" "PACK\0" "LOGICAL_OR\0" "ONE_HOT\0" "LOGICAL_AND\0" "LOGICAL_NOT\0"
    "UNPACK\0" "REDUCE_MIN\0" "FLOOR_DIV\0" "REDUCE_ANY\0" "SQUARE\0" "ZEROS_LIKE\0" "FILL\0"
    "FLOOR_MOD\0" "RANGE\0" "RESIZE_NEAREST_NEIGHBOR\0" "LEAKY_RELU\0" "SQUARED_DIFFERENCE\0"
    "MIRROR_PAD\0" "ABS\0" "SPLIT_V\0" "UNIQUE\0" "CEIL\0" "REVERSE_V2\0" "ADD_N\0"
    "GATHER_ND\0" "COS\0" "WHERE\0" "RANK\0" "ELU\0" "REVERSE_SEQUENCE\0" "MATRIX_DIAG\0"
    "QUANTIZE\0" "MATRIX_SET_DIAG\0" "ROUND\0" "HARD_SWISH\0" "IF\0" "WHILE\0"
    "NON_MAX_SUPPRESSION_V4\0" "NON_MAX_SUPPRESSION_V5\0" "SCATTER_ND\0" "SELECT_V2\0"
    "DENSIFY\0" "SEGMENT_SUM\0" "BATCH_MATMUL\0" "PLACEHOLDER_FOR_GREATER_OP_CODES\0" "CUMSUM\0"
    "CALL_ONCE\0" "BROADCAST_TO\0" "RFFT2D\0" "CONV_3D\0" "IMAG\0" "REAL\0" "COMPLEX_ABS\0"
    "HASHTABLE\0" "HASHTABLE_FIND\0" "HASHTABLE_IMPORT\0" "HASHTABLE_SIZE\0" "REDUCE_ALL\0"
    "CONV_3D_TRANSPOSE\0" "VAR_HANDLE\0" "READ_VARIABLE\0" "ASSIGN_VARIABLE\0"
    "BROADCAST_ARGS\0" "RANDOM_STANDARD_NORMAL\0" "BUCKETIZE\0" "RANDOM_UNIFORM\0"
    "MULTINOMIAL\0" "GELU\0" "DYNAMIC_UPDATE_SLICE\0" "RELU_0_TO_1\0" "UNSORTED_SEGMENT_PROD\0"
    "UNSORTED_SEGMENT_MAX\0" "UNSORTED_SEGMENT_SUM\0" "ATAN2\0" "UNSORTED_SEGMENT_MIN\0"
    "SIGN\0" "BITCAST\0" "BITWISE_XOR\0" "RIGHT_SHIFT\0" "STABLEHLO_LOGISTIC\0"
    "STABLEHLO_ADD\0" "STABLEHLO_DIVIDE\0" "STABLEHLO_MULTIPLY\0" "STABLEHLO_MAXIMUM\0"
    "STABLEHLO_RESHAPE\0" "STABLEHLO_CLAMP\0" "STABLEHLO_CONCATENATE\0"
    "STABLEHLO_BROADCAST_IN_DIM\0" "STABLEHLO_CONVOLUTION\0" "STABLEHLO_SLICE\0"
    "STABLEHLO_CUSTOM_CALL\0" "STABLEHLO_REDUCE\0" "STABLEHLO_ABS\0" "STABLEHLO_AND\0"
    "STABLEHLO_COSINE\0" "STABLEHLO_EXPONENTIAL\0" "STABLEHLO_FLOOR\0" "STABLEHLO_LOG\0"
    "STABLEHLO_MINIMUM\0" "STABLEHLO_NEGATE\0" "STABLEHLO_OR\0" "STABLEHLO_POWER\0"
    "STABLEHLO_REMAINDER\0" "STABLEHLO_RSQRT\0" "STABLEHLO_SELECT\0" "STABLEHLO_SUBTRACT\0"
    "STABLEHLO_TANH\0" "STABLEHLO_SCATTER\0" "STABLEHLO_COMPARE\0" "STABLEHLO_CONVERT\0"
    "STABLEHLO_DYNAMIC_SLICE\0" "STABLEHLO_DYNAMIC_UPDATE_SLICE\0" "STABLEHLO_PAD\0"
    "STABLEHLO_IOTA\0" "STABLEHLO_DOT_GENERAL\0" "STABLEHLO_REDUCE_WINDOW\0" "STABLEHLO_SORT\0"
    "STABLEHLO_WHILE\0" "STABLEHLO_GATHER\0" "STABLEHLO_TRANSPOSE\0" "DILATE\0"
    "STABLEHLO_RNG_BIT_GENERATOR\0" "REDUCE_WINDOW\0" "STABLEHLO_COMPOSITE\0"
    "STABLEHLO_SHIFT_LEFT\0" "STABLEHLO_CBRT\0" "STABLEHLO_CASE\0";

static const struct {
    uint8_t type;
    uint8_t size;
    char code;
} types[] = {
    { TENSOR_FLOAT32, 4, 'f' },
    { TENSOR_INT8, 1, 'b' },
    { TENSOR_UINT8, 1, 'B' },
    { TENSOR_BOOL, 1, 'B' },
    { TENSOR_INT16, 2, 'h' },
    { TENSOR_UINT16, 2, 'H' },
    { TENSOR_INT32, 4, 'i' },
    { TENSOR_UINT32, 4, 'I' },
    { TENSOR_INT64, 8, 'q' },
    { TENSOR_UINT64, 8, 'Q' },
    { TENSOR_FLOAT16, 2, 0 },
    { TENSOR_FLOAT64, 8, 0 }, // 'd', but no kernel and no 32-bit MicroPython takes it
};

static uint32_t subgraph_at(const flatbuf_t *buf, size_t index) {
    return model_flatbuf_vector_table(buf, model_flatbuf_vector(buf, model_flatbuf_root(buf), MODEL_SUBGRAPHS, 4), index);
}

static uint32_t main_subgraph(const flatbuf_t *buf) {
    return subgraph_at(buf, 0);
}

static flatbuf_vector_t io_indices(const flatbuf_t *buf, bool output) {
    return model_flatbuf_vector(buf, main_subgraph(buf), output ? SUBGRAPH_OUTPUTS : SUBGRAPH_INPUTS, 4);
}

static flatbuf_vector_t operators(const flatbuf_t *buf) {
    return model_flatbuf_vector(buf, main_subgraph(buf), SUBGRAPH_OPERATORS, 4);
}

// A string, or "" when it is absent.
static const char *read_string(const flatbuf_t *buf, uint32_t table, unsigned id, size_t *len) {
    flatbuf_vector_t string = model_flatbuf_vector(buf, table, id, 1);
    *len = string.len;
    return string.pos ? (const char *)buf->data + string.pos : "";
}

size_t model_io_count(const uint8_t *model, size_t size, bool output) {
    flatbuf_t buf = model_flatbuf_init(model, size);
    return io_indices(&buf, output).len;
}

static size_t tensor_bytes(const model_tensor_t *tensor) {
    uint64_t bytes = model_type_size(tensor->type);
    for (size_t i = 0; i < tensor->rank; ++i) {
        int32_t dim = model_tensor_dim(tensor, i);
        bytes *= dim > 0 ? (uint32_t)dim : 0;
        if (bytes > INT32_MAX) {
            return 0;
        }
    }
    return (size_t)bytes;
}

size_t model_tensor_count(const uint8_t *model, size_t size) {
    flatbuf_t buf = model_flatbuf_init(model, size);
    return model_flatbuf_vector(&buf, main_subgraph(&buf), SUBGRAPH_TENSORS, 4).len;
}

bool model_io(const uint8_t *model, size_t size, bool output, size_t index, model_tensor_t *tensor) {
    flatbuf_t buf = model_flatbuf_init(model, size);
    flatbuf_vector_t indices = io_indices(&buf, output);
    // A negative index is beyond any vector once it is unsigned.
    return index < indices.len
           && model_tensor(model, size, (uint32_t)model_flatbuf_vector_i32(&buf, indices, index), tensor);
}

bool model_tensor(const uint8_t *model, size_t size, size_t index, model_tensor_t *tensor) {
    flatbuf_t buf = model_flatbuf_init(model, size);
    flatbuf_vector_t tensors = model_flatbuf_vector(&buf, main_subgraph(&buf), SUBGRAPH_TENSORS, 4);
    uint32_t table = model_flatbuf_vector_table(&buf, tensors, index);
    if (table == 0) {
        return false;
    }
    tensor->index = index;
    tensor->name = read_string(&buf, table, TENSOR_NAME, &tensor->name_len);
    tensor->type = (int8_t)model_flatbuf_u8(&buf, table, TENSOR_TYPE);

    flatbuf_vector_t shape = model_flatbuf_vector(&buf, table, TENSOR_SHAPE, 4);
    tensor->rank = shape.len;
    tensor->dims = buf.data + shape.pos;
    tensor->bytes = tensor_bytes(tensor);

    // As TFLM: a buffer without bytes is none.
    flatbuf_vector_t buffers = model_flatbuf_vector(&buf, model_flatbuf_root(&buf), MODEL_BUFFERS, 4);
    uint32_t buffer = (uint32_t)model_flatbuf_i32(&buf, table, TENSOR_BUFFER, 0);
    flatbuf_vector_t content = model_flatbuf_vector(&buf, model_flatbuf_vector_table(&buf, buffers, buffer), BUFFER_DATA, 1);
    tensor->constant = content.len >= tensor->bytes && content.len > 0 ? buf.data + content.pos : NULL;

    // As TFLM: only both scales and zero points make a tensor a quantized one.
    uint32_t quantization = model_flatbuf_table(&buf, table, TENSOR_QUANTIZATION);
    flatbuf_vector_t scales = model_flatbuf_vector(&buf, quantization, QUANTIZATION_SCALE, 4);
    flatbuf_vector_t zero_points = model_flatbuf_vector(&buf, quantization, QUANTIZATION_ZERO_POINT, 8);
    tensor->scale_count = zero_points.len ? scales.len : 0;
    tensor->scales = buf.data + scales.pos;
    tensor->zero_point_count = zero_points.len;
    tensor->zero_points = buf.data + zero_points.pos;
    tensor->quantized_dimension = model_flatbuf_i32(&buf, quantization, QUANTIZATION_QUANTIZED_DIMENSION, 0);
    return true;
}

int32_t model_tensor_dim(const model_tensor_t *tensor, size_t index) {
    flatbuf_t buf = { tensor->dims, 0 };
    return index < tensor->rank ? (int32_t)model_flatbuf_u32_at(&buf, 4 * (uint32_t)index) : 0;
}

uint32_t model_tensor_scale(const model_tensor_t *tensor, size_t index) {
    flatbuf_t buf = { tensor->scales, 0 };
    return index < tensor->scale_count ? model_flatbuf_u32_at(&buf, 4 * (uint32_t)index) : 0;
}

int32_t model_tensor_zero_point(const model_tensor_t *tensor, size_t index) {
    flatbuf_t buf = { tensor->zero_points, 0 };
    if (index >= tensor->scale_count) {
        return 0;
    }
    if (tensor->zero_point_count != tensor->scale_count) {
        index = 0;
    }
    // Stored in 64 bits, used in 32.
    return (int32_t)model_flatbuf_u32_at(&buf, 8 * (uint32_t)index);
}

size_t model_op_count(const uint8_t *model, size_t size) {
    flatbuf_t buf = model_flatbuf_init(model, size);
    return operators(&buf).len;
}

bool model_op(const uint8_t *model, size_t size, size_t index, model_op_t *op) {
    flatbuf_t buf = model_flatbuf_init(model, size);
    return model_flatbuf_op(&buf, model_flatbuf_vector_table(&buf, operators(&buf), index), op);
}

bool model_op_is(const model_op_t *op, const char *name) {
    return op->name_len == strlen(name) && memcmp(op->name, name, op->name_len) == 0;
}

bool model_setup_op(const uint8_t *model, size_t size, size_t index, model_op_t *op) {
    flatbuf_t buf = model_flatbuf_init(model, size);
    flatbuf_vector_t setup = model_flatbuf_vector(&buf, subgraph_at(&buf, 1), SUBGRAPH_OPERATORS, 4);
    return model_flatbuf_op(&buf, model_flatbuf_vector_table(&buf, setup, index), op);
}

bool model_flatbuf_op(const flatbuf_t *buf, uint32_t operator, model_op_t *op) {
    flatbuf_vector_t codes = model_flatbuf_vector(buf, model_flatbuf_root(buf), MODEL_OPERATOR_CODES, 4);
    uint32_t code_index = (uint32_t)model_flatbuf_i32(buf, operator, OPERATOR_OPCODE_INDEX, 0);
    uint32_t table = model_flatbuf_vector_table(buf, codes, code_index);
    if (operator == 0 || table == 0) {
        return false;
    }

    // Old files have the code in a byte, later ones in an int; the larger counts.
    int32_t old_code = (int8_t)model_flatbuf_u8(buf, table, OPERATOR_CODE_DEPRECATED_BUILTIN_CODE);
    op->code = model_flatbuf_i32(buf, table, OPERATOR_CODE_BUILTIN_CODE, 0);
    if (op->code < old_code) {
        op->code = old_code;
    }
    op->version = model_flatbuf_i32(buf, table, OPERATOR_CODE_VERSION, 1);
    if (op->code == BUILTIN_CUSTOM) {
        op->name = read_string(buf, table, OPERATOR_CODE_CUSTOM_CODE, &op->name_len);
    } else {
        op->name = model_op_name(op->code);
        if (op->name == NULL) {
            op->name = "?";
        }
        op->name_len = strlen(op->name);
    }
    return true;
}

bool model_metadata(const uint8_t *model, size_t size, const char *name, size_t name_len,
    const uint8_t **data, size_t *data_len) {
    flatbuf_t buf = model_flatbuf_init(model, size);
    uint32_t root = model_flatbuf_root(&buf);
    flatbuf_vector_t entries = model_flatbuf_vector(&buf, root, MODEL_METADATA, 4);
    flatbuf_vector_t buffers = model_flatbuf_vector(&buf, root, MODEL_BUFFERS, 4);
    for (size_t i = 0; i < entries.len; ++i) {
        uint32_t table = model_flatbuf_vector_table(&buf, entries, i);
        size_t found_len;
        const char *found = read_string(&buf, table, METADATA_NAME, &found_len);
        if (name_len > 0 && found_len == name_len && memcmp(found, name, name_len) == 0) {
            uint32_t buffer = (uint32_t)model_flatbuf_i32(&buf, table, METADATA_BUFFER, 0);
            flatbuf_vector_t content = model_flatbuf_vector(&buf,
                model_flatbuf_vector_table(&buf, buffers, buffer), BUFFER_DATA, 1);
            *data = buf.data + content.pos;
            *data_len = content.len;
            return true;
        }
    }
    return false;
}

const char *model_op_name(int32_t code) {
    const char *name = op_names;
    // Past the last name is the NUL that the array itself ends with.
    while (code > 0 && *name != 0) {
        name += strlen(name) + 1;
        --code;
    }
    return code == 0 && *name != 0 ? name : NULL;
}

char model_type_code(int type) {
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); ++i) {
        if (types[i].type == type) {
            return types[i].code;
        }
    }
    return 0;
}

const char *model_type_name(int type) {
    static const char names[][11] = {
        "FLOAT32", "FLOAT16", "INT32", "UINT8", "INT64", "STRING", "BOOL", "INT16", "COMPLEX64",
        "INT8", "FLOAT64", "COMPLEX128", "UINT64", "RESOURCE", "VARIANT", "UINT32", "UINT16",
        "INT4", "BFLOAT16",
    };
    return type >= 0 && (size_t)type < sizeof(names) / sizeof(names[0]) ? names[type] : "?";
}

size_t model_type_size(int type) {
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); ++i) {
        if (types[i].type == type) {
            return types[i].size;
        }
    }
    return 0;
}
