# Lengths come from buffers, not from what Python says of them; and what runs in between
# finds the interpreter taken.
import array

import tflm

SIZE = 64
net = tflm.Interpreter("model_int8.tflite")
net_f = tflm.Interpreter("model_float32.tflite")
IMAGE = [i / SIZE for i in range(SIZE)]
expected = net.predict(IMAGE)
expected_f = net_f.predict(IMAGE)


def attempt(name, call):
    try:
        print(name, call())
    except (ValueError, TypeError, RuntimeError) as error:
        print(name, type(error).__name__, error)


class LongArray(array.array):
    def __len__(self):
        return SIZE


class ShortArray(array.array):
    def __len__(self):
        return 1


class LongList(list):
    def __len__(self):
        return SIZE


attempt("long array", lambda: net.inputs[0].quantize(LongArray("f", [1.0])))
attempt("long array", lambda: net.predict(LongArray("f", [1.0] * 63)))
attempt("short array", lambda: net.predict(ShortArray("f", IMAGE)) == expected)
attempt("long list", lambda: net_f.classify(LongList([1.0] * 3)))
attempt("bytes", lambda: net.predict(b"\x00" * 63))
attempt("view", lambda: net.predict(memoryview(array.array("f", IMAGE + [0]))[:SIZE]) == expected)
attempt("view", lambda: net.predict(memoryview(array.array("f", IMAGE))[1:]))


class Number:
    """A value that does something when it is asked for."""

    def __init__(self, act):
        self.act = act

    def __float__(self):
        self.act()
        return 0.5

    def __int__(self):
        self.act()
        return 0


source = array.array("f", IMAGE)
values = [0.5] * SIZE
for name, act in (
    ("invoke", net.invoke),
    ("predict", lambda: net.predict(IMAGE)),
    ("quantize", lambda: net.inputs[0].quantize(IMAGE)),
    ("dequantize", lambda: net.outputs[0].dequantize()),
    ("argmax", lambda: net.outputs[0].argmax()),
    ("topk", lambda: net.outputs[0].topk(1)),
    ("view", lambda: memoryview(net.outputs[0])),
):

    def numbers(act=act):
        yield from IMAGE[:9]
        act()
        yield from IMAGE[9:]

    attempt(name, lambda: net.inputs[0].quantize(numbers()))
    attempt(name, lambda: net.predict(numbers()))
# It was given back each time, and another interpreter is free meanwhile.
print(net.predict(IMAGE) == expected)


def others():
    for value in IMAGE:
        if net_f.predict(IMAGE) != expected_f:
            print("wrong")
        yield value


print(net.predict(others()) == expected)


def mutated():
    values[:] = []
    return 0.5


class Mutating(list):
    def __iter__(self):
        for i in range(SIZE):
            source[:] = array.array("f", [])
            yield IMAGE[i]


print(net.predict(Mutating()) == expected)
attempt("k", lambda: net.outputs[0].topk(Number(net.invoke)))
# Its own output as its input: the same network twice.
net_f.predict(IMAGE)
attempt("tensor", lambda: net_f.inputs[0].quantize(net_f.outputs[0]))
echo = tflm.Interpreter("echo_f.tflite")
echo.inputs[0].quantize(range(8))
echo.invoke()
echo.inputs[0].quantize(echo.outputs[0])
echo.invoke()
print(echo.outputs[0].dequantize())
