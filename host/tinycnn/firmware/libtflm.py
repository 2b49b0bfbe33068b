"""TFLM's interpreter and kernels as static archives, kept in the cache.

MicroPython's makefiles take C++ only from `.cpp`, TFLM's sources end in `.cc`,
and compiling them takes minutes: so they are compiled once for each commit, set
of flags and compiler.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from tinycnn.cache import SEAL, Kept, find, keep, seal, unseal
from tinycnn.command import compiler, first_error, locked, make_environment, need, run
from tinycnn.errors import BuildError
from tinycnn.files import BUILD, ROOT, digest, read_bytes
from tinycnn.firmware.fetch import Checkout, fetch
from tinycnn.firmware.make import make
from tinycnn.firmware.sources import cache_root
from tinycnn.progress import Progress, silent
from tinycnn.tflite.ops import offered

MAKEFILE = ROOT / "firmware_build" / "tflm" / "libtflm.mk"
_TIMER = MAKEFILE.parent / "esp_nn_host" / "esp_timer.h"

Kernels = Literal["own", "tflm", "esp-nn"]
"""Whose kernels run the ops: ours where there are any and TFLM's for the others, TFLM's alone,
or Espressif's in the place of some of those."""

_SCHEMA = "include/tensorflow/lite/schema/schema_generated.h"
"""Beside the archive: what MAKEFILE makes of TFLM's for those who compile against it."""

_OBJECTS = 150
"""About how many files are compiled, should make not say."""


def make_variables(
    *,
    prefix: str = "",
    extra_flags: str = "",
    kernels: Kernels = "own",
    progress: Progress = silent,
) -> dict[str, str]:
    """What tflm/micropython.mk wants to know of TFLM, which is fetched and built for it.

    See build(). Raises SourceError too, if the sources cannot be had.
    """
    tflm = fetch("esp-tflite-micro", progress=progress)
    esp_nn = fetch("esp-nn", progress=progress) if kernels == "esp-nn" else None
    library = " ".join(
        str(build(tflm, part, prefix=prefix, extra_flags=extra_flags, progress=progress))
        for part in ([esp_nn] if esp_nn else []) + [None]
    )
    return {
        "TFLM_DIR": str(tflm.path),
        "TFLM_LIB": library,
        "TFLM_COMMIT": tflm.key,
        "TFLM_KERNELS": kernels,
    }


def build(
    tflm: Checkout,
    esp_nn: Checkout | None = None,
    *,
    prefix: str = "",
    extra_flags: str = "",
    progress: Progress = silent,
) -> Path:
    """The archive libtflm.a of the tree `tflm`, compiled unless the cache has it.

    With `esp_nn` it is libesp_nn.a instead: Espressif's kernels, to link in front of it.
    `extra_flags` are added to the compilers' (for sanitizers, say); `prefix` is that of
    cross compilers. Raises BuildError, naming the log and the first error in it, if it does
    not compile.
    """
    need("make", *(f"{prefix}{tool}" for tool in ("g++", "gcc", "ar")))
    sources = [tflm.key, *([esp_nn.key] if esp_nn else [])]
    ours = [read_bytes(path) for path in (MAKEFILE, _TIMER)]
    chosen = {op.espressif if esp_nn else op.name for op in offered().values()}
    key = digest(*sources, extra_flags, compiler(f"{prefix}g++"), *ours, *sorted(chosen))[:16]
    folder = cache_root() / "libtflm" / key
    archive = folder / ("libesp_nn.a" if esp_nn else "libtflm.a")
    record = folder / "record.json"
    if find(record, key) is not None:
        return archive
    with locked(folder, progress):
        if find(record, key) is None:  # else another process has made it meanwhile
            archive.unlink(missing_ok=True)
            words = [
                "--no-print-directory",
                f"--file={MAKEFILE}",
                f"--directory={folder}",
                f"TFLM_DIR={tflm.path}",
                *([f"ESP_NN_DIR={esp_nn.path}"] if esp_nn else []),
                f"EXTRA_FLAGS={extra_flags}",
                f"CXX={prefix}g++",
                f"CC={prefix}gcc",
                f"AR={prefix}ar",
            ]
            name = f"esp-nn {esp_nn.version}" if esp_nn else f"TFLM {tflm.version}"
            with _objects(folder / "objects"):
                _make(words, name, progress)
            made = (archive.name, _SCHEMA)
            keep(record, Kept(key, {}, {name: read_bytes(folder / name) for name in made}))
            shutil.rmtree(folder / "objects")
    return archive


@contextmanager
def _objects(folder: Path) -> Iterator[None]:
    """A block that compiles into `folder`: with what was compiled there, if that is whole.

    What a compiler left that was killed, or what has changed since, must not be linked.
    """
    if unseal(folder, thorough=True) is None:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        (folder / SEAL).unlink()
    try:
        yield
    finally:
        if folder.is_dir():
            seal(folder, {})


def _make(words: list[str], name: str, progress: Progress) -> None:
    """Run make with `words` for the library called `name`."""
    counted = run(["make", *words, "count"], env=make_environment())
    total = int(counted.output) if counted.output.strip().isdigit() else _OBJECTS
    log = BUILD / "logs" / "libtflm.log"
    made = make(words, f"Compiling {name}", total, log, progress)
    if not made.ok:
        library = name.split()[0]
        raise BuildError(f"{library} does not compile: {first_error(made.output)} (log: {log})")
