# Values at the edges: 64 bits, a scale for each channel, NaN, names that are no text.
import tflm

nan, inf = float("nan"), float("inf")


def through(name, values):
    net = tflm.Interpreter(name)
    net.inputs[0].quantize(values)
    net.invoke()
    return list(memoryview(net.outputs[0]))


far = [1e30, -1e30, -5, 5, 2.0**62, -(2.0**63), inf, -inf]
signed = through("echo_q.tflite", far)
print(signed[0] == signed[6] == 2**63 - 1, signed[1] == signed[5] == signed[7] == -(2**63))
print(signed[2:5] == [-5, 5, 2**62])
positive = through("echo_u64.tflite", far)
print(positive[0] == positive[6] == 2**64 - 1, positive[1:4] == [0, 0, 5], positive[4] == 2**62)
positive = through("echo_u64.tflite", [2.0**63, 1.5 * 2.0**63, 2.0**64, 0, 0, 0, 0, 1])
print(positive[0] == 2**63, positive[1] == 3 * 2**62, positive[2] == 2**64 - 1)
net = tflm.Interpreter("echo_u64.tflite")
net.inputs[0].quantize([0, 1, 2.0**63, 3, 2.0**64, 5, 6, 7])
net.invoke()
print(net.outputs[0].topk(3) == [(4, 2.0**64), (2, 2.0**63), (7, 7.0)], net.outputs[0].argmax())

# Columns with scales of 0.5, 1 and 2.
net = tflm.Interpreter("per_channel.tflite")
tensor = net.inputs[0]
print(tensor.shape, tensor.scale, tensor.zero_point)
tensor.quantize([1, 1, 1, 4, 4, 4])
print(tensor.dequantize(), list(memoryview(tensor)))
tensor.quantize([100, 100, 250, -100, -100, -300])
print(tensor.dequantize(), tensor.argmax(), tensor.topk(2))

# NaN is less than all others, and there once.
net = tflm.Interpreter("echo_f.tflite")
source, target = net.inputs[0], net.outputs[0]
for values in (
    [nan, 1, nan, 3, 2, nan, -inf, nan],
    [nan] * 8,
    [3, nan, 3, -1, nan, 3, 0, inf],
):
    source.quantize(values)
    net.invoke()
    order = [index for index, _ in target.topk(8)]
    print(target.argmax(), order, sorted(order) == list(range(8)))

with open("echo_f.tflite", "rb") as file:
    data = bytearray(file.read())
at = bytes(data).find(b"answer")
data[at : at + 2] = b"\xff\xc3"
net = tflm.Interpreter(data)
print(net.outputs[0].name, net.outputs[0], net.memory_map()[1][0])
# A surrogate, beyond the last, a long form; two that are well.
forms = b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\x80", b"\xe2\x82\xac", b"\xf0\x9f\x98\x80"
for form in forms:
    data[at : at + len(form)] = form
    name = tflm.Interpreter(data).outputs[0].name
    print(len(name), [ord(c) for c in name[:2]])
    data[at : at + 6] = b"answer"
