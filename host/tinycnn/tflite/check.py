"""Is a model safe to give to a board? Asked of the very code that the firmware asks.

firmware_build/model/ is compiled into a library for
this machine and called from here.
"""

from __future__ import annotations

import ctypes
import struct
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path

from tinycnn.errors import UserError
from tinycnn.files import ROOT
from tinycnn.text import printable
from tinycnn.tflite import divisor
from tinycnn.tflite.c_library import c_key, c_library
from tinycnn.tflite.ops import PROFILES, offered

MODEL = ROOT / "firmware_build" / "model"
TFLM = MODEL.with_name("tflm")

_MESSAGE_SIZE = 160
_OK, _INVALID = 0, 1
_ALL_TYPES, _FLOAT32 = 0xFFFF, 1  # bits


@dataclass(frozen=True)
class ModelOp:
    """An op of a model. `profile` is the first that has it, in this version; "" if none."""

    name: str
    version: int
    profile: str


@dataclass(frozen=True)
class ModelTensor:
    """An input or output; `scale` is 0 where it is not quantized. `type` is the schema's name."""

    name: str
    type: str
    shape: tuple[int, ...]
    scale: float
    zero_point: int

    def __str__(self) -> str:
        shape = "x".join(map(str, self.shape)) or "scalar"
        how = f", scale {self.scale:g}, zero point {self.zero_point}" if self.scale else ""
        return f"{self.type} {shape}{how}{f', named {self.name}' if self.name else ''}"


@dataclass(frozen=True)
class CheckedModel:
    """What the check says of a model of `size` bytes.

    valid    it is sound, and safe to run wherever its ops are there
    reason   why not, or which op of it no firmware offers; "" if it can run
    int8     what computes is of integers, so that a firmware without float32 runs it
    int16    some of that is of int16 with weights of int8 (16x8)
    ops      as they run, then those that set variables up; empty unless the bytes can be read
    inputs, outputs   likewise
    divisor  of the raw values it was trained on; None if it does not tell
    """

    size: int
    valid: bool
    reason: str
    int8: bool
    int16: bool
    ops: tuple[ModelOp, ...]
    inputs: tuple[ModelTensor, ...] = ()
    outputs: tuple[ModelTensor, ...] = ()
    divisor: float | None = None

    @property
    def profile(self) -> str:
        """The smallest profile that runs it; "" if none does."""
        if not self.valid or self.reason:
            return ""
        least = "all" if self.int16 else PROFILES[0 if self.int8 else 1]
        return max((least, *(op.profile for op in self.ops)), key=PROFILES.index)

    def lacking(self, profile: str) -> tuple[str, ...]:
        """Names of ops that a firmware of `profile` does not have, in the model's order.

        If it has all, but not for its types, "int16" or "float32".
        """
        rank = PROFILES.index(profile)
        names = dict.fromkeys(
            op.name for op in self.ops if not op.profile or PROFILES.index(op.profile) > rank
        )
        if names or rank == len(PROFILES) - 1:
            return tuple(names)
        return ("int16",) if self.int16 else ("float32",) if rank == 0 and not self.int8 else ()


def check_model(model: bytes) -> CheckedModel:
    """Check the bytes of a .tflite. Raises BuildError if the checker does not compile."""
    library = _library(int16=True)
    message = ctypes.create_string_buffer(_MESSAGE_SIZE)
    rules = _rules(library)
    status = library.model_check(model, len(model), rules, len(rules), message, len(message))
    valid = status != _INVALID
    return CheckedModel(
        len(model),
        valid,
        printable(message.value),
        status == _OK and not _computes_floats(library, model),
        status == _OK and _refuses(_library(int16=False), model),
        tuple(_ops(library, model)) if valid else (),
        tuple(_tensors(library, model, output=False)) if valid else (),
        tuple(_tensors(library, model, output=True)) if valid else (),
        _divisor(library, model) if valid else None,
    )


def need_runnable(model: bytes, where: object) -> CheckedModel:
    """What the check says of a model that is to go on a board; `where` names it in messages.

    Everything that brings a model to a board asks here first. Raises UserError if no
    firmware runs it.
    """
    found = check_model(model)
    if not found.valid:
        raise UserError(f"{where} cannot run on a board: no valid model: {found.reason}")
    if found.reason:
        raise UserError(f"{where} cannot run on a board: {found.reason}")
    return found


class _Rule(ctypes.Structure):
    """model_check_op_t of model_check.h."""

    _fields_ = (
        ("code", ctypes.c_uint32, 8),
        ("version", ctypes.c_uint32, 7),
        ("own", ctypes.c_uint32, 1),
        ("types", ctypes.c_uint32, 16),
        ("rule", ctypes.c_void_p),
    )


def _rules(library: ctypes.CDLL) -> ctypes.Array[_Rule]:
    """Of all ops, in the order of ops.def."""
    count = ctypes.c_size_t.in_dll(library, "tflm_op_count").value
    return (_Rule * count).in_dll(library, "tflm_ops")


def _computes_floats(library: ctypes.CDLL, model: bytes) -> bool:
    """Whether a firmware of int8 alone refuses a model that another one runs."""
    rules = _rules(library)
    without = type(rules)(*rules)
    for rule, op in zip(without, offered().values(), strict=True):
        rule.types = _ALL_TYPES & ~_FLOAT32 if op.computes else _ALL_TYPES
    return bool(library.model_check(model, len(model), without, len(without), None, 0) != _OK)


