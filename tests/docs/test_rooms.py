"""The rooms in docs/architecture.md are those that exist, in the order of their imports."""

from __future__ import annotations

import re
import tomllib
from itertools import chain

from doc_pages import fences, name_of, project_files, section
from tinycnn.files import ROOT

PAGE = ROOT / "docs" / "architecture.md"
PACKAGE = "host/tinycnn/"
FIRMWARE = "firmware_build/"

NO_ROOMS = {"__init__.py", "__main__.py"}
"""Python asks for these."""


def _listed() -> dict[str, list[str]]:
    """The list of the page: what stands at a line's start, and what stands indented below."""
    found: dict[str, list[str]] = {}
    for line in fences(section(PAGE.read_text(), "Rooms"))[0].text.splitlines():
        if words := line.split():
            if line.startswith(" "):
                found[list(found)[-1]].append(words[0])
            else:
                found[words[0]] = []
    return found


def _rooms(folder: str, kind: str = "") -> set[str]:
    """What lies in a folder of the project: folders as `name/`, and the files of a kind."""
    paths = (name_of(path).removeprefix(folder) for path in project_files(f"{folder}*"))
    entries = {re.sub("/.*", "/", path) for path in paths}
    return {name for name in entries if name.endswith(("/", kind or "/"))} - NO_ROOMS


def test_each_list_is_of_a_folder() -> None:
    assert set(_listed()) == {PACKAGE, FIRMWARE, "device/", "tests/"}
    assert set(_listed()) - {PACKAGE} <= _rooms("")


def test_rooms_of_the_package() -> None:
    assert sorted(_listed()[PACKAGE]) == sorted(_rooms(PACKAGE, ".py"))


def test_rooms_of_the_firmware() -> None:
    assert sorted(_listed()[FIRMWARE]) == sorted(_rooms(FIRMWARE))


def test_order_is_that_of_the_imports() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    (contract,) = settings["contracts"]
    layers = chain.from_iterable(layer.split(" | ") for layer in contract["layers"])
    assert [room.removesuffix("/").removesuffix(".py") for room in _listed()[PACKAGE]] == list(
        layers
    )


def test_c_includes_nothing_from_a_room_above() -> None:
    rooms = [f"{FIRMWARE}{room}" for room in _listed()[FIRMWARE]]
    sources = project_files(*(f"{room}*.{kind}" for room in rooms for kind in ("c", "cpp", "h")))
    level = {path: rooms.index("/".join(name_of(path).split("/")[:2]) + "/") for path in sources}
    below = {path.name: level[path] for path in sources if path.suffix == ".h"}
    upward = [
        f"{name_of(path)}: {header}"
        for path in sources
        for header in re.findall(r'^#include "([^"]+)"$', path.read_text(), re.MULTILINE)
        if below.get(header, len(rooms)) < level[path]
    ]
    assert upward == []
