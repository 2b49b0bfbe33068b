# The arena: sized by itself, so many bytes, or an Arena that may be shared.
import tflm

MODEL = "model_int8.tflite"
IMAGE = [i / 64 for i in range(64)]

auto = tflm.Interpreter(MODEL)
expected = auto.predict(IMAGE)
needed = auto.arena_size
print(auto.arena_used == needed, tflm.Interpreter(MODEL, arena=None).arena_size == needed)

for size in (needed, needed + 1, needed + 100, 4 * needed):
    for arena in (size, tflm.Arena(size)):
        interpreter = tflm.Interpreter(MODEL, arena=arena)
        sizes = interpreter.arena_size, interpreter.arena_used
        print(sizes == (size, needed), interpreter.predict(IMAGE) == expected)

arena = tflm.Arena(100)
print(arena, len(arena), bool(arena), bool(tflm.Arena(0)), len(tflm.Arena(size=7)))
view = memoryview(arena)
print(len(view), view[0], view[99])
view[99] = 7
print(bytes(arena)[98:])


def of_interpreter(size):
    return tflm.Interpreter(MODEL, arena=size)


for wrong in (-1, -4096, -(1 << 70)):
    for make in (of_interpreter, tflm.Arena):
        try:
            make(wrong)
        except (ValueError, OverflowError) as error:
            print("negative" in str(error) or isinstance(error, OverflowError))
for wrong in (1 << 29, 1 << 32, 1 << 62, 1 << 70):
    for make in (of_interpreter, tflm.Arena):
        try:
            make(wrong)
        except (tflm.ArenaError, OverflowError) as error:
            text = str(error)
            print("arena needs 0 bytes" not in text, len(text) > 20)
# What may move, or is no memory, is no arena.
floats = tflm.Interpreter("model_float32.tflite")
for wrong in (bytearray(8192), bytes(8192), memoryview(bytearray(8192)), "8192", 8192.0, True):
    try:
        tflm.Interpreter(MODEL, arena=wrong)
    except TypeError as error:
        print(error)
for wrong in (memoryview(tflm.Arena(8192)), floats.inputs[0], auto, [8192]):
    try:
        tflm.Interpreter(MODEL, arena=wrong)
    except TypeError as error:
        print("tflm.Arena" in str(error))
for memory in ("", "internet", 3):
    try:
        tflm.Arena(16, memory=memory)
    except (TypeError, ValueError):
        print("no such memory")
