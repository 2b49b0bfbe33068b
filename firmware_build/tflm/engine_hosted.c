// The engine of the simulator: TFLM in the tflite-micro wheel, in a child Python
// process over a pipe, so that pip alone is enough. engine_hosted.py is the
// child, and its header tells the frames.
//
// One child serves every interpreter of this process. It is started by the first
// that needs it, and ends with this process, however that ends. If it dies,
// whatever it held is lost: each call on it then fails, and the next new
// interpreter starts another.

#include <pthread.h>
#include <stdint.h>

#include "engine_hosted_child.h"
#include "model_reader.h"
#include "tflm_engine.h"

typedef struct _io_t {
    uint8_t *data; // on this side of the pipe
    size_t bytes;
    size_t index; // among the model's tensors
} io_t;

struct _tflm_engine_t {
    uint32_t handle; // the child's name for it; 0 is none
    uint32_t generation; // of the child that knows the handle
    const uint8_t *model;
    size_t model_size;
    size_t arena_needed; // what the tensors and scratch take in the child
    io_t *ios; // where the inputs are, then the outputs
};

static size_t align_up(size_t size) {
    return (size + TFLM_ALIGN - 1) & ~(size_t)(TFLM_ALIGN - 1);
}

// Lay the inputs out from the start of the arena, and the outputs up to the end of what is
// needed of it: as TFLM does it itself, an output may lie over an input. Without `arena`
// only say what each of the two takes, the larger of them.
static size_t place_ios(tflm_engine_t *state, uint8_t *arena, size_t needed) {
    size_t largest = 0;
    io_t *io = state->ios;
    for (int output = 0; output < 2; output++) {
        size_t count = model_io_count(state->model, state->model_size, output);
        size_t total = 0;
        for (size_t i = 0; i < count; i++) {
            model_tensor_t tensor;
            bool found = model_io(state->model, state->model_size, output, i, &tensor);
            io[i] = (io_t) { NULL, found ? tensor.bytes : 0, found ? tensor.index : SIZE_MAX };
            total += align_up(io[i].bytes);
        }
        largest = total > largest ? total : largest;
        if (arena != NULL) {
            uint8_t *next = arena + (output ? needed - total : 0);
            for (size_t i = 0; i < count; i++) {
                io[i].data = next;
                next += align_up(io[i].bytes);
            }
        }
        io += count;
    }
    // An input that is an output too is one tensor.
    for (io_t *one = state->ios; one < io; one++) {
        for (io_t *other = state->ios; other < one; other++) {
            if (other->index == one->index) {
                one->data = other->data;
                break;
            }
        }
    }
    return largest;
}

static tflm_status_t create(tflm_engine_t *state, tflm_message_t *message) {
    tflm_status_t status = start_child(message);
    if (status != TFLM_OK) {
        return status;
    }
    uint32_t counts[2] = {
        (uint32_t)model_io_count(state->model, state->model_size, false),
        (uint32_t)model_io_count(state->model, state->model_size, true),
    };
    if (!send_header(OP_CREATE, 0, sizeof(counts) + state->model_size)
        || !write_all(counts, sizeof(counts))
        || !write_all(state->model, state->model_size)) {
        return lose_child(message);
    }
    size_t length;
    status = read_reply(&length, message);
    uint32_t reply[2];
    if (status == TFLM_OK) {
        status = read_body(reply, sizeof(reply), length, message);
    }
    if (status == TFLM_OK) {
        state->handle = reply[0];
        state->arena_needed = align_up(reply[1]);
        state->generation = child_generation;
    }
    return status;
}

static bool send_inputs(const tflm_engine_t *state) {
    size_t count = model_io_count(state->model, state->model_size, false);
    size_t total = 0;
    for (size_t i = 0; i < count; i++) {
        total += state->ios[i].bytes;
    }
    bool sent = send_header(OP_INVOKE, state->handle, total);
    for (size_t i = 0; i < count && sent; i++) {
        sent = write_all(state->ios[i].data, state->ios[i].bytes);
    }
    return sent;
}

static tflm_status_t read_outputs(tflm_engine_t *state, size_t length, tflm_message_t *message) {
    const io_t *io = state->ios + model_io_count(state->model, state->model_size, false);
    size_t count = model_io_count(state->model, state->model_size, true);
    for (size_t i = 0; i < count; i++) {
        if (io[i].bytes > length || !read_all(io[i].data, io[i].bytes)) {
            return lose_child(message);
        }
        length -= io[i].bytes;
    }
    return length == 0 ? TFLM_OK : lose_child(message);
}

