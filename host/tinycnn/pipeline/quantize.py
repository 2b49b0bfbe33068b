"""Conversion: a trained Keras model to float32 and int8 .tflite, and C headers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from tinycnn.cache import Kept, find, keep, key_of
from tinycnn.errors import UserError
from tinycnn.files import LABELS, METRICS, need_writable, read_bytes, update_metrics
from tinycnn.pipeline.agreement import Agreement, agreement, need_same
from tinycnn.pipeline.convert import ACTIVATIONS, converted
from tinycnn.pipeline.dataset import Dataset
from tinycnn.pipeline.examples import Examples, of_dataset
from tinycnn.pipeline.model import need_keras
from tinycnn.pipeline.naming import lines_of
from tinycnn.pipeline.train import TrainedModel
from tinycnn.progress import Progress, silent
from tinycnn.tflite import divisor, task
from tinycnn.tflite.blame import blame, ops_of
from tinycnn.tflite.c_header import c_header
from tinycnn.tflite.check import check_key
from tinycnn.tflite.read import TFLite, inspect_tflite
from tinycnn.tflite.run import run
from tinycnn.tflite.slim import slim

MODELS = Path("models")
RECORD = MODELS / "quantized.json"


def _names(activations: str) -> tuple[str, str]:
    """Of the models that are made."""
    return "model_float32", f"model_{activations}"


PROOF_EXAMPLES = 300
"""On so many examples a slimmed model must give what it gave before."""


_FEW = 32
"""On so many examples the float32 model must give what Keras gives."""


@dataclass(frozen=True)
class QuantizedModels:
    """The two .tflite models on disk, and what is in them.

    unfit      by the name of a model: why no board runs it, with the layer and the op
    int8         the quantized one, whose activations may be of int16
    io           what it takes and gives: "float" with --io float, else as its activations
    activations  "int8", or "int16" with --activations int16
    key          identifies the Keras model, the representative data and the two above
    reused     found on disk, not converted now
    agreement  how far int8 is from Keras
    rebuilt    a line for each layer that became another
    """

    folder: Path
    float32: TFLite
    int8: TFLite
    io: str
    activations: str
    key: str
    unfit: dict[str, str]
    agreement: Agreement
    rebuilt: tuple[str, ...]
    reused: bool = False

    @property
    def models(self) -> tuple[TFLite, TFLite]:
        """Both, the float one first."""
        return (self.float32, self.int8)

    def path(self, model: TFLite) -> Path:
        """The .tflite file of one of them; its C header is beside it."""
        return self.folder / f"{model.name}.tflite"


def quantize(
    dataset: Dataset | Examples,
    source: Path,
    build: Path,
    progress: Progress = silent,
    *,
    io: str | None = None,
    activations: str = "int8",
) -> QuantizedModels:
    """Convert the .keras file `source`; write .tflite files and C headers to `build`/models.

    Beside them goes LABELS, if the classes have names.

    The int8 model's ranges come from the training part of a Dataset only. Raises
    UserError if the model does not fit the data or the converter refuses it.
    """
    io = io or activations
    key = _key(dataset, source, io, activations)
    need_keras(source)
    kinds = _names(activations)
    names = [f"{name}.{kind}" for name in kinds for kind in ("tflite", "h")]
    need_writable(build, *(MODELS / name for name in names), RECORD, METRICS)
    made: dict[str, TFLite] = {}
    unfit: dict[str, str] = {}
    steps = len(kinds) + 1
    progress("starting TensorFlow", 0, 0)
    examples = of_dataset(dataset) if isinstance(dataset, Dataset) else dataset
    how = {"io": io, "activations": activations}
    found = converted(read_bytes(source), examples, str(source), progress, **how)
    for done, (name, data) in enumerate(zip(kinds, found.tflites.values(), strict=True)):
        progress(f"slimming {name}", done, steps)
        why = blame(data)
        try:
            made[name] = slimmed(data, name, examples)
        except UserError as error:
            raise UserError(f"{error}; {why}" if why else str(error)) from None
        if made[name].unfit:
            unfit[name] = why or made[name].unfit
    progress("comparing with Keras", len(kinds), steps)
    x = examples.part(examples.compared)
    y = None if examples.y is None else examples.y[examples.compared]
    few = [each[:_FEW] for each in found.keras], [each[:_FEW] for each in x]
    need_same(made[kinds[0]], *few)
    agrees = agreement(made[kinds[1]], found.keras, x, y, regression=examples.regression)
    folder = build / MODELS
    files = {f"{name}.tflite": tflite.data for name, tflite in made.items()}
    files |= {f"{n}.h": c_header(tflite.data, n).encode() for n, tflite in made.items()}
    if examples.labels:
        files[LABELS] = lines_of(examples.labels)
    costs = tuple(_cost(found.tflites["quantized"], *each) for each in found.rebuilt)
    facts = {**how, "unfit": unfit, "agreement": asdict(agrees), "rebuilt": costs}
    keep(build / RECORD, Kept(key, facts, files))
    if not examples.labels:
        (folder / LABELS).unlink(missing_ok=True)  # of other data
    update_metrics(
        build,
        quantize={
            "io": io,
            "against_keras": asdict(agrees),
            **{
                n.removeprefix("model_"): {"bytes": t.size, "ops": list(t.ops)}
                for n, t in made.items()
            },
        },
    )
    progress("converted", steps, steps)
    first, second = made.values()
    return QuantizedModels(folder, first, second, io, activations, key, unfit, agrees, costs)


def _cost(int8: bytes, layer: str, how: str) -> str:
    """The line of a layer that was rebuilt, with how many ops it is if that was by unrolling."""
    return f"{how}: {ops_of(int8, layer)} ops" if how.endswith("unrolled") else how


def ensure_quantized(
    dataset: Dataset,
    trained: TrainedModel,
    build: Path,
    progress: Progress = silent,
    *,
    io: str | None = None,
    activations: str = "int8",
) -> QuantizedModels:
    """The models on disk if they were made from `trained` and `dataset`; else convert now."""
    found = find_quantized(build)
    if found is not None and found.key == _key(
        dataset, trained.path, io or activations, activations
    ):
        return found
    return quantize(dataset, trained.path, build, progress, io=io, activations=activations)


def find_quantized(build: Path) -> QuantizedModels | None:
    """The converted models under `build`, or None if there are none that are whole."""
    found = find(build / RECORD)
    if found is None:
        return None
    facts = found.facts
    try:
        agrees = Agreement.from_dict(facts["agreement"])
        told = facts["io"], facts["activations"], found.key, facts["unfit"], agrees
        names = _names(facts["activations"])
        first, second = (inspect_tflite(found.files[f"{name}.tflite"], name) for name in names)
        rebuilt = tuple(facts["rebuilt"])
    except (KeyError, TypeError):
        return None  # of another version of ours
    return QuantizedModels(build / MODELS, first, second, *told, rebuilt, reused=True)


def need_quantized(dataset: Dataset, trained: TrainedModel, build: Path) -> QuantizedModels:
    """The converted models under `build`, made from `trained` with `dataset`.

    Raises UserError saying what to run first.
    """
    found = find_quantized(build)
    if found is None:
        raise UserError(f"no converted model in {build / MODELS}: run `tinycnn quantize` first")
    if found.key != _key(dataset, trained.path, found.io, found.activations):
        raise UserError(
            f"the converted models in {build / MODELS} are not of the trained one: "
            "run `tinycnn quantize` again"
        )
    return found


def slimmed(data: bytes, name: str, examples: Examples) -> TFLite:
    """The .tflite `data` without what no runtime needs, shown to give the same values.

    With it what `examples` were divided by, if they were, and whether it gives classes.

    Both run on the examples that ranges come from: in LiteRT, with its own kernels and the
    reference ones, and in TFLM if that runs the model. Raises RuntimeError if one value
    differs: that would be a fault of `tinycnn.tflite.slim`.
    """
    whole = inspect_tflite(data, name)
    told = {divisor.NAME: divisor.packed(examples.maximum)} if examples.maximum else {}
    if examples.regression:
        told[task.NAME] = task.REGRESSION
    small = inspect_tflite(slim(data, told), name)
    x = [values[:PROOF_EXAMPLES] for values in examples.part(examples.ranges)]
    others = {"reference": whole.reference, "tflm": not whole.tflm_error}
    runtimes = ("litert", *(name for name, there in others.items() if there))
    for one, other in zip(run(whole, x, runtimes), run(small, x, runtimes), strict=True):
        for before, after in zip(one.every, other.every, strict=True):
            if not np.array_equal(before, after, equal_nan=True):
                raise RuntimeError(f"slimming changed what {name} computes")
    return small


def _key(dataset: Dataset | Examples, source: Path, io: str, activations: str) -> str:
    """What the result depends on."""
    if activations not in ACTIVATIONS:
        raise UserError(f"--activations must be {' or '.join(ACTIVATIONS)}, not {activations}")
    if io not in (activations, "float"):
        raise UserError(f"--io must be {activations} or float, not {io}")
    made_of = (io, activations, dataset.fingerprint, read_bytes(source), check_key())
    packages = ("tensorflow", "keras", "flatbuffers", "ai-edge-litert", "tflite-micro", "numpy")
    return key_of(*made_of, code=__name__, packages=packages)
