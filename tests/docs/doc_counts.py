"""The tables of docs/measurements.md that have instructions, as they were recorded.

`python tests/docs/doc_counts.py` brings them up to date.
"""

from __future__ import annotations

import json
import re

from tinycnn.bench import baseline, costs
from tinycnn.bench.models import NAMES
from tinycnn.files import ROOT

PAGE = ROOT / "docs" / "measurements.md"

_HEAD = (
    "| model | multiply-accumulates | kernels | load | `invoke()` | for each m.-a. "
    "| `predict(list)` | raw in, argmax out |\n" + "| --- " * 8 + "|\n"
)


_CHIPS_HEAD = (
    "| model | C3: `invoke()` | `predict(list)` | ESP32: `invoke()` | `predict(list)` |\n"
    + "| --- " * 5 + "|\n"
)  # fmt: skip

_ESTIMATES_HEAD = (
    "| model | estimate | `qemu-rv32` | ESP32-C3 | estimate, Xtensa | ESP32 |\n"
    + "| --- " * 6 + "|\n"
)  # fmt: skip


def tables() -> dict[str, str]:
    """Each table by the line above it: of each target and compiler, of chips, and estimates."""
    return {
        "With our kernels, on emulated chips:": _CHIPS_HEAD + "".join(map(_chips_row, NAMES)),
        "Estimated instructions of `invoke()`, and how far off:": _ESTIMATES_HEAD
        + "".join(map(_estimates_row, NAMES)),
    } | {
        f"On `{target}`, compiled by {compiler}:": _HEAD + _rows(by_kernels)
        for target, by_compiler in baseline.recorded().items()
        if target != baseline.KERNELS
        for compiler, by_kernels in by_compiler.items()
    }


def _rows(by_kernels: dict[str, dict[str, baseline.Counts]]) -> str:
    """A model's rows beneath each other, one for each kind of kernels."""
    names = dict.fromkeys(name for rows in by_kernels.values() for name in rows)
    return "".join(
        _row(name, kernels, rows[name])
        for name in names
        for kernels, rows in by_kernels.items()
        if name in rows
    )


def _row(name: str, kernels: str, counts: baseline.Counts) -> str:
    macs, invoke = counts["macs"], counts["invoke"]
    assert macs and invoke
    cells = [f"`{name}`", f"{macs:,}", kernels, f"{counts['load']:,}", f"{invoke:,}"]
    cells.append(f"{invoke / macs:.1f}")
    cells += ["no room" if counts[f] is None else f"{counts[f]:,}" for f in ("predict", "raw")]
    return f"| {' | '.join(cells)} |\n"


def _chips_row(name: str) -> str:
    chips = json.loads(costs.CHIPS.read_bytes())
    cells = [
        f"{chips[chip][name][figure]:,}" if name in chips[chip] else "no room"
        for chip in (costs.RISCV, costs.XTENSA)
        for figure in ("invoke", "predict")
    ]
    return f"| `{name}` | {' | '.join(cells)} |\n"


def _estimates_row(name: str) -> str:
    estimate = costs.estimated()[name]
    off = [costs.errors(on).get(name) for on in (costs.COUNTED_ON, costs.RISCV, costs.XTENSA)]
    cells = ["" if each is None else f"{each:+.1%}".replace("%", " %") for each in off]
    cells = [f"{estimate:,}", *cells[:2], f"{estimate * costs.ratio():,.0f}", cells[2]]
    return f"| `{name}` | {' | '.join(cells)} |\n"


def updated(page: str) -> str:
    """The page with the tables as they are now, each under its line."""
    for line, table in tables().items():
        old = re.compile(rf"^{re.escape(line)}\n\n(?:\|.*\n)*", re.MULTILINE)
        page, found = old.subn(lambda match, line=line, table=table: f"{line}\n\n{table}", page)
        assert found, f"the page has no line {line!r}"
    return page


def main() -> None:
    PAGE.write_text(updated(PAGE.read_text()))


if __name__ == "__main__":
    main()
