# Classify what a camera sees, without a list of its pixels: Tensor.load_image().
#
#   on a board      mpremote run device/picture.py
#   on a laptop     tinycnn simulate device/picture.py
#
# In place of a camera it has a picture of 160x120 made of a sample, 5, 6 and 5 bits of red, green
# and blue, the high byte first, as an OV2640 sends it. With a firmware that has a driver, such as
# cnadler86/micropython-camera-API (untried here), take this for capture():
#
#   from camera import Camera, FrameSize, PixelFormat
#   camera = Camera(frame_size=FrameSize.QQVGA, pixel_format=PixelFormat.RGB565)
#   def capture():
#       return camera.capture()

import time

import samples
import tflm
from micropython import const

MODEL = "digits.tflite"
WIDTH = const(160)
HEIGHT = const(120)


def capture(number):
    """Return the picture: a sample in the middle, each of its pixels 15 x 15, ink white."""
    frame = bytearray(2 * WIDTH * HEIGHT)
    pixels = samples.SAMPLES[number][2]
    side = HEIGHT // samples.HEIGHT
    for i in range(len(pixels)):
        gray = min(pixels[i] * 16, 255)
        word = (gray >> 3) << 11 | (gray >> 2) << 5 | gray >> 3
        row = (word).to_bytes(2, "big") * side
        left = (WIDTH - HEIGHT) // 2 + i % samples.WIDTH * side
        for y in range(i // samples.WIDTH * side, (i // samples.WIDTH + 1) * side):
            start = 2 * (y * WIDTH + left)
            frame[start : start + len(row)] = row
    return frame


net = tflm.Interpreter(MODEL)
image, scores = net.inputs[0], net.outputs[0]
for number in range(len(samples.SAMPLES)):
    frame = capture(number)
    start = time.ticks_us()
    # What the model learned from is from 0 to 1; a byte of a picture is up to 255.
    image.load_image(frame, WIDTH, HEIGHT, "rgb565be", scale=1 / 255)
    loaded = time.ticks_us()
    net.invoke()
    done = time.ticks_us()
    took = time.ticks_diff(loaded, start), time.ticks_diff(done, loaded)
    print(
        "Predicted class: %d   True class: %d" % (scores.argmax(), samples.SAMPLES[number][1]),
        end="",
    )
    print("   load_image %d us, invoke %d us" % took)
