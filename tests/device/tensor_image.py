# A camera's picture into the input: cut, averaged, quantized as the model's data were.
import gc

import micropython
import tflm

FORMATS = (("gray", 1), ("rgb565le", 2), ("rgb565be", 2), ("rgb888", 3))


def attempt(name, *args, **kwargs):
    try:
        image.load_image(*args, **kwargs)
        print(name, "done")
    except (TypeError, ValueError, RuntimeError) as error:
        print(name, type(error).__name__, error if isinstance(error, ValueError) else "")


net = tflm.Interpreter("model_int8.tflite")
image = net.inputs[0]
ramp = bytes(4 * i for i in range(64))
# The model tells that its data were divided by 16; a scale of one's own is for other pictures.
image.load_image(bytes(range(64)), 8, 8, "gray")
before = list(image)
image.quantize([i / 16 for i in range(64)])
print(before == list(image))
image.load_image(ramp, 8, 8, "gray", scale=1 / 255)
before = list(image)
image.quantize([4 * i / 255 for i in range(64)])
print(max(abs(before[i] - image[i]) for i in range(64)) <= 1)

# Twice as large, wider and higher than the model wants: the middle, averaged.
large = bytearray(20 * 16)
for y in range(16):
    for x in range(16):
        large[20 * y + 2 + x] = ramp[8 * (y // 2) + x // 2]
image.load_image(large, 20, 16, format="gray", scale=1 / 255)
print(list(image) == before)

for name, depth in FORMATS:
    for value in (0, 255):
        data = bytes([value]) * (30 * 20 * depth)
        image.load_image(data, 30, 20, name, 1 / 255)
        print(name, set(image) == {-128 if value == 0 else 127}, end=" ")
print()

red, green, blue = b"\xf8\x00", b"\x07\xe0", b"\x00\x1f"  # high byte first
for color in (red, green, blue):
    image.load_image(color * 64, 8, 8, "rgb565be", 1 / 255)
    first = image[0]
    image.load_image(bytes([color[1], color[0]]) * 64, 8, 8, "rgb565le", 1 / 255)
    print(first == image[0], first + 128, end=" ")
print()

# No memory is taken.
gc.collect()
try:
    micropython.heap_lock()
    image.load_image(large, 20, 16, "gray", 0.5)
    micropython.heap_unlock()
    print("no heap")
except AttributeError:
    image.load_image(large, 20, 16, "gray", 0.5)
    print("no heap")

attempt("short", ramp[1:], 8, 8, "gray")
attempt("long", ramp, 8, 7, "gray")
attempt("format", ramp, 8, 8, "jpeg")
attempt("no name", ramp, 8, 8, 7)
attempt("nothing", b"", 0, 8, "gray")
attempt("negative", ramp, -8, -8, "gray")
attempt("huge", ramp, 1 << 29, 8, "gray")
attempt("no buffer", list(ramp), 8, 8, "gray")
attempt("missing", ramp, 8, 8)
for scale in (0, -1, float("nan"), float("inf"), 1e-45, "x"):
    attempt("scale", ramp, 8, 8, "gray", scale)
attempt("itself", image, 8, 8, "gray")
attempt("small", ramp[:1], 1, 1, "gray", scale=1e-30)
attempt("large", ramp[:3], 1, 1, "rgb888", scale=1e30)
image = net.outputs[0]
attempt("no image", ramp, 8, 8, "gray")
for letter in ("f", "h", "q"):
    image = tflm.Interpreter("echo_%s.tflite" % letter).inputs[0]
    attempt(letter, ramp, 8, 8, "gray")
print(tflm.Interpreter("model_int8.tflite").classify([0.5] * 64) == net.classify([0.5] * 64))
