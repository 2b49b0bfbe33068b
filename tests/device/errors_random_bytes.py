# Bytes that are no model at all: always a ModelError, whatever their length.
import tflm


def noise(seed, count):
    """The same bytes on every port."""
    out = bytearray(count)
    for i in range(count):
        seed = (seed * 1103515245 + 12345) & 0x3FFFFFFF
        out[i] = seed >> 16 & 0xFF
    return out


def refused(model):
    try:
        tflm.Interpreter(model)
    except tflm.ModelError as error:
        return len(str(error)) > 0
    return False


print("empty", refused(b""), refused(bytearray()), refused(memoryview(b"")))
print("zeros", all(refused(bytes(count)) for count in range(100)))
print("ones", all(refused(b"\xff" * count) for count in range(100)))
print("noise", all(refused(noise(seed, seed % 97)) for seed in range(300)))

# With the mark of a TFLite file, and a root that lies inside.
count = 0
for seed in range(300):
    model = noise(seed, 64 + seed * 7 % 1000)
    model[4:8] = b"TFL3"
    model[0:4] = bytes([16 + seed % 32, 0, 0, 0])
    count += refused(model)
print("headed", count)
with open("digits.bin", "rb") as file:
    print("pixels", refused(file.read(4096)))
for path in ("samples.py", "classify.py"):
    print(path, refused(path))

# The texts are for people.
for model in (b"", b"TFL3", bytes(100)):
    try:
        tflm.Interpreter(model)
    except tflm.ModelError as error:
        print(type(error), error)
