# profile: one run, told op by op.
import tflm

interpreter = tflm.Interpreter("model_int8.tflite")
interpreter.inputs[0].quantize([i / 64 for i in range(64)])
interpreter.invoke()
expected = interpreter.outputs[0].dequantize()
try:
    times = interpreter.profile()
except NotImplementedError:
    print("SKIP: profile")
    raise SystemExit
print(type(times), [name for name, ticks in times])
print([name for name, version in interpreter.ops()] == [name for name, ticks in times])
print(all(type(ticks) is int and ticks >= 0 for name, ticks in times))

# It is a run like any other.
interpreter.inputs[0].quantize([i / 64 for i in range(64)])
interpreter.profile()
print(interpreter.outputs[0].dequantize() == expected)
slow = tflm.Interpreter("slow.tflite")
print(slow.profile()[0][1] > 100)
interpreter.invoke()
