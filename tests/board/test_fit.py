"""Does a model find room on a board: areas, pieces, and what is said of both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from host_helpers import Command, assert_one_line_error
from skips import or_skip
from tflite_models import INT8, INT32, OP, Tensor, by_hand, one_op, schema
from tinycnn.board.fit import NATIVE, PROMPT, Need, fit, has_room, heap_areas, rom_size
from tinycnn.errors import MissingToolError
from tinycnn.files import ROOT
from tinycnn.firmware.esp32.boards import BOARDS, KIB
from tinycnn.firmware.native import build_native

DIGITS = ROOT / "device" / "digits.tflite"
C3, ESP32, PSRAM, P4 = (BOARDS[name] for name in ("ESP32_C3", "ESP32", "ESP32_SPIRAM", "ESP32_P4"))


def wide(size: int) -> bytes:
    """With an arena of twice `size` bytes, and a small file."""
    return one_op(OP.RELU, [values(size)], values(size))


def heavy(size: int) -> bytes:
    """With weights of `size` bytes, and a small arena."""
    units = size // 256
    weights = Tensor([units, 256], INT8, [[1] * 256] * units, scale=0.5)
    bias = Tensor([units], INT32, [1] * units, scale=0.25)
    options = schema.FullyConnectedOptionsT()
    return one_op(OP.FULLY_CONNECTED, [values(256), weights, bias], values(units), options)


def values(size: int) -> Tensor:
    return Tensor([1, size], INT8, scale=0.5)


def test_heap_grows_once_without_psram_and_on_with_it() -> None:
    assert heap_areas(C3) == (62 * KIB, 62 * KIB)
    assert heap_areas(ESP32) == (54 * KIB, 54 * KIB)
    assert heap_areas(replace(C3, psram="some")) == heap_areas(C3)
    sizes = [each // KIB for each in heap_areas(PSRAM)]
    assert sizes == [54, 54, 109, 218, 436, 873]


def test_each_piece_lies_in_one_area() -> None:
    areas = (10 * KIB, 8 * KIB)
    first = areas[0] - PROMPT
    assert has_room(areas, Need(first, 8 * KIB, 0))
    assert not has_room(areas, Need(first + 1, 8 * KIB, 0))
    assert not has_room(areas, Need(first, 8 * KIB, 1))
    assert not has_room(areas, Need(0, 9 * KIB, 0))
    assert has_room(areas, Need(first - 1, 1, 0), less=9 * KIB)
    assert not has_room(areas, Need(first, 1, 0), less=8 * KIB)


def test_model_in_flash_takes_no_heap_but_finds_room_there() -> None:
    small, large = fit(heavy(100 * KIB), C3), fit(heavy(rom_size()), C3)
    assert (small.copied, small.flash, small.psram) == (False, True, True)
    assert (large.copied, large.flash, large.psram) == (False, False, True)
    assert fit(heavy(rom_size()), PSRAM).fits
    assert rom_size() == 512 * KIB


def test_module_takes_the_place_of_an_area() -> None:
    small, large = fit(heavy(50 * KIB), C3), fit(heavy(60 * KIB), C3)
    assert (small.copied, small.native_fits) == (True, True)
    assert (large.copied, large.native_fits) == (True, False)
    assert not fit(heavy(50 * KIB), P4).native_fits


@pytest.mark.parametrize(
    ("made", "board", "lines", "status"),
    [
        (DIGITS.read_bytes, "ESP32_C3", [
            "ESP32_C3 has a heap of 124 KB, with Wi-Fi on: 62 KB in one piece at most",
            "it fits, in a file or in flash",
            "the module 60 KB more: it fits",
            "instructions of invoke(), 1.18 ms at 160 MHz if each takes a cycle",
            "of 8 networks on an emulated ESP32-C3 it was -12% to +2% off",
        ], 0),
        (DIGITS.read_bytes, "ESP32_S3", [
            "with Wi-Fi on, on a module without PSRAM: 62 KB",
            "by our kernels, as in tflm.mpy; firmware with tflm has Espressif's here",
            "of 7 networks on an emulated ESP32 it was",
        ], 0),
        (DIGITS.read_bytes, "ESP32_P4", [
            "ESP32_P4 has a heap of 124 KB, on a module without PSRAM: 62 KB",
            "stock firmware: tflm.mpy does not run on this chip",
        ], 0),
        (lambda: wide(40 * KIB), "ESP32_C3", [
            "it does not fit: a smaller input or fewer channels make the arena smaller; "
            "a board with PSRAM has room",
            "it does not fit",
        ], 1),
        (lambda: heavy(rom_size()), "ESP32", [
            "it does not fit: a smaller model would lie in flash; a board with PSRAM has room",
        ], 1),
        (lambda: heavy(100 * KIB), "ESP32_C3", [
            "it fits if it is in flash: `tinycnn romfs`, or `tinycnn firmware build --freeze`",
            "the module 60 KB more: it does not fit",
        ], 0),
        (lambda: by_hand()["add_zeros"], "ESP32_SPIRAM", [
            "ESP32_SPIRAM has a heap of 1745 KB, with Wi-Fi on, in PSRAM of 2 MB: 873 KB",
        ], 0),
        (lambda: one_op(OP.FULLY_CONNECTED, [Tensor([1, 4]), Tensor([2, 4], data=[0] * 8)],
                        Tensor([1, 2]), schema.FullyConnectedOptionsT()), "ESP32_C3", [
            "stock firmware with tflm.mpy: it does not run there, see above",
            "no estimate of its speed: nobody counted FULLY_CONNECTED of FLOAT32",
        ], 0),
        (lambda: by_hand()["fill_f"], "ESP32_C3", [
            "without FILL of INT32, which nobody counted",
        ], 1),
    ],
)  # fmt: skip
def test_check_says_whether_it_fits(
    command: Command,
    tmp_path: Path,
    made: Callable[[], bytes],
    board: str,
    lines: list[str],
    status: int,
) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(made())
    done = command("check", path, "--board", board)
    assert (done.status, done.err) == (status, "")
    told = iter(done.out.splitlines())
    for line in lines:
        assert any(line in each for each in told), (line, done.out)


def test_board_that_there_is_not_is_one_line(command: Command) -> None:
    done = command("check", DIGITS, "--board", "ESP32_C7")
    assert_one_line_error(done, "no board ESP32_C7: there are ESP32, ESP32_SPIRAM, ESP32_S2")
    done = command("check", DIGITS, "--board", "esp32-c3")
    assert_one_line_error(done, "no board esp32-c3: did you mean ESP32_C3? There are ESP32, ")


@pytest.mark.parametrize("arch", ["rv32imc", "xtensawin"])
def test_module_is_no_larger_than_is_reckoned_with(arch: str) -> None:
    with or_skip(MissingToolError):
        size = build_native(arch).path.stat().st_size
    assert NATIVE - 4 * KIB < size <= NATIVE
