# Methods on what they are not made for, and subclasses: a TypeError, or they work.
import tflm

NAME = "model_int8.tflite"
IMAGE = [i / 64 for i in range(64)]
net = tflm.Interpreter(NAME)
expected = net.predict(IMAGE)
for method in (
    tflm.Interpreter.invoke,
    tflm.Interpreter.ops,
    tflm.Interpreter.memory_map,
    tflm.Tensor.argmax,
    tflm.Tensor.dequantize,
):
    for wrong in (5, "text", tflm.Arena(16), tflm):
        try:
            method(wrong)
            print("taken?", wrong)
        except TypeError:
            pass
    try:
        method()
        print("taken?")
    except TypeError:
        pass
for make in (tflm.Tensor, lambda: type("T", (tflm.Tensor,), {})):
    try:
        make()
        print("made?")
    except TypeError:
        print("not by hand")


class Early(tflm.Interpreter):
    def __init__(self, name):
        for call in ("invoke", "ops", "predict", "memory_map"):
            try:
                getattr(self, call)()
                print("ran?", call)
            except (AttributeError, TypeError):
                pass
        super().__init__(name)


class Own(tflm.Interpreter):
    def twice(self, values):
        return self.predict(values), self.predict(values)


class Room(tflm.Arena):
    pass


print(Early(NAME).predict(IMAGE) == expected, Own(NAME).twice(IMAGE) == (expected, expected))
try:
    tflm.Interpreter(NAME, arena=Room(8192))
except TypeError:
    print("an Arena itself")

# Deleted by hand, it still does no harm.
net = tflm.Interpreter(NAME)
tensor = net.inputs[0]
net.__del__()
try:
    print(net.predict(IMAGE) == expected)
except RuntimeError:
    print(True)
print(len(memoryview(tensor)), tflm.Interpreter(NAME).predict(IMAGE) == expected)
