# A model that is not in flash is copied, whatever object it lies in and at which address.
import gc

import tflm

with open("model_int8.tflite", "rb") as file:
    data = file.read()
size = len(data)
image = [i / 64 for i in range(64)]
reference = tflm.Interpreter(data)  # kept: a dead one may be freed whenever
expected = reference.predict(image)
arena = tflm.Arena(8192)


def memory(model):
    """Bytes that an interpreter takes.

    Nothing is collected meanwhile: a dead one, which an old word on the stack may have kept
    alive, cannot go in between.
    """
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    interpreter = tflm.Interpreter(model, arena=arena)
    took = gc.mem_alloc() - before
    gc.enable()
    interpreter.invoke()
    return took


own = memory(data)
print(own > size)
room = bytearray(size + 32)
for offset in range(17):
    view = memoryview(room)[offset : offset + size]
    view[:] = data
    same = abs(memory(view) - own) < 100
    interpreter = tflm.Interpreter(view)
    # Its own copy: what happens to the original is nothing to it.
    for i in range(size):
        view[i] = 0
    print(offset, same, interpreter.predict(image) == expected)

for model in (data, memoryview(data), bytearray(data)):
    print(type(model), abs(memory(model) - own) < 100)
