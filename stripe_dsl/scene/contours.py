"""Lines of equal height."""

from __future__ import annotations

from math import floor, log10

import numpy as np
from numpy.typing import NDArray

from stripe_dsl.scene import surface
from stripe_dsl.scene.grid import Field, Grid


def contour(field: Field, grid: Grid, level: float) -> NDArray[np.float64]:
    """Where the triangles of a field pass a level: ends of straight pieces [m], shape (n, 2, 2)."""
    x, y = grid.coordinates()
    faces = surface.triangles(grid)
    value = field.ravel()[faces] - level
    above = value >= 0
    passing = above.any(axis=1) & ~above.all(axis=1)
    faces, value, above = faces[passing], value[passing], above[passing]
    corners = np.stack((x.ravel()[faces], y.ravel()[faces]), axis=-1)  # (n, 3, 2)
    crossed = above != np.roll(above, -1, axis=1)  # two of three edges
    fall = value - np.roll(value, -1, axis=1)
    along = np.where(crossed, value / np.where(crossed, fall, 1.0), 0)[..., None]
    place = corners + along * (np.roll(corners, -1, axis=1) - corners)
    return place[crossed].reshape(-1, 2, 2)


def levels(low: float, high: float, about: int = 10) -> tuple[float, NDArray[np.float64]]:
    """A round interval and its multiples between two heights, about that many."""
    step = round_number((high - low) / about)
    first, last = floor(low / step) + 1, floor(high / step)
    return step, np.arange(float(first), last + 1.0) * step


def round_number(value: float) -> float:
    """The nearest of 1, 2, 5, 10, ... that is no smaller than a value, or nearly so."""
    if value <= 0:
        return 1.0
    unit = 10.0 ** floor(log10(value))
    return next(step * unit for step in (1, 2, 5, 10) if step * unit >= value * 0.999)
