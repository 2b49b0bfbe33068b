// Our kernels as TFLM takes them: how options are read, and a registration. What an int8 op
// needs is kept from Prepare() on; one of float or int16 runs as TFLM's reference kernel does.

#ifndef KERNELS_TFLM_H
#define KERNELS_TFLM_H

#include "tensorflow/lite/micro/micro_common.h"
#include "tensorflow/lite/micro/micro_op_resolver.h"

struct own_kernel_t {
    tflite::TfLiteBridgeBuiltinParseFunction parse; // null of a custom op: it is given its bytes
    TFLMRegistration registration;
};

// TFLM's kernel, or Espressif's in its place.
TFLMRegistration other_CONV_2D();
TFLMRegistration other_DEPTHWISE_CONV_2D();
TFLMRegistration other_FULLY_CONNECTED();

extern const own_kernel_t own_CONV_2D;
extern const own_kernel_t own_DEPTHWISE_CONV_2D;
extern const own_kernel_t own_FULLY_CONNECTED;
extern const own_kernel_t own_MAX_POOL_2D;
extern const own_kernel_t own_AVERAGE_POOL_2D;
extern const own_kernel_t own_ADD;
extern const own_kernel_t own_SUB;
extern const own_kernel_t own_MUL;
extern const own_kernel_t own_PRELU;
extern const own_kernel_t own_DIV;
extern const own_kernel_t own_POW;
extern const own_kernel_t own_ADD_N;
extern const own_kernel_t own_PAD;
extern const own_kernel_t own_PADV2;
extern const own_kernel_t own_CONCATENATION;
extern const own_kernel_t own_MEAN;
extern const own_kernel_t own_SOFTMAX;
extern const own_kernel_t own_LOGISTIC;
extern const own_kernel_t own_QUANTIZE;
extern const own_kernel_t own_DEQUANTIZE;
extern const own_kernel_t own_RELU;
extern const own_kernel_t own_RELU6;
extern const own_kernel_t own_LEAKY_RELU;
extern const own_kernel_t own_TILE;
extern const own_kernel_t own_GATHER;
extern const own_kernel_t own_GATHER_ND;
extern const own_kernel_t own_EMBEDDING_LOOKUP;
extern const own_kernel_t own_SPACE_TO_BATCH_ND;
extern const own_kernel_t own_BATCH_TO_SPACE_ND;
extern const own_kernel_t own_SELECT;
extern const own_kernel_t own_SLICE;
extern const own_kernel_t own_TRANSPOSE;
extern const own_kernel_t own_EXP;
extern const own_kernel_t own_LOG;
extern const own_kernel_t own_SQRT;
extern const own_kernel_t own_GELU;
extern const own_kernel_t own_SVDF;
extern const own_kernel_t own_CALL_ONCE;
extern const own_kernel_t own_CIRCULAR_BUFFER;
extern const own_kernel_t own_SignalWindow;
extern const own_kernel_t own_SignalFftAutoScale;
extern const own_kernel_t own_SignalRfft;
extern const own_kernel_t own_SignalEnergy;
extern const own_kernel_t own_SignalFilterBank;
extern const own_kernel_t own_SignalFilterBankSquareRoot;
extern const own_kernel_t own_SignalFilterBankSpectralSubtraction;
extern const own_kernel_t own_SignalPCAN;
extern const own_kernel_t own_SignalFilterBankLog;

#endif // KERNELS_TFLM_H
