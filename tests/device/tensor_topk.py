# argmax and topk: the largest first, of equals the first.
import tflm

interpreter = tflm.Interpreter("echo_b.tflite")
tensor = interpreter.inputs[0]
tensor.quantize([1, 5, 2, 5, -60, 0, 5, 3])
print(tensor.argmax(), tensor.topk(1), tensor.topk(3))
print(tensor.topk(8))
tensor.quantize([7] * 8)
print(tensor.argmax(), tensor.topk(8) == [(i, 7.0) for i in range(8)])
tensor.quantize([-1, -2, -3, -4, -5, -6, -7, -0.5])
print(tensor.argmax(), [index for index, score in tensor.topk(8)])
print(type(tensor.topk(2)), type(tensor.topk(1)[0]), [type(part) for part in tensor.topk(1)[0]])

for k in (0, -1, 9, 1 << 40):
    try:
        print("k", k, tensor.topk(k))
    except (ValueError, OverflowError) as error:
        print("k", k, error if k < 100 else "too large")
for k in (None, "1", 1.5):
    try:
        print("k", k, tensor.topk(k))
    except TypeError:
        print("TypeError")

for file in ("u8", "h", "i", "u32", "q", "f"):
    tensor = tflm.Interpreter("echo_%s.tflite" % file).inputs[0]
    tensor.quantize([1, 2, 9, 9, 3, 0, 1, 8])
    print(tensor.dtype, tensor.argmax(), tensor.topk(3))

# A float tensor may hold anything; NaN has no place in the order.
nan, inf = float("nan"), float("inf")
tensor.quantize([-inf, nan, 3, inf, nan, -1, inf, 0])
print(tensor.argmax(), tensor.topk(6))
print(len(tensor.topk(8)) <= 8)
tensor.quantize([nan] * 8)
print(tensor.argmax() < 8, len(tensor.topk(8)) <= 8)
