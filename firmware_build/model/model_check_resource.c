// Resource variables: handles on them, and the one subgraph that may set them up.
//
// TFLM finds a variable by two strings, takes its size from the first op that assigns it, and
// copies so many bytes to and from each tensor that it is read to or assigned from.

#include <string.h>

#include "model_rule.h"

enum { MAX_NAME = 255 }; // so that comparing names costs no time

// A string that TFLM compares as C does: up to the first NUL.
static bool same_string(const check_t *c, uint32_t a, uint32_t b) {
    return strcmp((const char *)c->buf.data + a, (const char *)c->buf.data + b) == 0;
}

static bool check_name(check_t *c, flatbuf_vector_t name) {
    return name.len <= MAX_NAME || model_check_fail(c, "name of more than %u bytes", (unsigned)MAX_NAME);
}

static bool find_variable(check_t *c, flatbuf_vector_t container, flatbuf_vector_t name, uint8_t *found) {
    check_variables_t *all = c->variables;
    for (uint8_t i = 0; i < all->count; ++i) {
        const check_variable_t *variable = &all->variables[i];
        // To an absent container TFLM finds any, and from one it reads a null pointer.
        if ((variable->container == 0) != (container.pos == 0)) {
            return model_check_fail(c, "some variables have a container, and some have none");
        }
        if ((container.pos == 0 || same_string(c, container.pos, variable->container))
            && same_string(c, name.pos, variable->name)) {
            *found = i;
            return true;
        }
    }
    if (all->count == CHECK_MAX_VARIABLES) {
        return model_check_fail(c, "more than %u variables", (unsigned)CHECK_MAX_VARIABLES);
    }
    *found = all->count++;
    all->variables[*found] = (check_variable_t) { container.pos, name.pos, 0, false };
    return true;
}

bool model_check_var_handle(check_t *c) {
    enum { CONTAINER = 0, SHARED_NAME = 1 };
    flatbuf_vector_t container = model_flatbuf_vector(&c->buf, c->options, CONTAINER, 1);
    flatbuf_vector_t name = model_flatbuf_vector(&c->buf, c->options, SHARED_NAME, 1);
    check_variables_t *all = c->variables;
    if (c->out.type != TENSOR_RESOURCE) {
        return model_check_fail(c, "output is no handle");
    }
    if (name.pos == 0) {
        return model_check_fail(c, "no name");
    }
    if (all->handle_count == CHECK_MAX_HANDLES) {
        return model_check_fail(c, "more than %u handles", (unsigned)CHECK_MAX_HANDLES);
    }
    uint8_t variable = 0;
    if (!check_name(c, container) || !check_name(c, name) || !find_variable(c, container, name, &variable)) {
        return false;
    }
    all->handles[all->handle_count] = (uint16_t)c->out.index;
    all->of_handles[all->handle_count++] = variable;
    return true;
}

// The variable that input 0 is a handle on, which `value` fits.
static check_variable_t *used_variable(check_t *c, const check_tensor_t *value) {
    check_variables_t *all = c->variables; // NULL if the model has no VAR_HANDLE
    for (uint8_t i = 0; all != NULL && i < all->handle_count; ++i) {
        // Only a VAR_HANDLE before this op has put it there.
        if (all->handles[i] != c->in[0].index) {
            continue;
        }
        check_variable_t *variable = &all->variables[all->of_handles[i]];
        if (variable->value == 0) {
            variable->value = model_flatbuf_vector_table(&c->buf, c->tensors, value->index);
            return variable;
        }
        check_tensor_t first;
        model_check_read_table(c, variable->value, &first);
        bool same = first.type == value->type && first.rank == value->rank;
        for (unsigned k = 0; k < value->rank && same; ++k) {
            same = model_check_dim(c, &first, k) == model_check_dim(c, value, k);
        }
        if (!same) {
            model_check_fail(c, "the variable has another type or shape elsewhere");
        }
        return same ? variable : NULL;
    }
    model_check_fail(c, "input 0 is no handle");
    return NULL;
}

bool model_check_read_variable(check_t *c) {
    return used_variable(c, &c->out) != NULL;
}

bool model_check_assign_variable(check_t *c) {
    const check_tensor_t *value = &c->in[1];
    if (!model_check_present(value) || model_check_marked(c->held, value->index)) {
        return model_check_fail(c, "input 1 is no value");
    }
    check_variable_t *variable = used_variable(c, value);
    if (variable == NULL) {
        return false;
    }
    variable->assigned = true;
    return true;
}

// TFLM would follow any number, and call for ever what calls itself.
bool model_check_call_once(check_t *c) {
    enum { SUBGRAPH = 0 };
    int32_t subgraph = model_flatbuf_i32(&c->buf, c->options, SUBGRAPH, 0);
    if (c->called || subgraph != 1 || c->subgraph_count != 2) {
        return model_check_fail(c, "calls subgraph %d, or is not the only one", (int)subgraph);
    }
    c->called = true;
    return true;
}

bool model_check_variables_assigned(check_t *c) {
    for (uint8_t i = 0; i < c->variables->count; ++i) {
        if (!c->variables->variables[i].assigned) {
            return model_check_fail(c, "variable %u is never assigned", (unsigned)i);
        }
    }
    return true;
}
