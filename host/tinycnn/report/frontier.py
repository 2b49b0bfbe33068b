"""Accuracy, bytes and instructions of every recipe, measured and recorded.

    python -m tinycnn.report.frontier [RECIPE ...]

trains each recipe with five seeds under build/frontier/ and writes what it finds to
frontier.json beside this file, which the report draws. The teachers are the same for all
seeds. It takes an hour or two, and valgrind for the instructions.
"""

from __future__ import annotations

import json
import statistics
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from tinycnn.bench import measure as measure_instructions
from tinycnn.bench.kernels import TFLM
from tinycnn.bench.models import Model
from tinycnn.errors import BuildError, SourceError
from tinycnn.files import BUILD, write_atomic, write_json
from tinycnn.pipeline.dataset import Dataset, load_digits
from tinycnn.pipeline.evaluate import evaluate
from tinycnn.pipeline.model import RECIPES
from tinycnn.pipeline.quantize import quantize
from tinycnn.pipeline.score import Score
from tinycnn.pipeline.train import train
from tinycnn.tflite import divisor
from tinycnn.tflite.arena import predict_arena
from tinycnn.tflite.read import TFLite
from tinycnn.tflite.slim import slim

RECORD = Path(__file__).with_name("frontier.json")
SEEDS = range(5)


@dataclass(frozen=True)
class Trial:
    """One seed of one recipe.

    test, validation   right of 359 and 360, the int8 model in TFLM
    float_test, float_validation   the same of the network before it was quantized
    bytes         of the int8 .tflite, see `network_bytes`
    arena         bytes for tensors and scratch, with TFLM's kernels
    instructions  of an inference, see `count_instructions`; None where it was not counted
    seconds       training took, wall time; with the teachers, where they were not there yet
    """

    recipe: str
    seed: int
    parameters: int
    test: int
    validation: int
    float_test: int
    float_validation: int
    bytes: int
    arena: int
    instructions: int | None
    seconds: float


@dataclass(frozen=True)
class Point:
    """What five seeds of a recipe come to; scores pool them, sizes are the largest."""

    recipe: str
    runs: tuple[Trial, ...]

    @property
    def test(self) -> Score:
        """All seeds counted as one model with the mean accuracy: n stays 359."""
        return Score(round(statistics.mean(run.test for run in self.runs)), 359)

    @property
    def accuracies(self) -> tuple[float, float, float]:
        """Mean, least and largest accuracy on the test part."""
        found = [run.test / 359 for run in self.runs]
        return statistics.mean(found), min(found), max(found)

    @property
    def validation(self) -> tuple[float, float, float]:
        """Mean, least and largest accuracy on the validation part."""
        found = [run.validation / 360 for run in self.runs]
        return statistics.mean(found), min(found), max(found)

    @property
    def bytes(self) -> int:
        return max(run.bytes for run in self.runs)

    @property
    def arena(self) -> int:
        return max(run.arena for run in self.runs)

    @property
    def instructions(self) -> int | None:
        counted = [run.instructions for run in self.runs if run.instructions is not None]
        return max(counted) if counted else None


def network_bytes(model: TFLite) -> int:
    """The bytes of `model` without what it tells of its input, which is the same for all."""
    return len(slim(model.data, {divisor.NAME: b""}))


def recorded() -> list[Point]:
    """What was measured last, by recipe, the smallest model first; [] if nothing was."""
    if not RECORD.exists():
        return []
    runs = [Trial(**run) for run in json.loads(RECORD.read_bytes())]
    names = dict.fromkeys(run.recipe for run in runs)
    points = [Point(name, tuple(run for run in runs if run.recipe == name)) for name in names]
    return sorted(points, key=lambda point: point.bytes)


def measure(dataset: Dataset, recipe: str, seed: int, build: Path) -> Trial:
    """Train, quantize and judge; keeps the int8 model as `build`/RECIPE-SEED.tflite."""
    trained = train(dataset, RECIPES[recipe], seed, build)
    model = quantize(dataset, trained.path, build).int8
    write_atomic(build / f"{recipe}-{seed}.tflite", model.data)
    judged = evaluate(dataset, (model,), build, trained=trained)
    before, after = judged.result("keras", "Keras"), judged.result(model.name, "TFLM")
    assert before is not None and after is not None
    return Trial(
        recipe=recipe,
        seed=seed,
        parameters=trained.parameters,
        test=after.parts["test"].correct,
        float_test=before.parts["test"].correct,
        validation=after.parts["validation"].correct,
        float_validation=before.parts["validation"].correct,
        bytes=network_bytes(model),
        arena=predict_arena(model.data, own=False).arena,
        instructions=count_instructions(model),
        seconds=round(trained.seconds, 1),
    )


def count_instructions(model: TFLite) -> int | None:
    """Instructions of one `invoke()` with TFLM's own kernels, on this machine's processor.

    Another processor needs others, in a similar proportion. None without valgrind or
    without TFLM's sources.
    """
    try:
        counted = measure_instructions("unix", [Model(model.name, model.data)], kernels=[TFLM])
    except (BuildError, SourceError):
        return None
    return counted.parts[0].rows[0].count.invoke


def main(recipes: list[str]) -> None:
    """Measure `recipes`, or all; what is recorded of others stays."""
    dataset = load_digits()
    for recipe in recipes or list(RECIPES):
        found = [run for point in recorded() for run in point.runs if run.recipe != recipe]
        for seed in SEEDS:
            run = measure(dataset, recipe, seed, BUILD / "frontier")
            print(run, flush=True)
            found.append(run)
            write_json(RECORD, [asdict(run) for run in found])


if __name__ == "__main__":
    main(sys.argv[1:])
