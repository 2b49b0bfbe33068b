"""Files onto a board: only what differs, whole or not at all.

A file is written beside its place, compared by SHA-256 on the board, a model there
also loaded once, and then renamed. littlefs renames in one step, so a reset at any
moment leaves either the old file or the new one.
"""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from serial import SerialException

from tinycnn.board.answers import pair_of, sequence_of, size, text
from tinycnn.board.native import (
    ASIDE,
    FLASH,
    NAME,
    Module,
    Standing,
    given_native,
    look,
    mend,
    natives_for,
    no_room,
)
from tinycnn.board.repl import LostError, Repl
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
class Brought:
    """A native module that was brought to a stock firmware, to the file `place`, and why."""

    module: Module
    place: str
    why: str


@dataclass(frozen=True)
class Deployed:
    """What is on the board now.

    arenas   bytes of arena that each model needs there
    free     bytes free on its file system
    brought  the native module, if that was to be brought
    """

    copied: tuple[str, ...]
    kept: tuple[str, ...]
    arenas: dict[str, int]
    free: int
    brought: Brought | None = None


def deploy(
    board: Repl, files: Mapping[str, Path], progress: Progress = silent, given: Path | None = None
) -> Deployed:
    """Bring `files` (names on the board -> host files) to `board`.

    A stock firmware is brought the native module `tflm.mpy` before: the file that was `given`, or
    that in the folder of a release which was, or one that is built here.

    Raises UserError if a model cannot run there, TargetError if the board has no
    `tflm` and can have none, no room for a file, no memory for a model, or goes away.
    What was there before is then still there.
    """
    wanted = {name: read_bytes(path) for name, path in files.items()}
    models = {files[name]: wanted[name] for name in models_in(files)}
    brought = _bring_module(board, models, given, progress)
    with board.limit("the end of the deploy", _seconds(wanted.values()) + 60):
        return _deployed(board, wanted, list(models_in(files)), brought, progress)


def _deployed(
    board: Repl,
    wanted: Mapping[str, bytes],
    models: Iterable[str],
    brought: Brought | None,
    progress: Progress,
) -> Deployed:
    arenas: dict[str, int] = {}

    def load(places: Mapping[str, str]) -> None:
        arenas.update((name, _load(board, places[name])) for name in models)

    copied = sync(board, wanted, progress, load)
    kept = tuple(name for name in wanted if name not in copied)
    return Deployed(copied, kept, arenas, _room(board)[1], brought)


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


def _bring_module(
    board: Repl, models: Mapping[Path, bytes], given: Path | None, progress: Progress
) -> Brought | None:
    """The native module, where the firmware has none and there is none yet that does; else None.

    Raises UserError if these models do not run in what the board has then.
    """
    mend(board)
    found = look(board)
    module = given_native(board, found, given) if given is not None else None
    lacking = _lacking(models, found)
    if found.tflm is not None and not found.native:
        _need_ops(board.port, lacking, found)
        return None
    own = native_ops(models)
    place = found.file.path if found.file and not found.file.path.startswith("/rom") else NAME
    if found.native and not any(lacking.values()) and _is_there(board, place, module):
        return None
    why = found.trouble or f"{place} there is another"
    if lacks := sorted(set().union(*lacking.values())):
        why = found.trouble or f"{place} there lacks {', '.join(lacks)}"
    modules = iter([module] if module else natives_for(board, found.stock, why, own, progress))
    with _kept(board, place, had=found.native):
        return _tried(board, models, modules, place, why, progress)


def _tried(
    board: Repl,
    models: Mapping[Path, bytes],
    modules: Iterator[Module],
    place: str,
    why: str,
    progress: Progress,
) -> Brought:
    """The first that finds memory at `place`."""
    failed = ""
    for module in modules:
        data = read_bytes(module.path)
        # To a heap that is whole: of what was imported before, or tried to, some would be lost.
        board.restart()
        if failed := no_room(board, len(data)):
            continue
        sync(board, {place: data}, progress)
        board.restart()
        found = look(board, trusted=True)
        if found.tflm is not None:
            _need_ops(board.port, _lacking(models, found), found)
            return Brought(module, place, why)
        _remove(board, [place])
        failed = found.error
        if not failed.startswith("MemoryError"):
            raise TargetError(f"{NAME} cannot be imported on {board.port}: {failed}")
    raise TargetError(f"{board.port}: {why}, and {failed}: {FLASH}")


@contextmanager
def _kept(board: Repl, place: str, *, had: bool) -> Iterator[None]:
    """A block in which another file may come to `place`; if it raises, what was there is back.

    Where none was that can be imported (`had`), an empty file says so to `mend`.
    """
    aside = place + ASIDE
    _remove(board, [aside])
    board.run(f"os.rename({place!r}, {aside!r})" if had else f"open({aside!r}, 'wb').close()")
    try:
        yield
    except LostError:
        raise
    except (UserError, KeyboardInterrupt):
        board.recover()
        _remove(board, [place] if had else [aside])
        if had:
            board.run(f"os.rename({aside!r}, {place!r})")
        raise
    _remove(board, [aside])


def _is_there(board: Repl, place: str, module: Module | None) -> bool:
    """Is that what the board has at `place`; True of any that will do."""
    if module is None:
        return True
    data = read_bytes(module.path)
    return board_digests(board, [place])[place] == hashlib.sha256(data).hexdigest()


def _lacking(models: Mapping[Path, bytes], found: Standing) -> dict[Path, list[str]]:
    """The ops of each of these models that the board's module does not have."""
    if found.tflm is None:
        return {}
    has = found.tflm.ops
    return {
        path: sorted(
            {op.name for op in need_runnable(model, path).ops if op.version > has.get(op.name, 0)}
        )
        for path, model in models.items()
    }


def _need_ops(port: str, lacking: Mapping[Path, list[str]], found: Standing) -> None:
    """Refuse a model that the board would refuse."""
    for path, names in lacking.items():
        if names:
            has, do = f"the firmware on {port}", "build one with `tinycnn firmware build"
            if found.native:
                has, do = f"that {NAME}", "take one of a release, or `tinycnn firmware native"
            raise UserError(
                f"{path} needs {', '.join(names)}, which {has} does not have: "
                f"{do} --ops-from {path}`"
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
