"""The verb `check`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from tinycnn.cli import app
from tinycnn.cli.say import say
from tinycnn.files import read_bytes


@app.command()
def check(
    model: Annotated[Path, typer.Argument(metavar="MODEL.tflite", help="The model to look at.")],
    ops: Annotated[
        str, typer.Option(metavar="digits|cnn|all", help="The ops of the firmware.")
    ] = "cnn",
) -> None:
    """Say whether a board can run a model, and what it takes; status 1 if it cannot."""
    from tinycnn.tflite import check as checking
    from tinycnn.tflite.divisor import told
    from tinycnn.tflite.ops import profile_set

    profile_set(ops)
    data = read_bytes(model)
    found = checking.check_model(data)
    say(f"{model}: {found.size} bytes")
    if not found.valid:
        say(f"not valid: {found.reason}")
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
    if found.reason:
        say(f"no firmware runs it: {found.reason}")
    elif lacking:
        alone = f"; that with --ops {ops} is of int8 alone" if lacking == ("float32",) else ""
        say(f"needs a firmware built with --ops {found.profile} or --ops-from {model}{alone}")
    else:
        say(f"valid; a firmware with --ops {ops} runs it")
    sys.exit(1 if found.reason or lacking else 0)


def _arena(model: bytes) -> list[str]:
    from tinycnn.tflite.arena import predict_arena

    need, on_s3 = predict_arena(model), predict_arena(model, esp32s3=True)
    told = [f"arena of {need.arena} bytes, and on a 32-bit board at most {need.kept} beside it"]
    if on_s3 != need:
        told.append(f"arena of {on_s3.arena} bytes on an ESP32-S3, whose kernels take scratch")
    return told
