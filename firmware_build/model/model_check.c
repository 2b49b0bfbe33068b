// The graph: which ops there are, in an order that TFLM can run, between which tensors.

#include <string.h>

#include "model_reader.h"
#include "model_rule.h"

static bool is_tensor(const check_t *c, int32_t index) {
    return index >= 0 && (uint32_t)index < c->tensors.len;
}

static bool is_held(const check_t *c, int32_t index) {
    return model_check_marked(c->held, (uint32_t)index);
}

static bool is_defined(const check_t *c, int32_t index) {
    return model_check_marked(c->defined, (uint32_t)index) && !is_held(c, index);
}

static bool is_free(const check_t *c, int32_t index) {
    return is_tensor(c, index) && !model_check_marked(c->defined, (uint32_t)index) && !is_held(c, index);
}

static void define(check_t *c, int32_t index) {
    model_check_mark(c->defined, (uint32_t)index);
}

// Python has to be able to fill it, or to read it, and to know the scale of each element.
static bool check_io(check_t *c, int32_t index, const char *what, uint32_t i) {
    check_tensor_t t;
    model_check_read_tensor(c, index, &t);
    if (model_type_code(t.type) == 0) {
        return model_check_fail(c, "%s %u is of %s, which Python has no array of", what, (unsigned)i,
            model_type_name(t.type));
    }
    if (!model_check_aligned(c, &t)) {
        return false;
    }
    uint32_t dimension = (uint32_t)t.quantized_dimension; // huge if negative
    return t.scales.len <= 1
           || (dimension < t.rank && (uint32_t)model_check_dim(c, &t, dimension) == t.scales.len)
           || model_check_fail(c, "%s %u has %u scales along dimension %d", what, (unsigned)i,
        (unsigned)t.scales.len, (int)t.quantized_dimension);
}

static bool check_graph_inputs(check_t *c, flatbuf_vector_t inputs) {
    if (inputs.len == 0) {
        return model_check_fail(c, "model has no input");
    }
    for (uint32_t i = 0; i < inputs.len; ++i) {
        int32_t index = model_flatbuf_vector_i32(&c->buf, inputs, i);
        // Already defined: a constant, or the same tensor twice.
        if (!is_free(c, index)) {
            return model_check_fail(c, "input %u is no free tensor", (unsigned)i);
        }
        if (!check_io(c, index, "input", i)) {
            return false;
        }
        define(c, index);
    }
    return true;
}

static bool check_graph_outputs(check_t *c, flatbuf_vector_t outputs) {
    if (outputs.len == 0) {
        return model_check_fail(c, "model has no output");
    }
    for (uint32_t i = 0; i < outputs.len; ++i) {
        int32_t index = model_flatbuf_vector_i32(&c->buf, outputs, i);
        if (!is_tensor(c, index) || !is_defined(c, index)) {
            return model_check_fail(c, "output %u is never written", (unsigned)i);
        }
        if (!check_io(c, index, "output", i)) {
            return false;
        }
    }
    return true;
}

// Set the subject to op `index` and find what this firmware has for it.
static model_status_t find_rule(check_t *c, flatbuf_vector_t operators, uint32_t index,
    const model_check_op_t *ops, size_t op_count, const model_check_op_t **found) {
    c->subject = "op";
    c->subject_index = index;
    c->subject_name = NULL;
    model_op_t op;
    if (!model_flatbuf_op(&c->buf, model_flatbuf_vector_table(&c->buf, operators, index), &op)) {
        model_check_fail(c, "operator code does not exist");
        return MODEL_INVALID;
    }
    *found = model_check_find_op(ops, op_count, &op);
    c->subject_name = op.name; // NUL terminated: constant, or a checked string
    if (*found == NULL) {
        model_check_fail(c, "version %d is not in the firmware", (int)op.version);
        return MODEL_UNSUPPORTED_OP;
    }
    if (op.version < 1 || op.version > (*found)->version) {
        model_check_fail(c, "version %d, the firmware has %u", (int)op.version,
            (unsigned)(*found)->version);
        return MODEL_UNSUPPORTED_OP;
    }
    return MODEL_OK;
}

