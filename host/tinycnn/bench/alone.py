"""The instructions of our kernels by themselves: no TFLM, no MicroPython, no upstream source.

alone.c runs one layer after the other, prepared and computed; see there.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from tinycnn.bench.callgrind import counted
from tinycnn.command import first_error, need, run
from tinycnn.errors import BuildError
from tinycnn.files import ROOT

_KERNELS = ROOT / "firmware_build" / "kernels"
_FLAGS = ("-std=gnu99", "-O2", "-fno-schedule-insns", "-fno-tree-reassoc", f"-I{_KERNELS}")


def count_alone() -> dict[str, int]:
    """Instructions by what is done, on this machine.

    Raises MissingToolError without gcc or valgrind, and BuildError if it does not compile.
    """
    need("gcc")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sources = [Path(__file__).with_suffix(".c"), *sorted(_KERNELS.glob("*.c"))]
        made = run(["gcc", *_FLAGS, "-o", folder / "alone", *sources])
        if not made.ok:
            raise BuildError(f"alone.c does not compile: {first_error(made.output)}")
        done, counts = counted(["./alone"], folder)
        return dict(zip(done.stdout.splitlines(), counts, strict=True))
