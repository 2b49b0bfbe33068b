# What is still used is kept, whatever else was dropped.
import gc

import tflm

with open("model_int8.tflite", "rb") as file:
    data = file.read()
IMAGE = [i / 64 for i in range(64)]
expected = tflm.Interpreter(data).predict(IMAGE)


def disturb():
    """Collect, then fill with other things what was given back."""
    gc.collect()
    for size in (16, 100, 1000, 2000, 4000):
        for _ in range(20):
            bytearray(b"\xff" * size)
    gc.collect()


def from_bytearrays():
    return tflm.Interpreter(bytearray(data), arena=tflm.Arena(8192))


def from_views():
    room = bytearray(len(data) + 16)
    room[16:] = data
    return tflm.Interpreter(memoryview(room)[16:], arena=8192)


def from_unaligned():
    room = bytearray(len(data) + 1)
    room[1:] = data
    return tflm.Interpreter(memoryview(room)[1:], arena=tflm.Arena(8192))


def from_path():
    return tflm.Interpreter("model_int8.tflite", arena=8192)


for make in (from_bytearrays, from_views, from_unaligned, from_path):
    interpreter = make()
    disturb()
    print("interpreter", interpreter.predict(IMAGE) == expected)

    interpreter = make()
    interpreter.inputs[0].quantize(IMAGE)
    interpreter.invoke()
    source, target = interpreter.inputs[0], interpreter.outputs[0]
    del interpreter
    disturb()
    print("tensors", target.dequantize() == expected, source.shape, source.dtype)
    print(source.quantize(IMAGE), len(memoryview(source)), target.topk(1)[0][1] == max(expected))

    invoke = make().invoke
    predict = make().predict
    disturb()
    print("methods", invoke(), predict(IMAGE) == expected)

    outputs = make().outputs
    disturb()
    print("tuple", [tensor.shape for tensor in outputs])
