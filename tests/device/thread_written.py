# A second thread writes wherever Python may while a run goes on: results are wrong then, and
# nothing else happens.
try:
    import _thread
except ImportError:
    print("SKIP: threads")
    raise SystemExit

import time

import tflm

stop = ended = False


def write(view, values):
    global ended
    while not stop:
        for value in values:
            view[:] = value
    ended = True


def disturb(interpreter, view, values):
    """Whether it is as good as new afterwards."""
    global stop, ended
    interpreter.inputs[0].quantize([0] * len(interpreter.inputs[0]))
    interpreter.invoke()
    expected = bytes(interpreter.outputs[0])
    stop = ended = False
    _thread.start_new_thread(write, (view, values))
    for _ in range(300):
        interpreter.invoke()
    stop = True
    while not ended:
        time.sleep_ms(1)
    interpreter.inputs[0].quantize([0] * len(interpreter.inputs[0]))
    interpreter.invoke()
    return bytes(interpreter.outputs[0]) == expected


size = tflm.Interpreter("packed.tflite").arena_size
arena = tflm.Arena(size)
packed = tflm.Interpreter("packed.tflite", arena=arena)
print(disturb(packed, memoryview(arena), [b"\xff" * len(arena), b"\x7f" * len(arena)]))

tall = tflm.Interpreter("tall.tflite")
view = memoryview(tall.inputs[0])
print(disturb(tall, view, [b"\x7f" * len(view), b"\x80" * len(view)]))
