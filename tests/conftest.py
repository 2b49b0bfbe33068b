"""What every test may use: simulators, the target, the corpus; and where and when they run.

The last lines of a run tell what was skipped, by cause.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

import thorough
from browser import chromium
from check_program import CheckMain, built
from host_helpers import Command, Outcome, Pipeline, train_in_a_process
from pty_board import PtyBoard, plugged_in
from skips import or_skip, told
from tinycnn import cli as command_line
from tinycnn import files
from tinycnn.cli import bars
from tinycnn.command import locked
from tinycnn.errors import MissingToolError
from tinycnn.firmware.port import Program
from tinycnn.firmware.unix import Engine, build_unix
from tinycnn.pipeline.dataset import Dataset, load_digits
from tinycnn.pipeline.model import RECIPES
from tinycnn.pipeline.quantize import ensure_quantized
from tinycnn.pipeline.train import SEED, find_trained, train
from tinycnn.progress import Progress, silent
from tinycnn.targets.targets import BUILDS, Choice, Target, build_target
from workers import Units, is_worker, once

NIGHTLY_TARGETS = ("unix-esp-nn", "qemu-armv6m-stock", "qemu-armv7emsp-stock")
"""Of kernels to compare ours with, and more processors for the native module."""


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """`command("train", "--epochs", 1)` runs the command line in this process.

    What it says does not depend on how busy the machine is: no line a minute.
    """
    monkeypatch.setattr(bars, "LINE_SECONDS", math.inf)

    def run(*args: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["tinycnn", *map(str, args)])
        capsys.readouterr()
        status = 0
        try:
            command_line.main()
        except SystemExit as end:
            status = int(end.code or 0)
        said = capsys.readouterr()
        return Outcome(status, said.out, said.err)

    return run


@pytest.fixture(scope="session")
def digits() -> Dataset:
    return load_digits()


@pytest.fixture(scope="session")
def quick_pipeline(digits: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """Two epochs: for mechanics, not for figures. Tests must not change its files."""

    def make(build: Path) -> None:
        trained = train(digits, RECIPES["article"], SEED, build, epochs=2)
        ensure_quantized(digits, trained, build)

    return _pipeline(digits, once(tmp_path_factory, "quick", make))


@pytest.fixture(scope="session")
def article_pipeline(digits: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """The reference recipe as a user runs it: for facts."""
    return _pipeline(digits, once(tmp_path_factory, "article", train_in_a_process))


def _pipeline(digits: Dataset, build: Path) -> Pipeline:
    trained = find_trained(build)
    assert trained is not None
    converted = ensure_quantized(digits, trained, build)
    assert converted.reused
    return Pipeline(build, digits, trained, converted)


@pytest.fixture(scope="session")
def corpus_files(pytestconfig: pytest.Config) -> dict[str, Path]:
    """Every model of make_corpus.py by its name. Tests must not change them.

    Conversion happens apart, since TensorFlow warns a lot; the files are kept in pytest's cache.
    """
    folder = pytestconfig.cache.mkdir("corpus")
    maker = Path(__file__).parent / "model" / "make_corpus.py"
    with locked(folder, silent):
        subprocess.run([sys.executable, maker, folder], check=True, capture_output=True)
    return {path.stem: path for path in sorted(folder.glob("*.tflite"))}


@pytest.fixture(scope="session")
def corpus(corpus_files: dict[str, Path]) -> dict[str, bytes]:
    """The models themselves."""
    return {name: path.read_bytes() for name, path in corpus_files.items()}


@pytest.fixture(scope="session")
def check_main(pytestconfig: pytest.Config) -> CheckMain:
    """model_check() as a program with sanitizers."""
    return CheckMain(built("check_main", pytestconfig.cache.mkdir("fuzz")))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--target",
        choices=list(BUILDS),
        action="append",
        help="where device tests run (default: on each that is no board)",
    )
    parser.addoption("--port", help="the board of --target esp32")
    parser.addoption("--qemu", type=Path, help="what emulates the chip of --target qemu-esp32*")
    parser.addoption("--image", type=Path, help="its firmware")
    parser.addoption("--all", action="store_true", help="what takes long, too: make test-all")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--all"):
        os.environ[thorough.ALL] = "1"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    names = metafunc.config.getoption("--target") or [n for n in BUILDS if n != "esp32"]
    if "target" in metafunc.fixturenames:
        metafunc.parametrize("target", names, indirect=True, scope="session")
    if "compiled_target" in metafunc.fixturenames:
        names = [name for name in names if name != "unix-hosted"]
        metafunc.parametrize("compiled_target", names, indirect=True, scope="session")


@pytest.fixture(scope="session")
def simulator(request: pytest.FixtureRequest) -> Program:
    """The simulator that runs models in the tflite-micro wheel."""
    return _build(request.config, "hosted")


@pytest.fixture(scope="session")
def simulator_tflm(request: pytest.FixtureRequest) -> Program:
    """The simulator with TFLM compiled in: minutes, the first time."""
    return _build(request.config, "tflm")


@pytest.fixture(scope="session")
def target(request: pytest.FixtureRequest) -> Target:
    """Each target of --target in turn."""
    return _target(request.config, request.param)


@pytest.fixture(scope="session")
def compiled_target(request: pytest.FixtureRequest) -> Target:
    """Each target of --target that has TFLM compiled in."""
    return _target(request.config, request.param)


@pytest.fixture(scope="session")
def qemu_rv32(request: pytest.FixtureRequest) -> Target:
    """The bare machine in QEMU, for what is true of it alone."""
    return _target(request.config, "qemu-rv32")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with or_skip(MissingToolError):
        program = chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program)
        yield browser
        browser.close()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Quick ones first, slow ones last; between them a target after the other.

    Among several processes the other way round, or one would be at work at the end. What is left
    for `make test-all` is not among them, unless somebody names it or its target.
    """
    asked = config.getoption("--all") or config.getoption("--target")
    if not asked and "::" not in "".join(config.args):
        config.hook.pytest_deselected(items=list(filter(is_nightly, items)))
        items[:] = [item for item in items if not is_nightly(item)]

    def rank(item: pytest.Item) -> int:
        if {"target", "compiled_target"} & set(item.fixturenames):
            return 1
        return 2 if item.get_closest_marker("slow") else 0

    items.sort(key=rank, reverse=is_worker())


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Units:
    return Units(config, log)


