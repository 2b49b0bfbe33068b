# The ops of this firmware: (name, newest version), no name twice.
import tflm

ops = tflm.supported_ops()
print(type(ops), all(type(op) is tuple and len(op) == 2 for op in ops))
print(all(type(name) is str and name == name.upper() for name, version in ops))
print(all(type(version) is int and version >= 1 for name, version in ops))

names = [name for name, version in ops]
print(len(names) == len(set(names)))
for name in ("CONV_2D", "MAX_POOL_2D", "RESHAPE", "FULLY_CONNECTED", "QUANTIZE", "DEQUANTIZE"):
    print(name, name in names)

# A model's own ops are among them, in the order they run.
interpreter = tflm.Interpreter("model_int8.tflite")
print([name for name, version in interpreter.ops()])
have = dict(ops)
print(all(version <= have[name] for name, version in interpreter.ops()))
print(tflm.Interpreter("add.tflite").ops())
