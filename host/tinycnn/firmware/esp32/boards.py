"""The boards that firmware is built for, a folder of firmware_build/esp32/boards each.

What is said of memory and clock is MicroPython's and ESP-IDF's, for the settings of its boards.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from tinycnn.errors import UserError

KIB = 1 << 10

Psram = Literal["none", "some", "all"]
"""Which modules of a board have it: firmware for `some` finds it by itself."""


@dataclass(frozen=True)
class Board:
    """A board.

    chip   as esptool names it
    heap   bytes that MicroPython's heap has at its start, without PSRAM: mpconfigport.h,
           MICROPY_GC_INITIAL_HEAP_SIZE
    mhz    CONFIG_ESP_DEFAULT_CPU_FREQ_MHZ in the sdkconfig that ESP-IDF makes
    wifi   whether the firmware has Wi-Fi
    """

    name: str
    chip: str
    heap: int
    mhz: int
    psram: Psram = "none"
    wifi: bool = True

    @property
    def target(self) -> str:
        """The chip, as ESP-IDF names it."""
        return self.chip.lower().replace("-", "")

    @property
    def xtensa(self) -> bool:
        """Whether it is no RISC-V."""
        return self.chip in ("ESP32", "ESP32-S2", "ESP32-S3")

    @property
    def native(self) -> bool:
        """Whether tflm.mpy runs on its stock firmware.

        That of a P4 has the ABI ilp32f. It takes modules of rv32imc, which have ilp32, and each
        float that crosses would be another.
        """
        return self.chip != "ESP32-P4"


BOARDS = {
    board.name: board
    for board in (
        Board("ESP32", "ESP32", 56 * KIB, 160),
        Board("ESP32_SPIRAM", "ESP32", 56 * KIB, 160, "all"),
        Board("ESP32_S2", "ESP32-S2", 64 * KIB, 160, "some"),
        Board("ESP32_S3", "ESP32-S3", 64 * KIB, 160, "some"),
        Board("ESP32_S3_SPIRAM_OCT", "ESP32-S3", 64 * KIB, 240, "all"),
        Board("ESP32_C3", "ESP32-C3", 64 * KIB, 160),
        Board("ESP32_C5", "ESP32-C5", 64 * KIB, 240),
        Board("ESP32_C6", "ESP32-C6", 64 * KIB, 160),
        Board("ESP32_P4", "ESP32-P4", 64 * KIB, 360, "some", wifi=False),
    )
}


def board_named(name: str) -> Board:
    """The board of that name. Raises UserError, which lists them, if there is none."""
    try:
        return BOARDS[name]
    except KeyError:
        letters = re.sub("[^A-Z0-9]", "", name.upper())
        meant = [each for each in BOARDS if each.replace("_", "") == letters]
        hint = f"did you mean {meant[0]}? T" if meant else "t"
        raise UserError(f"no board {name}: {hint}here are {', '.join(BOARDS)}") from None
