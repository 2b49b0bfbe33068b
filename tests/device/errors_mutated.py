# Models with a few bytes changed: each is refused, or runs on any input.
import gc

import tflm

state = 20241124


def random(limit):
    global state
    state = (state * 1103515245 + 12345) & 0x3FFFFFFF
    return (state >> 8) % limit


def attempt(model):
    """'ran', or the name of the error."""
    try:
        interpreter = tflm.Interpreter(model)
    except tflm.ModelError:
        return "refused"
    except tflm.ArenaError:
        return "too large"
    for tensor in interpreter.inputs:
        size = len(bytes(tensor))
        view = memoryview(tensor)
        for i in range(len(view)):
            view[i] = (i * size) & 0x3F
    interpreter.invoke()
    for tensor in interpreter.outputs:
        tensor.dequantize()
    return "ran"


for name in ("model_int8.tflite", "model_float32.tflite", "add.tflite", "echo_b.tflite"):
    with open(name, "rb") as file:
        data = file.read()
    counts = {}
    for round in range(120):
        model = bytearray(data)
        if round % 2:
            for _ in range(8):
                model[random(len(model))] = random(256)
        else:
            model[random(len(model))] ^= 1 << random(8)
        result = attempt(model)
        counts[result] = counts.get(result, 0) + 1
        if round % 20 == 0:
            gc.collect()
    print(name, counts.get("refused", 0) > 0, counts.get("ran", 0) > 0)
    print(attempt(data))
