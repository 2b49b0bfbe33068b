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
    """Hold everything that is free, in large pieces, then in single blocks; how many."""
    i = 0
    for size in (100000, 10000, 1000, 0):
        try:
            while True:
                held[i] = bytearray(size) if size else (held,)
                i += 1
        except MemoryError:
            pass
    return i


def exhaust(call, collecting):
    """(failures, other errors, whether it works at last)

    Without collections but between two calls, which is far quicker. With `collecting` the
    call is made once more, and each allocation that fails collects, wherever what it took
    says that it failed at another one.
    """
    failures = others = 0
    works = False
    before = made = None
    gc.disable()
    # Not by functions, whose frames would be free after them.
    last = first
    try:
        while True:
            held[last] = (held,)
            last += 1
    except MemoryError:
        pass
    while True:
        if collecting:
            taken, before = made, gc.mem_alloc()
        try:
            call()
            works = True
        except MemoryError:
            failures += 1
        except Exception:
            others += 1
        if collecting:
            made = gc.mem_alloc() - before
            if made != taken:
                gc.enable()
                try:
                    call()
                except MemoryError:
                    pass
                except Exception:
                    others += 1
                gc.disable()
        if works or last == first:
            break
        last -= 1
        held[last] = None
        gc.collect()
    gc.enable()
    while last > first:
        last -= 1
        held[last] = None
    gc.collect()
    return failures, others, works


def nested(depth):
    return (1, nested(depth - 1)) if depth else ()


def wipe(depth=2):
    """Write over what others left on the stack: go deep, and take no memory for it.

    In two ways and from several depths, since no frame writes all of its words.
    """
    if hash(deep) != 0 and deep == as_deep and depth:
        wipe(depth - 1)


def used():
    wipe()
    gc.collect()
    return gc.mem_alloc()


def leaks(call):
    """Whether more is held after each time that every allocation of the call failed.

    The collector takes old words on the stack for pointers. What such a word keeps alive is
    there until another takes its place: it does not add up, and what a leak loses does.
    """
    last, grown = used(), 0
    for _ in range(12):
        exhaust(call, False)
        now = used()
        if now == last:
            return False
        grown = grown + 1 if now > last else 0
        if grown == 4:
            return True
        last = now
    return False


deep, as_deep = nested(25), nested(25)
first = 0
for name, call in CASES:
    # A place for the call, in pieces: a stray pointer to one does not keep it all.
    for i in range(len(pieces)):
        pieces[i] = bytearray(480)
    first = fill()
    for i in range(len(pieces)):
        pieces[i] = None
    used()
    failures, others, works = exhaust(call, True)
    kept = not leaks(call)
    for i in range(first):
        held[i] = None
    print(name, failures > 0, others, works, kept)

print(interpreter.predict(image) == expected)
