"""The module as a native module, tflm.mpy: one file that a stock MicroPython imports.

For each architecture all C is compiled by link-time optimization into one object, of which
MicroPython's tools/mpy_ld.py makes the file. See firmware_build/native/.
"""

from __future__ import annotations

import re
import shutil
import sys
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from tinycnn.cache import Kept, find, keep, key_of
from tinycnn.command import Finished, compiler, first_error, locked, need, run
from tinycnn.errors import BuildError, MissingToolError
from tinycnn.files import BUILD, ROOT, write_atomic
from tinycnn.firmware.fetch import Checkout, fetch
from tinycnn.progress import Progress, silent
from tinycnn.tflite.ops import OpSet, native_set

FIRMWARE_BUILD = ROOT / "firmware_build"
NAME = "tflm.mpy"

_ROOMS = ("native/mpy", "native", "tflm", "model", "kernels")
_NOT_NATIVE = ("tflm_port.c", "tflm_real.c", "engine_hosted.c")
"""Of the module's room: what a firmware has, for which native/mpy/ has another."""


@dataclass(frozen=True)
class Arch:
    """What MicroPython calls an architecture, and how GCC compiles for it.

    prefix   of the compiler's name
    flags    of the compiler, wherever it is called
    libgcc   what is linked of the compiler's own library: members of that archive
    origin   where it comes from, if it is no package of Debian's
    """

    prefix: str
    flags: tuple[str, ...]
    libgcc: tuple[str, ...] = ()
    origin: str = ""


ARCHES = {
    # Functions and loops that are aligned would move the text from where the linker has it.
    "x64": Arch("", ("-falign-functions=1", "-falign-loops=1", "-falign-jumps=1")),
    # No atomics, which an ESP32-C3 has not. Strings need no alignment.
    "rv32imc": Arch(
        "riscv64-unknown-elf-",
        (
            "-march=rv32imc",
            "-mabi=ilp32",
            "-mno-relax",
            "-mtune=size",
            "-malign-data=natural",
            "-msave-restore",
        ),
        libgcc=("save-restore.o",),
    ),
    # A Cortex-M0 neither divides nor multiplies to 64 bits: libgcc does. 64 bits are divided in
    # mpy_divide.c. A jump table would be a call of libgcc, too.
    "armv6m": Arch(
        "arm-none-eabi-",
        ("-mthumb", "-mcpu=cortex-m0", "-fno-jump-tables"),
        libgcc=(
            "_udivsi3.o",
            "_divsi3.o",
            "_dvmd_tls.o",
            "_muldi3.o",
            "_ashldi3.o",
            "_lshrdi3.o",
        ),
    ),
    "armv7emsp": Arch(
        "arm-none-eabi-",
        ("-mthumb", "-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard"),
    ),
    "xtensawin": Arch(
        "xtensa-esp32-elf-",
        # MicroPython's linker knows a literal by its section.
        ("-mlongcalls", "-mno-text-section-literals"),
        origin="it comes with ESP-IDF (install.sh, then `. export.sh`)",
    ),
}

_FLAGS = (
    "-std=c99",
    "-Wall",
    "-Wextra",
    "-Wno-unused-parameter",
    "-Werror",
    "-Os",
    "-fpic",
    "-fno-common",
    "-ffreestanding",
    "-fno-tree-loop-distribute-patterns",  # or memset() calls itself
    "-fno-stack-protector",
    "-fno-asynchronous-unwind-tables",
    "-fomit-frame-pointer",
    "-U_FORTIFY_SOURCE",
    "-flto",
    # What -Os does for speed, or in vain: a kilobyte and a half.
    "-fno-tree-ch",
    "-fno-tree-scev-cprop",
    "-fno-ipa-modref",
    "-fno-caller-saves",
    "-fno-if-conversion",
)
# Without the plugin, or what is linked with -r is kept whole. What is taken is what the compiler
# made of all, before it was linked: of that MicroPython's linker takes every relocation.
_LINK = (
    "-fwhole-program",
    "-flto-partition=one",
    "-fno-use-linker-plugin",
    "-r",
    "-nostdlib",
    "-save-temps",
    "-fstack-usage",  # for a test
)
_MADE = "*.ltrans0.ltrans.o"
_FAST = ("-O2", "-fno-schedule-insns", "-fno-tree-reassoc")
"""For the kernels in which time is spent, as tflm/micropython.mk has it for all."""
_FAST_KERNELS = (
    "conv_2d_packed.c",
    "conv_2d_patch.c",
    "conv_3x3.c",
    "depthwise_conv_2d.c",
    "dot.c",
    "pool_2d.c",
)

