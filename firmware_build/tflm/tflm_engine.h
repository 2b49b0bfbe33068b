// The C interface between the MicroPython module and what runs models.
//
// modtflm.c knows Python objects and no C++; an engine knows models and no Python
// objects. Nothing but the functions below crosses. Three engines implement them:
//
//   engine_tflm.cpp     TFLM's MicroInterpreter compiled in (every firmware)
//   engine_native.c     our kernels alone, in a native module for stock firmware
//   engine_hosted.c     the tflite-micro wheel in a child process (unix only)
//
// Errors are a status and a message in the caller's buffer; no engine raises,
// prints, or keeps memory that its caller did not give it (the hosted engine's
// child process, on unix, is the one exception). Threads may use different
// interpreters at once.
//
// Model bytes given to an engine have passed model_check(), are aligned to
// TFLM_ALIGN, and never change.

#ifndef TFLM_ENGINE_H
#define TFLM_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TFLM_ALIGN (16) // of models and of all memory: what TFLM aligns tensors to

typedef enum _tflm_status_t {
    TFLM_OK = 0,
    TFLM_ERROR_MODEL, // TFLM does not accept the model
    TFLM_ERROR_MEMORY, // one of the blocks of memory is too small
    TFLM_ERROR_INVOKE, // a kernel failed while running
    TFLM_ERROR_ENGINE, // the engine itself is gone (hosted: its child process died)
    TFLM_ERROR_UNSUPPORTED, // this engine cannot do that
    TFLM_ENDED_EARLY, // no error: an op waits for more input, and there are no outputs
} tflm_status_t;

// What went wrong, in TFLM's own words where it has any. Always NUL terminated.
#define TFLM_MESSAGE_SIZE (160)
typedef struct _tflm_message_t {
    char text[TFLM_MESSAGE_SIZE];
} tflm_message_t;

typedef struct _tflm_engine_t tflm_engine_t;

// Memory that an engine gets from its caller, aligned to TFLM_ALIGN.
typedef struct _tflm_block_t {
    uint8_t *data;
    size_t size;
} tflm_block_t;

typedef struct _tflm_memory_t {
    tflm_block_t kept; // what must stay as it is while the interpreter lives
    tflm_block_t work; // used while it is made, and free again afterwards
    tflm_block_t arena; // tensors and scratch: whatever else is written there changes
                        // results and nothing else
} tflm_memory_t;

// Bytes of one engine's state for this model. The caller allocates them, aligned
// for any type, and keeps them until tflm_engine_destroy().
size_t tflm_engine_state_size(const uint8_t *model, size_t model_size);

// Sizes of the three blocks to begin with.
void tflm_engine_guess(const uint8_t *model, size_t model_size, tflm_memory_t *memory);

// Make an interpreter in `state`, which is of zeros, or what a call that wanted memory left. Model
// and memory (but memory->work) must stay where they are until it is destroyed. If a block is too
// small: TFLM_ERROR_MEMORY, and its size in `memory` is then larger: one that is worth trying next,
// with the other blocks as they are; of the arena, just what it takes. If all went well the sizes
// of kept and arena are what was used of each.
tflm_status_t tflm_engine_create(tflm_engine_t *state, const uint8_t *model, size_t model_size,
    tflm_memory_t *memory, tflm_message_t *message);

// Forget the interpreter. Touches neither model nor memory, which may be gone.
// Harmless on a state that tflm_engine_create() refused, on one of zeros, and twice.
void tflm_engine_destroy(tflm_engine_t *state);

// Where the bytes of tensor `index` of the model are. The hosted engine knows inputs and
// outputs only. NULL for what it does not know, and for constants.
void *tflm_engine_data(const tflm_engine_t *state, size_t index);

// From now on the bytes of that tensor are at `data`, which must stay there.
void tflm_engine_set_data(tflm_engine_t *state, size_t index, void *data);

// Run the model once: TFLM_OK, TFLM_ENDED_EARLY, or an error. Allocates nothing; may be called
// without the GIL.
tflm_status_t tflm_engine_invoke(tflm_engine_t *state, tflm_message_t *message);

// Set what the model keeps from one run to the next back to what it starts with.
tflm_status_t tflm_engine_reset(tflm_engine_t *state, tflm_message_t *message);

// Run the model once and write how long each op took, in ticks of `now`, to
// ticks[0] up to ticks[count - 1], in the order of execution. Of a run that ends early, those
// of ops that it did not come to stay as they are.
tflm_status_t tflm_engine_profile(tflm_engine_t *state, uint32_t (*now)(void),
    uint32_t *ticks, size_t count, tflm_message_t *message);

#ifdef __cplusplus
}
#endif

#endif // TFLM_ENGINE_H
