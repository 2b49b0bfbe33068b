# dequantize: scale * (raw - zero point); integers without a scale as they are.

import tflm

VALUES = (
    ("b", [-128, -3, -2, 0, 1, 5, 126, 127]),
    ("u8", [0, 1, 127, 128, 129, 200, 254, 255]),
    ("h", [-32768, -1, 0, 1, 8, 9, 100, 32767]),
    ("i", [-1000000, -1, 0, 1, 2, 3, 4, 1000000]),
    ("u32", [0, 1, 2, 3, 4, 5, 6, 4000000000]),
    ("q", [-1000000, -1, 0, 1, 2, 3, 4, 1000000]),
    ("f", [0.0, 0.5, -0.5, 1.0, 2.0, 3.0, 4.0, 1024.25]),
)
for file, values in VALUES:
    interpreter = tflm.Interpreter("echo_%s.tflite" % file)
    tensor = interpreter.inputs[0]
    view = memoryview(tensor)
    for i in range(8):
        view[i] = values[i]
    real = tensor.dequantize()
    # Shown where every port prints them alike.
    print(tensor.dtype, real if max(real) < 1e6 else real == [float(v) for v in values])
    print(type(real), {type(value) for value in real})

    # There and back again, where floats hold the values.
    tensor.quantize(real)
    print(list(view) == values)
    interpreter.invoke()
    print(interpreter.outputs[0].dequantize() == real)
