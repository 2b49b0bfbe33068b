// What fuzz_invoke.cpp and fuzz_native.cpp share: random inputs, and any engine behind
// tflm_engine.h as a device has it, in blocks of any size.

#ifndef FUZZ_ENGINE_H
#define FUZZ_ENGINE_H

#include <cstdint>
#include <cstdlib>
#include <memory>

#include "tflm_engine.h"

constexpr size_t kMostMemory = 6 << 20;
constexpr double kMostBytes = 256 << 10;
constexpr double kMostWork = 3e6; // multiplications, roughly

// Of exactly its size, so that AddressSanitizer sees what is beyond.
struct Block {
    explicit Block(size_t size) {
        if (posix_memalign(&data, 16, size > 0 ? size : 1) != 0) {
            std::abort();
        }
    }
    ~Block() {
        std::free(data);
    }
    Block(const Block &) = delete;
    uint8_t *bytes() const {
        return static_cast<uint8_t *>(data);
    }
    void *data = nullptr;
};

// The same for the same size of a model.
void random_start(size_t size);
uint32_t random_u32();

// In the first round anything, then the ends of a type.
void fill(uint8_t *data, size_t bytes, bool is_float, unsigned round);

// An interpreter in `memory`.
struct Engine {
    // With `any_size` the first blocks may be of any size: too small ones are refused, with larger
    // ones to try.
    Engine(const uint8_t *model, size_t size, bool any_size);
    tflm_engine_t *state() const {
        return static_cast<tflm_engine_t *>(state_block.data);
    }
    tflm_memory_t memory = {};
    bool made = false;

private:
    Block state_block;
    std::unique_ptr<Block> kept, work, arena;
};

// Three runs, whatever lies in the arena between them. False if one ends with an error.
bool run_engine(const Engine &engine, const uint8_t *model, size_t size);

#endif // FUZZ_ENGINE_H
