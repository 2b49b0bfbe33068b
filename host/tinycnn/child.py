"""Foreign code on foreign files: run in a child, since it may crash, loop or eat all memory.

The converter, LiteRT and TFLM are C++ that trusts what it is given. `ask` runs one of our
modules in a process of its own, gives it arrays, and takes back messages and an array.
There `answering` sets the limits, and is the way to answer.
"""

from __future__ import annotations

import ctypes
import io
import json
import os
import resource
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from tinycnn.command import environment
from tinycnn.errors import UserError, first_line
from tinycnn.progress import Progress, silent

Array = npt.NDArray[Any]

_KEPT_WORDS = 1 << 16  # of what a child says on stderr, in bytes
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Answer:
    """What a child sent before it ended.

    facts   the JSON objects, in order
    arrays  by name; empty if it sent none
    said    on stderr, by whatever ran there
    died    how it ended if not well: "crashes (SIGSEGV)"; else ""
    """

    facts: tuple[dict[str, Any], ...]
    arrays: Mapping[str, Array]
    said: str
    died: str


def ask(
    module: str,
    *words: str,
    arrays: Mapping[str, Array],
    seconds: float,
    progress: Progress = silent,
) -> Answer:
    """Run `module` with `words` in a child that may be silent for `seconds` at most.

    What the child sends with `Reply.progress` goes to `progress`. Raises RuntimeError,
    with its traceback, if our own code in it fails.
    """
    # -P: what lies in the current folder is no module of ours.
    argv = [sys.executable, "-P", "-m", module, *words]
    process = subprocess.Popen(
        argv,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
        start_new_session=True,
    )
    assert process.stdin and process.stdout and process.stderr
    said = bytearray()
    helpers = [
        threading.Thread(target=_feed, args=(process.stdin, _packed(arrays)), daemon=True),
        threading.Thread(target=_drain, args=(process.stderr, said), daemon=True),
    ]
    try:
        for helper in helpers:
            helper.start()
        facts, raw, late = _received(process.stdout, seconds, progress)
        if not late:
            process.wait(seconds)
    except subprocess.TimeoutExpired:
        late = True
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for helper in helpers:
            helper.join()
        process.stdout.close()
    words_said = said.decode(errors="replace")
    if process.returncode > 0 and not late:
        raise RuntimeError(f"{module} failed:\n{words_said}")
    died = ""
    if late:
        died = f"gave no answer for {seconds:g} s"
    elif process.returncode < 0:
        died = f"crashed ({signal.Signals(-process.returncode).name})"
    return Answer(tuple(facts), _unpacked(raw) if raw else {}, words_said, died)


def _received(
    stdout: IO[bytes], seconds: float, progress: Progress
) -> tuple[list[dict[str, Any]], bytes, bool]:
    """The facts and the packed arrays that come, and whether nothing came for too long."""
    facts: list[dict[str, Any]] = []
    parts: list[bytes] = []
    rest, missing = b"", 0
    with selectors.DefaultSelector() as selector:
        selector.register(stdout, selectors.EVENT_READ)
        while selector.select(seconds):
            chunk = os.read(stdout.fileno(), 1 << 20)
            if not chunk:
                return facts, b"".join(parts) if not missing else b"", False
            if missing:
                parts.append(chunk)
                missing -= len(chunk)
                continue
            *lines, rest = (rest + chunk).split(b"\n")
            for at, line in enumerate(lines):
                message = json.loads(line)
                if "progress" in message:
                    progress(*message["progress"])
                elif "arrays" in message:
                    parts = [b"\n".join([*lines[at + 1 :], rest])]
                    missing, rest = message["arrays"] - len(parts[0]), b""
                    break
                else:
                    facts.append(message)
    return facts, b"", True


def _feed(stdin: IO[bytes], data: bytes) -> None:
    with suppress(BrokenPipeError), stdin:
        stdin.write(data)


def _drain(stderr: IO[bytes], said: bytearray) -> None:
    with stderr:
        while chunk := os.read(stderr.fileno(), 1 << 16):
            said += chunk
            del said[:-_KEPT_WORDS]


class Reply:
    """The child's side: what it was given, and how it answers. Made by `answering`."""

    def __init__(self, out: IO[bytes], arrays: Mapping[str, Array]) -> None:
        self._out = out
        self._told = time.monotonic()
        self.arrays = arrays

    def tell(self, **facts: Any) -> None:
        self._line(facts)

    def progress(self, message: str, done: int, total: int) -> None:
        """Tell where the work is: often enough that nobody takes it for dead, not more."""
        if done == total or time.monotonic() - self._told > 0.1:
            self._told = time.monotonic()
            self._line({"progress": [message, done, total]})

    def give(self, **arrays: Array) -> None:
        """Send the result; nothing may follow."""
        raw = _packed(arrays)
        self._line({"arrays": len(raw)})
        self._out.write(raw)
        self._out.flush()

    def _line(self, value: Any) -> None:
        self._out.write(json.dumps(value).encode() + b"\n")
        self._out.flush()


@contextmanager
def answering(memory: float) -> Iterator[Reply]:
    """In the child: take what was given, and turn whatever is raised into a fact `error`.

    `memory` is how much of this machine's it may take, from 0 to 1.
    """
    limit = int(machine_memory() * memory)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # If the parent is killed, nobody waits for an answer any more.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # What C++ code prints shall not come between the answers.
    with os.fdopen(os.dup(1), "wb") as out:
        os.dup2(2, 1)
        reply = Reply(out, _unpacked(sys.stdin.buffer.read()))
        try:
            yield reply
        except Exception as error:  # whatever the code that is run here raises
            reply.tell(error=first_line(error), user=isinstance(error, UserError))


def machine_memory() -> int:
    """Bytes of memory that this machine has."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _packed(arrays: Mapping[str, Array]) -> bytes:
    raw = io.BytesIO()
    np.savez(raw, allow_pickle=False, **arrays)
    return raw.getvalue()


def _unpacked(raw: bytes) -> dict[str, Array]:
    with np.load(io.BytesIO(raw), allow_pickle=False) as archive:
        return dict(archive.items())
