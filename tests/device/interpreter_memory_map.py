# memory_map: where tensors lie in the arena, which is where the views are.
import tflm

for model in ("model_int8.tflite", "model_float32.tflite", "add.tflite"):
    arena = bytearray(8192)
    interpreter = tflm.Interpreter(model, arena=memoryview(arena)[: 8192 - 16])
    places = interpreter.memory_map()
    inside = all(0 <= at and at + size <= interpreter.arena_size for _, at, size in places)
    print(model, type(places), len(places) >= 2, inside)
    # By name and size: tinycnn's own models have no names.
    by_name = {(name, size): at for name, at, size in places}
    for tensor in interpreter.inputs + interpreter.outputs:
        size = len(bytes(tensor))
        at = by_name[(tensor.name, size)]
        mark = bytes((i * 7 + 1) % 120 for i in range(size))
        # The arena begins at an aligned place, within 16 bytes of the buffer's start.
        found = 0
        for start in range(16):
            before = arena[start + at : start + at + size]
            arena[start + at : start + at + size] = mark
            found += bytes(tensor) == mark
            arena[start + at : start + at + size] = before
        print(tensor.shape, found == 1)
