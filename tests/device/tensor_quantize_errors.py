# What quantize does not take.
from array import array

import tflm

interpreter = tflm.Interpreter("echo_b.tflite")
tensor = interpreter.inputs[0]


def endless():
    while True:
        yield 0


def attempt(name, values):
    try:
        tensor.quantize(values)
        print(name, "taken?")
    except (ValueError, TypeError, ZeroDivisionError) as error:
        print(name, type(error), error if isinstance(error, ValueError) else "")


nan = float("nan")
attempt("nan", [0, nan, 0, 0, 0, 0, 0, 0])
attempt("nan array", array("f", [nan] * 8))
attempt("none", [])
attempt("7", [0] * 7)
attempt("9", [0] * 9)
attempt("array 7", array("f", [0] * 7))
attempt("array 9", array("f", [0] * 9))
attempt("bytes 7", bytes(7))
attempt("generator 7", (0 for _ in range(7)))
attempt("generator 9", (0 for _ in range(9)))
attempt("endless", endless())
attempt("str", "01234567")
attempt("strings", ["0"] * 8)
attempt("lists", [[0, 0]] * 8)
attempt("None", None)
attempt("int", 8)
attempt("raises", (1 // (4 - i) for i in range(8)))

# It still works, and a float tensor takes NaN as it is.
tensor.quantize([1] * 8)
print(list(memoryview(tensor)))
floats = tflm.Interpreter("echo_f.tflite").inputs[0]
floats.quantize([nan] * 8)
print(floats.dequantize())
for count in (7, 9):
    try:
        floats.quantize([0] * count)
    except ValueError as error:
        print("ValueError", error)
for wrong in ((), (1, 2)):
    try:
        tensor.quantize(*wrong)
    except TypeError:
        print("TypeError")
