# Every allocation fails in turn: a MemoryError each time, and nothing is lost.
#
# The heap is filled, at last with single blocks. One after the other is given back, so
# that a call first fails at its first allocation, then at its next, until it works.
import gc

import tflm

with open("model_int8.tflite", "rb") as file:
    data = file.read()
unaligned = memoryview(bytearray(1) + data)[1:]
image = [i / 64 for i in range(64)]
room = tflm.Arena(8192)
interpreter = tflm.Interpreter(data)
expected = interpreter.predict(image)
source, target = interpreter.inputs[0], interpreter.outputs[0]
needed = interpreter.arena_size
broken = bytes(100)
held = [None] * 5000
pieces = [None] * 32


def refuse():
    try:
        tflm.Interpreter(broken)
    except tflm.ModelError:
        return True


CASES = (
    ("make", lambda: tflm.Interpreter(data)),
    ("make with arena", lambda: tflm.Interpreter(data, arena=room)),
    ("make with size", lambda: tflm.Interpreter(data, arena=needed)),
    ("make unaligned", lambda: tflm.Interpreter(unaligned)),
    ("make from file", lambda: tflm.Interpreter("model_int8.tflite")),
    ("refuse", refuse),
    ("invoke", interpreter.invoke),
    ("predict", lambda: interpreter.predict(image)),
    ("classify", lambda: interpreter.classify(image)),
    ("ops", interpreter.ops),
    ("repr", lambda: repr(interpreter)),
    ("dequantize", target.dequantize),
    ("quantize", lambda: source.quantize(v / 2 for v in image)),
    ("topk", lambda: target.topk(10)),
    ("describe", lambda: (source.name, source.shape, source.dtype, source.scale)),
    ("view", lambda: memoryview(source)),
    ("supported", tflm.supported_ops),
)


def fill():
    """Hold everything that is free, in large pieces, then in single blocks."""
    i = 0
    for size in (100000, 10000, 1000, 0):
        try:
            while True:
                held[i] = bytearray(size) if size else (held,)
                i += 1
        except MemoryError:
            pass
    return i


def used(depth=8):
    """Bytes that are held, collected at different depths of the stack.

    The collector takes old words there for pointers; on an ESP32 it scans 600 bytes that
    nobody wrote. What such a word keeps alive at one depth is gone at another.
    """
    gc.collect()
    return used(depth - 1) if depth else gc.mem_alloc()


def exhaust(call):
    """(failures, other errors, whether it works at last)"""
    # A place for the call, in pieces: a stray pointer to one does not keep it all.
    for i in range(len(pieces)):
        pieces[i] = bytearray(480)
    first = fill()
    for i in range(len(pieces)):
        pieces[i] = None
    used()
    # Not by a function, whose frame would be free after it.
    last = first
    try:
        while True:
            held[last] = (held,)
            last += 1
    except MemoryError:
        pass
    failures = others = 0
    works = False
    while True:
        try:
            call()
            works = True
        except MemoryError:
            failures += 1
        except Exception:
            others += 1
        if works or last == first:
            break
        last -= 1
        held[last] = None
        gc.collect()
    for i in range(last):
        held[i] = None
    return failures, others, works


def lost(call):
    """Bytes that are held longer than the call, the least of three runs.

    A leak loses them each time; a stray pointer that no depth of used() gets rid of keeps
    what one run made until another takes its place.
    """
    least = None
    for _ in range(3):
        before = used()
        exhaust(call)
        more = used() - before
        least = more if least is None else min(least, more)
        if least < 2 * block:
            break
    return least


before = cell = block = None  # a global that is new may make their dict grow
gc.collect()
before = gc.mem_alloc()
cell = (before,)
block = gc.mem_alloc() - before
for name, call in CASES:
    failures, others, works = exhaust(call)
    print(name, failures > 0, others, works, lost(call) < 2 * block)

print(interpreter.predict(image) == expected)
