# A stream and a block device in Python are given bytearrays over what they write and fill: a
# model does not change by them.
import os

import tflm
import vfs

if not hasattr(vfs, "VfsFat"):
    print("SKIP: fat")
    raise SystemExit

with open("model_int8.tflite", "rb") as file:
    data = file.read()
IMAGE = [i / 64 for i in range(64)]
expected = tflm.Interpreter(data).predict(IMAGE)


class Device:
    def __init__(self, blocks):
        self.data = bytearray(512 * blocks)
        self.seen = None

    def readblocks(self, number, buffer):
        buffer[:] = self.data[512 * number : 512 * number + len(buffer)]
        if self.seen is not None:
            self.seen.append(memoryview(buffer))

    def writeblocks(self, number, buffer):
        self.data[512 * number : 512 * number + len(buffer)] = buffer
        if self.seen is not None:
            self.seen.append(memoryview(buffer))

    def ioctl(self, op, argument):
        return {4: len(self.data) // 512, 5: 512}.get(op, 0)


def spoil(views):
    """Write over all that looks like a model's: dimensions, offsets."""
    for view in views:
        for i in range(len(view)):
            view[i] ^= 0x55


def still(what, net):
    try:
        print(what, net.predict(IMAGE) == expected, len(net.ops()))
    except Exception as error:
        print(what, repr(error))


device = Device(64)
vfs.VfsFat.mkfs(device)
vfs.mount(vfs.VfsFat(device), "/py")

# What a file is read to.
with open("/py/m.tflite", "wb") as file:
    file.write(data)
device.seen = []
net = tflm.Interpreter("/py/m.tflite")
spoil(device.seen)
still("path", net)

# What became a bytes, and a model in use.
vfs.umount("/py")
device.seen = None
vfs.VfsFat.mkfs(device)
vfs.mount(vfs.VfsFat(device), "/py")
with open("/py/m.tflite", "wb") as file:
    file.write(data)
device.seen = []
with open("/py/m.tflite", "rb") as file:
    read = file.read(len(data))
net = tflm.Interpreter(read)
spoil(device.seen)
still("read", net)

# What a bytes is written from.
net = tflm.Interpreter(data)
device.seen = []
os.remove("/py/m.tflite")
with open("/py/w.tflite", "wb") as file:
    file.write(data)
spoil(device.seen)
still("written", net)
