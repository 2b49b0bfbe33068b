"""Ctrl-C: whatever is at work ends, within two seconds. So it does when it is told to end
(`kill`, `timeout`) or when its terminal goes: what it has started must not outlive it.

Python raises KeyboardInterrupt, and most of what we call lets it pass. TensorFlow may
swallow it, or take a minute to end its threads: then the process leaves without them.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

_SIGNALS = {
    signal.SIGINT: signal.default_int_handler,
    signal.SIGTERM: signal.SIG_DFL,
    signal.SIGHUP: signal.SIG_DFL,
}
"""What ends us, and how it is handled unless somebody wants it otherwise: `&` and nohup do."""

LIMIT = 1.6
"""Seconds for all `finally` and `with` on the way out."""

_SHOW_CURSOR = "\x1b[?25h"
_told = False
_status = 128 + signal.SIGINT  # as a shell calls it
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

    It stays ignored where it is, as it is for a shell's jobs in the background.
    """
    came = threading.Event()

    def handle(number: int, frame: FrameType | None) -> None:
        global _status
        if came.is_set():
            _leave()
        came.set()
        _status = 128 + number
        watch = threading.Timer(LIMIT, _leave)
        watch.daemon = True
        watch.start()
        raise KeyboardInterrupt

    ours = {number: how for number, how in _SIGNALS.items() if signal.getsignal(number) == how}
    for number in ours:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number, how in ours.items():
            signal.signal(number, how)
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
    with suppress(OSError):  # a terminal that is gone
        os.write(2, (cursor + line).encode())
    os._exit(_status)
