"""Training: a recipe, a data set and a seed in; model.keras and its history out."""

from __future__ import annotations

import tempfile
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from tinycnn._tensorflow import captured, keras
from tinycnn.arrays import Floats
from tinycnn.cache import Kept, find, keep, key_of
from tinycnn.errors import UserError
from tinycnn.files import METRICS, need_writable, read_bytes, update_metrics
from tinycnn.pipeline.dataset import Array, Dataset
from tinycnn.pipeline.distil import Lessons, ensure_lessons, fit_soft, fitted, softened
from tinycnn.pipeline.model import Recipe, fitting, gives_logits, load_model
from tinycnn.pipeline.reading import DIGITS, Origin
from tinycnn.pipeline.summary import Layer, layers_of, sizes
from tinycnn.progress import Progress, silent

SEED = 1337
"""The article's seed."""

MODEL = Path("models", "model.keras")
HISTORY = Path("models", "history.json")
CACHE = Path("cache")

_LOOKED_AT = 64
"""Images that tell whether a model gives logits."""

PACKAGES = ("tensorflow", "keras", "numpy")


Pair = tuple[Floats, Array]
"""x float32 (n, ...), and y of a `Dataset`."""


@dataclass(frozen=True)
class History:
    """Loss and accuracy after each epoch, on the training and validation parts.

    For regression the accuracies are empty, and the mean absolute errors are not.
    """

    loss: list[float]
    accuracy: list[float]
    val_loss: list[float]
    val_accuracy: list[float]
    error: list[float] = field(default_factory=list)
    val_error: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class TrainedModel:
    """A trained model on disk, and how it came to be.

    path      its .keras file
    key       of all that it depends on
    source    the --model it started from, or ""
    seconds   the training took (wall time)
    origin    of the data: where they are, and how they were read
    reused    found on disk, not trained now
    """

    path: Path
    key: str
    recipe: str  # "" if it was trained elsewhere
    source: str
    seed: int
    epochs: int
    data: str
    fingerprint: str
    parameters: int
    layers: list[Layer]
    history: History
    seconds: float
    origin: Origin = DIGITS
    reused: bool = False

    def load(self) -> Any:
        """The Keras model itself."""
        return load_model(self.path)


def train(
    dataset: Dataset,
    recipe: Recipe,
    seed: int,
    build: Path,
    progress: Progress = silent,
    *,
    epochs: int | None = None,
    source: Path | None = None,
) -> TrainedModel:
    """Train and write `build`/models/model.keras and history.json.

    epochs   instead of the recipe's own number
    source   a .keras file to start from, instead of the recipe's network

    The same arguments give the same weights on the same machine. Raises UserError
    for bad arguments, before anything is written.
    """
    count = recipe.epochs if epochs is None else epochs
    if count < 1:
        raise UserError(f"--epochs must be 1 or more, not {count}")
    key = _key(dataset, recipe, seed, count, source)
    need_writable(build, MODEL, HISTORY, METRICS)
    start_model(dataset, recipe, seed, source)  # complains before teachers take minutes
    began = time.perf_counter()
    train_part = (dataset.part("train").x, dataset.part("train").y)
    validation = (dataset.part("validation").x, dataset.part("validation").y)
    lessons = lessons_for(recipe, train_part, dataset.classes, build / CACHE, progress)
    model = start_model(dataset, recipe, seed, source)
    history = learn(
        model,
        recipe,
        train_part,
        validation,
        lessons,
        epochs=count,
        regression=dataset.regression,
        progress=progress,
    )
    seconds = time.perf_counter() - began
    trained = TrainedModel(
        path=build / MODEL,
        key=key,
        recipe=recipe.name,
        source=str(source or ""),
        seed=seed,
        epochs=count,
        data=dataset.name,
        fingerprint=dataset.fingerprint,
        parameters=int(model.count_params()),
        layers=layers_of(model),
        history=history,
        seconds=seconds,
        origin=dataset.origin,
    )
    _record(dataset, trained, keras_bytes(model), build)
    return trained


