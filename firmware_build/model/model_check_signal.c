// Rules of the audio front end's ops, which are custom ops of TFLM's `signal/`.

#include "model_rule.h"

#define MAX_CHANNELS (256) // of a filter bank, whose bands are looked at one by one

static bool check_range(check_t *c, const char *name, int32_t value, int32_t least, int32_t most) {
    return (value >= least && value <= most)
           || model_check_fail(c, "%s is %d, not %d to %d", name, (int)value, (int)least, (int)most);
}

static bool check_vector(check_t *c, const check_tensor_t *t, int type, const char *what) {
    return model_check_type(c, t, type, what) && model_check_rank(c, t, 1, what);
}

static bool check_as_long(check_t *c, const check_tensor_t *t, uint32_t length, const char *what) {
    return t->elements == length
           || model_check_fail(c, "%s has %u values, not %u", what, (unsigned)t->elements, (unsigned)length);
}

// The second of two outputs.
static bool read_second(check_t *c, check_tensor_t *t) {
    if (c->outputs.len != 2) {
        return model_check_fail(c, "%u outputs, not 2", (unsigned)c->outputs.len);
    }
    model_check_read_tensor(c, model_flatbuf_vector_i32(&c->buf, c->outputs, 1), t);
    return true;
}

// Values [..., n] times weights [n], shifted down.
bool model_check_signal_window(check_t *c) {
    const check_tensor_t *in = &c->in[0], *weights = &c->in[1];
    int32_t shift;
    if (!check_vector(c, weights, TENSOR_INT16, "weights")) {
        return false;
    }
    if (in->rank == 0 || model_check_dim(c, in, in->rank - 1u) != (int32_t)weights->elements) {
        return model_check_fail(c, "%u weights, which the last dimension is not", (unsigned)weights->elements);
    }
    return model_check_custom_options(c, "shift\0", &shift) && check_range(c, "shift", shift, 0, 31);
}

// To all bits of 16; the second output is by how many the values were shifted.
bool model_check_signal_auto_scale(check_t *c) {
    check_tensor_t shift;
    return model_check_rank(c, &c->in[0], 1, "input") && read_second(c, &shift)
           && model_check_type(c, &shift, TENSOR_INT32, "second output")
           && model_check_rank(c, &shift, 0, "second output");
}

// From [..., n] to [..., length + 2]: real and imaginary parts of length / 2 + 1. The kernel
// works in its output, and has a table for the length.
bool model_check_signal_rfft(check_t *c) {
    enum { TYPE, LENGTH, OPTIONS };
    const check_tensor_t *in = &c->in[0];
    int32_t options[OPTIONS];
    if (!model_check_custom_options(c, "T\0fft_length\0", options)
        || !check_range(c, "fft_length", options[LENGTH], 16, 4096)) {
        return false;
    }
    if (options[TYPE] != TENSOR_INT16) {
        return model_check_fail(c, "T is %d, not INT16", (int)options[TYPE]);
    }
    if ((options[LENGTH] & (options[LENGTH] - 1)) != 0) {
        return model_check_fail(c, "fft_length %d is no power of 2", (int)options[LENGTH]);
    }
    if (in->rank == 0) {
        return model_check_fail(c, "input is a scalar");
    }
    if (!model_check_rank(c, &c->out, in->rank, "output")) {
        return false;
    }
    unsigned last = in->rank - 1u;
    for (unsigned i = 0; i < last; ++i) {
        if (!model_check_out_dim(c, i, model_check_dim(c, in, i))) {
            return false;
        }
    }
    if (model_check_dim(c, in, last) > options[LENGTH]) {
        return model_check_fail(c, "%d values for a transform of %d", (int)model_check_dim(c, in, last),
            (int)options[LENGTH]);
    }
    return model_check_out_dim(c, last, options[LENGTH] + 2);
}

// Squares of those complex numbers whose index is in a range; others are 0.
bool model_check_signal_energy(check_t *c) {
    enum { END, START, OPTIONS };
    const check_tensor_t *in = &c->in[0];
    int32_t options[OPTIONS];
    if (!model_check_rank(c, in, 1, "input") || !check_vector(c, &c->out, TENSOR_UINT32, "output")
        || !model_check_custom_options(c, "end_index\0start_index\0", options)) {
        return false;
    }
    uint32_t most = in->elements / 2 < c->out.elements ? in->elements / 2 : c->out.elements;
    return check_range(c, "end_index", options[END], 0, (int32_t)most)
           && check_range(c, "start_index", options[START], 0, options[END]);
}

static int32_t constant16(const check_t *c, const check_tensor_t *t, uint32_t i) {
    return (int16_t)model_flatbuf_u16_at(&c->buf, t->data + 2 * i);
}

