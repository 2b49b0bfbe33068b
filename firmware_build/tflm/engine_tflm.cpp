// The engine of every firmware: TFLM's MicroInterpreter, compiled in.
//
// All memory is the caller's: the interpreter object and the ops it uses lie in the
// state, everything else in the arena. Nothing is destroyed at the end, since
// nothing is held outside these two.

#include <csetjmp>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <new>

#include "tensorflow/lite/micro/debug_log.h"
#include "tensorflow/lite/micro/memory_planner/greedy_memory_planner.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
#include "tensorflow/lite/schema/schema_generated.h"
#include "tensorflow/lite/schema/schema_utils.h"

#include "tflm_engine.h"
#include "tflm_ops.h"

// TFLM's log --------------------------------------------------------------------

// TFLM says why something failed through DebugLog() only. The words are kept here
// until the call that caused them is over; the first ones say most.
static char log_text[TFLM_MESSAGE_SIZE];
static size_t log_length;

static void log_clear() {
    log_length = 0;
    log_text[0] = '\0';
}

extern "C" void DebugLog(const char *format, va_list args) {
    if (strcmp(format, "\r\n") == 0) {
        format = " ";
    }
    size_t room = sizeof(log_text) - log_length;
    int written = vsnprintf(log_text + log_length, room, format, args);
    if (written > 0) {
        log_length += (size_t)written < room ? (size_t)written : room - 1;
    }
}

extern "C" int DebugVsnprintf(char *buffer, size_t size, const char *format, va_list args) {
    return vsnprintf(buffer, size, format, args);
}

static tflm_status_t fail(tflm_status_t status, tflm_message_t *message) {
    while (log_length > 0 && log_text[log_length - 1] == ' ') {
        log_text[--log_length] = '\0';
    }
    memcpy(message->text, log_text, log_length + 1);
    return status;
}

// Ops ---------------------------------------------------------------------------

