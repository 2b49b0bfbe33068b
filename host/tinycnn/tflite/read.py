"""A .tflite file: is it one, and what does it take and give?"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinycnn.errors import UserError
from tinycnn.files import read_bytes

MAGIC = b"TFL3"
"""The flatbuffer identifier of a TFLite model, at byte 4."""

PROBE_SECONDS = 120
"""A model that has not run once by then is not for a microcontroller."""


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
    tflm_error     why TFLM cannot run it, or ""
    """

    name: str
    data: bytes
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    ops: tuple[str, ...]
    arena: int
    arena_used: int | None
    tflm_error: str

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return len(self.data)


def read_tflite(path: Path) -> TFLite:
    """The model in `path`. Raises UserError, in one line, if it holds none."""
    return inspect_tflite(read_bytes(path), path.stem, str(path))


def inspect_tflite(data: bytes, name: str, where: str = "") -> TFLite:
    """Load and run the model `data` in a child process and say what it is.

    `where` names it in messages. Raises UserError if LiteRT cannot run it; that TFLM
    cannot is told by `tflm_error`.
    """
    where = where or name
    if len(data) < 8 or data[4:8] != MAGIC:
        raise UserError(
            f"{where} is no .tflite model: it does not have {MAGIC.decode()} at byte 4"
        )
    try:
        child = subprocess.run(
            [sys.executable, "-m", "tinycnn.tflite._probe"],
            input=data,
            capture_output=True,
            timeout=PROBE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise UserError(f"{where} did not run once in {PROBE_SECONDS} s") from None
    said = child.stderr.decode(errors="replace")
    lines = child.stdout.decode(errors="replace").splitlines()
    if not lines:
        if child.returncode > 0:  # our own child failed: a bug, with its traceback
            raise RuntimeError(f"the probe failed:\n{said}")
        raise UserError(f"{where} is no sound .tflite model: it crashes the interpreter")
    seen: dict[str, Any] = json.loads(lines[0])
    if "error" in seen:
        raise UserError(f"{where} is no sound .tflite model: {seen['error']}")
    return TFLite(
        name=name,
        data=data,
        inputs=tuple(map(_tensor, seen["inputs"])),
        outputs=tuple(map(_tensor, seen["outputs"])),
        ops=tuple(seen["ops"]),
        arena=seen["arena"],
        arena_used=_arena_used(said),
        tflm_error=_tflm_error(lines[1:], said),
    )


def check_classifier(model: TFLite, shape: tuple[int, int, int], classes: int) -> None:
    """Raise UserError unless the model takes one image of `shape` and gives `classes` scores.

    Its input and output are float32 or int8.
    """
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise UserError(
            f"{model.name} must have one input and one output, "
            f"not {len(model.inputs)} and {len(model.outputs)}"
        )
    takes, gives = model.inputs[0], model.outputs[0]
    for tensor in (takes, gives):
        if tensor.dtype not in ("float32", "int8"):
            raise UserError(
                f"{model.name} has a tensor of {tensor.dtype}: float32 and int8 are supported"
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


def _tflm_error(lines: list[str], said: str) -> str:
    """TFLM's own words if it failed: its log says more than its exception."""
    if lines and "error" not in json.loads(lines[0]):
        return ""
    log = [line for line in said.splitlines() if line.strip() and "INFO" not in line]
    if log:
        return log[0].strip()
    return str(json.loads(lines[0])["error"]) if lines else "TFLM crashed on it"


def _text(shape: tuple[int, ...]) -> str:
    return "x".join(str(size) for size in shape)
