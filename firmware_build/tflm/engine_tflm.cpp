// The engine of every firmware: TFLM's MicroInterpreter, compiled in.
//
// All memory is the caller's. What TFLM keeps (nodes, the data of ops, variables, how
// tensors lie) goes to one block, what it needs while it is made to another, and the
// arena gets tensors and scratch alone. Nothing is destroyed at the end, since nothing
// is held outside of these.

#include <csetjmp>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <new>

#include "tensorflow/lite/micro/debug_log.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
#include "tensorflow/lite/micro/micro_resource_variable.h"
#include "tensorflow/lite/schema/schema_generated.h"
#include "tensorflow/lite/schema/schema_utils.h"

#include "engine_tflm_memory.h"
#include "kernels_tflm.h"
#include "tflm_engine.h"
#include "tflm_ops.h"

// TFLM's log --------------------------------------------------------------------

#ifndef TFLM_THREAD_LOCAL
#define TFLM_THREAD_LOCAL __thread // a machine without threads may have no such memory
#endif

// TFLM says why something failed through DebugLog() only, and not to whom. The words go
// to the message of the call that this thread is in; the first ones say most.
static TFLM_THREAD_LOCAL tflm_message_t *said;

extern "C" void DebugLog(const char *format, va_list args) {
    if (said == nullptr) {
        return;
    }
    if (strcmp(format, "\r\n") == 0) {
        format = " ";
    }
    // A check that failed begins with the file and line of TFLM's that has it; the file is
    // empty in our builds.
    if (strncmp(format, "%s:%d ", 6) == 0) {
        (void)va_arg(args, const char *);
        (void)va_arg(args, int);
        format += 6;
    }
    while (*format == ' ' && said->text[0] == '\0') {
        format++;
    }
    size_t length = strlen(said->text);
    vsnprintf(said->text + length, sizeof(said->text) - length, format, args);
}

extern "C" int DebugVsnprintf(char *buffer, size_t size, const char *format, va_list args) {
    return vsnprintf(buffer, size, format, args);
}

static void listen(tflm_message_t *message) {
    message->text[0] = '\0';
    said = message;
}

// What a call returns, and its words without the blanks at the end.
static tflm_status_t told(tflm_status_t status) {
    char *text = said->text;
    size_t length = strlen(text);
    while (length > 0 && text[length - 1] == ' ') {
        text[--length] = '\0';
    }
    said = nullptr;
    return status;
}

// Ops ---------------------------------------------------------------------------

