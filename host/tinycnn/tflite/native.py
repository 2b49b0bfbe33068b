"""What the native module makes of a model: its own C, compiled for this machine, is asked.

firmware_build/native/ keeps nothing that a machine of 32 bits would keep otherwise, so what it
takes here is what it takes on a board.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tinycnn.errors import UserError
from tinycnn.files import ROOT
from tinycnn.text import printable
from tinycnn.tflite.c_library import c_library
from tinycnn.tflite.check import check_model
from tinycnn.tflite.ops import OPS_DEF, OpSet, native_set

__all__ = ["NativeModel", "NativeNeed", "native_need", "native_ops"]

_ROOMS = [ROOT / "firmware_build" / room for room in ("native", "model", "kernels", "tflm")]
_MORE = ("tflm/tflm_ops.c", "native/mpy/mpy_real.c")  # what the engine takes of other rooms
_MESSAGE_SIZE = 160
_OK, _TOO_SMALL = 0, 2
_ALIGN = 16  # TFLM_ALIGN


@dataclass(frozen=True)
class NativeNeed:
    """Bytes that a model takes: its arena, and the block that the interpreter keeps."""

    arena: int
    kept: int


class _Block(ctypes.Structure):
    _fields_ = (("data", ctypes.c_void_p), ("size", ctypes.c_size_t))


class _Memory(ctypes.Structure):
    """tflm_memory_t of tflm_engine.h."""

    _fields_ = (("kept", _Block), ("work", _Block), ("arena", _Block))


def native_need(model: bytes) -> NativeNeed:
    """What the .tflite `model` takes in the native module.

    Raises UserError, with the module's own words, if that does not run it.
    """
    return NativeModel(model).need


def native_ops(models: Mapping[Path, bytes]) -> OpSet:
    """The ops of these models, by where each is from.

    Raises UserError if the native module does not run one of them.
    """
    names = set()
    for path, model in models.items():
        try:
            native_need(model)
        except UserError as error:
            raise UserError(f"{path} does not run in the native module: {error}") from None
        names |= {op.name for op in check_model(model).ops}
    return native_set(names, " and ".join(map(str, models)))


class NativeModel:
    """A model in the engine, with all memory that it takes.

    library   the engine's
    state     what it calls tflm_engine_t
    bytes     the model, where the engine has it
    """

    def __init__(self, model: bytes) -> None:
        self.library = _library()
        self._message = ctypes.create_string_buffer(_MESSAGE_SIZE)
        self.bytes, self._size = _aligned(len(model)), ctypes.c_size_t(len(model))
        ctypes.memmove(self.bytes, model, len(model))
        self._check()
        self.state = _aligned(self.library.tflm_engine_state_size(self.bytes, self._size))
        self._memory = _Memory()
        self.library.tflm_engine_guess(self.bytes, self._size, ctypes.byref(self._memory))
        self._blocks: list[ctypes.Array[ctypes.c_char]] = []
        while self._create() == _TOO_SMALL:  # once: without an arena it says how large that is
            pass
        self.need = NativeNeed(self._memory.arena.size, self._memory.kept.size)

    def _check(self) -> None:
        ops = ctypes.byref(ctypes.c_char.in_dll(self.library, "tflm_ops"))
        count = ctypes.c_size_t.in_dll(self.library, "tflm_op_count")
        said = (self._message, ctypes.c_size_t(_MESSAGE_SIZE))
        if self.library.model_check(self.bytes, self._size, ops, count, *said) != _OK:
            raise UserError(printable(self._message.value))

    def _create(self) -> int:
        memory = self._memory
        blocks = [memory.kept, memory.work, memory.arena]
        self._blocks = [_aligned(block.size) for block in blocks]
        for block, given in zip(blocks, self._blocks, strict=True):
            block.data = ctypes.addressof(given)
        made = self.library.tflm_engine_create
        status = int(made(self.state, self.bytes, self._size, ctypes.byref(memory), self._message))
        if status not in (_OK, _TOO_SMALL):
            raise UserError(printable(self._message.value))
        return status


def _aligned(size: int) -> ctypes.Array[ctypes.c_char]:
    """A block of `size` zeros, or of one, that begins at a multiple of _ALIGN."""
    room = ctypes.create_string_buffer(size + _ALIGN)
    start = -ctypes.addressof(room) % _ALIGN
    return (ctypes.c_char * max(size, 1)).from_buffer(room, start)


@cache
def _library() -> ctypes.CDLL:
    """Engine and check of the native module with all its ops, compiled once for their sources.

    Raises MissingToolError without a compiler, and BuildError if it does not compile.
    """
    sources = [path for room in _ROOMS[:-1] for path in sorted(room.glob("*.c"))]
    headers = [path for room in _ROOMS for path in sorted(room.glob("*.h"))]
    listed = native_set().variables["TFLM_OPS_FILE"]
    flags = (f'-DTFLM_OPS_FILE="{listed}"', "-DTFLM_NATIVE=1", "-DMODEL_INT16=0")
    library = c_library(
        "native",
        [*sources, *(ROOT / "firmware_build" / name for name in _MORE)],
        [*headers, OPS_DEF],
        *(f"-I{room}" for room in _ROOMS),
        *flags,
    )
    library.tflm_engine_state_size.restype = ctypes.c_size_t
    library.tflm_engine_data.restype = ctypes.c_void_p
    return library
