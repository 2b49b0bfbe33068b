# Name, shape, type and quantization of tensors.
import tflm

for letter in ("b", "u8", "h", "i", "u32", "q", "f"):
    interpreter = tflm.Interpreter("echo_%s.tflite" % letter)
    tensor = interpreter.inputs[0]
    print(tensor, interpreter.outputs[0])
    print(tensor.name, tensor.shape, tensor.dtype, tensor.scale, tensor.zero_point, len(tensor))
    print(bool(tensor), type(tensor.shape), type(tensor.scale), type(tensor.zero_point))

digits = tflm.Interpreter("model_int8.tflite")
tensor, scores = digits.inputs[0], digits.outputs[0]
print(tensor.shape, tensor.dtype, len(tensor), 0 < tensor.scale < 1, tensor.zero_point)
print(scores.shape, scores.dtype, len(scores), 0 < scores.scale, -128 <= scores.zero_point < 128)
floats = tflm.Interpreter("model_float32.tflite")
print(floats.inputs[0].dtype, floats.inputs[0].scale, floats.outputs[0].zero_point)

for name in ("name", "shape", "scale", "new"):
    try:
        setattr(tensor, name, 1)
        print("set?", name)
    except AttributeError:
        print("AttributeError", name)
for bad in (lambda: tensor["0"], lambda: tensor + 1, lambda: tensor()):
    try:
        print("done?", bad())
    except TypeError:
        print("TypeError")
