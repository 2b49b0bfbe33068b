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
expected = tflm.Interpreter(data).predict(image)


def memory(view):
    """Bytes that an interpreter takes, arena apart, in models: none or one, rounded.

    What the collector has kept for a stray pointer until now, or frees late, is less.
    """
    gc.collect()
    before = gc.mem_alloc()
    interpreter = tflm.Interpreter(view, arena=arena)
    gc.collect()
    took = gc.mem_alloc() - before
    interpreter.invoke()
    return (took + size // 2) // size


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
