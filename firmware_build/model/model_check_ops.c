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
bool model_check_logistic(check_t *c);
bool model_check_tanh(check_t *c);
bool model_check_leaky_relu(check_t *c);
bool model_check_prelu(check_t *c);
bool model_check_softmax(check_t *c);
bool model_check_add(check_t *c);
bool model_check_add_n(check_t *c);
bool model_check_mul(check_t *c);
bool model_check_div(check_t *c);
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
bool model_check_split(check_t *c);
bool model_check_split_v(check_t *c);
bool model_check_pack(check_t *c);
bool model_check_unpack(check_t *c);
bool model_check_shape(check_t *c);
bool model_check_slice(check_t *c);
bool model_check_update_slice(check_t *c);
bool model_check_fill(check_t *c);
bool model_check_broadcast_to(check_t *c);
bool model_check_space_to_depth(check_t *c);
bool model_check_depth_to_space(check_t *c);
bool model_check_mirror_pad(check_t *c);
bool model_check_reverse(check_t *c);
bool model_check_arg(check_t *c);
bool model_check_rsqrt(check_t *c);
bool model_check_squared_difference(check_t *c);
bool model_check_compare(check_t *c);
bool model_check_select(check_t *c);
bool model_check_select_alike(check_t *c);
bool model_check_cast(check_t *c);
bool model_check_l2_normalization(check_t *c);
bool model_check_log_softmax(check_t *c);
bool model_check_cumsum(check_t *c);
bool model_check_tile(check_t *c);
bool model_check_gather(check_t *c);
bool model_check_gather_nd(check_t *c);
bool model_check_embedding_lookup(check_t *c);
bool model_check_space_to_batch(check_t *c);
bool model_check_batch_to_space(check_t *c);
bool model_check_batch_matmul(check_t *c);
bool model_check_lstm(check_t *c);
bool model_check_svdf(check_t *c);
bool model_check_call_once(check_t *c);
bool model_check_var_handle(check_t *c);
bool model_check_read_variable(check_t *c);
bool model_check_assign_variable(check_t *c);
bool model_check_circular_buffer(check_t *c);
bool model_check_signal_window(check_t *c);
bool model_check_signal_auto_scale(check_t *c);
bool model_check_signal_rfft(check_t *c);
bool model_check_signal_energy(check_t *c);
bool model_check_signal_filter_bank(check_t *c);
bool model_check_signal_square_root(check_t *c);
bool model_check_signal_spectral_subtraction(check_t *c);
bool model_check_signal_pcan(check_t *c);
bool model_check_signal_log(check_t *c);

#define SAME (RULE_SAME_TYPE | RULE_SAME_SHAPE | RULE_QUANTIZED)
#define REAL TYPE_FLOAT_OR_INT8
#define INTEGER (TYPE_BIT(TENSOR_INT8) | TYPE_BIT(TENSOR_UINT8) | TYPE_BIT(TENSOR_INT16))
#define COPIED (REAL | TYPE_BIT(TENSOR_INT16))
#define ANY (0xffffffff)
#define CONCATENATED (COPIED | TYPE_BIT(TENSOR_INT32) | TYPE_BIT(TENSOR_INT64) | TYPE_BIT(TENSOR_BOOL))
#define FLOAT TYPE_BIT(TENSOR_FLOAT32)
#define BOOL TYPE_BIT(TENSOR_BOOL)
#define ORDERED (REAL | TYPE_BIT(TENSOR_INT32) | TYPE_BIT(TENSOR_INT64))
#define INT32 TYPE_BIT(TENSOR_INT32)
#define MOVED (COPIED | INT32)
#define CASTED (MOVED | BOOL | TYPE_BIT(TENSOR_UINT32))
#define SLICED (COPIED | TYPE_BIT(TENSOR_INT32))

// Its name; flags, fewest and most inputs, type and layout of the options, types of the data input,
// rule.
#define RULE(name, ...) \
    extern const model_rule_t model_rule_##name; \
    const model_rule_t model_rule_##name = { __VA_ARGS__ };

