"""The verbs `check`, `slim` and `frontend`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tinycnn.cli import app
from tinycnn.cli.say import say
from tinycnn.errors import BuildError, UserError
from tinycnn.files import read_bytes, write_atomic
from tinycnn.firmware.esp32.boards import BOARDS, board_named

if TYPE_CHECKING:
    from tinycnn.tflite.check import CheckedModel
    from tinycnn.tflite.proof import Slimmed


@app.command()
def check(
    model: Annotated[Path, typer.Argument(metavar="MODEL.tflite", help="The model to look at.")],
    ops: Annotated[
        str, typer.Option(metavar="digits|cnn|all", help="The ops of the firmware.")
    ] = "cnn",
    board: Annotated[
        str | None,
        typer.Option(
            metavar="BOARD",
            help=f"Whether it finds room there, and how fast: {', '.join(BOARDS)}.",
        ),
    ] = None,
) -> None:
    """Say whether a board can run a model, and what it takes; status 1 if it cannot."""
    from tinycnn.tflite import check as checking
    from tinycnn.tflite.divisor import told
    from tinycnn.tflite.ops import profile_set

    profile_set(ops)
    on = board_named(board) if board else None
    data = read_bytes(model)
    found = checking.check_model(data)
    say(f"{model}: {found.size} bytes")
    if not found.valid:
        say(f"not valid: {found.reason}")
        _propose(data, model, ops, runs=False)
        sys.exit(1)
    lacking = found.lacking(ops)
    for op in found.ops:
        lack = "" if op.name not in lacking else "  not in " + ops
        say(f"  {op.name} version {op.version}{lack}")
    for kind, tensors in (("input", found.inputs), ("output", found.outputs)):
        for at, tensor in enumerate(tensors):
            say(f"  {kind} {at}: {tensor}")
    if found.inputs:
        say(f"  {told(found.divisor)}")
    if not found.reason:
        for line in _arena(data):
            say(f"  {line}")
    say(_verdict(found, ops, model))
    fits = True
    if on is not None and not found.reason:
        from tinycnn.cli.fit import room_lines, speed_lines

        fits, lines = room_lines(data, on)
        for line in (*lines, *speed_lines(data, on)):
            say(line)
    if found.reason or lacking:
        _propose(data, model, ops, runs=bool(found.profile))
    if found.reason or lacking or not fits:
        sys.exit(1)


@app.command()
def slim(
    model: Annotated[Path, typer.Argument(metavar="IN.tflite", help="The model to make slim.")],
    to: Annotated[Path, typer.Argument(metavar="OUT.tflite", help="What to write.")],
) -> None:
    """Fix a model's batch, fold constants, drop what no runtime reads; prove it the same."""
    from tinycnn.tflite.proof import slim_proved

    data = read_bytes(model)
    made = slim_proved(data, model)
    write_atomic(to, made.data)
    say(f"{model}: {len(data)} bytes; {to}: {len(made.data)} bytes")
    if made.gone:
        say(f"  without {', '.join(dict.fromkeys(made.gone))}")
    say(f"  gives the same values in LiteRT for {made.rounds} drawn inputs{_in_tflm(made)}")
    say(_verdict(made.checked, "cnn", to))


@app.command()
def frontend(
    to: Annotated[Path, typer.Argument(metavar="OUT.tflite", help="What to write.")],
    like: Annotated[
        str,
        typer.Option(
            metavar="micro_speech|microwakeword", help="Whose features: they round otherwise."
        ),
    ] = "micro_speech",
    stride_ms: Annotated[
        int | None,
        typer.Option(
            metavar="1...30",
            help="By how much one window is after the other. Without it: 20, or 10.",
        ),
    ] = None,
) -> None:
    """Write an audio front end as a model: from sound to what a wake word's model takes."""
    from tinycnn.tflite import frontend as made

    data = made.frontend(like, stride_ms)
    write_atomic(to, data)
    rate = made.RATE // 1000
    stride_ms = stride_ms or made.STRIDES_MS[like]
    say(f"{to}: {len(data)} bytes, from {made.WINDOW_MS} ms of sound to {made.CHANNELS} features")
    say(f"  {made.WINDOW_MS * rate} samples of {rate} kHz, the next {stride_ms * rate} later")
    for line in verdict_lines(data, to):
        say(f"  {line}")


def _in_tflm(made: Slimmed) -> str:
    if made.tflm is None:
        return "; not compared with TFLM"
    if made.tflm == 0:
        return ", and in TFLM"
    whole = made.checked.outputs[0].type != "FLOAT32"
    return f"; TFLM is at most {made.tflm:g} {'steps' if whole else 'of the largest value'} off"


def verdict_lines(data: bytes, model: Path) -> list[str]:
    """What a board needs for the .tflite `data`, which one runs: arena, and profile."""
    from tinycnn.tflite.check import check_model

    return [*_arena(data), _verdict(check_model(data), "cnn", model)]


def _verdict(found: CheckedModel, ops: str, model: Path) -> str:
    if not found.valid:
        keras = model.suffix in (".keras", ".h5")
        made = f"; `tinycnn quantize --model {model}` makes one of it" if keras else ""
        return f"not valid: {found.reason}{made}"
    if found.reason:
        return f"no firmware runs it: {found.reason}"
    if not (lacking := found.lacking(ops)):
        return f"valid; a firmware with --ops {ops} runs it"
    alone = {
        "float32": f"; that with --ops {ops} is of int8 alone",
        "int16": f"; that with --ops {ops} has no activations of int16",
    }.get("".join(lacking), "")
    return f"needs a firmware built with --ops {found.profile} or --ops-from {model}{alone}"


def _propose(data: bytes, model: Path, ops: str, runs: bool) -> None:
    """Name `slim` where it helps: by what it makes these ops run, or some if none `runs` now."""
    from tinycnn.tflite.proof import slim_proved

    try:
        made = slim_proved(data, model).checked
    except UserError:
        return
    if made.profile and made.lacking(ops):
        ops = "" if runs else made.profile
    if made.profile and ops:
        say(f"`tinycnn slim {model} OUT.tflite` makes one that a firmware with --ops {ops} runs")


def _arena(model: bytes) -> list[str]:
    from tinycnn.tflite.arena import predict_arena
    from tinycnn.tflite.native import native_need

    need, on_s3 = predict_arena(model), predict_arena(model, esp32s3=True)
    told = [f"arena of {need.arena} bytes, and on a 32-bit board at most {need.kept} beside it"]
    if on_s3.arena != need.arena:
        told.append(f"arena of {on_s3.arena} bytes on an ESP32-S3, whose kernels take scratch")
    try:
        native = native_need(model)
        told.append(f"arena of {native.arena} bytes in tflm.mpy, and {native.kept} beside it")
    except BuildError:
        raise
    except UserError as error:
        told.append(f"does not run in tflm.mpy: {error}")
    return told
