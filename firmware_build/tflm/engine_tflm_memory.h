// Where engine_tflm.cpp has TFLM put things: three blocks of the caller's.

#ifndef ENGINE_TFLM_MEMORY_H
#define ENGINE_TFLM_MEMORY_H

#include <csetjmp>
#include <cstring>

#include "tensorflow/lite/micro/arena_allocator/non_persistent_arena_buffer_allocator.h"
#include "tensorflow/lite/micro/memory_planner/greedy_memory_planner.h"
#include "tensorflow/lite/micro/micro_allocator.h"
#include "tensorflow/lite/schema/schema_generated.h"
#include "tensorflow/lite/schema/schema_utils.h"

#include "tflm_engine.h"

namespace {

// TFLM does not survive every want of memory: some of its code writes through the
// null pointer that it got. So an allocator does not return one: it leaves
// AllocateTensors() at once. Nothing needs cleaning up on the way, since all that
// was made lies in the caller's blocks.
struct Exit {
    tflm_memory_t *memory; // sizes to try next
    jmp_buf *to = nullptr; // null once all is made: nothing is allocated any more
    size_t planned = 0; // bytes of the arena

    uint8_t *leave(tflm_block_t *block, size_t size) {
        if (to != nullptr) {
            block->size = size;
            longjmp(*to, 1);
        }
        return nullptr;
    }
};

size_t align_up(size_t size, size_t align) {
    return (size + align - 1) / align * align;
}

// What lasts, upwards from the start, so that the rest of the block can be given back.
class Kept : public tflite::IPersistentBufferAllocator {
public:
    Kept(tflm_block_t block, Exit *exit) : block_(block), exit_(exit) {
    }

    uint8_t *AllocatePersistentBuffer(size_t size, size_t align) override {
        size_t start = align_up(used_, align);
        if (start > block_.size || size > block_.size - start) {
            return exit_->leave(&exit_->memory->kept, 2 * start + size);
        }
        used_ = start + size;
        return block_.data + start;
    }

    size_t GetPersistentUsedBytes() const override {
        return used_;
    }

    TF_LITE_REMOVE_VIRTUAL_DELETE

private:
    tflm_block_t block_;
    Exit *exit_;
    size_t used_ = 0;
};

// What is needed while tensors are allocated. The plan is made here too; it is for the arena.
class Work : public tflite::NonPersistentArenaBufferAllocator {
public:
    Work(tflm_block_t block, tflm_block_t arena, Exit *exit, tflite::MicroMemoryPlanner *planner)
        : NonPersistentArenaBufferAllocator(block.data, block.size), size_(block.size),
        arena_(arena), exit_(exit), planner_(planner) {
    }

    uint8_t *AllocateTemp(size_t size, size_t align) override {
        // Aligned, the next address may lie beyond the end, which upstream takes for room.
        return size > room(align) ? more()
            : NonPersistentArenaBufferAllocator::AllocateTemp(size, align);
    }

    uint8_t *AllocateResizableBuffer(size_t size, size_t align) override {
        requests_ = size > size_ ? nullptr
            : NonPersistentArenaBufferAllocator::AllocateResizableBuffer(size, align);
        return requests_ == nullptr ? more() : requests_;
    }

    TfLiteStatus ResizeBuffer(uint8_t *buffer, size_t size, size_t align) override {
        TfLiteStatus done = NonPersistentArenaBufferAllocator::ResizeBuffer(buffer, size, align);
        if (done != kTfLiteOk) {
            more();
        }
        return done;
    }

    size_t GetAvailableMemory(size_t align) const override {
        return room(align) / align * align;
    }

    uint8_t *GetOverlayMemoryAddress() const override {
        size_t size = exit_->planned = planner_->GetMaximumMemorySize();
        return size > arena_.size ? exit_->leave(&exit_->memory->arena, size) : arena_.data;
    }

    // The arena is the caller's, and large enough by now.
    TfLiteStatus ReserveNonPersistentOverlayMemory(size_t, size_t) override {
        return kTfLiteOk;
    }

    // Leave, for a larger block.
    uint8_t *more() {
        return exit_->leave(&exit_->memory->work, 2 * size_ + 64);
    }

    // How kernels asked for scratch.
    tflite::internal::ScratchBufferRequest *requests() const {
        return reinterpret_cast<tflite::internal::ScratchBufferRequest *>(requests_);
    }

    TF_LITE_REMOVE_VIRTUAL_DELETE

private:
    size_t room(size_t align) const {
        size_t used = align_up(GetNonPersistentUsedBytes(), align);
        return used < size_ ? size_ - used : 0;
    }

