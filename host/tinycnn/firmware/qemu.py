"""Firmware for qemu-rv32: MicroPython's qemu port on a bare RV32IMC machine.

Its heap and stack are an ESP32's, and nothing of an operating system is under it:
see firmware_build/qemu/.
"""

from __future__ import annotations

from dataclasses import dataclass

from tinycnn.command import compiler, need, run
from tinycnn.errors import MissingToolError, SourceError
from tinycnn.firmware import libtflm, port
from tinycnn.firmware.fetch import Checkout, fetch
from tinycnn.progress import Progress, silent
from tinycnn.tflite.ops import OpSet, profile_set

PREFIX = "riscv64-unknown-elf-"

_MARCH = "-march=rv32imc_zicsr -mabi=ilp32 --specs=picolibc.specs"
"""As firmware_build/qemu/mpconfigboard.mk has it."""

_SMALL = "-msave-restore"
"""As esp32/CMakeLists.txt has it for a RISC-V chip: functions share code to save registers."""

# A warning that only the user's newer compiler knows must not stop the build.
_BOARD = {
    "BOARD": "TFLM_RV32",
    "BOARD_DIR": str(port.FIRMWARE_BUILD / "qemu"),
    "CFLAGS_EXTRA": "-Wno-error",
}

_STOCK_HEAP = 112640 + (72 << 10)
"""What an ESP32 has left for it, about, and room for the native module, which lies in it."""

_OLDEST = (1, 28)
"""The first MicroPython whose qemu port has a microsecond clock."""


def build_qemu(
    *,
    ops: OpSet | None = None,
    kernels: libtflm.Kernels = "own",
    progress: Progress = silent,
) -> port.Program:
    """Build what is not up to date; output in build/qemu/NAME/firmware.elf.

    Beside it is the linker's firmware.map, for `tinycnn.firmware.mapfile`.

    `ops` are those of the profile cnn unless it says otherwise. Espressif's `kernels` are
    those of an ESP32-C3, in portable C.

    Raises MissingToolError for a compiler or C++ library that is not there, SourceError
    if a source cannot be had, and BuildError if it does not compile.
    """
    need("make", f"{PREFIX}gcc", f"{PREFIX}g++", f"{PREFIX}ar")
    _need_cplusplus()
    port.refuse_odd_paths()
    ops = ops or profile_set("cnn")
    variables = _BOARD | {"TFLM_SMALL": _SMALL} | ops.variables
    what = port.Port(
        name="qemu",
        variant=ops.name if kernels == "own" else f"{ops.name}-{kernels}",
        product="firmware.elf",
        map="firmware.map",
        micropython=_micropython(progress),
        compiler=compiler(f"{PREFIX}gcc"),
        variables=variables
        | libtflm.make_variables(
            prefix=PREFIX, extra_flags=f"{_MARCH} {_SMALL}", kernels=kernels, progress=progress
        ),
    )
    return port.build(what, progress)


def build_qemu_stock(*, progress: Progress = silent) -> port.Program:
    """The same without our module: output in build/qemu/stock/firmware.elf.

    Raises as build_qemu() does.
    """
    need("make", f"{PREFIX}gcc")
    port.refuse_odd_paths()
    what = port.Port(
        name="qemu",
        variant="stock",
        product="firmware.elf",
        micropython=_micropython(progress),
        compiler=compiler(f"{PREFIX}gcc"),
        variables=_BOARD | {"MICROPY_HEAP_SIZE": str(_STOCK_HEAP)},
        stock=True,
    )
    return port.build(what, progress)


@dataclass(frozen=True)
class Arm:
    """A Cortex-M whose MicroPython takes a native module.

    machine   of QEMU's that has it
    fpu       1 or 0
    """

    machine: str
    cpu: str
    fpu: int


ARMS = {
    "armv6m": Arm("mps2-an385", "-mcpu=cortex-m3 -mfloat-abi=soft", 0),
    "armv7emsp": Arm("mps2-an386", "-mcpu=cortex-m4 -mfloat-abi=hard -mfpu=fpv4-sp-d16", 1),
}
"""By the module's architecture. QEMU has no Cortex-M0 with memory for one."""


def build_qemu_arm(arch: str, *, progress: Progress = silent) -> port.Program:
    """MicroPython without our module on a Cortex-M: output in build/qemu/stock-ARCH/firmware.elf.

    Raises as build_qemu() does.
    """
    need("make", "arm-none-eabi-gcc")
    port.refuse_odd_paths()
    what = port.Port(
        name="qemu",
        variant=f"stock-{arch}",
        product="firmware.elf",
        micropython=_micropython(progress),
        compiler=compiler("arm-none-eabi-gcc"),
        variables=_BOARD
        | {
            "BOARD": "TFLM_ARM",
            "BOARD_DIR": str(port.FIRMWARE_BUILD / "qemu" / "arm"),
            "MICROPY_HEAP_SIZE": str(_STOCK_HEAP),
            "TFLM_CPU": ARMS[arch].cpu,
            "SUPPORTS_HARDWARE_FP_SINGLE": str(ARMS[arch].fpu),
        },
        stock=True,
    )
    return port.build(what, progress)


def _micropython(progress: Progress) -> Checkout:
    micropython = fetch("micropython", progress=progress)
    if _numbers(micropython.version) < _OLDEST:
        raise SourceError(
            f"qemu-rv32 needs MicroPython {'.'.join(map(str, _OLDEST))}, and only"
            f" {micropython.version} is at hand: go online and run `tinycnn firmware fetch`"
        )
    return micropython


def _need_cplusplus() -> None:
    """Debian 12 has this compiler without any C++ header."""
    tried = run(
        [f"{PREFIX}g++", *_MARCH.split(), "-x", "c++", "-include", "type_traits", "-E", "-"]
    )
    if not tried.ok:
        raise MissingToolError(
            f"{PREFIX}g++ finds no C++ library: install it"
            " (Debian 13: apt install libstdc++-riscv64-unknown-elf-picolibc)"
        )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2])
