"""Pictures as a model takes them: what `Tensor.load_image` does on a board, in numpy.

So what a model is trained on is made as what it will be asked about.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinycnn.errors import UserError

__all__ = ["fit_image"]

Bytes = npt.NDArray[np.uint8]


def fit_image(image: Bytes, height: int, width: int, channels: int) -> Bytes:
    """The middle of a picture, cut to the shape width:height and made that large.

    image     (rows, columns) of gray, or (rows, columns, 3) of red, green and blue, 0 to 255
    channels  1 for gray, 3 for colour

    Returns (height, width, channels) of 0 to 255: averages of the area that each covers,
    rounded half up. Gray is (19595 R + 38470 G + 7471 B) / 65536 of each pixel, rounded: ITU-R
    BT.601. As firmware_build/kernels/image.c, bit for bit. Raises UserError for a picture of
    another shape, or one without pixels.
    """
    shape_fits = image.ndim == 2 or (image.ndim == 3 and image.shape[2] == 3)
    if not shape_fits or image.size == 0:
        raise UserError(f"a picture has rows, columns and 1 or 3 colours, not {image.shape}")
    # In float64, whose products of matrices are fast: exact, as no sum comes near 2**53.
    values = image.astype(np.float64)
    if image.ndim == 3 and channels == 1:
        red, green, blue = np.moveaxis(values, 2, 0)
        values = np.floor((19595 * red + 38470 * green + 7471 * blue + 32768) / 65536)
    values = values.reshape(*image.shape[:2], -1)
    rows, columns = image.shape[:2]
    if columns * height > rows * width:
        taken = rows, max(rows * width // height, 1)
    else:
        taken = max(columns * height // width, 1), columns
    top, left = (rows - taken[0]) // 2, (columns - taken[1]) // 2
    values = values[top : top + taken[0], left : left + taken[1]]
    below = _weights(taken[0], height) @ values.reshape(taken[0], -1)
    across = below.reshape(height, taken[1], -1).transpose(0, 2, 1) @ _weights(taken[1], width).T
    sums = across.transpose(0, 2, 1).astype(np.int64)
    area = taken[0] * taken[1]
    averages = ((sums + area // 2) // area).astype(np.uint8)
    return np.broadcast_to(averages, (height, width, channels))


def _weights(pixels: int, made: int) -> npt.NDArray[np.float64]:
    """How much of each pixel one that is made covers: a pixel is `made` parts of that."""
    ends = np.arange(1, pixels + 1) * made
    stops = np.arange(1, made + 1)[:, None] * pixels
    overlap = np.minimum(ends, stops) - np.maximum(ends - made, stops - pixels)
    return overlap.clip(min=0).astype(np.float64)
