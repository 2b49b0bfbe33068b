# Classify handwritten digits with TensorFlow Lite Micro.
#
#   on a board      mpremote run device/classify.py
#   on a laptop     tinycnn simulate device/classify.py
#
# Needs a firmware with the tflm module, and the model and samples.py: on the file
# system, in ROMFS, or frozen into the firmware. Both are in device/: no TensorFlow is
# needed for them.

import os
import sys
import time
from array import array
from math import exp
from struct import unpack

from micropython import const

MODEL = "digits.tflite"  # or "model_int8.tflite": the one you trained
TEMPERATURE = 0.40  # of digits.tflite: softmax(scores / TEMPERATURE) are probabilities
SURE = 0.991  # a probability below this is not sure
LOOP = False  # True: for ever, a digit every PERIOD_MS
PERIOD_MS = const(2000)

INK = " .:-=+*#%@"  # from paper to full ink


class Stop(Exception):
    """Why this can't go on, in one line for the user."""


def find_model():
    """Return the model's path, or its bytes if it is frozen into the firmware."""
    for path in (MODEL, "/rom/" + MODEL):
        try:
            os.stat(path)
            return path
        except OSError:
            pass
    try:
        import frozen_models

        return getattr(frozen_models, MODEL.split(".")[0])
    except (ImportError, AttributeError):
        folder = "device/" if MODEL == "digits.tflite" else "build/models/"
        raise Stop("no " + MODEL + " here; copy it: mpremote cp " + folder + MODEL + " :")


def load():
    """Make the interpreter; raise Stop if something is missing."""
    try:
        import tflm
    except ImportError:
        raise Stop("this firmware has no tflm module; README.md tells how to get one")
    model = find_model()
    try:
        interpreter = tflm.Interpreter(model)
    except (tflm.ModelError, MemoryError) as error:
        raise Stop(MODEL + ": " + str(error))
    inputs, outputs = interpreter.inputs, interpreter.outputs
    if [len(t) for t in inputs] != [64] or [len(t) for t in outputs] != [10]:
        raise Stop(MODEL + ": not a model of 8x8 digits")
    print(MODEL, interpreter, "engine", tflm.engine)
    return interpreter


def load_samples():
    try:
        import samples
    except ImportError:
        raise Stop("no samples.py here; copy it: mpremote cp device/samples.py :")
    return samples


def find_divisor(interpreter, otherwise):
    """Return what raw values are divided by, as the images were that the model learned from."""
    told = interpreter.metadata("tinycnn.input")
    return unpack("<f", told)[0] if told and len(told) == 4 else otherwise


def read_pixels(image, pixels, divisor):
    """Fill `pixels` with floats from 0 (paper) to 1 (full ink)."""
    for i in range(len(pixels)):
        pixels[i] = image[i] / divisor


def draw(pixels, width):
    for start in range(0, len(pixels), width):
        for i in range(start, start + width):
            print(INK[int(pixels[i] * (len(INK) - 1))] * 2, end="")
        print()


def classify(interpreter, pixels):
    """Return (scores, microseconds of the inference alone)."""
    interpreter.inputs[0].quantize(pixels)
    start = time.ticks_us()
    interpreter.invoke()
    took = time.ticks_diff(time.ticks_us(), start)
    return interpreter.outputs[0].dequantize(), took


def probability(scores, best):
    """Of the score `best`: the softmax of all at TEMPERATURE."""
    return 1 / sum(exp((score - best) / TEMPERATURE) for score in scores)


def main():
    samples = load_samples()
    interpreter = load()
    divisor = find_divisor(interpreter, samples.DARKEST)
    pixels = array("f", [0] * (samples.WIDTH * samples.HEIGHT))
    while True:
        right = total_us = 0
        for index, digit, image in samples.SAMPLES:
            read_pixels(image, pixels, divisor)
            scores, took = classify(interpreter, pixels)
            best = max(scores)
            predicted = scores.index(best)
            doubt = "" if probability(scores, best) >= SURE else " (not sure)"
            right += predicted == digit
            total_us += took

            print("\nImage", index)
            draw(pixels, samples.WIDTH)
            print(", ".join("%.2f" % score for score in scores))
            print("Predicted class: %d%s   True class: %d" % (predicted, doubt, digit))
            if LOOP:
                time.sleep_ms(PERIOD_MS)
        count = len(samples.SAMPLES)
        print("\n%d of %d right" % (right, count))
        print("Arena: %d bytes, %d beside it" % (interpreter.arena_size, interpreter.kept_size))
        print("Time per inference: %d us, mean of %d" % (total_us // count, count))
        if not LOOP:
            break


try:
    main()
except Stop as error:
    print("classify:", error)
    sys.exit(1)
