# A model that is aligned is used where it is; any other is copied, once.
import gc

try:
    from uctypes import addressof
except ImportError:
    print("SKIP: uctypes")
    raise SystemExit

import tflm

with open("model_int8.tflite", "rb") as file:
    data = file.read()
size = len(data)
room = bytearray(size + 32)
start = -addressof(room) % 16
image = [i / 64 for i in range(64)]
reference = tflm.Interpreter(data)  # kept: a dead one may be freed whenever
expected = reference.predict(image)


def used(depth=8):
    """Bytes that are held, as in heap_exhausted.py."""
    gc.collect()
    return used(depth - 1) if depth else gc.mem_alloc()


def memory(view):
    """Bytes that an interpreter takes, arena apart, in models."""
    before = used()
    interpreter = tflm.Interpreter(view, arena=arena)
    took = used() - before
    interpreter.invoke()
    return took // size


arena = bytearray(8192)
for offset in range(17):
    view = memoryview(room)[start + offset : start + offset + size]
    view[:] = data
    copies = memory(view)
    interpreter = tflm.Interpreter(view)
    if offset % 16:
        # Its own copy: what happens to the original is nothing to it.
        for i in range(size):
            view[i] = 0
    print(offset, copies, interpreter.predict(image) == expected)