// Of each band where it starts in the input and in the weights, and how wide it is.
static bool check_bands(check_t *c, uint32_t bands, uint32_t weights) {
    static const char *const names[] = { "frequency starts", "weight starts", "widths" };
    check_tensor_t of[3];
    for (uint32_t i = 0; i < 3; ++i) {
        model_check_read_tensor(c, model_flatbuf_vector_i32(&c->buf, c->inputs, 3 + i), &of[i]);
        if (!check_vector(c, &of[i], TENSOR_INT16, names[i]) || !check_as_long(c, &of[i], bands, names[i])) {
            return false;
        }
        if (of[i].data == 0) {
            return model_check_fail(c, "%s are not constant", names[i]);
        }
    }
    for (uint32_t i = 0; i < bands; ++i) {
        int32_t from = constant16(c, &of[0], i), weight = constant16(c, &of[1], i), width = constant16(c, &of[2], i);
        if (from < 0 || weight < 0 || width < 0 || (uint32_t)(from + width) > c->in[0].elements
            || (uint32_t)(weight + width) > weights) {
            return model_check_fail(c, "band %u is outside its input or weights", (unsigned)i);
        }
    }
    return true;
}

// There is a band more than channels: each has a rising and, times 1 - weight, a falling part.
bool model_check_signal_filter_bank(check_t *c) {
    const check_tensor_t *weights = &c->in[1];
    int32_t channels;
    return model_check_rank(c, &c->in[0], 1, "input") && check_vector(c, weights, TENSOR_INT16, "weights")
           && check_vector(c, &c->in[2], TENSOR_INT16, "unweights")
           && check_as_long(c, &c->in[2], weights->elements, "unweights")
           && model_check_custom_options(c, "num_channels\0", &channels)
           && check_range(c, "num_channels", channels, 1, MAX_CHANNELS)
           && check_vector(c, &c->out, TENSOR_UINT64, "output")
           && check_as_long(c, &c->out, (uint32_t)channels, "output")
           && check_bands(c, (uint32_t)channels + 1, weights->elements);
}

// The second input is by how many bits to shift, which the kernel looks at.
bool model_check_signal_square_root(check_t *c) {
    const check_tensor_t *in = &c->in[0];
    return model_check_rank(c, in, 1, "input")
           && model_check_type(c, &c->in[1], TENSOR_INT32, "input 1") && model_check_rank(c, &c->in[1], 0, "input 1")
           && check_vector(c, &c->out, TENSOR_UINT32, "output") && check_as_long(c, &c->out, in->elements, "output");
}

// The second output is the noise of each channel, which the kernel keeps.
bool model_check_signal_spectral_subtraction(check_t *c) {
    enum { CHANNELS = 4, SMOOTHING_BITS = 7, BITS = 8, OPTIONS = 9 };
    const check_tensor_t *in = &c->in[0];
    check_tensor_t noise;
    int32_t options[OPTIONS];
    if (!model_check_rank(c, in, 1, "input") || !read_second(c, &noise)
        || !check_vector(c, &noise, TENSOR_UINT32, "second output")
        || !check_as_long(c, &noise, in->elements, "second output")
        || !model_check_custom_options(c, "alternate_one_minus_smoothing\0alternate_smoothing\0clamping\0"
        "min_signal_remaining\0num_channels\0one_minus_smoothing\0smoothing\0smoothing_bits\0"
        "spectral_subtraction_bits\0", options)) {
        return false;
    }
    // All but the numbers of bits are factors, of any size: nothing is signed.
    return check_as_long(c, in, (uint32_t)options[CHANNELS], "input")
           && check_range(c, "smoothing_bits", options[SMOOTHING_BITS], 0, 31)
           && check_range(c, "spectral_subtraction_bits", options[BITS], 0, 31);
}

// Values, the noise in each, and the gain by the noise: the table for 32 bits of it.
bool model_check_signal_pcan(check_t *c) {
    const check_tensor_t *in = &c->in[0], *noise = &c->in[1], *gain = &c->in[2];
    int32_t shift;
    return model_check_rank(c, in, 1, "input") && check_vector(c, noise, TENSOR_UINT32, "noise")
           && check_as_long(c, noise, in->elements, "noise") && check_vector(c, gain, TENSOR_INT16, "gain")
           && check_as_long(c, gain, 4 * 32 - 3, "gain") && model_check_custom_options(c, "snr_shift\0", &shift)
           && check_range(c, "snr_shift", shift, 0, 63);
}

bool model_check_signal_log(check_t *c) {
    enum { BITS, SCALE, OPTIONS };
    const check_tensor_t *in = &c->in[0];
    int32_t options[OPTIONS];
    return model_check_rank(c, in, 1, "input") && check_vector(c, &c->out, TENSOR_INT16, "output")
           && check_as_long(c, &c->out, in->elements, "output")
           && model_check_custom_options(c, "input_correction_bits\0output_scale\0", options)
           && check_range(c, "input_correction_bits", options[BITS], 0, 31);
}
