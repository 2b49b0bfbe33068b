"""tflm.mpy for several architectures in one folder, as mip wants it, and one such folder read.

mip cannot choose an architecture, so each has a folder with a package.json of its own, whose
address a user types.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tinycnn import __version__
from tinycnn.errors import BuildError, UserError
from tinycnn.files import read_bytes, write_atomic, write_json
from tinycnn.firmware.mpy import OLDEST, Kind, dotted, kind_of_file
from tinycnn.firmware.native import NAME, NativeModule

INDEX = "index.json"

_PACKAGE = {"urls": [[NAME, NAME]], "deps": [], "version": __version__}
"""For mip: names on the board, and where from, seen from package.json."""


def write_release(folder: Path, modules: Sequence[NativeModule]) -> Path:
    """Lay the modules out in `folder`; its index, which is written last.

    Raises UserError if that cannot be written.
    """
    listed = {}
    for module in modules:
        data = read_bytes(module.path)
        kind = kind_of_file(data)
        if kind is None or kind.arch != module.arch:
            raise BuildError(f"{module.path} is for {kind}, not for {module.arch}")
        write_atomic(folder / kind.folder / NAME, data)
        write_json(folder / kind.folder / "package.json", _PACKAGE)
        listed[kind.folder] = {
            "arch": kind.arch,
            "abi": dotted(kind.abi),
            "size": len(data),
            "sha256": hashlib.sha256(data).hexdigest(),
            "ops": sorted(module.ops),
        }
    index = folder / INDEX
    facts = {"version": __version__, "micropython": f">={dotted(OLDEST)}", "modules": listed}
    write_json(index, facts)
    return index


def find_released(folder: Path, kind: Kind) -> Path:
    """The tflm.mpy of that kind in the folder of a release.

    Raises UserError if it has none, or if that is not what its index says.
    """
    index = folder / INDEX
    try:
        modules: dict[str, Any] = json.loads(read_bytes(index))["modules"]
        wanted = {name: str(facts["sha256"]) for name, facts in modules.items()}
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise UserError(f"{index} is no index of a release: download that again") from None
    if kind.folder not in wanted:
        raise UserError(f"{folder} has no {NAME} for {kind}, only {', '.join(sorted(wanted))}")
    path = folder / kind.folder / NAME
    if hashlib.sha256(read_bytes(path)).hexdigest() != wanted[kind.folder]:
        raise UserError(f"{path} is not what {index} says: download both again")
    return path
