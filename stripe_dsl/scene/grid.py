"""The grid that terrain and fields live on.

The frame of a scene: x to the east, y to the north, z up, in metres, with its origin in the south-west corner. A field
is an array of shape (ny, nx) with a value at each vertex: ``field[row, column]`` is the one at
``(column * cell, row * cell)``, so that the rows go north.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

type Field = NDArray[np.float64]
"""Values at the vertices of a grid, shape (ny, nx)."""
type Points = NDArray[np.float64]
"""Positions in a scene's frame [m], shape (n, 2)."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Vertices ``cell`` apart that cover a rectangle from corner to corner.

    Attributes:
        size: length along x and y [m].
        cell: distance between vertices along both axes [m]; both lengths are multiples of it.
    """

    size: tuple[float, float]
    cell: float

    @staticmethod
    def of(size: tuple[float, float], cell: float) -> Grid:
        """The grid of about that cell size which fits the rectangle: its cells are square, and none is cut.

        Raises:
            ValueError: if no cell within 1 % of a fraction of both lengths exists below ``cell``.
        """
        for count in range(max(1, int(np.ceil(size[0] / cell - 1e-9))), 2 * int(np.ceil(size[0] / cell)) + 2):
            fitting = size[0] / count
            rows = size[1] / fitting
            if abs(rows - round(rows)) < 1e-6:
                return Grid(size, fitting)
        raise ValueError(f"no square cells of about {cell} m fill {size[0]} m x {size[1]} m")

    @property
    def shape(self) -> tuple[int, int]:
        """Vertices along y and along x."""
        return round(self.size[1] / self.cell) + 1, round(self.size[0] / self.cell) + 1

    def coordinates(self) -> tuple[Field, Field]:
        """x and y of each vertex [m]."""
        rows, columns = self.shape
        x, y = np.arange(float(columns)) * self.cell, np.arange(float(rows)) * self.cell
        return np.tile(x, (rows, 1)), np.repeat(y[:, None], columns, axis=1)

    def sample(self, field: Field, points: Points) -> NDArray[np.float64]:
        """The field at points, shape (n,); bilinear between vertices, that of the edge outside of the grid."""
        rows, columns = self.shape
        place = np.asarray(points, dtype=np.float64) / self.cell
        x = np.clip(place[:, 0], 0, columns - 1)
        y = np.clip(place[:, 1], 0, rows - 1)
        column = np.minimum(x.astype(np.int64), columns - 2)
        row = np.minimum(y.astype(np.int64), rows - 2)
        u, v = x - column, y - row
        lower = field[row, column] * (1 - u) + field[row, column + 1] * u
        upper = field[row + 1, column] * (1 - u) + field[row + 1, column + 1] * u
        return lower * (1 - v) + upper * v

    def contains(self, points: Points) -> NDArray[np.bool_]:
        """Which points lie within the rectangle, shape (n,)."""
        return (
            (points[:, 0] >= 0) & (points[:, 0] <= self.size[0]) & (points[:, 1] >= 0) & (points[:, 1] <= self.size[1])
        )
