// Rules of the ops that keep something from one run to the next.

#include "model_rule.h"

// A state belongs to one op: else what one op relies on another could change.

bool model_check_intermediates(check_t *c, flatbuf_vector_t operators) {
    for (uint32_t i = 0; i < operators.len; ++i) {
        uint32_t operator = model_flatbuf_vector_table(&c->buf, operators, i);
        flatbuf_vector_t all = model_flatbuf_vector(&c->buf, operator, OPERATOR_INTERMEDIATES, 4);
        for (uint32_t k = 0; k < all.len; ++k) {
            uint32_t index = (uint32_t)model_flatbuf_vector_i32(&c->buf, all, k);
            if (index >= c->tensors.len || index >= MODEL_MAX_TENSORS) {
                return model_check_fail(c, "intermediate tensor %d does not exist", (int)index);
            }
            model_check_mark(c->held, index);
        }
    }
    return true;
}

static void read_input(const check_t *c, uint32_t i, check_tensor_t *t) {
    model_check_read_tensor(c, model_flatbuf_vector_i32(&c->buf, c->inputs, i), t);
}

// Input `i` is an ordinary one, and there.
static bool check_value(check_t *c, uint32_t i, check_tensor_t *t) {
    read_input(c, i, t);
    if (!model_check_present(t)) {
        return model_check_fail(c, "input %u is missing", (unsigned)i);
    }
    return !model_check_marked(c->held, t->index)
           || model_check_fail(c, "input %u is a variable", (unsigned)i);
}

// Input `i` is a variable that no op has yet.
static bool check_state(check_t *c, uint32_t i, check_tensor_t *t) {
    read_input(c, i, t);
    if (!model_check_present(t) || !model_check_marked(c->held, t->index)) {
        return model_check_fail(c, "input %u is no variable", (unsigned)i);
    }
    if (model_check_marked(c->defined, t->index)) {
        return model_check_fail(c, "input %u is the state of another op", (unsigned)i);
    }
    model_check_mark(c->defined, t->index);
    return true;
}

static bool check_absent(check_t *c, uint32_t first, uint32_t count, const char *what) {
    for (uint32_t i = first; i < first + count; ++i) {
        if (model_flatbuf_vector_i32(&c->buf, c->inputs, i) != -1) {
            return model_check_fail(c, "%s is not supported", what);
        }
    }
    return true;
}

static bool check_matrix(check_t *c, const check_tensor_t *t, int32_t rows, int64_t columns, const char *what) {
    if (!model_check_rank(c, t, 2, what)) {
        return false;
    }
    return (model_check_dim(c, t, 0) == rows && model_check_dim(c, t, 1) == columns)
           || model_check_fail(c, "%s are %d by %d", what, (int)model_check_dim(c, t, 0),
        (int)model_check_dim(c, t, 1));
}

static bool check_zero_point(check_t *c, const check_tensor_t *t, const char *what) {
    return model_flatbuf_u64_at(&c->buf, t->zero_points.pos) == 0
           || model_check_fail(c, "zero point of %s is not 0", what);
}

// A bias of so many values, constant unless it is of floats; its largest.
static bool check_bias(check_t *c, const check_tensor_t *bias, int32_t count, bool is_float, uint64_t *largest) {
    *largest = 0;
    if (!model_check_rank(c, bias, 1, "bias")
        || !model_check_type(c, bias, is_float ? TENSOR_FLOAT32 : TENSOR_INT32, "bias")) {
        return false;
    }
    if (model_check_dim(c, bias, 0) != count) {
        return model_check_fail(c, "%u biases, not %d", (unsigned)bias->elements, (int)count);
    }
    if (is_float) {
        return true;
    }
    if (bias->data == 0) {
        return model_check_fail(c, "bias is not constant");
    }
    if (!model_check_spend(c, bias->elements)) {
        return false;
    }
    *largest = model_check_largest(c, bias);
    return true;
}

// UNIDIRECTIONAL_SEQUENCE_LSTM

enum { GATES = 4 };
enum { LSTM_WEIGHTS = 1, LSTM_RECURRENT = 5, LSTM_PEEPHOLE = 9, LSTM_BIASES = 12, LSTM_PROJECTION = 16,
       LSTM_HIDDEN = 18, LSTM_CELL = 19, LSTM_NORM = 20 };

// Sums of int8 products become numbers of 16 bits, so many of them behind the point.
#define GATE_BITS (12)

// One of the matrices that `in` is multiplied with, what is added to each sum being `bias` at most.
static bool check_gate(check_t *c, uint32_t input, const check_tensor_t *in, int32_t units,
    int32_t depth, uint64_t bias) {
    check_tensor_t weights;
    if (!check_value(c, input, &weights) || !model_check_type(c, &weights, in->type, "weights")
        || !check_matrix(c, &weights, units, depth, "weights")) {
        return false;
    }
    return in->type == TENSOR_FLOAT32
           || (model_check_quantized(c, &weights, "weights") && check_zero_point(c, &weights, "weights")
               && model_check_rescale(c, bias + (uint64_t)depth * 255 * 128,
        model_real_scaled(model_real_times(model_check_real(c, in), model_check_real(c, &weights)), GATE_BITS)));
}