def is_nightly(item: pytest.Item) -> bool:
    """Marked so, or on a target of NIGHTLY_TARGETS."""
    on_it = any(f"[{name}" in item.nodeid for name in NIGHTLY_TARGETS)
    return on_it or item.get_closest_marker("nightly") is not None


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = (str(report.longrepr[2]).removeprefix("Skipped: ") for report in skipped)
    for line, wrong in told(reasons):
        terminalreporter.write_line(line, red=wrong, bold=wrong)
    if not config.getoption("--all"):
        terminalreporter.write_line("`make test-all` runs what takes long, too")


def _target(config: pytest.Config, name: str) -> Target:
    with _shown(config, name) as show, or_skip(MissingToolError):
        choice = Choice(**{n: config.getoption(f"--{n}") for n in BUILDS[name][1] - {"ops"}})
        return build_target(name, choice, progress=show)


def _build(config: pytest.Config, engine: Engine) -> Program:
    with _shown(config, engine) as show, or_skip():
        return build_unix(engine, progress=show)


@contextmanager
def _shown(config: pytest.Config, title: str) -> Iterator[Progress]:
    """Progress bars on the terminal although pytest captures output."""
    capture = config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled(), bars.progress_bar(title) as show:
        yield show


@pytest.fixture
def board(simulator: Program, tmp_path: Path) -> Iterator[PtyBoard]:
    """A board with an empty flash of 128 KB."""
    with plugged_in(simulator.path, tmp_path / "flash.bin") as plugged:
        yield plugged


@pytest.fixture
def models(quick_pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    """What a deploy takes is of `quick_pipeline`, whatever build/ has."""
    here = quick_pipeline.build / "models"
    monkeypatch.setattr(
        "tinycnn.files.board_files",
        lambda model=None, made=files.board_files: made(model, models=here),
    )
    return quick_pipeline
