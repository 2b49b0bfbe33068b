"""Whose kernels are counted on which target, and how what has them is built."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from tinycnn.bench.callgrind import PROGRAMS, ByCallgrind
from tinycnn.bench.count import ByClock, Counter
from tinycnn.command import compiler, need
from tinycnn.errors import UserError
from tinycnn.files import read_bytes
from tinycnn.firmware import libtflm, mapfile
from tinycnn.firmware.qemu import PREFIX, build_qemu
from tinycnn.firmware.unix import build_unix
from tinycnn.progress import Progress
from tinycnn.targets import plugged, qemu
from tinycnn.targets.targets import Choice, build_target, need_choice

TFLM, ESP_NN, OURS = "TFLM", "esp-nn", "ours"
"""TFLM's own kernels; Espressif's in their place, in the portable C of an ESP32; or ours."""

_BUILT: Mapping[str, libtflm.Kernels] = {TFLM: "tflm", ESP_NN: "esp-nn", OURS: "own"}
"""What they are called where they are built, and in the file beside an image."""


@dataclass(frozen=True)
class Machine:
    """What was built to count on.

    kernels   TFLM, ESP_NN or OURS; of an image what it tells
    compiler  what made it, as it calls itself; "" if nobody told
    flash     bytes that `tflm` adds to a firmware, by part; empty where they are not known
    """

    kernels: str
    compiler: str
    counter: Counter
    flash: Mapping[str, int] = field(default_factory=dict)


def _unix(target: str, kernels: str, choice: Choice, progress: Progress) -> Machine:
    need(*PROGRAMS)
    built = build_unix("tflm", kernels=_BUILT[kernels], progress=progress)
    made_by = f"{compiler('gcc')}, {platform.machine()}"
    return Machine(kernels, made_by, ByCallgrind(built.path))


def _qemu(target: str, kernels: str, choice: Choice, progress: Progress) -> Machine:
    need(qemu.PROGRAM)
    built = build_qemu(kernels=_BUILT[kernels], progress=progress)
    plug = partial(qemu.plug, firmware=built.path, options=qemu.ICOUNT)
    added = mapfile.added(built.path.with_suffix(".map").read_text(errors="replace"))
    return Machine(
        kernels, compiler(f"{PREFIX}gcc"), ByClock(partial(plugged.run, plug=plug)), _flash(added)
    )


def _chip(target: str, kernels: str, choice: Choice, progress: Progress) -> Machine:
    """As its image has them, and as the file beside that tells."""
    built = build_target(target, choice, progress=progress)
    assert built.counted is not None
    try:
        told = json.loads(read_bytes(built.program.with_suffix(".json")))
        made_by, flash = str(told["pins"]["compiler"]), _flash(told["tflm_adds"])
        kernels = {word: shown for shown, word in _BUILT.items()}[told["kernels"]]
    except (UserError, ValueError, KeyError, TypeError, AttributeError):
        made_by, flash = "", {}
    return Machine(kernels, made_by, ByClock(built.counted), flash)


def _flash(added: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    """By part, without the models of an image."""
    return {
        part: mapfile.in_flash(kinds) for part, kinds in added.items() if part != "frozen_models"
    }


Build = Callable[[str, str, Choice, Progress], Machine]

BUILDS: dict[str, tuple[Build, tuple[str, ...]]] = {
    "unix": (_unix, (TFLM, ESP_NN, OURS)),
    "qemu-rv32": (_qemu, (TFLM, ESP_NN, OURS)),
    "qemu-esp32": (_chip, ("the image's",)),
    "qemu-esp32c3": (_chip, ("the image's",)),
}
"""By target: how it is built, and with whose kernels."""


def machines(
    target: str, kernels: Sequence[str] | None, choice: Choice, progress: Progress
) -> Iterator[Machine]:
    """What is to be counted on for `target`, of BUILDS, one after the other: with `kernels`
    alone, or with all it has.

    Raises UserError for a choice that it does not have, and MissingToolError, SourceError
    and BuildError as the builds do.
    """
    need_choice(target, choice)
    build, has = BUILDS[target]
    for each in has:
        if kernels is None or each in kernels:
            yield build(target, each, choice, progress)
