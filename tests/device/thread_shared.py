# Threads with one interpreter, and interpreters with one Arena: right answers or "busy".
try:
    import _thread
except ImportError:
    print("SKIP: threads")
    raise SystemExit

import time
from array import array

import tflm

SIZE = 64
mine = array("f", [i / SIZE for i in range(SIZE)])
theirs = array("f", [1.0 - i / SIZE for i in range(SIZE)])
names = ("model_int8.tflite", "model_float32.tflite")
stop = False
ended = 0


def wait(count):
    global stop
    stop = True
    deadline = time.ticks_add(time.ticks_ms(), 20000)
    while ended < count and time.ticks_diff(deadline, time.ticks_ms()) > 0:
        time.sleep_ms(2)
    return ended == count


# One interpreter: an answer is one's own.
net = tflm.Interpreter(names[0])
answers = net.predict(mine), net.predict(theirs)
wrong = [0, 0]
ran = [0, 0]


def ask(which, values):
    global ended
    while not stop:
        try:
            wrong[which] += net.predict(values) != answers[which]
            ran[which] += 1
        except RuntimeError:
            time.sleep_ms(1)
    ended += 1


def going():
    """Not all have run yet, and there is time."""
    return (ran[0] < 60 or ran[1] == 0) and time.ticks_diff(deadline, time.ticks_ms()) > 0


_thread.start_new_thread(ask, (1, theirs))
deadline = time.ticks_add(time.ticks_ms(), 20000)
while going():
    try:
        wrong[0] += net.predict(mine) != answers[0]
        ran[0] += 1
    except RuntimeError:
        time.sleep_ms(1)
    if ran[1] == 0:
        time.sleep_ms(1)
print(wait(1), wrong, ran[0] >= 60, ran[1] > 0)

# One Arena, an interpreter for each thread, and a third that writes into the Arena.
stop, ended = False, 0
arena = tflm.Arena(8192)
nets = [tflm.Interpreter(name, arena=arena) for name in names]
alone = [tflm.Interpreter(name).predict(mine) for name in names]
wrong = [0, 0]
ran = [0, 0]


def run(which):
    global ended
    while not stop:
        wrong[which] += nets[which].predict(mine) != alone[which]
        ran[which] += 1
    ended += 1


_thread.start_new_thread(run, (1,))
deadline = time.ticks_add(time.ticks_ms(), 20000)
while going():
    wrong[0] += nets[0].predict(mine) != alone[0]
    ran[0] += 1
    time.sleep_ms(1)
print(wait(1), wrong, ran[0] >= 60, ran[1] > 0)

stop, ended = False, 0


def write():
    global ended
    view = memoryview(arena)
    step = 0
    while not stop:
        step += 1
        for i in range(0, len(view), 7):
            view[i] = (i * step) & 255
    ended += 1


_thread.start_new_thread(write, ())
for _ in range(60):
    nets[0].predict(mine)
    nets[1].classify(theirs)
print(wait(1))
print([net.predict(mine) for net in nets] == alone)
