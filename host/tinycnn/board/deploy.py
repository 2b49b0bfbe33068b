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
from typing import Any

from serial import SerialException

from tinycnn.board.answers import pair_of, sequence_of, size, text
from tinycnn.board.native import NAME, Module, natives_for
from tinycnn.board.repl import LostError, Repl, ScriptError
from tinycnn.errors import TargetError, UserError
from tinycnn.files import models_in, read_bytes
from tinycnn.progress import Progress, silent
from tinycnn.tflite.check import CheckedModel, need_runnable
from tinycnn.tflite.native import native_ops

_BESIDE = ".new"
_SLOWEST = 1000  # bytes a second: a third of what 115200 baud bring, as text
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
    try:
        stat = os.statvfs("")
    except OSError:
        return 0, 0
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
    print(("", net.arena_size, gc.mem_free()))
    del net
except (MemoryError, ValueError) as error:
    gc.collect()
    print((type(error).__name__ + ": " + str(error), 0, gc.mem_free()))
"""


@dataclass(frozen=True)
class Deployed:
    """What is on the board now.

    arenas   bytes of arena that each model needs there
    free     bytes free on its file system
    module   the native module that was brought to a stock firmware, if it was
    """

    copied: tuple[str, ...]
    kept: tuple[str, ...]
    arenas: dict[str, int]
    free: int
    module: Module | None = None


def deploy(board: Repl, files: Mapping[str, Path], progress: Progress = silent) -> Deployed:
    """Bring `files` (names on the board -> host files) to `board`.

    A stock firmware is brought the native module `tflm.mpy` before.

    Raises UserError if a model cannot run there, TargetError if the board has no
    `tflm` and can have none, no room for a file, no memory for a model, or goes away.
    What was there before is then still there.
    """
    wanted = {name: read_bytes(path) for name, path in files.items()}
    models = list(models_in(files))
    with board.limit("the end of the deploy", _seconds(wanted.values()) + 60):
        return _deployed(board, files, wanted, models, progress)


def _deployed(
    board: Repl,
    files: Mapping[str, Path],
    wanted: Mapping[str, bytes],
    models: Iterable[str],
    progress: Progress,
) -> Deployed:
    module = _bring_module(board, {files[name]: wanted[name] for name in models}, progress)
    ops = _ops(board)
    for name in models:
        _check(board.port, files[name], wanted[name], ops)

    arenas: dict[str, int] = {}

    def load(places: Mapping[str, str]) -> None:
        arenas.update((name, _load(board, places[name])) for name in models)

    copied = sync(board, wanted, progress, load)
    kept = tuple(name for name in wanted if name not in copied)
    return Deployed(copied, kept, arenas, _room(board)[1], module)


def need_models(files: Mapping[str, Path]) -> dict[str, CheckedModel]:
    """What the check says of the models among `files`, before a board is looked for.

    Raises UserError if no firmware runs one of them.
    """
    return {name: need_runnable(read_bytes(path), path) for name, path in models_in(files).items()}


def sync(
    board: Repl,
    wanted: Mapping[str, bytes],
    progress: Progress = silent,
    accept: Callable[[Mapping[str, str]], None] = lambda places: None,
) -> tuple[str, ...]:
    """Bring the files `wanted` to `board`; the names of those that differed.

    How long it may take goes with their size. Before the first of them takes its place,
    `accept` is given where each is for now, and may raise. Raises TargetError if the board
    has no room, or goes away. What was there before is then still there.
    """
    with board.limit("the files", _seconds(wanted.values())):
        return _synced(board, wanted, progress, accept)


def _synced(
    board: Repl,
    wanted: Mapping[str, bytes],
    progress: Progress,
    accept: Callable[[Mapping[str, str]], None],
) -> tuple[str, ...]:
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
                raise TargetError(
                    f"{place} on the board on {board.port} is not what was sent: deploy again"
                )
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
    asked = f"print([digest(name) for name in {listed!r}])"
    found = board.value(asked, sequence_of(text, len(listed)), timeout=60)
    return dict(zip(listed, found, strict=True))


def _bring_module(board: Repl, models: Mapping[Path, bytes], progress: Progress) -> Module | None:
    """The native module, where `import tflm` does not work without; else None."""
    if not _why_no_module(board):
        return None
    for module in natives_for(board, native_ops(models), progress):
        sync(board, {NAME: read_bytes(module.path)}, progress)
        why = _why_no_module(board)
        if not why:
            return module
        _remove(board, [NAME])
        if not why.startswith("MemoryError"):
            raise TargetError(f"{NAME} cannot be imported on {board.port}: {why}")
    raise AssertionError


def _why_no_module(board: Repl) -> str:
    """What `import tflm` raises there; "" if it works. A native module of another kind is none."""
    try:
        board.run("import tflm")
    except ScriptError as error:
        if error.exception not in ("ImportError", "MemoryError", "ValueError"):
            raise
        return str(error)
    return ""


def _ops(board: Repl) -> dict[str, int]:
    """The ops that the board's module runs, and the newest version of each."""
    asked = "import tflm; print(tflm.supported_ops())"
    return dict(board.value(asked, sequence_of(pair_of(text, size))))


