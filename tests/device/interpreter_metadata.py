# What a model has among its metadata: bytes by a name, or nothing.
import struct

import tflm

net = tflm.Interpreter("model_int8.tflite")
print(struct.unpack("<f", net.metadata("tinycnn.input")))
print(net.metadata(b"tinycnn.input") == net.metadata("tinycnn.input"))
for name in ("", "tinycnn", "tinycnn.input\0", "tinycnn.inpux", "x" * 300):
    print(net.metadata(name))

net = tflm.Interpreter("metadata.tflite")
for name in ("one", "empty", "lost", "none", ""):
    print(name, net.metadata(name))
print(tflm.Interpreter("echo_f.tflite").metadata("one"))

for wrong in (None, 1, [], bytearray(b"one")):
    try:
        print(net.metadata(wrong))
    except TypeError:
        print("TypeError")
