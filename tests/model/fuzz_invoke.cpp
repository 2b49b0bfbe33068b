// Fuzz target: what model_check() lets pass, TFLM can allocate and run on any input.
//
// The interpreter gets a memory planner that never overlaps buffers, and before a run
// every tensor, constant or computed, moves to a heap block of exactly its size: then
// AddressSanitizer sees each access outside a tensor, even where TFLM's arena or the
// model would hide it. The gaps between buffers of the arena are poisoned, since scratch
// memory stays there. Every other model also goes through the engine, as on a device,
// in an arena of any size.
//
// Models that need too much memory or time for a fuzzer are allocated but not run.

#include <cstring>
#include <memory>
#include <new>
#include <vector>

#include <sanitizer/asan_interface.h>

#include "fuzz_engine.h"
#include "kernels_tflm.h"
#include "model_check.h"
#include "tflm_ops.h"
#include "tensorflow/lite/micro/memory_helpers.h"
#include "tensorflow/lite/micro/memory_planner/micro_memory_planner.h"
#include "tensorflow/lite/micro/micro_allocator.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
#include "tensorflow/lite/micro/micro_resource_variable.h"
#include "tensorflow/lite/schema/schema_generated.h"

namespace {

constexpr size_t kArenaSize = kMostMemory;

alignas(16) uint8_t arena[kArenaSize];

// Every buffer at a place of its own, however long it lives, with a gap behind it.
class ApartPlanner : public tflite::MicroMemoryPlanner {
public:
    ~ApartPlanner() override {
        ASAN_UNPOISON_MEMORY_REGION(arena, used_);
    }
    void PoisonGaps() {
        for (size_t i = 0; i < offsets_.size(); ++i) {
            size_t next = i + 1 < offsets_.size() ? offsets_[i + 1] : used_;
            size_t end = offsets_[i] + sizes_[i];
            ASAN_POISON_MEMORY_REGION(arena + end, next - end);
        }
    }
    TfLiteStatus AddBuffer(int size, int, int) override {
        offsets_.push_back(used_);
        sizes_.push_back(static_cast<size_t>(size));
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
    std::vector<size_t> sizes_;
    size_t used_ = 0;
};

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
        for (unsigned i = 0; op->inputs() != nullptr && i < op->inputs()->size(); ++i) {
            int index = op->inputs()->Get(i);
            if (index >= 0) {
                double n = elements(graph->tensors()->Get(index));
                most = n > most ? n : most;
            }
        }
        bool writes = op->outputs() != nullptr && op->outputs()->size() > 0;
        double n = writes ? elements(graph->tensors()->Get(op->outputs()->Get(0))) : 0;
        bool windows = op->builtin_options_type() != tflite::BuiltinOptions_NONE;
        sum += windows ? n * most / 4 : n + most;
    }
    return sum;
}

#define KERNEL_ours(name) &own_##name
#if TFLM_OTHER_KERNELS
#define KERNEL_own(name) nullptr
#else
#define KERNEL_own KERNEL_ours
#endif
#define KERNEL_vector KERNEL_own
#define KERNEL_tflm(name) nullptr
#define KERNEL_custom(name) nullptr // found by its name

// All ops of ops.def, by the kernels of a firmware.
class Resolver : public tflite::MicroMutableOpResolver<128> {
public:
    const TFLMRegistration *FindOp(tflite::BuiltinOperator op) const override {
        const own_kernel_t *own = find_own(op);
        return own != nullptr ? &own->registration : MicroMutableOpResolver::FindOp(op);
    }
    const TFLMRegistration *FindOp(const char *name) const override {
#define CUSTOM_ours(name)
#define CUSTOM_own(name)
#define CUSTOM_vector(name)
#define CUSTOM_tflm(name)
#define CUSTOM_custom(name) &own_##name,
        static const own_kernel_t *const kernels[] = {
#define TFLM_OP(name, code, method, version, profile, kernel, espressif, native) CUSTOM_##kernel(name)
#include "ops.def"
#undef TFLM_OP
        };
        for (const own_kernel_t *kernel : kernels) {
            if (std::strcmp(kernel->registration.custom_name, name) == 0) {
                return &kernel->registration;
            }
        }
        return nullptr;
    }

