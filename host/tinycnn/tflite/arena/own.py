"""What our own kernels ask for: scratch memory, by shapes alone.

They are asked themselves: own.c has a function for each op whose kernel tells how much.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from tinycnn.files import ROOT
from tinycnn.tflite.c_library import c_library
from tinycnn.tflite.graph import Node, Tensor

_KERNELS = ROOT / "firmware_build" / "kernels"


def scratch(node: Node, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> tuple[int, ...]:
    """What `node` asks for if our kernel runs it: of them int8 convolutions do.

    Bytes. Raises BuildError if the kernels do not compile.
    """
    if node.window is None or inputs[0].type != "INT8":
        return ()
    shapes = (inputs[0].shape, inputs[1].shape, outputs[0].shape)
    asked = _library()[f"own_scratch_{node.op}"]
    asked.restype = ctypes.c_size_t
    size = asked(*map(_ints, (*shapes, node.window.stride, node.window.dilation)))
    return (size,) if size else ()


def _ints(numbers: Sequence[int]) -> ctypes.Array[ctypes.c_int32]:
    return (ctypes.c_int32 * len(numbers))(*numbers)


@cache
def _library() -> ctypes.CDLL:
    sources = [Path(__file__).with_suffix(".c"), *sorted(_KERNELS.glob("*.c"))]
    return c_library("scratch", sources, sorted(_KERNELS.glob("*.h")), f"-I{_KERNELS}")
