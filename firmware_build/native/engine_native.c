// The engine of native modules: our kernels, and nothing of TFLM.
//
// It has few ops (the column `native` of ops.def), all of int8, and gives what TFLM gives, bit for
// bit. A model has passed model_check() with that table of ops, so nothing is looked at twice.

#include <string.h>

#include "model_schema.h"
#include "native.h"
#include "tflm_ops.h"

// Which kind an op is -------------------------------------------------------------------

#define NONE (0xffff)

static const native_known_t native_kinds[] = {
#define TFLM_OP(name, code, method, version, profile, kernel, espressif, native) { code, &native_##name },
#include TFLM_OPS
#undef TFLM_OP
};

static uint16_t kind_of(int32_t code) {
    for (uint16_t i = 0; i < sizeof(native_kinds) / sizeof(native_kinds[0]); i++) {
        if (native_kinds[i].code == code) {
            return i;
        }
    }
    return NONE; // which the check lets no op be
}

// The graph -----------------------------------------------------------------------------

typedef struct _graph_t {
    flatbuf_t buf;
    flatbuf_vector_t ops;
    size_t tensors;
} graph_t;

static graph_t graph_of(const uint8_t *model, size_t size) {
    graph_t graph = { .buf = model_flatbuf_init(model, size) };
    const flatbuf_t *buf = &graph.buf;
    uint32_t main = model_flatbuf_vector_table(buf,
        model_flatbuf_vector(buf, model_flatbuf_root(buf), MODEL_SUBGRAPHS, 4), 0);
    graph.ops = model_flatbuf_vector(buf, main, SUBGRAPH_OPERATORS, 4);
    graph.tensors = model_flatbuf_vector(buf, main, SUBGRAPH_TENSORS, 4).len;
    return graph;
}

static model_tensor_t tensor_of(const graph_t *graph, int32_t index) {
    model_tensor_t tensor;
    if (!model_tensor(graph->buf.data, graph->buf.size, (size_t)index, &tensor)) {
        memset(&tensor, 0, sizeof(tensor)); // an input that is left out
    }
    return tensor;
}

// What the record of op `i` begins with.
static native_op_t op_of(const graph_t *graph, size_t i, native_maker_t *maker) {
    const flatbuf_t *buf = &graph->buf;
    uint32_t table = model_flatbuf_vector_table(buf, graph->ops, i);
    model_op_t known;
    (void)model_op(buf->data, buf->size, i, &known);
    maker->buf = *buf;
    maker->options = model_flatbuf_table(buf, table, OPERATOR_BUILTIN_OPTIONS);
    maker->inputs = model_flatbuf_vector(buf, table, OPERATOR_INPUTS, 4);
    native_op_t op = { 0 };
    op.kind = kind_of(known.code);
    for (size_t n = 0; n < maker->inputs.len; n++) {
        int32_t index = model_flatbuf_vector_i32(buf, maker->inputs, n);
        if (index < 0) {
            break;
        }
        op.input_count++;
        if (n < NATIVE_INPUTS) {
            op.inputs[n] = (uint16_t)index;
        }
    }
    int32_t output = model_flatbuf_vector_i32(buf, model_flatbuf_vector(buf, table, OPERATOR_OUTPUTS, 4), 0);
    op.output = (uint16_t)output;
    for (size_t n = 0; n < NATIVE_INPUTS; n++) {
        maker->in[n] = tensor_of(graph, n < op.input_count ? op.inputs[n] : -1);
    }
    maker->out = tensor_of(graph, output);
    const native_kind_t *kind = native_kinds[op.kind].kind;
    size_t channels = maker->out.rank > 0 ? (size_t)model_tensor_dim(&maker->out, maker->out.rank - 1) : 0;
    size_t size = kind->size + kind->input_size * (size_t)op.input_count + kind->channel_size * channels
        + kind->scale_size * maker->in[1].scale_count;
    op.size = (uint32_t)((size + 3) / 4 * 4);
    return op;
}

static size_t places_size(const graph_t *graph) {
    return graph->tensors * sizeof(uint32_t);
}

// A need for each op's scratch, and for each tensor at most.
static size_t needs_size(const graph_t *graph) {
    return (graph->tensors + graph->ops.len) * sizeof(native_need_t);
}

