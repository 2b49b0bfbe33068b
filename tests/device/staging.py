"""What device tests on the host share: the target as a type, and its file system."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

import numpy as np
import pytest

from device_models import device_models, float_ends
from host_helpers import Pipeline
from skips import TARGET
from tinycnn.files import ROOT, stage
from tinycnn.targets import plugged
from tinycnn.targets.completed import Completed
from tinycnn.targets.serial_script import SerialScript
from tinycnn.targets.targets import Target
from tinycnn.targets.unix import environment

LACKS: dict[str, set[str]] = {
    "unix-hosted": {"icount", "memory", "profile", "soft_reset"},
    "unix": {"icount", "memory", "soft_reset"},
    "unix-esp-nn": {"icount", "memory", "soft_reset"},
    "unix-stock": {"float32", "icount", "memory", "parallel", "soft_reset"},
    "qemu-rv32": {"exit_status", "fat", "memory", "threads"},
    "qemu-rv32-stock": {"exit_status", "fat", "float32", "memory", "threads"},
    "qemu-armv6m-stock": {"exit_status", "fat", "float32", "memory", "threads"},
    "qemu-armv7emsp-stock": {"exit_status", "fat", "float32", "memory", "threads"},
    "qemu-esp32": {"exit_status"},
    "qemu-esp32c3": {"exit_status"},
    "qemu-esp32-stock": {"deep_files", "exit_status", "float32", "memory", "parallel"},
    "qemu-esp32c3-stock": {"deep_files", "exit_status", "float32", "memory", "parallel"},
    "esp32": {"deep_files", "exit_status", "icount"},
}
"""The capabilities that each target lacks, of those in CAPABILITIES."""

CAPABILITIES = {
    "deep_files",
    "exit_status",
    "fat",
    "float32",
    "heap_lock",
    "icount",
    "memory",
    "parallel",
    "profile",
    "soft_reset",
    "threads",
    "uctypes",
}
"""What a target may lack. A script says so as `SKIP: threads` in its first line."""


def need(target: Target, capability: str) -> None:
    """Skip the test if the target lacks that, as LACKS says."""
    assert capability in CAPABILITIES, f"{capability} is no name of a capability"
    if capability in LACKS[target.name]:
        pytest.skip(f"{TARGET}{target.name} has no {capability}")


def run(
    target: Target, script: Path, args: Sequence[str] = (), *, flash: Path, timeout: float = 60
) -> Completed:
    """Run `script` on the target, its output captured; a QEMU is slower than this machine."""
    slower = 10 if target.plug else 1
    return target.run(script, args, flash=flash, capture=True, timeout=timeout * slower)


def stage_all(flash: Path, pipeline: Pipeline, *, float32: bool = True) -> None:
    """What a deploy copies, all the digits' pixels, and the small models.

    Where no op computes in `float32`, the model of that name does at its ends alone.
    """
    converted = pipeline.converted
    files = {path.name: path for path in (ROOT / "device").glob("*.py")}
    for name, model in zip(("int8", "float32"), (converted.int8, converted.float32), strict=True):
        files[f"model_{name}.tflite"] = converted.path(model)
    stage(flash, files)
    if not float32:
        ends = float_ends((flash / "model_int8.tflite").read_bytes())
        (flash / "model_float32.tflite").unlink()
        (flash / "model_float32.tflite").write_bytes(ends)
    pixels = np.rint(pipeline.dataset.x * pipeline.dataset.maximum).astype(np.uint8)
    (flash / "digits.bin").write_bytes(pixels.tobytes())
    for name, data in device_models().items():
        (flash / name).write_bytes(data)


class Running(Protocol):
    """A script that runs while the test goes on."""

    def line(self) -> str:
        """The next line that it prints; fails the test if none comes."""

    def interrupt(self) -> None:
        """What a terminal does on Ctrl-C."""

    def failed(self) -> bool:
        """Whether it ends with an uncaught exception."""


class RunningProcess:
    """A script in a simulator."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.pid = process.pid
        self._read = b""

    def line(self, timeout: float = 10) -> str:
        """The next line that it prints; fails the test if none comes."""
        assert self.process.stdout is not None
        end = time.monotonic() + timeout
        while b"\n" not in self._read:
            ready, _, _ = select.select([self.process.stdout], [], [], end - time.monotonic())
            assert ready, f"nothing more in {timeout} s, after {self._read!r}"
            piece = os.read(self.process.stdout.fileno(), 4096)
            assert piece, f"it ended, with {self._read!r}"
            self._read += piece
        line, self._read = self._read.split(b"\n", 1)
        return line.decode()

    def interrupt(self) -> None:
        """A signal to the whole process group."""
        os.killpg(self.pid, signal.SIGINT)

    def failed(self) -> bool:
        return self.process.wait(5) != 0


class RunningSerial:
    """A script behind a serial line."""

    def __init__(self, script: SerialScript) -> None:
        self._script = script

    def line(self) -> str:
        return self._script.line(60)

    def interrupt(self) -> None:
        self._script.interrupt()

    def failed(self) -> bool:
        return self._script.finish(10)[1] != ""


@contextmanager
def started(target: Target, script: Path, flash: Path) -> Iterator[Running]:
    """Start `script` on the target."""
    if target.plug:
        with plugged.started(target.plug, script.read_text(), flash=flash) as behind:
            yield RunningSerial(behind)
    else:
        env = environment(flash, target.library)
        with running(target.program, script, flash, env) as process:
            yield process


@contextmanager
def running(
    program: Path, script: Path, flash: Path, env: Mapping[str, str] | None = None
) -> Iterator[RunningProcess]:
    """Start `script` in a simulator, in a process group of its own that is gone afterwards."""
    with subprocess.Popen(
        [program, script],
        cwd=flash,
        env=environment(flash) | dict(env or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as process:
        try:
            yield RunningProcess(process)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
