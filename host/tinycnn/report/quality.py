"""The part of the report about recipes against each other, sureness and worse images."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, LogLocator, NullFormatter

from tinycnn.pipeline.evaluate import ARTICLE_ACCURACY, ARTICLE_BYTES
from tinycnn.pipeline.score import Score
from tinycnn.report.calibrate import BINS, KEPT_RIGHT, Calibration, Quality
from tinycnn.report.frontier import Point
from tinycnn.report.html import figure as shown
from tinycnn.report.html import table
from tinycnn.report.pictures import BLUE, GREY, ORANGE, percent, png
from tinycnn.report.robustness import Strain


def frontier_picture(points: Sequence[Point], here: tuple[int, Score] | None) -> bytes:
    """Accuracy on the test part against bytes and against instructions.

    `here` is the model of this report: its bytes and its score.
    """
    counted = [point for point in points if point.instructions is not None]
    figure = Figure(figsize=(8, 3.6), layout="constrained")
    left = figure.add_subplot(1, 2, 1)
    for point in points:
        _mark(left, point.bytes, point.test, point.recipe, BLUE)
    article = Score(round(359 * ARTICLE_ACCURACY["model_int8"]), 359)
    _mark(left, ARTICLE_BYTES["model_int8"], article, "the article", ORANGE)
    if here is not None:
        left.plot(here[0], here[1].accuracy, "x", color=GREY, markersize=9, label="this model")
        left.legend(loc="lower right")
    left.set(xlabel="bytes of the int8 model", ylabel="accuracy on test, 95 % Wilson interval")
    axes = [left]
    if counted:
        right = figure.add_subplot(1, 2, 2, sharey=left)
        for point in counted:
            _mark(right, point.instructions or 0, point.test, point.recipe, BLUE)
        right.set(xlabel="instructions of an inference (x86-64)")
        axes.append(right)
    for each in axes:
        each.set_xscale("log")
        low, high = each.get_xlim()
        each.set_xlim(low, high * 1.6)  # a name stands at the right of its point
        each.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        each.xaxis.set_major_formatter(EngFormatter(sep=""))
        each.xaxis.set_minor_formatter(NullFormatter())
        each.grid(alpha=0.3, which="both")
        percent(each.yaxis)
    return png(figure)


def _mark(axes: Axes, x: float, score: Score, name: str, colour: str) -> None:
    low, high = score.interval
    axes.plot([x, x], [low, high], "_-", color=colour, linewidth=1, alpha=0.6)
    axes.plot(x, score.accuracy, "o", color=colour)
    axes.annotate(name, (x, score.accuracy), (7, -3), textcoords="offset points", fontsize=9)


def strain_picture(strains: Sequence[Strain]) -> bytes:
    """Accuracy against each kind of change, with 95 % Wilson intervals as bands."""
    rows = -(-len(strains) // 2)
    figure = Figure(figsize=(8, 2.7 * rows), layout="constrained")
    for place, strain in enumerate(strains):
        axes = figure.add_subplot(rows, 2, place + 1)
        intervals = [score.interval for score in strain.scores]
        axes.fill_between(
            strain.amounts, [i[0] for i in intervals], [i[1] for i in intervals], alpha=0.2
        )
        axes.plot(strain.amounts, [s.accuracy for s in strain.scores], "o-", color=BLUE)
        axes.set(title=strain.name, xlabel=strain.unit, ylim=(0, 1.02))
        axes.set_xticks(strain.amounts)
        axes.grid(alpha=0.3)
        percent(axes.yaxis)
    return png(figure)


def frontier_section(points: Sequence[Point], figures: dict[str, bytes]) -> list[str]:
    """The recipes beside each other, as recorded with the sources."""
    first = next((p for p in points if p.recipe == "article"), None)
    rows = []
    for point in points:
        low, high = point.test.interval
        ratio = ""
        if point.instructions and first is not None and first.instructions:
            ratio = f"{point.instructions / first.instructions:.1f}"
        rows.append(
            [
                point.recipe,
                f"{point.bytes:,}",
                f"{point.arena:,}",
                "not counted" if point.instructions is None else f"{point.instructions:,}",
                ratio,
                _range(point.accuracies),
                f"{low:.1%} to {high:.1%}",
                _range(point.validation),
            ]
        )
    head = ["recipe", "bytes", "arena", "instructions", "x", "test", "Wilson", "validation"]
    return [
        "<h2>The recipes</h2>",
        shown(figures, "frontier", "Recipes: accuracy against size and work."),
        table(head, rows),
        "<p class=soft>Recorded with the sources, not measured by this report: int8 in TFLM, five "
        "seeds of each recipe; accuracies are mean (least to largest), sizes the largest. The "
        "interval is that of the mean on 359 images. Arena: bytes on a 32-bit board with "
        "TFLM's kernels. Instructions: x86-64 with these, counted with callgrind; a board's are "
        "others, and x is how many times those of article.</p>",
    ]


def _range(found: tuple[float, float, float]) -> str:
    mean, least, largest = found
    return f"{mean:.2%} ({least:.1%} to {largest:.1%})"


def calibration_section(calibration: Calibration | str, found: dict[str, Quality]) -> list[str]:
    """The temperature, the threshold, and what they do on each part; or why there are none."""
    head, rows = ["part", "ECE of softmax"], [[n, f"{q.ece_before:.3f}"] for n, q in found.items()]
    if isinstance(calibration, str):
        told = f"softmax(scores) as it is: no temperature is advised, since {calibration}."
    else:
        told = (
            f"softmax(scores / {calibration.temperature:.2f}) makes the int8 model's scores "
            f"probabilities, by {calibration.found}"
        )
        head.append("with temperature")
        for row, quality in zip(rows, found.values(), strict=True):
            row.append(f"{quality.ece_after:.3f}")
        if calibration.sure is None:
            told += (
                f". No threshold leaves half of those with {KEPT_RIGHT:.1%} of them right, so "
                "there is none to say that it is not sure."
            )
        else:
            told += f"; below {calibration.sure:.3f} it had better say that it is not sure."
            head += ["not sure", "right of the rest"]
            for row, quality in zip(rows, found.values(), strict=True):
                row += [f"{1 - quality.kept.total / quality.total:.1%}", str(quality.kept)]
    return [
        "<h2>How sure is the model?</h2>",
        f"<p>{told}</p>",
        table(head, rows),
        f"<p class=soft>ECE: expected calibration error in {BINS} bins, the mean distance of what "
        "it claims from what it gets.</p>",
    ]


def strain_section(figures: dict[str, bytes]) -> list[str]:
    """Noise, shifts and strokes."""
    return [
        "<h2>Worse images</h2>",
        shown(figures, "strain", "Accuracy on changed test images, 95 % Wilson interval."),
    ]
