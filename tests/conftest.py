"""What every test may use: simulators, the target, and honest skipping.

Only what needs upstream sources may skip, and the summary says how often it did.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tinycnn import simulator as simulators
from tinycnn.cli.bars import step_bars
from tinycnn.errors import SourceError
from tinycnn.firmware.unix import Engine, Simulator, build_simulator

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


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--target",
        choices=list(TARGETS),
        default="unix-hosted",
        help="where device tests run (default: unix-hosted)",
    )


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
    """The target that --target names."""
    name: str = request.config.getoption("--target")
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
    with capture.global_and_fixture_disabled(), step_bars() as show, _sources_or_skip():
        return build_simulator(engine, progress=show)