def _refuses(library: ctypes.CDLL, model: bytes) -> bool:
    rules = _rules(library)
    return bool(library.model_check(model, len(model), rules, len(rules), None, 0) != _OK)


class _Op(ctypes.Structure):
    """model_op_t of model_reader.h."""

    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_len", ctypes.c_size_t),
        ("code", ctypes.c_int32),
        ("version", ctypes.c_int32),
    )


def _ops(library: ctypes.CDLL, model: bytes) -> list[ModelOp]:
    known = offered()
    found = []
    for read in (library.model_op, library.model_setup_op):
        for index in count():
            op = _Op()
            if not read(model, len(model), index, ctypes.byref(op)):
                break
            name = printable(ctypes.string_at(op.name, op.name_len))
            have = known.get(name)
            fits = have is not None and op.code == have.code and op.version <= have.version
            found.append(ModelOp(name, op.version, have.profile if have and fits else ""))
    return found


class _Tensor(ctypes.Structure):
    """model_tensor_t of model_reader.h."""

    _fields_ = (
        ("index", ctypes.c_size_t),
        ("name", ctypes.c_void_p),
        ("name_len", ctypes.c_size_t),
        ("type", ctypes.c_int),
        ("bytes", ctypes.c_size_t),
        ("constant", ctypes.c_void_p),
        ("rank", ctypes.c_size_t),
        ("scale_count", ctypes.c_size_t),
        ("quantized_dimension", ctypes.c_int),
        ("dims", ctypes.c_void_p),
        ("scales", ctypes.c_void_p),
        ("zero_points", ctypes.c_void_p),
        ("zero_point_count", ctypes.c_size_t),
    )


def _tensors(library: ctypes.CDLL, model: bytes, *, output: bool) -> list[ModelTensor]:
    found = []
    for index in range(library.model_io_count(model, len(model), output)):
        tensor = _Tensor()
        library.model_io(model, len(model), output, index, ctypes.byref(tensor))
        at = ctypes.byref(tensor)
        found.append(
            ModelTensor(
                printable(ctypes.string_at(tensor.name, tensor.name_len)),
                library.model_type_name(tensor.type).decode(),
                tuple(library.model_tensor_dim(at, i) for i in range(tensor.rank)),
                _float32(library.model_tensor_scale(at, 0)),
                library.model_tensor_zero_point(at, 0) if tensor.scale_count else 0,
            )
        )
    return found


def _float32(bits: int) -> float:
    (value,) = struct.unpack("<f", struct.pack("<I", bits))
    return float(value)


def _divisor(library: ctypes.CDLL, model: bytes) -> float | None:
    name, data, length = divisor.NAME.encode(), ctypes.c_void_p(), ctypes.c_size_t()
    entry = (name, len(name), ctypes.byref(data), ctypes.byref(length))
    if not library.model_metadata(model, len(model), *entry):
        return None
    return divisor.unpacked(ctypes.string_at(data.value or 0, length.value))


@cache
def _library(*, int16: bool) -> ctypes.CDLL:
    """The checker with every op there is, compiled once for each state of its sources.

    Or that of a firmware without kernels of int16.
    """
    flags = () if int16 else ("-DMODEL_INT16=0",)
    library = c_library("check", *_made_of(), *flags)
    bytes_and_size = (ctypes.c_char_p, ctypes.c_size_t)
    library.model_check.argtypes = (
        *bytes_and_size,
        ctypes.c_void_p,
        ctypes.c_size_t,
        ctypes.c_char_p,
        ctypes.c_size_t,
    )
    for read in (library.model_op, library.model_setup_op):
        read.argtypes = (*bytes_and_size, ctypes.c_size_t, ctypes.c_void_p)
        read.restype = ctypes.c_bool
    library.model_io_count.argtypes = (*bytes_and_size, ctypes.c_bool)
    library.model_io_count.restype = ctypes.c_size_t
    library.model_io.argtypes = (
        *bytes_and_size,
        ctypes.c_bool,
        ctypes.c_size_t,
        ctypes.c_void_p,
    )
    library.model_metadata.argtypes = (
        *bytes_and_size,
        ctypes.c_char_p,
        ctypes.c_size_t,
        ctypes.c_void_p,
        ctypes.c_void_p,
    )
    library.model_metadata.restype = ctypes.c_bool
    library.model_type_name.restype = ctypes.c_char_p
    for of_tensor in (
        library.model_tensor_dim,
        library.model_tensor_scale,
        library.model_tensor_zero_point,
    ):
        of_tensor.argtypes = (ctypes.c_void_p, ctypes.c_size_t)
    library.model_tensor_scale.restype = ctypes.c_uint32
    return library


def check_key() -> str:
    """What an answer of this module depends on, besides the model and this module."""
    return c_key(*_made_of())


def _made_of() -> tuple[list[Path], list[Path], str, str]:
    """The library's sources and headers, and the compiler's options."""
    sources = [*sorted(MODEL.glob("*.c")), TFLM / "tflm_ops.c"]
    headers = [*sorted(MODEL.glob("*.h")), TFLM / "tflm_ops.h", TFLM / "ops.def"]
    return sources, headers, f"-I{MODEL}", "-DTFLM_OPS_ALL"
