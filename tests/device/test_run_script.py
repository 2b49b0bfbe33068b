"""device/run.py: any model, on a file or on values given to it."""

from __future__ import annotations

import io
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from staging import run
from tinycnn.files import ROOT
from tinycnn.firmware.port import Program
from tinycnn.pipeline.dataset import Dataset
from tinycnn.targets.targets import Target
from tinycnn.targets.unix import environment
from tinycnn.tflite import task
from tinycnn.tflite.read import read_tflite
from tinycnn.tflite.run import run_tflm, to_real
from tinycnn.tflite.slim import slim

SCRIPT = ROOT / "device" / "run.py"
SHIPPED = ROOT / "device" / "digits.tflite"
NAMES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


@pytest.fixture
def board(tmp_path: Path) -> Path:
    """A flash with the model that ships, and run.py."""
    folder = tmp_path / "board"
    folder.mkdir()
    shutil.copy(SHIPPED, folder)
    shutil.copy(SCRIPT, folder)
    return folder


@pytest.fixture
def raw(digits: Dataset) -> np.ndarray:
    """Three digits as they are in the data set, 0 to 16."""
    return np.rint(digits.part("test").x[:3, ..., 0] * digits.maximum).astype(np.uint8)


def scores(raw: np.ndarray) -> np.ndarray:
    model = read_tflite(SHIPPED)
    x = (raw[..., None] / 16).astype(np.float32)
    return to_real(run_tflm(model, x).outputs, model.outputs[0])


def lines(raw: np.ndarray, names: list[str] | None = None) -> list[str]:
    """What is to be printed."""
    best = [(int(row.argmax()), float(row.max())) for row in scores(raw)]
    return [f"{names[at] if names else at}  {score:.4g}" for at, score in best]


def text_of(raw: np.ndarray) -> str:
    return "\n\n".join("\n".join(", ".join(map(str, row)) for row in image) for image in raw)


def simulated(
    simulator: Program, board: Path, *args: str, code: str = ""
) -> subprocess.CompletedProcess[str]:
    script = board / "main.py" if code else SCRIPT
    if code:
        script.write_text(code)
    done = subprocess.run(
        [simulator.path, script, *args],
        check=False,
        cwd=board,
        env=environment(board),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stderr == ""
    return done


def test_examples_of_a_file(target: Target, board: Path, raw: np.ndarray) -> None:
    (board / "input.txt").write_text(text_of(raw))
    (board / "labels.txt").write_text("\n".join(NAMES))
    done = run(target, SCRIPT, flash=board)
    assert done.status == 0, done
    first, *rest = done.stdout.splitlines()
    assert first.startswith("<Interpreter of 5232 model bytes")
    assert rest == lines(raw, NAMES)


def test_every_kind_of_file(simulator: Program, board: Path, raw: np.ndarray) -> None:
    one = raw[:1]
    files = {"a.bin": one.tobytes(), "b.bin": one.astype("<i2").tobytes()}
    files["c.raw"] = one.astype("<f4").tobytes()
    for at, kind in enumerate(("|u1", "|i1", "<i2", "<u2", "<i4", "<i8", "<f4", "<f8")):
        npy = io.BytesIO()
        np.save(npy, raw.astype(kind))
        files[f"{at}.npy"] = npy.getvalue()
    for name, data in files.items():
        (board / name).write_bytes(data)
    code = "import run\nrun.load()\n" + "".join(f"run.run_file({name!r})\n" for name in files)
    found = simulated(simulator, board, code=code).stdout.splitlines()
    assert found == lines(one) * 3 + lines(raw) * 8


def test_array_of_another_shape(simulator: Program, board: Path) -> None:
    """Although it has as many values as several examples."""
    np.save(board / "other.npy", np.zeros((24, 24, 3), np.uint8))
    code = "import run\nrun.main('', 'other.npy')\n"
    told = simulated(simulator, board, code=code).stdout.splitlines()[-1]
    assert told == "run: other.npy: an array of shape (24, 24, 3); an example has 64 values"
    np.save(board / "one.npy", np.zeros(64, np.uint8))
    code = "import run\nprint(run.main('', 'one.npy'))\n"
    assert simulated(simulator, board, code=code).stdout.splitlines()[-1] == "True"


def test_values_at_the_repl(simulator: Program, board: Path, raw: np.ndarray) -> None:
    nested, flat = raw[0].tolist(), raw[1].ravel().tolist()
    code = f"import run\nrun.run({nested})\nrun.run({flat})\nprint(run.classify({flat})[0])"
    found = simulated(simulator, board, code=code).stdout.splitlines()
    assert found == [*lines(raw[:2]), lines(raw[:2])[1].split()[0]]


def test_a_regression_is_numbers(simulator: Program, board: Path, raw: np.ndarray) -> None:
    data = slim(SHIPPED.read_bytes(), {task.NAME: task.REGRESSION})
    (board / "level.tflite").write_bytes(data)
    (board / "labels.txt").write_text("\n".join(NAMES))  # of the other model
    (board / "some.txt").write_text(text_of(raw[:1]))
    done = simulated(simulator, board, "level.tflite", "some.txt")
    wanted = " ".join(f"{value:.4g}" for value in scores(raw[:1])[0])
    assert done.stdout.splitlines()[1:] == [wanted]


def test_labels_of_another_model_are_not_taken(
    simulator: Program, board: Path, raw: np.ndarray
) -> None:
    (board / "input.txt").write_text(text_of(raw))
    (board / "labels.txt").write_text("cat\ndog\n")
    assert simulated(simulator, board).stdout.splitlines()[1:] == lines(raw)


WRONG = {
    "a.txt": ("1 2 x", "line 1: x is no number"),
    "b.txt": ("1 2 3", "3 values are left, the model takes 64"),
    "empty.txt": ("", "no values, the model takes 64"),
    "nan.txt": ("nan " * 64, "NaN can't be quantized"),
    "c.bin": ("abc", "3 bytes; 64 values needed, of 1, 2 or 4 bytes"),
    "d.npy": ("abcdefghi", "no .npy file"),
}


def test_what_is_wrong_is_one_line(simulator: Program, board: Path) -> None:
    for name, (text, _) in WRONG.items():
        (board / name).write_text(text)
    code = "import run\n" + "".join(f"run.main(name={name!r})\n" for name in [*WRONG, "no.txt"])
    found = simulated(simulator, board, code=f"{code}run.main()").stdout.splitlines()[1::2]
    assert found == [
        *(f"run: {name}: {words}" for name, (_, words) in WRONG.items()),
        "run: no no.txt here; copy it: mpremote cp no.txt :",
        "run: no input: mpremote cp values.txt :input.txt; or run.run(values)",
    ]


def test_several_models_or_none(simulator: Program, board: Path) -> None:
    shutil.copy(SHIPPED, board / "two.tflite")
    done = simulated(simulator, board)
    assert done.returncode == 1
    several = "run: several models, name one as MODEL: digits.tflite, two.tflite\n"
    assert done.stdout == several
    for path in board.glob("*.tflite"):
        path.unlink()
    none = "run: no .tflite here; copy one: mpremote cp MODEL.tflite :\n"
    assert simulated(simulator, board).stdout == none
