// Each op of this build with the rule that makes it safe. One without does not link.

#include "tflm_ops.h"

#define TFLM_OP(name, code, method, version, profile, kernel) extern const model_rule_t model_rule_##name;
#include TFLM_OPS
#undef TFLM_OP

const model_check_op_t tflm_ops[] = {
#define TFLM_OP(name, code, method, version, profile, kernel) { code, version, &model_rule_##name },
#include TFLM_OPS
#undef TFLM_OP
};

const size_t tflm_op_count = sizeof(tflm_ops) / sizeof(tflm_ops[0]);
