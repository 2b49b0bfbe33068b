# The names of the module, and what they are.
import tflm

print([name for name in sorted(dir(tflm)) if name[0] != "_" or name == "__version__"])
print(tflm.__name__, type(tflm.__version__), type(tflm.engine), type(tflm.tflm_commit))
print(all(part.isdigit() for part in tflm.__version__.split(".")), tflm.tflm_commit != "")

print(issubclass(tflm.ModelError, ValueError))
print(issubclass(tflm.UnsupportedOpError, tflm.ModelError))
print(issubclass(tflm.ArenaError, MemoryError))
print(repr(tflm.ModelError("why")), tflm.ArenaError("why").args)
try:
    raise tflm.UnsupportedOpError("op")
except ValueError as error:
    print(type(error), error)

# Tensors come from an interpreter only.
try:
    tflm.Tensor()
except TypeError:
    print("TypeError")
