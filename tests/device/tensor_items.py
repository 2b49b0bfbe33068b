# Raw values by index, by slice and in a loop; nothing is stored that the type has not.
import tflm


def attempt(name, call, *args):
    try:
        print(name, call(*args))
    except (IndexError, TypeError, ValueError, OverflowError, RuntimeError) as error:
        print(name, type(error).__name__)


def get(tensor, index):
    return tensor[index]


def put(tensor, index, value):
    tensor[index] = value
    return tensor[index]


def get_some(tensor):
    return tensor[0:2]


def put_some(tensor):
    tensor[0:2] = b"ab"


def remove(tensor):
    del tensor[0]


for letter in ("b", "u8", "h", "i", "u32", "q", "f"):
    net = tflm.Interpreter("echo_%s.tflite" % letter)
    tensor = net.inputs[0]
    last = len(tensor) - 1
    for i in range(last + 1):
        tensor[i] = i
    tensor[-1] = 100
    print(letter, tensor[0], tensor[last], tensor[-last - 1], tensor[1:3], tensor[:0], tensor[-2:])
    values = list(tensor)
    view = memoryview(tensor)
    print(
        values == list(view),
        list(tensor) == values,
        list(tensor[:]) == list(tensor[0:99]),
        100 in tensor,
    )
    view[0] = 7
    print(tensor[0], next(iter(tensor)), max(tensor), sorted(tensor)[0])
    net.invoke()
    print(list(net.outputs[0]) == list(tensor))
    for index in (last + 1, -last - 2, 1 << 20):
        attempt("index", get, tensor, index)
        attempt("store", put, tensor, index, 0)
    for value in (-129, -128, 127, 128, 255, 256, 32767, 1 << 31, 1.5, 1 << 70, None, "1"):
        if letter == "f" and isinstance(value, int):
            continue  # how a large one is printed depends on the float that a port has
        attempt("value", put, tensor, 0, value)
    attempt("delete", remove, tensor)
    attempt("store slice", put_some, tensor)
    attempt("string", get, tensor, "a")

# Somebody else's turn: a callback finds the interpreter taken.
net = tflm.Interpreter("echo_b.tflite")


class Number:
    def __float__(self):
        attempt("busy", get, net.inputs[0], 0)
        attempt("busy", put, net.inputs[0], 0, 0)
        attempt("busy", get_some, net.inputs[0])
        return 0.5


net.predict([Number()] + [0] * (len(net.inputs[0]) - 1))


class Own(tflm.Interpreter):
    pass


print(Own("echo_b.tflite").inputs[0][0])