_DEFINES = (
    "-DNDEBUG",
    "-DNO_QSTR",
    "-DMICROPY_ENABLE_DYNRUNTIME",
    "-DMICROPY_FLOAT_IMPL=MICROPY_FLOAT_IMPL_FLOAT",
    '-DTFLM_PORT="mpy_port.h"',
    "-DTFLM_NATIVE=1",
    "-DMODEL_INT16=0",
    '-DTFLM_ENGINE_NAME="native"',
    '-DTFLM_COMMIT="none"',
)

_CONFIG = """\
#include <stdint.h>
typedef uintptr_t mp_uint_t;
typedef intptr_t mp_int_t;
typedef uintptr_t mp_off_t;
extern const uint16_t mp_native_qstr_table[];
extern const mp_uint_t mp_native_obj_table[];
"""


@dataclass(frozen=True)
class NativeModule:
    """tflm.mpy for an architecture, built, with these ops."""

    arch: str
    path: Path
    size: int
    ops: frozenset[str]


@dataclass(frozen=True)
class _Build:
    """Compiling in `folder`."""

    arch: Arch
    name: str
    folder: Path
    micropython: Path
    flags: tuple[str, ...]

    @property
    def gcc(self) -> str:
        return f"{self.arch.prefix}gcc"

    def call(self, *words: str | Path) -> str:
        """Run a program in the folder; its output. Raises BuildError if it fails."""
        done = run(words, cwd=self.folder)
        if not done.ok:
            log = BUILD / "logs" / f"native-{self.name}.log"
            write_atomic(log, done.output + "\n")
            raise BuildError(
                f"{NAME} ({self.name}) does not build: {_complaint(done)} (log: {log})"
            )
        return done.output

    def compile(self, sources: list[Path], *more: str) -> None:
        self.call(self.gcc, *self.flags, *more, "-c", *sources)


def build_native(
    arch: str = "x64", *, ops: OpSet | None = None, progress: Progress = silent
) -> NativeModule:
    """Build what is not up to date; output in build/native/ARCH-OPS/tflm.mpy.

    `ops` are all that the native module has unless it says otherwise.

    Raises MissingToolError for a compiler, or MicroPython's linker's library, that is not there,
    SourceError if MicroPython's sources cannot be had, and BuildError if it does not build.
    """
    known, ops = ARCHES[arch], ops or native_set()
    gcc = f"{known.prefix}gcc"
    if known.origin and shutil.which(gcc) is None:
        raise MissingToolError(f"{gcc} is missing: {known.origin}")
    need(gcc)
    if find_spec("elftools") is None:
        raise MissingToolError("MicroPython's linker needs pyelftools: pip install pyelftools")
    micropython = fetch("micropython", progress=progress)
    name = f"{arch}-{ops.name}"
    folder = BUILD / "native" / name
    small, fast = _sources()
    flags = _flags(known, micropython, folder, ops)
    read = [*small, *fast, *_headers(), Path(ops.variables["TFLM_OPS_FILE"])]
    parts: list[bytes | str] = [compiler(gcc), micropython.key, *flags]
    parts += [path.read_bytes() for path in read]
    key = key_of(*parts, code=__name__)
    with locked(folder, progress):
        record = folder / "record.json"
        if find(record, key) is None:
            progress(f"Building {NAME} for {arch}", 0, 0)
            build = _Build(known, name, folder / "objects", micropython.path, flags)
            made = _make(build, arch, small, fast)
            keep(record, Kept(key, {}, {NAME: made.read_bytes()}))
    path = folder / NAME
    return NativeModule(arch, path, path.stat().st_size, ops.names)


