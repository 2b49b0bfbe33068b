"""The verb `demo`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.table import Table

from tinycnn import files
from tinycnn.cli import app
from tinycnn.cli.bars import progress_bar
from tinycnn.cli.say import console, say
from tinycnn.cli.targets import ImageOption, PortOption, QemuOption, TargetName, TargetOption
from tinycnn.progress import Progress

if TYPE_CHECKING:
    from tinycnn.demo import Demo

SHIPPED = "digits.tflite"
MORE = "Cross-validation, which takes a minute or two: tinycnn evaluate\n"


@app.command()
def demo(
    target: TargetOption = TargetName.unix_hosted,
    port: PortOption = None,
    qemu: QemuOption = None,
    image: ImageOption = None,
) -> None:
    """Classify digits in MicroPython, train, quantize, evaluate; no board needed."""
    from tinycnn.cli.tables import print_table
    from tinycnn.demo import demo as run_demo
    from tinycnn.pipeline import dataset as datasets
    from tinycnn.targets.targets import Choice

    choice = Choice(port=port, qemu=qemu, image=image)
    made = run_demo(datasets.load(None), files.BUILD, target.value, _step, _show, choice)
    print_table(console(), _table(made))
    say(
        "Of 8: bundled digits right, in MicroPython "
        f"{made.target.micropython} on the target {made.target.name}.\n"
        "Arena: bytes, on a board. The times above are this machine's; a board takes longer.\n"
        f"{'' if made.evaluation.cross_validation else MORE}Report: {files.shown(made.page)}"
    )


def _show(model: str, printed: str) -> None:
    whose = "ships" if model == SHIPPED else "was made here"
    say(f"\nWith {model}, which {whose}:\n{printed}")


@contextmanager
def _step(title: str) -> Iterator[Progress]:
    """A bar while a step runs, and how long it took when it is done."""
    start = time.monotonic()
    with progress_bar(title) as progress:
        yield progress
    say(f"{title:<10} {time.monotonic() - start:6.1f} s")


def _table(made: Demo) -> Table:
    from tinycnn.pipeline.evaluate import ARTICLE_ACCURACY, ARTICLE_BYTES

    table = Table(
        title="model_*: made here, as the article does; digits: what ships", title_justify="left"
    )
    table.add_column("model", no_wrap=True)
    headings = ("bytes", "article's", "test", "article's", "of 8", "arena")
    for heading in headings:
        table.add_column(heading, justify="right")
    for model in (*made.converted.models, made.shipped):
        run = made.runs[model.name]
        if model is made.shipped:
            accuracy = f"{made.shipped_test.accuracy:.2%}"
        else:
            result = made.evaluation.result(model.name, "TFLM")
            accuracy = f"{result.parts['test'].accuracy:.2%}" if result else model.tflm_error
        article = ARTICLE_ACCURACY.get(model.name)
        table.add_row(
            model.name,
            f"{model.size}",
            f"{ARTICLE_BYTES.get(model.name, '')}",
            accuracy,
            "" if article is None else f"{article:.2%}",
            f"{run.right}",
            f"{made.arenas[model.name]}",
        )
    return table