// Each a tensor that nothing has written yet; from here on they hold values. Or a handle on a
// variable, which is none. Or a variable, whose value others may read from here on.
static bool check_op_outputs(check_t *c, const model_rule_t *rule) {
    uint32_t least = (rule->flags & RULE_NO_OUTPUT) == 0;
    if (c->outputs.len < least || (c->outputs.len > least && (rule->flags & RULE_OUTPUTS) == 0)) {
        return model_check_fail(c, "%u outputs", (unsigned)c->outputs.len);
    }
    for (uint32_t i = 0; i < c->outputs.len; ++i) {
        int32_t index = model_flatbuf_vector_i32(&c->buf, c->outputs, i);
        bool kept = (rule->flags & (RULE_HANDLE | RULE_KEEPS_OUTPUT)) != 0 && is_tensor(c, index)
            && is_held(c, index) && !model_check_marked(c->defined, (uint32_t)index);
        if (!kept && (rule->flags & RULE_KEEPS_OUTPUT) != 0) {
            return model_check_fail(c, "output is no variable, or the state of another op");
        }
        if (!kept && !is_free(c, index)) {
            return model_check_fail(c, "output is no free tensor");
        }
        define(c, index);
        if ((rule->flags & RULE_KEEPS_OUTPUT) != 0) {
            model_check_unmark(c->held, (uint32_t)index);
        }
    }
    model_check_read_tensor(c, least ? model_flatbuf_vector_i32(&c->buf, c->outputs, 0) : -1, &c->out);
    return true;
}

static bool check_op_tensors(check_t *c, const model_rule_t *rule) {
    bool optional = (rule->flags & RULE_BIAS) != 0;
    bool state = (rule->flags & RULE_STATE) != 0;
    if (c->inputs.len < rule->min_inputs || c->inputs.len > rule->max_inputs) {
        return model_check_fail(c, "%u inputs", (unsigned)c->inputs.len);
    }
    for (uint32_t i = 0; i < c->inputs.len; ++i) {
        int32_t index = model_flatbuf_vector_i32(&c->buf, c->inputs, i);
        if (index == -1 && (state || (optional && i + 1 == rule->max_inputs))) {
            continue;
        }
        if (!is_tensor(c, index)) {
            return model_check_fail(c, "input %u does not exist", (unsigned)i);
        }
        if (!is_defined(c, index) && !(state && is_held(c, index))) {
            return model_check_fail(c, "input %u is not written before", (unsigned)i);
        }
        // Our kernels take a bias as it is.
        bool bias = (rule->flags & RULE_INT16) != 0 && i == 2;
        uint32_t table = model_flatbuf_vector_table(&c->buf, c->tensors, (uint32_t)index);
        if (!bias && model_flatbuf_u8(&c->buf, table, TENSOR_TYPE) == TENSOR_INT64) {
            model_check_read_tensor(c, index, &c->out);
            if (!model_check_aligned(c, &c->out)) {
                return false;
            }
        }
    }
    for (uint32_t i = 0; i < CHECK_MAX_INPUTS; ++i) {
        model_check_read_tensor(c, i < c->inputs.len ? model_flatbuf_vector_i32(&c->buf, c->inputs, i) : -1, &c->in[i]);
    }
    return check_op_outputs(c, rule);
}

static bool check_op_options(check_t *c, const model_rule_t *rule, uint32_t operator) {
    c->options = 0;
    if (model_flatbuf_u8(&c->buf, operator, OPERATOR_BUILTIN_OPTIONS_TYPE) == rule->options) {
        c->options = model_flatbuf_table(&c->buf, operator, OPERATOR_BUILTIN_OPTIONS);
    }
    if (rule->options == 0) {
        return true;
    }
    if (c->options == 0) {
        return (rule->flags & RULE_OPTIONS_OPTIONAL) != 0 || model_check_fail(c, "options are missing");
    }
    return model_check_table(c, c->options, rule->layout);
}

static const check_tensor_t *data_of(const check_t *c, const model_rule_t *rule) {
    return &c->in[rule->flags & RULE_DATA_LAST ? 2 : rule->flags & RULE_DATA_SECOND ? 1 : 0];
}

static bool check_op_types(check_t *c, const model_rule_t *rule) {
    const check_tensor_t *data = data_of(c, rule);
    bool int16 = (rule->flags & RULE_INT16) != 0 && model_check_is_int16(data);
    if (!int16 && (rule->types >> data->type & 1) == 0) {
        return model_check_fail(c, "input type %s is not supported%s", model_type_name(data->type),
            data->type == TENSOR_FLOAT16 ? ": try `tinycnn slim`" : "");
    }
    if ((rule->flags & RULE_SAME_TYPE) != 0 && !model_check_type(c, &c->out, data->type, "output")) {
        return false;
    }
    if ((rule->flags & RULE_SAME_SHAPE) != 0 && !model_check_same_shape(c, data, &c->out)) {
        return false;
    }
    if ((rule->flags & RULE_QUANTIZED) != 0 && data->type != TENSOR_FLOAT32) {
        if (!model_check_quantized(c, data, "input") || !model_check_quantized(c, &c->out, "output")) {
            return false;
        }
    }
    return !int16 || (model_check_symmetric(c, data, "input") && model_check_symmetric(c, &c->out, "output"));
}

