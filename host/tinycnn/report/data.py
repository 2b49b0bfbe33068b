"""The part of the report about the data: how many of each class, and what they look like."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tinycnn.pipeline.dataset import PARTS, Dataset
from tinycnn.report.html import escape, figure, table
from tinycnn.report.pictures import cut, gray_of, png

ACROSS = 10
"""Examples of a class beside each other."""

MOST_CLASSES = 20
"""Rows that there is room for."""

_GAP = 0.12  # of a cell, around what is in it


def sheet(dataset: Dataset) -> bytes:
    """A contact sheet: the first training examples of each class, a row each.

    Images as they are; windows as a line for each channel. Of a regression one row, with its
    first number under each.
    """
    part = dataset.part("train")
    rows = [("", np.arange(min(ACROSS, len(part.y))))]
    if not dataset.regression:
        rows = [
            (dataset.class_name(label), np.flatnonzero(part.y == label)[:ACROSS])
            for label in range(min(dataset.classes, MOST_CLASSES))
        ]
    tall = 1.0
    if dataset.x.ndim == 4:
        height, width, _ = dataset.image_shape
        tall = min(max(height / width, 0.3), 3.0)
    size = (7.6, 0.66 * tall * len(rows) + 0.3)
    drawn = Figure(figsize=size, layout="constrained")
    axes = drawn.add_subplot()
    low, high = float(part.x.min()), float(part.x.max())
    for row, (_, members) in enumerate(rows):
        for column, at in enumerate(members):
            place = (column + _GAP / 2, column + 1 - _GAP / 2)
            level = (row + 1 - _GAP / 2, row + _GAP / 2)  # rows go down
            _cell(axes, part.x[at], place, level, (low, high), gray_of(part))
            if dataset.regression:
                axes.text(column + 0.5, row + 1.02, f"{part.y[at][0]:.3g}", ha="center", va="top")
    axes.set(xlim=(0, ACROSS), ylim=(len(rows), 0), xticks=[])
    names = [cut(name) for name, _ in rows]
    axes.set_yticks(np.arange(len(rows)) + 0.5, names, fontsize=9)
    axes.tick_params(length=0)
    axes.set_aspect(tall)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return png(drawn)


def _cell(
    axes: Axes,
    example: npt.NDArray[np.float32],
    place: tuple[float, float],
    level: tuple[float, float],
    values: tuple[float, float],
    gray: str,
) -> None:
    """One example from left to right in `place`, bottom to top in `level`; `values` are all's."""
    low, high = values
    if example.ndim == 3:
        shown = (example - low) / max(high - low, 1e-30)
        colour = example.shape[2] == 3
        axes.imshow(
            shown if colour else shown.mean(axis=2),
            cmap=None if colour else gray,
            vmin=0,
            vmax=1,
            interpolation="nearest",
            extent=(*place, *level),
            aspect="auto",
        )
        return
    steps = np.linspace(*place, len(example)) if len(example) > 1 else np.array(place)
    for number, channel in enumerate(example.reshape(len(example), -1).T):
        heights = level[0] + (channel - low) / max(high - low, 1e-30) * (level[1] - level[0])
        axes.plot(
            steps, np.broadcast_to(heights, steps.shape), color=f"C{number % 10}", linewidth=0.7
        )


def section(dataset: Dataset, figures: dict[str, bytes]) -> list[str]:
    """The contact sheet; and of classes a table of how many there are in each part."""
    many = dataset.classes > MOST_CLASSES and not dataset.regression
    what = f"the first {MOST_CLASSES} classes" if many else "each class"
    caption = "The first training examples" + (
        ", with what is right." if dataset.regression else f" of {what}."
    )
    lines = [figure(figures, "sheet", caption)]
    if dataset.regression:
        return lines
    counts = [np.bincount(dataset.part(name).y, minlength=dataset.classes) for name in PARTS]
    totals = np.bincount(dataset.y)
    rows = [
        [dataset.class_name(label), *(str(column[label]) for column in (*counts, totals))]
        for label in range(dataset.classes)
    ]
    lines.append(table(["class", *PARTS, "all"], rows))
    if totals.max() > 2 * totals.min():
        least = dataset.class_name(int(totals.argmin()))
        lines.append(
            f"<p class=soft>The classes are not balanced: {escape(least)} has {totals.min():,} "
            f"examples, the largest {totals.max():,}. An accuracy is mostly of the large ones: "
            "look at the confusion matrix.</p>"
        )
    return lines
