"""Evaluation: the same images through Keras, LiteRT and TFLM, and what differs."""

from __future__ import annotations

import statistics
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tinycnn._tensorflow import captured, tensorflow
from tinycnn.arrays import Floats
from tinycnn.cache import Kept, find, keep, key_of
from tinycnn.errors import UserError
from tinycnn.files import METRICS, need_writable, update_metrics
from tinycnn.pipeline.crossval import CrossValidation
from tinycnn.pipeline.dataset import PARTS, Array, Dataset
from tinycnn.pipeline.score import Score
from tinycnn.pipeline.train import TrainedModel
from tinycnn.progress import Progress, silent
from tinycnn.tflite.check import check_key
from tinycnn.tflite.read import TFLite, check_classifier
from tinycnn.tflite.run import Inferences, run, to_real

RECORD = Path("evaluation.json")

ARTICLE_ACCURACY = {"model_float32": 0.9582, "model_int8": 0.9582}
"""The article's accuracy on the test part (344 of 359), by our model names."""

ARTICLE_BYTES = {"model_float32": 5360, "model_int8": 3800}
"""The article's sizes; its int8 model keeps float32 inputs and outputs."""

ARTICLE_VALIDATION = Score(320, 360)
"""What the article's two published models score on the last fifth, unsaid there."""

KERAS_RUNS = 200


@dataclass(frozen=True)
class Result:
    """One model in one runtime, on every image.

    Of a regression there are errors alone, else all but these.

    predictions    the class given to each image of the data set, in order
    microseconds   median wall time of one inference on this machine, over `runs`
    parts          right and total on train, test and validation
    confusion      counts on the test part: row true class, column predicted
    errors         mean absolute error on train, test and validation
    """

    model: str
    runtime: str
    predictions: tuple[int, ...]
    microseconds: float
    runs: int
    parts: dict[str, Score]
    confusion: tuple[tuple[int, ...], ...]
    errors: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Difference:
    """TFLM's raw output values against those of LiteRT's reference kernels.

    different   how many of `values` are not equal
    largest     the largest absolute difference: steps (int8) or score (float32)
    """

    model: str
    dtype: str
    values: int
    different: int
    largest: float

    def __str__(self) -> str:
        if self.different == 0:
            return (
                f"{self.model}: TFLM and LiteRT's reference kernels agree in all "
                f"{self.values:,} output values"
            )
        unit = "in score" if self.dtype == "float32" else "step"
        return (
            f"{self.model}: TFLM and LiteRT's reference kernels differ in {self.different:,} "
            f"of {self.values:,} output values, by {self.largest:g} {unit} at most"
        )


@dataclass(frozen=True)
class ModelFacts:
    """Facts of one .tflite; `arena_used` as in `tflite.TFLite`, bytes, on this machine."""

    name: str
    bytes: int
    ops: tuple[str, ...]
    arena_used: int | None
    tflm_error: str


@dataclass(frozen=True)
class Evaluation:
    """All that `evaluate` found; `key` identifies the data and models it is of.

    data       its name
    of_digits  it is the article's, and what the article found can stand beside
    """

    key: str
    data: str
    of_digits: bool
    models: tuple[ModelFacts, ...]
    results: tuple[Result, ...]
    differences: tuple[Difference, ...]
    cross_validation: CrossValidation | None = None

    @property
    def regression(self) -> bool:
        """Whether there are errors rather than accuracies."""
        return bool(self.results[-1].errors)

    def result(self, model: str, runtime: str) -> Result | None:
        """The result of `model` ("keras", "model_int8" ...) in `runtime`, if there is one."""
        for result in self.results:
            if (result.model, result.runtime) == (model, runtime):
                return result
        return None


