# What numbers are given as: flat, nested in the tensor's shape, in any buffer; errors tell both
# numbers and the shape.
from array import array

import tflm

net = tflm.Interpreter("model_int8.tflite")
rows = [[(8 * i + j) / 64 for j in range(8)] for i in range(8)]
flat = [value for row in rows for value in row]
expected = net.predict(flat)
counts = [(i * 5) % 17 for i in range(64)]
expected_counts = net.predict(counts)


def attempt(name, values):
    for call in (net.predict, net.inputs[0].quantize):
        try:
            print(name, call(values) == expected)
        except (TypeError, ValueError, RuntimeError) as error:
            print(name, type(error).__name__, error)


for same in (
    rows,
    [rows],
    tuple(tuple(row) for row in rows),
    [[[value] for value in row] for row in rows],
    [[[[value] for value in row] for row in rows]],
    [array("f", row) for row in rows],
    [memoryview(array("f", flat))[i : i + 8] for i in range(0, 64, 8)],
    [flat],
    array("f", flat),
):
    print(net.predict(same) == expected, net.classify(same)[1] == max(expected))
for same in (bytes(counts), bytearray(counts), memoryview(bytes(counts)), iter(counts)):
    print(net.predict(same) == expected_counts)
for code in "bBhHiIlLqQfd":
    print(code, net.predict(array(code, counts)) == expected_counts, end=" ")
print(net.predict([bytes(counts[i : i + 8]) for i in range(0, 64, 8)]) == expected_counts)

attempt("63", flat[1:])
attempt("65 bytes", bytes(65))
attempt("array of 3", array("h", [1, 2, 3]))
attempt("iterator of 5", iter([0] * 5))
attempt("iterator of 65", iter([0] * 65))
attempt("none", [])
attempt("7x8", rows[1:])
attempt("4x16", [[0] * 16] * 4)
attempt("8x8x2", [[[0, 0]] * 8] * 8)
attempt("short row", rows[:7] + [[0] * 7])
attempt("long row", rows[:7] + [[0] * 9])
attempt("number among rows", rows[:7] + [3])
attempt("rows of nothing", [[], []])
attempt("number of the first", [3] + rows)
attempt("deep", [[[[[[[[[[[[[[0]]]]]]]]]]]]]])
attempt("text", "x" * 64)
attempt("rows of text", ["x" * 8] * 8)
endless = []
endless.append(endless)
attempt("endless", endless)


class Number:
    def __float__(self):
        rows[-1].clear()
        del many[2:]
        return 0.5


many = [[Number()] + row[1:] for row in rows[:1]] + rows[1:]
attempt("gone", many)
print(net.predict(flat) == expected)
