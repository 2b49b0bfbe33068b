"""The report: pictures as PNGs in `build`/figures, and one page, report.html."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tinycnn.files import need_writable, write_atomic
from tinycnn.pipeline.dataset import Dataset
from tinycnn.pipeline.evaluate import Evaluation
from tinycnn.pipeline.quantize import QuantizedModels
from tinycnn.pipeline.train import TrainedModel
from tinycnn.progress import Progress, silent
from tinycnn.report import frontier, html, pictures, quality
from tinycnn.report.calibrate import advised, calibrate, judge
from tinycnn.report.robustness import strain
from tinycnn.tflite.read import TFLite

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
    need_writable(build, PAGE)
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
    points = frontier.recorded() if dataset.is_digits else []
    if points:
        here = (frontier.network_bytes(converted.int8), judged.parts["test"])
        draw["frontier"] = lambda: quality.frontier_picture(points, here)
    draw["strain"] = lambda: quality.strain_picture(strain(converted.int8, test))
    figures: dict[str, bytes] = {}
    for done, (name, make) in enumerate(draw.items()):
        progress(name, done, len(draw))
        figures[name] = make()
        write_atomic(build / FIGURES / f"{name}.png", figures[name])
    progress("page", len(draw), len(draw))
    sections = quality.frontier_section(points, figures) if points else []
    sections += _calibration(dataset, converted.int8) + quality.strain_section(figures)
    text = html.page(dataset, trained, converted, evaluation, judged, figures, sections)
    write_atomic(build / PAGE, text)
    return build / PAGE


def _calibration(dataset: Dataset, model: TFLite) -> list[str]:
    """The section on sureness; none for a model that TFLM does not run or with softmax inside."""
    if model.tflm_error or "SOFTMAX" in model.ops:
        return []
    calibration = calibrate(model, dataset)
    found = {
        name: judge(model, dataset.part(name), calibration) for name in ("test", "validation")
    }
    return quality.calibration_section(advised(calibration, found["test"]), found)