size_t tflm_engine_state_size(const uint8_t *model, size_t model_size) {
    size_t moved = model_io_count(model, model_size, false) + model_io_count(model, model_size, true);
    return sizeof(tflm_engine_t) + moved * sizeof(void *);
}

void tflm_engine_guess(const uint8_t *model, size_t model_size, tflm_memory_t *memory) {
    graph_t graph = graph_of(model, model_size);
    size_t kept = places_size(&graph);
    for (size_t i = 0; i < graph.ops.len; i++) {
        native_maker_t maker;
        kept += op_of(&graph, i, &maker).size;
    }
    memory->kept.size = kept;
    memory->work.size = needs_size(&graph);
    memory->arena.size = 0;
}

// Making one ----------------------------------------------------------------------------

static void say(tflm_message_t *message, size_t op, const char *name, const char *reason) {
    char number[11], *digit = number + sizeof(number) - 1;
    *digit = '\0';
    do {
        *--digit = (char)('0' + op % 10);
        op /= 10;
    } while (op > 0);
    const char *const parts[] = { "op ", digit, " ", name, ": ", reason };
    char *to = message->text, *end = to + sizeof(message->text) - 1;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        for (const char *from = parts[i]; *from != '\0' && to < end;) {
            *to++ = *from++;
        }
    }
    *to = '\0';
}

static const char full[] = "";

// Constants are where the model has them. All others are nowhere yet.
static void place_constants(const graph_t *graph, uint32_t *places) {
    for (size_t i = 0; i < graph->tensors; i++) {
        model_tensor_t tensor = tensor_of(graph, (int32_t)i);
        places[i] = tensor.constant == NULL ? NATIVE_NOWHERE
            : NATIVE_CONSTANT | (uint32_t)(tensor.constant - graph->buf.data);
    }
}

// First those of the tensors, by their numbers, then those of scratch. Of size 0 are none.
typedef struct _needs_t {
    native_need_t *all;
    size_t count;
} needs_t;

static void need(native_need_t *need, uint32_t bytes, size_t op, const uint32_t *block, const uint32_t *word) {
    *need = (native_need_t) {
        .size = bytes, .first = (uint16_t)op, .last = (uint16_t)op, .word = (uint32_t)(word - block),
    };
}

static void need_tensor(const needs_t *needs, const model_tensor_t *tensor, size_t op, uint32_t *places) {
    need(&needs->all[tensor->index], (uint32_t)tensor->bytes, op, places, &places[tensor->index]);
}

// Fill in the records, and find out when each tensor is needed. An op that can't be made is at *i.
// NULL if all went well; `full` if they need more than what ends at `end`.
static const char *make_ops(const graph_t *graph, tflm_engine_t *engine, const uint8_t *end, needs_t *needs,
    size_t *i) {
    uint8_t *record = engine->ops;
    for (*i = 0; *i < graph->ops.len; ++*i) {
        native_maker_t maker;
        native_op_t head = op_of(graph, *i, &maker);
        if (head.size > (size_t)(end - record)) {
            return full;
        }
        native_op_t *op = (native_op_t *)record;
        memset(op, 0, head.size);
        *op = head;
        const char *reason = native_kinds[head.kind].kind->make(&maker, record);
        if (reason != NULL) {
            return reason;
        }
        for (size_t n = 0; n < head.input_count; n++) {
            needs->all[model_flatbuf_vector_i32(&maker.buf, maker.inputs, n)].last = (uint16_t)*i;
        }
        need_tensor(needs, &maker.out, *i, engine->places);
        if (op->scratch > 0) {
            need(&needs->all[needs->count++], op->scratch, *i, engine->places, &op->scratch);
        }
        record += head.size;
    }
    engine->kept = (uint32_t)(record - (uint8_t *)engine->places);
    return NULL;
}

