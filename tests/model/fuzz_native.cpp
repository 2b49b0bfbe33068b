// Fuzz target: what model_check() lets pass, the native engine can make and run on any input.
//
// First in an arena where no two tensors share a place, constants behind the model, and the gaps
// between all of them poisoned: then AddressSanitizer sees each access outside a tensor. Every
// other model also as on a device, in an arena of any size (fuzz_engine.h).
//
// Models that need too much memory or time for a fuzzer are made but not run. With the environment
// variable ACCEPTED set, the end of a run tells how many passed, were made, and ran.

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include <sanitizer/asan_interface.h>

extern "C" {
#include "native.h"
uint32_t planned(native_need_t *needs, size_t count); // native_plan.c's, by the Makefile
}

#include "fuzz_engine.h"
#include "model_check.h"
#include "tflm_ops.h"

namespace {

struct Stretch {
    size_t offset;
    size_t size;
};

// Where each that comes lies, with a gap behind it.
struct Apart {
    size_t add(size_t size) {
        stretches.push_back({ end, size });
        end += (size + 31) / 16 * 16;
        return stretches.back().offset;
    }
    void poison_gaps(const uint8_t *block) const {
        for (size_t i = 0; i < stretches.size(); ++i) {
            size_t next = i + 1 < stretches.size() ? stretches[i + 1].offset : end;
            size_t gap = stretches[i].offset + stretches[i].size;
            ASAN_POISON_MEMORY_REGION(block + gap, next - gap);
        }
    }
    std::vector<Stretch> stretches;
    size_t end = 0;
};

Apart *apart; // while the arena is laid out so

} // namespace

extern "C" uint32_t native_plan(native_need_t *needs, size_t count) {
    if (apart == nullptr) {
        return planned(needs, count);
    }
    *apart = Apart();
    for (size_t i = 0; i < count; ++i) {
        needs[i].offset = needs[i].size > 0 ? static_cast<uint32_t>(apart->add(needs[i].size)) : 0;
    }
    return static_cast<uint32_t>(apart->end);
}

namespace {

struct Counts {
    unsigned long tried, passed, made, ran;
} counts;

void tell_counts() {
    std::fprintf(stderr, "tried %lu passed %lu made %lu ran %lu\n", counts.tried, counts.passed,
        counts.made, counts.ran);
}

model_tensor_t tensor_at(const uint8_t *model, size_t size, size_t index) {
    model_tensor_t tensor;
    if (!model_tensor(model, size, index, &tensor)) {
        std::abort();
    }
    return tensor;
}

double elements(const uint8_t *model, size_t size, size_t index, double *bytes) {
    model_tensor_t tensor = tensor_at(model, size, index);
    double product = 1;
    for (size_t i = 0; i < tensor.rank; ++i) {
        product *= model_tensor_dim(&tensor, i);
    }
    *bytes += 8 * product;
    return product;
}

bool has_windows(const model_op_t &op) {
    static const char *const names[] = { "CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED",
        "MAX_POOL_2D", "AVERAGE_POOL_2D", "MEAN" };
    for (const char *name : names) {
        if (model_op_is(&op, name)) {
            return true;
        }
    }
    return false;
}

// Whether a run takes little enough; an upper bound of that.
bool affordable(const Engine &engine, const uint8_t *model, size_t size) {
    const uint8_t *record = engine.state()->ops;
    double sum = 0, bytes = 0;
    for (size_t i = 0; i < engine.state()->op_count; ++i) {
        const auto *op = reinterpret_cast<const native_op_t *>(record);
        model_op_t known;
        if (!model_op(model, size, i, &known)) {
            std::abort();
        }
        double most = 1;
        for (size_t n = 0; n < op->input_count && n < NATIVE_INPUTS; ++n) {
            double of = elements(model, size, op->inputs[n], &bytes);
            most = of > most ? of : most;
        }
        double of = elements(model, size, op->output, &bytes);
        sum += has_windows(known) ? of * most / 4 : of + most;
        record += op->size;
    }
    return sum < kMostWork && bytes < kMostBytes;
}

void run_exact(const uint8_t *model, size_t size) {
    Apart constants;
    constants.add(size);
    std::vector<size_t> places(model_tensor_count(model, size));
    for (size_t i = 0; i < places.size(); ++i) {
        model_tensor_t tensor = tensor_at(model, size, i);
        places[i] = tensor.constant != nullptr ? constants.add(tensor.bytes) : 0;
        if (constants.end > kMostMemory) {
            return;
        }
    }
    Block copy(constants.end);
    std::memcpy(copy.data, model, size);
    Apart tensors;
    apart = &tensors;
    Engine engine(copy.bytes(), size, false);
    apart = nullptr;
    if (!engine.made) {
        return;
    }
    for (size_t i = 0; i < places.size(); ++i) {
        if (places[i] > 0) {
            model_tensor_t tensor = tensor_at(model, size, i);
            std::memcpy(copy.bytes() + places[i], tensor.constant, tensor.bytes);
            engine.state()->places[i] = NATIVE_CONSTANT | static_cast<uint32_t>(places[i]);
        }
    }
    ++counts.made;
    if (!affordable(engine, model, size)) {
        return;
    }
    constants.poison_gaps(copy.bytes());
    tensors.poison_gaps(engine.memory.arena.data);
    model_tensor_t tensor;
    tflm_message_t message;
    for (unsigned round = 0; round < 3; ++round) {
        for (size_t i = 0; model_io(model, size, false, i, &tensor); ++i) {
            if (tensor.constant == nullptr) {
                fill(static_cast<uint8_t *>(native_data(engine.state(), tensor.index)),
                    tensor.bytes, model_type_code(tensor.type) == 'f', round);
            }
        }
        if (tflm_engine_invoke(engine.state(), &message) != TFLM_OK) {
            std::abort();
        }
    }
    ++counts.ran;
    ASAN_UNPOISON_MEMORY_REGION(copy.bytes(), constants.end);
    ASAN_UNPOISON_MEMORY_REGION(engine.memory.arena.data, tensors.end);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (counts.tried++ == 0 && std::getenv("ACCEPTED") != nullptr) {
        std::atexit(tell_counts);
    }
    char message[MODEL_MESSAGE_SIZE];
    if (model_check(data, size, tflm_ops, tflm_op_count, message, sizeof(message)) != MODEL_OK) {
        return 0;
    }
    ++counts.passed;
    Block copy(size);
    std::memcpy(copy.data, data, size);
    random_start(size);
    run_exact(copy.bytes(), size);
    if (random_u32() % 2 == 0) {
        Engine engine(copy.bytes(), size, true);
        if (engine.made && affordable(engine, copy.bytes(), size)
            && !run_engine(engine, copy.bytes(), size)) {
            std::abort();
        }
    }
    return 0;
}
