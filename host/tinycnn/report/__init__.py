"""The report: pictures as PNGs in `build`/figures, and one page, report.html."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from tinycnn.files import need_writable, write_atomic
from tinycnn.pipeline.dataset import Dataset
from tinycnn.pipeline.evaluate import Evaluation
from tinycnn.pipeline.quantize import QuantizedModels
from tinycnn.pipeline.train import TrainedModel
from tinycnn.progress import Progress, silent
from tinycnn.report import data, frontier, html, pictures, quality, regression
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
    if evaluation.regression:
        return _write_regression(dataset, trained, converted, evaluation, build, progress)
    judged = evaluation.results[-1]  # the smallest model, in the runtime of the board
    first, last = dataset.bounds["test"]
    test = dataset.part("test")
    predicted = judged.predictions[first:last]
    draw: dict[str, Callable[[], bytes]] = {
        "sheet": lambda: data.sheet(dataset),
        "model": lambda: pictures.network(trained.layers),
        "confusion": lambda: pictures.confusion(judged.confusion, dataset.labels),
        "accuracy": lambda: pictures.accuracies(evaluation),
    }
    if dataset.is_images:
        draw["predictions"] = lambda: pictures.predictions(test, predicted)
    if trained.history.loss:
        draw["curves"] = lambda: pictures.curves(trained.history)
    wrong = [i for i, (y, p) in enumerate(zip(test.y, predicted, strict=True)) if y != p]
    if wrong and dataset.is_images:
        draw["mistakes"] = lambda: pictures.mistakes(test, predicted, wrong)
    points = frontier.recorded() if dataset.is_digits else []
    if points:
        here = (frontier.network_bytes(converted.int8), judged.parts["test"])
        draw["frontier"] = lambda: quality.frontier_picture(points, here)
    if dataset.is_images:
        draw["strain"] = lambda: quality.strain_picture(strain(converted.int8, test))
    figures = _drawn(draw, build, progress)
    sections = quality.frontier_section(points, figures) if points else []
    sections += _calibration(dataset, converted.int8)
    if "strain" in figures:
        sections += quality.strain_section(figures)
    about = data.section(dataset, figures)
    text = html.page(dataset, trained, converted, evaluation, judged, figures, sections, about)
    write_atomic(build / PAGE, text)
    return build / PAGE


def _write_regression(
    dataset: Dataset,
    trained: TrainedModel,
    converted: QuantizedModels,
    evaluation: Evaluation,
    build: Path,
    progress: Progress,
) -> Path:
    draw: dict[str, Callable[[], bytes]] = {
        "sheet": lambda: data.sheet(dataset),
        "model": lambda: pictures.network(trained.layers),
        "scatter": lambda: regression.scatter(
            dataset.part("test").y, regression.given(converted, dataset)
        ),
    }
    if trained.history.loss:
        draw["curves"] = lambda: pictures.curves(trained.history)
    figures = _drawn(draw, build, progress)
    text = regression.page(dataset, trained, converted, evaluation, figures)
    write_atomic(build / PAGE, text)
    return build / PAGE


def _drawn(
    draw: Mapping[str, Callable[[], bytes]], build: Path, progress: Progress
) -> dict[str, bytes]:
    """The pictures by their names, each in its file too."""
    figures: dict[str, bytes] = {}
    for done, (name, make) in enumerate(draw.items()):
        progress(name, done, len(draw))
        figures[name] = make()
        write_atomic(build / FIGURES / f"{name}.png", figures[name])
    progress("page", len(draw), len(draw))
    return figures


def _calibration(dataset: Dataset, model: TFLite) -> list[str]:
    """The section on sureness; none for a model that TFLM does not run or with softmax inside."""
    if model.tflm_error or "SOFTMAX" in model.ops:
        return []
    calibration = calibrate(model, dataset)
    found = {
        name: judge(model, dataset.part(name), calibration) for name in ("test", "validation")
    }
    return quality.calibration_section(advised(calibration, found["test"]), found)
