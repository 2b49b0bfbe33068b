// Which ops there are, and what each asks of its tensors before its own rule.

#include "model_rule.h"

bool model_check_conv_2d(check_t *c);
bool model_check_depthwise_conv_2d(check_t *c);
bool model_check_transpose_conv(check_t *c);
bool model_check_pool_2d(check_t *c);
bool model_check_fully_connected(check_t *c);
bool model_check_quantize(check_t *c);
bool model_check_dequantize(check_t *c);
bool model_check_relu(check_t *c);
bool model_check_relu6(check_t *c);
bool model_check_leaky_relu(check_t *c);
bool model_check_prelu(check_t *c);
bool model_check_softmax(check_t *c);
bool model_check_add(check_t *c);
bool model_check_mul(check_t *c);
bool model_check_maximum(check_t *c);
bool model_check_hard_swish(check_t *c);
bool model_check_reshape(check_t *c);
bool model_check_expand_dims(check_t *c);
bool model_check_squeeze(check_t *c);
bool model_check_transpose(check_t *c);
bool model_check_pad(check_t *c);
bool model_check_concatenation(check_t *c);
bool model_check_mean(check_t *c);
bool model_check_extreme(check_t *c);
bool model_check_sum(check_t *c);
bool model_check_strided_slice(check_t *c);
bool model_check_resize(check_t *c);
bool model_check_resize_bilinear(check_t *c);
bool model_check_lstm(check_t *c);
bool model_check_svdf(check_t *c);
bool model_check_call_once(check_t *c);
bool model_check_var_handle(check_t *c);
bool model_check_read_variable(check_t *c);
bool model_check_assign_variable(check_t *c);

#define SAME (RULE_SAME_TYPE | RULE_SAME_SHAPE | RULE_QUANTIZED)
#define REAL TYPE_FLOAT_OR_INT8
#define INTEGER (TYPE_BIT(TENSOR_INT8) | TYPE_BIT(TENSOR_UINT8) | TYPE_BIT(TENSOR_INT16))
#define COPIED (REAL | TYPE_BIT(TENSOR_INT16))
#define ANY (0xffffffff)
#define CONCATENATED (COPIED | TYPE_BIT(TENSOR_INT32) | TYPE_BIT(TENSOR_INT64) | TYPE_BIT(TENSOR_BOOL))
#define SLICED (COPIED | TYPE_BIT(TENSOR_INT32))

// Its name; flags, fewest and most inputs, type and layout of the options, types of the data input,
// rule.
#define RULE(name, ...) \
    extern const model_rule_t model_rule_##name; \
    const model_rule_t model_rule_##name = { __VA_ARGS__ };

RULE(CONV_2D, RULE_SAME_TYPE | RULE_QUANTIZED | RULE_BIAS,
    2, 3, 1, "1441441", REAL, model_check_conv_2d)
RULE(DEPTHWISE_CONV_2D, RULE_SAME_TYPE | RULE_QUANTIZED,
    3, 3, 2, "1444144", REAL, model_check_depthwise_conv_2d)
RULE(TRANSPOSE_CONV, RULE_SAME_TYPE | RULE_QUANTIZED | RULE_BIAS | RULE_DATA_LAST,
    3, 4, 49, "14411", REAL, model_check_transpose_conv)
RULE(FULLY_CONNECTED, RULE_SAME_TYPE | RULE_QUANTIZED | RULE_BIAS,
    2, 3, 8, "11111", REAL, model_check_fully_connected)
RULE(MAX_POOL_2D, RULE_SAME_TYPE | RULE_QUANTIZED, 1, 1, 5, "144441", REAL, model_check_pool_2d)
RULE(AVERAGE_POOL_2D, RULE_SAME_TYPE | RULE_QUANTIZED,
    1, 1, 5, "144441", REAL, model_check_pool_2d)
RULE(QUANTIZE, RULE_SAME_SHAPE,
    1, 1, 0, "", REAL | INTEGER | TYPE_BIT(TENSOR_INT32), model_check_quantize)
