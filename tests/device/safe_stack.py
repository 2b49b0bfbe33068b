# Without room on the stack there is a RuntimeError, from the deepest call that still works.
import tflm

MODEL = "model_int8.tflite"
IMAGE = [i / 64 for i in range(64)]
with open(MODEL, "rb") as file:
    data = file.read()
net = tflm.Interpreter(data)
expected = net.predict(IMAGE)
tensor = net.inputs[0]
CALLS = (
    ("make", lambda: tflm.Interpreter(data)),
    ("invoke", net.invoke),
    ("predict", lambda: net.predict(IMAGE)),
    ("classify", lambda: net.classify(IMAGE)),
    ("quantize", lambda: tensor.quantize(IMAGE)),
    ("topk", lambda: net.outputs[0].topk(3)),
    ("view", lambda: memoryview(tensor)),
)


def down(call, seen):
    """Call at every depth that there is."""
    try:
        call()
        seen[0] += 1
    except RuntimeError:
        seen[1] += 1
    except MemoryError:
        seen[2] += 1
    down(call, seen)


for name, call in CALLS:
    seen = [0, 0, 0]
    try:
        down(call, seen)
    except RuntimeError:
        pass
    # It worked far above, and was refused far below.
    print(name, seen[0] > 0, seen[1] > 0)
print(net.predict(IMAGE) == expected)
