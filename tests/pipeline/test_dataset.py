"""The article's split, and every way an .npz can be wrong."""

from __future__ import annotations

import io
import os
import warnings
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host_helpers import Command, assert_one_line_error, snapshot
from tinycnn.errors import UserError
from tinycnn.pipeline import dataset as dataset_module
from tinycnn.pipeline.dataset import Dataset, load_npz, make_dataset
from tinycnn.pipeline.reading import Reading


def test_digits_are_the_articles(digits: Dataset) -> None:
    assert digits.x.shape == (1797, 8, 8, 1)
    assert digits.x.dtype == np.float32
    assert (digits.x.min(), digits.x.max(), digits.maximum) == (0, 1, 16)
    assert digits.classes == 10
    assert {name: last - first for name, (first, last) in digits.bounds.items()} == {
        "train": 1078,
        "test": 359,
        "validation": 360,
    }
    test = digits.part("test")
    assert test.y[0] == 0  # the sketch's built-in input
    assert np.array_equal(test.x[0], digits.x[1078])


def test_digits_are_known_by_their_content(digits: Dataset, tmp_path: Path) -> None:
    """Not by the name of a file: a copy is the article's, and other images are not."""
    raw = digits.x * digits.maximum
    for name, x, article in (
        ("mine", raw, True),
        ("digits", raw[::-1], False),
        ("digits", raw * 2, False),  # what the model tells of its input is another
    ):
        np.savez(tmp_path / f"{name}.npz", x=x, y=digits.y)
        assert load_npz(tmp_path / f"{name}.npz").is_digits == article


def test_parts_cover_every_image_once(digits: Dataset) -> None:
    joined = np.concatenate([digits.part(n).y for n in ("train", "test", "validation")])
    assert np.array_equal(joined, digits.y)


def test_npz_without_channels_gets_one(tmp_path: Path) -> None:
    x = np.arange(20 * 5 * 6).reshape(20, 5, 6)
    path = tmp_path / "own.npz"
    np.savez(path, x=x, y=np.arange(20) % 2)
    dataset = load_npz(path)
    assert dataset.name == "own"
    assert dataset.image_shape == (5, 6, 1)
    assert dataset.maximum == 599
    assert dataset.x[-1, -1, -1, 0] == 1


def test_fingerprint_tells_data_apart(digits: Dataset) -> None:
    again = make_dataset("digits", digits.x * 16, digits.y)
    assert again.fingerprint == digits.fingerprint
    labels = digits.y.copy()
    labels[-1] = (labels[-1] + 1) % 10
    assert make_dataset("digits", digits.x, labels).fingerprint != digits.fingerprint


X = np.ones((20, 8, 8))
Y = np.arange(20) % 2
NAN = np.where(np.arange(X.size).reshape(X.shape) == 7, np.nan, X)


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"x": X}, "no array y"),
        ({"images": X, "labels": Y}, "no array x and no y: found images, labels"),
        ({"x": X, "y": Y[:-1]}, "20 images but y has 19 labels"),
        ({"x": NAN, "y": Y}, "not finite"),
        ({"x": NAN * np.inf, "y": Y}, "not finite"),
        ({"x": X * 0, "y": Y}, "zero everywhere"),
        ({"x": X.reshape(20, 64), "y": Y}, "shape (n, h, w)"),
        ({"x": X[:, :0], "y": Y}, "no pixels"),
        ({"x": X[:5], "y": Y[:5]}, "5 images: at least 10"),
        ({"x": X.astype(str), "y": Y}, "must hold numbers"),
        ({"x": X.astype(complex), "y": Y}, "must hold numbers"),
        ({"x": X.astype(object), "y": Y}, "x or y cannot be read"),
        ({"x": X, "y": Y - 1}, "negative labels"),
        ({"x": X, "y": Y + 0.5}, "or --task regression"),
        ({"x": X, "y": Y, "labels": ["a"]}, "labels has 1 names, y has 2 classes"),
        ({"x": X, "y": Y, "labels": ["a", "a"]}, "two classes have the name 'a'"),
        ({"x": X, "y": Y, "labels": ["a", " "]}, "a class has no name"),
        ({"x": X, "y": Y, "labels": [1, 2]}, "labels must hold the name of each class"),
        ({"x": X, "y": Y, "labels": np.array([b"a", b"\xff"])}, "not in UTF-8"),
        ({"x": X, "y": np.full(20, np.nan)}, "whole numbers"),
        ({"x": X, "y": Y.astype(str)}, "whole numbers"),
        ({"x": X, "y": Y * 2}, "none that is 1"),
        ({"x": X, "y": Y + 1}, "none that is 0"),
        ({"x": X, "y": Y * 0}, "single class"),
        ({"x": X, "y": np.eye(2)[Y]}, "shape (n,)"),
        ({"x": X, "y": np.repeat([0, 1], [15, 5])}, "none of class 1"),
        ({"x": X[:, :3], "y": Y}, "too small"),
    ],
)
def test_npz_errors(arrays: dict[str, Any], words: str, tmp_path: Path, command: Command) -> None:
    path = tmp_path / "bad.npz"
    np.savez(path, **arrays)
    before = snapshot(tmp_path)
    outcome = command("train", "--data", path, "--build-dir", tmp_path / "build")
    assert_one_line_error(outcome, words)
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("content", [b"", b"PK", b"hello", b"PK\x03\x04" + bytes(99), None])
def test_file_that_is_no_npz(content: bytes | None, tmp_path: Path, command: Command) -> None:
    path = tmp_path / "bad.npz"
    if content is None:
        np.save(path.with_suffix(".npy"), X)
        content = path.with_suffix(".npy").read_bytes()
    path.write_bytes(content)
    outcome = command("train", "--data", path, "--build-dir", tmp_path / "build")
    assert_one_line_error(outcome, "is no .npz file")


