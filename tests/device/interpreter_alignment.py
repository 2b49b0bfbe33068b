# A model that nothing can change is used where it is, if it is aligned; any other is copied.
import gc

import tflm

with open("model_int8.tflite", "rb") as file:
    data = file.read()
size = len(data)
image = [i / 64 for i in range(64)]
reference = tflm.Interpreter(data)  # kept: a dead one may be freed whenever
expected = reference.predict(image)
arena = tflm.Arena(8192)


def used(depth=8):
    """Bytes that are held, as in heap_exhausted.py."""
    gc.collect()
    return used(depth - 1) if depth else gc.mem_alloc()


def memory(model):
    """Bytes that an interpreter takes more than one of `data`, in models."""
    least = None
    for _ in range(4):  # what the collector took for a pointer once is rarely there again
        before = used()
        interpreter = tflm.Interpreter(model, arena=arena)
        took = used() - before
        interpreter.invoke()
        least = took if least is None or 0 < took < least else least
        interpreter = None
    return least


own = memory(data)
room = bytearray(size + 32)
for offset in range(17):
    view = memoryview(room)[offset : offset + size]
    view[:] = data
    copies = (memory(view) - own + size // 2) // size
    interpreter = tflm.Interpreter(view)
    # Its own copy: what happens to the original is nothing to it.
    for i in range(size):
        view[i] = 0
    print(offset, copies, interpreter.predict(image) == expected)

for model in (data, memoryview(data), bytearray(data)):
    print(type(model), (memory(model) - own + size // 2) // size)
