// The child process of engine_hosted.c, and the frames to and from it, whose form
// engine_hosted.py tells.

#ifndef ENGINE_HOSTED_CHILD_H
#define ENGINE_HOSTED_CHILD_H

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

#include "tflm_engine.h"
#include "engine_hosted_py.h" // the child's program, made from engine_hosted.py

extern char **environ;

enum { OP_CREATE = 1, OP_INVOKE, OP_DESTROY, OP_RESET };
enum { LIFELINE_FD = 3 };

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

#endif // ENGINE_HOSTED_CHILD_H
