"""What every test may use: simulators, the target, and honest skipping.

Only what needs upstream sources may skip, and the summary says how often it did.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from host_helpers import Pipeline, train_in_a_process
from tinycnn import simulator as simulators
from tinycnn.cli.bars import progress_bar
from tinycnn.dataset import Dataset, load_digits
from tinycnn.errors import SourceError
from tinycnn.firmware.unix import Engine, Simulator, build_simulator
from tinycnn.model import RECIPES
from tinycnn.quantize import ensure_quantized
from tinycnn.train import SEED, find_trained, train

UPSTREAM = "upstream sources: "
"""How the reason of every skip begins."""

TARGETS: dict[str, Engine] = {"unix-hosted": "hosted", "unix": "tflm"}


@dataclass(frozen=True)
class Target:
    """Where device tests run: its name, and how to run a script there."""

    name: str
    program: Path

    def run(
        self, script: Path, args: Sequence[str] = (), *, flash: Path, timeout: float = 60
    ) -> simulators.Completed:
        """Run `script` in the folder `flash`, its output captured."""
        return simulators.run(
            script, args, flash=flash, capture=True, timeout=timeout, program=self.program
        )


@contextmanager
def _sources_or_skip() -> Iterator[None]:
    try:
        yield
    except SourceError as error:
        pytest.skip(f"{UPSTREAM}{error}")


@pytest.fixture(scope="session")
def sources_or_skip() -> Callable[[], AbstractContextManager[None]]:
    """A block in which a source that cannot be had skips the test."""
    return _sources_or_skip


@pytest.fixture(scope="session")
def digits() -> Dataset:
    return load_digits()


@pytest.fixture(scope="session")
def quick_pipeline(digits: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """Two epochs: for mechanics, not for figures. Tests must not change its files."""
    build = tmp_path_factory.mktemp("quick")
    trained = train(digits, RECIPES["seed"], SEED, build, epochs=2)
    return Pipeline(build, digits, trained, ensure_quantized(digits, trained, build))


@pytest.fixture(scope="session")
def seed_pipeline(digits: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """The reference recipe as a user runs it: for facts."""
    build = tmp_path_factory.mktemp("seed")
    train_in_a_process(build)
    trained = find_trained(build)
    assert trained is not None
    converted = ensure_quantized(digits, trained, build)
    assert converted.reused
    return Pipeline(build, digits, trained, converted)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--target",
        choices=list(TARGETS),
        action="append",
        help="where device tests run (default: on each)",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "target" in metafunc.fixturenames:
        names = metafunc.config.getoption("--target") or list(TARGETS)
        metafunc.parametrize("target", names, indirect=True, scope="session")


@pytest.fixture(scope="session")
def simulator(request: pytest.FixtureRequest) -> Simulator:
    """The simulator that runs models in the tflite-micro wheel."""
    return _build(request.config, "hosted")


@pytest.fixture(scope="session")
def simulator_tflm(request: pytest.FixtureRequest) -> Simulator:
    """The simulator with TFLM compiled in: minutes, the first time."""
    return _build(request.config, "tflm")


@pytest.fixture(scope="session")
def target(request: pytest.FixtureRequest) -> Target:
    """Each target of --target in turn."""
    name: str = request.param
    built = "simulator_tflm" if TARGETS[name] == "tflm" else "simulator"
    return Target(name, request.getfixturevalue(built).path)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    lacking = [report for report in skipped if UPSTREAM in str(report.longrepr)]
    terminalreporter.write_line(f"{len(lacking)} skipped for lack of upstream sources")
    if other := len(skipped) - len(lacking):
        terminalreporter.write_line(f"{other} skipped for another reason, which none should be")


def _build(config: pytest.Config, engine: Engine) -> Simulator:
    """Build, with progress bars on the terminal although pytest captures output."""
    capture = config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled(), progress_bar(engine) as show, _sources_or_skip():
        return build_simulator(engine, progress=show)
