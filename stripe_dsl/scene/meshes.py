"""The heights of a triangle mesh: what vertical rays through the vertices of a grid hit first, from above."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stripe_dsl.scene.grid import Field, Grid

_AT_ONCE = 2_000_000


def heights_of(points: NDArray[np.float64], triangles: NDArray[np.int64], grid: Grid) -> Field:
    """The highest point of a mesh above each vertex of a grid [m], not a number where there is none.

    Every pair of a triangle and a vertex in its bounding box is tried, many at once.

    Args:
        points: (n, 3) [m], in the scene's frame.
        triangles: (m, 3) of their indices.
    """
    rows, columns = grid.shape
    height = np.full(rows * columns, -np.inf)
    corners = points[triangles]
    flat = corners[..., :2]
    low = np.maximum(np.ceil(flat.min(axis=1) / grid.cell - 1e-9).astype(np.int64), 0)
    high = np.minimum(np.floor(flat.max(axis=1) / grid.cell + 1e-9).astype(np.int64), (columns - 1, rows - 1))
    extent = high - low + 1
    a, b = flat[:, 1] - flat[:, 0], flat[:, 2] - flat[:, 0]
    twice = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
    some = np.flatnonzero((extent > 0).all(axis=1) & (np.abs(twice) > 1e-12))
    count = extent[some].prod(axis=1)
    ends = np.cumsum(count)
    start = 0
    while start < len(some):
        before = ends[start - 1] if start else 0
        end = max(int(np.searchsorted(ends, before + _AT_ONCE, side="right")), start + 1)
        face = np.repeat(some[start:end], count[start:end])
        place = np.arange(len(face)) - np.repeat(ends[start:end] - count[start:end] - before, count[start:end])
        column = low[face, 0] + place % extent[face, 0]
        row = low[face, 1] + place // extent[face, 0]
        offset = np.stack((column, row), axis=1) * grid.cell - flat[face, 0]
        u = (offset[:, 0] * b[face, 1] - offset[:, 1] * b[face, 0]) / twice[face]
        v = (a[face, 0] * offset[:, 1] - a[face, 1] * offset[:, 0]) / twice[face]
        hit = (u >= -1e-9) & (v >= -1e-9) & (u + v <= 1 + 1e-9)
        z = corners[face, 0, 2] * (1 - u - v) + corners[face, 1, 2] * u + corners[face, 2, 2] * v
        np.maximum.at(height, (row * columns + column)[hit], z[hit])
        start = end
    return np.where(np.isneginf(height), np.nan, height).reshape(rows, columns)