namespace {

// TFLM's resolver for one op knows its registration and how to parse its options.
using one_op_t = tflite::MicroMutableOpResolver<1>;

// An op by a kernel of ours, or how to add TFLM's.
struct known_op_t {
    tflite::BuiltinOperator code;
    const own_kernel_t *own;
    TfLiteStatus (*add)(one_op_t &op);
};

#define KERNEL_tflm(name, method) \
    { tflite::BuiltinOperator_##name, nullptr, [](one_op_t &op) { return op.Add##method(); } },
#define KERNEL_other(name, method) \
    { tflite::BuiltinOperator_##name, nullptr, [](one_op_t &op) { return op.Add##method(other_##name()); } },
#define KERNEL_ours(name, method) { tflite::BuiltinOperator_##name, &own_##name, nullptr },
#define KERNEL_custom(name, method) { tflite::BuiltinOperator_CUSTOM, &own_##name, nullptr },
#if TFLM_OTHER_KERNELS
#define KERNEL_own KERNEL_tflm
#define KERNEL_vector KERNEL_other
#else
#define KERNEL_own KERNEL_ours
#if TFLM_VECTOR_KERNELS
#define KERNEL_vector KERNEL_other
#else
#define KERNEL_vector KERNEL_own
#endif
#endif

// In flash: the linker keeps the kernels that are named here and no others.
const known_op_t known_ops[] = {
#define TFLM_OP(name, code, method, version, profile, kernel, espressif, native) KERNEL_##kernel(name, method)
#include TFLM_OPS
#undef TFLM_OP
};

const known_op_t *known_op(tflite::BuiltinOperator code) {
    for (const known_op_t &known : known_ops) {
        if (known.code == code) {
            return &known;
        }
    }
    return nullptr;
}

// Has this firmware the op that makes handles on resource variables?
constexpr bool has_variables = false
#define TFLM_OP(name, code, method, version, profile, kernel, espressif, native) \
    || code == tflite::BuiltinOperator_VAR_HANDLE
#include TFLM_OPS
#undef TFLM_OP
;

// Room for so many variables as there are handles, if any.
tflite::MicroResourceVariables *make_variables(const tflite::Model *model, tflite::MicroAllocator *allocator) {
    int handles = 0;
    if constexpr (has_variables) {
        for (const tflite::SubGraph *graph : *model->subgraphs()) {
            for (const tflite::Operator *op : *graph->operators()) {
                const tflite::OperatorCode *code = model->operator_codes()->Get(op->opcode_index());
                handles += tflite::GetBuiltinCode(code) == tflite::BuiltinOperator_VAR_HANDLE;
            }
        }
    }
    return handles > 0 ? tflite::MicroResourceVariables::Create(allocator, handles) : nullptr;
}

// The ops of one model. Those by TFLM's kernels lie behind it in the state.
class ModelOps : public tflite::MicroOpResolver {
public:
    ModelOps(one_op_t *ops, size_t count) : ops_(ops), count_(count) {
    }

    const TFLMRegistration *FindOp(tflite::BuiltinOperator code) const override {
        const known_op_t *known = known_op(code);
        if (known != nullptr && known->own != nullptr) {
            return &known->own->registration;
        }
        for (size_t i = 0; i < count_; i++) {
            const TFLMRegistration *found = ops_[i].FindOp(code);
            if (found != nullptr) {
                return found;
            }
        }
        return nullptr;
    }

    const TFLMRegistration *FindOp(const char *name) const override {
        for (const known_op_t &known : known_ops) {
            if (known.code == tflite::BuiltinOperator_CUSTOM
                && strcmp(known.own->registration.custom_name, name) == 0) {
                return &known.own->registration;
            }
        }
        return nullptr;
    }

    tflite::TfLiteBridgeBuiltinParseFunction GetOpDataParser(
        tflite::BuiltinOperator code) const override {
        const known_op_t *known = known_op(code);
        if (known != nullptr && known->own != nullptr) {
            return known->own->parse;
        }
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

    TfLiteEvalTensor *tensor(size_t index) const {
        return context().GetEvalTensor(&context(), (int)index);
    }
};

} // namespace

// State -------------------------------------------------------------------------

// Raw memory for each object, made by placement new, and again at each trial.
struct _tflm_engine_t {
    Exit exit;
    alignas(Kept) uint8_t kept[sizeof(Kept)];
    alignas(Work) uint8_t work[sizeof(Work)];
    alignas(Planner) uint8_t planner[sizeof(Planner)];
    alignas(Allocator) uint8_t allocator[sizeof(Allocator)];
    alignas(ModelOps) uint8_t resolver[sizeof(ModelOps)];
    alignas(OpProfiler) uint8_t profiler[sizeof(OpProfiler)];
    alignas(Interpreter) uint8_t interpreter[sizeof(Interpreter)];
    alignas(one_op_t) uint8_t ops[]; // one_op_t[count_of_tflm()]
};

static Interpreter *interpreter_of(const tflm_engine_t *state) {
    return std::launder(reinterpret_cast<Interpreter *>(const_cast<uint8_t *>(state->interpreter)));
}

// The kernel of TFLM's that a model's code `i` takes, if any. A code that this firmware does not
// have takes none: the check saw that no op of the model uses it.
static const known_op_t *of_tflm(const tflite::Model *model, uint32_t i) {
    const known_op_t *known = known_op(tflite::GetBuiltinCode(model->operator_codes()->Get(i)));
    return known != nullptr && known->own == nullptr ? known : nullptr;
}

static size_t count_of_tflm(const tflite::Model *model) {
    size_t count = 0;
    for (uint32_t i = 0; i < model->operator_codes()->size(); i++) {
        count += of_tflm(model, i) != nullptr;
    }
    return count;
}

static ModelOps *make_resolver(tflm_engine_t *state, const tflite::Model *model) {
    auto *ops = reinterpret_cast<one_op_t *>(state->ops);
    size_t count = 0;
    for (uint32_t i = 0; i < model->operator_codes()->size(); i++) {
        const known_op_t *known = of_tflm(model, i);
        if (known != nullptr) {
            known->add(*new (&ops[count++]) one_op_t());
        }
    }
    return new (state->resolver) ModelOps(ops, count);
}

// Not inlined: what setjmp() must not spoil stays in the callers' frames.
__attribute__((noinline))
static tflm_status_t make(tflm_engine_t *state, const tflite::Model *model, Allocator *allocator, Exit *exit) {
    jmp_buf here;
    if (setjmp(here) != 0) {
        exit->to = nullptr;
        return TFLM_ERROR_MEMORY;
    }
    exit->to = &here;
    auto *profiler = new (state->profiler) OpProfiler();
    auto *interpreter = new (state->interpreter) Interpreter(model, *make_resolver(state, model),
        allocator, make_variables(model, allocator), profiler);
    TfLiteStatus allocated = interpreter->AllocateTensors();
    exit->to = nullptr;
    return allocated == kTfLiteOk ? TFLM_OK : TFLM_ERROR_MODEL;
}

// The interface -----------------------------------------------------------------

size_t tflm_engine_state_size(const uint8_t *model, size_t model_size) {
    (void)model_size;
    return sizeof(tflm_engine_t) + count_of_tflm(tflite::GetModel(model)) * sizeof(one_op_t);
}

// Roughly what a model of so many ops and tensors takes; what is too much of `kept` is
// given back, and `work` is needed for a moment only.
void tflm_engine_guess(const uint8_t *model, size_t model_size, tflm_memory_t *memory) {
    (void)model_size;
    const tflite::SubGraph *graph = tflite::GetModel(model)->subgraphs()->Get(0);
    size_t ops = graph->operators()->size();
    size_t tensors = graph->tensors()->size();
    size_t pointers = sizeof(void *) / 4;
    memory->kept.size = (384 + 160 * ops + 16 * tensors) * pointers;
    memory->work.size = (768 + 64 * tensors) * pointers;
    memory->arena.size = 0;
}

tflm_status_t tflm_engine_create(tflm_engine_t *state, const uint8_t *model_data, size_t model_size,
    tflm_memory_t *memory, tflm_message_t *message) {
    (void)model_size;
    listen(message);
    const tflite::Model *model = tflite::GetModel(model_data);
    auto *exit = new (&state->exit) Exit { memory };
    auto *kept = new (state->kept) Kept(memory->kept, exit);
    auto *planner = new (state->planner) Planner();
    auto *work = new (state->work) Work(memory->work, memory->arena, exit, planner);
    planner->work = work;
    auto *allocator = new (state->allocator) Allocator(model, kept, work, planner);
    tflm_status_t status = make(state, model, allocator, exit);
    if (status == TFLM_OK) {
        allocator->place_kept_scratch();
        memory->kept.size = kept->GetPersistentUsedBytes();
        memory->arena.size = exit->planned;
    }
    return told(status);
}

void tflm_engine_destroy(tflm_engine_t *state) {
    (void)state;
}

void *tflm_engine_data(const tflm_engine_t *state, size_t index) {
    return interpreter_of(state)->tensor(index)->data.raw;
}

// TFLM's kernels look at the eval tensors, so nothing else knows where tensors are.
void tflm_engine_set_data(tflm_engine_t *state, size_t index, void *data) {
    interpreter_of(state)->tensor(index)->data.data = data;
}

tflm_status_t tflm_engine_invoke(tflm_engine_t *state, tflm_message_t *message) {
    listen(message);
    TfLiteStatus status = interpreter_of(state)->Invoke();
    return told(status == kTfLiteOk ? TFLM_OK : status == tflite::kTfLiteAbort ? TFLM_ENDED_EARLY : TFLM_ERROR_INVOKE);
}

tflm_status_t tflm_engine_reset(tflm_engine_t *state, tflm_message_t *message) {
    listen(message);
    return told(interpreter_of(state)->Reset() == kTfLiteOk ? TFLM_OK : TFLM_ERROR_INVOKE);
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
