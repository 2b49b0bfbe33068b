// Fuzz target: what model_check() lets pass, TFLM can allocate and run on any input.
//
// The interpreter gets a memory planner that never overlaps buffers, and before a run
// every tensor, constant or computed, moves to a heap block of exactly its size: then
// AddressSanitizer sees each access outside a tensor, even where TFLM's arena or the
// model would hide it. Every other model is also planned and run as on a device.
//
// Models that need too much memory or time for a fuzzer are allocated but not run.

#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <vector>

#include "model_check.h"
#include "tensorflow/lite/micro/memory_helpers.h"
#include "tensorflow/lite/micro/memory_planner/micro_memory_planner.h"
#include "tensorflow/lite/micro/micro_allocator.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
#include "tensorflow/lite/schema/schema_generated.h"

extern "C" void DebugLog(const char *, va_list) {
}

extern "C" int DebugVsnprintf(char *buffer, size_t size, const char *, va_list) {
    if (size > 0) {
        buffer[0] = 0;
    }
    return 0;
}

namespace {

constexpr size_t kArenaSize = 6 << 20;
constexpr size_t kMostBytes = 256 << 10;
constexpr double kMostWork = 3e6; // multiplications, roughly

// Every buffer at a place of its own, however long it lives.
class ApartPlanner : public tflite::MicroMemoryPlanner {
public:
    TfLiteStatus AddBuffer(int size, int, int) override {
        offsets_.push_back(used_);
        used_ += (static_cast<size_t>(size) + 31) / 16 * 16;
        return used_ < kArenaSize ? kTfLiteOk : kTfLiteError;
    }
    TfLiteStatus AddBuffer(int size, int first, int last, int) override {
        return AddBuffer(size, first, last);
    }
    size_t GetMaximumMemorySize() override {
        return used_;
    }
    int GetBufferCount() override {
        return static_cast<int>(offsets_.size());
    }
    TfLiteStatus GetOffsetForBuffer(int index, int *offset) override {
        *offset = static_cast<int>(offsets_[static_cast<size_t>(index)]);
        return kTfLiteOk;
    }
    bool preserves_all_tensors() const override {
        return true; // so that MicroInterpreter::GetTensor() works
    }

private:
    std::vector<size_t> offsets_;
    size_t used_ = 0;
};

uint32_t random_state;
uint32_t random_u32() {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state;
}

float any_float() {
    uint32_t value = random_u32();
    switch (value % 16) {
        case 0:
            return std::numeric_limits<float>::infinity();
        case 1:
            return -std::numeric_limits<float>::infinity();
        case 2:
            return std::numeric_limits<float>::quiet_NaN();
        case 3: {
            float f;
            std::memcpy(&f, &value, sizeof(f));
            return f;
        }
        default:
            return static_cast<float>(static_cast<int32_t>(value)) / static_cast<float>(1 << 29);
    }
}

void fill(uint8_t *data, size_t bytes, TfLiteType type, unsigned round) {
    if (type == kTfLiteFloat32) {
        for (size_t i = 0; i + 4 <= bytes; i += 4) {
            float f = round == 0 ? any_float() : 0.0f;
            std::memcpy(data + i, &f, sizeof(f));
        }
        return;
    }
    for (size_t i = 0; i < bytes; ++i) {
        static const uint8_t extremes[] = { 0x7f, 0x80, 0x00 };
        data[i] = round == 0 ? static_cast<uint8_t>(random_u32() >> 8) : extremes[round % 3];
    }
    if (type == kTfLiteBool) {
        for (size_t i = 0; i < bytes; ++i) {
            data[i] &= 1;
        }
    }
}

double elements(const tflite::Tensor *tensor) {
    double product = 1;
    for (size_t i = 0; tensor->shape() != nullptr && i < tensor->shape()->size(); ++i) {
        product *= tensor->shape()->Get(i);
    }
    return product;
}

// An upper bound of what one run costs.
double work(const tflite::SubGraph *graph, double *bytes) {
    double sum = 0;
    *bytes = 0;
    for (const tflite::Tensor *tensor : *graph->tensors()) {
        *bytes += 8 * elements(tensor);
    }
    for (const tflite::Operator *op : *graph->operators()) {
        double most = 1;
        for (int index : *op->inputs()) {
            if (index >= 0) {
                double n = elements(graph->tensors()->Get(index));
                most = n > most ? n : most;
            }
        }
        const tflite::Tensor *output = graph->tensors()->Get(op->outputs()->Get(0));
        double n = elements(output);
        bool windows = op->builtin_options_type() != tflite::BuiltinOptions_NONE;
        sum += windows ? n * most / 4 : n + most;
    }
    return sum;
}

using Resolver = tflite::MicroMutableOpResolver<128>;

const Resolver &resolver() {
    static Resolver *made = [] {
        auto *r = new Resolver();
#define TFLM_OP(name, code, method, version, profile) r->Add##method();
#include "ops.def"
#undef TFLM_OP
        return r;
    }();
    return *made;
}

alignas(16) uint8_t arena[kArenaSize];

void run_exact(const tflite::Model *model, bool invoke) {
    ApartPlanner planner;
    auto *allocator = tflite::MicroAllocator::Create(
        tflite::SingleArenaBufferAllocator::Create(arena, kArenaSize), &planner);
    tflite::MicroInterpreter interpreter(model, resolver(), allocator);
    if (interpreter.AllocateTensors() != kTfLiteOk || !invoke) {
        return;
    }
    const tflite::SubGraph *graph = model->subgraphs()->Get(0);
    std::vector<std::unique_ptr<uint8_t, decltype(&std::free)>> blocks;
    std::vector<size_t> sizes;
    for (unsigned i = 0; i < graph->tensors()->size(); ++i) {
        TfLiteEvalTensor *tensor = interpreter.GetTensor(static_cast<int>(i));
        size_t bytes = 0;
        tflite::TfLiteEvalTensorByteLength(tensor, &bytes);
        void *block = nullptr;
        if (posix_memalign(&block, 16, bytes) != 0) {
            std::abort();
        }
        bool constant = graph->tensors()->Get(i)->buffer() < model->buffers()->size()
            && model->buffers()->Get(graph->tensors()->Get(i)->buffer())->data() != nullptr
            && model->buffers()->Get(graph->tensors()->Get(i)->buffer())->data()->size() > 0;
        if (constant) {
            std::memcpy(block, tensor->data.data, bytes);
        }
        tensor->data.data = block;
        blocks.emplace_back(static_cast<uint8_t *>(block), &std::free);
        sizes.push_back(bytes);
    }
    for (unsigned round = 0; round < 3; ++round) {
        for (int index : *graph->inputs()) {
            fill(blocks[static_cast<size_t>(index)].get(), sizes[static_cast<size_t>(index)],
                interpreter.GetTensor(index)->type, round);
        }
        interpreter.Invoke();
    }
}

void run_as_device(const tflite::Model *model) {
    tflite::MicroInterpreter interpreter(model, resolver(), arena, kArenaSize);
    if (interpreter.AllocateTensors() != kTfLiteOk) {
        return;
    }
    for (size_t i = 0; i < interpreter.inputs_size(); ++i) {
        TfLiteTensor *input = interpreter.input(i);
        fill(input->data.uint8, input->bytes, input->type, 0);
    }
    interpreter.Invoke();
}

} // namespace

unsigned long fuzz_invoke_passed; // for the coverage report

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char message[MODEL_MESSAGE_SIZE];
    if (model_check(data, size, model_check_ops, model_check_op_count, message, sizeof(message)) != MODEL_OK) {
        return 0;
    }
    ++fuzz_invoke_passed;
    void *copy = nullptr;
    if (posix_memalign(&copy, 16, size) != 0) {
        std::abort();
    }
    std::memcpy(copy, data, size);
    random_state = static_cast<uint32_t>(size) * 2654435761u | 1;
    const tflite::Model *model = tflite::GetModel(copy);
    double bytes;
    bool affordable = work(model->subgraphs()->Get(0), &bytes) < kMostWork && bytes < kMostBytes;
    run_exact(model, affordable);
    if (affordable && random_u32() % 2 == 0) {
        run_as_device(model);
    }
    std::free(copy);
    return 0;
}
