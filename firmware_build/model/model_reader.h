// What a TFLite model says about itself: its inputs, outputs and ops.
//
// Plain C over the bytes, for the bindings and the host's tools. Nothing is
// allocated or copied: what a descriptor points to lies in the model and lives
// as long as its bytes stay where they are.
//
// Call these on a model that model_check() passed; then they succeed for every
// index below the count. On other bytes they are safe too: they read nothing
// outside [model, model + size) and say 0, false or NULL for what is not there.
// The model may be at any address, aligned or not.

#ifndef MODEL_READER_H
#define MODEL_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct _model_tensor_t {
    size_t index; // among the model's tensors
    const char *name; // not NULL; ends after name_len bytes, NUL or not
    size_t name_len;
    int type; // TFLite's TensorType
    size_t bytes; // in memory; 0 if the type has no fixed size or it exceeds 2**31 - 1
    const uint8_t *constant; // its bytes, if they are in the model; NULL: a run makes them
    size_t rank; // 0: a scalar
    size_t scale_count; // 0: not quantized; 1: per tensor; more: per channel
    int quantized_dimension; // the dimension that scales count along
    // Private: use the functions below.
    const uint8_t *dims;
    const uint8_t *scales;
    const uint8_t *zero_points;
    size_t zero_point_count;
} model_tensor_t;

typedef struct _model_op_t {
    const char *name; // as in the schema, "CONV_2D"; a custom op's own; ends after name_len
    size_t name_len;
    int32_t code; // TFLite's BuiltinOperator
    int32_t version;
} model_op_t;

// How many inputs (or outputs) the model has, and a description of one of them.
size_t model_io_count(const uint8_t *model, size_t size, bool output);
bool model_io(const uint8_t *model, size_t size, bool output, size_t index, model_tensor_t *tensor);

// The same of any tensor of the main subgraph.
size_t model_tensor_count(const uint8_t *model, size_t size);
bool model_tensor(const uint8_t *model, size_t size, size_t index, model_tensor_t *tensor);

// Dimension, scale and zero point `index`; 0 when there are not so many. A
// tensor with several scales and a single zero point has that one for all. A scale is a
// float32, by its bits.
int32_t model_tensor_dim(const model_tensor_t *tensor, size_t index);
uint32_t model_tensor_scale(const model_tensor_t *tensor, size_t index);
int32_t model_tensor_zero_point(const model_tensor_t *tensor, size_t index);

// How many ops a run executes, and which is the one at `index`.
size_t model_op_count(const uint8_t *model, size_t size);
bool model_op(const uint8_t *model, size_t size, size_t index, model_op_t *op);

// Is that its name? A custom op may have any, with NULs in it.
bool model_op_is(const model_op_t *op, const char *name);

// The same of the subgraph that a CALL_ONCE calls, if there is one.
bool model_setup_op(const uint8_t *model, size_t size, size_t index, model_op_t *op);

// Whether the model has an entry `name` (not empty) among its metadata, and the bytes of the
// first such.
bool model_metadata(const uint8_t *model, size_t size, const char *name, size_t name_len,
    const uint8_t **data, size_t *data_len);

// A builtin op's name in the schema ("CONV_2D"), NUL terminated and constant;
// NULL for a number that the schema does not have.
const char *model_op_name(int32_t code);

// The `array` type code of a TensorType: 'f', 'b', 'B' (uint8 and bool), 'h',
// 'H', 'i', 'I', 'q', 'Q'; 0 for types that have none.
char model_type_code(int type);

// A TensorType's name in the schema ("INT8"), NUL terminated and constant; "?" for a number
// that the schema does not have.
const char *model_type_name(int type);

// Bytes of one element of a TensorType; 0 for types without a fixed whole number.
size_t model_type_size(int type);

#ifdef __cplusplus
}
#endif

#endif // MODEL_READER_H
