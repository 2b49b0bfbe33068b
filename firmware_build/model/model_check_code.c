// Operator codes: which ops a model has, by number or by name.

#include <string.h>

#include "model_rule.h"

const char *model_check_op_name(const model_check_op_t *op) {
    return op->code == BUILTIN_CUSTOM ? op->rule->layout : model_op_name(op->code);
}

const model_check_op_t *model_check_find_op(const model_check_op_t *ops, size_t op_count, const model_op_t *op) {
    for (size_t i = 0; i < op_count; ++i) {
        if (ops[i].code == op->code && (op->code != BUILTIN_CUSTOM || model_op_is(op, ops[i].rule->layout))) {
            return &ops[i];
        }
    }
    return NULL;
}

// TFLM reads the code from both fields in one place and from one in another.
bool model_check_operator_codes(check_t *c) {
    if (c->codes.len > MODEL_MAX_TENSORS) {
        return model_check_fail(c, "more than %u operator codes", (unsigned)MODEL_MAX_TENSORS);
    }
    for (uint32_t i = 0; i < c->codes.len; ++i) {
        uint32_t table = model_flatbuf_vector_table(&c->buf, c->codes, i);
        int32_t old_code = (int8_t)model_flatbuf_u8(&c->buf, table, OPERATOR_CODE_DEPRECATED_BUILTIN_CODE);
        int32_t code = model_flatbuf_i32(&c->buf, table, OPERATOR_CODE_BUILTIN_CODE, 0);
        int32_t expected = code < BUILTIN_PLACEHOLDER ? code : BUILTIN_PLACEHOLDER;
        if (code < 0 || old_code < 0 || (code != 0 && old_code != 0 && old_code != expected)) {
            return model_check_fail(c, "operator code %u contradicts itself", (unsigned)i);
        }
    }
    return true;
}

bool model_check_has_variables(const check_t *c, const model_check_op_t *ops, size_t op_count) {
    const model_op_t handle = { .code = BUILTIN_VAR_HANDLE };
    for (uint32_t i = 0; model_check_find_op(ops, op_count, &handle) != NULL && i < c->codes.len; ++i) {
        uint32_t table = model_flatbuf_vector_table(&c->buf, c->codes, i);
        if (model_flatbuf_i32(&c->buf, table, OPERATOR_CODE_BUILTIN_CODE, 0) == BUILTIN_VAR_HANDLE) {
            return true;
        }
    }
    return false;
}

