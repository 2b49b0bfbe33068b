# What Python does with the bytes of a model afterwards is nothing to its interpreter.
import io

import tflm

with open("model_int8.tflite", "rb") as file:
    data = file.read()
IMAGE = [i / 64 for i in range(64)]
expected = tflm.Interpreter(data).predict(IMAGE)


def still(net):
    return net.predict(IMAGE) == expected and len(net.ops()) == 3 and "op" in repr(net)


room = bytearray(data)
net = tflm.Interpreter(room)
with open("model_float32.tflite", "rb") as file:
    file.readinto(room)
print("read over", still(net))

room = bytearray(data)
net = tflm.Interpreter(memoryview(room))
try:
    room.extend(bytes(20000))
except BufferError:
    pass
room[:] = b""
print("resized", still(net))

room = bytearray(data)
net = tflm.Interpreter(room)
for i in range(len(room)):
    room[i] = 255
print("overwritten", still(net), net.inputs[0].shape)


class Bytes(bytes):
    pass


print("subclass", still(tflm.Interpreter(Bytes(data))))
stream = io.BytesIO(data)
try:
    tflm.Interpreter(stream)
except TypeError:
    print("a stream is no model")
for wrong in ("no_such.tflite", "samples/none.tflite", "."):
    try:
        tflm.Interpreter(wrong)
    except OSError as error:
        # A folder is no file (FAT, EINVAL), a directory (EISDIR), or a name that ROM lacks.
        print(error.errno if wrong != "." else error.errno in (2, 21, 22), wrong in str(error))
print(tflm.Interpreter("unused_code.tflite").predict([-1, 0, 1, 2]))