    size_t size_;
    tflm_block_t arena_;
    Exit *exit_;
    tflite::MicroMemoryPlanner *planner_;
    uint8_t *requests_ = nullptr;
};

// The planner works in what is left, and refuses when its list of tensors does not fit.
class Planner : public tflite::GreedyMemoryPlanner {
public:
    TfLiteStatus AddBuffer(int size, int first, int last) override {
        return must(GreedyMemoryPlanner::AddBuffer(size, first, last));
    }

    TfLiteStatus AddBuffer(int size, int first, int last, int offset) override {
        return must(GreedyMemoryPlanner::AddBuffer(size, first, last, offset));
    }

    Work *work = nullptr;

    TF_LITE_REMOVE_VIRTUAL_DELETE

private:
    TfLiteStatus must(TfLiteStatus status) {
        if (status != kTfLiteOk) {
            work->more();
        }
        return status;
    }
};

// Espressif's vector instructions load from aligned addresses.
#if TFLM_VECTOR_KERNELS || TFLM_OTHER_KERNELS
constexpr size_t KEPT_ALIGN = TFLM_ALIGN;
#else
constexpr size_t KEPT_ALIGN = 8;
#endif

// Scratch of these ops holds values and nothing that says where values are. That of all
// others is kept, out of reach of what Python writes into an arena during a run.
bool scratch_of_values(tflite::BuiltinOperator op) {
    return op == tflite::BuiltinOperator_CONV_2D
           || op == tflite::BuiltinOperator_DEPTHWISE_CONV_2D
           || op == tflite::BuiltinOperator_FULLY_CONNECTED
           || op == tflite::BuiltinOperator_TRANSPOSE_CONV
           || op == tflite::BuiltinOperator_UNIDIRECTIONAL_SEQUENCE_LSTM;
}

class Allocator : public tflite::MicroAllocator {
public:
    Allocator(const tflite::Model *model, Kept *kept, Work *work, Planner *planner)
        : MicroAllocator(kept, work, planner), model_(model), kept_(kept), work_(work) {
    }

    // Of the model's inputs and outputs, which MicroInterpreter keeps for those who ask it for
    // them. Nobody does: the engine goes by the eval tensors.
    TfLiteTensor *AllocatePersistentTfLiteTensor(const tflite::Model *,
        const tflite::SubgraphAllocations *, int, int) override {
        static TfLiteTensor nobodys;
        return &nobodys;
    }

    // What kernels keep: structs, and arrays of numbers.
    void *AllocatePersistentBuffer(size_t bytes) override {
        return kept_->AllocatePersistentBuffer(bytes, KEPT_ALIGN);
    }

    // Once the plan is made, scratch that is kept gets its place.
    void place_kept_scratch() {
        for (size_t i = 0; places_ != nullptr && i < count_; i++) {
            if (places_[i] != nullptr) {
                handles_[i].data = places_[i];
            }
        }
    }

    TF_LITE_REMOVE_VIRTUAL_DELETE

private:
    TfLiteStatus AllocateScratchBufferHandles(tflite::ScratchBufferHandle **handles,
        size_t count) override {
        count_ = count;
        if (count == 0) {
            return kTfLiteOk;
        }
        *handles = handles_ = persistent<tflite::ScratchBufferHandle>(count);
        for (size_t i = 0; i < count; i++) {
            tflite::internal::ScratchBufferRequest &request = work_->requests()[i];
            if (!scratch_of_values(op_of(request))) {
                keep_scratch(i, request.bytes);
                request.bytes = 0; // for the planner
            }
        }
        return kTfLiteOk;
    }

    tflite::BuiltinOperator op_of(const tflite::internal::ScratchBufferRequest &request) const {
        const auto *ops = model_->subgraphs()->Get((uint32_t)request.subgraph_idx)->operators();
        uint32_t code = ops->Get((uint32_t)request.node_idx)->opcode_index();
        return tflite::GetBuiltinCode(model_->operator_codes()->Get(code));
    }

    void keep_scratch(size_t i, size_t bytes) {
        if (places_ == nullptr) {
            places_ = persistent<uint8_t *>(count_);
            memset(places_, 0, count_ * sizeof(*places_));
        }
        places_[i] = kept_->AllocatePersistentBuffer(bytes, TFLM_ALIGN);
    }

    template<typename T> T *persistent(size_t count) {
        return reinterpret_cast<T *>(kept_->AllocatePersistentBuffer(count * sizeof(T), alignof(T)));
    }

    const tflite::Model *model_;
    Kept *kept_;
    Work *work_;
    tflite::ScratchBufferHandle *handles_ = nullptr;
    uint8_t **places_ = nullptr;
    size_t count_ = 0;
};

} // namespace

#endif // ENGINE_TFLM_MEMORY_H
