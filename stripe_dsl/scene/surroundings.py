"""What the rules of a layer see: the ground, zones, water, and the layers that stand already."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from stripe_dsl.ir.rules import SOLID
from stripe_dsl.scene.grid import Field, Grid, Points
from stripe_dsl.scene.ground import Ground
from stripe_dsl.scene.poisson import Floats, bands
from stripe_dsl.scene.zones import Zone

NEIGHBOURHOOD = 5.0
"""Radius of the circle within which the density and the cover of a layer are counted [m]."""
_COVER_CELLS = 1_000_000


class Circles:
    """Circles on the ground, and the exact distance to the nearest outline.

    Args:
        centers: shape (n, 2) [m].
        radii: shape (n,) [m].
    """

    def __init__(self, centers: Points, radii: Floats) -> None:
        self.centers, self.radii = centers, radii
        self._trees = [(KDTree(centers[band]), radii[band], np.asarray(band)) for band in bands(radii)]

    def distance(self, points: Points) -> Floats:
        """From points to the nearest circle [m], 0 within one, infinite where there is none, shape (n,)."""
        return np.maximum(self._search(points)[0], 0.0)

    def nearest(self, points: Points) -> NDArray[np.int64]:
        """Number of the nearest circle of each point, -1 where there is none, shape (n,)."""
        return self._search(points)[1]

    def _search(self, points: Points) -> tuple[Floats, NDArray[np.int64]]:
        """Distance to the outline of the nearest circle [m], negative within, and its number, each of shape (n,)."""
        best, chosen = np.full(len(points), np.inf), np.full(len(points), -1, dtype=np.int64)
        for tree, radii, numbers in self._trees:
            low, high = float(radii.min()), float(radii.max())
            left, count = np.arange(len(points)), 1
            while len(left):
                count = min(count, len(radii))
                near = tree.query(points[left], k=count)
                away, which = (np.asarray(part).reshape(len(left), count) for part in near)
                outlines = away - radii[which]
                place = outlines.argmin(axis=1)[:, None]
                found = np.take_along_axis(outlines, place, axis=1)[:, 0]
                closer = found < best[left]
                best[left] = np.minimum(best[left], found)
                chosen[left[closer]] = numbers[np.take_along_axis(which, place, axis=1)[closer, 0]]
                # one that is further off may be nearer with its outline, by no more than the radii differ
                if low == high or count == len(radii):
                    break
                left = left[away[:, -1] - high < best[left]]
                count *= 4
        return best, chosen


@dataclass(frozen=True)
class Crowd:
    """What a layer tells those that follow.

    Attributes:
        points: where its instances stand, shape (n, 2) [m].
        footprints: radii of their footprints, shape (n,) [m].
        crowns: radii of their crowns, shape (n,) [m].
        solid: which of them can be touched, shape (n,).
        size: of the scene [m].
    """

    points: Points
    footprints: Floats
    crowns: Floats
    solid: NDArray[np.bool_]
    size: tuple[float, float]

    @cached_property
    def circles(self) -> Circles:
        """The footprints."""
        return Circles(self.points, self.footprints)

    @cached_property
    def solids(self) -> Circles:
        """The footprints of what can be touched."""
        return Circles(self.points[self.solid], self.footprints[self.solid])

    @cached_property
    def _tree(self) -> KDTree:
        return KDTree(self.points)

    def density(self, points: Points) -> Floats:
        """Instances for each square metre of the ground within 5 m of points [1/m^2], shape (n,)."""
        if not len(self.points):
            return np.zeros(len(points))
        found = self._tree.query_ball_point(points, NEIGHBOURHOOD, return_length=True)
        return np.asarray(found) / _ground_within(points, self.size)

    @cached_property
    def _cover(self) -> tuple[Grid, Field]:
        cell = max(0.25, np.sqrt(self.size[0] * self.size[1] / _COVER_CELLS))
        counts = [max(2, int(np.ceil(length / cell))) for length in self.size]
        cell = max(self.size[0] / counts[0], self.size[1] / counts[1])
        grid = Grid((cell * counts[0], cell * counts[1]), cell)
        x, y = grid.coordinates()
        crowns = Circles(self.points, self.crowns)
        under = (crowns.distance(np.stack([x.ravel(), y.ravel()], axis=1)) == 0).reshape(grid.shape)
        inside = (x <= self.size[0]) & (y <= self.size[1])
        reach = int(NEIGHBOURHOOD / cell)
        near = np.hypot(*np.mgrid[-reach : reach + 1, -reach : reach + 1]) * cell <= NEIGHBOURHOOD
        return grid, _summed(under & inside, near) / np.maximum(_summed(inside, near), 1)

    def cover(self, points: Points) -> Floats:
        """Share of the ground within 5 m of points that crowns cover, 0..1, shape (n,); to half a cell of 25 cm."""
        grid, share = self._cover
        return grid.sample(share, points)


def _summed(mask: NDArray[np.bool_], near: NDArray[np.bool_]) -> Field:
    """How much of a mask lies within a disc about each vertex, the disc row by row as differences of running sums."""
    reach = len(near) // 2
    wide = np.pad(mask.astype(np.float64), ((reach, reach), (reach + 1, reach)))
    sums, out = np.cumsum(wide, axis=1), np.zeros(mask.shape)
    rows, columns = mask.shape
    for row, line in enumerate(near):
        half = int(line.sum()) // 2
        band = sums[row : row + rows]
        out += band[:, reach + 1 + half : reach + 1 + half + columns] - band[:, reach - half : reach - half + columns]
    return out


def _ground_within(points: Points, size: tuple[float, float], strips: int = 64) -> Floats:
    """Area of the scene within 5 m of points [m^2], summed over strips."""
    across = (np.arange(strips) + 0.5) / strips * 2 - 1
    half = np.sqrt(1 - across**2) * NEIGHBOURHOOD
    x = points[:, :1] + across * NEIGHBOURHOOD
    top, bottom = np.minimum(points[:, 1:] + half, size[1]), np.maximum(points[:, 1:] - half, 0)
    area = np.where((x >= 0) & (x <= size[0]), np.maximum(top - bottom, 0), 0).sum(axis=1)
    return np.maximum(area * 2 * NEIGHBOURHOOD / strips, 1e-9)


@dataclass
class Surroundings:
    """All that is known when a layer is placed.

    Attributes:
        ground: with its fields, those of the user's too.
        zones: with water, by name.
        crowds: of the layers above, by name.
    """

    ground: Ground
    zones: dict[str, Zone] = field(default_factory=dict)
    crowds: dict[str, Crowd] = field(default_factory=dict)

    @property
    def size(self) -> tuple[float, float]:
        """Of the scene [m]."""
        return self.ground.grid.size

    def within(self, zone: str, points: Points) -> Floats:
        """To the outline of a zone [m], negative inside, infinite where the zone is empty, shape (n,)."""
        with np.errstate(invalid="ignore"):
            away = self.zones[zone].distance(points)
        return np.where(np.isnan(away), np.inf, away)

    def distance(self, target: str, points: Points) -> Floats:
        """To the nearest point of a zone, of a footprint of a layer, or of anything solid [m], 0 within."""
        if target in self.zones:
            return np.maximum(self.within(target, points), 0.0)
        if target == SOLID:
            away = [crowd.solids.distance(points) for crowd in self.crowds.values()]
            return np.min([np.full(len(points), np.inf), *away], axis=0)
        return self.crowds[target].circles.distance(points)

    def value(self, name: str, points: Points) -> Floats:
        """A field of :mod:`stripe_dsl.ir.rules` at points, shape (n,).

        Raises:
            KeyError: if there is none of that name.
        """
        owner, _, what = name.rpartition(".")
        if owner and what == "distance":
            return self.distance(owner, points)
        if owner:
            return {"density": Crowd.density, "cover": Crowd.cover}[what](self.crowds[owner], points)
        grid, values = self.ground.grid, self.ground.named(name)
        if name == "aspect":  # a direction: half of north-west and north-east is north
            return np.arctan2(grid.sample(np.sin(values), points), grid.sample(np.cos(values), points))
        return grid.sample(values, points)

    def raster(self, name: str) -> Field:
        """A field at the vertices of the ground's grid, shape (ny, nx)."""
        if "." not in name:
            return self.ground.named(name)
        return self.value(name, vertices(self.ground.grid)).reshape(self.ground.grid.shape)


def vertices(grid: Grid) -> Points:
    """All vertices of a grid, row by row, shape (ny * nx, 2) [m]."""
    x, y = grid.coordinates()
    return np.stack([x.ravel(), y.ravel()], axis=1)
