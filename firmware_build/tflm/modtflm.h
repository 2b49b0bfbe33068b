// What the files of the `tflm` module share: its types, their objects, its errors.

#ifndef MODTFLM_H
#define MODTFLM_H

#include "model_reader.h"
#include "tflm_engine.h"
#include "tflm_port.h"

// A model's bytes, which nothing can change, and the object that keeps them alive:
// MP_OBJ_NULL if they are a copy of ours.
typedef struct _tflm_model_t {
    mp_obj_t obj;
    const uint8_t *data;
    size_t size;
} tflm_model_t;

// Memory of a fixed size and place that interpreters may share, and Python may write.
typedef struct _tflm_arena_obj_t {
    mp_obj_base_t base;
    uint8_t *data; // the start of a block, so that a memoryview alone keeps it alive
    size_t size;
    bool busy; // an interpreter runs in it
    size_t waiting; // how many others want to
    uintptr_t last; // which one ran last: no pointer, which would keep it alive
} tflm_arena_obj_t;

typedef struct _tflm_interpreter_obj_t {
    mp_obj_base_t base;
    tflm_model_t model;
    tflm_memory_t memory; // each is a GC block, or the arena that was given
    size_t arena_used; // bytes of the arena that the model needs
    tflm_arena_obj_t *given; // the arena, NULL if it is its own and out of Python's reach
    mp_obj_t inputs;
    mp_obj_t outputs;
    bool busy; // somebody is in it, perhaps another thread
    tflm_engine_t *engine; // lies behind this struct, in the same block
} tflm_interpreter_obj_t;

typedef struct _tflm_tensor_obj_t {
    mp_obj_base_t base;
    tflm_interpreter_obj_t *interpreter; // keeps model and memory alive
    uint8_t *block; // where its bytes are once Python may look at them; NULL: not yet
    size_t count; // of elements
    size_t index; // among the model's tensors
    bool constant; // its bytes are in the model
    bool per_channel; // the model has a scale and zero point for each channel
    char typecode; // as in `array`
    uint8_t size; // bytes of one element
    uint32_t scale; // of all, the bits of a float32; 0: not quantized
    int32_t zero_point;
} tflm_tensor_obj_t;

TFLM_DECLARE_TYPE(tflm_arena_type);
TFLM_DECLARE_TYPE(tflm_interpreter_type);
TFLM_DECLARE_TYPE(tflm_tensor_type);
TFLM_DECLARE_TYPE(mp_type_ModelError);
TFLM_DECLARE_TYPE(mp_type_UnsupportedOpError);
TFLM_DECLARE_TYPE(mp_type_ArenaError);

// Raise what an engine's status and message say. Does not return.
MP_NORETURN void tflm_raise(tflm_status_t status, const tflm_message_t *message);

// Give back what Arenas of an earlier heap, before a soft reset, had outside of it.
void tflm_arena_init(void);

// The bytes of a model that was given as such or as a path, checked: where they are if
// nothing can change them and they are aligned, else in a copy.
tflm_model_t tflm_load_model(mp_obj_t source);

// Make the engine's interpreter, in memory that it takes: the arena as the user asked for
// it, None, a number of bytes, or an Arena.
void tflm_make_engine(tflm_interpreter_obj_t *self, mp_obj_t arena);

// A GC block, or MemoryError (or another `type`) that says for what, and how large a piece
// there is.
uint8_t *tflm_new_block(const mp_obj_type_t *type, const char *what, size_t size);

// Test and set one of the flags `busy`: was it free? The GIL makes that one step; where
// threads run without one, the compiler must.
bool tflm_take(bool *busy);
void tflm_give_back(bool *busy);

// What TFLM takes of the stack, with room for another compiler's frames. Measured with the
// models of the tests: 1,260 and 1,256 bytes on rv32, 1,116 and 1,308 on an emulated
// ESP32-C3, 2,584 and 2,232 on x86-64.
#if (defined(TFLM_OPS_ALL) || defined(TFLM_OPS_FILE)) && !TFLM_NATIVE
#define TFLM_STACK_MAKE (704 * sizeof(void *)) // to check variables
#else
#define TFLM_STACK_MAKE (512 * sizeof(void *))
#endif
#define TFLM_STACK_RUN (448 * sizeof(void *))

// A name of the model as a str; what is no UTF-8 in it becomes question marks.
mp_obj_t tflm_name(const char *text, size_t len);

// Call, and then end, be it that the call raises.
mp_obj_t tflm_finally(tflm_call_t call, mp_obj_t self, void *argument, void (*end)(void *), void *ended);

// Call while the interpreter, its tensors and where they lie belong to that call alone.
// RuntimeError if another one has them.
mp_obj_t tflm_locked(tflm_interpreter_obj_t *interpreter, tflm_call_t call, mp_obj_t self, void *argument);

// Make the tuple of all inputs or outputs in `list`, which the interpreter has.
void tflm_tensors_make(tflm_interpreter_obj_t *interpreter, bool output, mp_obj_t *list);

// What the model says of a tensor, and where its bytes are: they stay there within
// tflm_locked() only.
model_tensor_t tflm_tensor_describe(const tflm_tensor_obj_t *self);
void *tflm_tensor_data(const tflm_tensor_obj_t *self);

// The numbers that a tensor is filled from. `floats` is NULL if they must be asked for one
// by one, which may run Python code; `nested` is a list of lists.
typedef struct _tflm_numbers_t {
    mp_obj_t obj;
    const uint8_t *floats;
    bool nested;
} tflm_numbers_t;

// Look at `values`; ValueError if they say by themselves that they are not self->count.
tflm_numbers_t tflm_tensor_numbers(const tflm_tensor_obj_t *self, mp_obj_t values);

// These within tflm_locked(). Fill the tensor; its values as floats; the index of the largest,
// the first of equals; one value.
void tflm_tensor_fill(const tflm_tensor_obj_t *self, const tflm_numbers_t *numbers);
mp_obj_t tflm_tensor_floats(const tflm_tensor_obj_t *self);
size_t tflm_tensor_largest(const tflm_tensor_obj_t *self);
mp_obj_t tflm_tensor_float(const tflm_tensor_obj_t *self, size_t i);

// The method that is in tflm_image.c.
extern const mp_obj_fun_builtin_var_t tflm_tensor_load_image_obj;

// Make of each item of `list` an (index, value) of the largest elements, largest first; of
// equals the first first. The list is no longer than the tensor.
void tflm_tensor_sort(const tflm_tensor_obj_t *self, mp_obj_list_t *list);

#endif // MODTFLM_H
