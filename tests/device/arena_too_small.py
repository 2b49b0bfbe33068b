# Every arena smaller than needed is an ArenaError that tells both figures, and what
# is chosen without one is the smallest.
import gc

import tflm

for name in ("model_int8", "model_float32", "add", "echo_q", "slow"):
    model = name + ".tflite"
    needed = tflm.Interpreter(model).arena_size
    step = 8 if needed < 10000 else 1024
    wrong = 0
    near = max(needed - 64, 0)
    for size in list(range(0, near, step)) + list(range(near, needed, 4)):
        if step > 8 or size % 256 == 0:
            gc.collect()
        # Alternately a number and an Arena.
        arena = size if size // 4 % 2 else tflm.Arena(size)
        try:
            tflm.Interpreter(model, arena=arena)
            print(size, "would do, not", needed)
        except tflm.ArenaError as error:
            text = "arena of %d bytes, model needs %d" % (size, needed)
            if str(error) != text:
                wrong += 1
                print(error, "is not", text)
    interpreter = tflm.Interpreter(model, arena=needed)
    interpreter.invoke()
    print(name, wrong)
