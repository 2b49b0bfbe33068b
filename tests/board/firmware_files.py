"""Firmware images as a build makes them, but with next to nothing in them."""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path

CHIP_IDS = {
    "ESP32": 0,
    "ESP32-S2": 2,
    "ESP32-S3": 9,
    "ESP32-C3": 5,
    "ESP32-C5": 23,
    "ESP32-C6": 13,
    "ESP32-P4": 18,
}
BOOTLOADER = {
    "ESP32": 0x1000,
    "ESP32-S2": 0x1000,
    "ESP32-S3": 0,
    "ESP32-C3": 0,
    "ESP32-C5": 0x2000,
    "ESP32-C6": 0,
    "ESP32-P4": 0x2000,
}
"""By ESP-IDF's guide to flashing; upstream's board.json has them as `flash_offset`."""

_LOAD_ADDRESS = {
    "ESP32": 0x3FFF0000,
    "ESP32-S2": 0x3FFD0000,
    "ESP32-S3": 0x3FCD0000,
    "ESP32-C3": 0x3FCD0000,
    "ESP32-C5": 0x40820000,
    "ESP32-C6": 0x40820000,
    "ESP32-P4": 0x4FF40000,
}
TABLE, APP = 0x8000, 0x10000


def application(chip: str, content: bytes) -> bytes:
    """One bootable part: headers, a segment, checksum and digest."""
    content += bytes(-len(content) % 4)
    head = struct.pack("<BBBBI", 0xE9, 1, 2, 0x20, 0x40080000)
    head += struct.pack("<BBBBHBHHBBBBB", 0xEE, 0, 0, 0, CHIP_IDS[chip], 0, 0, 65535, *[0] * 4, 1)
    body = head + struct.pack("<II", _LOAD_ADDRESS[chip], len(content)) + content
    checksum = 0xEF
    for byte in content:
        checksum ^= byte
    body += bytes(15 - len(body) % 16) + bytes([checksum])
    return body + hashlib.sha256(body).digest()


def partition(name: str, kind: int, offset: int, size: int) -> bytes:
    return struct.pack("<HBBII16sI", 0x50AA, kind, 0, offset, size, name.encode(), 0)


def firmware(chip: str, *, app_size: int = 0x10000, content: bytes = b"app " * 300) -> bytes:
    """A whole image, as it is written at the chip's bootloader address."""
    flash = bytearray(b"\xff" * APP)
    boot = application(chip, b"boot" * 200)
    flash[BOOTLOADER[chip] : BOOTLOADER[chip] + len(boot)] = boot
    table = partition("nvs", 1, 0x9000, 0x6000) + partition("factory", 0, APP, app_size)
    flash[TABLE : TABLE + len(table)] = table
    return bytes(flash[BOOTLOADER[chip] :]) + application(chip, content)


def write_firmware(path: Path, chip: str, *, app_size: int = 0x10000) -> Path:
    path.write_bytes(firmware(chip, app_size=app_size))
    return path
