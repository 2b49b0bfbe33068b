# What an interpreter tells of itself.
import tflm

interpreter = tflm.Interpreter("add.tflite")
print(type(interpreter.inputs), type(interpreter.outputs))
print([tensor.name for tensor in interpreter.inputs])
print([tensor.name for tensor in interpreter.outputs])
print(all(type(tensor) is tflm.Tensor for tensor in interpreter.inputs + interpreter.outputs))
print(interpreter.inputs is interpreter.inputs, interpreter.inputs[0] is interpreter.inputs[0])

print(0 < interpreter.arena_used <= interpreter.arena_size)
text = repr(interpreter)
print(text.replace(str(interpreter.arena_size), "N"))

for name in ("inputs", "arena_size", "invoke", "new"):
    try:
        setattr(interpreter, name, 1)
        print("set?", name)
    except AttributeError:
        print("AttributeError", name)
try:
    interpreter.missing
except AttributeError:
    print("AttributeError missing")

# Values of both inputs go in, both outputs come out.
interpreter.inputs[0].quantize([0, 1, 2, 3, 4, 5])
interpreter.inputs[1].quantize([10, 10, 10, 0.5, -4, 0])
print(interpreter.invoke())
print(interpreter.outputs[0].dequantize())
print(interpreter.outputs[1].dequantize())

# The short forms are for one input and one output.
for method in (interpreter.predict, interpreter.classify):
    try:
        method([0] * 6)
    except ValueError as error:
        print("ValueError", error)