def evaluate(
    dataset: Dataset,
    models: tuple[TFLite, ...],
    build: Path,
    progress: Progress = silent,
    *,
    trained: TrainedModel,
    cross_validation: CrossValidation | None = None,
) -> Evaluation:
    """Run all images of `dataset` through `trained` in Keras, and `models` in LiteRT and TFLM.

    Writes `build`/evaluation.json and the `evaluate` section of metrics.json. Raises
    UserError if a model does not fit the data; that TFLM cannot run one is told in
    its `ModelFacts`.
    """
    need_writable(build, RECORD, METRICS)
    found = _measure(dataset, models, progress, trained, cross_validation)
    keep(build / RECORD, Kept(found.key, asdict(found)))
    update_metrics(build, evaluate=_metrics(found))
    return found


def evaluate_file(
    dataset: Dataset, model: TFLite, build: Path, progress: Progress = silent
) -> Evaluation:
    """Run all images of `dataset` through one .tflite in LiteRT and TFLM.

    Writes the `evaluate_tflite` section of metrics.json; the pipeline's own
    evaluation stays. Raises UserError if the model does not fit the data.
    """
    need_writable(build, RECORD, METRICS)
    found = _measure(dataset, (model,), progress, None, None)
    update_metrics(build, evaluate_tflite=_metrics(found))
    return found


def _measure(
    dataset: Dataset,
    models: tuple[TFLite, ...],
    progress: Progress,
    trained: TrainedModel | None,
    cross_validation: CrossValidation | None,
) -> Evaluation:
    for model in models:
        check_classifier(model, dataset.image_shape, dataset.classes)
    results: list[Result] = []
    differences: list[Difference] = []
    if trained is not None:
        progress("keras", 0, 1)
        results.append(_judge(dataset, "keras", "Keras", *_run_keras(trained, dataset.x)))
        progress("keras", 1, 1)
    for model in models:
        ours = ("tflm", "reference") if not model.tflm_error and model.reference else ()
        litert, *micro = run(model, dataset.x, ("litert", *ours), progress)
        if not all(np.isfinite(found.outputs).all() for found in (litert, *micro)):
            raise UserError(
                f"{model.name} gives NaN or infinity: look at the weights it was made of"
            )
        results.append(_score_run(dataset, model, "LiteRT", litert))
        if micro:
            results.append(_score_run(dataset, model, "TFLM", micro[0]))
            differences.append(_compare(model, *micro))
    return Evaluation(
        key=evaluation_key(dataset, models),
        data=dataset.name,
        of_digits=dataset.is_digits,
        models=tuple(
            ModelFacts(m.name, m.size, m.ops, m.arena_used, m.tflm_error) for m in models
        ),
        results=tuple(results),
        differences=tuple(differences),
        cross_validation=cross_validation,
    )


def evaluation_key(dataset: Dataset, models: tuple[TFLite, ...]) -> str:
    """What an evaluation is of: the data, the bytes of each model, and what runs them."""
    data = (model.data for model in models)
    packages = ("tensorflow", "keras", "ai-edge-litert", "tflite-micro", "numpy")
    return key_of(dataset.fingerprint, check_key(), *data, code=__name__, packages=packages)


def need_evaluation(dataset: Dataset, models: tuple[TFLite, ...], build: Path) -> Evaluation:
    """The evaluation under `build`, of this data and these models.

    Raises UserError saying what to run first.
    """
    found = find(build / RECORD)
    if found is None:
        raise UserError(f"no evaluation in {build}: run `tinycnn evaluate` first")
    if found.key != evaluation_key(dataset, models):
        raise UserError(
            f"the evaluation in {build} is of another model or other data: "
            "run `tinycnn evaluate` again"
        )
    return _evaluation(found.facts)


def _evaluation(record: dict[str, Any]) -> Evaluation:
    """An Evaluation from its JSON."""
    crossed = record["cross_validation"]
    return Evaluation(
        key=record["key"],
        data=record["data"],
        of_digits=record["of_digits"],
        models=tuple(ModelFacts(**{**m, "ops": tuple(m["ops"])}) for m in record["models"]),
        results=tuple(
            Result(
                **{
                    **r,
                    "predictions": tuple(r["predictions"]),
                    "parts": {name: Score(**score) for name, score in r["parts"].items()},
                    "confusion": tuple(tuple(row) for row in r["confusion"]),
                }
            )
            for r in record["results"]
        ),
        differences=tuple(Difference(**d) for d in record["differences"]),
        cross_validation=None if crossed is None else CrossValidation.from_dict(crossed),
    )