namespace {

// TFLM's resolver for one op knows its registration and how to parse its options.
using one_op_t = tflite::MicroMutableOpResolver<1>;

struct known_op_t {
    tflite::BuiltinOperator code;
    TfLiteStatus (*add)(one_op_t &op);
};

// In flash: the linker keeps the kernels that are named here and no others.
const known_op_t known_ops[] = {
#define TFLM_OP(name, code, method, version, profile, kernel) \
    { tflite::BuiltinOperator_##name, [](one_op_t &op) { return op.Add##method(); } },
#include TFLM_OPS
#undef TFLM_OP
};

// The ops of one model; they lie behind it in the state.
class ModelOps : public tflite::MicroOpResolver {
public:
    ModelOps(one_op_t *ops, size_t count) : ops_(ops), count_(count) {
    }

    const TFLMRegistration *FindOp(tflite::BuiltinOperator code) const override {
        for (size_t i = 0; i < count_; i++) {
            const TFLMRegistration *found = ops_[i].FindOp(code);
            if (found != nullptr) {
                return found;
            }
        }
        return nullptr;
    }

    const TFLMRegistration *FindOp(const char *) const override {
        return nullptr; // no custom ops
    }

    tflite::TfLiteBridgeBuiltinParseFunction GetOpDataParser(
        tflite::BuiltinOperator code) const override {
        for (size_t i = 0; i < count_; i++) {
            auto found = ops_[i].GetOpDataParser(code);
            if (found != nullptr) {
                return found;
            }
        }
        return nullptr;
    }

    TF_LITE_REMOVE_VIRTUAL_DELETE

private:
    const one_op_t *ops_;
    size_t count_;
};

size_t op_kinds(const uint8_t *model) {
    return tflite::GetModel(model)->operator_codes()->size();
}

// Memory ------------------------------------------------------------------------

// TFLM does not survive every want of memory: some of its code writes through the
// null pointer that it got. So the allocator does not return one: it leaves
// AllocateTensors() at once. Nothing needs cleaning up on the way, since all that
// was made lies in state and arena.
class Arena : public tflite::SingleArenaBufferAllocator {
public:
    Arena(uint8_t *start, size_t size)
        : SingleArenaBufferAllocator(start, size), start_(start), size_(size) {
    }

    uint8_t *AllocatePersistentBuffer(size_t size, size_t align) override {
        return must(SingleArenaBufferAllocator::AllocatePersistentBuffer(size, align));
    }

    uint8_t *AllocateTemp(size_t size, size_t align) override {
        return must(SingleArenaBufferAllocator::AllocateTemp(size, align));
    }

    uint8_t *AllocateResizableBuffer(size_t size, size_t align) override {
        return must(SingleArenaBufferAllocator::AllocateResizableBuffer(size, align));
    }

    TfLiteStatus ResizeBuffer(uint8_t *buffer, size_t size, size_t align) override {
        return must(SingleArenaBufferAllocator::ResizeBuffer(buffer, size, align));
    }

    TfLiteStatus ReserveNonPersistentOverlayMemory(size_t size, size_t align) override {
        return must(SingleArenaBufferAllocator::ReserveNonPersistentOverlayMemory(size, align));
    }

    // Aligned, both ends may cross: upstream returns a huge size then, and the planner
    // takes its working memory from beyond the arena.
    size_t GetAvailableMemory(size_t align) const override {
        size_t left = SingleArenaBufferAllocator::GetAvailableMemory(align);
        return left > size_ ? 0 : left;
    }

    void leave() {
        if (exit != nullptr) {
            longjmp(*exit, 1);
        }
    }

    uint8_t *start() const {
        return start_;
    }

    bool holds(const void *p) const {
        return p >= start_ && p < start_ + size_;
    }

    jmp_buf *exit = nullptr; // where to leave to, while allocating

    TF_LITE_REMOVE_VIRTUAL_DELETE

private:
    // The upstream allocator looks only at part of what is taken: what persists may
    // come to lie over temporary memory, and a start aligned beyond the end passes.
    bool overflowed() const {
        return GetUsedBytes() > size_;
    }

    uint8_t *must(uint8_t *block) {
        if (block == nullptr || overflowed()) {
            leave();
            return nullptr;
        }
        return block;
    }

    TfLiteStatus must(TfLiteStatus status) {
        if (status != kTfLiteOk || overflowed()) {
            leave();
            return kTfLiteError;
        }
        return status;
    }

    uint8_t *start_;
    size_t size_;
};

// The planner works in what is left of the arena, and refuses when its list of
// tensors does not fit there.
class Planner : public tflite::GreedyMemoryPlanner {
public:
    explicit Planner(Arena *arena) : arena_(arena) {
    }

    TfLiteStatus AddBuffer(int size, int first, int last) override {
        return must(GreedyMemoryPlanner::AddBuffer(size, first, last));
    }

    TfLiteStatus AddBuffer(int size, int first, int last, int offset) override {
        return must(GreedyMemoryPlanner::AddBuffer(size, first, last, offset));
    }

    TF_LITE_REMOVE_VIRTUAL_DELETE

private:
    TfLiteStatus must(TfLiteStatus status) {
        if (status != kTfLiteOk) {
            arena_->leave();
        }
        return status;
    }

    Arena *arena_;
};

// Only to reach MicroAllocator's constructor: its factories put all these into the arena.
class Allocator : public tflite::MicroAllocator {
public:
    Allocator(Arena *arena, Planner *planner) : MicroAllocator(arena, planner) {
    }

    TF_LITE_REMOVE_VIRTUAL_DELETE
};

// Times the ops of one run; idle otherwise.
class OpProfiler : public tflite::MicroProfilerInterface {
public:
    uint32_t BeginEvent(const char *) override {
        if (ticks != nullptr) {
            start_ = now();
        }
        return 0;
    }

    void EndEvent(uint32_t) override {
        if (ticks != nullptr && count > 0) {
            *ticks++ = now() - start_;
            count--;
        }
    }

    uint32_t (*now)(void) = nullptr;
    uint32_t *ticks = nullptr;
    size_t count = 0;

    TF_LITE_REMOVE_VIRTUAL_DELETE

private:
    uint32_t start_ = 0;
};

// Only to reach the tensors, which MicroInterpreter shows only where it keeps them all.
class Interpreter : public tflite::MicroInterpreter {
public:
    using MicroInterpreter::MicroInterpreter;

    const TfLiteEvalTensor *tensor(size_t index) const {
        return context().GetEvalTensor(&context(), (int)index);
    }
};

} // namespace

// State -------------------------------------------------------------------------

// Raw memory for each object, made by placement new, and again at each trial.
struct _tflm_engine_t {
    alignas(Arena) uint8_t arena[sizeof(Arena)];
    alignas(Planner) uint8_t planner[sizeof(Planner)];
    alignas(Allocator) uint8_t allocator[sizeof(Allocator)];
    alignas(ModelOps) uint8_t resolver[sizeof(ModelOps)];
    alignas(OpProfiler) uint8_t profiler[sizeof(OpProfiler)];
    alignas(Interpreter) uint8_t interpreter[sizeof(Interpreter)];
    alignas(one_op_t) uint8_t ops[]; // one_op_t[op_kinds()]
};

static Interpreter *interpreter_of(tflm_engine_t *state) {
    return std::launder(reinterpret_cast<Interpreter *>(state->interpreter));
}

static tflm_status_t add_ops(tflm_engine_t *state, const tflite::Model *model, size_t count) {
    auto *ops = reinterpret_cast<one_op_t *>(state->ops);
    for (size_t i = 0; i < count; i++) {
        one_op_t *op = new (&ops[i]) one_op_t();
        tflite::BuiltinOperator code = tflite::GetBuiltinCode(model->operator_codes()->Get(i));
        TfLiteStatus added = kTfLiteError;
        for (const known_op_t &known : known_ops) {
            if (known.code == code) {
                added = known.add(*op);
            }
        }
        if (added != kTfLiteOk) {
            return TFLM_ERROR_OP;
        }
    }
    new (state->resolver) ModelOps(ops, count);
    return TFLM_OK;
}

// Not inlined: what setjmp() must not spoil stays in the callers' frames.
__attribute__((noinline))
static tflm_status_t allocate(Interpreter *interpreter, Arena *arena) {
    jmp_buf exit;
    if (setjmp(exit) != 0) {
        return TFLM_ERROR_ARENA;
    }
    arena->exit = &exit;
    TfLiteStatus allocated = interpreter->AllocateTensors();
    arena->exit = nullptr;
    return allocated == kTfLiteOk ? TFLM_OK : TFLM_ERROR_MODEL;
}

static tflm_status_t create(tflm_engine_t *state, const uint8_t *model_data,
    uint8_t *arena_start, size_t arena_size) {
    log_clear();
    const tflite::Model *model = tflite::GetModel(model_data);
    tflm_status_t status = add_ops(state, model, op_kinds(model_data));
    if (status != TFLM_OK) {
        return status;
    }
    auto *arena = new (state->arena) Arena(arena_start, arena_size);
    auto *planner = new (state->planner) Planner(arena);
    auto *allocator = new (state->allocator) Allocator(arena, planner);
    auto *resolver = std::launder(reinterpret_cast<ModelOps *>(state->resolver));
    auto *profiler = new (state->profiler) OpProfiler();
    auto *interpreter = new (state->interpreter) Interpreter(model, *resolver, allocator, nullptr,
        profiler);
    return allocate(interpreter, arena);
}

// The interface -----------------------------------------------------------------

size_t tflm_engine_state_size(const uint8_t *model, size_t model_size) {
    (void)model_size;
    return sizeof(tflm_engine_t) + op_kinds(model) * sizeof(one_op_t);
}

// By trial, since TFLM has no call for it: what arena_used_bytes() says later is
// less than what planning itself takes.
tflm_status_t tflm_engine_plan(tflm_engine_t *state, const uint8_t *model, size_t model_size,
    uint8_t *scratch, size_t scratch_size, size_t *needed, tflm_message_t *message) {
    (void)model_size;
    // Without any memory TFLM cannot tell its buffer from a null pointer.
    tflm_status_t status = scratch_size == 0 ? TFLM_ERROR_ARENA
        : create(state, model, scratch, scratch_size);
    if (status != TFLM_OK) {
        *needed = scratch_size == 0 ? 1024 : 2 * scratch_size;
        return fail(status, message);
    }
    size_t enough = scratch_size;
    size_t low = interpreter_of(state)->arena_used_bytes() / TFLM_ARENA_ALIGN * TFLM_ARENA_ALIGN;
    while (low < enough) {
        size_t middle = (low + enough) / 2 / TFLM_ARENA_ALIGN * TFLM_ARENA_ALIGN;
        if (create(state, model, scratch, middle) == TFLM_OK) {
            enough = middle;
        } else {
            low = middle + TFLM_ARENA_ALIGN;
        }
    }
    *needed = enough;
    return TFLM_OK;
}

tflm_status_t tflm_engine_create(tflm_engine_t *state, const uint8_t *model, size_t model_size,
    uint8_t *arena, size_t arena_size, tflm_message_t *message) {
    (void)model_size;
    tflm_status_t status = create(state, model, arena, arena_size);
    return status == TFLM_OK ? status : fail(status, message);
}

void tflm_engine_destroy(tflm_engine_t *state) {
    (void)state;
}

size_t tflm_engine_arena_used(const tflm_engine_t *state) {
    return interpreter_of(const_cast<tflm_engine_t *>(state))->arena_used_bytes();
}

void *tflm_engine_data(tflm_engine_t *state, bool output, size_t index) {
    Interpreter *interpreter = interpreter_of(state);
    TfLiteTensor *tensor = output ? interpreter->output(index) : interpreter->input(index);
    return tensor == nullptr ? nullptr : tensor->data.raw;
}

tflm_status_t tflm_engine_invoke(tflm_engine_t *state, tflm_message_t *message) {
    log_clear();
    if (interpreter_of(state)->Invoke() != kTfLiteOk) {
        return fail(TFLM_ERROR_INVOKE, message);
    }
    return TFLM_OK;
}

tflm_status_t tflm_engine_profile(tflm_engine_t *state, uint32_t (*now)(void),
    uint32_t *ticks, size_t count, tflm_message_t *message) {
    auto *profiler = std::launder(reinterpret_cast<OpProfiler *>(state->profiler));
    profiler->now = now;
    profiler->ticks = ticks;
    profiler->count = count;
    tflm_status_t status = tflm_engine_invoke(state, message);
    profiler->ticks = nullptr;
    return status;
}

bool tflm_engine_tensor_offset(tflm_engine_t *state, size_t index, size_t *offset) {
    const auto *arena = std::launder(reinterpret_cast<Arena *>(state->arena));
    const TfLiteEvalTensor *tensor = interpreter_of(state)->tensor(index);
    if (tensor == nullptr || !arena->holds(tensor->data.raw)) {
        return false;
    }
    *offset = (size_t)((uint8_t *)tensor->data.raw - arena->start());
    return true;
}
