"""Coherent noise on a lattice in metres: gradient noise, its fractal sum and ridges.

A value depends on the position in metres and on the seed, never on the grid: a finer grid has the same values at the
vertices that both share, and a larger scene has the same ground where the smaller one was. ``feature`` is a
wavelength everywhere: the mean frequency of the power spectrum of one octave is ``1 / feature``.

The functions here are raw: zero mean or so, of about unit size. ``Noise`` scales one of them to a height.

Rows and columns of a grid are coordinates of their own, ``xs`` of shape (nx,) and ``ys`` of shape (ny,), both in metres
and ascending; a field has shape (ny, nx).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import cos, pi, sin

import numpy as np
from numpy.typing import NDArray

from stripe_dsl.scene.grid import Field

type Axis = NDArray[np.float64]
"""Coordinates along one axis [m], ascending, shape (n,)."""
type Raw = Callable[[Axis, Axis], Field]
"""A noise by the coordinates of columns and rows."""

_DIRECTIONS = 256
_TABLE = np.array(  # rounded, so that the last bit of a platform's sine does not show
    [(round(cos(2 * pi * k / _DIRECTIONS), 12), round(sin(2 * pi * k / _DIRECTIONS), 12)) for k in range(_DIRECTIONS)]
)
_LATTICE = 0.616
"""Spacing of the lattice whose gradient noise has a mean frequency of 1; tests/scene/test_noise.py measures it."""
_RIDGE_LATTICE = 1.058
"""The same for ridges, of which there are two in a wave of the noise below them."""


def gradient(xs: Axis, ys: Axis, feature: float, seed: int) -> Field:
    """Gradient noise of one wavelength, within -1..1 and zero on the average.

    At each vertex of a lattice stands a random gradient, and between them the planes that they span are blended by
    6t^5 - 15t^4 + 10t^3 (K. Perlin, "Improving noise", SIGGRAPH 2002).

    Args:
        feature: wavelength [m].
        seed: of the gradients, 0 .. 2^63 - 1.
    """
    return _lattice_noise(xs, ys, feature * _LATTICE, seed)


def fbm(xs: Axis, ys: Axis, feature: float, octaves: int, gain: float, lacunarity: float, seed: int) -> Field:
    """Fractional Brownian motion: octaves of gradient noise, each ``lacunarity`` times as fine as the one before and
    ``gain`` times as high (F. K. Musgrave, in "Texturing and Modeling", chapter 16; there gain is lacunarity^-H).

    Args:
        feature: wavelength of the first octave [m].
    """
    total = np.zeros((len(ys), len(xs)))
    for octave in range(octaves):
        total += gain**octave * gradient(xs, ys, feature / lacunarity**octave, octave_seed(seed, octave))
    return total


def ridged(xs: Axis, ys: Axis, feature: float, octaves: int, gain: float, lacunarity: float, seed: int) -> Field:
    """Sharp crests: each octave is (1 - |noise|)^2, and finer ones show where those before them are high
    (the ridged multifractal of F. K. Musgrave, in "Texturing and Modeling", chapter 16).

    Args:
        feature: distance from crest to crest in the first octave [m].
    """
    total = np.zeros((len(ys), len(xs)))
    weight = np.ones_like(total)
    for octave in range(octaves):
        fine = feature / lacunarity**octave * _RIDGE_LATTICE
        crest = np.square(1 - np.abs(_lattice_noise(xs, ys, fine, octave_seed(seed, octave))))
        total += gain**octave * weight * crest
        weight = np.clip(weight * crest, 0, 1)
    return total


def octave_seed(seed: int, octave: int) -> int:
    """A seed of its own for each octave, so that their lattices have nothing in common."""
    key = (seed + (octave + 1) * int(_STEP)) % 2**64
    return int(_mixed(np.array([key], dtype=np.uint64))[0] >> np.uint64(1))


@dataclass(frozen=True, slots=True)
class Noise:
    """A noise with a height: its lowest point in the area lies ``height`` below its highest, with zero halfway.

    The extremes are those of the function and not of its values at a grid's vertices, so that a finer grid leaves
    values as they are.

    Attributes:
        raw: the noise as it comes.
        finest: the shortest wavelength in it [m].
        area: length along x and y where the extremes are looked for [m].
        height: from the lowest point to the highest [m].
    """

    raw: Raw
    finest: float
    area: tuple[float, float]
    height: float

    def __call__(self, xs: Axis, ys: Axis) -> Field:
        """Heights above the middle [m], shape (ny, nx)."""
        low, high = extremes(self.raw, self.finest, self.area)
        if high - low < 1e-12:
            return np.zeros((len(ys), len(xs)))
        return (self.raw(xs, ys) - (low + high) / 2) * (self.height / (high - low))


_MOST_SAMPLES = 60_000
_CANDIDATES = 6


def extremes(raw: Raw, finest: float, area: tuple[float, float]) -> tuple[float, float]:
    """The lowest and the highest value of a noise in an area.

    It is sampled eight times per wavelength, or as often as can be afforded, and again around the best samples.
    """
    step = max(finest / 8, (area[0] * area[1] / _MOST_SAMPLES) ** 0.5)
    xs = np.linspace(0, area[0], max(3, round(area[0] / step) + 1))
    ys = np.linspace(0, area[1], max(3, round(area[1] / step) + 1))
    coarse = raw(xs, ys)
    return -_highest(lambda x, y: -raw(x, y), -coarse, xs, ys), _highest(raw, coarse, xs, ys)


def _highest(raw: Raw, coarse: Field, xs: Axis, ys: Axis) -> float:
    """The highest value near the highest samples."""
    best = float(coarse.max())
    flat = np.argpartition(coarse.ravel(), -_CANDIDATES)[-_CANDIDATES:]
    for row, column in zip(*np.unravel_index(np.sort(flat), coarse.shape), strict=True):
        x, y = xs[column], ys[row]
        reach_x, reach_y = xs[1] - xs[0], ys[1] - ys[0]
        for _ in range(2):
            near_x = np.clip(np.linspace(x - reach_x, x + reach_x, 9), xs[0], xs[-1])
            near_y = np.clip(np.linspace(y - reach_y, y + reach_y, 9), ys[0], ys[-1])
            near = raw(near_x, near_y)
            top = np.unravel_index(np.argmax(near), near.shape)
            x, y, reach_x, reach_y = near_x[top[1]], near_y[top[0]], reach_x / 4, reach_y / 4
            best = max(best, float(near[top]))
    return best


_STEP = np.uint64(0x9E3779B97F4A7C15)  # the golden ratio as a fraction of 2^64


def _mixed(keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Each key well stirred, the finaliser of SplitMix64 (G. Steele, D. Lea, C. Flood, OOPSLA 2014)."""
    keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return keys ^ (keys >> np.uint64(31))


