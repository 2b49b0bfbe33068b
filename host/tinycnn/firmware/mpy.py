"""For which MicroPython a .mpy with native code is.

Second and third byte of a file are coded as `sys.implementation._mpy` is (py/persistentcode.h).
"""

from __future__ import annotations

from dataclasses import dataclass

ABI = (6, 3)
"""Of the .mpy files with native code that are built here: MicroPython's from 1.23 on."""

OLDEST = (1, 24)
"""The MicroPython that tflm.mpy needs: an older one may free a native module that is in use."""

HEAD = 3
"""Bytes at the beginning of a file that tell for whom it is."""

_ARCHES = (
    "", "x86", "x64", "armv6", "armv6m", "armv7m", "armv7em", "armv7emsp", "armv7emdp",
    "xtensa", "xtensawin", "rv32imc", "rv64imc",
)  # fmt: skip
"""By MicroPython's numbers for them (docs/reference/mpyfiles.rst)."""

_RUNS = {"armv7m": "armv6m", "armv7em": "armv6m", "armv7emdp": "armv7emsp"}
"""Of another architecture, whose files MicroPython takes there: it passes floats as they do."""


@dataclass(frozen=True)
class Kind:
    """Of a .mpy, or of those that a MicroPython takes.

    arch   "" if none, or one that has no name here
    """

    arch: str
    abi: tuple[int, int]

    @property
    def folder(self) -> str:
        """As files for several are laid out."""
        return f"{self.arch}_{dotted(self.abi)}"

    def __str__(self) -> str:
        return f"{self.arch or 'no architecture known here'}, ABI {dotted(self.abi)}"


def kind_of(number: int) -> Kind:
    """Of the MicroPython whose `sys.implementation._mpy` that is."""
    arch = number >> 10 & 0x0F
    return Kind(
        _ARCHES[arch] if arch < len(_ARCHES) else "",
        (number & 0xFF, number >> 8 & 3),
    )


def native_for(kind: Kind) -> Kind:
    """Of the native module for a MicroPython of `kind`."""
    return Kind(_RUNS.get(kind.arch, kind.arch), kind.abi)


def kind_of_file(head: bytes) -> Kind | None:
    """Of the file that begins so; None if it is no .mpy."""
    if len(head) < HEAD or head[:1] != b"M":
        return None
    return kind_of(int.from_bytes(head[1:HEAD], "little"))


def dotted(numbers: tuple[int, ...]) -> str:
    return ".".join(map(str, numbers))
