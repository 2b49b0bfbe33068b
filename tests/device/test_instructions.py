"""How many instructions a call takes, where an emulator counts them: no clock is as steady."""

from __future__ import annotations

import ast
from pathlib import Path

from staging import need
from tinycnn.targets.targets import Target

# Prints microseconds for one call, a turn of the loop included, of so many calls that it does
# not show whether FreeRTOS's clock ticked once more: 100 times a second, 9 microseconds each.
SCRIPT = """
import gc, time
from array import array
import tflm

def took(call, times):
    gc.collect()
    start = time.ticks_us()
    for _ in range(times):
        call()
    return time.ticks_diff(time.ticks_us(), start) / times

def nothing():
    pass

def fed(name):
    interpreter = tflm.Interpreter(name)
    source = interpreter.inputs[0]
    view = memoryview(source)
    source.quantize([i % 7 / 7 for i in range(64)])
    image = array(source.dtype, view)
    def call():
        view[:] = image  # an invoke() may leave anything there
        interpreter.invoke()
    return call

print({name: [took(call, times) for times in (200, 200, 400)] for name, call in (
    ("nothing", nothing),
    ("int8", fed("model_int8.tflite")),
    ("float32", fed("model_float32.tflite")),
)})
"""


def test_invoke_takes_the_same_instructions_each_time(
    target: Target, flash: Path, tmp_path: Path
) -> None:
    """In a process, and from one start of the machine to the next."""
    need(target, "icount")
    assert target.counted is not None
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    counts = []
    for _ in range(2):
        done = target.counted(script, flash=flash, capture=True, timeout=300)
        assert (done.status, done.stderr) == (0, "")
        counts.append(ast.literal_eval(done.stdout))
    print(target.name, counts[0])
    for name in ("int8", "float32"):
        found = [count for one in counts for count in one[name]]
        assert max(found) - min(found) < 0.001 * min(found), found
        # Ten thousand multiplications cannot be had for less, nor should one take a hundred.
        assert 10 < found[0] < 1000, found
        assert counts[0]["nothing"][0] < 0.01 * found[0]
