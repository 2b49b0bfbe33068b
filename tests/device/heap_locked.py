# invoke, argmax, and filling from an array of floats allocate nothing.
from array import array

import micropython
import tflm

if not hasattr(micropython, "heap_lock"):
    print("SKIP: heap_lock")
    raise SystemExit

interpreter = tflm.Interpreter("model_int8.tflite")
source, target = interpreter.inputs[0], interpreter.outputs[0]
image = array("f", [i / 64 for i in range(64)])
expected = interpreter.predict(image)
best = interpreter.classify(image)[0]
zeros = bytes(64)
view = memoryview(source)
result = 0

micropython.heap_lock()
source.quantize(image)
interpreter.invoke()
result = target.argmax()
micropython.heap_unlock()
print(target.dequantize() == expected, result == best)

micropython.heap_lock()
for _ in range(100):
    interpreter.invoke()
    view[5] = 3
micropython.heap_unlock()
print("100 runs")

# What must allocate says so, and nothing is broken by it.
refused = 0
micropython.heap_lock()
try:
    target.dequantize()
except MemoryError:
    refused += 1
try:
    tflm.Interpreter(zeros)
except MemoryError:
    refused += 1
micropython.heap_unlock()
print("refused", refused)
print(interpreter.predict(image) == expected)
