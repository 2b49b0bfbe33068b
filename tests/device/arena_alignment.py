# Wherever they lie, tensors are aligned to 16 bytes.
try:
    from uctypes import addressof
except ImportError:
    print("SKIP: uctypes")
    raise SystemExit

import tflm

for name in ("model_int8.tflite", "model_float32.tflite", "add.tflite", "echo_q.tflite"):
    wrong = 0
    for arena in (None, 8191, 8192, tflm.Arena(8191), tflm.Arena(8192)):
        interpreter = tflm.Interpreter(name, arena=arena)
        wrong += sum(at % 16 != 0 for _, at, _ in interpreter.memory_map())
        for tensor in interpreter.inputs + interpreter.outputs:
            wrong += addressof(tensor) % 16 != 0
    print(name, wrong)
