"""The figures, each a function from results to the bytes of a PNG at 300 dpi.

Figures are made without pyplot, so nothing is kept between them.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from typing import Any

import matplotlib

matplotlib.use("Agg")  # no window system is needed, or asked for

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from sklearn.metrics import ConfusionMatrixDisplay

from tinycnn.pipeline.dataset import Part
from tinycnn.pipeline.evaluate import ARTICLE_ACCURACY, ARTICLE_VALIDATION, Evaluation
from tinycnn.pipeline.score import Score
from tinycnn.pipeline.summary import Layer
from tinycnn.pipeline.train import History

matplotlib.rcdefaults()  # whatever matplotlibrc there is on this machine
matplotlib.rcParams["text.parse_math"] = False  # a name with $ in it is no formula

DPI = 300
BLUE, ORANGE, RED, GREY = "#1f5fa8", "#d97706", "#c0262d", "#6b7280"
MAX_ANNOTATED = 20
"""Classes beyond which a heat map has no room for its counts."""


def predictions(part: Part, predicted: Sequence[int], side: int = 4) -> bytes:
    """The first side x side images with true and predicted label, wrong ones marked."""
    chosen = range(min(side * side, len(part.y)))
    return _grid(part, predicted, list(chosen), side)


def mistakes(part: Part, predicted: Sequence[int], wrong: list[int], most: int = 24) -> bytes:
    """The images that `predicted` has wrong, as many as there is room for."""
    return _grid(part, predicted, wrong[:most], 4)


def _grid(part: Part, predicted: Sequence[int], chosen: list[int], columns: int) -> bytes:
    rows = -(-len(chosen) // columns)
    figure = Figure(figsize=(6, 1.65 * rows + 0.1), layout="constrained")
    for place, at in enumerate(chosen):
        axes = figure.add_subplot(rows, columns, place + 1)
        _image(axes, part.x[at], gray_of(part))
        right = predicted[at] == part.y[at]
        mark = "" if right else "  ✗"
        axes.set_title(
            _told(part, part.y[at], predicted[at]) + mark,
            fontsize=9,
            color="black" if right else RED,
            fontweight="normal" if right else "bold",
        )
        if not right:
            for spine in axes.spines.values():
                spine.set(color=RED, linewidth=3)
    return png(figure)


def _told(part: Part, true: int, said: int) -> str:
    """What is right and what was said; on two lines if the names are long."""
    right, given = (cut(part.class_name(label)) for label in (true, said))
    return f"true {right},{' ' if len(right + given) < 12 else chr(10)}said {given}"


def cut(name: str, most: int = 16) -> str:
    """The name of a class, as long as there is room for."""
    return name if len(name) <= most else name[: most - 1] + "…"


def curves(history: History) -> bytes:
    """Loss, and accuracy or error, after each epoch, on the training and validation parts."""
    figure = Figure(figsize=(8, 3.2), layout="constrained")
    epochs = range(1, len(history.loss) + 1)
    judged = ("accuracy", history.accuracy, history.val_accuracy)
    if history.error:
        judged = ("mean absolute error", history.error, history.val_error)
    for place, (what, train, validation) in enumerate(
        (("loss", history.loss, history.val_loss), judged)
    ):
        axes = figure.add_subplot(1, 2, place + 1)
        # A single epoch is a point, which a line alone would not show.
        marker = "o" if len(epochs) < 3 else ""
        axes.plot(epochs, train, color=BLUE, marker=marker, label="training")
        axes.plot(epochs, validation, "--", color=ORANGE, marker=marker, label="validation")
        axes.set(xlabel="epoch", ylabel=what)
        axes.grid(alpha=0.3)
        axes.legend()
        if what == "accuracy":
            percent(axes.yaxis)
    return png(figure)


def confusion(counts: tuple[tuple[int, ...], ...], labels: Sequence[str] = ()) -> bytes:
    """A heat map: row true class, column predicted class, counts on the test part.

    labels   the classes' names; their numbers without them
    """
    classes = len(counts)
    side = min(4.5 + 0.12 * classes, 9)
    figure = Figure(figsize=(side + 0.6, side), layout="constrained")
    axes = figure.add_subplot()
    names = [cut(name) for name in labels] or None
    shown = ConfusionMatrixDisplay(np.array(counts), display_labels=names).plot(
        ax=axes,
        cmap="Blues",
        colorbar=False,
        include_values=classes <= MAX_ANNOTATED,
        values_format="d",
        xticks_rotation="vertical" if names else "horizontal",
        text_kw={"fontsize": 9},
    )
    figure.colorbar(shown.im_, ax=axes, label="images", shrink=0.8)
    axes.set(xlabel="predicted", ylabel="true")
    return png(figure)


def accuracies(evaluation: Evaluation) -> bytes:
    """Accuracy on each part and in cross-validation, with 95 % Wilson intervals."""
    judged = evaluation.results[-1]
    rows: list[tuple[str, Score, str]] = [
        (f"{name}, {judged.model} in {judged.runtime}", score, BLUE)
        for name, score in judged.parts.items()
    ]
    crossed = evaluation.cross_validation
    if crossed is not None:
        rows += [
            (f"cross-validation, block {at + 1}", score, GREY)
            for at, score in enumerate(crossed.folds)
        ]
        rows.append(("cross-validation, all blocks", crossed.pooled, BLUE))
    if evaluation.of_digits:
        article = Score(round(359 * ARTICLE_ACCURACY["model_int8"]), 359)
        rows.append(("the article, test", article, ORANGE))
        rows.append(("the article's models, validation", ARTICLE_VALIDATION, ORANGE))
    figure = Figure(figsize=(8, 0.36 * len(rows) + 0.9), layout="constrained")
    axes = figure.add_subplot()
    for at, (_, score, colour) in enumerate(rows):
        low, high = score.interval
        axes.plot([low, high], [at, at], color=colour, linewidth=2)
        axes.plot(score.accuracy, at, "o", color=colour)
        axes.annotate(
            f"{score.accuracy:.1%}", (high, at), (6, 0), textcoords="offset points",
            va="center", fontsize=9,
        )  # fmt: skip
    axes.set_yticks(range(len(rows)), [name for name, _, _ in rows])
    axes.invert_yaxis()
    ends = [end for _, score, _ in rows for end in score.interval]
    room = (max(ends) - min(ends)) * 0.06
    axes.set_xlim(min(ends) - room, max(ends) + 2.5 * room)  # a figure stands at the right
    axes.grid(axis="x", alpha=0.3)
    axes.set_xlabel("accuracy, 95 % Wilson interval")
    percent(axes.xaxis)
    return png(figure)


PER_ROW = 5
"""Layers side by side in the picture of a network."""


def network(layers: Sequence[Layer]) -> bytes:
    """The layers from left to right: maps as stacked squares, vectors as columns."""
    columns = min(len(layers), PER_ROW)
    rows = -(-len(layers) // PER_ROW)
    figure = Figure(figsize=(1.9 * columns, 2.9 * rows), layout="constrained")
    axes = figure.add_subplot()
    axes.set(xlim=(-0.95, 1.9 * columns - 0.95), ylim=(-2.9 * rows + 1.45, 1.45), aspect="equal")
    axes.axis("off")
    largest = max((max(layer.shape[0], 1) for layer in layers if len(layer.shape) == 3), default=1)
    for at, layer in enumerate(layers):
        x, y = 1.9 * (at % PER_ROW), -2.9 * (at // PER_ROW)
        _maps(axes, x, y, layer, largest)
        axes.text(x, y + 1.33, layer.kind, ha="center", va="top", fontsize=11, weight="bold")
        axes.text(x, y + 1.05, layer.detail, ha="center", va="top", fontsize=9, color=GREY)
        below = "x".join(str(size) for size in layer.shape)
        if layer.parameters:
            below += f"\n{layer.parameters:,} parameters"
        axes.text(x, y - 0.78, below, ha="center", va="top", fontsize=9)
        if at % PER_ROW != PER_ROW - 1 and at + 1 < len(layers):
            axes.annotate(
                "", (x + 1.17, y), (x + 0.73, y),
                arrowprops={"arrowstyle": "-|>", "color": GREY, "linewidth": 1.5},
            )  # fmt: skip
    return png(figure)


def _maps(axes: Axes, x: float, y: float, layer: Layer, largest: int) -> None:
    """What one layer gives, drawn around (x, y) within about 1.2 x 1.2."""
    if len(layer.shape) != 3:
        cells = min(int(np.prod(layer.shape)), 12)  # of a shape that is not known: one
        size = 1.3 / 12
        for cell in range(cells):
            bottom = y + (cell - cells / 2) * size
            axes.add_patch(Rectangle((x - size / 2, bottom), size, size, **_box(0.25)))
        return
    height, width, channels = layer.shape
    stack = min(channels, 8)
    step = 0.05
    tall = max(0.95 * height / largest, 0.1)
    wide = min(max(0.95 * width / largest, 0.1), 1.0)
    spread = step * (stack - 1)
    for place in range(stack):  # the front map last
        shift = spread / 2 - place * step
        axes.add_patch(
            Rectangle((x - wide / 2 + shift, y - tall / 2 + shift), wide, tall, **_box(0.9))
        )


def _box(strength: float) -> dict[str, Any]:
    face = "#dbe8f7" if strength > 0.5 else "#f7e3c7"
    edge = BLUE if strength > 0.5 else ORANGE
    return {"facecolor": face, "edgecolor": edge, "linewidth": 1}


def gray_of(part: Part) -> str:
    """The colours that its gray images are drawn in: of ink, or of light."""
    return "gray" if part.photos else "gray_r"


def _image(axes: Axes, image: npt.NDArray[np.float32], gray: str) -> None:
    """One image (h, w, c) in [0, 1]: colour with three channels, else their mean."""
    if image.shape[2] == 3:
        axes.imshow(image, interpolation="nearest")
    else:
        axes.imshow(image.mean(axis=2), cmap=gray, vmin=0, vmax=1, interpolation="nearest")
    axes.set(xticks=[], yticks=[])


def percent(axis: Any) -> None:
    """Label an axis of accuracies in percent."""
    # An axis may go on beyond 100 %; an accuracy does not.
    axis.set_major_formatter(lambda value, _: f"{value:.0%}" if value < 1.001 else "")


def png(figure: Figure) -> bytes:
    """`figure` as a PNG at 300 dpi."""
    out = io.BytesIO()
    # Names of classes may have letters that the font lacks: they are boxes then.
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph \d+")
        # Without the version of matplotlib in it, the same picture is the same bytes.
        figure.savefig(out, format="png", dpi=DPI, metadata={"Software": None})
    return out.getvalue()
