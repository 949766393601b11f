"""Parts of the ground: discs, boxes, polygons, paths, and what rules leave.

Points and lengths are in the scene's frame. A zone knows the signed distance of points to its outline, its vertices on
a grid, and how to draw points in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, sin
from typing import Protocol

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from stripe_dsl.ir import scene as ir
from stripe_dsl.scene import fields
from stripe_dsl.scene.grid import Field, Grid, Points

_FINE = 64  # vertices of a quarter circle in outlines


class Zone(Protocol):
    """A part of the ground."""

    def distance(self, points: Points) -> NDArray[np.float64]:
        """Distance to the outline [m], negative within, shape (n,); infinite where the zone is empty."""
        ...

    def mask(self, grid: Grid) -> NDArray[np.bool_]:
        """Which vertices of a grid lie in it, shape (ny, nx)."""
        ...

    def field(self, grid: Grid) -> Field:
        """Distance to the outline of each vertex [m], negative within."""
        ...

    def draw(self, random: np.random.Generator, count: int, size: tuple[float, float]) -> Points:
        """That many points, evenly spread over what of the zone lies in a scene of that size [m]; none where nothing
        of it does."""
        ...


@dataclass(frozen=True, slots=True)
class Shape:
    """All within ``reach`` [m] of a geometry: of a point it is a disc, of a line a path, of a polygon itself."""

    geometry: BaseGeometry
    reach: float = 0.0

    def distance(self, points: Points) -> NDArray[np.float64]:
        """Distance to the outline [m], negative within, shape (n,)."""
        points = np.asarray(points, dtype=np.float64)
        if isinstance(self.geometry, shapely.Point):
            return np.linalg.norm(points - np.array((self.geometry.x, self.geometry.y)), axis=1) - self.reach
        shapely.prepare(self.geometry)
        places = shapely.points(points[:, 0], points[:, 1])
        away = np.atleast_1d(shapely.distance(self.geometry, places))
        if isinstance(self.geometry, shapely.Polygon):
            away = np.where(away > 0, away, -shapely.distance(self.geometry.exterior, places))
        return away - self.reach

    def mask(self, grid: Grid) -> NDArray[np.bool_]:
        """Which vertices of a grid lie in it, its outline included, shape (ny, nx)."""
        return self.field(grid) <= 1e-9

    def field(self, grid: Grid) -> Field:
        """Distance to the outline of each vertex [m], negative within."""
        x, y = grid.coordinates()
        return self.distance(np.stack((x.ravel(), y.ravel()), axis=1)).reshape(grid.shape)

    def outline(self) -> shapely.Polygon:
        """The zone as a polygon, round parts to 1 in 10,000 of their radius."""
        shape = self.geometry.buffer(self.reach, quad_segs=_FINE) if self.reach > 0 else self.geometry
        assert isinstance(shape, shapely.Polygon)
        return shape

    def draw(self, random: np.random.Generator, count: int, size: tuple[float, float]) -> Points:
        """That many points, evenly spread over what of the zone lies in a scene of that size [m]; none where nothing
        of it does."""
        shape = self.outline().intersection(shapely.box(0, 0, *size))
        if count == 0 or shape.is_empty or shape.area < 1e-9:
            return np.empty((0, 2))
        # by triangles, since a narrow path fills little of the box around it
        corners = shapely.get_coordinates(shapely.get_parts(shapely.constrained_delaunay_triangles(shape)))
        first, second, third = corners.reshape(-1, 4, 2)[:, :3].swapaxes(0, 1)
        doubled = np.abs(np.linalg.det(np.stack((second - first, third - first), axis=-1)))
        ends = np.cumsum(doubled)
        which = np.minimum(np.searchsorted(ends, random.random(count) * ends[-1]), len(ends) - 1)
        u, v = random.random((2, count, 1))
        u, v = np.where(u + v > 1, 1 - u, u), np.where(u + v > 1, 1 - v, v)
        points = first[which] + u * (second - first)[which] + v * (third - first)[which]
        return np.clip(points, 0, size)


@dataclass(frozen=True, slots=True)
class Raster:
    """The squares about some vertices of a grid, each ``cell`` wide: what rules leave of the ground."""

    grid: Grid
    vertices: NDArray[np.bool_]

    def distance(self, points: Points) -> NDArray[np.float64]:
        """Distance to the outline [m], negative within, shape (n,), to half a cell; infinite where it is empty."""
        if not self.vertices.any():  # between infinite values nothing can be sampled
            return np.full(len(points), np.inf)
        return self.grid.sample(fields.signed_distance(self.vertices, self.grid.cell), points)

    def mask(self, grid: Grid) -> NDArray[np.bool_]:
        """Its vertices, which are those of the grid that it was made on.

        Raises:
            ValueError: if it was made on another grid.
        """
        if grid != self.grid:
            raise ValueError("a zone of rules belongs to the grid that it was made on")
        return self.vertices

    def field(self, grid: Grid) -> Field:
        """Distance to the outline of each vertex [m], negative within."""
        return fields.signed_distance(self.mask(grid), grid.cell)

    def draw(self, random: np.random.Generator, count: int, size: tuple[float, float]) -> Points:
        """That many points, evenly spread; none where the zone is empty."""
        rows, columns = np.nonzero(self.vertices)
        if not len(rows):
            return np.empty((0, 2))
        out: list[Points] = []
        missing = count
        while missing > 0:  # of the square about a vertex at the edge half or more is cut off
            pick = random.integers(len(rows), size=missing)
            corner = np.stack((columns[pick], rows[pick]), axis=1) - 0.5
            darts = (corner + random.random((missing, 2))) * self.grid.cell
            darts = darts[_inside(darts, size)]
            out.append(darts)
            missing -= len(darts)
        return np.concatenate(out) if out else np.empty((0, 2))


def shaped(zone: ir.Zone) -> Shape | None:
    """A zone of the language that has a shape; ``None`` for one that follows from rules."""
    match zone:
        case ir.Circle():
            return disc(zone.center, zone.radius)
        case ir.Box():
            return box(zone.center, zone.size, zone.yaw)
        case ir.Polygon():
            return polygon(list(zone.points))
        case ir.Path():
            return path(list(zone.points), zone.width)
    return None


def disc(center: tuple[float, float], radius: float) -> Shape:
    """All within ``radius`` [m] of a point."""
    return Shape(shapely.Point(center), radius)


def box(center: tuple[float, float], size: tuple[float, float], yaw: float = 0.0) -> Shape:
    """A rectangle about a point, ``size`` along its own axes [m], turned by ``yaw`` [rad] anticlockwise."""
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * (size[0] / 2, size[1] / 2)
    turn = np.array([(cos(yaw), sin(yaw)), (-sin(yaw), cos(yaw))])
    return polygon([(float(x), float(y)) for x, y in corners @ turn + np.asarray(center)])


def polygon(points: list[tuple[float, float]]) -> Shape:
    """What lies within a closed line through at least three points, which does not cross itself."""
    return Shape(shapely.Polygon(points))


def path(points: list[tuple[float, float]], width: float) -> Shape:
    """All within half of ``width`` [m] of a line through at least two points."""
    return Shape(shapely.LineString(points), width / 2)


def _inside(points: Points, size: tuple[float, float]) -> NDArray[np.bool_]:
    return np.all((points >= 0) & (points <= size), axis=1)
