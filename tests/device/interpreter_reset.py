# reset: a model without a state is as it was, and one that is in use says so.
import tflm

interpreter = tflm.Interpreter("model_int8.tflite")
image = [i / 64 for i in range(64)]
print(interpreter.reset())
expected = interpreter.predict(image)
view = memoryview(interpreter.outputs[0])
before = bytes(view)
interpreter.reset()
print(bytes(view) == before, interpreter.outputs[0].dequantize() == expected)
print(interpreter.predict(image) == expected)


def values():
    for value in image:
        try:
            interpreter.reset()
        except RuntimeError as error:
            refused.append(str(error))
        yield value


refused = []
print(interpreter.predict(values()) == expected)
print(len(refused), refused[0])
interpreter.reset()
print(interpreter.predict(image) == expected)

try:
    interpreter.reset(1)
except TypeError:
    print("TypeError")