def adopt(dataset: Dataset, source: Path, build: Path) -> TrainedModel:
    """Take the .keras file `source`, trained elsewhere, as `build`/models/model.keras.

    Its recipe is "" and its curves are empty. Raises UserError if it is no model or
    does not fit the data.
    """
    need_writable(build, MODEL, HISTORY, METRICS)
    model = fitting(source, dataset.image_shape, dataset.classes)
    raw = read_bytes(source)
    trained = TrainedModel(
        path=build / MODEL,
        key=key_of("adopted", raw, dataset.fingerprint),
        recipe="",
        source=str(source),
        seed=0,
        epochs=0,
        data=dataset.name,
        fingerprint=dataset.fingerprint,
        parameters=int(model.count_params()),
        layers=layers_of(model),
        history=History([], [], [], []),
        seconds=0.0,
        origin=dataset.origin,
    )
    _record(dataset, trained, raw, build)
    return trained


def _record(dataset: Dataset, trained: TrainedModel, raw: bytes, build: Path) -> None:
    """Write the .keras file `raw`, history.json and the `train` section of metrics.json."""
    facts = asdict(trained)
    del facts["path"], facts["key"], facts["reused"]
    keep(build / HISTORY, Kept(trained.key, facts, {MODEL.name: raw}))
    metrics: dict[str, Any] = {
        "data": trained.data,
        "recipe": trained.recipe,
        "seed": trained.seed,
        "epochs": trained.epochs,
        "parameters": trained.parameters,
        "labels": dataset.labels,
        "images": {n: last - first for n, (first, last) in dataset.bounds.items()},
        "seconds": trained.seconds,
    }
    for name, curve in asdict(trained.history).items():
        metrics[name] = curve[-1] if curve else None
    update_metrics(build, train=metrics)


def ensure_trained(
    dataset: Dataset,
    recipe: Recipe,
    seed: int,
    build: Path,
    progress: Progress = silent,
    *,
    epochs: int | None = None,
    source: Path | None = None,
) -> TrainedModel:
    """The model on disk if it came from the same arguments; else `train` it now."""
    count = recipe.epochs if epochs is None else epochs
    found = find_trained(build)
    if found is not None and found.key == _key(dataset, recipe, seed, count, source):
        return found
    return train(dataset, recipe, seed, build, progress, epochs=epochs, source=source)


def find_trained(build: Path) -> TrainedModel | None:
    """The trained model under `build`, or None if there is none that is whole."""
    found = find(build / HISTORY)
    if found is None:
        return None
    try:
        facts = found.facts | {
            "layers": [
                Layer(**{**row, "shape": tuple(row["shape"])}) for row in found.facts["layers"]
            ],
            "history": History(**found.facts["history"]),
            "origin": Origin.from_dict(found.facts["origin"]),
        }
        return TrainedModel(path=build / MODEL, key=found.key, reused=True, **facts)
    except (KeyError, TypeError):
        return None  # of another version of ours


def need_trained(dataset: Dataset, build: Path) -> TrainedModel:
    """The trained model under `build`, made with `dataset`.

    Raises UserError saying what to run first.
    """
    found = find_trained(build)
    if found is None:
        raise UserError(f"no trained model in {build / 'models'}: run `tinycnn train` first")
    if found.fingerprint != dataset.fingerprint:
        raise UserError(
            f"the model in {build / 'models'} was trained on other data ({found.data}): "
            "give the same --data, run `tinycnn train` with this one, or for a model by itself "
            "`tinycnn evaluate --tflite FILE`"
        )
    return found


def start_model(
    dataset: Dataset, recipe: Recipe, seed: int, source: Path | None, *, fresh: bool = False
) -> Any:
    """An untrained model with the weights that `seed` gives, or the one in `source`.

    With `fresh`, the network of `source` gets new weights too.
    """
    if not 0 <= seed < 2**32:
        raise UserError(f"--seed must be 0 to {2**32 - 1}, not {seed}")
    # The converter puts names into the .tflite; Keras numbers them anew from here.
    keras().utils.clear_session()
    keras().utils.set_random_seed(seed)
    if recipe.teaching is not None and (dataset.regression or not dataset.is_images):
        raise UserError(
            f"recipe {recipe.name} learns from redrawn images with classes, of values from 0 up: "
            "take article for these data"
        )
    if source is None:
        if len(shape := dataset.image_shape) != 3:
            raise UserError(
                f"recipes make networks for images, the data has {sizes(shape)}: "
                "give --model FILE.keras"
            )
        height, width, channels = shape
        return recipe.build((height, width, channels), dataset.classes)
    model = fitting(source, dataset.image_shape, dataset.classes)
    return keras().models.clone_model(model) if fresh else model


