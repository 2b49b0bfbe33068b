# An arena over the model's own bytes is refused; beside them it is not.
import tflm

with open("model_int8.tflite", "rb") as file:
    data = file.read()
size = len(data)
needed = tflm.Interpreter(data).arena_size + 16
room = bytearray(size + 2 * needed + 64)
model = memoryview(room)[needed : needed + size]
model[:] = data
IMAGE = [i / 64 for i in range(64)]
expected = tflm.Interpreter(data).predict(IMAGE)

# An unaligned model is copied, and then nothing overlaps: take one that is aligned.
try:
    from uctypes import addressof

    start = needed + -addressof(model) % 16
except ImportError:
    start = needed
model = memoryview(room)[start : start + size]
model[:] = data
end = start + size

for first, last in (
    (start, end),
    (start - 64, end),
    (start + 64, end),
    (end - 16, end + needed),
    (0, start + 16),
    (0, len(room)),
):
    try:
        tflm.Interpreter(model, arena=memoryview(room)[first:last])
        print("taken?", first - start, last - end)
    except ValueError as error:
        print(type(error), error)
print(bytes(model) == data)

for first, last in ((end, end + needed), (0, start)):
    interpreter = tflm.Interpreter(model, arena=memoryview(room)[first:last])
    print(interpreter.predict(IMAGE) == expected, bytes(model) == data)
