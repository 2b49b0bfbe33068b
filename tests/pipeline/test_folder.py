"""A folder of pictures for each class, and what can be wrong with one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from tinycnn.cli.data import load_data, load_origin, origin_of
from tinycnn.errors import UserError
from tinycnn.pipeline import folder as folders
from tinycnn.pipeline.dataset import load
from tinycnn.pipeline.folder import read_folder
from tinycnn.pipeline.images import fit_image
from tinycnn.pipeline.reading import Origin, Reading

RANDOM = np.random.default_rng(5)
COLOUR = RANDOM.integers(0, 256, (9, 12, 3)).astype(np.uint8)
GRAY = COLOUR[..., 0]


def pictures(path: Path, classes: dict[str, int], pixels: np.ndarray = COLOUR) -> Path:
    """So many PNGs, each another, in a folder for each class."""
    for name, count in classes.items():
        (path / name).mkdir(parents=True)
        for at in range(count):
            Image.fromarray(np.roll(pixels, at, axis=1)).save(path / name / f"{at}.png")
    return path


def test_classes_and_files_are_in_natural_order(tmp_path: Path) -> None:
    found = read_folder(pictures(tmp_path, {"10": 1, "9": 12, "b": 1, "A": 1}), Reading())
    assert found.labels == ("9", "10", "A", "b")
    assert found.y.tolist() == [0] * 12 + [1, 2, 3]
    assert np.array_equal(found.x[11], np.roll(COLOUR, 11, axis=1))  # 10.png before 11.png
    assert found.notes == ()


def test_pictures_are_made_as_a_board_makes_a_frame(tmp_path: Path) -> None:
    pictures(tmp_path, {"a": 1, "b": 1})
    for size, gray in (((4, 3), True), ((5, 5), False), (None, True)):
        width, height = size or (12, 9)
        x = read_folder(tmp_path, Reading(size=size, gray=gray)).x
        assert np.array_equal(x[0], fit_image(COLOUR, height, width, 1 if gray else 3))


def test_gray_pictures_are_gray_unless_one_is_not(tmp_path: Path) -> None:
    pictures(tmp_path, {"a": 1, "b": 1}, GRAY)
    assert np.array_equal(read_folder(tmp_path, Reading()).x[0, ..., 0], GRAY)
    Image.fromarray(COLOUR).save(tmp_path / "b" / "colour.png")
    assert read_folder(tmp_path, Reading()).x.shape == (3, 9, 12, 3)


def test_a_picture_lies_as_its_camera_says(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned: rows are columns
    pictures(tmp_path, {"a": 1, "b": 1}, np.rot90(COLOUR, -1))
    Image.fromarray(COLOUR).save(tmp_path / "a" / "1.png", exif=exif)
    found = read_folder(tmp_path, Reading())
    assert found.x.shape == (3, 12, 9, 3)
    assert np.array_equal(found.x[1], found.x[0])


def test_what_is_no_picture_is_told(tmp_path: Path) -> None:
    pictures(tmp_path, {"a": 1, "b": 1})
    for name in (".DS_Store", "a/.hidden.png", "a/notes.txt", "b/Thumbs.db"):
        (tmp_path / name).write_bytes(b"x")
    found = read_folder(tmp_path, Reading())
    assert len(found.x) == 2
    assert len(found.notes) == 1
    assert "left out 2 files that are no PNG or JPEG" in found.notes[0]
    assert "notes.txt" in found.notes[0]


def _save(mode: str, name: str = "bad.png") -> Callable[[Path], None]:
    return lambda path: Image.fromarray(COLOUR).convert(mode).save(path / "a" / name)


def _transparent(path: Path) -> None:
    image = Image.fromarray(COLOUR).convert("RGBA")
    image.putpixel((3, 3), (1, 2, 3, 254))
    image.save(path / "a" / "bad.png")


def _bomb(path: Path) -> None:
    """A file of some bytes that says it has 40,000 x 40,000 pixels."""
    Image.fromarray(GRAY).save(path / "a" / "bad.png")
    raw = bytearray((path / "a" / "bad.png").read_bytes())
    import zlib

    raw[16:24] = (40_000).to_bytes(4, "big") * 2
    raw[29:33] = zlib.crc32(raw[12:29]).to_bytes(4, "big")
    (path / "a" / "bad.png").write_bytes(raw)


def _cut(path: Path) -> None:
    Image.fromarray(COLOUR).save(path / "a" / "bad.jpg")
    raw = (path / "a" / "bad.jpg").read_bytes()
    (path / "a" / "bad.jpg").write_bytes(raw[: len(raw) // 2])


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "no picture": (lambda p: (p / "a" / "bad.png").write_text("hello"), "bad.png cannot be read"),
    "empty": (lambda p: (p / "a" / "bad.png").touch(), "bad.png cannot be read"),
    "cut": (_cut, "bad.jpg cannot be read as a picture"),
    "another kind inside": (_save("RGB", "bad.gif"), ""),
    "a folder": (lambda p: (p / "a" / "bad.png").mkdir(), "bad.png: Is a directory"),
    "larger than all": (_bomb, "bad.png"),
    "16 bits": (_save("I;16"), "more than 8 bits"),
    "transparent": (_transparent, "is transparent in places"),
    "no picture of a class": (lambda p: (p / "c").mkdir(), "has no pictures"),
    "a name of two lines": (lambda p: (p / "a").rename(p / "a\nb"), "characters that cannot"),
    "a long name": (lambda p: (p / "a").rename(p / ("a" * 99)), "too long"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_picture_that_is_none_is_named(kind: str, tmp_path: Path) -> None:
    pictures(tmp_path, {"a": 1, "b": 1})
    make, words = BROKEN[kind]
    if kind == "16 bits":
        Image.fromarray(GRAY.astype(np.uint16) * 257).save(tmp_path / "a" / "bad.png")
    else:
        make(tmp_path)
    if not words:
        assert read_folder(tmp_path, Reading()).notes
        return
    with pytest.raises(UserError) as error:
        read_folder(tmp_path, Reading())
    assert words in str(error.value)
    assert len(str(error.value).splitlines()) == 1


def test_modes_that_are_plain_colours(tmp_path: Path) -> None:
    pictures(tmp_path, {"a": 1, "b": 1})
    for mode in ("P", "RGBA", "CMYK", "1", "LA"):
        name = "x.jpg" if mode == "CMYK" else f"{mode}.png"
        _save(mode, name)(tmp_path)
    assert read_folder(tmp_path, Reading()).x.shape == (7, 9, 12, 3)


def test_several_sizes_need_one(tmp_path: Path) -> None:
    pictures(tmp_path, {"a": 1, "b": 1})
    Image.fromarray(COLOUR[:8]).save(tmp_path / "b" / "other.png")
    with pytest.raises(UserError, match=r"b/other.png 12x8: say --size 12x9, or another"):
        read_folder(tmp_path, Reading())
    assert read_folder(tmp_path, Reading(size=(4, 4))).x.shape == (3, 4, 4, 3)


def test_no_folders(tmp_path: Path) -> None:
    Image.fromarray(COLOUR).save(tmp_path / "a.png")
    with pytest.raises(UserError, match="has no folders: it needs one for each class"):
        read_folder(tmp_path, Reading())


def test_too_many_for_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "machine_memory", lambda: 1000)
    with pytest.raises(UserError, match="take a smaller --size"):
        read_folder(pictures(tmp_path, {"a": 1, "b": 1}), Reading())


def test_a_folder_is_split_at_random_or_each_class_in_order(tmp_path: Path) -> None:
    where = pictures(tmp_path / "mine", {"no": 10, "yes": 20})
    data = load(where)
    assert (data.name, data.labels, data.maximum) == ("mine", ("no", "yes"), 255)
    counts = {name: np.bincount(data.part(name).y).tolist() for name in data.bounds}
    assert counts == {"train": [6, 12], "test": [2, 4], "validation": [2, 4]}
    assert load(where).fingerprint == data.fingerprint
    ordered = load(where, Reading(split="sequential"))
    assert ordered.fingerprint != data.fingerprint
    part = ordered.part("train")
    assert np.allclose(part.x[part.y == 0][5] * ordered.maximum, np.roll(COLOUR, 5, axis=1))
    assert ordered.origin.reading.split == "sequential"


def test_the_command_line_tells_what_was_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = pictures(tmp_path / "mine", {"no": 10, "yes": 10})
    (where / "notes.txt").touch()
    data = load_data(where, Reading(size=(4, 4)), "train")
    assert data.image_shape == (4, 4, 3)
    wanted = (
        f"tinycnn: left out a file that is no PNG or JPEG in a class's folder: {where}/notes.txt"
    )
    assert capsys.readouterr().err == f"{wanted}\n"


def test_later_verbs_know_how_data_were_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = pictures(tmp_path / "mine", {"no": 10, "yes": 10})
    how = Reading(size=(4, 4), gray=True)
    trained = SimpleNamespace(origin=load(where, how).origin)
    monkeypatch.setattr("tinycnn.pipeline.train.find_trained", lambda build: trained)
    for given in (None, where):
        assert origin_of(given, {}, tmp_path) == trained.origin
    changed = origin_of(None, {"size": (5, 5)}, tmp_path).reading
    assert changed == trained.origin.reading.but(size=(5, 5))
    assert origin_of(tmp_path, {}, tmp_path) == Origin(str(tmp_path), Reading())
    assert load_origin(trained.origin, "x").fingerprint == load(where, how).fingerprint
    assert Origin.from_dict(json.loads(json.dumps(trained.origin.as_dict()))) == trained.origin
    where.rename(tmp_path / "moved")
    with pytest.raises(UserError, match=r"cannot read .*mine: No such file"):
        load_origin(trained.origin, "x")
    monkeypatch.setattr("tinycnn.pipeline.train.find_trained", lambda build: None)
    assert origin_of(None, {}, tmp_path) == Origin()
