// The ops of this build: those of ops.def that its profile has, or of TFLM_OPS_FILE.

#ifndef TFLM_OPS_H
#define TFLM_OPS_H

#include <stdbool.h>
#include <stdint.h>

#include "model_check.h"
#include "model_reader.h"

#ifdef __cplusplus
extern "C" {
#endif

extern const model_check_op_t tflm_ops[];
extern const size_t tflm_op_count;

// Is there a firmware with this op, in this version?
bool tflm_op_offered(const model_op_t *op);

#ifdef __cplusplus
}
#endif

// Has this firmware no kernels for data of float32? The profile digits has none, but for QUANTIZE.
#ifndef TFLM_INT8_ALONE
#if defined(TFLM_OPS_DIGITS) && !defined(TFLM_OPS_FILE)
#define TFLM_INT8_ALONE (1)
#else
#define TFLM_INT8_ALONE (0)
#endif
#endif

// Is this the native module, which has no TFLM?
#ifndef TFLM_NATIVE
#define TFLM_NATIVE (0)
#endif

// What to include to have each op as a TFLM_OP().
#ifdef TFLM_OPS_FILE
#define TFLM_OPS TFLM_OPS_FILE
#else
#define TFLM_OPS "ops.def"
#endif

#endif // TFLM_OPS_H
