"""Windows in a CSV file: what is read, and which line is wrong."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinycnn.errors import UserError
from tinycnn.pipeline import table as tables
from tinycnn.pipeline.dataset import load
from tinycnn.pipeline.reading import Reading
from tinycnn.pipeline.table import Table, read_table

WINDOWS = Reading(rank=1)


def read(text: str | bytes, tmp_path: Path, how: Reading = WINDOWS) -> Table:
    path = tmp_path / "some.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_table(path, how)


NUMBERS = st.floats(width=32, allow_nan=False, allow_infinity=False)
NAMES = st.text(
    st.characters(categories=("L", "N", "P"), include_characters=" "), min_size=1, max_size=9
)


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_what_is_written_is_read(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Any numbers, any names, the label anywhere, a header or none."""
    width = data.draw(st.integers(1, 5))
    rows = data.draw(st.lists(st.lists(NUMBERS, min_size=width, max_size=width), min_size=1))
    chosen = NAMES.map(str.strip).filter(lambda name: name[:1].isalpha() and name != "label")
    words = data.draw(st.lists(chosen, min_size=len(rows), max_size=len(rows)))
    at = data.draw(st.integers(0, width))
    delimiter = data.draw(st.sampled_from(",;\t"))
    text = io.StringIO()
    out = csv.writer(text, delimiter=delimiter)
    out.writerow([*(f"v{i}" for i in range(at)), "label", *(f"v{i}" for i in range(at, width))])
    for row, word in zip(rows, words, strict=True):
        out.writerow([*map(repr, row[:at]), word, *map(repr, row[at:])])
    found = read(text.getvalue(), tmp_path_factory.mktemp("csv"))
    assert np.array_equal(found.x, np.array(rows, np.float32))
    names = [found.labels[label] for label in found.y]
    assert names == [tables._name(word) for word in words]
    assert sorted(set(names)) == sorted(found.labels)


