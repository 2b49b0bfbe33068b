# A collection before every step, and at every allocation.
import gc

import tflm

IMAGE = [i / 64 for i in range(64)]
expected = tflm.Interpreter("model_int8.tflite").predict(IMAGE)


def steps():
    gc.collect()
    with open("model_int8.tflite", "rb") as file:
        data = file.read()
    gc.collect()
    interpreter = tflm.Interpreter(data)
    data = None
    gc.collect()
    interpreter.inputs[0].quantize(IMAGE)
    gc.collect()
    interpreter.invoke()
    gc.collect()
    result = interpreter.outputs[0].dequantize()
    gc.collect()
    output = interpreter.outputs[0]
    interpreter = None
    gc.collect()
    return result == expected == output.dequantize() and output.topk(10)[0][1] == max(expected)


print(all(steps() for _ in range(5)))

# From here on each allocation collects first.
gc.threshold(1)
print(all(steps() for _ in range(3)))
with open("model_int8.tflite", "rb") as file:
    interpreter = tflm.Interpreter(bytearray(file.read()))
print(interpreter.predict(IMAGE) == expected, interpreter.classify(IMAGE)[1] == max(expected))
print(interpreter.predict(v for v in IMAGE) == expected)
print(len(repr(interpreter)) > 10, len(repr(interpreter.inputs)) > 10, len(interpreter.ops()))
print([tensor.shape for tensor in interpreter.inputs + interpreter.outputs])
for model in (b"", bytes(100)):
    try:
        tflm.Interpreter(model)
    except tflm.ModelError:
        print("ModelError")
try:
    tflm.Interpreter("model_int8.tflite", arena=100)
except tflm.ArenaError:
    print("ArenaError")
gc.threshold(-1)
