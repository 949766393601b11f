"""Primitive meshes of few triangles, and what is done with meshes: turned, joined, wrapped in a hull.

Shapes stand on the plane z = 0 with their middle above the origin, as an asset stands on the ground. Triangles run
counterclockwise as seen from outside.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stripe_dsl.robots.meshes import Mesh

type Floats = NDArray[np.float64]

_ICOSAHEDRON = """
0 11 5 0 5 1 0 1 7 0 7 10 0 10 11 1 5 9 5 11 4 11 10 2 10 7 6 7 1 8
3 9 4 3 4 2 3 2 6 3 6 8 3 8 9 4 9 5 2 4 11 6 2 10 8 6 7 9 8 1
"""
SIDES = 8
"""Of what is round, where nothing else is said."""


def box(size: ArrayLike) -> Mesh:
    """A box with these edges along x, y and z [m]."""
    half = np.asarray(size, dtype=np.float64) / 2
    corners = np.array([(x, y, z) for z in (-1, 1) for y in (-1, 1) for x in (-1, 1)], dtype=np.float64)
    quads = [(0, 2, 3, 1), (4, 5, 7, 6), (0, 1, 5, 4), (2, 6, 7, 3), (0, 4, 6, 2), (1, 3, 7, 5)]
    triangles = [part for a, b, c, d in quads for part in ((a, b, c), (a, c, d))]
    return Mesh(corners * half + (0, 0, half[2]), np.array(triangles))


def frustum(bottom: float, top: float, height: float, *, sides: int = SIDES, caps: bool = True) -> Mesh:
    """What lies between two regular polygons above each other; one of them may be a point.

    Args:
        bottom: radius at z = 0 [m].
        top: radius at z = ``height`` [m].
        caps: whether it is closed; what is only seen needs no floor.
    """
    turn = 2 * np.pi * np.arange(sides) / sides
    ring = np.stack((np.cos(turn), np.sin(turn), np.zeros(sides)), axis=1)
    here = np.arange(sides)
    after = (here + 1) % sides
    points = [ring * bottom if bottom > 0 else np.zeros((1, 3))]
    points.append(ring * top + (0, 0, height) if top > 0 else np.array([(0.0, 0.0, height)]))
    low, high = here * (bottom > 0), len(points[0]) + here * (top > 0)
    low_after, high_after = after * (bottom > 0), len(points[0]) + after * (top > 0)
    triangles = []
    if bottom > 0:
        triangles.append(np.stack((low, low_after, high_after), axis=1))
    if top > 0:
        triangles.append(np.stack((low, high_after, high), axis=1))
    fan = np.arange(1, sides - 1)
    if caps and bottom > 0:
        triangles.append(np.stack((np.zeros_like(fan), fan + 1, fan), axis=1))
    if caps and top > 0:
        first = len(points[0])
        triangles.append(np.stack((np.full_like(fan, first), first + fan, first + fan + 1), axis=1))
    return Mesh(np.concatenate(points), np.concatenate(triangles))


def cylinder(radius: float, height: float, *, sides: int = SIDES) -> Mesh:
    """An upright cylinder [m]."""
    return frustum(radius, radius, height, sides=sides)


def cone(radius: float, height: float, *, sides: int = SIDES) -> Mesh:
    """A cone with its tip up [m]."""
    return frustum(radius, 0.0, height, sides=sides)


def sphere(radius: float, *, finer: int = 1) -> Mesh:
    """A sphere that touches z = 0 [m]: an icosahedron, split ``finer`` times."""
    unit = icosphere(finer)
    return Mesh(unit.points * radius + (0, 0, radius), unit.triangles)


def capsule(radius: float, length: float, *, sides: int = SIDES) -> Mesh:
    """An upright capsule, ``length`` between the centres of its caps [m]."""
    rings: list[tuple[float, float]] = []
    for angle in np.radians((-45.0, 0.0, 45.0)):
        rings.append((radius * float(np.cos(angle)), radius * float(np.sin(angle))))
    rings.insert(2, (radius, 0.0))
    profile = [(0.0, 0.0)]
    profile += [(across, radius + up + (length if place > 1 else 0.0)) for place, (across, up) in enumerate(rings)]
    return turned_profile([*profile, (0.0, 2 * radius + length)], sides=sides)


def turned_profile(profile: Iterable[tuple[float, float]], *, sides: int = SIDES) -> Mesh:
    """A body of revolution about z.

    Args:
        profile: distances from the axis and heights [m], from the lowest point on the axis to the highest.
    """
    rings = list(profile)
    inner = rings[1:-1]
    turn = 2 * np.pi * np.arange(sides) / sides
    circle = np.stack((np.cos(turn), np.sin(turn), np.zeros(sides)), axis=1)
    points = [np.array([(0.0, 0.0, rings[0][1])]), *(circle * across + (0, 0, up) for across, up in inner)]
    points.append(np.array([(0.0, 0.0, rings[-1][1])]))
    here = np.arange(sides)
    after = (here + 1) % sides
    triangles = [np.stack((np.zeros_like(here), 1 + after, 1 + here), axis=1)]
    for place in range(len(inner) - 1):
        low, high = 1 + place * sides, 1 + (place + 1) * sides
        triangles.append(np.stack((low + here, low + after, high + after), axis=1))
        triangles.append(np.stack((low + here, high + after, high + here), axis=1))
    last, tip = 1 + (len(inner) - 1) * sides, 1 + len(inner) * sides
    triangles.append(np.stack((last + here, last + after, np.full_like(here, tip)), axis=1))
    return Mesh(np.concatenate(points), np.concatenate(triangles))


@cache
def icosphere(finer: int) -> Mesh:
    """The unit sphere around the origin, with 20 * 4^``finer`` triangles."""
    long = (1 + np.sqrt(5)) / 2
    signs = np.array([(-1, 1), (1, 1), (-1, -1), (1, -1)]) * (1, long)
    zeros = np.zeros((4, 1))
    corners = (np.hstack((signs, zeros)), np.hstack((zeros, signs)), np.hstack((signs[:, 1:], zeros, signs[:, :1])))
    points = np.concatenate(corners)
    triangles = np.array(_ICOSAHEDRON.split(), dtype=np.int64).reshape(-1, 3)
    for _ in range(finer):
        edges = np.sort(np.concatenate((triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]])), axis=1)
        unique, place = np.unique(edges, axis=0, return_inverse=True)
        ab, bc, ca = (len(points) + place.reshape(3, -1)).astype(np.int64)
        a, b, c = triangles.T
        points = np.concatenate((points, points[unique].mean(axis=1)))
        triangles = np.concatenate(
            [np.stack(part, axis=1) for part in ((a, ab, ca), (b, bc, ab), (c, ca, bc), (ab, bc, ca))]
        )
    return Mesh(points / np.linalg.norm(points, axis=1, keepdims=True), triangles)


def joined(meshes: Iterable[Mesh]) -> Mesh:
    """Meshes as one."""
    parts = list(meshes)
    starts = np.cumsum([0, *(len(part.points) for part in parts)])
    return Mesh(
        np.concatenate([part.points for part in parts]) if parts else np.zeros((0, 3)),
        np.concatenate([part.triangles + start for part, start in zip(parts, starts, strict=False)])
        if parts
        else np.zeros((0, 3), dtype=np.int64),
    )


def placed(
    mesh: Mesh, at: ArrayLike = (0.0, 0.0, 0.0), *, rotation: Floats | None = None, scale: ArrayLike = 1.0
) -> Mesh:
    """A mesh scaled along its axes, then turned by a matrix (3, 3), then moved [m]."""
    points = mesh.points * np.asarray(scale, dtype=np.float64)
    if rotation is not None:
        points = points @ rotation.T
    mirrored = np.prod(np.broadcast_to(np.asarray(scale, dtype=np.float64), (3,))) < 0
    return Mesh(points + np.asarray(at, dtype=np.float64), mesh.triangles[:, ::-1] if mirrored else mesh.triangles)


def hull(mesh: Mesh) -> Mesh:
    """The convex hull, with the points alone that lie on it.

    Raises:
        ValueError: if the points lie in one plane.
    """
    from scipy.spatial import ConvexHull, QhullError

    try:
        found = ConvexHull(mesh.points)
    except (QhullError, ValueError) as problem:
        raise ValueError("its points lie in a plane or on a line, so it has no hull") from problem
    triangles = found.simplices.astype(np.int64)
    a, b, c = (mesh.points[triangles[:, corner]] for corner in range(3))
    inwards = np.einsum("ij,ij->i", np.cross(b - a, c - a), found.equations[:, :3]) < 0
    triangles[inwards] = triangles[inwards][:, ::-1]
    kept, place = np.unique(triangles, return_inverse=True)
    return Mesh(mesh.points[kept], place.reshape(-1, 3))


def volume(mesh: Mesh) -> float:
    """The volume that a closed mesh encloses [m^3]; negative where it is inside out."""
    a, b, c = (mesh.points[mesh.triangles[:, corner]] for corner in range(3))
    return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6)
