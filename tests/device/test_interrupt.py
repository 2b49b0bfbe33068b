"""Ctrl-C while a model runs: an exception, and the interpreter is as good as before."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from staging import LACKS, started
from tinycnn.targets.targets import Target

SCRIPT = """
import tflm

interpreter = tflm.Interpreter("slow.tflite")
view = memoryview(interpreter.inputs[0])
for i in range(len(view)):
    view[i] = i % 100
interpreter.invoke()
expected = bytes(interpreter.outputs[0])
other = tflm.Interpreter("echo_f.tflite")
print("ready")
while True:
    try:
        while True:
            {work}
    except KeyboardInterrupt:
        pass
    interpreter.invoke()
    print(bytes(interpreter.outputs[0]) == expected, other.predict([1] * 8) == [1.0] * 8)
"""

PLACES = {
    "during one long invoke": "interpreter.invoke()",
    "among many short calls": "other.predict(0.5 for _ in range(8))",
    "while interpreters are made": "tflm.Interpreter('add.tflite').invoke()",
}


def interrupt_often(target: Target, flash: Path, script: Path, times: int) -> list[str]:
    lines = []
    with started(target, script, flash) as script_run:
        assert script_run.line() == "ready"
        for step in range(times):
            time.sleep(0.02 + 0.007 * step)  # at another moment each time
            script_run.interrupt()
            lines.append(script_run.line())
    return lines


@pytest.mark.slow
def test_interrupts_leave_everything_usable(target: Target, flash: Path, tmp_path: Path) -> None:
    for place, work in PLACES.items():
        script = tmp_path / "script.py"
        script.write_text(SCRIPT.format(work=work))
        assert interrupt_often(target, flash, script, 8) == ["True True"] * 8, place


def test_uncaught_interrupt_ends_the_script(target: Target, flash: Path, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(work="interpreter.invoke()").replace("Keyboard", "Zero"))
    script.write_text(script.read_text().replace("ZeroInterrupt", "ZeroDivisionError"))
    with started(target, script, flash) as script_run:
        assert script_run.line() == "ready"
        time.sleep(0.1)
        script_run.interrupt()
        if "exit_status" not in LACKS[target.name]:  # behind a serial line it comes at the end
            assert script_run.line().startswith("Traceback")
        assert script_run.failed()
