"""What is kept: found again only if it is whole and of the same."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from tinycnn import cache
from tinycnn.cache import Kept, find, keep, key_of
from tinycnn.pipeline import crossval, distil, evaluate, quantize, train
from tinycnn.pipeline.dataset import Dataset
from tinycnn.pipeline.model import RECIPES

KEPT = Kept("key", {"io": "int8"}, {"a.bin": b"a" * 100, "b.bin": b""})


@pytest.fixture
def record(tmp_path: Path) -> Path:
    path = tmp_path / "kept" / "record.json"
    keep(path, KEPT, mode=0o755)
    return path


def test_what_was_kept_is_found(record: Path) -> None:
    assert find(record) == find(record, "key") == KEPT
    assert find(record, "other") is None
    assert (record.parent / "a.bin").stat().st_mode & 0o777 == 0o755


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("name", ["a.bin", "record.json"])
@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(path.read_bytes()[:-3]),
        lambda path: path.write_bytes(b""),
        _flip,
        Path.unlink,
        lambda path: (path.unlink(), os.mkfifo(path)),
        lambda path: (path.unlink(), path.mkdir()),
        lambda path: path.write_text("[" * 200_000),
    ],
    ids=["cut", "empty", "flipped", "deleted", "a pipe", "a folder", "deep"],
)
def test_what_is_not_whole_counts_as_none(
    record: Path, name: str, spoil: Callable[[Path], None]
) -> None:
    spoil(record.parent / name)
    assert find(record, "key") is None


def test_changed_facts_count_as_none(record: Path) -> None:
    record.write_text(record.read_text().replace("int8", "int9"))
    assert find(record, "key") is None


@pytest.mark.parametrize("told", [[], {}, {"key": "key"}, {"key": "key", "facts": 1, "files": 2}])
def test_a_record_of_something_else_counts_as_none(record: Path, told: object) -> None:
    record.write_text(json.dumps(told))
    assert find(record) is None


SPOILED: dict[str, Callable[[Path], object]] = {
    "cut": lambda path: path.write_bytes(path.read_bytes()[: -1 if path.suffix == ".c" else -3]),
    "flipped": _flip,
    "deleted": Path.unlink,
}


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree of some hundred files."""
    folder = tmp_path_factory.mktemp("tree")
    random = Random(0)
    for number in range(300):
        path = folder / f"{number % 7}" / f"{number % 11}" / f"{number}.c"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(random.randbytes(1 + number))
    cache.seal(folder, {"commit": "c"})
    return folder


@pytest.mark.parametrize("spoil", SPOILED)
def test_any_file_of_a_sealed_tree_counts(sealed: Path, spoil: str) -> None:
    assert cache.unseal(sealed) == cache.unseal(sealed, thorough=True) == {"commit": "c"}
    for path in Random(spoil).sample(sorted(sealed.rglob("*.c")), 50):
        data, told = path.read_bytes(), path.stat()
        SPOILED[spoil](path)
        assert cache.unseal(sealed) is None, path
        path.write_bytes(data)
        assert cache.unseal(sealed) is not None  # the same bytes, written later
        os.utime(path, ns=(told.st_atime_ns, told.st_mtime_ns))


def test_more_files_in_a_sealed_tree_do_not_matter(sealed: Path) -> None:
    (sealed / "made.o").touch()
    assert cache.unseal(sealed, thorough=True) is not None


def test_a_spoiled_seal_counts_as_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for spoil in SPOILED.values():
        cache.seal(tmp_path, {})
        assert cache.unseal(tmp_path) == {}
        spoil(tmp_path / cache.SEAL)
        assert cache.unseal(tmp_path) is None


def test_a_key_knows_where_its_parts_end() -> None:
    assert len({key_of("ab", "c"), key_of("a", "bc"), key_of("abc"), key_of(b"abc", "")}) == 4
    assert key_of("a", packages=("numpy",)) != key_of("a", packages=("rich",))


@pytest.mark.parametrize("name", train.CODE)
def test_training_depends_on_its_code(
    name: str, digits: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The network among it, for a recipe with teachers and for one without."""
    copy = tmp_path / "tinycnn"
    shutil.copytree(cache.PACKAGE, copy)
    monkeypatch.setattr(cache, "PACKAGE", copy)

    def keys() -> list[str]:
        return [train._key(digits, RECIPES[r], 1, 2, None) for r in ("article", "best")]

    before = keys()
    assert keys() == before
    with (copy / name).open("a") as file:
        file.write("# edited")
    assert not set(before) & set(keys())


def test_every_step_of_training_is_in_its_key() -> None:
    """What they import of ours that is arithmetic; the data are in the key themselves."""
    assert set(distil.CODE) < set(train.CODE)
    folder = cache.PACKAGE / "pipeline"
    others = {Path(m.__file__ or "").name for m in (crossval, evaluate, quantize)}
    others |= {"__init__.py", "convert.py", "dataset.py", "samples.py", "score.py"}
    listed = {Path(name).name for name in train.CODE if name.startswith("pipeline/")}
    assert {path.name for path in folder.glob("*.py")} == listed | others