// All but the arena.
static tflm_status_t make(tflm_engine_t *state, const uint8_t *model, size_t model_size,
    tflm_memory_t *memory, tflm_message_t *message) {
    graph_t graph = graph_of(model, model_size);
    const char *reason = full;
    size_t at = 0;
    needs_t needs = { (native_need_t *)memory->work.data, graph.tensors };
    state->places = (uint32_t *)memory->kept.data;
    state->ops = memory->kept.data + places_size(&graph);
    state->op_count = graph.ops.len;
    state->moved_count = 0;
    if (memory->kept.size >= places_size(&graph) && memory->work.size >= needs_size(&graph)) {
        memset(needs.all, 0, graph.tensors * sizeof(native_need_t));
        place_constants(&graph, state->places);
        model_tensor_t tensor;
        for (size_t i = 0; model_io(model, model_size, false, i, &tensor); i++) {
            need_tensor(&needs, &tensor, 0, state->places);
        }
        reason = make_ops(&graph, state, memory->kept.data + memory->kept.size, &needs, &at);
    }
    if (reason == full) {
        tflm_memory_t least;
        tflm_engine_guess(model, model_size, &least);
        memory->kept.size = least.kept.size;
        memory->work.size = least.work.size;
        return TFLM_ERROR_MEMORY;
    }
    if (reason != NULL) {
        model_op_t op;
        (void)model_op(model, model_size, at, &op);
        say(message, at, op.name, reason);
        return TFLM_ERROR_MODEL;
    }
    model_tensor_t tensor;
    for (size_t i = 0; model_io(model, model_size, true, i, &tensor); i++) {
        needs.all[tensor.index].last = (uint16_t)graph.ops.len;
    }
    state->planned = native_plan(needs.all, needs.count);
    for (size_t i = 0; i < needs.count; i++) {
        if (needs.all[i].size > 0) {
            state->places[needs.all[i].word] = needs.all[i].offset;
        }
    }
    state->model = model;
    return TFLM_OK;
}

tflm_status_t tflm_engine_create(tflm_engine_t *state, const uint8_t *model, size_t model_size,
    tflm_memory_t *memory, tflm_message_t *message) {
    message->text[0] = '\0';
    // Once made in this block, it lacked but the arena.
    if (state->model != model || (uint8_t *)state->places != memory->kept.data) {
        tflm_status_t status = make(state, model, model_size, memory, message);
        if (status != TFLM_OK) {
            return status;
        }
    }
    bool small = memory->arena.size < state->planned;
    state->arena = memory->arena.data;
    memory->kept.size = state->kept;
    memory->arena.size = state->planned;
    return small ? TFLM_ERROR_MEMORY : TFLM_OK;
}

void tflm_engine_destroy(tflm_engine_t *state) {
    (void)state;
}

// Running -------------------------------------------------------------------------------

void *tflm_engine_data(const tflm_engine_t *state, size_t index) {
    return (state->places[index] & NATIVE_CONSTANT) != 0 ? NULL : native_data(state, index);
}

void tflm_engine_set_data(tflm_engine_t *state, size_t index, void *data) {
    uint32_t *place = &state->places[index];
    if (*place < NATIVE_NOWHERE) {
        *place = NATIVE_MOVED | state->moved_count++;
    }
    state->moved[*place & ~NATIVE_MOVED] = data;
}

static void run(tflm_engine_t *state, uint32_t (*now)(void), uint32_t *ticks, size_t count) {
    const uint8_t *record = state->ops;
    for (size_t i = 0; i < state->op_count; i++) {
        const native_op_t *op = (const native_op_t *)record;
        uint32_t start = i < count ? now() : 0;
        native_kinds[op->kind].kind->run(state, record);
        if (i < count) {
            ticks[i] = now() - start;
        }
        record += op->size;
    }
}

tflm_status_t tflm_engine_invoke(tflm_engine_t *state, tflm_message_t *message) {
    message->text[0] = '\0';
    run(state, NULL, NULL, 0);
    return TFLM_OK;
}

// None of these ops keeps anything.
tflm_status_t tflm_engine_reset(tflm_engine_t *state, tflm_message_t *message) {
    (void)state;
    message->text[0] = '\0';
    return TFLM_OK;
}

tflm_status_t tflm_engine_profile(tflm_engine_t *state, uint32_t (*now)(void),
    uint32_t *ticks, size_t count, tflm_message_t *message) {
    message->text[0] = '\0';
    run(state, now, ticks, count);
    return TFLM_OK;
}
