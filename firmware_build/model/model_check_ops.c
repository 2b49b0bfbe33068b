// Which ops there are, and what each asks of its tensors before its own rule.

#include "model_reader.h"
#include "model_rule.h"

bool check_conv_2d(check_t *c);
bool check_depthwise_conv_2d(check_t *c);
bool check_transpose_conv(check_t *c);
bool check_pool_2d(check_t *c);
bool check_fully_connected(check_t *c);
bool check_quantize(check_t *c);
bool check_dequantize(check_t *c);
bool check_relu(check_t *c);
bool check_relu6(check_t *c);
bool check_leaky_relu(check_t *c);
bool check_prelu(check_t *c);
bool check_softmax(check_t *c);
bool check_add(check_t *c);
bool check_mul(check_t *c);
bool check_maximum(check_t *c);
bool check_hard_swish(check_t *c);
bool check_reshape(check_t *c);
bool check_expand_dims(check_t *c);
bool check_squeeze(check_t *c);
bool check_transpose(check_t *c);
bool check_pad(check_t *c);
bool check_concatenation(check_t *c);
bool check_mean(check_t *c);
bool check_sum(check_t *c);
bool check_strided_slice(check_t *c);
bool check_resize(check_t *c);
bool check_resize_bilinear(check_t *c);

#define SAME (RULE_SAME_TYPE | RULE_SAME_SHAPE | RULE_QUANTIZED)
#define REAL TYPE_FLOAT_OR_INT8
#define INTEGER (TYPE_BIT(TENSOR_INT8) | TYPE_BIT(TENSOR_UINT8) | TYPE_BIT(TENSOR_INT16))
#define COPIED (REAL | TYPE_BIT(TENSOR_INT16))
#define ANY (0xffffffff)
#define CONCATENATED (COPIED | TYPE_BIT(TENSOR_INT32) | TYPE_BIT(TENSOR_INT64) | TYPE_BIT(TENSOR_BOOL))
#define SLICED (COPIED | TYPE_BIT(TENSOR_INT32))

// Flags, fewest and most inputs, type and layout of the options, types of the data input,
// rule.
#define RULE_CONV_2D { RULE_SAME_TYPE | RULE_QUANTIZED | RULE_BIAS, 2, 3, 1, "1441441", REAL, check_conv_2d }
#define RULE_DEPTHWISE_CONV_2D { RULE_SAME_TYPE | RULE_QUANTIZED, 3, 3, 2, "1444144", REAL, check_depthwise_conv_2d }
#define RULE_TRANSPOSE_CONV \
    { RULE_SAME_TYPE | RULE_QUANTIZED | RULE_BIAS | RULE_DATA_LAST, 3, 4, 49, "14411", REAL, check_transpose_conv }
#define RULE_FULLY_CONNECTED { RULE_SAME_TYPE | RULE_QUANTIZED | RULE_BIAS, 2, 3, 8, "11111", REAL, check_fully_connected }
#define RULE_MAX_POOL_2D { RULE_SAME_TYPE | RULE_QUANTIZED, 1, 1, 5, "144441", REAL, check_pool_2d }
#define RULE_AVERAGE_POOL_2D RULE_MAX_POOL_2D
#define RULE_QUANTIZE { RULE_SAME_SHAPE, 1, 1, 0, "", REAL | INTEGER | TYPE_BIT(TENSOR_INT32), check_quantize }
#define RULE_DEQUANTIZE { RULE_SAME_SHAPE, 1, 1, 0, "", INTEGER, check_dequantize }
#define RULE_RELU { SAME, 1, 1, 0, "", REAL, check_relu }
#define RULE_RELU6 { SAME, 1, 1, 0, "", REAL, check_relu6 }
#define RULE_LEAKY_RELU { SAME, 1, 1, 75, "4", REAL, check_leaky_relu }
#define RULE_PRELU { SAME, 2, 2, 0, "", REAL, check_prelu }
#define RULE_SOFTMAX { SAME, 1, 1, 9, "4", REAL, check_softmax }
#define RULE_LOGISTIC { SAME, 1, 1, 0, "", REAL, NULL }
#define RULE_TANH { SAME, 1, 1, 0, "", REAL, NULL }
#define RULE_ADD { RULE_SAME_TYPE | RULE_QUANTIZED, 2, 2, 11, "11", REAL, check_add }
#define RULE_SUB { RULE_SAME_TYPE | RULE_QUANTIZED, 2, 2, 28, "11", REAL, check_add }
#define RULE_MUL { RULE_SAME_TYPE | RULE_QUANTIZED, 2, 2, 21, "1", REAL, check_mul }
#define RULE_RESHAPE { RULE_SAME_TYPE | RULE_OPTIONS_OPTIONAL, 1, 2, 17, "w", ANY, check_reshape }
#define RULE_EXPAND_DIMS { RULE_SAME_TYPE, 2, 2, 0, "", COPIED, check_expand_dims }
#define RULE_SQUEEZE { RULE_SAME_TYPE, 1, 1, 30, "w", ANY, check_squeeze }
#define RULE_TRANSPOSE { RULE_SAME_TYPE, 2, 2, 0, "", COPIED, check_transpose }
#define RULE_PAD { RULE_SAME_TYPE, 2, 2, 0, "", COPIED | TYPE_BIT(TENSOR_INT32), check_pad }
#define RULE_PADV2 { RULE_SAME_TYPE, 3, 3, 0, "", COPIED | TYPE_BIT(TENSOR_INT32), check_pad }
#define RULE_CONCATENATION { RULE_SAME_TYPE, 1, 10, 10, "41", CONCATENATED, check_concatenation }
#define RULE_MEAN { RULE_SAME_TYPE | RULE_QUANTIZED, 2, 2, 27, "1", REAL, check_mean }
#define RULE_REDUCE_MAX RULE_MEAN
#define RULE_REDUCE_MIN RULE_MEAN
#define RULE_SUM { RULE_SAME_TYPE | RULE_QUANTIZED, 2, 2, 27, "1", REAL, check_sum }
#define RULE_MAXIMUM { RULE_SAME_TYPE, 2, 2, 0, "", COPIED | TYPE_BIT(TENSOR_INT32) | TYPE_BIT(TENSOR_INT64), check_maximum }
#define RULE_MINIMUM RULE_MAXIMUM
#define RULE_HARD_SWISH { SAME, 1, 1, 0, "", REAL, check_hard_swish }
#define RULE_STRIDED_SLICE { RULE_SAME_TYPE, 4, 4, 32, "444441", SLICED, check_strided_slice }
#define RULE_RESIZE_BILINEAR { RULE_SAME_TYPE, 2, 2, 15, "--11", REAL, check_resize_bilinear }
#define RULE_RESIZE_NEAREST_NEIGHBOR { RULE_SAME_TYPE, 2, 2, 74, "11", COPIED, check_resize }

#ifdef TFLM_OPS_FILE
#define OPS TFLM_OPS_FILE
#else
#define OPS "ops.def"
#endif

#define TFLM_OP(name, code, method, version, profile) static const model_rule_t rule_##name = RULE_##name;
#include OPS
#undef TFLM_OP

#define PROFILE_digits MODEL_PROFILE_DIGITS
#define PROFILE_cnn MODEL_PROFILE_CNN
#define PROFILE_all MODEL_PROFILE_ALL

const model_check_op_t model_check_ops[] = {
#define TFLM_OP(name, code, method, version, profile) { code, version, PROFILE_##profile, &rule_##name },
#include OPS
#undef TFLM_OP
};

const size_t model_check_op_count = sizeof(model_check_ops) / sizeof(model_check_ops[0]);
