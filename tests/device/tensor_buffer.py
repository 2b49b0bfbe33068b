# The buffer protocol: straight into the arena, in both directions.
from array import array

import tflm

FILES = (("b", "b"), ("u8", "B"), ("h", "h"), ("i", "i"), ("u32", "I"), ("q", "q"), ("f", "f"))
for file, code in FILES:
    interpreter = tflm.Interpreter("echo_%s.tflite" % file)
    source, target = interpreter.inputs[0], interpreter.outputs[0]
    view = memoryview(source)
    low = 0 if code in "BI" else -4
    values = list(range(low, low + 8))
    for i in range(8):
        view[i] = values[i]
    interpreter.invoke()
    result = memoryview(target)
    size = len(bytes(array(code, [0])))
    print(code, len(view), len(bytes(source)) == 8 * size, [int(v) for v in result] == values)
    print(bytes(target) == bytes(source) == bytes(array(code, values)))

# One view stays good for every run.
interpreter = tflm.Interpreter("echo_b.tflite")
view, result = memoryview(interpreter.inputs[0]), memoryview(interpreter.outputs[0])
for step in range(3):
    view[:] = array("b", [step * 10 + i for i in range(8)])
    interpreter.invoke()
    print(list(result))
print(list(memoryview(interpreter.outputs[0])[2:4]))

# Not beyond the end.
for index in (8, -9):
    try:
        view[index] = 1
    except IndexError:
        print("IndexError")
try:
    view[:] = array("b", [0] * 9)
except ValueError:
    print("ValueError")

# Files read straight into a tensor.
with open("digits.bin", "rb") as file:
    digits = tflm.Interpreter("model_int8.tflite")
    print(file.readinto(digits.inputs[0]))
    file.seek(0)
    print(bytes(digits.inputs[0]) == file.read(64))
