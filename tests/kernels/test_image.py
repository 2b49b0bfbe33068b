"""The picture of a camera, as image.c fits it, against numpy."""

from __future__ import annotations

import ctypes

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel_library import GUARD, Kernels
from tinycnn.errors import UserError
from tinycnn.pipeline.images import fit_image

Bytes = npt.NDArray[np.uint8]

FORMATS = ("gray", "rgb565le", "rgb565be", "rgb888")
"""In the order of image_format_t."""


class Image(ctypes.Structure):
    _fields_ = (
        ("data", ctypes.c_void_p),
        ("width", ctypes.c_uint32),
        ("height", ctypes.c_uint32),
        ("format", ctypes.c_int),
    )


def packed(image: Bytes, name: str) -> bytes:
    """The picture's bytes as a camera sends them."""
    if not name.startswith("rgb565"):
        return image.tobytes()
    red, green, blue = (image[..., c].astype(np.uint16) for c in range(3))
    words = red >> 3 << 11 | green >> 2 << 5 | blue >> 3
    return words.astype("<u2" if name.endswith("le") else ">u2").tobytes()


def seen(image: Bytes, name: str, channels: int) -> Bytes:
    """What is left of it in that format, as fit_image takes it."""
    if not name.startswith("rgb565"):
        return image
    red, green, blue = (image[..., c].astype(int) >> s for c, s in enumerate((3, 2, 3)))
    if channels == 1:
        gray = (1259 * red + 1217 * green + 480 * blue + 256) >> 9
        return gray.astype(np.uint8)
    whole = [red << 3 | red >> 2, green << 2 | green >> 4, blue << 3 | blue >> 2]
    return np.stack(whole, axis=-1).astype(np.uint8)


def fitted(
    kernels: Kernels,
    data: bytes,
    size: tuple[int, int],
    name: str,
    shape: tuple[int, int, int],
) -> Bytes:
    """By the kernel: level v is 255 - v, and nothing around the output is written."""
    levels = np.arange(255, -1, -1, dtype=np.uint8)
    count = int(np.prod(shape))
    room = np.full(count + 2 * GUARD, 0x5A, np.uint8)
    source = np.frombuffer(data, np.uint8).copy()
    image = Image(source.ctypes.data, size[1], size[0], FORMATS.index(name))
    height, width, channels = shape
    kernels.function("image_fit")(
        ctypes.byref(image),
        *map(ctypes.c_uint32, (width, height, channels)),
        ctypes.c_void_p(levels.ctypes.data),
        ctypes.c_void_p(room.ctypes.data + GUARD),
    )
    assert (room[:GUARD] == 0x5A).all() and (room[-GUARD:] == 0x5A).all()
    return 255 - room[GUARD:-GUARD].reshape(shape)


sides = st.integers(1, 40)


@settings(deadline=None, max_examples=300)
@given(
    size=st.tuples(sides, sides),
    shape=st.tuples(sides, sides, st.sampled_from([1, 3])),
    name=st.sampled_from(FORMATS),
    seed=st.integers(0, 2**32 - 1),
)
def test_as_numpy_has_it(
    kernels: Kernels,
    size: tuple[int, int],
    shape: tuple[int, int, int],
    name: str,
    seed: int,
) -> None:
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 256, size if name == "gray" else (*size, 3), dtype=np.uint8)
    found = fitted(kernels, packed(image, name), size, name, shape)
    assert (found == fit_image(seen(image, name, shape[2]), *shape)).all()


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [(4095, 4095), (1, 4095), (4095, 1)])
def test_white_stays_white(
    kernels: Kernels, name: str, channels: int, size: tuple[int, int]
) -> None:
    """Of the largest picture no sum overflows."""
    white = np.full(size if name == "gray" else (*size, 3), 255, np.uint8)
    found = fitted(kernels, packed(white, name), size, name, (3, 2, channels))
    assert (found == 255).all()


def test_a_ramp_by_hand() -> None:
    """Four pixels become three: 0, 30, 60, 90 cover 4/3 of a pixel each."""
    ramp = np.array([[0, 30, 60, 90]], np.uint8)
    found = fit_image(np.repeat(ramp, 4, axis=0), 3, 3, 1)[0, :, 0]
    assert found.tolist() == [8, 45, 83]  # of 30 / 4, (30 + 60) / 2 and (60 + 3 * 90) / 4


def test_the_middle_is_cut_out() -> None:
    image = np.zeros((4, 8), np.uint8)
    image[:, 2:6] = 200
    assert (fit_image(image, 2, 2, 1) == 200).all()
    assert (fit_image(image.T.copy(), 2, 2, 1) == 200).all()


@pytest.mark.parametrize("shape", [(0, 4), (4,), (4, 4, 2), (2, 2, 3, 1)])
def test_no_picture(shape: tuple[int, ...]) -> None:
    with pytest.raises(UserError, match="a picture has rows, columns"):
        fit_image(np.zeros(shape, np.uint8), 2, 2, 1)