def test_truncated_npz(own_npz: Path, command: Command, tmp_path: Path) -> None:
    own_npz.write_bytes(own_npz.read_bytes()[:-300])
    outcome = command("train", "--data", own_npz, "--build-dir", tmp_path / "build")
    assert_one_line_error(outcome, "is no .npz file")


def test_damaged_npz(own_npz: Path, command: Command, tmp_path: Path) -> None:
    raw = bytearray(own_npz.read_bytes())
    raw[2000] ^= 0xFF  # in the pixels: the archive's checksum tells
    own_npz.write_bytes(raw)
    outcome = command("train", "--data", own_npz, "--build-dir", tmp_path / "build")
    assert_one_line_error(outcome, "is no .npz file")


def test_missing_file_and_empty_folder(tmp_path: Path, command: Command) -> None:
    for path, words in ((tmp_path / "none.npz", "cannot read"), (tmp_path, "has no folders")):
        outcome = command("train", "--data", path, "--build-dir", tmp_path / "build")
        assert_one_line_error(outcome, words, str(path))


def _npy(array: np.ndarray) -> bytes:
    raw = io.BytesIO()
    np.lib.format.write_array(raw, array)
    return raw.getvalue()


def _claiming(shape: str) -> bytes:
    """An .npy whose header tells of more than is there."""
    return _npy(X).replace(b"(20, 8, 8), }", f"{shape}, }}".encode().ljust(13))


MEMBERS = {
    "no .npy": ({"x.npy": b"hello", "y.npy": _npy(Y)}, "x is no array"),
    "empty": ({"x.npy": b"", "y.npy": _npy(Y)}, "x is no array"),
    "magic alone": ({"x.npy": b"\x93NUMPY", "y.npy": _npy(Y)}, "cannot be read"),
    "a version of later": ({"x.npy": b"\x93NUMPY\x09\x00ab", "y.npy": _npy(Y)}, "cannot be read"),
    "a cut header": ({"x.npy": _npy(X)[:40], "y.npy": _npy(Y)}, "cannot be read"),
    "cut pixels": ({"x.npy": _npy(X)[:-9], "y.npy": _npy(Y)}, "x is damaged"),
    "7 TiB": ({"x.npy": _claiming("(10**12,)"), "y.npy": _npy(Y)}, "cannot be read"),
    "7 TiB in figures": ({"x.npy": _claiming("(999999999,)"), "y.npy": _npy(Y)}, "x is damaged"),
    "less than nothing": ({"x.npy": _claiming("(-20, 8, 8)"), "y.npy": _npy(Y)}, "x is damaged"),
    "y is no .npy": ({"x.npy": _npy(X), "y.npy": bytes(99)}, "y is no array"),
    "names without .npy": ({"x": _npy(X), "y": _npy(Y)}, "x is no array: save it"),
    "control characters": ({"a\x1b[2J": b""}, "found a\\x1b[2J"),
}


@pytest.mark.parametrize("kind", MEMBERS)
def test_members_that_are_no_arrays(kind: str, tmp_path: Path, command: Command) -> None:
    members, words = MEMBERS[kind]
    path = tmp_path / "bad.npz"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    outcome = command("train", "--data", path, "--build-dir", tmp_path / "build")
    assert_one_line_error(outcome, words)
    assert not (tmp_path / "build").exists()


