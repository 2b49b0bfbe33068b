"""C of ours as a library for this machine: the host asks the very code that a board runs."""

from __future__ import annotations

import ctypes
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from tinycnn.cache import Kept, find, keep, key_of
from tinycnn.command import compiler, first_error, need, run
from tinycnn.errors import BuildError
from tinycnn.files import BUILD, digest, read_bytes

_FLAGS = ("-std=gnu99", "-O2", "-fPIC", "-shared")


def c_library(
    name: str, sources: Sequence[Path], headers: Iterable[Path], *flags: str
) -> ctypes.CDLL:
    """The library `name` of `sources`, which include nothing of ours but `headers`.

    Compiled once for each state of them, into build/check/. Raises MissingToolError without
    a compiler, and BuildError if it does not compile.
    """
    need("gcc")
    key = key_of(compiler("gcc"), c_key(sources, headers, *flags))
    record = BUILD / "check" / f"{name}-{key[:16]}.json"
    file = f"{record.stem}.so"
    if find(record, key) is None:
        keep(record, Kept(key, {}, {file: _compiled(name, sources, flags)}))
    return ctypes.CDLL(str(record.with_name(file)))


def c_key(sources: Iterable[Path], headers: Iterable[Path], *flags: str) -> str:
    """A digest of what such a library does, whoever compiles it."""
    return digest(*_FLAGS, *flags, *map(read_bytes, [*sources, *headers]))


def _compiled(name: str, sources: Iterable[Path], flags: Iterable[str]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "made.so"
        done = run(["gcc", *_FLAGS, *flags, "-o", made, *sources])
        if not done.ok:
            raise BuildError(f"{name} does not compile: {first_error(done.output)}")
        return made.read_bytes()
