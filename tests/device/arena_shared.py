# Interpreters on one Arena, in turn, and Python that writes into it: each has its own answers.
import tflm

IMAGE = [i / 64 for i in range(64)]
NAMES = ("model_int8.tflite", "model_float32.tflite", "add.tflite", "echo_b.tflite")


def ask(net):
    for tensor in net.inputs:
        tensor.quantize(i % 7 / 4 for i in range(len(tensor)))
    net.invoke()
    return [tensor.dequantize() for tensor in net.outputs]


alone = [ask(tflm.Interpreter(name)) for name in NAMES]
arena = tflm.Arena(max(tflm.Interpreter(name).arena_size for name in NAMES))
nets = [tflm.Interpreter(name, arena=arena) for name in NAMES]
print([ask(net) for net in nets] == alone)

# In whatever order, and however the arena looks in between.
wrong = 0
view = memoryview(arena)
for step in range(40):
    which = step * 7 % len(nets)
    for i in range(len(view)):
        view[i] = (i * step + 255 - step) & 255
    wrong += ask(nets[which]) != alone[which]
print(wrong)

# Inputs last, and outputs do: nothing of them is in the arena.
for tensor in nets[0].inputs:
    tensor.quantize(IMAGE)
nets[0].invoke()
before = bytes(nets[0].inputs[0]), nets[0].outputs[0].dequantize()
for net in nets[1:]:
    ask(net)
for i in range(len(view)):
    view[i] = 0xA5
print((bytes(nets[0].inputs[0]), nets[0].outputs[0].dequantize()) == before)
nets[0].invoke()
print(nets[0].outputs[0].dequantize() == before[1])

# Half of the inputs before another one runs, half after.
add = nets[2]
add.inputs[0].quantize([1] * 6)
ask(nets[1])
add.inputs[1].quantize([2] * 6)
ask(nets[0])
add.invoke()
print(add.outputs[0].dequantize())

# The model itself in the Arena: it is copied, as all that may change.
with open("model_int8.tflite", "rb") as file:
    data = file.read()
room = tflm.Arena(len(data))
memoryview(room)[:] = data
net = tflm.Interpreter(room, arena=room)
memoryview(room)[:] = bytes(len(data))
print(ask(net) == alone[0])

# A net that is gone leaves the Arena to the others.
nets = nets[1:]
print([ask(net) for net in nets] == alone[1:])
