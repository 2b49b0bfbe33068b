"""Facts that the pages state and the code knows: they are the same."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from math import ceil
from pathlib import Path

import pytest

import doc_counts
from doc_pages import fences, pages
from host_helpers import Pipeline
from tinycnn.bench import baseline, costs
from tinycnn.board.romfs import model_image
from tinycnn.cli.fit import room_lines, speed_lines
from tinycnn.files import ROOT
from tinycnn.firmware.esp32 import idf
from tinycnn.firmware.esp32.boards import BOARDS
from tinycnn.targets.targets import BUILDS
from tinycnn.tflite.check import check_model
from tinycnn.tflite.divisor import told
from tinycnn.tflite.native import native_need
from tinycnn.tflite.ops import native_set, offered, profile_set

sys.path.append(str(ROOT / "tests" / "device"))
from staging import LACKS

SHIPPED = ROOT / "device" / "digits.tflite"
KERNELS = ("TFLM", "esp-nn", "ours")


def page(name: str) -> str:
    return (ROOT / name).read_text()


def rows(text: str, heading: str) -> Iterator[list[str]]:
    """The cells of each row of the table whose first heading is that."""
    _, _, rest = text.partition(f"\n| {heading} |")
    assert rest, f"no table of {heading}"
    for line in rest.splitlines()[2:]:
        if not line.startswith("|"):
            return
        yield [cell.strip() for cell in line.strip("|").split("|")]


def names(cell: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", cell))


def test_targets_and_what_they_lack() -> None:
    text = page("docs/targets.md")
    listed = [name for row in rows(text, "target") for name in names(row[0])]
    assert sorted(listed) == sorted(BUILDS)
    written = {row[0].strip("`"): names(row[2]) for row in rows(text, "capability")}
    lacking = {
        what: {target for target, lacks in LACKS.items() if what in lacks}
        for what in set().union(*LACKS.values())
    }
    assert written == lacking


def test_boards() -> None:
    assert {row[0].strip("`") for row in rows(page("docs/firmware.md"), "`--board`")} == set(
        BOARDS
    )
    told = {row[0].strip("`"): row for row in rows(page("docs/boards.md"), "`--board`")}
    assert list(told) == list(BOARDS)
    for name, board in BOARDS.items():
        assert f"`{name}`" in page("README.md")
        arch = "xtensawin" if board.xtensa else "rv32imc"
        assert told[name][1] == f"{board.chip}, {board.mhz} MHz"
        assert told[name][3].startswith(f"`{arch}`" if board.native else "[none]")
    _, _, matrix = page(".github/workflows/firmware.yml").partition("        board:\n")
    built, _, _ = matrix.partition("    steps:")
    assert re.findall(r"- (\w+)", built) == list(BOARDS)


def test_ops_in_the_comparison() -> None:
    counts = [len(ops) for ops in (profile_set("cnn").names, offered(), native_set().names)]
    told = "{} ops in the profile `cnn`, {} with all, {} of int8 in `tflm.mpy`".format(*counts)
    assert told in page("docs/compare.md")


def test_versions_of_what_firmware_is_built_from() -> None:
    sources = tomllib.loads((ROOT / "firmware_build" / "sources.toml").read_text())
    text = page("docs/firmware.md")
    assert f"MicroPython {sources['micropython']['tag']} recommends ESP-IDF" in text
    assert f"ESP-IDF {idf.RECOMMENDED}" in text
    oldest, too_new = (".".join(map(str, version)) for version in (idf.OLDEST, idf.TOO_NEW))
    assert f"{oldest} and later, before {too_new}, are taken" in text


def test_partitions() -> None:
    table = (ROOT / "firmware_build" / "esp32" / "boards" / "partitions-4MiB.csv").read_text()
    lines = (line.split(",") for line in table.splitlines() if line and line[0] != "#")
    placed = {words[0].strip(): words for words in lines}
    written = {row[0]: (row[1], row[2]) for row in rows(page("docs/firmware.md"), "from")}
    for name, there in (("factory", "the application"), ("romfs", "ROMFS")):
        start, size = (int(placed[name][column], 0) for column in (3, 4))
        told_size, what = written[hex(start)]
        assert told_size == f"{size >> 10:,} KiB"
        assert what.startswith(there)


def test_variables_of_an_own_build() -> None:
    told = {row[0].strip("`") for row in rows(page("docs/integrate.md"), "variable")}
    head = page("firmware_build/tflm/micropython.mk").partition("\n\n")[0]
    assert told <= set(re.findall(r"^#   (TFLM_\w+)", head, re.MULTILINE))
    assert {"TFLM_DIR", "TFLM_LIB"} <= told


def test_licences_name_every_source() -> None:
    sources = tomllib.loads((ROOT / "firmware_build" / "sources.toml").read_text())
    named = set().union(*(names(row[0]) for row in rows(page("docs/integrate.md"), "part")))
    assert named == set(sources)
    assert sources["esp-tflite-micro"]["commit"] in page("docs/integrate.md")


def test_partitions_for_updates() -> None:
    """They lie one behind the other, applications at multiples of 64 KiB, in 4 MiB."""
    (table,) = (each for each in fences(page("docs/integrate.md")) if each.info == "text ota")
    end = 0x9000
    for line in table.text.splitlines():
        _, kind, _, start, size = (word.strip() for word in line.strip(",").split(","))
        assert int(start, 0) == end, line
        end += int(size, 0)
        if kind == "app":
            assert int(start, 0) % (1 << 16) == 0
            assert int(size, 0) > 1_764_160
    assert end == (4 << 20) - (256 << 10)
    assert "1,764,160" in page("docs/measurements.md")


@pytest.mark.parametrize("path", pages(), ids=lambda path: path.name)
def test_size_of_the_shipped_model(path: Path) -> None:
    size = SHIPPED.stat().st_size
    text = path.read_text()
    found = re.findall(r"digits\.tflite <Interpreter of (\d+) model bytes", text)
    found += re.findall(r"device/digits\.tflite: (\d+) bytes", text)
    assert set(found) <= {str(size)}
    packed = len(model_image({SHIPPED.name: SHIPPED}))
    assert set(re.findall(r"models\.romfs: (\d+) bytes", text)) <= {str(packed)}


def test_what_is_said_of_the_shipped_model() -> None:
    assert f"{SHIPPED.stat().st_size:,} bytes" in page("docs/models.md")
    assert f"  {told(check_model(SHIPPED.read_bytes()).divisor)}\n" in page("docs/cli.md")
    need = native_need(SHIPPED.read_bytes())
    line = f"  arena of {need.arena} bytes in tflm.mpy, and {need.kept} beside it\n"
    assert line in page("docs/cli.md") and line in page("docs/native.md")


def test_room_and_speed_of_the_shipped_model() -> None:
    """As `check --board` tells them."""
    model, board = SHIPPED.read_bytes(), BOARDS["ESP32_C3"]
    lines = [*room_lines(model, board)[1], *speed_lines(model, board)]
    assert "".join(f"    {line}\n" for line in lines) in page("docs/boards.md")


def test_how_far_off_estimates_are() -> None:
    off = [abs(each) for on in (costs.RISCV, costs.XTENSA) for each in costs.errors(on).values()]
    assert f"within {ceil(100 * max(off))} % of what was counted" in page("docs/boards.md")
    assert f"\n{costs.ratio():.2f}. So of the last column" in page("docs/measurements.md")


def test_sizes_of_the_articles_models(quick_pipeline: Pipeline) -> None:
    """Epochs change weights, and no size."""
    small, large = quick_pipeline.converted.int8.size, quick_pipeline.converted.float32.size
    assert f"| bytes, float32 | 5,360 | {large:,} |" in page("docs/article.md")
    assert f"| bytes, int8 | 3,800 | {small:,} |" in page("docs/article.md")
    assert f"<Interpreter of {small} model bytes, 3 ops" in page("README.md")


def test_costs_in_the_readme() -> None:
    """In thousands, by the one compiler that counts on qemu-rv32 are recorded of."""
    ((_, counts),) = baseline.recorded()["qemu-rv32"].items()
    for name, *counted in rows(page("README.md"), "model"):
        wanted = (counts[kernels][name.strip("`")]["invoke"] for kernels in KERNELS)
        assert counted == [f"{count / 1000:,.0f}" for count in wanted]


def test_instructions_are_those_of_the_baseline() -> None:
    text = page("docs/measurements.md")
    assert doc_counts.updated(text) == text, "python tests/docs/doc_counts.py mends that"