@settings(max_examples=150, deadline=None)
@given(text=st.text(st.sampled_from('01.5,;\n\r"ab \te-_'), max_size=60))
def test_any_text_is_a_table_or_one_line(
    text: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    try:
        found = read(text, tmp_path_factory.mktemp("csv"))
    except UserError as error:
        assert len(str(error).splitlines()) == 1
        return
    assert np.isfinite(found.x).all()
    assert len(found.x) == len(found.y)


@pytest.mark.parametrize(
    ("text", "how", "x", "labels"),
    [
        ("1,2,walk\n3,4,run\n", WINDOWS, [[1, 2], [3, 4]], ["walk", "run"]),
        ("a,b,what\n1,2,walk\n", WINDOWS, [[1, 2]], ["walk"]),
        ("0,1,activity\n7,8,walk\n", WINDOWS, [[7, 8]], ["walk"]),  # as pandas counts columns
        ("label,a\nwalk,1\n", WINDOWS, [[1]], ["walk"]),
        ("kind,a\n5.0,1\n", Reading(rank=1, label="kind"), [[1]], ["5"]),
        ("walk,1,2\n", Reading(rank=1, label="1"), [[1, 2]], ["walk"]),
        ("\ufeff1;2;walk\r\n\r\n", WINDOWS, [[1, 2]], ["walk"]),
    ],
)
def test_header_and_label(
    text: str, how: Reading, x: list[list[float]], labels: list[str], tmp_path: Path
) -> None:
    found = read(text, tmp_path, how)
    assert found.x.tolist() == x
    assert [found.labels[label] for label in found.y] == labels


def test_names_count_as_people_do(tmp_path: Path) -> None:
    found = read("0,10\n0,9\n0,2.0\n", tmp_path)
    assert (found.labels, found.y.tolist()) == (("2", "9", "10"), [2, 1, 0])


def test_shape_is_steps_by_channels(tmp_path: Path) -> None:
    how = Reading(shape=(2, 3), rank=2)
    assert read("1,2,3,4,5,6,a\n", tmp_path, how).x.tolist() == [[[1, 2, 3], [4, 5, 6]]]


def test_numbers_to_give(tmp_path: Path) -> None:
    found = read("x,y\n1,2.5\n3,-4\n", tmp_path, Reading(task="regression", rank=1))
    assert (found.x.tolist(), found.y.tolist(), found.labels) == ([[1], [3]], [2.5, -4], ())


@pytest.mark.parametrize(
    ("text", "how", "words"),
    [
        ("1,2,a\n1,x,a\n", WINDOWS, "line 2: 'x' in column 2 is no number"),
        ("1,2,a\n\n1,,a\n", WINDOWS, "line 3: '' in column 2 is no number"),
        ("1,2,a\n1,nan,a\n", WINDOWS, "line 2: 'nan' in column 2 is no number"),
        ("1,2,a\n1,1_0,a\n", WINDOWS, "line 2: '1_0' in column 2 is no number"),
        ("1,2,a\n1,1e39,a\n", WINDOWS, "'1e39' in column 2 is beyond float32"),
        ("1,2,a\n1,a\n", WINDOWS, "line 2: 2 cells, the first row has 3"),
        ("1,2,a\n1,2,\n", WINDOWS, "line 2: no label in column 3"),
        ("", WINDOWS, "a value and a label at least"),
        ("hello\n", WINDOWS, "a value and a label at least"),
        (b"1,2,\xff\xfe\n", WINDOWS, "not in UTF-8"),
        ("1,2,a\n1,2\x00,a\n", WINDOWS, "line 2: '2\\x00' in column 2 is no number"),
        (",a,label\n0,1,b\n", WINDOWS, "column 1 has no name; if it counts the rows"),
        ("label,label\n1,b\n", WINDOWS, "more than one column called label"),
        ("a,b\n1,2\n", Reading(rank=1, label="c"), "has no column c: the first row is a, b"),
        ("a,b\n1,2\n", Reading(rank=1, label="3"), "has no column 3"),
        (
            "1,2,3,a\n",
            Reading(rank=2, shape=(2, 2)),
            "3 values in a row, and 2x2 is 4: look at --shape",
        ),
        (
            "1,2,3,a\n",
            Reading(),
            "the network takes images: `tinycnn train --model",
        ),
        ("1," * 192 + "a\n", Reading(), "say --shape 12x16, as rows and columns; `tinycnn train"),
        ("a,label\n", Reading(), "has no rows below its header"),
        ("x,Label,z\n1,2,b\n", Reading(rank=1, task="regression"), "line 2: 'b' in column 3"),
        ("x,y\n1,b\n", Reading(rank=1, task="regression"), "line 2: 'b' in column 2"),
        ("1,0.25\n2,3\n", WINDOWS, "labels are numbers like 0.25: if the model is to give them"),
        ('1,2,"a\nb"\n', WINDOWS, "characters that cannot be shown"),
    ],
)
def test_csv_errors(text: str | bytes, how: Reading, words: str, tmp_path: Path) -> None:
    with pytest.raises(UserError) as error:
        read(text, tmp_path, how)
    assert words in str(error.value)
    assert str(tmp_path / "some.csv") in str(error.value)


def test_a_line_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "_LINE", 100)
    with pytest.raises(UserError, match="a line without an end"):
        read("1,2,a\n" + "1" * 200, tmp_path)


def test_more_than_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "machine_memory", lambda: 9 * 50)
    with pytest.raises(UserError, match="more values than this machine's memory"):
        read("1,2,a\n" * 6000, tmp_path)


def test_rows_are_split_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "some.csv"
    path.write_text("".join(f"{at},{-at},{'ab'[at % 2]}\n" for at in range(20)))
    data = load(path, WINDOWS)
    assert (data.maximum, data.labels, data.classes) == (19, ("a", "b"), 2)
    assert np.allclose(data.x[:, 0] * 19, np.arange(20))
    mixed = load(path, WINDOWS.but(split="random"))
    assert sorted(mixed.x[:, 0].tolist()) == sorted(data.x[:, 0].tolist())
    assert mixed.fingerprint != data.fingerprint
