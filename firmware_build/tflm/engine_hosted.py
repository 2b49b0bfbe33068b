# The child process of engine_hosted.c: runs models in the tflite-micro wheel,
# which is TFLM's own runtime for CPython. The build turns this file into a C
# string; the simulator starts it as `python3 -c`.
#
# Requests come on stdin, replies go to stdout, both framed; engine_hosted_child.h has
# the other end:
#
#   request  op u8, pad u8[3], handle u32, length u32, payload
#   reply    status u8 (tflm_status_t), pad u8[3], length u32, payload
#
#   op       handle  request payload                      reply payload
#   CREATE   -       inputs u32, outputs u32, model       handle u32, arena u32
#   INVOKE   which   every input's bytes, in order        every output's bytes
#   DESTROY  which   -                                    none, no reply at all
#   RESET    which   -                                    -
#
# A reply whose status is not 0 carries TFLM's own words as its payload. A run that ended early
# is no error, but has no outputs either.
#
# TFLM may take the whole process down with a model that it cannot run, so each new
# model is tried in a forked copy first: what dies there is only a reply here.

import contextlib
import fcntl
import os
import re
import struct
import sys
import tempfile

OK, MODEL, _MEMORY, INVOKE_FAILED = range(4)
ENDED_EARLY = 6
ABORT = 15  # kTfLiteAbort (micro_context.h)
CREATE, INVOKE, DESTROY, RESET = range(1, 5)
ROOMS = (1 << 18, 1 << 22, 1 << 26)  # bytes to try for all that TFLM takes here
LIFELINE = 3  # a pipe that the simulator holds open and never writes


class Refused(Exception):
    def __init__(self, status, text):
        super().__init__(text)
        self.status = status


def start():
    """Take the pipes away from everything else; return (requests, replies)."""
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    return requests, replies


def die_with_parent():
    # When the simulator is gone, however it went, its end of the lifeline closes
    # and the kernel raises SIGIO here, whose default is to terminate: even in the
    # middle of a long invoke.
    fcntl.fcntl(LIFELINE, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(LIFELINE, fcntl.F_SETFL, os.O_NONBLOCK | os.O_ASYNC)
    with contextlib.suppress(BlockingIOError):
        if os.read(LIFELINE, 1) == b"":
            sys.exit()  # it was gone before the signal could be asked for


@contextlib.contextmanager
def captured(log):
    """Send file descriptor 2, where TFLM logs, into `log`."""
    log.seek(0)
    log.truncate()
    saved = os.dup(2)
    os.dup2(log.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)


def text_of(log):
    log.seek(0)
    text = " ".join(log.read().decode("utf-8", "replace").split())
    return re.sub(r"^\S+\.cc:\d+ ", "", text)  # a check of TFLM's: where it is says nothing


def make(runtime, model, arena):
    return runtime.Interpreter.from_bytes(model, arena_size=arena)


def trial(runtime, log, model, arena):
    """Allocate `model` in a forked copy of this process.

    Returns (survived, text): TFLM's words, or the signal that ended it.
    """
    with captured(log):
        pid = os.fork()
        if pid == 0:
            try:
                make(runtime, model, arena)
            except BaseException:
                os._exit(1)
            os._exit(0)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if code < 0:
        return False, f"TFLM crashed (signal {-code}) {text_of(log)}".strip()
    return code == 0, text_of(log)


def room(runtime, log, model):
    """Bytes in which TFLM allocates `model`: the first of ROOMS that does."""
    text = ""
    for size in ROOMS:
        survived, text = trial(runtime, log, model, size)
        if survived:
            return size
    raise Refused(MODEL, text)


class Loaded:
    """One interpreter, and how its input bytes are cut."""

    def __init__(self, runtime, log, model, size, inputs, outputs):
        self.made_of = (runtime, model, size)
        with captured(log):
            self.interpreter = make(*self.made_of)
            # TFLM prints how much it uses; no call of the wheel returns it. The head is
            # what the memory planner lays out: tensors and scratch.
            self.interpreter.print_allocations()
        found = re.search(r"allocation head (\d+) bytes", text_of(log))
        self.arena = int(found.group(1)) if found else size
        self.outputs = outputs
        self.inputs = []
        for index in range(inputs):
            details = self.interpreter.get_input_details(index)
            self.inputs.append((np.dtype(details["dtype"]), tuple(details["shape"])))

    def reset(self, log):
        # The wheel's own reset() does not let CALL_ONCE call once more.
        with captured(log):
            self.interpreter = make(*self.made_of)

    def invoke(self, log, data):
        offset = 0
        for index, (dtype, shape) in enumerate(self.inputs):
            count = int(np.prod(shape, dtype=np.int64))
            values = np.frombuffer(data, dtype, count, offset)
            self.interpreter.set_input(values.reshape(shape), index)
            offset += values.nbytes
        with captured(log):
            try:
                status = self.interpreter.invoke()
            except RuntimeError:
                raise Refused(INVOKE_FAILED, text_of(log)) from None
        if status == ABORT:
            raise Refused(ENDED_EARLY, "")
        return b"".join(self.interpreter.get_output(i).tobytes() for i in range(self.outputs))


class Server:
    def __init__(self, runtime, log):
        self.runtime = runtime
        self.log = log
        self.loaded = {}
        self.tried = (None, 0)  # the last model and its room: programs use one at a time
        self.last = 0

    def answer(self, op, handle, payload):
        if op == INVOKE:
            return self.loaded[handle].invoke(self.log, payload)
        if op == RESET:
            self.loaded[handle].reset(self.log)
            return b""
        inputs, outputs = struct.unpack_from("<II", payload)
        model = payload[8:]
        if self.tried[0] != model:
            self.tried = (model, room(self.runtime, self.log, model))
        loaded = Loaded(self.runtime, self.log, model, self.tried[1], inputs, outputs)
        self.last += 1
        self.loaded[self.last] = loaded
        return struct.pack("<II", self.last, loaded.arena)

    def serve(self, requests, replies):
        while len(header := requests.read(12)) == 12:
            op, handle, length = struct.unpack("<BxxxII", header)
            payload = requests.read(length)
            if op == DESTROY:
                self.loaded.pop(handle, None)
                continue
            try:
                reply(replies, OK, self.answer(op, handle, payload))
            except Refused as error:
                reply(replies, error.status, str(error).encode())
            except Exception as error:  # the wheel's own Python code, on a model it dislikes
                reply(replies, MODEL, str(error).encode())


def reply(replies, status, payload=b""):
    replies.write(struct.pack("<BxxxI", status, len(payload)) + payload)
    replies.flush()


def main():
    die_with_parent()
    requests, replies = start()
    try:
        global np
        import numpy as np
        from tflite_micro import runtime
    except ImportError as error:
        reply(replies, MODEL, f"{error}: {sys.executable} -m pip install tflite-micro".encode())
        return
    reply(replies, OK)  # ready
    with tempfile.TemporaryFile() as log:
        Server(runtime, log).serve(requests, replies)


main()
