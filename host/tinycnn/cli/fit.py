"""What `check --board` says: room and speed of a model on a board."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tinycnn.board.fit import Fit
    from tinycnn.firmware.esp32.boards import Board


def room_lines(model: bytes, board: Board) -> tuple[bool, list[str]]:
    """Whether `model` finds room on `board`, with `tflm` in its firmware; and all about it."""
    from tinycnn.board.fit import fit

    found = fit(model, board)
    wifi = ", with Wi-Fi on" if board.wifi else ""
    need = found.need
    lines = [
        f"{board.name} has a heap of {_kb(sum(found.areas))}{wifi}{_PSRAM[board.psram]}: "
        f"{_kb(max(found.areas))} in one piece at most",
        f"  the model takes {need.total:,} bytes of it, {need.in_flash.total:,} if it is in flash",
        f"  {_verdict(found, board)}",
        *_native(found, board),
    ]
    return found.fits, lines


_PSRAM = {"none": "", "some": ", on a module without PSRAM", "all": ", in PSRAM of 2 MB"}


def _kb(size: int) -> str:
    return f"{size >> 10} KB"


def _verdict(found: Fit, board: Board) -> str:
    if found.copied:
        return "it fits, in a file or in flash"
    if found.flash:
        return "it fits if it is in flash: `tinycnn romfs`, or `tinycnn firmware build --freeze`"
    do = ["a smaller input or fewer channels make the arena smaller"]
    if max(found.need.in_flash.pieces) <= max(found.areas):
        do = ["a smaller model would lie in flash"]
    if found.psram and board.psram != "all":
        do.append("a board with PSRAM has room")
    return f"it does not fit: {'; '.join(do)}"


def _native(found: Fit, board: Board) -> list[str]:
    from tinycnn.board.fit import NATIVE

    if not board.native:
        return ["  stock firmware: tflm.mpy does not run on this chip"]
    if found.native is None:
        return ["  stock firmware with tflm.mpy: it does not run there, see above"]
    fits = "it fits" if found.native_fits else "it does not fit"
    takes = f"{found.native.total:,} bytes, and the module {_kb(NATIVE)} more"
    return [f"  stock firmware with tflm.mpy: the model takes {takes}: {fits}"]


def speed_lines(model: bytes, board: Board) -> list[str]:
    """An estimate of an inference, and how good such an estimate is."""
    from tinycnn.bench.costs import RISCV, XTENSA, errors, estimate
    from tinycnn.tflite.graph import read_graph
    from tinycnn.tflite.ops import offered

    found = estimate(model, xtensa=board.xtensa)
    if _MOST_OF_THE_WORK & {kind.split(" ")[0] for kind in found.unknown}:
        return [f"  no estimate of its speed: nobody counted {', '.join(found.unknown)}"]
    milliseconds = found.instructions / board.mhz / 1000
    told = f"  about {float(f'{found.instructions:.3g}'):,.0f} instructions of invoke()"
    told += f", {milliseconds:.3g} ms at {board.mhz} MHz if each takes a cycle"
    lines = [told]
    if found.unknown:
        lines.append(f"    without {', '.join(found.unknown)}, which nobody counted")
    known, ops = offered(), {node.op for node in read_graph(model).nodes}
    if board.chip == "ESP32-S3" and any(known[op].kernel == "vector" for op in ops):
        lines.append("    by our kernels, as in tflm.mpy; firmware with tflm has Espressif's here")
    target = XTENSA if board.xtensa else RISCV
    off = errors(target).values()
    lines.append(
        f"    an estimate: of {len(off)} networks on an emulated {_CHIPS[target]} it was "
        f"{min(off):+.0%} to {max(off):+.0%} off; flash and caches make a chip slower"
    )
    return lines


_MOST_OF_THE_WORK = {"CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "FULLY_CONNECTED",
                     "UNIDIRECTIONAL_SEQUENCE_LSTM", "SVDF", "BATCH_MATMUL"}  # fmt: skip

_CHIPS = {"qemu-esp32": "ESP32", "qemu-esp32c3": "ESP32-C3"}
