"""More images from few: each one redrawn as another hand might have written it.

scikit-learn's digits are counts: a bitmap of 32x32 was cut into 8x8 blocks, and a pixel
says how many of 16 dots are ink. A rotated digit made from those pixels is a blur that
no scanner gave. So each image is first taken back to a fine one, a smooth field that is
above zero where there is ink and whose blocks count what the pixels say; that is bent
and thickened, and counted again. Photographs have no ink to count, in colours or not: they
are bent as they are, and averaged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace

import numpy as np
import numpy.typing as npt

from tinycnn.arrays import Floats

FINE = 4
"""Fine dots along the side of a pixel."""

_MARGIN = 1  # pixels of paper around the image, so that strokes may leave it
_ROUNDS = 30  # of correcting the fine image until its counts are right
_STEEP = 4.0  # how sharp the edge of ink is meanwhile
_PAPER = -1.0  # the field far from ink
_AT_ONCE = 1 << 21  # dots that are worked on: a dozen arrays of so many floats, at times
_KEPT = 64 << 20  # bytes of fields that are kept; more are made anew each time
_BLANK = 1 / 3
_VIEW = 1.25  # how much more than the image is looked at before it is fitted


@dataclass(frozen=True)
class Augment:
    """The widest changes; each is drawn evenly from -value to value, for each image.

    rotation    degrees
    shear       dots sideways for each dot down
    scale       of the natural logarithm of each side
    elastic     standard deviation of a smooth displacement, in dots (a pixel has 4)
    knots       of that displacement along a side: more is wavier
    thickness   of the level above which there is ink: half a stroke's edge is about 0.5
    shift       dots
    """

    rotation: float = 16.0
    shear: float = 0.3
    scale: float = 0.2
    elastic: float = 1.4
    knots: int = 6
    thickness: float = 0.5
    shift: float = 2.0

    def mild(self) -> Augment:
        """Half of every change."""
        halves = {name: value / 2 for name, value in asdict(self).items() if name != "knots"}
        return replace(self, **halves)


def is_drawing(x: Floats) -> bool:
    """Whether images are strokes on paper: a third of all values or more are 0."""
    return bool((x == 0).mean() >= _BLANK)


class Redrawer:
    """Draws variants of the images `x`, float32 (n, h, w, c) in [0, 1].

    If every image touches the upper and the lower edge, as digits that were fitted into
    their box do, the variants are fitted in the same way.
    """

    def __init__(self, x: Floats) -> None:
        count, height, width, channels = x.shape
        self.count = count
        self._shape = (height, width, channels)
        self.inked = channels == 1 and is_drawing(x)
        ink = x.max(axis=(2, 3)) > 0
        self.fitted = bool(self.inked and ink[:, 0].all() and ink[:, -1].all())
        planes = x.transpose(0, 3, 1, 2).reshape(count * channels, height, width)
        self._planes = np.pad(planes, ((0, 0), (_MARGIN, _MARGIN), (_MARGIN, _MARGIN)))
        self._fields: Floats | None = None
        if self._planes.nbytes * FINE * FINE <= _KEPT:
            self._fields = self._fields_of(np.arange(len(planes)))

    def draw(
        self, indices: npt.NDArray[np.int64], generator: np.random.Generator, how: Augment
    ) -> Floats:
        """A variant of each of the images `indices`, float32 (len, h, w, c) in [0, 1]."""
        height, width, _ = self._shape
        n = len(indices)
        bend = _Bend(n, height * FINE, width * FINE, generator, how)
        drawn = generator.uniform(-how.thickness, how.thickness, (n, 1, 1))
        level: Floats = drawn.astype(np.float32)
        fit = _Fit(n, generator, how) if self.fitted else None
        paper, view = _PAPER if self.inked else 0.0, _VIEW if self.fitted else 1.0

        def redrawn(field: Floats, part: slice) -> Floats:
            field = bend.of(field, part, view, paper)
            if fit is not None:
                field = fit.of(field, part, level[part])
            return _counted(field > level[part] if self.inked else field)

        return self._each(indices, redrawn)

    def moved(self, right: float = 0.0, down: float = 0.0, level: float = 0.0) -> Floats:
        """Every image moved by so many dots and with ink above `level`: thinner if it is more.

        float32 (n, h, w, c) in [0, 1]; not fitted. Moved by nothing at level 0 they are what
        they were, to a dot or two in a pixel.
        """
        height, width, _ = self._shape
        y = _centred(height * FINE)[None, :, None] - down
        x = _centred(width * FINE)[None, None, :] - right

        def shifted(field: Floats, part: slice) -> Floats:
            count, rows, columns = field.shape
            y_at, x_at = np.broadcast_arrays(y + (rows - 1) / 2, x + (columns - 1) / 2)
            shape = (count, *y_at.shape[1:])
            at = np.broadcast_to(y_at, shape), np.broadcast_to(x_at, shape)
            field = _sample(field, *at, _PAPER if self.inked else 0.0)
            return _counted(field > level if self.inked else field)

        return self._each(np.arange(self.count), shifted)

    def _each(
        self, indices: npt.NDArray[np.int64], change: Callable[[Floats, slice], Floats]
    ) -> Floats:
        """`change` of the fields of each channel of the images `indices`, (len, h, w, c).

        It is asked for few images at a time, and told which of `indices` they are.
        """
        height, width, channels = self._shape
        made = np.empty((len(indices), height, width, channels), np.float32)
        for part in _parts(len(indices), _AT_ONCE // (height * width * FINE * FINE)):
            for channel in range(channels):
                at = indices[part] * channels + channel
                field = self._fields_of(at) if self._fields is None else self._fields[at]
                made[part, ..., channel] = change(field, part)
        return made

    def _fields_of(self, planes: npt.NDArray[np.int64]) -> Floats:
        chosen = self._planes[planes]
        return _ink_fields(chosen) if self.inked else _finer(chosen)


def _parts(count: int, at_once: int) -> Iterator[slice]:
    """Slices of `count` things, of `at_once` each."""
    step = max(1, at_once)
    for start in range(0, count, step):
        yield slice(start, min(start + step, count))


class _Bend:
    """One affine and elastic change for each of n images of `height` x `width` dots."""

    def __init__(
        self, n: int, height: int, width: int, generator: np.random.Generator, how: Augment
    ) -> None:
        def even(widest: float) -> Floats:
            return generator.uniform(-widest, widest, (n, 1, 1)).astype(np.float32)

        self._side = (height, width)
        self._angle = even(np.deg2rad(how.rotation))
        self._shear = even(how.shear)
        self._scale = np.exp(even(how.scale)), np.exp(even(how.scale))
        self._shift = even(how.shift), even(how.shift)
        self._elastic = how.elastic
        knots = (n, how.knots, how.knots)
        self._wave = [generator.standard_normal(knots).astype(np.float32) for _ in range(2)]

    def of(self, field: Floats, part: slice, view: float, outside: float) -> Floats:
        """`field` (len, h, w), of the images `part`, seen through the change."""
        height, width = self._side
        angle, shear = self._angle[part], self._shear[part]
        scale, shift = ([each[part] for each in pair] for pair in (self._scale, self._shift))
        wave = [self._elastic * _smooth(each[part], height, width) for each in self._wave]
        y = (view * _centred(height))[None, :, None]
        x = (view * _centred(width))[None, None, :]
        cos, sin = np.cos(angle), np.sin(angle)
        down = (x * sin + y * cos) * scale[0] + wave[0] + shift[0]
        right = (x * cos - y * sin) * scale[1] + wave[1] + shift[1]
        right = right + shear * y
        rows, columns = field.shape[1:]
        return _sample(field, down + (rows - 1) / 2, right + (columns - 1) / 2, outside)


class _Fit:
    """Stretches each of n images so that its ink fills the height, centred but for a shift."""

    def __init__(self, n: int, generator: np.random.Generator, how: Augment) -> None:
        def even(widest: float) -> Floats:
            return generator.uniform(-widest, widest, (n, 1, 1)).astype(np.float32)

        self._stretch, self._down = np.exp(even(0.04)), even(0.5)
        self._right, self._wider = even(how.shift), np.exp(even(0.1))

    def of(self, field: Floats, part: slice, level: Floats) -> Floats:
        """`field` (len, h, w), of the images `part`, fitted; there is ink above `level`."""
        _, height, width = field.shape
        ink: npt.NDArray[np.bool_] = np.greater(field, level)
        rows: npt.NDArray[np.bool_] = ink.max(axis=2)
        there = rows.max(axis=1)
        first = np.where(there, rows.argmax(axis=1), 0)
        last = np.where(there, height - 1 - rows[:, ::-1].argmax(axis=1), height - 1)
        columns = ink.sum(axis=1)
        middle = (columns * np.arange(width)).sum(axis=1) / np.maximum(columns.sum(axis=1), 1)

        stretch = ((last - first + 1) / height).astype(np.float32)[:, None, None]
        stretch = stretch * self._stretch[part]
        down = ((first + last) / 2).astype(np.float32)[:, None, None] + self._down[part]
        right = middle.astype(np.float32)[:, None, None] + self._right[part]
        y = down + _centred(height)[None, :, None] * stretch
        x = right + _centred(width)[None, None, :] * stretch * self._wider[part]
        y, x = np.broadcast_arrays(y, x)
        return _sample(field, y, x, _PAPER)


def _ink_fields(pixels: Floats) -> Floats:
    """Fields (n, 4h, 4w), above 0 where there is ink; the share of it is `pixels` (n, h, w)."""
    field = _finer((pixels - 0.5) * 2)
    for _ in range(_ROUNDS):
        ink = 1 / (1 + np.exp(-_STEEP * field))
        field += _finer(pixels - _counted(ink))
    return field


def _counted(fine: npt.NDArray[np.bool_] | Floats) -> Floats:
    """The mean of each block of 4x4 dots: (n, 4h, 4w) to (n, h, w)."""
    n, height, width = fine.shape
    blocks = fine.reshape(n, height // FINE, FINE, width // FINE, FINE)
    return np.asarray(blocks.mean(axis=(2, 4), dtype=np.float32), np.float32)


def _finer(pixels: Floats) -> Floats:
    """Cubic interpolation from (n, h, w) to (n, 4h, 4w)."""
    _, height, width = pixels.shape
    return np.asarray(_cubic(height) @ pixels @ _cubic(width).T, np.float32)


def _cubic(size: int) -> Floats:
    """The (4 size, size) matrix that interpolates a line of `size` pixels (Keys, a = -1/2)."""
    matrix = np.zeros((FINE * size, size), np.float32)
    for dot in range(FINE * size):
        at = (dot + 0.5) / FINE - 0.5
        for tap in range(int(np.floor(at)) - 1, int(np.floor(at)) + 3):
            d = abs(at - tap)
            weight = (
                1.5 * d**3 - 2.5 * d**2 + 1 if d <= 1 else -0.5 * d**3 + 2.5 * d**2 - 4 * d + 2
            )
            matrix[dot, min(max(tap, 0), size - 1)] += weight
    return matrix


def _centred(size: int) -> Floats:
    return np.arange(size, dtype=np.float32) - (size - 1) / 2


def _smooth(z: Floats, height: int, width: int) -> Floats:
    """Smooth fields (n, height, width) of noise z (n, knots, knots): deviation about 1."""
    knots = z.shape[1]
    noise = _spline(height, knots) @ z @ _spline(width, knots).T
    return np.asarray(1.7 * noise, np.float32)  # the splines take the mean of neighbours


def _spline(size: int, knots: int) -> Floats:
    """The (size, knots) matrix of a quadratic B-spline over a line."""
    matrix = np.zeros((size, knots), np.float32)
    for dot in range(size):
        knot, u = divmod((dot + 0.5) / size * (knots - 2), 1)
        at = int(knot)
        matrix[dot, at : at + 3] = (1 - u) ** 2 / 2, (1 + 2 * u - 2 * u * u) / 2, u * u / 2
    return matrix


def _sample(field: Floats, y: Floats, x: Floats, outside: float) -> Floats:
    """`field` (n, h, w) between its dots, at `y` and `x` (n, H, W); `outside` beyond it."""
    n, height, width = field.shape
    padded = np.pad(field, ((0, 0), (1, 1), (1, 1)), constant_values=outside)
    y = np.clip(y + 1, 0, height + 0.999)
    x = np.clip(x + 1, 0, width + 0.999)
    row, column = y.astype(np.int32), x.astype(np.int32)
    down, right = y - row, x - column
    wide = width + 2
    first = np.arange(n, dtype=np.int32)[:, None, None] * ((height + 2) * wide)
    at = first + row * wide + column
    flat = padded.ravel()
    a, b, c, d = (flat.take(at + step) for step in (0, 1, wide, wide + 1))
    top = a + (b - a) * right
    bottom = c + (d - c) * right
    return np.asarray(top + (bottom - top) * down, np.float32)
