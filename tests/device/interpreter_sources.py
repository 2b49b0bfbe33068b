# A model from bytes, a bytearray, a memoryview, a path; and from what is no model.
import tflm


def answer(model):
    return tflm.Interpreter(model).predict([0.25 * i for i in range(64)])


with open("model_int8.tflite", "rb") as file:
    data = file.read()
expected = answer("model_int8.tflite")
print(len(expected), [type(score) for score in expected[:1]])

for source in (data, bytearray(data), memoryview(data), memoryview(bytearray(data))):
    print(type(source), answer(source) == expected)
print("keyword", tflm.Interpreter(model=data).predict([0.0] * 64) is not None)

# More than the model is no harm, flatbuffers tell their own size.
print("longer", answer(data + bytes(5)) == expected)

for args, kw in (
    ((), {}),
    ((1,), {}),
    ((None,), {}),
    ((data, 4096), {}),
    ((data,), {"wrong": 1}),
    (("model_int8.tflite",), {"arena": "2048"}),
    ((data,), {"arena": b"never written" * 500}),
    ((data,), {"arena": 4096.0}),
):
    try:
        tflm.Interpreter(*args, **kw)
        print("made?", args[1:], kw)
    except TypeError:
        print("TypeError")

try:
    tflm.Interpreter("missing.tflite")
except OSError as error:
    print("OSError", error.errno)
try:
    tflm.Interpreter("")
except OSError:
    print("OSError")
