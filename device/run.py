# Run any model on numbers of a file, or on yours, and print label and score.
#
#   on a board      mpremote cp values.txt :input.txt + run device/run.py
#   on a laptop     tinycnn simulate device/run.py build/models/model_int8.tflite values.txt
#   at the REPL     import run; run.run([17, 3, 255])    (with run.py copied to the board)
#
# Values are raw, as the training data were: what they were divided by is in the model. A file is
# text, with commas, spaces or lines between numbers; or .npy; or else bytes, one (0 to 255), two
# (int16) or four (float32) for each value. One of text or .npy may hold several examples.
#
# labels.txt, a name on each line, has the classes' names. A regression prints its numbers.

import os
import sys
from array import array
from struct import unpack

MODEL = ""  # a name, if there are several; without one: the only .tflite here
INPUT = ""  # a file; without one: the first of INPUTS
INPUTS = ("input.txt", "input.npy", "input.bin")
LABELS = "labels.txt"

CODES = {"|b1": "B", "|u1": "B", "|i1": "b", "<i2": "h", "<u2": "H", "<i4": "i", "<u4": "I"}
CODES.update({"<i8": "q", "<f4": "f", "<f8": "d"})  # of .npy, as array has them
AT_ONCE = 64  # values that are read at a time

loaded = None  # (interpreter, divisor, whether it is a regression, whether labels.txt is of it)


class Stop(Exception):
    """Why this can't go on, in one line for the user."""


def is_there(name):
    try:
        os.stat(name)
        return True
    except OSError:
        return False


def find_model(name):
    """Return a path, or the bytes of a model that is frozen into the firmware."""
    if not name:
        found = sorted(each for each in os.listdir() if each.endswith(".tflite"))
        if not found and is_there("/rom"):
            found = ["/rom/" + each for each in os.listdir("/rom") if each.endswith(".tflite")]
        if not found:
            raise Stop("no .tflite here; copy one: mpremote cp MODEL.tflite :")
        if len(found) > 1:
            raise Stop("several models, name one as MODEL: " + ", ".join(found))
        return found[0]
    for path in (name, "/rom/" + name):
        if is_there(path):
            return path
    try:
        import frozen_models

        return getattr(frozen_models, name.split(".")[0])
    except (ImportError, AttributeError):
        raise Stop("no " + name + " here; copy it: mpremote cp " + name + " :")


def load(name=""):
    """Make the interpreter of a model; raise Stop if it cannot be."""
    global loaded
    try:
        import tflm
    except ImportError:
        raise Stop("this firmware has no tflm module; README.md tells how to get one")
    loaded = None  # so that its memory is free for the next
    model = find_model(name or MODEL)
    try:
        net = tflm.Interpreter(model)
    except (tflm.ModelError, MemoryError) as error:
        raise Stop((name or MODEL or str(model)[:60]) + ": " + str(error))
    if len(net.inputs) != 1:
        raise Stop("the model has %d inputs, this script knows models of one" % len(net.inputs))
    told = net.metadata("tinycnn.input")
    divisor = unpack("<f", told)[0] if told and len(told) == 4 else 1
    regression = net.metadata("tinycnn.task") == b"regression"
    named = not regression and count_lines() == len(net.outputs[0])
    loaded = net, divisor, regression, named
    return loaded


def count_lines():
    """Return how many names labels.txt has; 0 if there is none."""
    if not is_there(LABELS):
        return 0
    with open(LABELS) as file:
        return sum(1 for _ in file)


def label_of(index):
    """Return the name of a class; nothing but that line is kept of the file."""
    with open(LABELS) as file:
        for at, line in enumerate(file):
            if at == index:
                return line.strip()


def flat(values):
    """Yield the numbers in lists of lists."""
    for value in values:
        if isinstance(value, (int, float)):
            yield value
        else:
            yield from flat(value)


def classify(values):
    """Return (label, score) for raw values, flat or nested; a list of numbers of a regression.

    Without labels.txt the label is the number of the class.
    """
    net, divisor, regression, named = loaded or load()
    net.inputs[0].quantize(value / divisor for value in flat(values))
    net.invoke()
    output = net.outputs[0]
    if regression or len(output) == 1:
        return output.dequantize()
    index, score = output.topk(1)[0]
    return (label_of(index) if named else str(index)), score


