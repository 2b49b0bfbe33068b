"""Emulated chips for tests, which skip where there is none and say what is missing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from host_helpers import TOOLS
from tinycnn.errors import MissingToolError
from tinycnn.targets.esp32 import ESP32, ESP32C3, Emulator, Machine, find_emulator

MACHINES = (ESP32, ESP32C3)


def need_emulator(machine: Machine) -> Emulator:
    """The emulator of `machine`; skips the test if there is none."""
    try:
        return find_emulator(machine)
    except MissingToolError as error:
        pytest.skip(f"{TOOLS}{error}")


def stock_image(machine: Machine) -> Path:
    """A MicroPython image as upstream publishes it; skips the test if none is named."""
    variable = f"TINYCNN_STOCK_{machine.name.upper()}"
    if name := os.environ.get(variable):
        return Path(name)
    pytest.skip(f"{TOOLS}{variable} names no MicroPython image for {machine.chip}")
