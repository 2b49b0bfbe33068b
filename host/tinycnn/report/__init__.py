"""The report: pictures as PNGs in `build`/figures, and one page, report.html."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tinycnn.dataset import Dataset
from tinycnn.evaluate import Evaluation
from tinycnn.files import write_atomic
from tinycnn.progress import Progress, silent
from tinycnn.quantize import QuantizedModels
from tinycnn.report import html, pictures
from tinycnn.train import TrainedModel

PAGE = Path("report.html")
FIGURES = Path("figures")


def write_report(
    dataset: Dataset,
    trained: TrainedModel,
    converted: QuantizedModels,
    evaluation: Evaluation,
    build: Path,
    progress: Progress = silent,
) -> Path:
    """Draw every figure, write the page that holds them, and return the page's path."""
    judged = evaluation.results[-1]  # the smallest model, in the runtime of the board
    first, last = dataset.bounds["test"]
    test = dataset.part("test")
    predicted = judged.predictions[first:last]
    draw: dict[str, Callable[[], bytes]] = {
        "samples": lambda: pictures.samples(dataset.part("train")),
        "model": lambda: pictures.network(trained.layers),
        "confusion": lambda: pictures.confusion(judged.confusion),
        "predictions": lambda: pictures.predictions(test, predicted),
        "accuracy": lambda: pictures.accuracies(evaluation),
    }
    if trained.history.loss:
        draw["curves"] = lambda: pictures.curves(trained.history)
    wrong = [i for i, (y, p) in enumerate(zip(test.y, predicted, strict=True)) if y != p]
    if wrong:
        draw["mistakes"] = lambda: pictures.mistakes(test, predicted, wrong)
    figures: dict[str, bytes] = {}
    for done, (name, make) in enumerate(draw.items()):
        progress(name, done, len(draw))
        figures[name] = make()
        write_atomic(build / FIGURES / f"{name}.png", figures[name])
    progress("page", len(draw), len(draw))
    text = html.page(dataset, trained, converted, evaluation, judged, figures)
    write_atomic(build / PAGE, text)
    return build / PAGE
