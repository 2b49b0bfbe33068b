"""Every script of this folder on every target: it must print what its .exp file says."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest

from staging import need, run
from tinycnn.targets.targets import Target

HERE = Path(__file__).parent
HOST = {"conftest.py", "device_models.py", "staging.py"}
"""What runs on the host, apart from test_*.py."""

SCRIPTS = sorted(
    path.name
    for path in HERE.glob("*.py")
    if not path.name.startswith("test_") and path.name not in HOST
)


def compared(expected: str, printed: str) -> str:
    """Where the two differ, as a diff; "" if they do not."""
    lines = difflib.unified_diff(
        expected.splitlines(), printed.splitlines(), "expected", "printed", "", "", 2, ""
    )
    return "\n".join(lines)


def test_the_scripts_are_there() -> None:
    assert len(SCRIPTS) >= 39
    assert {path.stem for path in HERE.glob("*.exp")} == {Path(name).stem for name in SCRIPTS}


@pytest.mark.parametrize("script", SCRIPTS)
def test_script(script: str, target: Target, flash: Path) -> None:
    done = run(target, HERE / script, flash=flash)
    first = done.stdout.split("\n", 1)[0]
    if first.startswith("SKIP: "):
        capability = first.removeprefix("SKIP: ")
        need(target, capability)
        pytest.fail(f"{target.name} should have {capability}")
    expected = (HERE / script).with_suffix(".exp").read_text()
    said = f"{script} on {target.name}, status {done.status}\n{done.stderr[-2000:]}"
    if difference := compared(expected, done.stdout):
        pytest.fail(f"{said}\n{difference}", pytrace=False)
    assert (done.status, done.stderr) == (0, ""), said
    assert expected, f"{script} prints nothing"
