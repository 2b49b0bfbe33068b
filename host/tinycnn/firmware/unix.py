"""MicroPython's unix port with our user C module: a program of this machine."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Literal

from tinycnn.command import compiler, need
from tinycnn.firmware import libtflm, port
from tinycnn.firmware.fetch import fetch
from tinycnn.progress import Progress, silent
from tinycnn.tflite.ops import OpSet, profile_set

Engine = Literal["hosted", "tflm"]

# A warning that only the user's newer compiler knows must not stop the build.
_VARIANT = {"VARIANT_DIR": str(port.FIRMWARE_BUILD / "unix"), "CFLAGS_EXTRA": "-Wno-error"}

_SANITIZE = "-fsanitize=address,undefined -fno-sanitize=nonnull-attribute"
_SANITIZE_LINK = f"{_SANITIZE} --param asan-use-after-return=0"
_SANITIZE_COMPILE = f"{_SANITIZE_LINK} -fno-sanitize-recover=undefined -DMP_ASAN=1 -DMP_UBSAN=1"


def build_unix(
    engine: Engine = "hosted",
    *,
    kernels: libtflm.Kernels = "own",
    sanitize: bool = False,
    ops: OpSet | None = None,
    progress: Progress = silent,
) -> port.Program:
    """Build what is not up to date; output in build/unix/ENGINE/micropython.

    `ops` are those of the profile cnn unless it says otherwise. Espressif's `kernels` are
    those of an ESP32, in portable C. With `sanitize` the program checks itself with ASan
    and UBSan, asserts included, in a folder of its own.

    Raises SourceError if a source cannot be had, and BuildError, naming the log
    and the first error in it, if it does not compile.
    """
    need("make", "gcc", *(["g++", "ar"] if engine == "tflm" else []))
    port.refuse_odd_paths()
    others = "" if kernels == "own" else kernels
    parts = (engine, others, ops.name if ops else "", "asan" * sanitize)
    name = "-".join(part for part in parts if part)
    micropython = fetch("micropython", progress=progress)
    what = port.Port(
        name="unix",
        variant=name,
        product="micropython",
        micropython=micropython,
        compiler=compiler("gcc"),
        variables=_variables(engine, kernels, sanitize, ops or profile_set("cnn"), progress),
    )
    return port.build(what, progress)


def build_unix_stock(*, progress: Progress = silent) -> port.Program:
    """The same without our module: output in build/unix/stock/micropython.

    Raises as build_unix() does.
    """
    need("make", "gcc")
    port.refuse_odd_paths()
    what = port.Port(
        name="unix",
        variant="stock",
        product="micropython",
        micropython=fetch("micropython", progress=progress),
        compiler=compiler("gcc"),
        variables=_VARIANT,
        stock=True,
    )
    return port.build(what, progress)


def _variables(
    engine: Engine, kernels: libtflm.Kernels, sanitize: bool, ops: OpSet, progress: Progress
) -> dict[str, str]:
    variables = _VARIANT | {"TFLM_ENGINE": engine} | ops.variables
    if sanitize:
        variables["CFLAGS_EXTRA"] += f" {_SANITIZE_COMPILE}"
        variables["LDFLAGS_EXTRA"] = _SANITIZE_LINK
        variables["DEBUG"] = "1"
        variables["STRIP"] = ""
    if engine == "hosted":
        return variables | {"TFLM_COMMIT": _wheel_version()}
    flags = _SANITIZE if sanitize else ""
    return variables | libtflm.make_variables(
        extra_flags=flags, kernels=kernels, progress=progress
    )


def _wheel_version() -> str:
    """What the hosted engine runs models in; "" where it is not installed."""
    try:
        return version("tflite-micro")
    except PackageNotFoundError:
        return ""
