# A constant of the model that is an output can be read, and nothing can write it.
import tflm

with open("constant.tflite", "rb") as file:
    data = file.read()
before = bytes(bytearray(data))
for arena in (None, tflm.Arena(1024)):
    net = tflm.Interpreter(data, arena=arena)
    relu, constant = net.outputs
    try:
        constant.quantize([9] * 4)
    except ValueError as error:
        print(error)
    with open("constant.tflite", "rb") as file:
        try:
            file.readinto(constant)
        except (TypeError, OSError):
            print("refused")
    view = memoryview(constant)
    try:
        view[0] = 9
    except TypeError:
        print("read only")
    net.inputs[0].quantize([-1, 0, 1, 2])
    net.invoke()
    print(relu.dequantize(), constant.dequantize(), list(view), constant.argmax())
print(bytes(data) == before)