RULE(DEQUANTIZE, RULE_SAME_SHAPE, 1, 1, 0, "", INTEGER, model_check_dequantize)
RULE(RELU, SAME, 1, 1, 0, "", REAL, model_check_relu)
RULE(RELU6, SAME, 1, 1, 0, "", REAL, model_check_relu6)
RULE(LEAKY_RELU, SAME, 1, 1, 75, "4", REAL, model_check_leaky_relu)
RULE(PRELU, SAME, 2, 2, 0, "", REAL, model_check_prelu)
RULE(SOFTMAX, SAME, 1, 1, 9, "4", REAL, model_check_softmax)
RULE(LOGISTIC, SAME, 1, 1, 0, "", REAL, NULL)
RULE(TANH, SAME, 1, 1, 0, "", REAL, NULL)
RULE(ADD, RULE_SAME_TYPE | RULE_QUANTIZED, 2, 2, 11, "11", REAL, model_check_add)
RULE(SUB, RULE_SAME_TYPE | RULE_QUANTIZED, 2, 2, 28, "11", REAL, model_check_add)
RULE(MUL, RULE_SAME_TYPE | RULE_QUANTIZED, 2, 2, 21, "1", REAL, model_check_mul)
RULE(RESHAPE, RULE_SAME_TYPE | RULE_OPTIONS_OPTIONAL, 1, 2, 17, "w", ANY, model_check_reshape)
RULE(EXPAND_DIMS, RULE_SAME_TYPE, 2, 2, 0, "", COPIED, model_check_expand_dims)
RULE(SQUEEZE, RULE_SAME_TYPE, 1, 1, 30, "w", ANY, model_check_squeeze)
RULE(TRANSPOSE, RULE_SAME_TYPE, 2, 2, 0, "", COPIED, model_check_transpose)
RULE(PAD, RULE_SAME_TYPE, 2, 2, 0, "", COPIED | TYPE_BIT(TENSOR_INT32), model_check_pad)
RULE(PADV2, RULE_SAME_TYPE, 3, 3, 0, "", COPIED | TYPE_BIT(TENSOR_INT32), model_check_pad)
RULE(CONCATENATION, RULE_SAME_TYPE, 1, 10, 10, "41", CONCATENATED, model_check_concatenation)
RULE(MEAN, RULE_SAME_TYPE | RULE_QUANTIZED, 2, 2, 27, "1", REAL, model_check_mean)
RULE(REDUCE_MAX, RULE_SAME_TYPE | RULE_QUANTIZED, 2, 2, 27, "1", REAL, model_check_extreme)
RULE(REDUCE_MIN, RULE_SAME_TYPE | RULE_QUANTIZED, 2, 2, 27, "1", REAL, model_check_extreme)
RULE(SUM, RULE_SAME_TYPE | RULE_QUANTIZED, 2, 2, 27, "1", REAL, model_check_sum)
RULE(MAXIMUM, RULE_SAME_TYPE,
    2, 2, 0, "", COPIED | TYPE_BIT(TENSOR_INT32) | TYPE_BIT(TENSOR_INT64), model_check_maximum)
RULE(MINIMUM, RULE_SAME_TYPE,
    2, 2, 0, "", COPIED | TYPE_BIT(TENSOR_INT32) | TYPE_BIT(TENSOR_INT64), model_check_maximum)
RULE(HARD_SWISH, SAME, 1, 1, 0, "", REAL, model_check_hard_swish)
RULE(STRIDED_SLICE, RULE_SAME_TYPE, 4, 4, 32, "444441", SLICED, model_check_strided_slice)
RULE(RESIZE_BILINEAR, RULE_SAME_TYPE, 2, 2, 15, "--11", REAL, model_check_resize_bilinear)
RULE(RESIZE_NEAREST_NEIGHBOR, RULE_SAME_TYPE, 2, 2, 74, "11", COPIED, model_check_resize)
RULE(UNIDIRECTIONAL_SEQUENCE_LSTM, RULE_SAME_TYPE | RULE_QUANTIZED | RULE_STATE | RULE_INTERMEDIATES,
    24, 24, 71, "144111", REAL, model_check_lstm)
RULE(SVDF, RULE_SAME_TYPE | RULE_QUANTIZED | RULE_STATE, 5, 5, 6, "411", REAL, model_check_svdf)
RULE(CALL_ONCE, RULE_NO_OUTPUT, 0, 0, 103, "4", ANY, model_check_call_once)
RULE(VAR_HANDLE, RULE_HANDLE, 0, 0, 111, "ss", ANY, model_check_var_handle)
RULE(READ_VARIABLE, RULE_STATE, 1, 1, 0, "", ANY, model_check_read_variable)
RULE(ASSIGN_VARIABLE, RULE_STATE | RULE_NO_OUTPUT, 2, 2, 0, "", ANY, model_check_assign_variable)