def run(values):
    """Print what classify() returns."""
    found = classify(values)
    print("%s  %.4g" % found if isinstance(found, tuple) else " ".join("%.4g" % v for v in found))


def numbers_of_text(file):
    for number, line in enumerate(file):
        for word in line.replace(",", " ").replace(";", " ").split():
            try:
                yield float(word)
            except ValueError:
                raise Stop("line %d: %s is no number" % (number + 1, word))


def numbers_of_bytes(file, code):
    """Yield what the rest of the file is, AT_ONCE values at a time in memory."""
    block = array(code, [0] * AT_ONCE)
    size = len(bytes(block)) // AT_ONCE
    while True:
        read = file.readinto(block)
        for i in range(read // size):
            yield block[i]
        if read < size * AT_ONCE:
            return


def npy_code(file, count):
    """Read the header of an .npy; return the type of its values as array has it."""
    start = file.read(8)
    if start[:6] != b"\x93NUMPY":
        raise Stop("no .npy file")
    length = unpack("<H", file.read(2))[0] if start[6] == 1 else unpack("<I", file.read(4))[0]
    header = file.read(length).decode()
    code = CODES.get(header.split("'descr': '")[-1].split("'")[0])
    if code is None or "'fortran_order': True" in header:
        raise Stop("save it with numpy.save(path, numpy.ascontiguousarray(x, 'float32'))")
    shape = header.split("(")[-1].split(")")[0]
    each, size = [int(side) for side in shape.split(",") if side.strip()], 1
    for side in each[1:]:
        size *= side
    if count not in (size, size * (each or [1])[0]):  # examples, or one without a batch
        raise Stop("an array of shape (%s); an example has %d values" % (shape, count))
    return code


def numbers(name, count):
    """Yield the values of a file, of which `count` are an example."""
    if name.endswith(".txt") or name.endswith(".csv"):  # a tuple only from 1.25 on
        with open(name) as file:
            yield from numbers_of_text(file)
        return
    with open(name, "rb") as file:
        if name.endswith(".npy"):
            code = npy_code(file, count)
        else:
            size = os.stat(name)[6]
            code = {count: "B", 2 * count: "h", 4 * count: "f"}.get(size)
            if code is None:
                raise Stop("%d bytes; %d values needed, of 1, 2 or 4 bytes" % (size, count))
        yield from numbers_of_bytes(file, code)


def run_file(name):
    """Run each example of a file."""
    net = (loaded or load())[0]
    count = len(net.inputs[0])
    values, filled, left = array("f", [0] * count), 0, -1
    try:
        for value in numbers(name, count):
            values[filled] = value
            filled += 1
            left = filled % count
            if not left:
                run(values)
                filled = 0
    except (Stop, ValueError) as error:  # of quantize(): NaN, say
        raise Stop(name + ": " + str(error))
    if left:
        told = "%d values are left" % left if left > 0 else "no values"
        raise Stop("%s: %s, the model takes %d" % (name, told, count))


def main(model="", name=""):
    """Run a file with a model; without names those above. What is wrong is one line."""
    try:
        net = load(model)[0]
        print(net)
        for each in INPUTS:
            if not (name or INPUT) and is_there(each):
                name = each
        name = name or INPUT
        if not name:
            raise Stop("no input: mpremote cp values.txt :input.txt; or run.run(values)")
        if not is_there(name):
            raise Stop("no " + name + " here; copy it: mpremote cp " + name + " :")
        run_file(name)
        return True
    except Stop as error:
        print("run:", error)
        return False


def asked():
    """Return the model and the file that are named after the script; where it's started so."""
    model = name = ""
    for word in sys.argv[1:]:
        if word.endswith(".tflite"):
            model = word
        elif word != LABELS:  # which has only to be here
            name = word
    return model, name


if __name__ == "__main__" and not main(*asked()):
    sys.exit(1)
