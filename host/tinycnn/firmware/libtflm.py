"""TFLM's interpreter and reference kernels as a static archive, kept in the cache.

MicroPython's makefiles take C++ only from `.cpp`, TFLM's sources end in `.cc`,
and compiling them takes minutes: so they are compiled once for each commit, set
of flags and compiler.
"""

from __future__ import annotations

import os
import shutil
from functools import cache
from pathlib import Path

from tinycnn.errors import BuildError
from tinycnn.files import BUILD, ROOT, digest, read_bytes, write_atomic
from tinycnn.firmware.command import first_error, locked, make_environment, need, run
from tinycnn.firmware.fetch import Checkout, fetch
from tinycnn.firmware.sources import cache_root
from tinycnn.progress import Progress, silent

MAKEFILE = ROOT / "firmware_build" / "tflm" / "libtflm.mk"

_OBJECTS = 150
"""About how many files are compiled, should make not say."""


@cache
def compiler(program: str) -> str:
    """The first line of `program --version`: another compiler, other code."""
    return run((program, "--version")).output.partition("\n")[0]


def make_variables(
    *, prefix: str = "", extra_flags: str = "", progress: Progress = silent
) -> dict[str, str]:
    """What tflm/micropython.mk wants to know of TFLM, which is fetched and built for it.

    See build(). Raises SourceError too, if TFLM's sources cannot be had.
    """
    tflm = fetch("esp-tflite-micro", progress=progress)
    archive = build(tflm, prefix=prefix, extra_flags=extra_flags, progress=progress)
    return {"TFLM_DIR": str(tflm.path), "TFLM_LIB": str(archive), "TFLM_COMMIT": tflm.key}


def build(
    tflm: Checkout, *, prefix: str = "", extra_flags: str = "", progress: Progress = silent
) -> Path:
    """The archive libtflm.a of the tree `tflm`, compiled unless the cache has it.

    `extra_flags` are added to the compiler's (for sanitizers, say); `prefix` is that of a
    cross compiler. Raises BuildError, naming the log and the first error in it, if it does
    not compile.
    """
    need("make", f"{prefix}g++", f"{prefix}ar")
    key = digest(tflm.key, extra_flags, compiler(f"{prefix}g++"), read_bytes(MAKEFILE))[:16]
    folder = cache_root() / "libtflm" / key
    archive = folder / "libtflm.a"
    if archive.is_file():
        return archive
    with locked(folder, progress):
        if not archive.is_file():  # else another process has made it meanwhile
            _make(tflm, folder, prefix, extra_flags, progress)
            shutil.rmtree(folder / "objects")
    return archive


def _make(tflm: Checkout, folder: Path, prefix: str, extra_flags: str, progress: Progress) -> None:
    base = [
        "make",
        "--no-print-directory",
        f"--file={MAKEFILE}",
        f"--directory={folder}",
        f"TFLM_DIR={tflm.path}",
        f"EXTRA_FLAGS={extra_flags}",
        f"CXX={prefix}g++",
        f"AR={prefix}ar",
    ]
    env = make_environment()
    counted = run([*base, "count"], env=env)
    total = int(counted.output) if counted.output.strip().isdigit() else _OBJECTS
    what = f"Compiling TFLM {tflm.version}"
    done = 0

    def see(line: str) -> None:
        nonlocal done
        if line.startswith("CXX "):
            done += 1
            progress(what, done, total)

    progress(what, 0, total)
    made = run([*base, f"--jobs={os.cpu_count() or 1}"], env=env, on_line=see)
    log = BUILD / "logs" / "libtflm.log"
    write_atomic(log, made.output + "\n")
    if not made.ok:
        raise BuildError(f"TFLM does not compile: {first_error(made.output)} (log: {log})")