def _lattice_noise(xs: Axis, ys: Axis, spacing: float, seed: int) -> Field:
    """Gradient noise on a lattice of that spacing [m], scaled to within -1..1.

    The lattice of each seed is turned and shifted: what the noise has of directions then falls nowhere together.
    """
    turn, east, north = (int(key >> np.uint64(40)) for key in _mixed(np.arange(3, dtype=np.uint64) + np.uint64(seed)))
    cosine, sine = _TABLE[turn % _DIRECTIONS] / spacing
    u = (xs * cosine)[None] - (ys * sine)[:, None] + east / 2**24
    v = (xs * sine)[None] + (ys * cosine)[:, None] + north / 2**24
    left, below = np.floor(u), np.floor(v)
    columns = np.arange(int(left.min()), int(left.max()) + 2)
    rows = np.arange(int(below.min()), int(below.max()) + 2)
    keys = _mixed(_mixed(rows.astype(np.uint64) * _STEP + np.uint64(seed))[:, None] + columns.astype(np.uint64) * _STEP)
    gradients = _TABLE[(keys >> np.uint64(56)).astype(np.int64)].reshape(-1, 2)
    place = (below.astype(np.int64) - rows[0]) * len(columns) + (left.astype(np.int64) - columns[0])
    u -= left
    v -= below

    def plane(north: int, east: int) -> Field:
        corner = gradients[place + (north * len(columns) + east)]
        return corner[..., 0] * (u - east) + corner[..., 1] * (v - north)

    run, rise = _fade(u), _fade(v)
    south, north_side = plane(0, 0), plane(1, 0)
    south += run * (plane(0, 1) - south)
    north_side += run * (plane(1, 1) - north_side)
    return (south + rise * (north_side - south)) * 2**0.5  # the most that unit gradients give is sqrt(1/2)


def _fade(t: Field) -> Field:
    return t * t * t * (t * (t * 6 - 15) + 10)
