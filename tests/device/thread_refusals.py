# What an engine says of a model that it refuses goes to the thread that asked, whole.
try:
    import _thread
except ImportError:
    print("SKIP: threads")
    raise SystemExit

import time

import tflm

with open("refused.tflite", "rb") as file:
    refused = file.read()
with open("model_int8.tflite", "rb") as file:
    good = file.read()


def said():
    try:
        tflm.Interpreter(refused)
    except tflm.ModelError as error:
        return str(error)


alone = said()
print("zero_point" in alone or "quantized" in alone)
print("/" in alone, len(alone) > 40)
wrong = [0, 0]
ran = [0, 0]
stop = False
ended = 0


def ask(which):
    global ended
    while not stop:
        wrong[which] += said() != alone
        tflm.Interpreter(good)
        ran[which] += 1
    ended += 1


_thread.stack_size(16 * 1024)
_thread.start_new_thread(ask, (1,))
deadline = time.ticks_add(time.ticks_ms(), 20000)
while (ran[0] < 20 or ran[1] < 5) and time.ticks_diff(deadline, time.ticks_ms()) > 0:
    wrong[0] += said() != alone
    ran[0] += 1
    if ran[1] < 5:
        time.sleep_ms(1)
stop = True
while ended < 1 and time.ticks_diff(deadline, time.ticks_ms()) > 0:
    time.sleep_ms(2)
print(ended, wrong, ran[0] >= 20, ran[1] >= 5)
