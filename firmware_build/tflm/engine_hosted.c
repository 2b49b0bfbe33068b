// The engine of the simulator: TFLM in the tflite-micro wheel, in a child Python
// process over a pipe, so that pip alone is enough. engine_hosted.py is the
// child, and its header tells the frames.
//
// One child serves every interpreter of this process. It is started by the first
// that needs it, and ends with this process, however that ends. If it dies,
// whatever it held is lost: each call on it then fails, and the next new
// interpreter starts another.

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "model_reader.h"
#include "tflm_engine.h"
#include "engine_hosted_py.h" // the child's program, made from engine_hosted.py

extern char **environ;

enum { OP_CREATE = 1, OP_INVOKE, OP_DESTROY };
enum { LIFELINE_FD = 3 };

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

typedef struct _request_header_t {
    uint8_t op;
    uint8_t pad[3];
    uint32_t handle;
    uint32_t length;
} request_header_t;

typedef struct _reply_header_t {
    uint8_t status;
    uint8_t pad[3];
    uint32_t length;
} reply_header_t;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; // one request at a time
static pid_t child_pid; // 0: none
static uint32_t child_generation;
static int request_fd, reply_fd, lifeline_fd;

static tflm_status_t fail(tflm_status_t status, tflm_message_t *message, const char *text) {
    snprintf(message->text, sizeof(message->text), "%s", text);
    return status;
}

// Bury the child and say how it ended.
static tflm_status_t lose_child(tflm_message_t *message) {
    if (child_pid != 0) {
        close(request_fd);
        close(reply_fd);
        close(lifeline_fd);
        int status = 0;
        while (waitpid(child_pid, &status, 0) < 0 && errno == EINTR) {
        }
        child_pid = 0;
        snprintf(message->text, sizeof(message->text), "engine process died (%s %d)",
            WIFSIGNALED(status) ? "signal" : "exit",
            WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    }
    return TFLM_ERROR_ENGINE;
}

// Ctrl-C interrupts system calls here; the exception it asks for waits until the
// caller is back in Python, since half a frame would be the end of the child.
static bool write_all(const void *data, size_t size) {
    const uint8_t *p = data;
    while (size > 0) {
        ssize_t n = write(request_fd, p, size);
        if (n > 0) {
            p += n;
            size -= (size_t)n;
        } else if (n == 0 || errno != EINTR) {
            return false;
        }
    }
    return true;
}

static bool read_all(void *data, size_t size) {
    uint8_t *p = data;
    while (size > 0) {
        ssize_t n = read(reply_fd, p, size);
        if (n > 0) {
            p += n;
            size -= (size_t)n;
        } else if (n == 0 || errno != EINTR) {
            return false;
        }
    }
    return true;
}

static bool send_header(uint8_t op, uint32_t handle, size_t length) {
    request_header_t header = { op, { 0, 0, 0 }, handle, (uint32_t)length };
    return write_all(&header, sizeof(header));
}

// Read a reply's header; `length` is what must be read after it. A refusal is
// read whole, its text goes into the message.
static tflm_status_t read_reply(size_t *length, tflm_message_t *message) {
    reply_header_t header;
    if (!read_all(&header, sizeof(header))) {
        return lose_child(message);
    }
    *length = header.length;
    if (header.status == TFLM_OK) {
        return TFLM_OK;
    }
    size_t rest = header.length;
    size_t kept = 0;
    while (rest > 0) {
        char chunk[64];
        size_t n = rest < sizeof(chunk) ? rest : sizeof(chunk);
        if (!read_all(chunk, n)) {
            return lose_child(message);
        }
        for (size_t i = 0; i < n && kept + 1 < sizeof(message->text); i++) {
            message->text[kept++] = chunk[i];
        }
        rest -= n;
    }
    message->text[kept] = '\0';
    return (tflm_status_t)header.status;
}

// Read the rest of a reply that must be `size` bytes long.
static tflm_status_t read_body(void *data, size_t size, size_t length, tflm_message_t *message) {
    if (length != size || !read_all(data, size)) {
        return lose_child(message);
    }
    return TFLM_OK;
}

// Three pipes, whose ends a child does not inherit; all or none.
static bool open_pipes(int ends[3][2]) {
    for (int i = 0; i < 3; i++) {
        if (pipe(ends[i]) < 0) {
            while (i-- > 0) {
                close(ends[i][0]);
                close(ends[i][1]);
            }
            return false;
        }
        fcntl(ends[i][0], F_SETFD, FD_CLOEXEC);
        fcntl(ends[i][1], F_SETFD, FD_CLOEXEC);
    }
    return true;
}

static int spawn_python(const int request[2], const int reply[2], const int lifeline[2]) {
    const char *python = getenv("TFLM_HOST_PYTHON");
    if (python == NULL || *python == '\0') {
        python = "python3";
    }
    char *argv[] = { (char *)python, (char *)"-c", (char *)engine_hosted_py, NULL };

    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, request[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, reply[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, lifeline[0], LIFELINE_FD);

    // Ctrl-C belongs to MicroPython, and the child goes on living after it.
    posix_spawnattr_t attributes;
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGINT);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &blocked);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);

    int error = posix_spawnp(&child_pid, python, &actions, &attributes, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return error;
}

static tflm_status_t start_child(tflm_message_t *message) {
    if (child_pid != 0) {
        return TFLM_OK;
    }
    int pipes[3][2];
    if (!open_pipes(pipes)) {
        return fail(TFLM_ERROR_ENGINE, message, "no pipe to the engine process");
    }
    const int *request = pipes[0], *reply = pipes[1], *lifeline = pipes[2];
    int error = spawn_python(request, reply, lifeline);
    close(request[0]);
    close(reply[1]);
    close(lifeline[0]);
    request_fd = request[1];
    reply_fd = reply[0];
    lifeline_fd = lifeline[1];
    if (error != 0) {
        child_pid = 0;
        close(request_fd);
        close(reply_fd);
        close(lifeline_fd);
        return fail(TFLM_ERROR_ENGINE, message, "no Python for the engine: set TFLM_HOST_PYTHON");
    }
    child_generation++;

    size_t length;
    tflm_status_t status = read_reply(&length, message);
    if (status != TFLM_OK && status != TFLM_ERROR_ENGINE) {
        // It said why it cannot serve (no tflite-micro); keep those words.
        tflm_message_t end;
        lose_child(&end);
        status = TFLM_ERROR_ENGINE;
    }
    return status;
}

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

static tflm_status_t invoke(tflm_engine_t *state, tflm_message_t *message) {
    if (state->handle == 0) {
        return fail(TFLM_ERROR_ENGINE, message, "interpreter was deleted");
    }
    if (child_pid == 0 || state->generation != child_generation) {
        return fail(TFLM_ERROR_ENGINE, message, "engine process died; make a new Interpreter");
    }
    if (!send_inputs(state)) {
        return lose_child(message);
    }
    size_t length;
    tflm_status_t status = read_reply(&length, message);
    return status == TFLM_OK ? read_outputs(state, length, message) : status;
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

tflm_status_t tflm_engine_profile(tflm_engine_t *state, uint32_t (*now)(void),
    uint32_t *ticks, size_t count, tflm_message_t *message) {
    (void)state;
    (void)now;
    (void)ticks;
    (void)count;
    return fail(TFLM_ERROR_UNSUPPORTED, message, "the hosted engine cannot profile");
}
