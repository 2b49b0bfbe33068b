// See fuzz_engine.h.

#include "fuzz_engine.h"

#include <cstring>
#include <limits>
#include <vector>

#include "model_reader.h"

namespace {

uint32_t random_state;

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

volatile uint32_t sink;

} // namespace

void random_start(size_t size) {
    random_state = static_cast<uint32_t>(size) * 2654435761u | 1;
}

uint32_t random_u32() {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state;
}

void fill(uint8_t *data, size_t bytes, bool is_float, unsigned round) {
    if (is_float) {
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
}

// A block that is large enough stays as it is.
static void grow(tflm_block_t *block, size_t size, std::unique_ptr<Block> *place) {
    if (*place == nullptr || size > block->size) {
        *place = std::make_unique<Block>(size);
        *block = { (*place)->bytes(), size };
    }
}

Engine::Engine(const uint8_t *model, size_t size, bool any_size)
    : state_block(tflm_engine_state_size(model, size)) {
    std::memset(state_block.data, 0, tflm_engine_state_size(model, size));
    tflm_memory_t wanted;
    tflm_engine_guess(model, size, &wanted);
    if (any_size) {
        wanted.arena.size = random_u32() % 64;
    }
    if (any_size && random_u32() % 4 == 0) {
        wanted.kept.size = random_u32() % 1024;
        wanted.work.size = random_u32() % 1024;
    }
    tflm_message_t message;
    tflm_status_t status;
    do {
        if (wanted.kept.size + wanted.work.size + wanted.arena.size > kMostMemory) {
            return;
        }
        grow(&memory.kept, wanted.kept.size, &kept);
        grow(&memory.work, wanted.work.size, &work);
        grow(&memory.arena, wanted.arena.size, &arena);
        wanted = memory;
        status = tflm_engine_create(state(), model, size, &wanted, &message);
    } while (status == TFLM_ERROR_MEMORY);
    made = status == TFLM_OK;
    work.reset();
}

// What is written into the arena between two runs changes no answer but that of values.
bool run_engine(const Engine &engine, const uint8_t *model, size_t size) {
    tflm_engine_t *state = engine.state();
    tflm_message_t message;
    std::vector<std::unique_ptr<Block>> moved;
    model_tensor_t tensor;
    for (unsigned round = 0; round < 3; ++round) {
        for (size_t k = 0; k < engine.memory.arena.size; ++k) {
            engine.memory.arena.data[k] = static_cast<uint8_t>(random_u32() >> 8);
        }
        for (size_t i = 0; model_io(model, size, false, i, &tensor); ++i) {
            if (tensor.constant != nullptr) {
                continue;
            }
            if (random_u32() % 2 == 0) {
                moved.push_back(std::make_unique<Block>(tensor.bytes));
                tflm_engine_set_data(state, tensor.index, moved.back()->data);
            }
            auto *data = static_cast<uint8_t *>(tflm_engine_data(state, tensor.index));
            fill(data, tensor.bytes, model_type_code(tensor.type) == 'f', round);
        }
        tflm_status_t status = tflm_engine_invoke(state, &message);
        if ((status != TFLM_OK && status != TFLM_ENDED_EARLY)
            || (random_u32() % 4 == 0 && tflm_engine_reset(state, &message) != TFLM_OK)) {
            return false;
        }
        for (size_t i = 0; model_io(model, size, true, i, &tensor); ++i) {
            if (tensor.constant != nullptr) {
                continue;
            }
            auto *data = static_cast<const uint8_t *>(tflm_engine_data(state, tensor.index));
            for (size_t k = 0; k < tensor.bytes; ++k) {
                sink += data[k];
            }
        }
    }
    return true;
}
