# An Arena beside MicroPython's heap stays where it is, whatever Python does in a collection: the
# finaliser of an open file runs the code of a block device.
import gc

import tflm
import vfs

try:
    arena = tflm.Arena(8192, "internal")
except ValueError:
    print("SKIP: memory")
    raise SystemExit

hook = None
calls = 0


class Device:
    def __init__(self):
        self.data = bytearray(512 * 50)

    def readblocks(self, number, buffer):
        for i in range(len(buffer)):  # as nothing may be allocated in a collection
            buffer[i] = self.data[512 * number + i]

    def writeblocks(self, number, buffer):
        global calls
        if hook is not None:
            calls += 1
            hook()
            return
        self.data[512 * number : 512 * number + len(buffer)] = buffer

    def ioctl(self, op, argument):
        return 50 if op == 4 else 512 if op == 5 else 0


def drop():
    file = open("/py/f", "wb")  # noqa: SIM115 - its finaliser is what is wanted
    file.write(b"x")


def deep(depth):
    return deep(depth - 1) if depth else 0


# All that Python may try to end an Arena with.
names = ("__del__", "close", "deinit", "__exit__")
methods = [getattr(arena, name) for name in names if hasattr(arena, name)] + [tflm.__init__]


def end():
    for method in methods:
        method()


device = Device()
vfs.VfsFat.mkfs(device)
vfs.mount(vfs.VfsFat(device), "/py")
view = memoryview(arena)
net = tflm.Interpreter("model_int8.tflite", arena=arena)
image = [i / 64 for i in range(64)]
expected = net.predict(image)
for _ in range(5):
    drop()
    deep(10)
    hook = end
    gc.collect()
    hook = None
print(calls > 0)
others = [tflm.Arena(4096, "internal") for _ in range(2)]
for i in range(len(view)):
    view[i] = 0x55
print([max(memoryview(other)) for other in others], net.predict(image) == expected)
