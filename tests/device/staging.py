"""What device tests on the host share: the target as a type, and its file system."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from device_models import device_models
from host_helpers import Pipeline
from tinycnn import simulator as simulators
from tinycnn.files import ROOT


class Target(Protocol):
    """The fixture `target` of tests/conftest.py."""

    name: str
    program: Path

    def run(
        self, script: Path, args: Sequence[str] = (), *, flash: Path, timeout: float = 60
    ) -> simulators.Completed: ...


def stage(flash: Path, pipeline: Pipeline) -> None:
    """What a deploy copies, all the digits' pixels, and the small models."""
    converted = pipeline.converted
    files = {path.name: path for path in (ROOT / "device").glob("*.py")}
    for name, model in zip(("int8", "float32"), (converted.int8, converted.float32), strict=True):
        files[f"model_{name}.tflite"] = converted.path(model)
    simulators.stage(flash, files)
    pixels = np.rint(pipeline.dataset.x * pipeline.dataset.maximum).astype(np.uint8)
    (flash / "digits.bin").write_bytes(pixels.tobytes())
    for name, data in device_models().items():
        (flash / name).write_bytes(data)