// Has this firmware kernels for the data?
static model_status_t check_op_support(check_t *c, const model_check_op_t *op) {
    const check_tensor_t *data = data_of(c, op->rule);
    bool lacking = op->types != 0 && (op->rule->types & ~op->types & TYPE_BIT(data->type)) != 0;
    #if !MODEL_INT16
    lacking = lacking || ((op->rule->flags & RULE_INT16) != 0 && data->type == TENSOR_INT16);
    #endif
    if (lacking) {
        model_check_fail(c, "type %s is not in the firmware", model_type_name(data->type));
    }
    return lacking ? MODEL_UNSUPPORTED_OP : MODEL_OK;
}

static model_status_t check_op(check_t *c, const model_check_op_t *op, uint32_t operator) {
    const model_rule_t *rule = op->rule;
    c->own = op->own;
    c->custom_options = model_flatbuf_vector(&c->buf, operator, OPERATOR_CUSTOM_OPTIONS, 1);
    c->inputs = model_flatbuf_vector(&c->buf, operator, OPERATOR_INPUTS, 4);
    c->outputs = model_flatbuf_vector(&c->buf, operator, OPERATOR_OUTPUTS, 4);
    if (model_flatbuf_vector(&c->buf, operator, OPERATOR_INTERMEDIATES, 4).len != 0
        && (rule->flags & RULE_INTERMEDIATES) == 0) {
        model_check_fail(c, "intermediate tensors are not supported");
        return MODEL_INVALID;
    }
    if (!check_op_tensors(c, rule) || !check_op_options(c, rule, operator)) {
        return MODEL_INVALID;
    }
    model_status_t status = check_op_support(c, op);
    if (status != MODEL_OK) {
        return status;
    }
    return check_op_types(c, rule) && (rule->check == NULL || rule->check(c)) ? MODEL_OK : MODEL_INVALID;
}

static model_status_t check_operators(check_t *c, flatbuf_vector_t operators,
    const model_check_op_t *ops, size_t op_count) {
    for (uint32_t i = 0; i < operators.len; ++i) {
        const model_check_op_t *op = NULL;
        (void)find_rule(c, operators, i, ops, op_count, &op); // check_support() found each
        model_status_t status = check_op(c, op, model_flatbuf_vector_table(&c->buf, operators, i));
        if (status != MODEL_OK) {
            return status;
        }
    }
    c->subject = NULL;
    return MODEL_OK;
}

static model_status_t check_support(check_t *c, flatbuf_vector_t operators,
    const model_check_op_t *ops, size_t op_count) {
    uint32_t writers = 0;
    for (uint32_t i = 0; i < operators.len; ++i) {
        const model_check_op_t *op;
        model_status_t status = find_rule(c, operators, i, ops, op_count, &op);
        if (status != MODEL_OK) {
            return status;
        }
        writers += (op->rule->flags & RULE_NO_OUTPUT) == 0;
    }
    c->subject = NULL;
    // Each writes a tensor of its own.
    if (writers > c->tensors.len) {
        model_check_fail(c, "%u ops for %u tensors", (unsigned)operators.len, (unsigned)c->tensors.len);
        return MODEL_INVALID;
    }
    return MODEL_OK;
}

