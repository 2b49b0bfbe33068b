// What the files of the `tflm` module share: its types, their objects, its errors.

#ifndef MODTFLM_H
#define MODTFLM_H

#include "py/obj.h"

#include "model_reader.h"
#include "tflm_engine.h"

#ifndef MP_NORETURN
#define MP_NORETURN NORETURN // MicroPython 1.25
#endif

// Memory, and the object that keeps it alive: the GC follows only pointers to the
// start of a block, so both are needed. MP_OBJ_NULL if the memory is our own block.
typedef struct _tflm_buffer_t {
    mp_obj_t obj;
    uint8_t *data;
    size_t size;
} tflm_buffer_t;

typedef struct _tflm_interpreter_obj_t {
    mp_obj_base_t base;
    tflm_buffer_t model; // never written
    tflm_buffer_t arena;
    mp_obj_t inputs;
    mp_obj_t outputs;
    bool busy; // invoke is running, perhaps in another thread
    tflm_engine_t *engine; // lies behind this struct, in the same block
} tflm_interpreter_obj_t;

typedef struct _tflm_tensor_obj_t {
    mp_obj_base_t base;
    tflm_interpreter_obj_t *interpreter; // keeps model and arena alive
    void *data; // in the arena
    size_t count; // of elements
    float scale; // 0: not quantized. Per channel: that of channel 0
    int32_t zero_point;
    uint8_t index; // among the inputs or outputs
    bool output;
    char typecode; // as in `array`
    uint8_t size; // bytes of one element
} tflm_tensor_obj_t;

extern const mp_obj_type_t tflm_interpreter_type;
extern const mp_obj_type_t tflm_tensor_type;
extern const mp_obj_type_t mp_type_ModelError;
extern const mp_obj_type_t mp_type_UnsupportedOpError;
extern const mp_obj_type_t mp_type_ArenaError;

// Raise what an engine's status and message say. Does not return.
MP_NORETURN void tflm_raise(tflm_status_t status, const tflm_message_t *message);

// The bytes of a model that was given as such or as a path, checked: where they are if they
// are aligned as flatbuffers needs, else in a copy.
tflm_buffer_t tflm_load_model(mp_obj_t source);

// An arena as the user asked for it: None, a number of bytes, or a writable buffer.
tflm_buffer_t tflm_new_arena(tflm_interpreter_obj_t *self, mp_obj_t arena);

// Ask the engine how much it needs, with as little working memory as it takes, and return
// an arena of just that size.
tflm_buffer_t tflm_planned_arena(tflm_interpreter_obj_t *self);

// Raise RuntimeError if a buffer that the user gave has been resized since:
// what the interpreter points to is then gone.
void tflm_check_buffers(const tflm_interpreter_obj_t *self);

mp_obj_t tflm_tensor_new(tflm_interpreter_obj_t *interpreter, bool output, size_t index);

// Fill a tensor from floats: any iterable of tensor->count numbers.
void tflm_tensor_fill(const tflm_tensor_obj_t *self, mp_obj_t values);

// One element as a real number: scale * (q - zero_point).
float tflm_tensor_real(const tflm_tensor_obj_t *self, size_t index);

// Index of the largest element; the first of equals.
size_t tflm_tensor_largest(const tflm_tensor_obj_t *self);

mp_obj_t tflm_tensor_dequantize(mp_obj_t self_in);

#endif // MODTFLM_H
