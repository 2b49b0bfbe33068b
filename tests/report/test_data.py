"""The report's part about the data: a sheet of any kind of them, and how many there are."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from tinycnn.pipeline.dataset import Dataset, make_dataset
from tinycnn.pipeline.reading import Reading
from tinycnn.report import data as about
from tinycnn.report.html import prepared
from tinycnn.report.pictures import confusion

LABELS = np.tile([0, 0, 0, 1], 10)


def made(rank: int, channels: int, **options: str) -> Dataset:
    shape = (40, 6, 6, channels)[: rank + 1] if rank != 2 else (40, 6, channels)
    x = np.random.default_rng(1).normal(size=shape)
    how = Reading(rank=rank, split="random").but(**options)
    names = [] if how.regression else ["<b>cat</b>", "d" * 30]
    return make_dataset("x", np.abs(x) if rank == 3 else x, LABELS, labels=names, reading=how)


@pytest.mark.parametrize(("rank", "channels"), [(1, 1), (2, 1), (2, 3), (3, 1), (3, 3)])
def test_a_sheet_of_anything(rank: int, channels: int) -> None:
    """Both rows have something drawn in them, and ten across where there are ten."""
    image = Image.open(io.BytesIO(about.sheet(made(rank, channels)))).convert("L")
    pixels = np.asarray(image)
    height, width = pixels.shape
    drawn = pixels[:, width // 4 :] < 250  # names are at the left
    upper, lower = drawn[: height // 2], drawn[height // 2 :]
    assert upper[:, -width // 12 :].any()
    assert lower.any()
    assert not lower[:, -width // 12 :].any()  # six examples of the second class train


def test_a_sheet_of_a_regression_has_one_row() -> None:
    both = (made(2, 1, task=task) for task in ("classes", "regression"))
    heights = [Image.open(io.BytesIO(about.sheet(each))).height for each in both]
    assert heights[1] < heights[0]


def test_photos_are_bright_where_they_are(digits: Dataset) -> None:
    ink, light = (about.sheet(replace(digits, photos=photos)) for photos in (False, True))
    means = [np.asarray(Image.open(io.BytesIO(png)).convert("L")).mean() for png in (ink, light)]
    assert means[0] > 160 > means[1] + 20


def test_counts_of_classes_and_a_word_if_they_differ() -> None:
    figures = {"sheet": about.sheet(made(2, 1))}
    page = "".join(about.section(made(2, 1), figures))
    assert "&lt;b&gt;cat&lt;/b&gt;" in page
    assert "<b>" not in page
    row = page[page.index("<tbody>") :].split("</tr>")[0]
    assert [cell.split("<")[0] for cell in row.split('class="n">')[1:]] == ["18", "6", "6", "30"]
    assert "not balanced" in page
    even = make_dataset("x", np.ones((20, 6, 6)), np.arange(20) % 2)
    assert "not balanced" not in "".join(about.section(even, figures))


def test_how_it_was_prepared() -> None:
    assert prepared(made(2, 1, scale="none")).startswith("with values as they are. Split at rand")
    assert prepared(made(2, 1, scale="4")).startswith("divided by 4. Split at random, each class")
    assert "largest absolute value" in prepared(made(2, 1))
    assert prepared(made(2, 1, split="sequential")).endswith("Split in order")


def test_confusion_has_names() -> None:
    counts = ((3, 1), (0, 4))
    assert confusion(counts, ["cat", "d" * 40]) != confusion(counts)
