# memory_map: where tensors lie in the arena. Those that Python looks at lie elsewhere.
import tflm

for model in ("model_int8.tflite", "model_float32.tflite", "add.tflite"):
    interpreter = tflm.Interpreter(model)
    places = interpreter.memory_map()
    inside = all(0 <= at and at + size <= interpreter.arena_size for _, at, size in places)
    print(model, type(places), len(places) >= 2, inside)
    print(max(at + -(-size // 16) * 16 for _, at, size in places) == interpreter.arena_size)
    # By name and size: tinycnn's own models have no names.
    for tensor in interpreter.inputs + interpreter.outputs:
        row = (tensor.name, len(tensor) * (4 if tensor.dtype == "f" else 1))
        before = [(name, size) for name, _, size in interpreter.memory_map()].count(row)
        memoryview(tensor)
        after = [(name, size) for name, _, size in interpreter.memory_map()].count(row)
        print(tensor.shape, before - after)
