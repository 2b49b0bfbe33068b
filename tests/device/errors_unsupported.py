# An op, or a version of one, that this firmware does not have: named in the error.
import tflm

for name in ("unknown_op.tflite", "newer_op.tflite", "custom_op.tflite"):
    try:
        tflm.Interpreter(name)
        print("made?", name)
    except tflm.UnsupportedOpError as error:
        print(name, type(error), isinstance(error, ValueError))
        said, _, advice = str(error).rpartition("; ")
        print(said, advice != "")
