# Two threads with an interpreter each: both right, whatever the other does.
try:
    import _thread
except ImportError:
    print("SKIP: threads")
    raise SystemExit

import gc
import time

import tflm

with open("digits.bin", "rb") as file:
    pixels = file.read(64 * 40)
images = [[pixel / 16 for pixel in pixels[i : i + 64]] for i in range(0, len(pixels), 64)]
models = ("model_int8.tflite", "model_float32.tflite")
alone = []
for model in models:
    interpreter = tflm.Interpreter(model)
    alone.append([interpreter.predict(image) for image in images])
wrong = [0, 0]
done = [False, False]


def run(which):
    try:
        interpreter = tflm.Interpreter(models[which])
        for round in range(5):
            for i, image in enumerate(images):
                wrong[which] += interpreter.predict(image) != alone[which][i]
            interpreter = tflm.Interpreter(models[which])
    except Exception as error:
        print("thread", which, error)
    done[which] = True


_thread.start_new_thread(run, (0,))
_thread.start_new_thread(run, (1,))
deadline = time.ticks_add(time.ticks_ms(), 30000)
while not all(done) and time.ticks_diff(deadline, time.ticks_ms()) > 0:
    gc.collect()
    time.sleep_ms(2)
print(done, wrong)
