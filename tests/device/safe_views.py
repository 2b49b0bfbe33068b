# A memoryview of a tensor keeps its memory, whatever becomes of the interpreter.
import gc

import tflm

IMAGE = [i / 64 for i in range(64)]


def view_of(name, arena, output):
    net = tflm.Interpreter(name, arena=arena)
    return memoryview((net.outputs if output else net.inputs)[0])


def deep(n):
    return deep(n - 1) + 1 if n else 0


for name in ("model_int8.tflite", "model_float32.tflite"):
    for arena in (None, 8192, tflm.Arena(8192)):
        for output in (False, True):
            view = view_of(name, arena, output)
            deep(20)
            for _ in range(3):
                gc.collect()
            others = [bytearray(64) for _ in range(200)]
            for i in range(len(view)):
                view[i] = 7
            print(any(any(other) for other in others), view[0] == 7, view[len(view) - 1] == 7)
            others = None

# The tensor moves once: all that see it see the same.
net = tflm.Interpreter("model_int8.tflite")
expected = net.predict(IMAGE)
first, again = memoryview(net.inputs[0]), memoryview(net.inputs[0])
net.inputs[0].quantize(IMAGE)
print(bytes(first) == bytes(again) == bytes(net.inputs[0]))
first[0] = 55
print(again[0], abs(net.inputs[0].dequantize()[0] - net.inputs[0].scale * (55 + 128)) < 1e-4)
net.inputs[0].quantize(IMAGE)
net.invoke()
output = memoryview(net.outputs[0])
print(net.outputs[0].dequantize() == expected, len(output))
for i in range(len(output)):
    output[i] = 1
net.inputs[0].quantize(IMAGE)
net.invoke()
print(net.outputs[0].dequantize() == expected)

# An input that is an output too is one tensor.
net = tflm.Interpreter("through.tflite")
source, target = memoryview(net.inputs[0]), memoryview(net.outputs[0])
source[0] = -2.5
net.inputs[0].quantize([-2.5, 1, 2, 3])
print(list(target), net.outputs[0].dequantize())
net.invoke()
print(net.outputs[1].dequantize(), source[0], target[0])

# More inputs than a byte counts.
net = tflm.Interpreter("many_inputs.tflite")
for i, tensor in enumerate(net.inputs):
    tensor.quantize([i])
print(len(net.inputs), all(t.dequantize()[0] == i for i, t in enumerate(net.inputs)))
for i in (0, 43, 255, 256, 299):
    memoryview(net.inputs[i])[0] = i + 0.5
net.invoke()
print(net.outputs[0].dequantize(), [net.inputs[i].dequantize() for i in (43, 255)])