// The main subgraph, or the one that sets variables up: that takes nothing and gives nothing.
static model_status_t check_graph(check_t *c, uint32_t subgraph, bool is_main,
    const model_check_op_t *ops, size_t op_count) {
    flatbuf_vector_t operators = model_flatbuf_vector(&c->buf, subgraph, SUBGRAPH_OPERATORS, 4);
    flatbuf_vector_t inputs = model_flatbuf_vector(&c->buf, subgraph, SUBGRAPH_INPUTS, 4);
    flatbuf_vector_t outputs = model_flatbuf_vector(&c->buf, subgraph, SUBGRAPH_OUTPUTS, 4);
    c->tensors = model_flatbuf_vector(&c->buf, subgraph, SUBGRAPH_TENSORS, 4);
    if (operators.len == 0 || c->tensors.len == 0) {
        model_check_fail(c, "%u ops for %u tensors", (unsigned)operators.len, (unsigned)c->tensors.len);
        return MODEL_INVALID;
    }
    model_status_t status = check_support(c, operators, ops, op_count);
    if (status != MODEL_OK) {
        return status;
    }
    if (!is_main && inputs.len + outputs.len != 0) {
        model_check_fail(c, "subgraph 1 has inputs or outputs");
        return MODEL_INVALID;
    }
    if (!model_check_intermediates(c, operators) || !model_check_tensors(c)
        || (is_main && !check_graph_inputs(c, inputs))) {
        return MODEL_INVALID;
    }
    status = check_operators(c, operators, ops, op_count);
    if (status != MODEL_OK) {
        return status;
    }
    return !is_main || check_graph_outputs(c, outputs) ? MODEL_OK : MODEL_INVALID;
}

// The second subgraph has tensors of its own.
static model_status_t check_setup(check_t *c, uint32_t subgraph, const model_check_op_t *ops, size_t op_count) {
    if (!c->called) {
        model_check_fail(c, "2 subgraphs, not 1: no loops or conditions");
        return MODEL_INVALID;
    }
    memset(c->defined, 0, sizeof(c->defined));
    memset(c->held, 0, sizeof(c->held));
    if (c->variables != NULL) {
        c->variables->handle_count = 0;
    }
    c->where = "setup ";
    return check_graph(c, subgraph, false, ops, op_count);
}

static model_status_t check_graphs(check_t *c, flatbuf_vector_t subgraphs,
    const model_check_op_t *ops, size_t op_count) {
    model_status_t status = check_graph(c, model_flatbuf_vector_table(&c->buf, subgraphs, 0), true, ops, op_count);
    if (status == MODEL_OK && subgraphs.len == 2) {
        status = check_setup(c, model_flatbuf_vector_table(&c->buf, subgraphs, 1), ops, op_count);
    }
    return status;
}

// Apart, since most models and firmware need no such stack.
__attribute__((noinline))
static model_status_t check_with_variables(check_t *c, flatbuf_vector_t subgraphs,
    const model_check_op_t *ops, size_t op_count) {
    check_variables_t variables;
    variables.count = variables.handle_count = 0;
    c->variables = &variables;
    model_status_t status = check_graphs(c, subgraphs, ops, op_count);
    if (status == MODEL_OK && !model_check_variables_assigned(c)) {
        status = MODEL_INVALID;
    }
    c->variables = NULL;
    return status;
}

static model_status_t check_model(check_t *c, const model_check_op_t *ops, size_t op_count) {
    uint32_t root = model_flatbuf_root(&c->buf);
    int32_t version = model_flatbuf_i32(&c->buf, root, MODEL_VERSION, 0);
    if (version != 3) {
        model_check_fail(c, "schema version %d, not 3", (int)version);
        return MODEL_INVALID;
    }
    flatbuf_vector_t subgraphs = model_flatbuf_vector(&c->buf, root, MODEL_SUBGRAPHS, 4);
    c->subgraph_count = subgraphs.len;
    if (subgraphs.len < 1 || subgraphs.len > 2) {
        model_check_fail(c, "%u subgraphs, not 1: no loops or conditions", (unsigned)subgraphs.len);
        return MODEL_INVALID;
    }
    c->codes = model_flatbuf_vector(&c->buf, root, MODEL_OPERATOR_CODES, 4);
    c->buffers = model_flatbuf_vector(&c->buf, root, MODEL_BUFFERS, 4);
    if (!model_check_operator_codes(c)
        || !model_check_metadata(c, model_flatbuf_vector(&c->buf, root, MODEL_METADATA, 4))) {
        return MODEL_INVALID;
    }
    return model_check_has_variables(c, ops, op_count) ? check_with_variables(c, subgraphs, ops, op_count)
        : check_graphs(c, subgraphs, ops, op_count);
}

model_status_t model_check(const uint8_t *model, size_t size,
    const model_check_op_t *ops, size_t op_count,
    char *message, size_t message_size) {
    check_t c;
    memset(&c, 0, sizeof(c));
    c.buf = model_flatbuf_init(model, size);
    c.message = message;
    c.message_size = message_size;
    c.where = "";
    if (message_size > 0) {
        *message = 0;
    }
    c.budget = c.buf.size;
    if (!model_check_structure(&c)) {
        return MODEL_INVALID;
    }
    return check_model(&c, ops, op_count);
}
