"""A board that misbehaves, on a pseudo-terminal: a little Python that reads and writes."""

from __future__ import annotations

import os
import subprocess
import sys
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from textwrap import dedent

_HEAD = """
import os, sys, time
def say(text):
    os.write(1, text if isinstance(text, bytes) else text.encode())
def raw(answer, error=b""):
    '''MicroPython's raw REPL, in which each command prints what `answer` makes of it.'''
    line = b""
    while True:
        for key in os.read(0, 4096):
            key = bytes([key])
            if line + key == b"\\x05A\\x01":
                line = b""
                say(b"R\\x00")
            elif key == b"\\x01":
                line = b""
                say("raw REPL; CTRL-B to exit\\r\\n>")
            elif key == b"\\x02" or key == b"\\x03":
                line = b""
            elif key == b"\\x04" and not line:
                say("OK\\r\\nMPY: soft reboot\\r\\nraw REPL; CTRL-B to exit\\r\\n>")
            elif key == b"\\x04":
                say("OK")
                told = answer(line.decode())
                say(told)
                say(b"\\x04" + error + b"\\x04>")
                line = b""
            else:
                line += key
"""


@contextmanager
def odd_board(program: str) -> Iterator[str]:
    """The port of a board that runs `program`, in which `say` and `raw` are known."""
    master, slave = os.openpty()
    tty.setraw(slave)
    process = subprocess.Popen(
        [sys.executable, "-c", _HEAD + dedent(program)], stdin=master, stdout=master
    )
    os.close(master)
    try:
        yield os.ttyname(slave)
    finally:
        process.kill()
        process.wait()
        os.close(slave)
