"""The verb `draw`."""

from __future__ import annotations

from typing import Annotated

import typer

from tinycnn.cli import app
from tinycnn.cli.bars import progress_bar
from tinycnn.cli.say import say
from tinycnn.cli.targets import ImageOption, QemuOption, TargetName

LISTEN = 8016


@app.command()
def draw(
    target: Annotated[
        TargetName | None,
        typer.Option(
            help="What classifies; as for `simulate`. Without it: the board of --port, or "
            "unix-hosted."
        ),
    ] = None,
    port: Annotated[
        str | None,
        typer.Option(metavar="PORT", help="A board with tflm, and the model, on it."),
    ] = None,
    qemu: QemuOption = None,
    image: ImageOption = None,
    listen: Annotated[
        int, typer.Option(metavar="N", min=0, max=65535, help="The page's port; 0 for any.")
    ] = LISTEN,
) -> None:
    """Draw digits on a local page; MicroPython classifies each stroke. Ctrl-C ends it."""
    import tempfile
    from pathlib import Path

    from tinycnn.draw.classifier import Classifier
    from tinycnn.draw.server import listening
    from tinycnn.files import board_files, models_in, stage
    from tinycnn.targets.console import board_on, console_on
    from tinycnn.targets.targets import Choice, build_target, need_choice

    chosen = (target or (TargetName.unix_hosted if port is None else TargetName.esp32)).value
    choice = Choice(port=port, qemu=qemu, image=image)
    need_choice(chosen, choice)
    with tempfile.TemporaryDirectory() as folder:
        if chosen == TargetName.esp32:
            opens = board_on(port)
        else:
            stage(Path(folder), models_in(board_files()))
            with progress_bar(chosen) as show:
                opens = console_on(build_target(chosen, choice, progress=show), Path(folder))
        classifier = Classifier(opens)
        try:
            with listening(listen, classifier) as server:
                facts = classifier.facts()
                say(f"{facts.machine}, MicroPython {facts.micropython}, engine {facts.engine}")
                say(f"draw at {server.url} until Ctrl-C")
                server.serve_forever()
        finally:
            classifier.close()
