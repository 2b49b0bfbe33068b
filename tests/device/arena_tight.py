# Sizing the arena takes no more memory than what it finds: a model that just fits is
# not refused because planning wanted a rounder figure.
import gc
import os
import sys

import tflm
from uctypes import addressof

PIECE = 992
STEP = PIECE + (32 if sys.maxsize >> 32 else 16)  # with its object, a block of the heap

model = "slow.tflite"
size = os.stat(model)[6]
gc.collect()
before = gc.mem_alloc()
first = tflm.Interpreter(model)  # kept: the place of a dead one might become free at any time
needed = first.arena_size
# What an interpreter copies first, if the file is not in flash.
copy = size + STEP if gc.mem_alloc() - before > size + needed else 0
held = [None] * (500 if sys.platform == "qemu" else 8000)  # as large as a heap may be


def fill():
    """Hold all of the heap in pieces, most of them one behind the other."""
    count = 0
    try:
        while True:
            held[count] = bytearray(PIECE)
            count += 1
    except MemoryError:
        return count


def leave(size):
    """Fill the heap but for `size` bytes in one piece, or a little more."""
    for i in range(len(held)):
        held[i] = None
    gc.collect()
    # Not the last ones: a stray pointer may keep one of these. And all in one of the areas
    # that the heap of a chip consists of.
    more = size // PIECE
    start = last = fill() * 3 // 4
    step = -1
    while not 0 < addressof(held[last]) - addressof(held[last - more]) <= more * STEP:
        last += step
        if last < more:
            last, step = start, 1
    for i in range(more + 1):
        held[last - i] = None
    gc.collect()


leave(copy + needed // 2)
message = "made"
try:
    tflm.Interpreter(model)
except tflm.ArenaError as error:
    for i in range(len(held)):
        held[i] = None
    message = str(error)
# An engine that knows without trying says how much; TFLM, that it is more than it tried.
words = message.replace("needs over", "needs").split()
print(words[:2], words[3:6], words[7:], int(words[6]) < needed)

leave(copy + needed + 4096)
print(tflm.Interpreter(model).arena_size == needed)
