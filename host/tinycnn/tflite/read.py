"""A .tflite file: is it one, and what does it take and give?"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tinycnn.child import Answer, ask
from tinycnn.errors import UserError
from tinycnn.files import read_bytes
from tinycnn.text import printable
from tinycnn.tflite.check import CheckedModel, check_model

MAGIC = b"TFL3"
"""The flatbuffer identifier of a TFLite model, at byte 4."""

PROBE_SECONDS = 20
"""A model that has not run once by then is not for a microcontroller."""

_MISSING_OP = (
    re.compile(r"Didn't find op for builtin opcode '(\w+)' version '(\d+)'"),
    re.compile(r"unresolved custom op: (\S+?)\.?(?:\s|$)()"),
    re.compile(r"Select TensorFlow op\(s\).*\((\w+)\) failed()", re.DOTALL),
)
"""How LiteRT says that it lacks an op: its name, and the version."""


@dataclass(frozen=True)
class Tensor:
    """An input or output: real value = scale * (raw - zero_point) if scale is not 0."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    scale: float
    zero_point: int


@dataclass(frozen=True)
class TFLite:
    """A .tflite model that LiteRT has loaded and run.

    ops            names, in the order they run: "CONV_2D"
    arena          bytes to give TFLM on this machine: generous
    arena_used     bytes TFLM used of it on this machine (64-bit pointers; a board
                   with 32-bit ones needs less), or None
    unfit          why the module `tflm` of no firmware runs it, or ""
    tflm_error     that, or why TFLM on this machine does not run it, which lacks some kernels
                   that a firmware has; or ""
    reference      LiteRT has reference kernels for all of it
    """

    name: str
    data: bytes
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    ops: tuple[str, ...]
    arena: int
    arena_used: int | None
    unfit: str
    tflm_error: str
    reference: bool = True

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return len(self.data)


def read_tflite(path: Path) -> TFLite:
    """The model in `path`. Raises UserError, in one line, if it holds none."""
    return inspect_tflite(read_bytes(path), printable(path.stem, 80), str(path))


def inspect_tflite(data: bytes, name: str, where: str = "") -> TFLite:
    """Load and run the model `data` in a child process and say what it is.

    `where` names it in messages. Raises UserError if LiteRT cannot run it; that TFLM
    cannot is told by `unfit` and `tflm_error`.
    """
    where = where or name
    if len(data) < 8 or data[4:8] != MAGIC:
        raise UserError(
            f"{where} is no .tflite model: it does not have {MAGIC.decode()} at byte 4"
        )
    answer = ask(
        "tinycnn.tflite._probe",
        arrays={"model": np.frombuffer(data, np.uint8)},
        seconds=PROBE_SECONDS,
    )
    checked = check_model(data)
    if not answer.facts or "error" in answer.facts[0]:
        raise UserError(_refusal(where, answer, checked))
    seen = answer.facts[0]
    return TFLite(
        name=name,
        data=data,
        inputs=tuple(map(_tensor, seen["inputs"])),
        outputs=tuple(map(_tensor, seen["outputs"])),
        ops=tuple(map(printable, seen["ops"])),
        arena=seen["arena"],
        arena_used=_arena_used(answer.said),
        unfit=checked.reason,
        tflm_error=checked.reason or _tflm_error(answer),
        reference=seen["reference"],
    )


def check_classifier(model: TFLite, shape: tuple[int, ...], classes: int) -> None:
    """Raise UserError unless the model takes one image of `shape` and gives `classes` scores.

    Its input and output are float32, or whole numbers with one scale.
    """
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise UserError(
            f"{model.name} must have one input and one output, "
            f"not {len(model.inputs)} and {len(model.outputs)}"
        )
    takes, gives = model.inputs[0], model.outputs[0]
    for tensor in (takes, gives):
        quantized = tensor.scale > 0 and np.dtype(tensor.dtype).kind in "iu"
        if tensor.dtype != "float32" and not quantized:
            raise UserError(
                f"{model.name} has an input or output of {tensor.dtype}, not quantized: "
                "float32 is needed, or a type of whole numbers with a scale"
            )
    if takes.shape != (1, *shape):
        raise UserError(
            f"{model.name} takes an input of {_text(takes.shape)}, "
            f"the data has images of {_text((1, *shape))}"
        )
    if gives.shape != (1, classes):
        raise UserError(
            f"{model.name} gives an output of {_text(gives.shape)}, the data has {classes} classes"
        )


def _tensor(seen: dict[str, Any]) -> Tensor:
    return Tensor(**{**seen, "shape": tuple(seen["shape"])})


def _arena_used(said: str) -> int | None:
    found = re.search(r"Arena allocation total (\d+) bytes", said)
    return int(found[1]) if found else None


def _tflm_error(answer: Answer) -> str:
    """TFLM's own words if it failed: its log says more than its exception."""
    if len(answer.facts) == 1:
        return f"only a firmware's kernels run it: TFLM on this machine {answer.died}"
    if not answer.facts[1]["tflm"]:
        return ""
    log = [line for line in answer.said.splitlines() if line.strip() and "INFO" not in line]
    words = printable(log[0].strip()) if log else str(answer.facts[1]["tflm"])
    return f"only a firmware's kernels run it, not those of TFLM on this machine: {words}"


def _refusal(where: str, answer: Answer, checked: CheckedModel) -> str:
    """Why LiteRT cannot run a model: an op that it lacks is no fault of the file."""
    told = answer.facts[0]["error"] if answer.facts else ""
    for text in (told, answer.said):
        for pattern in _MISSING_OP:
            if found := pattern.search(text):
                version = f" version {found[2]}" if found[2] else ""
                return f"{where} needs {printable(found[1])}{version}, an op that LiteRT lacks"
    why = told or f"LiteRT {answer.died} on it"
    if checked.valid:  # as a file: an op of it is what LiteRT stumbles over
        reason = f"; no firmware runs it either: {checked.reason}" if checked.reason else ""
        return f"{where} does not run: {why}{reason}"
    return f"{where} is no sound .tflite model: {checked.reason} ({why})"


def _text(shape: tuple[int, ...]) -> str:
    return "x".join(str(size) for size in shape)
