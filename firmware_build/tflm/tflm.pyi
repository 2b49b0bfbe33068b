"""TensorFlow Lite Micro (TFLM) for MicroPython.

docs/tflm.md has examples, lifetimes, and where the engines differ.
"""

from array import array
from collections.abc import Iterable, Iterator
from typing import Literal, TypeAlias, overload

from _typeshed import ReadableBuffer

_Numbers: TypeAlias = "Iterable[float] | Iterable[_Numbers]"
"""Real numbers, as many as a tensor has elements, in C order; or nested in its shape."""

__version__: str
"""Version of this module, like "0.1.0"."""

engine: str
"""What runs the models: "tflm" (compiled in), "native" (tflm.mpy) or "hosted" (unix: the
tflite-micro wheel)."""

tflm_commit: str
"""Which TFLM: the upstream commit compiled in, or the version of the wheel."""

def supported_ops() -> tuple[tuple[str, int], ...]:
    """The ops this firmware can run, as (name, newest version), like ("CONV_2D", 8)."""

class ModelError(ValueError):
    """The bytes are no TFLite model, or one that TFLM could not run safely.

    Its text says what is wrong, like "tensor 3: buffer has 72 bytes, shape needs 80".
    """

class UnsupportedOpError(ModelError):
    """The model needs an op, or a version of one, that this firmware does not have."""

class ArenaError(MemoryError):
    """The arena is too small for the model, or the heap too full for the arena.

    Its text says how many bytes are needed.
    """

class Arena:
    """Memory of a fixed size for interpreters, which may take turns in it.

    `memoryview(arena)` may be written at any time: that changes results and nothing else.
    """

    def __init__(self, size: int, memory: Literal["internal", "psram"] | None = None) -> None:
        """`size` bytes of the heap, or of an ESP32's `memory` until a soft reset.

        Raises ArenaError if there is no such piece, ValueError for a negative size or
        where memory cannot be chosen.
        """

    def __len__(self) -> int:
        """Its size in bytes."""

    def __buffer__(self, flags: int, /) -> memoryview: ...

class Tensor:
    """One input or output of an interpreter.

    Not made by hand: `Interpreter.inputs` and `Interpreter.outputs` hold them. A
    tensor keeps its interpreter alive. `memoryview(tensor)` and `bytes(tensor)` give
    its raw values in C order, of type `dtype`; from then on the tensor has memory of its
    own, which the memoryview keeps alive. Read-only for a constant of the model.
    """

    @property
    def name(self) -> str:
        """The name in the model, like "serving_default_image:0"."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The dimensions, batch first: (1, height, width, channels) for an image."""

    @property
    def dtype(self) -> str:
        """The type code of the raw values as in `array`: "b" for int8, "f" for float32."""

    @property
    def scale(self) -> float | tuple[float, ...]:
        """Real units of one step of the raw value; 0.0 if the tensor is not quantized.

        A tuple, one for each channel, if the model quantizes this tensor per channel.
        """

    @property
    def zero_point(self) -> int | tuple[int, ...]:
        """The raw value of real 0; 0 if the tensor is not quantized.

        A tuple, one for each channel, if the model quantizes this tensor per channel.
        """

    def quantize(self, values: _Numbers, /) -> None:
        """Fill the tensor from real numbers, len(self) of them in C order.

        Each becomes round(value / scale) + zero_point, halves away from zero,
        saturated to the type, as TFLite's QUANTIZE does. A float32 tensor takes the
        numbers as they are; integers without a scale take them rounded. An
        array('f') is fastest. Of lists of lists, dimensions of 1 may be left out.

        Raises ValueError for another number of values or another shape, for NaN in an
        integer tensor, or if the tensor is a constant; TypeError for what is no number.
        """

    def load_image(
        self,
        buffer: ReadableBuffer,
        width: int,
        height: int,
        format: Literal["gray", "rgb565le", "rgb565be", "rgb888"],
        scale: float | None = None,
    ) -> None:
        """Fill an image tensor of int8 or uint8, 1xHxWx1 or 1xHxWx3, from a camera's picture.

        The middle of the picture, cut to the tensor's shape, each value the average of the
        area it covers; gray or in colours, as the tensor has channels. No heap is taken.

        buffer  the picture, from the top left on, rows without gaps
        width, height  of the picture, in pixels, 1 to 4095
        format  of a pixel: a byte of gray; 5, 6 and 5 bits of red, green and blue with the
                low or the high byte first; a byte each of red, green and blue
        scale   what a value from 0 to 255 is multiplied by to be what the model was trained
                on. None: divided by what the model's metadata say ("tinycnn.input"); without,
                0 to 255 become all raw values from the least on.

        Raises ValueError for another tensor, size, format or number of bytes, or a scale
        that is not positive; RuntimeError if somebody is using the interpreter.
        """

    def dequantize(self) -> list[float]:
        """The real numbers, len(self) of them in C order: scale * (raw - zero_point)."""

    def argmax(self) -> int:
        """Index of the largest value, the first of equals. ValueError if there is none."""

    def topk(self, k: int, /) -> list[tuple[int, float]]:
        """The `k` largest as (index, real value), largest first; of equals the first first.

        Raises ValueError unless 1 <= k <= len(self).
        """

    def __len__(self) -> int:
        """How many values: the product of `shape`."""

    @overload
    def __getitem__(self, index: int, /) -> int | float:
        """A raw value, counted in C order; a negative index counts from the end.

        Raises IndexError out of range, RuntimeError if somebody is using the interpreter.
        """

    @overload
    def __getitem__(self, index: slice, /) -> array[int] | array[float]:
        """Some raw values, in an array of their own."""

    def __setitem__(self, index: int, value: float, /) -> None:
        """Set a raw value.

        Raises ValueError for one that `dtype` does not have or in a constant, and what
        `__getitem__` raises.
        """

    def __iter__(self) -> Iterator[int] | Iterator[float]:
        """The raw values in C order."""

    def __buffer__(self, flags: int, /) -> memoryview: ...

