"""Slim anybody's .tflite, and prove that it gives what it gave."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from tinycnn.child import Answer, ask
from tinycnn.errors import UserError
from tinycnn.tflite._slim import ROUNDS
from tinycnn.tflite.check import CheckedModel, check_model

_SECONDS = 60
_MAGIC = b"TFL3"


@dataclass(frozen=True)
class Slimmed:
    """A model made slim.

    gone     names of the ops that it has no more, one for each
    checked  what the check says of it
    tflm     how far TFLM's values are from LiteRT's reference kernels': steps of whole numbers,
             or parts of the largest value; None if it was not compared
    rounds   how many drawn inputs were compared; LiteRT gave the same for each
    """

    data: bytes
    gone: tuple[str, ...]
    checked: CheckedModel
    tflm: float | None
    rounds: int = ROUNDS


def slim_proved(data: bytes, where: object) -> Slimmed:
    """`data` with a batch of 1, constants folded, and nothing that no runtime reads.

    Raises UserError if it is no .tflite that LiteRT runs, if more than its batch is free, or
    if the values are others; `where` names it in messages.
    """
    if data[4:8] != _MAGIC:
        raise UserError(f"{where} is no .tflite model: it does not have TFL3 at byte 4")
    answer = _asked("litert", data, where)
    made = answer.arrays["model"].tobytes()
    if answer.facts[0]["off"] != 0:
        raise UserError(f"{where} gives other values when it is slim: keep it as it is")
    checked, off = check_model(made), None
    if checked.valid and not checked.reason:
        with suppress(UserError):  # a board's TFLM may yet: the check says that it does
            off = float(_asked("tflm", made, where).facts[0]["off"])
    return Slimmed(made, tuple(answer.facts[0]["gone"]), checked, off)


def _asked(runtime: str, model: bytes, where: object) -> Answer:
    arrays = {"model": np.frombuffer(model, np.uint8)}
    answer = ask("tinycnn.tflite._slim", runtime, arrays=arrays, seconds=_SECONDS)
    if not answer.arrays:
        why = answer.facts[-1]["error"] if answer.facts else answer.died
        checked = check_model(model)
        if not (checked.valid or (answer.facts and answer.facts[-1]["user"])):
            why = checked.reason  # more to the point than what reading broken bytes ends with
        raise UserError(f"{where} cannot be made slim: {why}")
    return answer
