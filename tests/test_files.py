"""What goes on a board."""

from __future__ import annotations

from pathlib import Path

import pytest

from tinycnn.errors import UserError
from tinycnn.files import board_files, models_in

MADE = "model_int8.tflite"


def test_model_of_device_comes_before_that_of_the_demo(tmp_path: Path) -> None:
    device, models, own = tmp_path / "device", tmp_path / "models", tmp_path / "own.tflite"
    for path in (device / "classify.py", device / "digits.tflite", models / MADE, own):
        path.parent.mkdir(exist_ok=True)
        path.touch()

    def names(model: Path | None = None) -> list[str]:
        return list(board_files(model, device=device, models=models))

    assert names() == ["classify.py", "digits.tflite"]
    assert names(own) == ["classify.py", "own.tflite"]
    assert list(models_in(board_files(device=device, models=models))) == ["digits.tflite"]
    (device / "digits.tflite").unlink()
    assert names() == ["classify.py", MADE]
    (models / MADE).unlink()
    with pytest.raises(UserError, match="tinycnn demo"):
        names()