// Of a custom op, which has no builtin options: its name; flags, fewest and most inputs, types of
// the data input, rule.
#define CUSTOM_RULE(name, flags, least, most, types, check) \
    RULE(name, flags, least, most, 0, #name, types, check)

RULE(CONV_2D, RULE_SAME_TYPE | RULE_QUANTIZED | RULE_INT16 | RULE_BIAS,
    2, 3, 1, "1441441", REAL, model_check_conv_2d)
RULE(DEPTHWISE_CONV_2D, RULE_SAME_TYPE | RULE_QUANTIZED | RULE_INT16,
    3, 3, 2, "1444144", REAL, model_check_depthwise_conv_2d)
RULE(TRANSPOSE_CONV, RULE_SAME_TYPE | RULE_QUANTIZED | RULE_INT16 | RULE_BIAS | RULE_DATA_LAST,
    3, 4, 49, "14411", REAL, model_check_transpose_conv)
RULE(FULLY_CONNECTED, RULE_SAME_TYPE | RULE_QUANTIZED | RULE_INT16 | RULE_BIAS,
    2, 3, 8, "11111", REAL, model_check_fully_connected)
RULE(MAX_POOL_2D, RULE_SAME_TYPE | RULE_QUANTIZED | RULE_INT16, 1, 1, 5, "144441", REAL, model_check_pool_2d)
RULE(AVERAGE_POOL_2D, RULE_SAME_TYPE | RULE_QUANTIZED | RULE_INT16,
    1, 1, 5, "144441", REAL, model_check_pool_2d)
RULE(L2_POOL_2D, RULE_SAME_TYPE, 1, 1, 5, "144441", FLOAT, model_check_pool_2d)
RULE(QUANTIZE, RULE_SAME_SHAPE,
    1, 1, 0, "", REAL | INTEGER | TYPE_BIT(TENSOR_INT32), model_check_quantize)
RULE(DEQUANTIZE, RULE_SAME_SHAPE, 1, 1, 0, "", INTEGER, model_check_dequantize)
RULE(RELU, SAME | RULE_INT16, 1, 1, 0, "", REAL, model_check_relu)
RULE(RELU6, SAME | RULE_INT16, 1, 1, 0, "", REAL, model_check_relu6)
RULE(LEAKY_RELU, SAME | RULE_INT16, 1, 1, 75, "4", REAL, model_check_leaky_relu)
RULE(PRELU, SAME, 2, 2, 0, "", REAL, model_check_prelu)
RULE(SOFTMAX, SAME | RULE_INT16, 1, 1, 9, "4", REAL, model_check_softmax)
RULE(LOGISTIC, SAME | RULE_INT16, 1, 1, 0, "", REAL, model_check_logistic)
RULE(TANH, SAME | RULE_INT16, 1, 1, 0, "", REAL, model_check_tanh)
RULE(ADD_N, SAME, 2, 8, 0, "", REAL, model_check_add_n)
RULE(ADD, RULE_SAME_TYPE | RULE_INT16, 2, 2, 11, "11", REAL | INT32, model_check_add)
RULE(SUB, RULE_SAME_TYPE | RULE_INT16, 2, 2, 28, "11", REAL | INT32, model_check_add)
RULE(MUL, RULE_SAME_TYPE | RULE_INT16, 2, 2, 21, "1", REAL | INT32, model_check_mul)
RULE(RESHAPE, RULE_SAME_TYPE | RULE_OPTIONS_OPTIONAL, 1, 2, 17, "w", ANY, model_check_reshape)
RULE(EXPAND_DIMS, RULE_SAME_TYPE, 2, 2, 0, "", COPIED, model_check_expand_dims)
RULE(SQUEEZE, RULE_SAME_TYPE, 1, 1, 30, "w", ANY, model_check_squeeze)
RULE(TRANSPOSE, RULE_SAME_TYPE, 2, 2, 0, "", COPIED, model_check_transpose)
RULE(PAD, RULE_SAME_TYPE, 2, 2, 0, "", COPIED | TYPE_BIT(TENSOR_INT32), model_check_pad)
RULE(PADV2, RULE_SAME_TYPE, 3, 3, 0, "", COPIED | TYPE_BIT(TENSOR_INT32), model_check_pad)
RULE(CONCATENATION, RULE_SAME_TYPE, 1, 10, 10, "41", CONCATENATED, model_check_concatenation)
RULE(MEAN, RULE_SAME_TYPE | RULE_QUANTIZED | RULE_INT16, 2, 2, 27, "1", REAL, model_check_mean)
RULE(REDUCE_MAX, RULE_SAME_TYPE | RULE_QUANTIZED, 2, 2, 27, "1", REAL, model_check_extreme)
RULE(REDUCE_MIN, RULE_SAME_TYPE | RULE_QUANTIZED, 2, 2, 27, "1", REAL, model_check_extreme)
RULE(SUM, RULE_SAME_TYPE | RULE_QUANTIZED | RULE_INT16, 2, 2, 27, "1", REAL, model_check_sum)
RULE(MAXIMUM, RULE_SAME_TYPE,
    2, 2, 0, "", COPIED | TYPE_BIT(TENSOR_INT32) | TYPE_BIT(TENSOR_INT64), model_check_maximum)
RULE(MINIMUM, RULE_SAME_TYPE,
    2, 2, 0, "", COPIED | TYPE_BIT(TENSOR_INT32) | TYPE_BIT(TENSOR_INT64), model_check_maximum)
RULE(HARD_SWISH, SAME, 1, 1, 0, "", REAL, model_check_hard_swish)
RULE(STRIDED_SLICE, RULE_SAME_TYPE, 4, 4, 32, "444441", SLICED, model_check_strided_slice)
RULE(RESIZE_BILINEAR, RULE_SAME_TYPE, 2, 2, 15, "--11", REAL, model_check_resize_bilinear)
RULE(RESIZE_NEAREST_NEIGHBOR, RULE_SAME_TYPE, 2, 2, 74, "11", COPIED, model_check_resize)
RULE(SHAPE, 0, 1, 1, 55, "1", ANY, model_check_shape)
RULE(PACK, RULE_SAME_TYPE, 1, 255, 59, "44", MOVED | TYPE_BIT(TENSOR_INT64), model_check_pack)
RULE(SPLIT, RULE_DATA_SECOND | RULE_OUTPUTS, 2, 2, 35, "4", MOVED, model_check_split)
RULE(SPLIT_V, RULE_OUTPUTS, 3, 3, 79, "4", MOVED, model_check_split_v)
RULE(UNPACK, RULE_OUTPUTS, 1, 1, 64, "44", MOVED, model_check_unpack)
RULE(SLICE, RULE_SAME_TYPE, 3, 3, 0, "", MOVED | BOOL, model_check_slice)
RULE(DYNAMIC_UPDATE_SLICE, RULE_SAME_TYPE | RULE_SAME_SHAPE, 3, 3, 0, "", MOVED, model_check_update_slice)
RULE(REVERSE_V2, RULE_SAME_TYPE | RULE_SAME_SHAPE, 2, 2, 0, "", CONCATENATED, model_check_reverse)
RULE(MIRROR_PAD, RULE_SAME_TYPE, 2, 2, 77, "1", REAL, model_check_mirror_pad)
RULE(SPACE_TO_DEPTH, RULE_SAME_TYPE, 1, 1, 19, "4", REAL, model_check_space_to_depth)
RULE(DEPTH_TO_SPACE, RULE_SAME_TYPE, 1, 1, 94, "4", REAL, model_check_depth_to_space)
RULE(FILL, RULE_SAME_TYPE | RULE_DATA_SECOND, 2, 2, 0, "", REAL | TYPE_BIT(TENSOR_INT32), model_check_fill)
RULE(BROADCAST_TO, RULE_SAME_TYPE, 2, 2, 0, "", CONCATENATED, model_check_broadcast_to)
RULE(ZEROS_LIKE, RULE_SAME_TYPE | RULE_SAME_SHAPE, 1, 1, 0, "",
    FLOAT | TYPE_BIT(TENSOR_INT32) | TYPE_BIT(TENSOR_INT64), NULL)
RULE(ARG_MAX, RULE_OPTIONS_OPTIONAL, 2, 2, 40, "1", REAL, model_check_arg)
RULE(ARG_MIN, RULE_OPTIONS_OPTIONAL, 2, 2, 57, "1", REAL, model_check_arg)
RULE(CAST, RULE_SAME_SHAPE | RULE_OPTIONS_OPTIONAL, 1, 1, 37, "11", CASTED, model_check_cast)
RULE(ELU, SAME, 1, 1, 0, "", REAL, model_check_relu)
RULE(LOG_SOFTMAX, SAME, 1, 1, 0, "", REAL, model_check_log_softmax)
RULE(L2_NORMALIZATION, SAME, 1, 1, 12, "1", REAL, model_check_l2_normalization)
RULE(CUMSUM, SAME, 2, 2, 102, "11", FLOAT, model_check_cumsum)
RULE(ABS, SAME | RULE_INT16, 1, 1, 0, "", REAL, model_check_relu)
RULE(RSQRT, SAME, 1, 1, 0, "", REAL, model_check_rsqrt)
RULE(SQUARED_DIFFERENCE, RULE_SAME_TYPE, 2, 2, 0, "", REAL, model_check_squared_difference)
RULE(NEG, SAME, 1, 1, 0, "", FLOAT, NULL)
RULE(SQRT, SAME, 1, 1, 0, "", REAL, model_check_own_int8)
RULE(SQUARE, SAME, 1, 1, 0, "", FLOAT, NULL)
RULE(EXP, SAME, 1, 1, 0, "", REAL, model_check_own_int8)
RULE(LOG, SAME, 1, 1, 0, "", REAL, model_check_own_int8)
RULE(GELU, SAME | RULE_OPTIONS_OPTIONAL, 1, 1, 116, "1", REAL, NULL)
RULE(POW, RULE_SAME_TYPE, 2, 2, 0, "", FLOAT, model_check_maximum)
RULE(SIN, SAME, 1, 1, 0, "", FLOAT, NULL)
RULE(COS, SAME, 1, 1, 0, "", FLOAT, NULL)
RULE(FLOOR, SAME, 1, 1, 0, "", FLOAT, NULL)
RULE(CEIL, SAME, 1, 1, 0, "", FLOAT, NULL)
RULE(ROUND, SAME, 1, 1, 0, "", FLOAT, NULL)
RULE(DIV, RULE_SAME_TYPE, 2, 2, 29, "1", REAL | INT32, model_check_div)
RULE(FLOOR_DIV, RULE_SAME_TYPE, 2, 2, 0, "", FLOAT, model_check_maximum)
RULE(FLOOR_MOD, RULE_SAME_TYPE, 2, 2, 0, "", FLOAT, model_check_maximum)
RULE(EQUAL, 0, 2, 2, 0, "", ORDERED | BOOL, model_check_compare)
RULE(NOT_EQUAL, 0, 2, 2, 0, "", ORDERED | BOOL, model_check_compare)
RULE(LESS, 0, 2, 2, 0, "", ORDERED, model_check_compare)
RULE(LESS_EQUAL, 0, 2, 2, 0, "", ORDERED, model_check_compare)
RULE(GREATER, 0, 2, 2, 0, "", ORDERED, model_check_compare)
RULE(GREATER_EQUAL, 0, 2, 2, 0, "", ORDERED, model_check_compare)
RULE(LOGICAL_AND, RULE_SAME_TYPE, 2, 2, 0, "", BOOL, model_check_maximum)
RULE(LOGICAL_OR, RULE_SAME_TYPE, 2, 2, 0, "", BOOL, model_check_maximum)
RULE(LOGICAL_NOT, RULE_SAME_TYPE | RULE_SAME_SHAPE, 1, 1, 0, "", BOOL, NULL)
RULE(SELECT_V2, RULE_SAME_TYPE | RULE_DATA_SECOND, 3, 3, 0, "", COPIED, model_check_select)
RULE(SELECT, RULE_SAME_TYPE | RULE_DATA_SECOND, 3, 3, 0, "", COPIED, model_check_select_alike)
RULE(TILE, RULE_SAME_TYPE, 2, 2, 0, "", CONCATENATED, model_check_tile)
RULE(GATHER, RULE_SAME_TYPE, 2, 2, 23, "44", MOVED, model_check_gather)
RULE(GATHER_ND, RULE_SAME_TYPE, 2, 2, 0, "", MOVED, model_check_gather_nd)
RULE(EMBEDDING_LOOKUP, RULE_SAME_TYPE | RULE_DATA_SECOND, 2, 2, 0, "", MOVED, model_check_embedding_lookup)
RULE(SPACE_TO_BATCH_ND, RULE_SAME_TYPE, 3, 3, 0, "", COPIED, model_check_space_to_batch)
RULE(BATCH_TO_SPACE_ND, RULE_SAME_TYPE, 3, 3, 0, "", COPIED, model_check_batch_to_space)
RULE(BATCH_MATMUL, RULE_SAME_TYPE | RULE_INT16, 2, 2, 101, "111", REAL, model_check_batch_matmul)
RULE(UNIDIRECTIONAL_SEQUENCE_LSTM, RULE_SAME_TYPE | RULE_QUANTIZED | RULE_STATE | RULE_INTERMEDIATES,
    24, 24, 71, "144111", REAL, model_check_lstm)
RULE(SVDF, RULE_SAME_TYPE | RULE_QUANTIZED | RULE_STATE, 5, 5, 6, "411", REAL, model_check_svdf)
RULE(CALL_ONCE, RULE_NO_OUTPUT, 0, 0, 103, "4", ANY, model_check_call_once)
RULE(VAR_HANDLE, RULE_HANDLE, 0, 0, 111, "ss", ANY, model_check_var_handle)
RULE(READ_VARIABLE, RULE_STATE, 1, 1, 0, "", ANY, model_check_read_variable)
RULE(ASSIGN_VARIABLE, RULE_STATE | RULE_NO_OUTPUT, 2, 2, 0, "", ANY, model_check_assign_variable)
CUSTOM_RULE(CIRCULAR_BUFFER, RULE_SAME_TYPE | RULE_KEEPS_OUTPUT, 1, 1, TYPE_BIT(TENSOR_INT8),
    model_check_circular_buffer)
#define SOUND TYPE_BIT(TENSOR_INT16)
#define CHANNELS TYPE_BIT(TENSOR_UINT32)
CUSTOM_RULE(SignalWindow, RULE_SAME_TYPE | RULE_SAME_SHAPE, 2, 2, SOUND, model_check_signal_window)
CUSTOM_RULE(SignalFftAutoScale, RULE_SAME_TYPE | RULE_SAME_SHAPE | RULE_OUTPUTS, 1, 1, SOUND, model_check_signal_auto_scale)
CUSTOM_RULE(SignalRfft, RULE_SAME_TYPE, 1, 1, SOUND, model_check_signal_rfft)
CUSTOM_RULE(SignalEnergy, 0, 1, 1, SOUND, model_check_signal_energy)
CUSTOM_RULE(SignalFilterBank, 0, 6, 6, CHANNELS, model_check_signal_filter_bank)
CUSTOM_RULE(SignalFilterBankSquareRoot, 0, 2, 2, TYPE_BIT(TENSOR_UINT64), model_check_signal_square_root)
CUSTOM_RULE(SignalFilterBankSpectralSubtraction, RULE_SAME_TYPE | RULE_SAME_SHAPE | RULE_OUTPUTS, 1, 1, CHANNELS,
    model_check_signal_spectral_subtraction)
CUSTOM_RULE(SignalPCAN, RULE_SAME_TYPE | RULE_SAME_SHAPE, 3, 3, CHANNELS, model_check_signal_pcan)
CUSTOM_RULE(SignalFilterBankLog, 0, 1, 1, CHANNELS, model_check_signal_log)