// The kernel takes the cell's scale as 2**n, shifts by 12 + n bits, and multiplies by 2**-n.
static bool check_cell(check_t *c, const check_tensor_t *cell) {
    if (!model_check_quantized(c, cell, "cell state") || !check_zero_point(c, cell, "cell state")) {
        return false;
    }
    uint32_t bits = model_flatbuf_u32_at(&c->buf, cell->scales.pos);
    int exponent = (int)(bits >> 23) - 127;
    return ((bits & 0x7fffff) == 0 && exponent >= -24 && exponent <= 0)
           || model_check_fail(c, "scale of the cell state is no power of 2, or out of range");
}

static bool check_lstm_options(check_t *c) {
    enum { ACTIVATION = 0, CELL_CLIP = 1, DIAGONAL = 5, TANH = 4 };
    if (model_flatbuf_u8(&c->buf, c->options, ACTIVATION) != TANH) {
        return model_check_fail(c, "activation is not tanh");
    }
    uint32_t clip = model_check_float(c, CELL_CLIP);
    if (model_check_negative(clip) || !model_check_finite(clip)) {
        return model_check_fail(c, "cell clip is negative or not finite");
    }
    return model_flatbuf_u8(&c->buf, c->options, DIAGONAL) == 0
           || model_check_fail(c, "diagonal weights are not supported");
}

// The kernel counts with the shapes of input and hidden state, and follows all else.
bool model_check_lstm(check_t *c) {
    enum { TIME_MAJOR = 3 };
    const check_tensor_t *in = &c->in[0];
    check_tensor_t hidden, cell, bias;
    bool is_float = in->type == TENSOR_FLOAT32;
    if (!check_value(c, 0, &c->in[0]) || !check_lstm_options(c)
        || !check_absent(c, LSTM_PEEPHOLE, GATES - 1, "peephole")
        || !check_absent(c, LSTM_PROJECTION, 2, "projection")
        || !check_absent(c, LSTM_NORM, GATES, "layer normalization")
        || !check_state(c, LSTM_HIDDEN, &hidden) || !check_state(c, LSTM_CELL, &cell)
        || !model_check_type(c, &hidden, in->type, "hidden state")
        || !model_check_type(c, &cell, is_float ? TENSOR_FLOAT32 : TENSOR_INT16, "cell state")
        || !model_check_rank(c, in, 3, "input") || !model_check_rank(c, &c->out, 3, "output")
        || !model_check_rank(c, &hidden, 2, "hidden state")) {
        return false;
    }
    bool time_major = model_flatbuf_u8(&c->buf, c->options, TIME_MAJOR) != 0;
    int32_t batches = model_check_dim(c, in, time_major ? 1 : 0);
    int32_t units = model_check_dim(c, &hidden, 1);
    int32_t depth = model_check_dim(c, in, 2);
    if (!check_matrix(c, &hidden, batches, units, "hidden states")
        || !check_matrix(c, &cell, batches, units, "cell states")
        || !model_check_out_dim(c, 0, model_check_dim(c, in, 0))
        || !model_check_out_dim(c, 1, model_check_dim(c, in, 1)) || !model_check_out_dim(c, 2, units)) {
        return false;
    }
    // From a product of 30 bits to the hidden state, which is copied to the output.
    if (!is_float
        && (!model_check_quantized(c, &hidden, "hidden state")
            || !model_check_same_quantization(c, &hidden, "hidden state")
            || !model_check_rescale(c, 1 << 30, model_real_scaled(
        model_real_over(model_real_whole(1), model_check_real(c, &hidden)), -30))
            || !check_cell(c, &cell))) {
        return false;
    }
    for (uint32_t gate = 0; gate < GATES; ++gate) {
        uint64_t largest;
        if (!check_value(c, LSTM_BIASES + gate, &bias)
            || !check_bias(c, &bias, units, is_float, &largest)
            || !check_gate(c, LSTM_WEIGHTS + gate, in, units, depth, largest)
            || !check_gate(c, LSTM_RECURRENT + gate, &hidden, units, units, 0)) {
            return false;
        }
    }
    return true;
}

// SVDF

// a * b / unit in single precision.
static model_real_t single_ratio(const check_t *c, const check_tensor_t *a, const check_tensor_t *b,
    const check_tensor_t *unit) {
    model_real_t product = model_real_single(model_real_times(model_check_real(c, a), model_check_real(c, b)));
    return model_real_single(model_real_over(product, model_check_real(c, unit)));
}

