"""Reading what was counted: marks, dumps, multiply-accumulates, and what is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from host_helpers import Command, assert_one_line_error
from tflite_models import INT8, OP, RELU, SIGN, Tensor, one_op, schema
from tinycnn import bench
from tinycnn.bench import Bench, Part, Row, callgrind, measure
from tinycnn.bench.count import ByClock, Count, count_instructions
from tinycnn.bench.kernels import ESP_NN, TFLM
from tinycnn.bench.models import Model
from tinycnn.errors import MissingToolError, TargetError
from tinycnn.files import ROOT
from tinycnn.targets.completed import TIMED_OUT, Completed
from tinycnn.tflite.macs import count_macs

DIGITS = ROOT / "device" / "digits.tflite"


def window(kind: type, stride: int) -> object:
    options = kind()
    options.strideH = options.strideW = stride
    return options


def test_multiply_accumulates_of_each_op() -> None:
    image = Tensor([1, 8, 6, 3], INT8)
    conv = one_op(
        OP.CONV_2D,
        [image, Tensor([5, 3, 2, 3], INT8, [0] * 90)],
        Tensor([1, 4, 3, 5], INT8),
        window(schema.Conv2DOptionsT, 2),
    )
    assert count_macs(conv) == 4 * 3 * 5 * (3 * 2 * 3)
    depthwise = one_op(
        OP.DEPTHWISE_CONV_2D,
        [image, Tensor([1, 3, 2, 12], INT8, [0] * 72)],
        Tensor([1, 8, 6, 12], INT8),
        window(schema.DepthwiseConv2DOptionsT, 1),
    )
    assert count_macs(depthwise) == 8 * 6 * 12 * (3 * 2)
    dense = one_op(
        OP.FULLY_CONNECTED,
        [Tensor([1, 144], INT8), Tensor([7, 144], INT8, [0] * 1008)],
        Tensor([1, 7], INT8),
    )
    assert count_macs(dense) == 7 * 144
    assert count_macs(RELU) == 0


def test_multiply_accumulates_of_a_network() -> None:
    """3x3x13, the same padded, a pool, 2x2x13, dense, on 8x8x1."""
    convs = 6 * 6 * 13 * 9 + 6 * 6 * 13 * 9 * 13 + 2 * 2 * 13 * 4 * 13
    assert count_macs(DIGITS.read_bytes()) == convs + 10 * 52


def dump(part: int, total: int, trigger: str = "--dump-before=clock_gettime*") -> str:
    return (
        f"# callgrind format\nversion: 1\npart: {part}\n\ndesc: Trigger: {trigger}\n\n"
        f"events: Ir\nsummary: {total}\n\nfn=(1) f\n0 {total}\n\ntotals: {total}\n"
    )


END = "Program termination"


def test_dumps_in_any_order_are_phases() -> None:
    """What ran before the first mark, between phases, and behind the last is none."""
    dumps = [dump(10, 1), dump(2, 200), dump(1, 77), dump(3, 5), dump(4, 400)]
    dumps += [dump(n, 10 * n) for n in range(5, 10)] + [dump(11, 9, END)]
    assert callgrind.phases(dumps) == [200, 400, 60, 80, 1]


@pytest.mark.parametrize(
    "dumps",
    [
        [],
        [dump(1, 5, END)[:-9]],
        [dump(1, 5), dump(2, 5, END)],
        [dump(1, 5), dump(2, 5), dump(3, 5)],
        [dump(1, 5), dump(2, 5, END), dump(3, 5, END)],
    ],
)
def test_dumps_that_are_no_phases_are_one_line(dumps: list[str]) -> None:
    with pytest.raises(TargetError, match=r"^callgrind wrote [^\n]+$"):
        callgrind.phases(dumps)


PRINTED = (
    "{'phases': [('load', 300), ('load', 302), ('nothing', 20), ('invoke', 1020), %s"
    "('raw', 1220)], 'heap': 5, 'arena': 6, 'kept': 7, 'micropython': '1.28.0', 'tflm': 'abc'}"
)


class Clock(ByClock):
    """Ten calls and two loads."""

    def __init__(self, printed: str, status: int = 0) -> None:
        def run(script: Path | None, args: Sequence[str] = (), **_: object) -> Completed:
            assert script is not None and (script.parent / "model.tflite").is_file()
            assert list(args) == ["10", "2", "64"]  # RELU has an arena of 64 bytes
            return Completed(status, printed, "", 0)

        super().__init__(run)

    def times(self, macs: int) -> tuple[int, int]:
        return 10, 2


def test_ticks_are_thousands_of_instructions() -> None:
    found = count_instructions(Model("m", RELU), Clock(PRINTED % "('predict', 2020), "))
    assert (found.load, found.invoke, found.predict, found.raw) == (
        301_000,
        100_000,
        200_000,
        120_000,
    )
    assert (found.heap, found.arena, found.kept) == (5, 6, 7)
    assert (found.micropython, found.tflm) == ("1.28.0", "abc")


@pytest.mark.parametrize("phase", ["", "('no room for predict', 90), "])
def test_heap_without_room_for_a_list(phase: str) -> None:
    found = count_instructions(Model("m", RELU), Clock(PRINTED % phase))
    assert (found.predict, found.raw) == (None, 120_000)


def test_heap_without_room_for_an_image() -> None:
    full = (PRINTED % "").replace("'raw'", "'no room for raw'")
    assert count_instructions(Model("m", RELU), Clock(full)).raw is None


def test_heap_without_room_for_the_model() -> None:
    full = (PRINTED % "").replace("'load'", "'no room for load'")
    with pytest.raises(TargetError, match="the heap has no room for load"):
        count_instructions(Model("m", RELU), Clock(full))


@pytest.mark.parametrize(
    ("printed", "status", "told"),
    [
        ("Traceback:\nMemoryError: no \x1b[2J\n", 1, r"^MemoryError: no \\x1b\[2J$"),
        ("", 1, "^it said nothing$"),
        ("", TIMED_OUT, "took longer than"),
    ],
)
def test_script_that_fails_is_one_line(printed: str, status: int, told: str) -> None:
    with pytest.raises(TargetError, match=told):
        count_instructions(Model("m", RELU), Clock(printed, status))


def test_verb_refuses_what_cannot_be_counted(command: Command, tmp_path: Path) -> None:
    strange, all_ops = tmp_path / "cos.tflite", tmp_path / "hard_swish.tflite"
    strange.write_bytes(SIGN)
    all_ops.write_bytes(one_op(OP.HARD_SWISH, [Tensor([1, 8])], Tensor([1, 8])))
    assert_one_line_error(command("bench", tmp_path / "none.tflite"), "No such file")
    assert_one_line_error(command("bench", __file__), "no valid model")
    assert_one_line_error(command("bench", strange), "SIGN")
    assert_one_line_error(command("bench", all_ops), "HARD_SWISH", "--ops cnn")


def test_verb_refuses_a_model_of_two_inputs(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "add.tflite"
    options = schema.AddOptionsT()
    path.write_bytes(one_op(OP.ADD, [Tensor([1, 8])] * 2, Tensor([1, 8]), options))
    assert_one_line_error(command("bench", path), "2 inputs and 1 outputs")


def test_without_valgrind_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingToolError, match=r"valgrind is missing: .*apt install valgrind"):
        measure("unix", [Model("m", RELU)])


def test_verb_shows_each_row_and_writes_all(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    row = Row(
        "digits", 5232, 62_192, Count(1_000, 124_384, None, 3_000, 960, 7, 8, "1.28.0", "a" * 40)
    )
    parts = (
        Part(TFLM, "gcc 1", {"tflm": 1_100, "esp_nn": 0, "module": 34}, (row,), ()),
        Part(ESP_NN, "", {}, (row,), ("unix cannot count cifar: it said nothing",)),
    )
    monkeypatch.setattr(bench, "measure", lambda *given, **more: Bench("unix", parts))
    monkeypatch.setattr(bench, "RESULT", tmp_path / "bench.json")
    monkeypatch.setenv("COLUMNS", "200")
    said = command("bench", DIGITS)
    assert said.status == 0
    assert said.err == "tinycnn: unix cannot count cifar: it said nothing\n"
    cells = [
        "digits",
        "5,232",
        "62,192",
        "1,000",
        "124,384",
        "2.0",
        "no room",
        "3,000",
        "960",
        "8",
    ]
    for kernels in (TFLM, ESP_NN):
        (line,) = [
            line for line in said.out.splitlines() if f" {kernels} " in line and "digits" in line
        ]
        assert set(cells) <= set(re.split(r" *│ *", line))
    assert "flash with TFLM: 1,134 bytes: tflm 1,100, module 34\n" in said.out
    assert "counted with TFLM: MicroPython 1.28.0, TFLM aaaaaaaaaa, gcc 1\n" in said.out
    assert (
        json.loads((tmp_path / "bench.json").read_bytes())["parts"][1]["rows"][0]["macs"] == 62_192
    )


def test_verbs_take_an_emulator_where_there_is_one(command: Command) -> None:
    for verb in ("bench", "demo"):
        done = command(verb, "--target", "unix", "--image", "x.bin")
        assert_one_line_error(done, "the target unix takes no --image", "qemu-esp32c3")
    done = command("bench", "--target", "qemu-esp32c3", "--qemu", "no/such/qemu")
    assert_one_line_error(done, "no/such/qemu")
