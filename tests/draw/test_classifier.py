"""classify.py in a MicroPython that is kept open, on each target."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import pytest

from pty_board import PtyBoard
from tinycnn.board.deploy import deploy
from tinycnn.board.line import LostError
from tinycnn.board.repl import Repl, ScriptError, connect
from tinycnn.draw.classifier import CLASSIFY, Classifier
from tinycnn.errors import TargetError
from tinycnn.files import ROOT, board_files, stage
from tinycnn.firmware.port import Program
from tinycnn.pipeline.dataset import Dataset
from tinycnn.targets.console import Console, Open, board_on, console_on
from tinycnn.targets.targets import Target
from tinycnn.tflite.read import read_tflite
from tinycnn.tflite.run import run_tflm, to_real

SHIPPED = ROOT / "device" / "digits.tflite"


def constant(name: str) -> float:
    """A constant of classify.py."""
    found = re.search(rf"^{name} = ([\d.]+)", CLASSIFY.read_text(), re.M)
    assert found
    return float(found[1])


def as_bytes(image: np.ndarray, dataset: Dataset) -> list[int]:
    return [int(count) for count in np.rint(image.flatten() * dataset.maximum)]


def test_says_what_classify_says(target: Target, tmp_path: Path, digits: Dataset) -> None:
    """Twelve pictures of the test part: class, probabilities, and what is not sure."""
    stage(tmp_path, {SHIPPED.name: SHIPPED})
    test = digits.part("test")
    model = read_tflite(SHIPPED)
    ran = run_tflm(model, test.x)
    shares = np.exp(to_real(ran.outputs, model.outputs[0]) / constant("TEMPERATURE"))
    shares /= shares.sum(1, keepdims=True)
    unsure = np.argsort(shares.max(1))[:6]  # the least sure, and as many others
    opened: list[int] = []

    @contextmanager
    def counted() -> Iterator[Console]:
        opened.append(1)
        with console_on(target, tmp_path)() as console:
            yield console

    with closing(Classifier(counted)) as classifier:
        facts = classifier.facts()
        assert facts.model == SHIPPED.name
        assert facts.engine
        assert facts.machine
        doubts = 0
        for i in [*unsure, *range(6)]:
            answer = classifier.classify(as_bytes(test.x[i], digits))
            assert answer.predicted == ran.predictions[i]
            assert answer.shares == pytest.approx(shares[i], abs=1e-3)
            assert answer.sure == (shares[i].max() >= constant("SURE"))
            assert answer.microseconds > 0
            doubts += not answer.sure
        assert 0 < doubts < 12
    assert opened == [1], "it is kept open"


@pytest.fixture
def simulated(simulator: Program, tmp_path: Path) -> Iterator[Open]:
    stage(tmp_path, {SHIPPED.name: SHIPPED})
    target = Target("unix-hosted", simulator.path, "", lambda *a, **k: pytest.fail("it runs"))
    return console_on(target, tmp_path)


def test_console_keeps_names_and_tells_errors(simulated: Open) -> None:
    with simulated() as console:
        console.run("a = 'µ\\n\"'\nif a:\n    b = 2")
        assert console.run("print(b, a)") == '2 µ\n"\n'
        with pytest.raises(ScriptError, match=r"^ZeroDivisionError") as raised:
            console.run("print('before')\n1 / 0")
        assert raised.value.exception == "ZeroDivisionError"
        with pytest.raises(ScriptError, match=r"^SystemExit"):
            console.run("raise SystemExit")
        with pytest.raises(LostError, match=r"answers what was not asked \(2\)"):
            console.value("print(b)", consoles_text)
        assert console.value("print(b)", int) == 2


def consoles_text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError
    return value


@pytest.mark.parametrize(
    ("code", "seconds", "why"),
    [
        ("import os; os.system('kill -KILL $PPID')", 20, "has ended"),
        ("while True: pass", 0.5, "did not answer"),
        ("while True: print('x' * 99)", 20, "prints without end"),
    ],
)
def test_a_console_that_is_lost_is_one_line(
    simulated: Open, code: str, seconds: float, why: str
) -> None:
    with simulated() as console, pytest.raises(LostError, match=why):
        console.run(code, seconds)


def test_opened_anew_after_it_was_lost(simulated: Open) -> None:
    lost: list[Console] = []

    @contextmanager
    def seen() -> Iterator[Console]:
        with simulated() as console:
            lost.append(console)
            yield console

    picture = [0] * 64
    with closing(Classifier(seen)) as classifier:
        before = classifier.classify(picture)
        with pytest.raises(LostError):
            lost[0].run("import os; os.system('kill -KILL $PPID')")
        with pytest.raises(TargetError, match=r"^the simulator has ended: draw again$"):
            classifier.classify(picture)
        assert classifier.classify(picture).shares == before.shares
    assert len(lost) == 2


@pytest.fixture
def deployed(board: PtyBoard) -> PtyBoard:
    """A board as `tinycnn deploy` leaves it."""
    with connect(board.port) as repl:
        deploy(repl, board_files())
    return board


def test_a_board_keeps_its_files(deployed: PtyBoard) -> None:
    listing = "import os; print(sorted(os.listdir()))"

    def files(repl: Repl) -> str:
        return repl.run(listing)

    with connect(deployed.port) as repl:
        before = files(repl)
    with closing(Classifier(board_on(deployed.port))) as classifier:
        assert classifier.facts().model == SHIPPED.name
        assert 0 <= classifier.classify([16] * 64).predicted < 10
    with connect(deployed.port) as repl:
        assert files(repl) == before
