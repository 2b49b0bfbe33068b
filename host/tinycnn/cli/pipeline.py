"""The verbs of the pipeline: train, quantize, evaluate, report."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from tinycnn import files
from tinycnn.cli import app
from tinycnn.cli.bars import progress_bar
from tinycnn.cli.data import (
    AnyData,
    Data,
    Gray,
    Label,
    LaterData,
    Scale,
    Shape,
    Size,
    Split,
    Task,
    load_data,
    load_origin,
    options_of,
    origin_of,
    tell_notes,
)
from tinycnn.cli.say import console, say

BuildDir = Annotated[
    Path,
    typer.Option(
        "--build-dir",
        metavar="DIR",
        show_default=False,
        help="Where results go. Without it: build.",
    ),
]


@app.command()
def train(
    data: Data = None,
    model: Annotated[
        Path | None,
        typer.Option(
            "--model", metavar="FILE.keras", help="Train this network, from its weights."
        ),
    ] = None,
    recipe: Annotated[
        str, typer.Option(metavar="NAME", help="How to build and train.")
    ] = "article",
    seed: Annotated[int, typer.Option(metavar="N", help="Same seed, same model.")] = 1337,
    epochs: Annotated[
        int | None, typer.Option(metavar="N", help="Instead of the recipe's own number.")
    ] = None,
    size: Size = None,
    gray: Gray = False,
    shape: Shape = None,
    label: Label = None,
    split: Split = None,
    scale: Scale = None,
    task: Task = None,
    build_dir: BuildDir = files.BUILD,
) -> None:
    """Train a network; write models/model.keras."""
    from tinycnn.pipeline import train as training
    from tinycnn.pipeline.examples import first_taken
    from tinycnn.pipeline.model import load_defined, recipe_named
    from tinycnn.pipeline.reading import Reading

    chosen = recipe_named(recipe)
    how = Reading().but(**options_of(size, gray, shape, label, split, scale, task))
    if model is not None:
        how = how.suiting(data, first_taken(load_defined(model)))
    images = load_data(data, how, "train")
    with progress_bar("train") as progress:
        made = training.train(
            images, chosen, seed, build_dir, progress, epochs=epochs, source=model
        )
    if images.regression:
        worth = f"mean absolute error {made.history.val_error[-1]:.3g} in validation"
    else:
        worth = f"validation accuracy {made.history.val_accuracy[-1]:.2%}"
    say(
        f"{made.path}: {made.parameters} parameters, {made.epochs} epochs in "
        f"{made.seconds:.1f} s, {worth}"
    )


@app.command()
def quantize(
    data: AnyData = None,
    model: Annotated[
        Path | None,
        typer.Option("--model", metavar="FILE.keras", help="Take this trained network instead."),
    ] = None,
    io: Annotated[
        str | None,
        typer.Option(
            metavar="int8|int16|float",
            help="What the quantized model takes and gives. Without it: as its activations.",
        ),
    ] = None,
    activations: Annotated[
        str,
        typer.Option(
            metavar="int8|int16", help="With weights of int8: int16 is 16x8, finer and slower."
        ),
    ] = "int8",
    size: Size = None,
    gray: Gray = False,
    shape: Shape = None,
    label: Label = None,
    split: Split = None,
    scale: Scale = None,
    task: Task = None,
    build_dir: BuildDir = files.BUILD,
) -> None:
    """Convert to float32 and int8 .tflite, and C headers; status 1 if no board runs them."""
    from tinycnn.cli.check import verdict_lines
    from tinycnn.pipeline import quantize as quantizing
    from tinycnn.pipeline.dataset import Dataset
    from tinycnn.pipeline.examples import Examples, data_for
    from tinycnn.pipeline.reading import Reading
    from tinycnn.pipeline.train import adopt, need_trained
    from tinycnn.tflite.divisor import told

    typed = options_of(size, gray, shape, label, split, scale, task)
    given: Dataset | Examples
    if model is None:
        given = load_origin(origin_of(data, typed, build_dir), "quantize")
        source = need_trained(given, build_dir).path
    else:
        with progress_bar("quantize") as progress:
            how = Reading().but(**typed) if typed else None
            given, source = data_for(model, data, how, progress), model
        if isinstance(given, Dataset):
            tell_notes(given)
    with progress_bar("quantize") as progress:
        made = quantizing.quantize(
            given, source, build_dir, progress, io=io, activations=activations
        )
        if model is not None and isinstance(given, Dataset):  # later steps are about it
            adopt(given, model, build_dir)
    for line in made.rebuilt:
        say(line)
    for tflite in made.models:
        say(f"{made.path(tflite)}: {tflite.size} bytes, {len(tflite.ops)} ops")
    say(told(given.maximum) if given.maximum else f"takes values as they are in {given.name}")
    say(made.agreement.told(activations))
    if made.int8.name not in made.unfit:
        for line in verdict_lines(made.int8.data, made.path(made.int8)):
            say(f"{activations}: {line}")
    for name, why in made.unfit.items():
        say(f"tinycnn: no board runs {name}.tflite: {why}", err=True)
    if made.unfit:
        sys.exit(1)


@app.command()
def evaluate(
    data: LaterData = None,
    tflite: Annotated[
        Path | None,
        typer.Option("--tflite", metavar="FILE", help="Evaluate this model alone."),
    ] = None,
    folds: Annotated[
        int | None,
        typer.Option(
            metavar="K",
            help="Blocks of the cross-validation; 0 for none. Without it: 5, or 0 with teachers.",
        ),
    ] = None,
    size: Size = None,
    gray: Gray = False,
    shape: Shape = None,
    label: Label = None,
    split: Split = None,
    scale: Scale = None,
    task: Task = None,
    build_dir: BuildDir = files.BUILD,
) -> None:
    """Measure accuracy and time in Keras, LiteRT and TFLM."""
    from tinycnn.cli.tables import print_evaluation
    from tinycnn.pipeline import evaluate as evaluating
    from tinycnn.pipeline.crossval import ensure_cross_validated
    from tinycnn.pipeline.quantize import need_quantized
    from tinycnn.pipeline.train import need_trained
    from tinycnn.tflite.read import read_tflite

    origin = origin_of(data, options_of(size, gray, shape, label, split, scale, task), build_dir)
    if tflite is not None:
        model = read_tflite(tflite)
        images = load_origin(origin.suiting(model.inputs[0].shape[1:]), "evaluate")
        with progress_bar("evaluate") as progress:
            found = evaluating.evaluate_file(images, model, build_dir, progress)
    else:
        images = load_origin(origin, "evaluate")
        trained = need_trained(images, build_dir)
        models = need_quantized(images, trained, build_dir).models
        with progress_bar("cross-validate") as progress:
            crossed = ensure_cross_validated(images, trained, build_dir, progress, folds=folds)
        with progress_bar("evaluate") as progress:
            found = evaluating.evaluate(
                images, models, build_dir, progress, trained=trained, cross_validation=crossed
            )
    print_evaluation(console(), found)


@app.command()
def report(data: LaterData = None, build_dir: BuildDir = files.BUILD) -> None:
    """Draw the figures; write report.html."""
    from tinycnn.pipeline.evaluate import need_evaluation
    from tinycnn.pipeline.quantize import need_quantized
    from tinycnn.pipeline.train import need_trained
    from tinycnn.report import write_report

    images = load_origin(origin_of(data, {}, build_dir), "report")
    trained = need_trained(images, build_dir)
    converted = need_quantized(images, trained, build_dir)
    found = need_evaluation(images, converted.models, build_dir)
    with progress_bar("report") as progress:
        page = write_report(images, trained, converted, found, build_dir, progress)
    say(str(page))
