// The C interface between the MicroPython module and TensorFlow Lite Micro.
//
// modtflm.c knows Python objects and no C++; an engine knows TFLM and no Python
// objects. Nothing but the functions below crosses. Two engines implement them:
//
//   engine_tflm.cpp     TFLM's MicroInterpreter compiled in (every firmware)
//   engine_hosted.c     the tflite-micro wheel in a child process (unix only)
//
// Errors are a status and a message in the caller's buffer; no engine raises,
// prints, or keeps memory that its caller did not give it (the hosted engine's
// child process, on unix, is the one exception).
//
// Model bytes given to an engine have passed model_check() and are aligned to
// TFLM_MODEL_ALIGN.

#ifndef TFLM_ENGINE_H
#define TFLM_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TFLM_MODEL_ALIGN (16) // flatbuffers vectors of TFLite models may ask for 16
#define TFLM_ARENA_ALIGN (16) // what TFLM aligns tensors to

typedef enum _tflm_status_t {
    TFLM_OK = 0,
    TFLM_ERROR_MODEL, // TFLM does not accept the model
    TFLM_ERROR_OP, // the model needs an op this firmware does not have
    TFLM_ERROR_ARENA, // the arena is too small
    TFLM_ERROR_INVOKE, // a kernel failed while running
    TFLM_ERROR_ENGINE, // the engine itself is gone (hosted: its child process died)
    TFLM_ERROR_UNSUPPORTED, // this engine cannot do that
} tflm_status_t;

// What went wrong, in TFLM's own words where it has any. Always NUL terminated.
#define TFLM_MESSAGE_SIZE (160)
typedef struct _tflm_message_t {
    char text[TFLM_MESSAGE_SIZE];
} tflm_message_t;

typedef struct _tflm_engine_t tflm_engine_t;

// Bytes of one engine's state for this model. The caller allocates them, aligned
// for any type, and keeps them until tflm_engine_destroy().
size_t tflm_engine_state_size(const uint8_t *model, size_t model_size);

// How many arena bytes the model needs, exactly. `state` and `scratch` (aligned to
// TFLM_ARENA_ALIGN) are working memory, whose content is lost. If scratch is too
// small: TFLM_ERROR_ARENA, and *needed is a size worth trying next. Begin with
// scratch_size 0: an engine that needs none answers at once.
tflm_status_t tflm_engine_plan(tflm_engine_t *state, const uint8_t *model, size_t model_size,
    uint8_t *scratch, size_t scratch_size, size_t *needed, tflm_message_t *message);

// Make an interpreter in `state`. `model` and `arena` (aligned to
// TFLM_ARENA_ALIGN) must stay where they are until it is destroyed.
tflm_status_t tflm_engine_create(tflm_engine_t *state, const uint8_t *model, size_t model_size,
    uint8_t *arena, size_t arena_size, tflm_message_t *message);

// Forget the interpreter. Touches neither model nor arena, which may be gone.
// Harmless on a state that tflm_engine_create() refused, on one of zeros, and twice.
void tflm_engine_destroy(tflm_engine_t *state);

// The arena bytes in use once tensors are allocated.
size_t tflm_engine_arena_used(const tflm_engine_t *state);

// Where the bytes of input or output `index` are: inside the arena (or inside
// the model, for an output that is constant). NULL if there is none.
void *tflm_engine_data(tflm_engine_t *state, bool output, size_t index);

// Run the model once. Allocates nothing; may be called without the GIL.
tflm_status_t tflm_engine_invoke(tflm_engine_t *state, tflm_message_t *message);

// Run the model once and write how long each op took, in ticks of `now`, to
// ticks[0] up to ticks[count - 1], in the order of execution.
tflm_status_t tflm_engine_profile(tflm_engine_t *state, uint32_t (*now)(void),
    uint32_t *ticks, size_t count, tflm_message_t *message);

// Where in the arena tensor `index` of the model lies, if it lies there (a constant
// does not) and the engine knows (hosted: of inputs and outputs only).
bool tflm_engine_tensor_offset(tflm_engine_t *state, size_t index, size_t *offset);

#ifdef __cplusplus
}
#endif

#endif // TFLM_ENGINE_H
