"""What is kept: found again only if it is whole and of the same."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from tinycnn import cache
from tinycnn.bench import models
from tinycnn.cache import Kept, find, keep, key_of
from tinycnn.pipeline import evaluate, quantize, train
from tinycnn.pipeline.dataset import Dataset
from tinycnn.pipeline.model import RECIPES
from tinycnn.tflite import check

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


CODE = {
    "article": ["_tensorflow", "pipeline/distil", "pipeline/augment", "pipeline/model"],
    "best": ["_tensorflow", "pipeline/distil", "pipeline/augment", "pipeline/model"],
    "quantized": ["pipeline/convert", "tflite/slim", "tflite/graph", "tflite/_probe", "child"],
    "evaluated": ["pipeline/score", "tflite/check", "tflite/_probe", "tflite/_invoke", "child"],
    "benched": ["pipeline/convert", "pipeline/model", "tflite/graph", "child"],
}
"""Some of what it is made by, the last imported by others alone or run in a child."""


@pytest.fixture
def key(digits: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """The key of each of CODE, with the package, and the check in C, copied to tmp_path."""
    monkeypatch.setattr(cache, "PACKAGE", tmp_path / "tinycnn")
    shutil.copytree(Path(cache.__file__).parent, cache.PACKAGE)
    shutil.copytree(check.MODEL, tmp_path / "model")
    monkeypatch.setattr(check, "MODEL", tmp_path / "model")
    monkeypatch.setattr(models, "FOLDER", tmp_path / "bench")
    monkeypatch.setattr(models, "_made", lambda name, progress: b"made")

    def made(what: str) -> str:
        if what in RECIPES:
            return train._key(digits, RECIPES[what], 1, 2, None)
        if what == "quantized":
            return quantize._key(digits, Path(__file__), "int8", "int8")
        if what == "evaluated":
            return evaluate.evaluation_key(digits, ())
        models.model_named("article")
        kept = find(tmp_path / "bench" / "article.json")
        assert kept is not None
        return kept.key

    return made


@pytest.mark.parametrize(("what", "name"), [(what, n) for what in CODE for n in CODE[what]])
def test_a_key_has_the_code(
    what: str, name: str, key: Callable[[str], str], tmp_path: Path
) -> None:
    before = key(what)
    assert key(what) == before
    with (tmp_path / "tinycnn" / f"{name}.py").open("a") as file:
        file.write("# edited")
    assert key(what) != before


@pytest.mark.parametrize("what", ["quantized", "evaluated"])
def test_a_key_has_the_check_of_models(
    what: str, key: Callable[[str], str], tmp_path: Path
) -> None:
    before = key(what)
    with (tmp_path / "model" / "model_check.c").open("a") as file:
        file.write("// edited")
    assert key(what) != before


IMPORTED = """
import sys
import tinycnn.pipeline.{0}
print(*(path for m in sys.modules.values() if (path := getattr(m, "__file__", None))), sep="\\n")
"""


@pytest.mark.parametrize("module", ["crossval", "evaluate", "quantize", "train"])
def test_the_code_of_a_module_is_all_that_it_imports(module: str) -> None:
    """A text that names them otherwise would be overlooked."""
    command = [sys.executable, "-c", IMPORTED.format(module)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    imported = {Path(line) for line in done.stdout.splitlines()}
    ours = {path for path in imported if path.is_relative_to(cache.PACKAGE)}
    inits = {cache.PACKAGE / room / "__init__.py" for room in ("", "pipeline")}
    assert ours - inits <= set(cache.code_of(f"tinycnn.pipeline.{module}"))