    tflite::TfLiteBridgeBuiltinParseFunction GetOpDataParser(
        tflite::BuiltinOperator op) const override {
        const own_kernel_t *own = find_own(op);
        return own != nullptr ? own->parse : MicroMutableOpResolver::GetOpDataParser(op);
    }

private:
    static const own_kernel_t *find_own(tflite::BuiltinOperator op) {
#define TFLM_OP(name, code, method, version, profile, kernel, espressif, native) \
    if (op == code) { \
        return KERNEL_##kernel(name); \
    }
#include "ops.def"
#undef TFLM_OP
        return nullptr;
    }
};

const Resolver &resolver() {
    static Resolver *made = [] {
        auto *r = new Resolver();
#define ADD_ours(method, name)
#define ADD_custom(method, name)
#define ADD_own(method, name) r->Add##method();
#define ADD_vector(method, name) r->Add##method(other_##name());
#define ADD_tflm ADD_own
#define TFLM_OP(name, code, method, version, profile, kernel, espressif, native) ADD_##kernel(method, name)
#include "ops.def"
#undef TFLM_OP
        return r;
    }();
    return *made;
}

// Each tensor of a subgraph to a block of its own, but for handles: they point to a number that the
// kernel of VAR_HANDLE keeps.
using Blocks = std::vector<std::unique_ptr<Block>>;

void move_apart(const tflite::Model *model, tflite::MicroInterpreter &interpreter, int subgraph,
    Blocks *blocks, std::vector<size_t> *sizes) {
    const auto *tensors = model->subgraphs()->Get(static_cast<uint32_t>(subgraph))->tensors();
    for (unsigned i = 0; i < tensors->size(); ++i) {
        TfLiteEvalTensor *tensor = interpreter.GetTensor(static_cast<int>(i), subgraph);
        size_t bytes = 0;
        tflite::TfLiteEvalTensorByteLength(tensor, &bytes);
        auto block = std::make_unique<Block>(bytes);
        const auto *constant = model->buffers()->Get(tensors->Get(i)->buffer())->data();
        if (constant != nullptr && constant->size() > 0) {
            std::memcpy(block->data, constant->data(), bytes);
        }
        if (tensor->type != kTfLiteResource) {
            tensor->data.data = block->data;
        }
        blocks->push_back(std::move(block));
        sizes->push_back(bytes);
    }
}

void run_exact(const tflite::Model *model, bool invoke) {
    ApartPlanner planner;
    auto *allocator = tflite::MicroAllocator::Create(
        tflite::SingleArenaBufferAllocator::Create(arena, kArenaSize), &planner);
    // Never destroyed, as in the engine: the destructor follows pointers that a failed
    // AllocateTensors() has not written.
    alignas(tflite::MicroInterpreter) static uint8_t place[sizeof(tflite::MicroInterpreter)];
    auto *variables = tflite::MicroResourceVariables::Create(allocator, 128);
    auto &interpreter = *new (place) tflite::MicroInterpreter(model, resolver(), allocator, variables);
    if (interpreter.AllocateTensors() != kTfLiteOk || !invoke) {
        return;
    }
    planner.PoisonGaps();
    const tflite::SubGraph *graph = model->subgraphs()->Get(0);
    Blocks blocks;
    std::vector<size_t> sizes;
    for (unsigned i = 0; i < model->subgraphs()->size(); ++i) {
        move_apart(model, interpreter, static_cast<int>(i), &blocks, &sizes);
    }
    interpreter.Reset(); // states are elsewhere now
    for (unsigned round = 0; round < 3; ++round) {
        for (int index : *graph->inputs()) {
            fill(blocks[static_cast<size_t>(index)]->bytes(), sizes[static_cast<size_t>(index)],
                interpreter.GetTensor(index)->type == kTfLiteFloat32, round);
        }
        interpreter.Invoke();
        if (random_u32() % 4 == 0) {
            interpreter.Reset();
        }
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char message[MODEL_MESSAGE_SIZE];
    if (model_check(data, size, tflm_ops, tflm_op_count, message, sizeof(message)) != MODEL_OK) {
        return 0;
    }
    Block copy(size);
    std::memcpy(copy.data, data, size);
    random_start(size);
    const tflite::Model *model = tflite::GetModel(copy.data);
    double bytes;
    bool affordable = true;
    for (const tflite::SubGraph *graph : *model->subgraphs()) {
        affordable = work(graph, &bytes) < kMostWork && bytes < kMostBytes && affordable;
    }
    run_exact(model, affordable);
    if (random_u32() % 2 == 0) {
        Engine engine(copy.bytes(), size, true);
        if (engine.made && affordable) {
            run_engine(engine, copy.bytes(), size);
        }
    }
    return 0;
}