class Interpreter:
    """A model, its arena, and the tensors to feed and read."""

    def __init__(self, model: ReadableBuffer | str, *, arena: int | Arena | None = None) -> None:
        """Check a model and make it ready to run.

        model  the bytes of a .tflite, or the path of one. Used where they are if
               that is flash (frozen, ROMFS) and aligned to 16, else copied.
        arena  memory for tensors: None for exactly what the model needs, a number of
               bytes, or an Arena, which may be shared

        Raises ModelError or UnsupportedOpError for the model, ArenaError if the
        arena is too small or the heap cannot hold it, MemoryError if the heap cannot
        hold the rest, OSError for the file, ValueError for a negative arena,
        TypeError for anything else, RuntimeError if the stack is too short or the
        hosted engine's process is gone.
        """

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """What the model takes, in the model's order."""

    @property
    def outputs(self) -> tuple[Tensor, ...]:
        """What the model gives, in the model's order."""

    @property
    def arena_size(self) -> int:
        """Bytes of the arena."""

    @property
    def arena_used(self) -> int:
        """Bytes of it that the model needs: the least that `arena` can be."""

    @property
    def kept_size(self) -> int:
        """Bytes that TFLM keeps beside the arena."""

    def invoke(self) -> bool:
        """Run the model once, from `inputs` to `outputs`.

        False if a CIRCULAR_BUFFER ended the run early, since it waits for more inputs:
        then outputs hold nothing of meaning. Else True.

        Inputs may be overwritten: fill them anew each time. Other threads run
        meanwhile.

        Raises RuntimeError if another thread is using this interpreter, if the stack is
        too short, if a kernel failed, or if the hosted engine's process is gone.
        """

    def reset(self) -> None:
        """Set what the model keeps from one run to the next back to what it starts with.

        Nothing happens to a model that keeps nothing, nor to inputs and outputs.

        Raises RuntimeError if somebody is using this interpreter, or if the hosted
        engine's process is gone.
        """

    def predict(self, values: _Numbers, /) -> list[float]:
        """Real numbers in, real numbers out: fill the one input, run, read the one output.

        Raises what `Tensor.quantize` and `invoke` raise, ValueError if the model
        has several inputs or outputs, and RuntimeError if the run ended early.
        """

    def classify(self, values: _Numbers, /) -> tuple[int, float]:
        """Like `predict`, but only (index, score) of the largest output, the first of equals.

        Raises what `predict` raises.
        """

    def ops(self) -> list[tuple[str, int]]:
        """What a run executes, in order, as (name, version), like ("CONV_2D", 3)."""

    def metadata(self, name: str | bytes, /) -> bytes | None:
        """What the model has under `name` among its metadata; None if it has no such entry.

        Our own models tell in "tinycnn.input", a little-endian float32, what the raw
        values that they were trained on were divided by.
        """

    def profile(self) -> list[tuple[str, int]]:
        """Run the model once; each op's (name, microseconds), in order.

        0 for those that a run which ended early did not come to.

        Inputs may be overwritten, as by `invoke`.

        Raises what `invoke` raises, and NotImplementedError with the hosted engine.
        """

    def memory_map(self) -> list[tuple[str, int, int]]:
        """Each tensor that lies in the arena: (name, offset, bytes), in the model's order.

        Offsets and sizes are in bytes; tensors that are not needed at the same time
        share memory. Inputs and outputs with memory of their own are left out. The
        hosted engine knows of inputs and outputs only.

        Raises RuntimeError if another thread is using this interpreter.
        """
