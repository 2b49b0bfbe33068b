"""What the images were divided by before training, kept with the model.

A metadata entry of the .tflite, by the name of NAME: four bytes, a little-endian float32. A
network that learned from values of 0 to 1 takes raw / divisor; without this, whoever has a
camera's 0 to 255 and a .tflite has no way to know.
"""

from __future__ import annotations

import math
import struct

NAME = "tinycnn.input"

_FORMAT = "<f"


def packed(divisor: float) -> bytes:
    """The bytes of the entry; `divisor` > 0, within float32."""
    return struct.pack(_FORMAT, divisor)


def unpacked(data: bytes) -> float | None:
    """The divisor that `data` tells; None if it is no such entry."""
    if len(data) != struct.calcsize(_FORMAT):
        return None
    (divisor,) = struct.unpack(_FORMAT, data)
    return divisor if math.isfinite(divisor) and divisor > 0 else None


def told(divisor: float | None) -> str:
    """What a user is to do with raw values, in a few words."""
    if divisor is None:
        return "does not tell what its training data were divided by"
    if divisor == 1:
        return "trained on raw values: give it those"
    return f"trained on raw values divided by {divisor:g}: give it raw / {divisor:g}"
