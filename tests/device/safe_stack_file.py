# A model's file is opened at every depth of the stack that there is: then a RuntimeError.
import os
import sys

import tflm

MODEL = "model_int8.tflite"


def down(seen):
    try:
        tflm.Interpreter(MODEL)
        seen[0] += 1
    except RuntimeError:
        seen[1] += 1
    except MemoryError:
        seen[2] += 1
    down(seen)


# MicroPython's littlefs overflows the stack of an ESP32 by itself: open(MODEL) crashes it, too.
if sys.platform == "esp32" and not os.getcwd().startswith("/rom"):
    print("SKIP: deep_files")
else:
    seen = [0, 0, 0]
    try:
        down(seen)
    except RuntimeError:
        pass
    print(seen[0] > 0, seen[1] > 0)
