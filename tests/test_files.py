"""What goes on a board."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from host_helpers import Command, assert_one_line_error
from tflite_models import RELU, SIGN
from tinycnn.errors import UserError
from tinycnn.files import METRICS, board_files, models_in, need_writable, update_metrics

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


@pytest.mark.parametrize("name", ["saved_model", "own.h5", "page.html", "passwd", "own.keras"])
def test_what_is_not_called_a_model_is_brought_nowhere(
    name: str, tmp_path: Path, command: Command
) -> None:
    """By its name alone would `deploy` look at what is in it."""
    path = tmp_path / name
    if name == "saved_model":
        path.mkdir()
    else:
        path.write_bytes(b"root:x:0:0:root:/root:/bin/bash\n")
    output = tmp_path / "out.romfs"
    for verb in (
        ["deploy", "--port", tmp_path / "no-port", "--model", path],
        ["romfs", path, "--output", output],
        ["firmware", "build", "--board", "ESP32_C3", "--freeze", path],
        ["firmware", "build", "--board", "ESP32_C3", "--ops-from", path],
    ):
        outcome = command(*verb)
        assert_one_line_error(outcome, str(path))
        assert "IDF" not in outcome.err  # the model comes first
    assert not output.exists()


@pytest.mark.parametrize(
    "content", [b"<html>", b"root:x:0:0", b"\x1c\0\0\0TFL3" + bytes(90), SIGN]
)
def test_what_is_called_a_model_is_checked_first(
    content: bytes, tmp_path: Path, command: Command
) -> None:
    path, output = tmp_path / "own.tflite", tmp_path / "out.romfs"
    path.write_bytes(content)
    for verb in (
        ["deploy", "--port", tmp_path / "no-port", "--model", path],
        ["romfs", path, "--output", output],
        ["firmware", "build", "--board", "ESP32_C3", "--freeze", path],
        ["firmware", "build", "--board", "ESP32_C3", "--ops-from", path],
    ):
        assert_one_line_error(command(*verb), str(path), "cannot run on a board")
    assert not output.exists()


def test_a_firmware_without_its_ops_freezes_no_model(tmp_path: Path, command: Command) -> None:
    path = tmp_path / "own.tflite"
    path.write_bytes(RELU)
    done = command("firmware", "build", "--board", "ESP32_C3", "--ops", "digits", "--freeze", path)
    assert_one_line_error(done, "needs RELU", "--ops cnn or --ops-from")


@pytest.mark.parametrize("found", ["[]", "5", "[" * 200_000, "{", "pipe"])
def test_metrics_that_are_none_are_made_anew(tmp_path: Path, found: str) -> None:
    path = tmp_path / METRICS
    if found == "pipe":
        os.mkfifo(path)
    else:
        path.write_text(found)
    update_metrics(tmp_path, train={"seed": 1})
    update_metrics(tmp_path, quantize={"io": "int8"})
    assert json.loads(path.read_bytes()) == {"train": {"seed": 1}, "quantize": {"io": "int8"}}


def test_a_folder_is_asked_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_writable(tmp_path / "not" / "yet")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="is no folder"):
        need_writable(tmp_path / "file" / "build")
    with pytest.raises(UserError, match=r"MB free, .* are needed"):
        need_writable(tmp_path, room=1 << 62)
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(UserError, match="loop is no folder"):
        need_writable(tmp_path / "loop" / "build")
    (tmp_path / "model.keras").mkdir()
    need_writable(tmp_path, "other.keras")
    with pytest.raises(UserError, match=r"cannot write .*model\.keras: it is a folder: remove it"):
        need_writable(tmp_path, "other.keras", "model.keras")
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    with pytest.raises(UserError, match="the current folder is gone"):
        need_writable(Path("build"))
    monkeypatch.chdir(tmp_path)

    def refused(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryFile", refused)
    with pytest.raises(UserError, match=r"cannot write to .*: Permission denied"):
        need_writable(tmp_path)
