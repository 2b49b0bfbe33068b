"""What was made and is kept: from what it was made, and whether it is still whole.

Beside what is kept lies a record, a JSON file: a key, which is a digest of all that the
result depends on; facts about it; a digest of each file; and one of all this. A record that
is missing, broken, or not of the files that lie there counts as none: what it tells of is
made anew. A whole folder, such as a source tree, is sealed instead.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tinycnn.errors import UserError
from tinycnn.files import digest, read_bytes, write_atomic, write_json

PACKAGE = Path(__file__).parent


@dataclass(frozen=True)
class Kept:
    """What a record tells, and the files it tells of by their names beside it.

    key    of `key_of`
    facts  what else is worth keeping, as JSON
    """

    key: str
    facts: Any
    files: Mapping[str, bytes] = field(default_factory=dict)


def key_of(*parts: bytes | str, code: str = "", packages: Iterable[str] = ()) -> str:
    """A digest of all that a result depends on.

    parts     what it is made from: data, arguments
    code      the module of this package that makes it, `__name__`: a change of it, or of
              any other module here that it needs, may change the result
    packages  installed ones whose version may change it
    """
    sources = [path.read_bytes() for path in code_of(code)] if code else []
    versions = [f"{name} {version(name)}" for name in packages]
    return digest(*parts, *versions, *sources)


_NAMED = re.compile(rb"\btinycnn((?:\.\w+)*)(?: import (\([^)]*\)|.*))?")


def code_of(module: str) -> list[Path]:
    """The file of `module` and of each of this package that it names, and so on, sorted.

    By the text alone, so nothing is imported. To name one is to import it, or to run it in
    a child by `tinycnn.child.ask`.
    """
    found: set[Path] = set()
    new = _files_named(module.encode())
    while new:
        found |= new
        new = {named for path in new for named in _files_named(path.read_bytes())} - found
    return sorted(found)


def _files_named(text: bytes) -> set[Path]:
    paths = set()
    for module, names in _NAMED.findall(text):
        place = module.decode().replace(".", "/").lstrip("/")
        for name in ("", *re.findall(r"\w+", names.decode())):
            path = PACKAGE / place / name
            paths |= {path.with_suffix(".py"), path / "__init__.py"}
    return {path for path in paths - {PACKAGE / "__init__.py"} if path.is_file()}


def keep(record: Path, kept: Kept, mode: int = 0o644) -> None:
    """Write the files of `kept` beside `record`, each whole or not at all, then the record.

    `mode` is that of the files.

    Raises UserError if one cannot be written.
    """
    for name, data in kept.files.items():
        write_atomic(record.parent / name, data, mode)
    digests = {name: digest(data) for name, data in kept.files.items()}
    told = {"key": kept.key, "facts": kept.facts, "files": digests}
    write_json(record, told | {"digest": _digest_of(told)})


_DAMAGE = (OSError, UserError, ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""What reading a record raises that is cut, changed, of another version, or no file at all."""


def find(record: Path, key: str | None = None) -> Kept | None:
    """What `record` tells, if all that it tells of is there as it was written.

    With `key`, None too if it is of anything else.
    """
    try:
        told = json.loads(read_bytes(record))
        whole = told.pop("digest") == _digest_of(told)
        found = Kept(
            told["key"],
            told["facts"],
            {name: read_bytes(record.parent / name) for name in told["files"]},
        )
        whole &= all(digest(data) == told["files"][name] for name, data in found.files.items())
    except _DAMAGE:
        return None
    return found if whole and key in (None, found.key) else None


SEAL = ".tinycnn.json"
"""In a sealed folder: its facts, and of each file its size, time and digest."""


def seal(folder: Path, facts: Any) -> None:
    """Note in `folder` what is in it, and `facts` as JSON. Git's own files do not count."""
    files = {}
    for path in _files_of(folder):
        told = path.stat()
        name = str(path.relative_to(folder))
        files[name] = (told.st_size, told.st_mtime_ns, digest(path.read_bytes()))
    told_all = {"facts": facts, "files": files}
    write_json(folder / SEAL, told_all | {"digest": _digest_of(told_all)})


def unseal(folder: Path, *, thorough: bool = False) -> Any:
    """The facts of `folder`, if all that it had when it was sealed is there unchanged.

    Else None; more files do not matter. A file of the same size and time is taken to be
    the same, unless `thorough`.
    """
    try:
        told = json.loads(read_bytes(folder / SEAL))
        whole = told.pop("digest") == _digest_of(told)
        for name, (size, time, wanted) in told["files"].items():
            path = folder / name
            now = path.stat()
            if thorough or (now.st_size, now.st_mtime_ns) != (size, time):
                whole = whole and now.st_size == size and digest(read_bytes(path)) == wanted
        return told["facts"] if whole else None
    except _DAMAGE:
        return None


def _files_of(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != ".git"]
        paths = (Path(root, name) for name in names)
        yield from (path for path in paths if path.is_file() and path != folder / SEAL)


def _digest_of(told: dict[str, Any]) -> str:
    return digest(json.dumps(told, sort_keys=True))
