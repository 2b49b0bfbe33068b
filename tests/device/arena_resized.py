# A bytearray that grew or shrank is no model and no arena any more.
import tflm

with open("model_int8.tflite", "rb") as file:
    data = file.read()
IMAGE = [0.5] * 64


def attempt(name, call):
    try:
        call()
        print(name, "done")
    except RuntimeError as error:
        print(name, type(error), error)


def attempt_all(interpreter):
    tensor = interpreter.inputs[0]
    attempt("invoke", interpreter.invoke)
    attempt("predict", lambda: interpreter.predict(IMAGE))
    attempt("classify", lambda: interpreter.classify(IMAGE))
    attempt("quantize", lambda: tensor.quantize(IMAGE))
    attempt("dequantize", tensor.dequantize)
    attempt("argmax", tensor.argmax)
    attempt("topk", lambda: tensor.topk(1))
    attempt("memoryview", lambda: memoryview(tensor))
    attempt("bytes", lambda: bytes(tensor))
    attempt("attributes", lambda: (tensor.name, tensor.shape, tensor.scale, repr(tensor)))
    attempt("ops", lambda: (interpreter.ops(), repr(interpreter)))


def disturb():
    """Use whatever memory was given back."""
    return [bytearray(b"\xff" * 2000) for _ in range(10)]


print("- arena")
arena = bytearray(8192)
interpreter = tflm.Interpreter(data, arena=arena)
interpreter.invoke()
arena.extend(bytes(6000))
rest = disturb()
attempt_all(interpreter)

rest = None
print("- model")
model = bytearray(data)
interpreter = tflm.Interpreter(model)
interpreter.invoke()
model.extend(bytes(6000))
rest = disturb()
attempt_all(interpreter)

rest = None
print("- shrunk")
model = bytearray(data)
arena = bytearray(8192)
interpreter = tflm.Interpreter(model, arena=arena)
arena[4000:] = b""
rest = disturb()
attempt("invoke", interpreter.invoke)
interpreter = tflm.Interpreter(model)
model[16:] = b""
rest = disturb()
attempt("invoke", interpreter.invoke)
attempt("name", lambda: interpreter.inputs[0].name)

rest = model = interpreter = None
print("- while values are read")
arena = bytearray(8192)
interpreter = tflm.Interpreter(data, arena=arena)


def values():
    for i in range(64):
        if i == 30:
            arena[100:] = b""  # where one that grows may stay
            disturb()
        yield 0.5


attempt("quantize", lambda: interpreter.inputs[0].quantize(values()))
print(len(arena))
