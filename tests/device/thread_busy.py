# A second thread that runs the same interpreter meanwhile gets a RuntimeError.
try:
    import _thread
except ImportError:
    print("SKIP: threads")
    raise SystemExit

import time

import tflm

if tflm.engine == "native":  # a native module cannot let go of the GIL
    print("SKIP: parallel")
    raise SystemExit

interpreter = tflm.Interpreter("slow.tflite")
memoryview(interpreter.inputs[0])[:] = bytes([i % 100 for i in range(len(interpreter.inputs[0]))])
interpreter.invoke()
expected = bytes(interpreter.outputs[0])
counts = [0, 0, 0]  # runs of the thread, its refusals, threads that ended
stop = False
lock = _thread.allocate_lock()


def run():
    while not stop:
        try:
            interpreter.invoke()
            counts[0] += 1
        except RuntimeError:
            counts[1] += 1
    with lock:
        counts[2] += 1


_thread.start_new_thread(run, ())
texts = []
deadline = time.ticks_add(time.ticks_ms(), 20000)
while len(texts) < 20 and time.ticks_diff(deadline, time.ticks_ms()) > 0:
    try:
        interpreter.invoke()
    except RuntimeError as error:
        texts.append(str(error))
    # The tensors are the other thread's meanwhile.
    for call in (
        interpreter.outputs[0].argmax,
        lambda: memoryview(interpreter.inputs[0]),
        lambda: interpreter.predict([0] * len(interpreter.inputs[0])),
    ):
        try:
            call()
        except RuntimeError as error:
            texts.append(str(error))
    time.sleep_ms(1)
stop = True
while counts[2] == 0:
    time.sleep_ms(1)
print(len(texts) >= 20, texts[0], all(text == texts[0] for text in texts))
print(counts[0] > 0)

# Afterwards it is as good as new.
memoryview(interpreter.inputs[0])[:] = bytes([i % 100 for i in range(len(interpreter.inputs[0]))])
interpreter.invoke()
print(bytes(interpreter.outputs[0]) == expected)