// Inputs: data [batches, depth], features [filters, depth], weights in time [filters, steps],
// biases, and of each batch and filter the last so many steps.
bool model_check_svdf(check_t *c) {
    enum { RANK = 0, ACTIVATION = 1 };
    const check_tensor_t *in = &c->in[0], *features = &c->in[1], *times = &c->in[2], *bias = &c->in[3];
    bool is_float = in->type == TENSOR_FLOAT32;
    check_tensor_t state;
    if (!check_value(c, 0, &c->in[0]) || !check_value(c, 1, &c->in[1]) || !check_value(c, 2, &c->in[2])
        || !check_value(c, 3, &c->in[3]) || !check_state(c, 4, &state)
        || !model_check_activation(c, (int8_t)model_flatbuf_u8(&c->buf, c->options, ACTIVATION))
        || !model_check_rank(c, in, 2, "input") || !model_check_rank(c, features, 2, "features")
        || !model_check_rank(c, times, 2, "weights in time") || !model_check_rank(c, &state, 2, "state")
        || !model_check_rank(c, &c->out, 2, "output")) {
        return false;
    }
    int32_t rank = model_flatbuf_i32(&c->buf, c->options, RANK, 0);
    int32_t filters = model_check_dim(c, features, 0);
    int32_t steps = model_check_dim(c, times, 1);
    int32_t batches = model_check_dim(c, in, 0);
    uint64_t largest;
    if (rank < 1 || filters % rank != 0) {
        return model_check_fail(c, "%d filters of rank %d", (int)filters, (int)rank);
    }
    if (!check_matrix(c, features, filters, model_check_dim(c, in, 1), "features")
        || !check_matrix(c, times, filters, steps, "weights in time")
        || !check_matrix(c, &state, batches, (int64_t)filters * steps, "states")
        || !model_check_out_dim(c, 0, batches) || !model_check_out_dim(c, 1, filters / rank)
        || !check_bias(c, bias, filters / rank, is_float, &largest)
        || !model_check_type(c, features, in->type, "features")) {
        return false;
    }
    if (is_float) {
        return model_check_type(c, times, TENSOR_FLOAT32, "weights in time")
               && model_check_type(c, &state, TENSOR_FLOAT32, "state");
    }
    // The states have the type of the weights in time, which TFLM does not look at.
    if (state.type != TENSOR_INT8 && !model_check_type(c, &state, TENSOR_INT16, "state")) {
        return false;
    }
    if (!model_check_type(c, times, state.type, "weights in time")
        || !model_check_quantized(c, features, "features") || !check_zero_point(c, features, "features")
        || !model_check_quantized(c, times, "weights in time")
        || !check_zero_point(c, times, "weights in time")
        || !model_check_quantized(c, &state, "state")) {
        return false;
    }
    // TFLM's own factors are of floats.
    model_real_t first = single_ratio(c, in, features, &state);
    model_real_t second = single_ratio(c, &state, times, &c->out);
    // A sum over time may take all of 32 bits: our kernel clamps it there.
    return model_check_rescale(c, (uint64_t)model_check_dim(c, in, 1) * 255 * 128, first)
           && model_check_rescale(c, INT32_MAX - (1 << 17), second);
}

// CIRCULAR_BUFFER

// Input [1, 1, width, depth]; output, a variable, the last so many of these. Models of old do not
// say after how many inputs a run goes on beyond it: TFLM guesses by the shape, and for this one
// by how many such ops it has seen before, in whatever models.
static bool check_guess(check_t *c) {
    int32_t slots = model_check_dim(c, &c->out, 1);
    bool known = slots == 5 || slots == 13 || slots == 25;
    return known || model_check_dim(c, &c->out, 2) != 2 || model_check_dim(c, &c->out, 3) != 96
           || model_check_fail(c, "cycles_max is missing, and the shape does not tell it");
}

bool model_check_circular_buffer(check_t *c) {
    const check_tensor_t *in = &c->in[0];
    if (!model_check_rank(c, in, 4, "input") || !model_check_rank(c, &c->out, 4, "output")) {
        return false;
    }
    if (model_check_dim(c, in, 0) != 1 || model_check_dim(c, in, 1) != 1) {
        return model_check_fail(c, "input is %d by %d rows, not 1", (int)model_check_dim(c, in, 0),
            (int)model_check_dim(c, in, 1));
    }
    if (!model_check_out_dim(c, 0, 1) || !model_check_out_dim(c, 2, model_check_dim(c, in, 2))
        || !model_check_out_dim(c, 3, model_check_dim(c, in, 3))
        || !model_check_same_quantization(c, in, "input")) {
        return false;
    }
    if (c->custom_options.len == 0) {
        return check_guess(c);
    }
    int32_t cycles;
    return model_check_custom_options(c, "cycles_max\0", &cycles)
           && (cycles > 0 || model_check_fail(c, "cycles_max is %d", (int)cycles));
}