def _check(port: str, path: Path, model: bytes, ops: dict[str, int]) -> None:
    """Refuse a model that the firmware would refuse."""
    found = need_runnable(model, path)
    if lacking := sorted({op.name for op in found.ops if op.version > ops.get(op.name, 0)}):
        raise UserError(
            f"{path} needs {', '.join(lacking)}, which the firmware on {port} does not have: "
            f"build one with `tinycnn firmware build --ops-from {path}`"
        )


def _need_room(board: Repl, contents: Iterable[bytes]) -> None:
    block, free = _room(board)
    need = sum(-(-len(data) // block) for data in contents) * block
    if need > free:
        raise _full(board.port, need, free)


def _full(port: str, need: int, free: int) -> TargetError:
    return TargetError(
        f"the board's file system is full: {need} bytes needed, {free} free on {port}; "
        "`mpremote ls` shows what is there, `mpremote rm :NAME` removes it"
    )


def _room(board: Repl) -> tuple[int, int]:
    """The bytes of a block of its file system, and those that are free."""
    block, blocks = board.value("print(free())", pair_of(size, size))
    if not block:
        raise TargetError(
            f"the board on {board.port} has no file system to write to: "
            "make one with `tinycnn flash --erase-all`"
        )
    return block, block * blocks


def _seconds(contents: Iterable[bytes]) -> float:
    """How long these bytes may take to a board, compared there and loaded."""
    return 120 + sum(map(len, contents)) / _SLOWEST


def _write(board: Repl, name: str, data: bytes, progress: Progress) -> None:
    """Write a file of the board. Raises TargetError if it has no room for it."""
    shown = name.removesuffix(_BESIDE)

    def show(done: int, total: int) -> None:
        board.line.moved()
        progress(shown, done, total)

    with board.guarded(f"all of {shown}", _seconds([data])):
        try:
            board.transport.fs_writefile(name, data, _CHUNK, show)
        except SerialException:
            raise
        except OSError as error:  # one of the board's file system
            failed = error
        else:
            return
    if failed.errno == errno.ENOSPC:
        raise _full(board.port, len(data), _room(board)[1])
    code = errno.errorcode.get(failed.errno or 0, str(failed))
    raise TargetError(
        f"the board on {board.port} cannot write {shown}: {code}; press its reset button and "
        "repeat, or make a new file system with `tinycnn flash --erase-all`"
    )


def _load(board: Repl, name: str) -> int:
    """Make an interpreter of the board's file `name`; the bytes of its arena."""

    def kind(value: Any) -> tuple[str, int, int]:
        told, arena, free = value
        return text(told), size(arena), size(free)

    told, arena, free = board.value(_LOAD.format(name=name), kind)
    if told:
        raise TargetError(
            f"{name.removesuffix(_BESIDE)} does not run on the board: {told} ({free} bytes of "
            f"heap free on {board.port}): take a smaller model, or other firmware"
        )
    return arena


def _remove(board: Repl, names: Iterable[str]) -> None:
    board.run(_REMOVE.format(names=tuple(names)))
