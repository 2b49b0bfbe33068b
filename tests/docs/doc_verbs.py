"""The verbs of the command line and the tables of their options.

`python tests/docs/doc_verbs.py` brings the help and the tables in docs/cli.md up to
date; the text below each table is written by hand.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from dataclasses import dataclass
from enum import Enum
from typing import Any

import typer

from tinycnn import cli
from tinycnn.files import ROOT

ROW = "| {} | {} | {} |"
NO_OPTIONS = "It has no options."


@dataclass(frozen=True)
class Option:
    """One option or argument; `default` is "" if there is none to show."""

    name: str
    takes: str
    help: str
    default: str


@dataclass(frozen=True)
class Verb:
    """One command, like "train" or "firmware fetch"."""

    name: str
    help: str
    options: tuple[Option, ...]

    def table(self) -> str:
        """Its options in Markdown."""
        if not self.options:
            return NO_OPTIONS
        head = [ROW.format("option", "what", "default"), ROW.format("---", "---", "---")]
        rows = [
            ROW.format(f"`{f'{o.name} {o.takes}'.strip()}`".replace("|", "\\|"), o.help, o.default)
            for o in self.options
        ]
        return "\n".join(head + rows)


def verbs() -> dict[str, Verb]:
    """Every verb by its name, groups left out and their verbs taken in."""
    for module in pkgutil.iter_modules(cli.__path__, f"{cli.__name__}."):
        importlib.import_module(module.name)  # each adds its verbs
    return {verb.name: verb for verb in _verbs(typer.main.get_command(cli.app), "")}


def _verbs(command: Any, name: str) -> list[Verb]:
    inside = getattr(command, "commands", None)
    if inside is not None:
        return [v for key, sub in inside.items() for v in _verbs(sub, f"{name} {key}".strip())]
    return [Verb(name, command.help or "", tuple(_option(p) for p in command.params))]


def _option(parameter: Any) -> Option:
    default = parameter.default
    shown = parameter.show_default and default not in (None, [], ())
    text = str(default.value if isinstance(default, Enum) else default) if shown else ""
    name = parameter.opts[0]
    takes = parameter.metavar or "" if name.startswith("--") else ""
    if not name.startswith("--"):
        name = parameter.metavar or name
    return Option(name, takes, " ".join((parameter.help or "").split()), text)


def updated(page: str) -> str:
    """The page with each verb's help and table as they are now, new verbs at the end."""
    for verb in verbs().values():
        heading = f"## {verb.name}\n\n"
        head = f"{heading}{verb.help}\n\n{verb.table()}\n"
        old = re.compile(rf"^{re.escape(heading)}.*?\n\n(?:(?:\|.*\n)+|{NO_OPTIONS}\n)", re.M)
        page, found = old.subn(lambda match, head=head: head, page)
        if not found:
            page += f"\n{head}"
    return page


def main() -> None:
    path = ROOT / "docs" / "cli.md"
    path.write_text(updated(path.read_text()))


if __name__ == "__main__":
    main()
