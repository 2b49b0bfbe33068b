// Is this safe to give to TFLM?
//
// TFLM trusts its model: it follows every offset, index and size in the file, and
// what a kernel does check it often checks by an assert that release builds drop.
// model_check() reads the bytes first. What it lets pass, TFLM can allocate and run
// on any input without reading or writing outside its memory, dividing by zero,
// failing an assert, overflowing a signed integer, or looping for ever. What is
// promised exactly, and what is not, stands in docs/model_check.md.
//
// It allocates nothing, keeps nothing, needs about 1.2 KB of stack (2 KB for resource variables), and its work grows
// with the size of the file (for any bytes: sharing parts is bounded). The model may
// be at any address. TFLM wants it aligned to 16, and offsets in the file are checked
// as if it were.

#ifndef MODEL_CHECK_H
#define MODEL_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Has this firmware kernels for activations of int16 with weights of int8 (16x8)? Where it has none,
// it needs no rules for them.
#ifndef MODEL_INT16
#define MODEL_INT16 (1)
#endif

// A tensor's bytes, the bytes of all computed tensors together, and their number:
// far above what a microcontroller holds, low enough that no sum overflows 32 bits.
#define MODEL_MAX_TENSOR_BYTES (1 << 24)
#define MODEL_MAX_ARENA_BYTES (1 << 26)
#define MODEL_MAX_TENSORS (2048)

// The longest message with its NUL.
#define MODEL_MESSAGE_SIZE (128)

typedef enum _model_status_t {
    MODEL_OK = 0,
    MODEL_INVALID, // not a TFLite model, or one that TFLM could not run safely
    MODEL_UNSUPPORTED_OP, // a TFLite model with an op, or a version or type of one, that is not in `ops`
} model_status_t;

typedef struct _model_rule_t model_rule_t;

// One op that a firmware has. Every op there is a rule for has a `model_rule_NAME`, with
// its name in the schema, or of a custom op its own, in model_check_ops.c; the linker leaves out
// those that no table of ops names.
typedef struct _model_check_op_t {
    uint32_t code : 8; // TFLite's BuiltinOperator; of custom ops, which the rule tells apart, 32
    uint32_t version : 7; // the newest
    uint32_t own : 1; // it is computed by a kernel of ours
    uint32_t types : 16; // a bit for each TensorType of data that it has a kernel for; 0: all of the rule's
    const model_rule_t *rule;
} model_check_op_t;

// Its name, NUL terminated and constant.
const char *model_check_op_name(const model_check_op_t *op);

// Check `size` bytes against a table of ops. The reason of a refusal
// is written to `message` (NUL terminated, cut to message_size, "" for MODEL_OK), like
// "tensor 3: buffer has 72 bytes, shape needs 80" or "op 2 CONV_2D: stride must be
// positive"; indices count from 0 as in the file.
//
// MODEL_UNSUPPORTED_OP is said only of a file whose structure is sound, and before
// the meaning of other ops is looked at; of a type, after that of the ops before.
model_status_t model_check(const uint8_t *model, size_t size,
    const model_check_op_t *ops, size_t op_count,
    char *message, size_t message_size);

#ifdef __cplusplus
}
#endif

#endif // MODEL_CHECK_H
