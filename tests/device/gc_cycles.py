# Making, running and dropping interpreters leaves memory as it was.
import gc
import time

import tflm

with open("model_int8.tflite", "rb") as file:
    data = file.read()
IMAGE = b"\x00" * 64


def cycle(arena=None):
    interpreter = tflm.Interpreter(data, arena=arena)
    memoryview(interpreter.inputs[0])[:] = IMAGE
    interpreter.invoke()
    return interpreter.outputs[0].argmax()


def used(depth=8):
    gc.collect()  # at several depths of the stack: other old words lie at each
    return used(depth - 1) if depth else gc.mem_alloc()


first = cycle()
start = time.ticks_ms()
for _ in range(20):
    cycle()
took = time.ticks_diff(time.ticks_ms(), start)
# 100,000 where it takes seconds, fewer on what is slow.
count = 50000 if took < 10 else 1000
# The collector may take a stray number for a pointer and keep an interpreter or two;
# one block a cycle would be more.
SLACK = 10000

room = tflm.Arena(8192)
for arena in (None, room):
    before = used()
    wrong = 0
    for _ in range(count):
        wrong += cycle(arena) != first
    print(wrong, used() - before < SLACK)

# Refusals leave nothing behind either.
broken = bytearray(data)
broken[40:60] = b"\xff" * 20
before = used()
refused = 0
for _ in range(count):
    try:
        tflm.Interpreter(broken)
    except tflm.ModelError:
        refused += 1
    try:
        tflm.Interpreter(data, arena=256)
    except tflm.ArenaError:
        refused += 1
print(refused == 2 * count, used() - before < SLACK)
