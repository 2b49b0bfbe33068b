"""How the instructions of a model are counted: one script, and two ways to read its marks.

The script calls `time.ticks_us()` before and after each phase. Where an emulator's clock
counts instructions, the difference is their number. In a process of this machine, valgrind's
callgrind writes what was counted since the mark before: see `tinycnn.bench.callgrind`.
"""

from __future__ import annotations

import ast
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tinycnn.bench.models import Model
from tinycnn.errors import TargetError
from tinycnn.targets.completed import TIMED_OUT, Completed
from tinycnn.targets.targets import RunScript
from tinycnn.tflite.arena import predict_arena

SCRIPT = "count.py"

SECONDS = 900.0
"""A script may take: a large model in a slow emulator takes a minute."""

_TICK = 1000  # instructions of a microsecond, see targets.qemu.ICOUNT

_CODE = """\
import gc, sys, time
from array import array
import tflm

calls, loads, size = map(int, sys.argv[1:])
phases, heap, arena, net = [], 0, None, None

def counted(name, phase, times):
    gc.collect()
    start = time.ticks_us()
    try:
        phase(times)
        room = True
    except MemoryError:
        room = False
    took = time.ticks_diff(time.ticks_us(), start)
    phases.append((name if room else "no room for " + name, took))

def load(times):
    for _ in range(times):
        tflm.Interpreter("model.tflite", arena=arena)

def nothing(times):
    for _ in range(times):
        pass

def invoke(times):
    for _ in range(times):
        net.invoke()

def predict(times):
    for _ in range(times):
        net.predict(values)

def raw(times):
    for _ in range(times):
        view[:] = image
        net.invoke()
        scores.argmax()

try:
    load(1)
except MemoryError:  # where it would fit but for the pieces that the heap is in
    arena = tflm.Arena(size)
for _ in range(loads):
    counted("load", load, 1)
gc.collect()
heap = gc.mem_alloc() - len(arena or b"")
net = tflm.Interpreter("model.tflite", arena=arena)
gc.collect()
heap = gc.mem_alloc() - heap

source, scores = net.inputs[0], net.outputs[0]
view = memoryview(source)  # from here on no invoke() writes over what is in it
levels = [i / 7 for i in range(8)]
source.quantize(levels[i % 8] for i in range(len(source)))
counted("nothing", nothing, calls)
counted("invoke", invoke, calls)
try:
    values = [0.0] * len(source)  # at once: a list that grows takes more than its size
    for i in range(len(values)):
        values[i] = levels[i % 8]
    counted("predict", predict, calls)
except MemoryError:
    pass
values = None
gc.collect()
try:
    image = array(source.dtype, view)
    counted("raw", raw, calls)
except MemoryError:
    pass
print({
    "phases": phases,
    "heap": heap,
    "arena": net.arena_used,
    "kept": net.kept_size,
    "micropython": ".".join(map(str, sys.implementation[1][:3])),
    "tflm": tflm.tflm_commit,
})
"""


@dataclass(frozen=True)
class Count:
    """What was counted of a model; sizes are in bytes, the others are instructions.

    load     `tflm.Interpreter(path)`, the check of the model included
    invoke   `invoke()`; like the next two with MicroPython's call, without a loop's turn
    predict  `predict(list)`; None where the heap has no room for the list
    raw      raw values to the input's memoryview, `invoke()`, `argmax()`; None likewise
    arena    what the model needs of it
    kept     what TFLM keeps beside it
    heap     what an interpreter takes of MicroPython's heap: all of this, and the model's
             bytes where it does not lie in flash
    micropython, tflm   the version that counted, and the commit
    """

    load: int
    invoke: int
    predict: int | None
    raw: int | None
    arena: int
    kept: int
    heap: int
    micropython: str
    tflm: str


class Counter(Protocol):
    """Something that runs the script and reads its marks."""

    def times(self, macs: int) -> tuple[int, int]:
        """How many calls of a model with so many multiply-accumulates to count, and loads."""

    def read(self, folder: Path, words: Sequence[str]) -> tuple[str, list[int] | None]:
        """Run SCRIPT with `words` in `folder`: what it printed, and each phase's instructions.

        None in the place of these if they are the ticks that it printed.
        """


def count_instructions(model: Model, counter: Counter) -> Count:
    """Count `model`. Raises TargetError, in one line, if it does not run there."""
    calls, loads = counter.times(model.macs)
    arena = predict_arena(model.data).arena
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "model.tflite").write_bytes(model.data)
        Path(folder, SCRIPT).write_text(_CODE)
        printed, instructions = counter.read(Path(folder), [str(calls), str(loads), str(arena)])
    told = ast.literal_eval(printed)
    names = [name for name, _ in told["phases"]]
    found = instructions or [ticks * _TICK for _, ticks in told["phases"]]
    if len(found) != len(names):
        raise TargetError(f"{len(names)} phases were marked, and {len(found)} were counted")
    took: dict[str, int] = {}
    for name, taken in zip(names, found, strict=True):
        took[name] = took.get(name, 0) + taken  # of all loads together

    if missing := {"load", "invoke"} - set(took):
        raise TargetError(f"the heap has no room for {max(missing)}")

    def each(name: str) -> int:
        """Of one call: what a turn of the loop takes, and the marks, is no work of it."""
        return round((took[name] - took["nothing"]) / calls)

    return Count(
        load=round(took["load"] / loads),
        invoke=each("invoke"),
        predict=each("predict") if "predict" in took else None,
        raw=each("raw") if "raw" in took else None,
        **{key: told[key] for key in ("arena", "kept", "heap", "micropython", "tflm")},
    )


@dataclass(frozen=True)
class ByClock:
    """Counts on a target whose clock counts instructions: `run` is its `Target.counted`."""

    run: RunScript

    def times(self, macs: int) -> tuple[int, int]:
        # The clock tells microseconds, thousands of instructions: of so many calls that one
        # is less than 0.1 %, as a call takes at least two for a multiply-accumulate.
        return min(max(1_200_000 // max(macs, 1), 2), 300), 20

    def read(self, folder: Path, words: Sequence[str]) -> tuple[str, None]:
        done = self.run(folder / SCRIPT, words, flash=folder, capture=True, timeout=SECONDS)
        return printed_by(done), None


def printed_by(done: Completed) -> str:
    """What the script printed; TargetError with the last line of its traceback if it failed."""
    if done.status == TIMED_OUT:
        raise TargetError(f"it took longer than {SECONDS:g} s")
    if done.status != 0 or done.stderr:
        raise TargetError(done.last_line or "it said nothing")
    return done.stdout