def lessons_for(
    recipe: Recipe,
    train_part: Pair,
    classes: int,
    cache: Path,
    progress: Progress = silent,
) -> Lessons | None:
    """What the recipe's teachers teach of these images; None if it has no teachers.

    To be had before `start_model`: training teachers draws random numbers.
    """
    if recipe.teaching is None:
        return None
    return ensure_lessons(*train_part, classes, recipe.teaching, cache, progress)


def learn(
    model: Any,
    recipe: Recipe,
    train_part: Pair,
    validation: Pair | None,
    lessons: Lessons | None,
    *,
    epochs: int,
    regression: bool = False,
    progress: Progress = silent,
) -> History:
    """Train `model` in place as the recipe says, on `lessons` if it has teachers.

    Shapes are as in `fit`. `validation` draws curves and decides nothing.
    """
    if lessons is None:
        history = fit(
            model,
            train_part,
            validation,
            epochs=epochs,
            batch=recipe.batch,
            regression=regression,
            progress=progress,
        )
        return _converged(history)
    held_out = None
    if validation is not None:
        one_hot = np.eye(lessons.scores.shape[1], dtype=np.float32)
        held_out = (validation[0], one_hot[validation[1]])
    curves = fit_soft(
        model,
        lessons.x,
        softened(lessons.scores, recipe.temperature),
        epochs=epochs,
        batch=recipe.batch,
        rate=recipe.rate,
        temperature=recipe.temperature,
        validation=held_out,
        logits=gives_logits(model, train_part[0][:_LOOKED_AT]),
        progress=progress,
    )
    return _converged(_history(curves))


def _converged(history: History) -> History:
    """`history`, or a UserError if what was learned is no numbers any more."""
    if not np.isfinite(history.loss).all():
        raise UserError(
            "the training came to NaN or infinity: nothing is written; "
            "look for weights or values that are too large"
        )
    return history


def _history(curves: dict[str, list[float]]) -> History:
    names = ("loss", "accuracy", "val_loss", "val_accuracy", "error", "val_error")
    return History(*(curves.get(name, []) for name in names))


def fit(
    model: Any,
    train_part: Pair,
    validation: Pair | None,
    *,
    epochs: int,
    batch: int,
    regression: bool = False,
    progress: Progress = silent,
) -> History:
    """Train `model` in place with Adam on the cross-entropy, as in the article's 3.6-3.7.

    x float32 (n, ...), y int64 (n,). Without `validation` its curves are empty. A `regression`,
    y float32 (n, k), is trained on the mean squared error instead.
    """
    if regression:
        model.compile(
            optimizer=keras().optimizers.Adam(),
            loss=keras().losses.MeanSquaredError(),
            metrics=[keras().metrics.MeanAbsoluteError(name="error")],
        )
        return _history(fitted(model, *train_part, epochs, batch, validation, progress))
    logits = gives_logits(model, train_part[0][:_LOOKED_AT])
    model.compile(
        optimizer=keras().optimizers.Adam(),
        loss=keras().losses.SparseCategoricalCrossentropy(from_logits=logits),
        metrics=["accuracy"],  # by name: the third place is loss_weights in Keras 3
    )
    return _history(fitted(model, *train_part, epochs, batch, validation, progress))


def keras_bytes(model: Any) -> bytes:
    """`model` as a .keras file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.keras")
        with captured():
            model.save(path)
        return path.read_bytes()


def _key(dataset: Dataset, recipe: Recipe, seed: int, epochs: int, source: Path | None) -> str:
    """What the result depends on; the networks and ways of training are in our code."""
    start = b"" if source is None else read_bytes(source)
    how = replace(recipe, build=recipe.build.__qualname__)  # type: ignore[arg-type]
    what = f"{how} {epochs} {seed} {dataset.name}"
    return key_of(what, dataset.fingerprint, start, code=__name__, packages=PACKAGES)
