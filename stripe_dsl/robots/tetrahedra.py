"""A box as a mesh of tetrahedra."""

from __future__ import annotations

from itertools import product

from stripe_dsl.robots.rotations import Vector

type Tetrahedron = tuple[int, int, int, int]

CORNERS = ((0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0), (0, 0, 1), (1, 0, 1), (1, 1, 1), (0, 1, 1))
"""Of a cell: the lower face, then the upper, both counter-clockwise as seen from above."""

EVEN = ((0, 1, 3, 4), (2, 3, 1, 6), (5, 4, 6, 1), (7, 6, 4, 3), (1, 3, 4, 6))
ODD = ((1, 2, 0, 5), (3, 0, 2, 7), (4, 7, 5, 0), (6, 5, 7, 2), (0, 2, 7, 5))
"""Five tetrahedra of a cell, four at corners and one in the middle, as corners. Neighbours take turns, so that the
diagonals of the faces that they share are the same. The last three corners are counter-clockwise as seen from outside
of the first, so volumes are positive."""


def box_of_tetrahedra(size: Vector, cells: tuple[int, int, int]) -> tuple[list[Vector], list[Tetrahedron]]:
    """Corners of a regular grid about the origin [m], x running fastest, and tetrahedra as places of their corners."""
    nx, ny, nz = cells
    points = [
        (size[0] * (i / nx - 0.5), size[1] * (j / ny - 0.5), size[2] * (k / nz - 0.5))
        for k, j, i in product(range(nz + 1), range(ny + 1), range(nx + 1))
    ]
    tetrahedra: list[Tetrahedron] = []
    for k, j, i in product(range(nz), range(ny), range(nx)):
        places = [((k + c) * (ny + 1) + j + b) * (nx + 1) + i + a for a, b, c in CORNERS]
        for first, second, third, fourth in ODD if (i + j + k) % 2 else EVEN:
            tetrahedra.append((places[first], places[second], places[third], places[fourth]))
    return points, tetrahedra
