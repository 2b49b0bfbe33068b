# The arena: sized by itself, so many bytes, or a buffer of the user's.
import tflm

MODEL = "model_int8.tflite"
IMAGE = [i / 64 for i in range(64)]

auto = tflm.Interpreter(MODEL)
expected = auto.predict(IMAGE)
needed = auto.arena_size
print(0 < auto.arena_used <= needed, tflm.Interpreter(MODEL, arena=None).arena_size == needed)

for size in (needed, needed + 1, needed + 100, 4 * needed):
    interpreter = tflm.Interpreter(MODEL, arena=size)
    print(interpreter.arena_size == size, interpreter.predict(IMAGE) == expected)

# At any offset: aligned inside, so a few bytes of it may be lost.
room = bytearray(needed + 64)
for offset in range(33):
    arena = memoryview(room)[offset : offset + needed + 16]
    interpreter = tflm.Interpreter(MODEL, arena=arena)
    lost = len(arena) - interpreter.arena_size
    if not (0 <= lost < 16 and interpreter.predict(IMAGE) == expected):
        print("wrong at", offset, lost)
print("offsets done")

# It is the buffer itself, and nothing beyond it is written.
guarded = bytearray(b"\xa5" * (needed + 4096))
arena = memoryview(guarded)[1024 : 1024 + needed + 15]
interpreter = tflm.Interpreter(MODEL, arena=arena)
for i in range(10):
    interpreter.predict(IMAGE)
print(guarded[:1024] == b"\xa5" * 1024, guarded[1024 + needed + 15 :] == b"\xa5" * 3057)
memoryview(interpreter.inputs[0])[:] = bytes([90] * 64)
print(bytes([90] * 64) in bytes(guarded))

for wrong in (-1, -4096):
    try:
        tflm.Interpreter(MODEL, arena=wrong)
    except ValueError as error:
        print(type(error), error)
for wrong in (1 << 62, 1 << 70):
    try:
        tflm.Interpreter(MODEL, arena=wrong)
    except (MemoryError, OverflowError):
        print("no such memory")
