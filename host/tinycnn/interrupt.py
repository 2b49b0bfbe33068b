"""Ctrl-C: whatever is at work ends, within two seconds.

Python raises KeyboardInterrupt, and most of what we call lets it pass. TensorFlow may
swallow it, or take a minute to end its threads: then the process leaves without them.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

STATUS = 130
"""What a shell calls a program that Ctrl-C has ended."""

LIMIT = 1.6
"""Seconds for all `finally` and `with` on the way out."""

_SHOW_CURSOR = "\x1b[?25h"
_told = False
_last: list[Callable[[], object]] = []


def at_the_latest(call: Callable[[], object]) -> Callable[[], object]:
    """Have `call` called should the process leave without unwinding: a decorator."""
    _last.append(call)
    return call


def told() -> None:
    """The user has been told already that the work stops."""
    global _told
    _told = True


@contextmanager
def prompt() -> Iterator[None]:
    """For as long as the block runs Ctrl-C ends the process in LIMIT seconds, with one line.

    Does nothing where Ctrl-C is ignored, as it is for a shell's jobs in the background.
    """
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    came = threading.Event()

    def handle(number: int, frame: FrameType | None) -> None:
        if came.is_set():
            _leave()
        came.set()
        watch = threading.Timer(LIMIT, _leave)
        watch.daemon = True
        watch.start()
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if came.is_set():  # and nobody's threads are waited for
            _leave()


@contextmanager
def passed_on() -> Iterator[None]:
    """Within the block Ctrl-C is a KeyboardInterrupt and no more: for who passes it on."""
    before = signal.getsignal(signal.SIGINT)
    if callable(before) and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)
    else:
        yield


def _leave() -> None:
    for call in _last:
        call()
    cursor = _SHOW_CURSOR if sys.stderr.isatty() else ""
    line = "" if _told else "tinycnn: stopped\n"
    os.write(2, (cursor + line).encode())
    os._exit(STATUS)
