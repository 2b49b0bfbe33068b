"""Soft resets, with interpreters alive and one in the middle of invoke(): nothing is lost."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from staging import need
from tinycnn.board.repl import connect
from tinycnn.targets.targets import Target

TIMES = 20

# Free bytes of MicroPython's heap, those of the system outside of it, and some results.
FACTS = """
import gc, tflm
try:
    import esp32
    def outside():
        return sum(free for size, free, largest, least in esp32.idf_heap_info(esp32.HEAP_DATA))
except ImportError:
    def outside():
        return 0
gc.collect()
print(gc.mem_free(), outside())
net = tflm.Interpreter("model_int8.tflite")
print([net.predict([i % n / n for i in range(64)]) for n in (3, 5, 7)])
"""

KEEP = """
kept = [tflm.Interpreter(n + ".tflite") for n in ("slow", "model_float32", "add")]
views = [memoryview(tensor) for one in kept for tensor in one.inputs + one.outputs]
kept[0].invoke()
try:
    placed = memoryview(tflm.Arena(5000, memory="internal"))
    placed[:] = bytes(5000)
except ValueError:  # no choice here
    pass
"""


@pytest.fixture
def seen(target: Target, flash: Path) -> list[str]:
    """What FACTS prints after each reset."""
    need(target, "soft_reset")
    assert target.plug is not None
    found = []
    with target.plug(flash) as plugged:
        for step in range(TIMES):
            with connect(plugged.port) as board:  # a soft reset
                found.append(board.run(plugged.enter + FACTS))
                board.run(KEEP)
                board.transport.exec_raw_no_follow("while True: kept[0].invoke()")
                time.sleep(0.05 + 0.013 * step)
    return found


def test_soft_resets_give_everything_back(seen: list[str]) -> None:
    assert len(seen) == TIMES
    assert len(set(seen)) == 1, seen
