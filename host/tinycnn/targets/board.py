"""A board on a port as a target: it has its own files, and ours in a folder beside them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tinycnn.board.deploy import sync
from tinycnn.board.repl import connect
from tinycnn.files import models_in, read_bytes
from tinycnn.targets.plugged import Plugged
from tinycnn.tflite.check import check_model

FOLDER = "simulate"
"""Our folder, in the one where the board starts: emptied of all but a script's files."""

_ENTER = f"import os\nos.chdir({FOLDER!r})\ndel os\n"

_MAKE = f"""\
import os
try:
    os.mkdir({FOLDER!r})
except OSError:
    pass
os.chdir({FOLDER!r})
for name in os.listdir():
    if name not in {{wanted!r}}:
        os.remove(name)
"""


@contextmanager
def plug(flash: Path, *, port: str) -> Iterator[Plugged]:
    """The board on `port`, with the files of the folder `flash` in its folder FOLDER.

    They are brought there first, as far as they differ; what else is in it is removed, and
    a model that no firmware runs stays here.
    """
    files = {path.name: read_bytes(path) for path in sorted(flash.glob("*.*"))}
    for name in models_in({name: flash / name for name in files}):
        if not check_model(files[name]).profile:
            del files[name]
    with connect(port) as board:
        board.run(_MAKE.format(wanted=tuple(files)))
        sync(board, files)
    yield Plugged(port, _ENTER)
