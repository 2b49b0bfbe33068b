// What the files kernels_tflm_*.cpp share.

#ifndef KERNELS_TFLM_UTIL_H
#define KERNELS_TFLM_UTIL_H

#include "tensorflow/lite/kernels/internal/quantization_util.h"
#include "tensorflow/lite/kernels/kernel_util.h"
#include "tensorflow/lite/kernels/padding.h"
#include "tensorflow/lite/micro/kernels/kernel_util.h"
#include "tensorflow/lite/micro/micro_context.h"
#include "tensorflow/lite/micro/micro_utils.h"
#include "tensorflow/lite/schema/schema_generated.h"

#include "flexbuf.h"
#include "int16.h"
#include "kernels.h"
#include "kernels_tflm.h"
#include "model_check.h"
#include "tflm_ops.h"

// Hands out at least so many bytes for an op's options.
class Roomy : public tflite::BuiltinDataAllocator {
public:
    Roomy(tflite::BuiltinDataAllocator *inner, size_t size) : inner_(inner), size_(size) {
    }

    void *Allocate(size_t size, size_t align) override {
        return inner_->Allocate(size < size_ ? size_ : size, align < alignof(void *) ? alignof(void *) : align);
    }

    void Deallocate(void *data) override {
        inner_->Deallocate(data);
    }

    TF_LITE_REMOVE_VIRTUAL_DELETE

private:
    tflite::BuiltinDataAllocator *inner_;
    size_t size_;
};

// Parses options to where a T has room, for options_as().
template<tflite::TfLiteBridgeBuiltinParseFunction parse, typename T>
TfLiteStatus parse_for(const tflite::Operator *op, tflite::ErrorReporter *reporter,
    tflite::BuiltinDataAllocator *allocator, void **data) {
    Roomy roomy(allocator, sizeof(T));
    return parse(op, reporter, &roomy, data);
}

// What a kernel keeps from now on in the place of its options, which are spent.
template<typename T> T *options_as(TfLiteNode *node) {
    node->user_data = node->builtin_data;
    return static_cast<T *>(node->builtin_data);
}

// No constructor: nobody runs those on a bare machine.
#define OWN_KERNEL(name, parse, prepare, eval) \
    OWN_KERNEL_PARSED(name, tflite::parse, prepare, eval)
// Its prepare() may call options_as<kept>().
#define OWN_KERNEL_AS(kept, name, parse, prepare, eval) \
    OWN_KERNEL_PARSED(name, (parse_for<tflite::parse, kept>), prepare, eval)
#define OWN_KERNEL_PARSED(name, parse, prepare, eval) \
    const own_kernel_t own_##name = { \
        parse, \
        { nullptr, nullptr, prepare, eval, nullptr, tflite::BuiltinOperator_##name, nullptr }, \
    };

// Of a custom op. What init() returns is what the others get.
#define CUSTOM_KERNEL(name, init, prepare, eval, reset) \
    const own_kernel_t own_##name = { \
        nullptr, \
        { init, nullptr, prepare, eval, reset, tflite::BuiltinOperator_CUSTOM, #name }, \
    };

// An option of a custom op; 0 if it has none. The check saw to what must be there.
inline int32_t option_of(const char *options, size_t size, const char *name) {
    flexbuf_map_t map;
    int32_t value = 0;
    if (!model_flexbuf_map(reinterpret_cast<const uint8_t *>(options), size, &map)
        || !model_flexbuf_int(&map, name, &value)) {
        return 0;
    }
    return value;
}

// The description of an input or output, which TFLM has for the time of Prepare() only.
class Described {
public:
    static Described input(TfLiteContext *context, TfLiteNode *node, int index) {
        tflite::MicroContext *micro = tflite::GetMicroContext(context);
        return Described(micro, micro->AllocateTempInputTensor(node, index));
    }

    static Described output(TfLiteContext *context, TfLiteNode *node) {
        tflite::MicroContext *micro = tflite::GetMicroContext(context);
        return Described(micro, micro->AllocateTempOutputTensor(node, 0));
    }

    Described(const Described &) = delete;
    Described &operator=(const Described &) = delete;

    ~Described() {
        if (tensor_ != nullptr) {
            micro_->DeallocateTempTfLiteTensor(tensor_);
        }
    }

    TfLiteTensor *operator->() const {
        return tensor_;
    }

    TfLiteTensor *get() const {
        return tensor_;
    }

    int dim(int i) const {
        return tensor_->dims->data[i];
    }

    // Where the values are if they never change, else null.
    const int8_t *constant() const {
        return tflite::IsConstantTensor(tensor_) ? tensor_->data.int8 : nullptr;
    }

private:
    Described(tflite::MicroContext *micro, TfLiteTensor *tensor) : micro_(micro), tensor_(tensor) {
    }

