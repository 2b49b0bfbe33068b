// Each op of this build with the rule that makes it safe. One without does not link.

#include "tflm_ops.h"

#define TFLM_OP(name, code, method, version, profile, kernel, espressif, native) extern const model_rule_t model_rule_##name;
#include TFLM_OPS
#undef TFLM_OP

// Types of data, by their bits. TFLM's kernels take all; of ours those that compute leave float32 to
// TFLM's.
#define QUANTIZE (114)
#define CUSTOM (32)
#define ANY (0)
#define INT8 (1 << 9)
#define NO_FLOAT (0xffff & ~(1 << 0))
#if TFLM_NATIVE
#define TYPES_any ANY
#define TYPES_int8 INT8
#define TYPES(code, kernel, native) TYPES_##native
#else
#define TYPES_tflm(code) ANY
#define TYPES_ours(code) ANY
#define TYPES_custom(code) ANY
#define TYPES_own(code) (TFLM_INT8_ALONE && code != QUANTIZE ? NO_FLOAT : ANY)
#define TYPES_vector(code) (TFLM_INT8_ALONE ? NO_FLOAT : ANY)
#define TYPES(code, kernel, native) TYPES_##kernel(code)
#endif

#define OWN_tflm false
#define OWN_ours true
#define OWN_custom true
#if TFLM_OTHER_KERNELS
#define OWN_own false
#define OWN_vector false
#else
#define OWN_own true
#define OWN_vector true
#endif

const model_check_op_t tflm_ops[] = {
#define TFLM_OP(name, code, method, version, profile, kernel, espressif, native) \
    { code, version, OWN_##kernel, TYPES(code, kernel, native), &model_rule_##name },
#include TFLM_OPS
#undef TFLM_OP
};

const size_t tflm_op_count = sizeof(tflm_ops) / sizeof(tflm_ops[0]);

#undef TFLM_OPS_DIGITS
#undef TFLM_OPS_CNN
#undef TFLM_OPS_ALL
#define TFLM_OPS_ALL

// Custom ops by name, apart, since hardly any op is one.
#define CUSTOM_tflm(name, version)
#define CUSTOM_ours(name, version)
#define CUSTOM_own(name, version)
#define CUSTOM_vector(name, version)
#define CUSTOM_custom(name, version) { #name, version },

static const struct {
    const char *name;
    uint8_t version;
} offered_custom[] = {
#define TFLM_OP(name, code, method, version, profile, kernel, espressif, native) CUSTOM_##kernel(name, version)
#include "ops.def"
#undef TFLM_OP
};

static const uint8_t offered[][2] = {
#define TFLM_OP(name, code, method, version, profile, kernel, espressif, native) { code, version },
#include "ops.def"
#undef TFLM_OP
};

static bool custom_offered(const model_op_t *op) {
    for (size_t i = 0; i < sizeof(offered_custom) / sizeof(offered_custom[0]); ++i) {
        if (model_op_is(op, offered_custom[i].name)) {
            return op->version <= offered_custom[i].version;
        }
    }
    return false;
}

bool tflm_op_offered(const model_op_t *op) {
    if (op->code == CUSTOM) {
        return custom_offered(op);
    }
    for (size_t i = 0; i < sizeof(offered) / sizeof(offered[0]); ++i) {
        if (offered[i][0] == op->code) {
            return op->version <= offered[i][1];
        }
    }
    return false;
}
