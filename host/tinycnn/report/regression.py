"""The report of a regression: errors in place of accuracies, nothing that counts right ones."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from tinycnn.pipeline.dataset import PARTS, Array, Dataset
from tinycnn.pipeline.evaluate import Evaluation
from tinycnn.pipeline.quantize import QuantizedModels
from tinycnn.pipeline.train import TrainedModel
from tinycnn.report import data, html
from tinycnn.report.pictures import BLUE, GREY, png
from tinycnn.tflite.run import run_litert, to_real

MOST_OUTPUTS = 4
"""Of which there are plots."""


def given(converted: QuantizedModels, dataset: Dataset) -> npt.NDArray[np.float32]:
    """What the int8 model gives on the test part, in LiteRT: (n, k)."""
    model = converted.int8
    return to_real(run_litert(model, dataset.part("test").x).outputs, model.outputs[0])


def scatter(wanted: Array, gave: Array) -> bytes:
    """What int8 gave against what is right, (n, k) each: a plot for each of the first outputs."""
    count = min(wanted.shape[1], MOST_OUTPUTS)
    columns = min(count, 2)
    rows = -(-count // columns)
    figure = Figure(figsize=(3.8 * columns, 3.6 * rows), layout="constrained")
    for at in range(count):
        axes = figure.add_subplot(rows, columns, at + 1)
        both = np.concatenate([wanted[:, at], gave[:, at]])
        ends = [float(both.min()), float(both.max())]
        axes.plot(ends, ends, color=GREY, linewidth=1)
        axes.plot(wanted[:, at], gave[:, at], "o", color=BLUE, markersize=3, alpha=0.6)
        axes.set(xlabel="right", ylabel="given", title=f"output {at}" if count > 1 else "")
        axes.grid(alpha=0.3)
    return png(figure)


def page(
    dataset: Dataset,
    trained: TrainedModel,
    converted: QuantizedModels,
    evaluation: Evaluation,
    figures: dict[str, bytes],
) -> str:
    """The whole page."""
    judged = evaluation.results[-1]
    size = "x".join(str(s) for s in dataset.image_shape)
    numbers = f"{dataset.classes} numbers" if dataset.classes > 1 else "a number"
    facts = [
        (f"{judged.errors['test']:.3g}", "mean absolute error on test"),
        (f"{converted.int8.size:,} B", "int8 model"),
        (f"{trained.parameters:,}", "parameters"),
    ]
    sizes = {model.name: f"{model.bytes:,}" for model in evaluation.models}
    rows = [
        [
            result.model,
            result.runtime,
            sizes.get(result.model, ""),
            *(f"{result.errors[name]:.3g}" for name in PARTS),
            f"{result.microseconds:.1f}",
        ]
        for result in evaluation.results
    ]
    spread = float(np.abs(dataset.part("test").y - dataset.part("train").y.mean(axis=0)).mean())
    body = [
        f"<h1>A small network on {html.escape(dataset.name)}</h1>",
        html.facts_list(facts),
        "<h2>Data</h2>",
        f"<p>{len(dataset.y):,} examples of {size}, to give {numbers} for each, "
        f"{html.prepared(dataset)}: {html.split_of(dataset)}.</p>",
        *data.section(dataset, figures),
        "<h2>Model</h2>",
        html.figure(figures, "model", "What each layer gives."),
        html.summary(trained),
        "<h2>Training</h2>",
        *html.training(trained, figures),
        "<h2>Sizes and errors</h2>",
        html.table(["model", "runtime", "bytes", *PARTS, "µs"], rows, text=2),
        "<p class=soft>Mean absolute errors, in the unit of y; to give the training part's mean "
        f"always would be {spread:.3g} off on test. Time: median wall time of one inference, "
        "called from Python on the machine that made this page; a board's is not this.</p>",
        *html.agreement(evaluation),
        "<h2>Given and right</h2>",
        html.figure(figures, "scatter", "Test part, the quantized model in LiteRT."),
    ]
    return html.document(dataset.name, body)
