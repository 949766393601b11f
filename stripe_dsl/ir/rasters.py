"""Fields of a scene at points, in NumPy: what ``sample`` means. Back ends are tested against this module.

A field has a value at each vertex of the scene's grid, for each copy of the scene: ``values[copy, row, column]`` is the
one at ``(column * cell, row * cell)`` in metres. Outside of the grid a field is as at its edge. There are four kinds:

==========  ==========================================================================================================
``height``  of the ground, linear on the triangles that the simulator collides with: each cell is cut from its
            south-west to its north-east corner
``normal``  of these triangles: unit vectors that stand on them
``value``   of anything else, bilinear between the vertices of a cell
``nearest`` distance to the nearest of some circles, 0 within. Vertices hold the circle that is nearest to them (x, y,
            radius), and a point looks at those of the four vertices about it. So it is exact unless the nearest circle
            is the nearest of none of the four, and then too large by less than the diagonal of two cells
==========  ==========================================================================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

type Array = NDArray[Any]

KINDS = ("height", "normal", "value", "nearest")


@dataclass(frozen=True, slots=True)
class Raster:
    """A field of all copies of a scene.

    Attributes:
        values: shape (copies, rows, columns), or (copies, rows, columns, 3) for the kind ``nearest``.
        cell: distance between vertices [m].
    """

    values: Array
    cell: float


def sample(kind: str, raster: Raster, copies: Array, points: Array) -> Array:
    """A field at points.

    Args:
        kind: one of :data:`KINDS`.
        copies: on which each point lies, of the shape of the points without their components.
        points: x and y [m], shape (..., 2).
    """
    rows, columns = raster.values.shape[1:3]
    x = np.clip(points[..., 0] / raster.cell, 0, columns - 1)
    y = np.clip(points[..., 1] / raster.cell, 0, rows - 1)
    column = np.minimum(x.astype(np.int64), columns - 2)
    row = np.minimum(y.astype(np.int64), rows - 2)
    u, v = x - column, y - row
    corners = [[raster.values[copies, row + j, column + i] for i in (0, 1)] for j in (0, 1)]
    (here, east), (north, across) = corners
    if kind == "value":
        return (here * (1 - u) + east * u) * (1 - v) + (north * (1 - u) + across * u) * v
    if kind == "nearest":
        circles = np.stack([here, east, north, across])
        away = np.hypot(points[..., 0] - circles[..., 0], points[..., 1] - circles[..., 1]) - circles[..., 2]
        return np.maximum(away.min(axis=0), 0)
    lower = u >= v
    if kind == "normal":
        slopes = [np.where(lower, east - here, across - north), np.where(lower, across - east, north - here)]
        normal = np.stack([-slopes[0], -slopes[1], np.full_like(x, raster.cell)], axis=-1)
        return normal / np.linalg.norm(normal, axis=-1, keepdims=True)
    low, high = np.minimum(u, v), np.maximum(u, v)
    return here * (1 - high) + np.where(lower, east, north) * (high - low) + across * low
