# Sizing the arena takes no more memory than what it finds: a model that just fits is
# not refused because planning wanted a rounder figure.
import gc

import tflm

PIECE = 1008

with open("slow.tflite", "rb") as file:
    model = file.read()
needed = tflm.Interpreter(model).arena_size
held = [None] * 8000


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
    # Not the last ones: a stray pointer may keep one of these.
    middle = fill() * 3 // 4
    for i in range(size // PIECE + 1):
        held[middle - i] = None
    gc.collect()


leave(needed + 4096)
interpreter = tflm.Interpreter(model)
print(interpreter.arena_size == needed)
interpreter = None

leave(needed // 2)
try:
    tflm.Interpreter(model)
    message = "made"
except tflm.ArenaError as error:
    held = None
    message = str(error)
# An engine that knows without trying says how much; TFLM, that it is more than it tried.
words = message.replace("needs over", "needs").split()
print(words[:2], words[3:6], words[7:], int(words[6]) < needed)
