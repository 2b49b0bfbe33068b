"""From nothing to digits classified in MicroPython: every step, reusing what is there."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from tinycnn.errors import TargetError, UserError
from tinycnn.files import ROOT, need_writable, stage, update_metrics
from tinycnn.pipeline.dataset import Dataset
from tinycnn.pipeline.evaluate import Evaluation, evaluate, need_evaluation
from tinycnn.pipeline.model import recipe_named
from tinycnn.pipeline.quantize import QuantizedModels, ensure_quantized
from tinycnn.pipeline.score import Score
from tinycnn.pipeline.train import SEED, TrainedModel, ensure_trained
from tinycnn.progress import Progress
from tinycnn.report import write_report
from tinycnn.targets.flash import flash_files
from tinycnn.targets.targets import Choice, Target, build_target, need_choice
from tinycnn.tflite.arena import predict_arena
from tinycnn.tflite.read import TFLite, read_tflite
from tinycnn.tflite.run import run_tflm

CLASSIFY = ROOT / "device" / "classify.py"
SHIPPED = ROOT / "device" / "digits.tflite"

# Runs in MicroPython: each model on the sample digits, what it needs and takes.
_MEASURE = """\
import json, sys, time
import samples, tflm

for name in sys.argv[1:]:
    interpreter = tflm.Interpreter(name)
    times = []
    right = 0
    for _ in range(25):
        right = 0
        for _, digit, image in samples.SAMPLES:
            interpreter.inputs[0].quantize([p / samples.DARKEST for p in image])
            start = time.ticks_us()
            interpreter.invoke()
            times.append(time.ticks_diff(time.ticks_us(), start))
            right += interpreter.outputs[0].argmax() == digit
    times.sort()
    print(json.dumps([name, interpreter.arena_size, times[len(times) // 2], right]))
"""


Step = Callable[[str], AbstractContextManager[Progress]]
"""`with step("train") as progress:` tells the user what is going on."""

Show = Callable[[str, str], None]
"""Told the name of a model, and what a script on the target printed of it."""


@dataclass(frozen=True)
class Measured:
    """A model on the target: arena in bytes, median time per inference in microseconds.

    `right` is how many of the eight sample digits it classifies as they are.
    """

    arena: int
    microseconds: int
    right: int


@dataclass(frozen=True)
class Demo:
    """What the demo made and found. `runs` and `arenas` are by model name.

    arenas   what each takes on a board, in bytes
    shipped  the model in device/, which is not trained here, and its score on the test part
    """

    trained: TrainedModel
    converted: QuantizedModels
    evaluation: Evaluation
    target: Target
    runs: dict[str, Measured]
    arenas: dict[str, int]
    page: Path
    shipped: TFLite
    shipped_test: Score


def demo(
    dataset: Dataset,
    build: Path,
    target: str,
    step: Step,
    show: Show,
    choice: Choice | None = None,
) -> Demo:
    """Classify on `target` with the model that ships; then train as the article does, quantize,
    classify with that, evaluate, and report.

    What a script prints goes to `show`, with the name of its model. A cross-validation is not
    made: `tinycnn evaluate` does, and what it made is reported. Raises UserError if a step
    fails; what was made before stays and is reused.
    """
    need_writable(build)
    need_choice(target, choice or Choice())
    with step("build") as progress:
        built = build_target(target, choice, progress=progress)
    flash = build / "flash"
    stage(flash, flash_files(build / "models"))
    show(SHIPPED.name, _on_target(built, flash, CLASSIFY))
    with step("train") as progress:
        trained = ensure_trained(dataset, recipe_named("article"), SEED, build, progress)
    with step("quantize") as progress:
        converted = ensure_quantized(dataset, trained, build, progress)
    stage(flash, flash_files(converted.folder))
    made = converted.path(converted.models[-1]).name
    show(made, _classified(built, flash, made))
    with step("evaluate") as progress:
        evaluation = _evaluated(dataset, trained, converted, build, progress)
    with step("report") as progress:
        page = write_report(dataset, trained, converted, evaluation, build, progress)

    shipped = read_tflite(SHIPPED)
    test = dataset.part("test")
    predicted = run_tflm(shipped, test.x).predictions
    right = sum(int(a == b) for a, b in zip(predicted, test.y, strict=True))
    names = sorted(converted.path(model).name for model in converted.models)
    runs = _measured(built, flash, [*names, SHIPPED.name])
    arenas = {
        model.name: predict_arena(model.data).arena for model in (*converted.models, shipped)
    }
    update_metrics(
        build,
        demo={
            "target": built.name,
            "micropython": built.micropython,
            "models": {
                name: {
                    "arena_bytes": run.arena,
                    "microseconds": run.microseconds,
                    "samples_right": run.right,
                }
                for name, run in runs.items()
            },
        },
    )
    score = Score(right, len(test.y))
    return Demo(trained, converted, evaluation, built, runs, arenas, page, shipped, score)


def _evaluated(
    dataset: Dataset,
    trained: TrainedModel,
    converted: QuantizedModels,
    build: Path,
    progress: Progress,
) -> Evaluation:
    """The evaluation on disk if it is of these models, or a new one."""
    try:
        return need_evaluation(dataset, converted.models, build)
    except UserError:
        return evaluate(dataset, converted.models, build, progress, trained=trained)


def _classified(target: Target, flash: Path, model: str) -> str:
    """What classify.py prints for another model, the pictures of digits left out."""
    text = CLASSIFY.read_text()
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / CLASSIFY.name
        script.write_text(text.replace(f'MODEL = "{SHIPPED.name}"', f'MODEL = "{model}"'))
        lines = _on_target(target, flash, script).splitlines()
    return "\n".join([lines[0], *lines[-3:]])


def _measured(target: Target, flash: Path, names: list[str]) -> dict[str, Measured]:
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "measure.py"
        script.write_text(_MEASURE)
        lines = _on_target(target, flash, script, names).splitlines()
    found = {name: Measured(*rest) for name, *rest in map(json.loads, lines)}
    return {Path(name).stem: run for name, run in found.items()}


def _on_target(target: Target, flash: Path, script: Path, args: list[str] | None = None) -> str:
    """What `script` printed. Raises TargetError, with its last line, if it failed."""
    done = target.run(script, args or [], flash=flash, capture=True, timeout=120)
    if done.status != 0:
        raise TargetError(f"{script.name} failed on {target.name}: {done.last_line or 'nothing'}")
    return done.stdout
