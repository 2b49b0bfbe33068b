"""Files onto a board: only what differs, whole or not at all.

A file is written beside its place, compared by SHA-256 on the board, a model there
also loaded once, and then renamed. littlefs renames in one step, so a reset at any
moment leaves either the old file or the new one.
"""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from serial import SerialException

from tinycnn.board.repl import LostError, Repl, ScriptError
from tinycnn.errors import TargetError, UserError
from tinycnn.files import models_in, read_bytes
from tinycnn.progress import Progress, silent
from tinycnn.tflite.check import need_runnable

_BESIDE = ".new"
_CHUNK = 1024  # bytes in one command; as text up to four times that, in the board's heap

# Made known on the board: a file's digest, and the file system's block size and free blocks.
_LOOK = """\
import binascii, hashlib, os
def digest(name):
    try:
        file = open(name, "rb")
    except OSError:
        return ""
    state, chunk = hashlib.sha256(), bytearray(512)
    with file:
        while True:
            n = file.readinto(chunk)
            if not n:
                return binascii.hexlify(state.digest()).decode()
            state.update(memoryview(chunk)[:n])
def free():
    stat = os.statvfs("")
    return stat[0], stat[3]
"""

_REMOVE = """\
import os
for name in {names}:
    try:
        os.remove(name)
    except OSError:
        pass
"""

# What a model needs here, with nothing else in the heap; or why it cannot be had.
_LOAD = """\
import gc, tflm
gc.collect()
try:
    net = tflm.Interpreter({name!r})
    print((True, net.arena_size, gc.mem_free()))
    del net
except (MemoryError, ValueError) as error:
    gc.collect()
    print((False, type(error).__name__ + ": " + str(error), gc.mem_free()))
"""


@dataclass(frozen=True)
class Deployed:
    """What is on the board now.

    arenas   bytes of arena that each model needs there
    free     bytes free on its file system
    """

    copied: tuple[str, ...]
    kept: tuple[str, ...]
    arenas: dict[str, int]
    free: int


def deploy(board: Repl, files: Mapping[str, Path], progress: Progress = silent) -> Deployed:
    """Bring `files` (names on the board -> host files) to `board`.

    Raises UserError if a model cannot run there, TargetError if the board has no
    `tflm`, no room for a file, no memory for a model, or goes away. What was there
    before is then still there.
    """
    wanted = {name: read_bytes(path) for name, path in files.items()}
    models = models_in(files)
    ops = _ops(board)
    for name in models:
        _check(files[name], wanted[name], ops)

    arenas: dict[str, int] = {}

    def load(places: Mapping[str, str]) -> None:
        arenas.update((name, _load(board, places[name])) for name in models)

    copied = sync(board, wanted, progress, load)
    kept = tuple(name for name in wanted if name not in copied)
    return Deployed(copied, kept, arenas, _free(board))


def need_models(files: Mapping[str, Path]) -> None:
    """Raise UserError, before a board is looked for, for a model that no firmware runs."""
    for path in models_in(files).values():
        need_runnable(read_bytes(path), path)


def sync(
    board: Repl,
    wanted: Mapping[str, bytes],
    progress: Progress = silent,
    accept: Callable[[Mapping[str, str]], None] = lambda places: None,
) -> tuple[str, ...]:
    """Bring the files `wanted` to `board`; the names of those that differed.

    Before the first of them takes its place, `accept` is given where each is for now,
    and may raise. Raises TargetError if the board has no room, or goes away. What was
    there before is then still there.
    """
    beside = {name: name + _BESIDE for name in wanted}
    _remove(board, beside.values())  # of a deploy that was cut short
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in wanted.items()}
    there = board_digests(board, wanted)
    changed = [name for name in wanted if there[name] != digests[name]]
    _need_room(board, [wanted[name] for name in changed])
    try:
        for name in changed:
            _write(board, beside[name], wanted[name], progress)
        for place, digest in board_digests(board, [beside[n] for n in changed]).items():
            if digest != digests[place.removesuffix(_BESIDE)]:
                raise TargetError(f"{place} on the board is not what was sent: deploy again")
        accept({name: beside[name] if name in changed else name for name in wanted})
        for name in changed:
            board.run(f"os.rename({beside[name]!r}, {name!r})")
    except LostError:
        raise
    except (TargetError, KeyboardInterrupt):
        board.recover()
        _remove(board, beside.values())
        raise
    return tuple(changed)


def board_digests(board: Repl, names: Iterable[str]) -> dict[str, str]:
    """The SHA-256 of each of the board's files `names`, in hex; "" for one that is not there."""
    listed = tuple(names)
    board.run(_LOOK)
    found = board.value(f"print([digest(name) for name in {listed!r}])", timeout=60)
    return dict(zip(listed, found, strict=True))


def _ops(board: Repl) -> dict[str, int]:
    """The ops that the board's firmware runs, and the newest version of each."""
    try:
        return dict(board.value("import tflm; print(tflm.supported_ops())"))
    except ScriptError as error:
        if error.exception != "ImportError":
            raise
        raise TargetError(
            f"the firmware on {board.port} has no tflm module: "
            "put one on that has, with `tinycnn flash`"
        ) from None


def _check(path: Path, model: bytes, ops: dict[str, int]) -> None:
    """Refuse a model that the firmware would refuse."""
    found = need_runnable(model, path)
    if lacking := sorted({op.name for op in found.ops if op.version > ops.get(op.name, 0)}):
        raise UserError(
            f"{path} needs {', '.join(lacking)}, which the firmware on the board does not have: "
            f"build one with `tinycnn firmware build --ops-from {path}`"
        )


def _need_room(board: Repl, contents: Iterable[bytes]) -> None:
    block, blocks = board.value("print(free())")
    need = sum(-(-len(data) // block) for data in contents)
    if need > blocks:
        raise _full(need * block, block * blocks)


def _full(need: int, free: int) -> TargetError:
    return TargetError(
        f"the board's file system is full: {need} bytes needed, {free} free; "
        "`mpremote ls` shows what is there, `mpremote rm :NAME` removes it"
    )


def _free(board: Repl) -> int:
    block, blocks = board.value("print(free())")
    return int(block * blocks)


def _write(board: Repl, name: str, data: bytes, progress: Progress) -> None:
    """Write a file of the board. Raises TargetError if it has no room for it."""

    def show(done: int, total: int) -> None:
        progress(name.removesuffix(_BESIDE), done, total)

    with board.guarded():
        try:
            board.transport.fs_writefile(name, data, _CHUNK, show)
        except SerialException:
            raise
        except OSError as error:  # one of the board's file system
            if error.errno == errno.ENOSPC:
                raise _full(len(data), _free(board)) from None
            code = errno.errorcode.get(error.errno or 0, str(error))
            raise TargetError(f"the board cannot write {name}: {code}") from None


def _load(board: Repl, name: str) -> int:
    """Make an interpreter of the board's file `name`; the bytes of its arena."""
    loaded, told, free = board.value(_LOAD.format(name=name))
    if not loaded:
        shown = name.removesuffix(_BESIDE)
        raise TargetError(f"{shown} does not run on the board: {told} ({free} bytes of heap free)")
    return int(told)


def _remove(board: Repl, names: Iterable[str]) -> None:
    board.run(_REMOVE.format(names=tuple(names)))