def _sources() -> tuple[list[Path], list[Path]]:
    """What is compiled to be small, and what to be fast."""
    every = [path for room in _ROOMS for path in sorted((FIRMWARE_BUILD / room).glob("*.c"))]
    small = [path for path in every if path.name not in (*_NOT_NATIVE, *_FAST_KERNELS)]
    return small, [path for path in every if path.name in _FAST_KERNELS]


def _headers() -> list[Path]:
    return [path for room in _ROOMS for path in sorted((FIRMWARE_BUILD / room).glob("*.h"))]


def _flags(arch: Arch, micropython: Checkout, folder: Path, ops: OpSet) -> tuple[str, ...]:
    rooms = (f"-I{FIRMWARE_BUILD / room}" for room in _ROOMS)
    mine = (
        f"-I{micropython.path}",
        f"-DMP_CONFIGFILE=<{folder / 'objects' / 'config.h'}>",
        f'-DTFLM_OPS_FILE="{ops.variables["TFLM_OPS_FILE"]}"',
    )
    return (*_FLAGS, *arch.flags, *_specs(arch), *_DEFINES, *rooms, *mine)


def _specs(arch: Arch) -> tuple[str, ...]:
    """Debian's RISC-V compiler has its headers of C from picolibc, if asked to."""
    specs = "picolibc.specs"
    found = run([f"{arch.prefix}gcc", f"-print-file-name={specs}"]).output.strip()
    return (f"--specs={specs}",) if arch.prefix and found != specs else ()


def _make(build: _Build, arch: str, small: list[Path], fast: list[Path]) -> Path:
    build.folder.mkdir(parents=True, exist_ok=True)
    for old in build.folder.iterdir():
        old.unlink()
    config = build.folder / "config.h"
    write_atomic(config, _CONFIG)
    # The names of Python's that the module uses, those in MicroPython's headers among them.
    seen = build.call(build.gcc, *build.flags, "-fno-lto", "-E", *small)
    names = sorted(set(re.findall(r"\bMP_QSTR_\w+", seen)))
    table = (f"#define {name} (mp_native_qstr_table[{i + 1}])\n" for i, name in enumerate(names))
    write_atomic(config, _CONFIG + "".join(table))
    build.compile(small)
    build.compile(fast, *_FAST)
    objects = sorted(build.folder.glob("*.o"))
    flags = [flag for flag in build.flags if not flag.startswith("--specs")]
    build.call(build.gcc, *flags, *_LINK, "-o", "whole.o", *objects)
    (whole,) = build.folder.glob(_MADE)
    if lost := _lost_addends(whole):
        raise BuildError(f"{NAME} ({build.name}): mpy_ld would forget the number of {lost[0]}")
    if build.arch.libgcc:
        archive = build.call(build.gcc, *flags, "-print-libgcc-file-name").strip()
        build.call(f"{build.arch.prefix}ar", "x", archive, *build.arch.libgcc)
    link = build.micropython / "tools" / "mpy_ld.py"
    words = (f"--arch={arch}", f"--qstrs={config}", f"--output={NAME}")
    build.call(sys.executable, link, *words, whole, *build.arch.libgcc)
    return build.folder / NAME


def _lost_addends(path: Path) -> list[str]:
    """Literals that are a symbol and a number, which MicroPython's linker takes for the symbol."""
    with path.open("rb") as file:
        elf = import_module("elftools.elf.elffile").ELFFile(file)
        symbols = elf.get_section_by_name(".symtab")
        found = []
        for section in elf.iter_sections():
            if section.name.startswith(".rela.literal"):
                for relocation in section.iter_relocations():
                    symbol = symbols.get_symbol(relocation["r_info_sym"])
                    if relocation["r_addend"] != 0 and symbol.name not in ("", "mp_fun_table"):
                        found.append(f"{symbol.name}+{relocation['r_addend']}")
        return found


def _complaint(done: Finished) -> str:
    """What a compiler says, or MicroPython's linker, which names no line an error."""
    found = re.search(r"^LinkError: .*$", done.output, re.MULTILINE)
    return found[0] if found else first_error(done.output)
