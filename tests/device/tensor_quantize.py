# quantize: half away from zero, saturated, any iterable of the right length.
# The int8 tensor has scale 0.5 and zero point -3.
from array import array

import tflm

interpreter = tflm.Interpreter("echo_b.tflite")
tensor = interpreter.inputs[0]


def raw(values):
    tensor.quantize(values)
    return list(memoryview(tensor))


print(raw([0, 0.5, -0.5, 1, -1, 2, 10, -10]))
# Halves: 0.25 / 0.5 is 0.5, away from zero, before the zero point is added.
print(raw([0.25, -0.25, 0.75, -0.75, 1.25, -1.25, 0.2499, -0.2499]))
inf = float("inf")
print(raw([64, 65, -62.5, -63, 1e9, -1e9, inf, -inf]))
print(raw([65.24, 65.25, 65.5, -62.74, -62.75, 1e38, -1e38, 0.0]))

values = [0.5 * i for i in range(8)]
for given in (
    tuple(values),
    array("f", values),
    array("d", values),
    (v for v in values),
    map(float, values),
    iter(values),
):
    print(raw(given) == [-3, -2, -1, 0, 1, 2, 3, 4])
print(raw(bytes(range(8))), raw(bytearray(range(8))), raw(array("h", range(-4, 4))))
print(raw(range(8)), raw([True, False] * 4))
print(raw(memoryview(array("f", [9] + values))[1:]))

# Another tensor is one more buffer of values.
floats = tflm.Interpreter("echo_f.tflite")
floats.inputs[0].quantize(values)
print(raw(floats.inputs[0]))

for file in ("u8", "h", "i", "u32", "f"):
    other = tflm.Interpreter("echo_%s.tflite" % file).inputs[0]
    if other.dtype != "f":
        other.quantize([0, 0.125, -0.0624, 1.5, -1.5, 2.5, 1e30, -1e30])
    else:
        other.quantize([0, 0.125, -0.0625, 1.5, -1.5, 2.5, inf, -inf])
    print(other.dtype, list(memoryview(other)))
