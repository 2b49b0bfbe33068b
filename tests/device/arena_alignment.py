# Wherever the arena begins, tensors are aligned to 16 bytes.
try:
    from uctypes import addressof
except ImportError:
    print("SKIP: uctypes")
    raise SystemExit

import tflm

room = bytearray(8192)
for name in ("model_int8.tflite", "model_float32.tflite", "add.tflite", "echo_q.tflite"):
    wrong = 0
    for offset in range(33):
        interpreter = tflm.Interpreter(name, arena=memoryview(room)[offset:])
        for tensor in interpreter.inputs + interpreter.outputs:
            wrong += addressof(tensor) % 16 != 0
    for arena in (None, 8192):
        interpreter = tflm.Interpreter(name, arena=arena)
        for tensor in interpreter.inputs + interpreter.outputs:
            wrong += addressof(tensor) % 16 != 0
    print(name, wrong)
