"""The ground as triangles: what the simulator collides with, so that what stands on it touches it.

Each cell of the grid is two triangles, cut from its south-west to its north-east corner.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stripe_dsl.scene.grid import Field, Grid, Points


def triangles(grid: Grid) -> NDArray[np.int32]:
    """Vertices of each triangle, counter-clockwise from above, shape (2 (ny - 1) (nx - 1), 3).

    A vertex is counted along the rows, ``row * nx + column``. Triangles 2k and 2k + 1 are those of cell k, counted the
    same way: the south-eastern one first.
    """
    rows, columns = grid.shape
    corner = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).ravel()
    east, north, both = corner + 1, corner + columns, corner + columns + 1
    lower, upper = np.stack((corner, east, both), axis=1), np.stack((corner, both, north), axis=1)
    return np.stack((lower, upper), axis=1).reshape(-1, 3).astype(np.int32)


def heights_at(height: Field, grid: Grid, points: Points) -> NDArray[np.float64]:
    """Heights of the triangles at points [m], shape (n,); that of the edge outside of the grid."""
    row, column, u, v = _place(grid, points)
    corner, both = height[row, column], height[row + 1, column + 1]
    third = np.where(u >= v, height[row, column + 1], height[row + 1, column])
    low, high = np.minimum(u, v), np.maximum(u, v)
    return corner * (1 - high) + third * (high - low) + both * low


def normals_at(height: Field, grid: Grid, points: Points) -> NDArray[np.float64]:
    """Unit vectors that stand on the triangles at points, shape (n, 3), in the scene's frame."""
    row, column, u, v = _place(grid, points)
    corner, both = height[row, column], height[row + 1, column + 1]
    lower, south, north = u >= v, height[row, column + 1], height[row + 1, column]
    east = np.where(lower, south - corner, both - north) / grid.cell
    up = np.where(lower, both - south, north - corner) / grid.cell
    normal = np.stack((-east, -up, np.ones_like(up)), axis=1)
    return normal / np.linalg.norm(normal, axis=1, keepdims=True)


def _place(
    grid: Grid, points: Points
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """The cell of each point, its row and column, and where in it the point lies, 0..1 eastward and northward."""
    rows, columns = grid.shape
    place = np.asarray(points, dtype=np.float64) / grid.cell
    x = np.clip(place[:, 0], 0, columns - 1)
    y = np.clip(place[:, 1], 0, rows - 1)
    column = np.minimum(x.astype(np.int64), columns - 2)
    row = np.minimum(y.astype(np.int64), rows - 2)
    return row, column, x - column, y - row