    tflite::MicroContext *micro_;
    TfLiteTensor *tensor_;
};

template<typename T> T *keep(TfLiteContext *context, size_t count = 1) {
    return static_cast<T *>(context->AllocatePersistentBuffer(context, count * sizeof(T)));
}

inline bool takes_floats(TfLiteContext *context, TfLiteNode *node) {
    return tflite::micro::GetEvalInput(context, node, 0)->type == kTfLiteFloat32;
}

// Is this for TFLM's kernel? In a firmware of int8 alone none is, and the linker drops those.
inline bool is_float(TfLiteContext *context, TfLiteNode *node) {
    return !TFLM_INT8_ALONE && takes_floats(context, node);
}

// The same of data of int16, with weights of int8.
inline bool is_int16(TfLiteContext *context, TfLiteNode *node, int index = 0) {
    return MODEL_INT16 && tflite::micro::GetEvalInput(context, node, index)->type == kTfLiteInt16;
}

// Neither: it is for our kernel.
inline bool is_int8(TfLiteContext *context, TfLiteNode *node) {
    return !is_float(context, node) && !is_int16(context, node);
}

template<typename T> const T *input_of(TfLiteContext *context, TfLiteNode *node, int index) {
    const TfLiteEvalTensor *tensor = tflite::micro::GetEvalInput(context, node, index);
    return tensor == nullptr ? nullptr : tflite::micro::GetTensorData<T>(tensor);
}

template<typename T> T *output_of(TfLiteContext *context, TfLiteNode *node) {
    return tflite::micro::GetTensorData<T>(tflite::micro::GetEvalOutput(context, node, 0));
}

inline size_t elements_of(TfLiteContext *context, TfLiteNode *node) {
    return (size_t)tflite::ElementCount(*tflite::micro::GetEvalInput(context, node, 0)->dims);
}

inline int8_factor_t factor_of(double real) {
    int8_factor_t factor;
    int shift;
    tflite::QuantizeMultiplier(real, &factor.multiplier, &shift);
    factor.shift = (int8_t)shift;
    return factor;
}

inline size_t batches_of(TfLiteContext *context, TfLiteNode *node) {
    return (size_t)tflite::micro::GetEvalInput(context, node, 0)->dims->data[0];
}

inline TfLiteStatus find_range(TfLiteContext *context, TfLiteFusedActivation activation,
    const Described &output, int8_range_t *range) {
    int32_t min, max;
    TF_LITE_ENSURE_STATUS(tflite::CalculateActivationRangeQuantized(
        context, activation, output.get(), &min, &max));
    *range = { (int8_t)output->params.zero_point, (int8_t)min, (int8_t)max };
    return kTfLiteOk;
}

inline TfLiteStatus find_range(TfLiteContext *context, TfLiteFusedActivation activation,
    const Described &output, int16_range_t *range) {
    int32_t min, max;
    TF_LITE_ENSURE_STATUS(tflite::CalculateActivationRangeQuantized(
        context, activation, output.get(), &min, &max));
    *range = { (int16_t)min, (int16_t)max };
    return kTfLiteOk;
}

// For sums of products of int16, a factor for each of `count` outputs; the scales of the weights are
// as many, or one.
inline const int16_factor_t *int16_factors(TfLiteContext *context, const Described &input,
    const Described &weights, const Described &output, size_t count) {
    auto *factors = keep<int16_factor_t>(context, count);
    const auto *quantization = static_cast<const TfLiteAffineQuantization *>(weights->quantization.params);
    for (size_t i = 0; i < count; i++) {
        double scale = (double)quantization->scale->data[quantization->scale->size > 1 ? i : 0];
        int32_t multiplier;
        int shift;
        tflite::QuantizeMultiplier((double)input->params.scale * scale / (double)output->params.scale,
            &multiplier, &shift);
        factors[i] = int16_factor(multiplier, shift);
    }
    return factors;
}

// `params` are TFLM's options of a convolution or a pool.
template<typename P> int8_window_t window_of(const P &params, const Described &input,
    const Described &output, int height, int width, int dilation_height, int dilation_width) {
    int out_height, out_width;
    TfLitePaddingValues padding = tflite::ComputePaddingHeightWidth(params.stride_height,
        params.stride_width, dilation_height, dilation_width, input.dim(1), input.dim(2), height,
        width, params.padding, &out_height, &out_width);
    return {
        (uint16_t)input.dim(1), (uint16_t)input.dim(2),
        (uint16_t)output.dim(1), (uint16_t)output.dim(2),
        (uint16_t)height, (uint16_t)width,
        (uint16_t)params.stride_height, (uint16_t)params.stride_width,
        (uint16_t)dilation_height, (uint16_t)dilation_width,
        (uint16_t)padding.height, (uint16_t)padding.width,
    };
}

#endif // KERNELS_TFLM_UTIL_H