static tflm_status_t need_child(const tflm_engine_t *state, tflm_message_t *message) {
    if (state->handle == 0) {
        return fail(TFLM_ERROR_ENGINE, message, "interpreter was deleted");
    }
    if (child_pid == 0 || state->generation != child_generation) {
        return fail(TFLM_ERROR_ENGINE, message, "engine process died; make a new Interpreter");
    }
    return TFLM_OK;
}

static tflm_status_t invoke(tflm_engine_t *state, tflm_message_t *message) {
    tflm_status_t status = need_child(state, message);
    if (status != TFLM_OK) {
        return status;
    }
    if (!send_inputs(state)) {
        return lose_child(message);
    }
    size_t length;
    status = read_reply(&length, message);
    return status == TFLM_OK ? read_outputs(state, length, message) : status;
}

static tflm_status_t reset(tflm_engine_t *state, tflm_message_t *message) {
    tflm_status_t status = need_child(state, message);
    if (status != TFLM_OK) {
        return status;
    }
    if (!send_header(OP_RESET, state->handle, 0)) {
        return lose_child(message);
    }
    size_t length;
    status = read_reply(&length, message);
    return status == TFLM_OK ? read_body(NULL, 0, length, message) : status;
}

size_t tflm_engine_state_size(const uint8_t *model, size_t model_size) {
    (void)model;
    (void)model_size;
    return sizeof(tflm_engine_t);
}

void tflm_engine_guess(const uint8_t *model, size_t model_size, tflm_memory_t *memory) {
    size_t ios = model_io_count(model, model_size, false) + model_io_count(model, model_size, true);
    memory->kept.size = ios * sizeof(io_t);
    memory->work.size = 0;
    memory->arena.size = 0;
}

tflm_status_t tflm_engine_create(tflm_engine_t *state, const uint8_t *model, size_t model_size,
    tflm_memory_t *memory, tflm_message_t *message) {
    state->model = model;
    state->model_size = model_size;
    tflm_memory_t least;
    tflm_engine_guess(model, model_size, &least);
    if (memory->kept.size < least.kept.size) { // the heap had no larger piece
        memory->kept.size = least.kept.size;
        return fail(TFLM_ERROR_MEMORY, message, "");
    }
    state->ios = (io_t *)memory->kept.data;
    if (state->handle == 0) { // else only the arena was too small
        pthread_mutex_lock(&lock);
        tflm_status_t status = create(state, message);
        pthread_mutex_unlock(&lock);
        if (status != TFLM_OK) {
            return status;
        }
    }
    size_t needed = place_ios(state, NULL, 0);
    needed = needed > state->arena_needed ? needed : state->arena_needed;
    if (needed > memory->arena.size) {
        memory->arena.size = needed;
        return fail(TFLM_ERROR_MEMORY, message, "");
    }
    place_ios(state, memory->arena.data, needed);
    memory->arena.size = needed;
    return TFLM_OK;
}

void tflm_engine_destroy(tflm_engine_t *state) {
    pthread_mutex_lock(&lock);
    if (state->handle != 0 && child_pid != 0 && state->generation == child_generation) {
        // No reply is asked for. A child that is gone is noticed by the next call.
        send_header(OP_DESTROY, state->handle, 0);
    }
    state->handle = 0;
    pthread_mutex_unlock(&lock);
}

void *tflm_engine_data(const tflm_engine_t *state, size_t index) {
    size_t count = model_io_count(state->model, state->model_size, false)
        + model_io_count(state->model, state->model_size, true);
    for (size_t i = 0; i < count; i++) {
        if (state->ios[i].index == index) {
            return state->ios[i].data;
        }
    }
    return NULL;
}

void tflm_engine_set_data(tflm_engine_t *state, size_t index, void *data) {
    size_t count = model_io_count(state->model, state->model_size, false)
        + model_io_count(state->model, state->model_size, true);
    for (size_t i = 0; i < count; i++) {
        if (state->ios[i].index == index) {
            state->ios[i].data = data;
        }
    }
}

tflm_status_t tflm_engine_invoke(tflm_engine_t *state, tflm_message_t *message) {
    pthread_mutex_lock(&lock);
    tflm_status_t status = invoke(state, message);
    pthread_mutex_unlock(&lock);
    return status;
}

tflm_status_t tflm_engine_reset(tflm_engine_t *state, tflm_message_t *message) {
    pthread_mutex_lock(&lock);
    tflm_status_t status = reset(state, message);
    pthread_mutex_unlock(&lock);
    return status;
}

tflm_status_t tflm_engine_profile(tflm_engine_t *state, uint32_t (*now)(void),
    uint32_t *ticks, size_t count, tflm_message_t *message) {
    (void)state;
    (void)now;
    (void)ticks;
    (void)count;
    return fail(TFLM_ERROR_UNSUPPORTED, message, "the hosted engine cannot profile");
}