def _run_keras(trained: TrainedModel, x: Floats) -> tuple[Array, float, int]:
    """What it gives, and the median time of one image in a compiled graph (µs, runs)."""
    tf = tensorflow()
    with captured():
        model = trained.load()
        scores = model.predict(x, verbose=0)
        infer = tf.function(lambda image: model(image, training=False))
        one = tf.constant(x[:1])
        infer(one)  # traces the graph: not part of the time
    took = []
    for _ in range(KERAS_RUNS):
        began = time.perf_counter_ns()
        infer(one)
        took.append(time.perf_counter_ns() - began)
    return scores, statistics.median(took) / 1000, KERAS_RUNS


def _score_run(dataset: Dataset, model: TFLite, runtime: str, run: Inferences) -> Result:
    gave = to_real(run.outputs, model.outputs[0]) if dataset.regression else run.outputs
    return _judge(dataset, model.name, runtime, gave, run.microseconds, len(run.outputs))


def _judge(
    dataset: Dataset, model: str, runtime: str, gave: Array, microseconds: float, runs: int
) -> Result:
    """What `gave` (n, classes) is worth: scores, of which the highest counts, or numbers."""
    if not dataset.regression:
        predictions = tuple(int(i) for i in np.argmax(gave, axis=1))
        return _score(dataset, model, runtime, predictions, microseconds, runs)
    off = np.abs(gave.astype(np.float64) - dataset.y).mean(axis=1)
    errors = {name: float(off[slice(*dataset.bounds[name])].mean()) for name in PARTS}
    return Result(model, runtime, (), microseconds, runs, {}, (), errors)


def _score(
    dataset: Dataset,
    model: str,
    runtime: str,
    predictions: tuple[int, ...],
    microseconds: float,
    runs: int,
) -> Result:
    """Count what is right, by part."""
    predicted = np.array(predictions)
    right = predicted == dataset.y
    parts = {}
    for name in PARTS:
        first, last = dataset.bounds[name]
        parts[name] = Score(int(right[first:last].sum()), last - first)
    first, last = dataset.bounds["test"]
    confusion = np.zeros((dataset.classes, dataset.classes), int)
    np.add.at(confusion, (dataset.y[first:last], predicted[first:last]), 1)
    return Result(
        model=model,
        runtime=runtime,
        predictions=predictions,
        microseconds=microseconds,
        runs=runs,
        parts=parts,
        confusion=tuple(tuple(row) for row in confusion.tolist()),
    )


def _compare(model: TFLite, micro: Inferences, reference: Inferences) -> Difference:
    """Count the raw values that are not the same."""
    ours = micro.outputs.astype(np.float64)
    theirs = reference.outputs.astype(np.float64)
    return Difference(
        model=model.name,
        dtype=model.outputs[0].dtype,
        values=ours.size,
        different=int((ours != theirs).sum()),
        largest=float(np.abs(ours - theirs).max()),
    )


def _metrics(evaluation: Evaluation) -> dict[str, Any]:
    """The evaluation without each single prediction."""
    crossed = evaluation.cross_validation
    return {
        "data": evaluation.data,
        "models": [asdict(model) for model in evaluation.models],
        "results": [
            {
                "model": r.model,
                "runtime": r.runtime,
                "parts": {name: score.as_dict() for name, score in r.parts.items()},
                "confusion_test": r.confusion,
                "mean_absolute_errors": r.errors,
                "median_microseconds": r.microseconds,
                "runs": r.runs,
            }
            for r in evaluation.results
        ],
        "tflm_against_litert_reference": [asdict(d) for d in evaluation.differences],
        "cross_validation": None if crossed is None else crossed.as_dict(),
    }