@pytest.mark.parametrize("flag", [1, 0x41])
def test_encrypted_npz(flag: int, tmp_path: Path, command: Command) -> None:
    path = tmp_path / "bad.npz"
    np.savez(path, x=X, y=Y)
    raw = bytearray(path.read_bytes())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = raw.find(mark)
        while place >= 0:
            raw[place + at] |= flag
            place = raw.find(mark, place + 4)
    path.write_bytes(raw)
    assert_one_line_error(command("train", "--data", path), "x is encrypted")


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_damage_is_one_line(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    raw = io.BytesIO()
    np.savez_compressed(raw, x=X, y=Y)
    changed = bytearray(raw.getvalue())
    for _ in range(data.draw(st.integers(1, 5))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("damage") / "bad.npz"
    path.write_bytes(changed[: data.draw(st.integers(0, len(changed)))])
    with suppress(UserError), warnings.catch_warnings(action="ignore"):
        assert np.isfinite(load_npz(path).x).all()


@pytest.mark.parametrize("largest", [1e39, 1e300, np.longdouble("1e4000"), 1e-50])
def test_values_beyond_float32(largest: float) -> None:
    x = X.astype(np.longdouble) * 0
    x[3] = largest
    with pytest.raises(UserError, match="float32 does not hold"):
        make_dataset("far", x, Y)


def test_values_are_what_float64_gives_however_they_are_cut(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    values = np.random.default_rng(1)
    for x in (values.random((30, 5, 6)), values.integers(0, 70000, (30, 5, 6, 3))):
        wanted = (x.astype(np.float64) / float(x.max())).astype(np.float32)
        for at_once in (1, 1000, 1 << 20):
            monkeypatch.setattr(dataset_module, "_AT_ONCE", at_once)
            found = make_dataset("x", x, np.arange(30) % 2).x
            assert np.array_equal(found.reshape(x.shape), wanted)
            assert found.flags.c_contiguous


def test_labels_beyond_all_bounds() -> None:
    for far in (np.uint64(2**64 - 1), 1e300, 2**40):
        labels = np.array([0, 1] * 9 + [0, far])
        with pytest.raises(UserError, match="more than there are images"):
            make_dataset("far", X, labels)


def test_what_never_ends_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.npz")
    (tmp_path / "huge.npz").touch()
    os.truncate(tmp_path / "huge.npz", 7 << 40)
    for path in (tmp_path / "pipe.npz", Path("/dev/zero"), tmp_path / "huge.npz"):
        with pytest.raises(UserError, match="cannot read"):
            load_npz(path)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_each_part_gets_its_share_of_each_class(data: st.DataObject) -> None:
    counts = data.draw(st.lists(st.integers(10, 40), min_size=2, max_size=5))
    y = np.array(data.draw(st.permutations(np.repeat(range(len(counts)), counts).tolist())))
    x = np.arange(1, len(y) + 1, dtype=float)[:, None]
    made = make_dataset("x", x, y, reading=Reading(split="random", rank=1))
    again = np.rint(made.x[:, 0] * made.maximum).astype(int) - 1
    assert sorted(again) == list(range(len(y)))  # each once, with its label
    assert np.array_equal(made.y, y[again])
    for name, share in (("train", 0.6), ("test", 0.2), ("validation", 0.2)):
        got = np.bincount(made.part(name).y, minlength=len(counts))
        assert (np.abs(got - share * np.array(counts)) < 2.5).all()


VALUES = st.floats(-1e6, 1e6, width=32)


@settings(max_examples=60, deadline=None)
@given(values=st.lists(VALUES, min_size=20, max_size=20), divisor=st.floats(0.01, 1e4))
def test_scales(values: list[float], divisor: float) -> None:
    x = np.array([1.0, *values[1:]])[:, None]
    largest = float(np.abs(x).max())
    for scale, wanted in (("", largest), ("none", 1.0), (repr(divisor), divisor)):
        made = make_dataset("x", x, Y, reading=Reading(scale=scale, rank=1))
        assert made.maximum == wanted
        assert np.array_equal(made.x, (x / wanted).astype(np.float32))


def test_int8_reaches_its_least_value() -> None:
    x = np.arange(-128, -108, dtype=np.int8)[:, None]
    made = make_dataset("x", x, Y, reading=Reading(rank=1))
    assert (made.maximum, made.x.min()) == (128, -1)


@pytest.mark.parametrize("scale", ["0", "-1", "nan", "inf", "1e99", "half", "1e-40"])
def test_scales_that_are_none(scale: str) -> None:
    with pytest.raises(UserError, match="--scale must be none or a number above 0"):
        Reading().but(scale=scale)


def test_names_are_part_of_the_data(tmp_path: Path) -> None:
    plain = make_dataset("x", X, Y)
    named = make_dataset("x", X, Y, labels=["cat", "dog"])
    assert named.fingerprint != plain.fingerprint
    np.savez(tmp_path / "x.npz", x=X, y=Y, labels=["cat", "dog"])
    loaded = load_npz(tmp_path / "x.npz")
    assert (loaded.labels, loaded.fingerprint) == (("cat", "dog"), named.fingerprint)


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_a_channel_is_added_where_it_lacks(rank: int) -> None:
    how = Reading(rank=rank)
    x = np.ones((20, 4, 4, 4, 4))[(..., *[0] * (4 - rank))]
    assert make_dataset("x", x, Y, reading=how).image_shape == (4,) * rank
    if rank > 1:
        assert make_dataset("x", x[..., 0], Y, reading=how).image_shape == (*(4,) * (rank - 1), 1)


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--size", "28", "--size must be like 28x28, not 28"),
        ("--size", "28x0", "--size must be"),
        ("--size", "5000x1", "larger than 4095"),
        ("--size", "8x8", "for a folder of pictures, and not for the digits"),
        ("--shape", "8x8", "for a CSV file, and not for the digits"),
        ("--split", "even", "--split must be random or sequential"),
        ("--task", "guess", "--task must be classes or regression"),
    ],
)
def test_options_that_do_not_fit(option: str, value: str, words: str, command: Command) -> None:
    assert_one_line_error(command("train", option, value), words)
