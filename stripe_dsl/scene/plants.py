"""Trees, rocks and dead wood of few triangles, grown from random numbers, so that scenes need no files.

Each function gives the pieces of one thing that stands on z = 0. The same stream of random numbers gives the same
thing. ``rough`` is how far a surface leaves the regular shape, as a share of the radius.
"""

from __future__ import annotations

import numpy as np

from stripe_dsl.robots.meshes import Mesh
from stripe_dsl.scene.shapes import Floats, frustum, hull, icosphere, joined, placed
from stripe_dsl.scene.things import Color, Piece

TIERS = 3
"""Cones of branches of a conifer."""


def conifer(
    random: np.random.Generator, *, height: float, radius: float, trunk: float, color: Color, bark: Color, rough: float
) -> tuple[Piece, ...]:
    """A trunk through cones of branches.

    Args:
        height: to the tip [m].
        radius: of the lowest branches [m].
        trunk: radius of the trunk at the ground [m].
    """
    foot = height * random.uniform(0.10, 0.16)
    depth = (height - foot) / (1 + 0.62 * (TIERS - 1))
    crown: list[Mesh] = []
    for tier in range(TIERS):
        cone = frustum(radius * (1 - 0.27 * tier), 0.0, depth, sides=7, caps=tier == 0)
        points = cone.points.copy()
        points[:7, :2] *= 1 - rough * random.uniform(0, 1, 7)[:, None]
        turned = _turned(random.uniform(0, 2 * np.pi))
        crown.append(placed(Mesh(points, cone.triangles), (0, 0, foot + 0.62 * depth * tier), rotation=turned))
    stem = frustum(trunk, 0.4 * trunk, foot + 0.5 * depth, sides=6, caps=False)
    return Piece("trunk", stem, bark), Piece("crown", joined(crown), color)


def broadleaf(
    random: np.random.Generator, *, height: float, radius: float, trunk: float, color: Color, bark: Color, rough: float
) -> tuple[Piece, ...]:
    """A trunk below a round crown; ``radius`` is that of the crown, which no lump of it passes."""
    foot = height * random.uniform(0.28, 0.36)
    ball = _rough_ball(random, rough)
    deep = height - foot
    reach = np.linalg.norm(ball.points[:, :2], axis=1).max()
    tall = np.ptp(ball.points[:, 2])
    crown = placed(ball, scale=(radius / reach, radius / reach, deep / tall))
    crown = placed(crown, (0, 0, height - float(crown.points[:, 2].max())))
    stem = frustum(trunk, 0.55 * trunk, foot + 0.35 * deep, sides=6, caps=False)
    return Piece("trunk", stem, bark), Piece("crown", crown, color)


def rock(random: np.random.Generator, *, height: float, radius: float, color: Color, rough: float) -> tuple[Piece, ...]:
    """A boulder: the hull of a sphere with lumps, since a stone has no dents worth a triangle.

    Args:
        radius: of the circle that contains it [m].
    """
    stone = hull(_rough_ball(random, rough))
    stone = placed(stone, scale=(1, random.uniform(1 - 0.5 * rough, 1), 1))
    reach = np.linalg.norm(stone.points[:, :2], axis=1).max()
    stone = placed(stone, scale=(radius / reach, radius / reach, height / np.ptp(stone.points[:, 2])))
    return (Piece("rock", _on_ground(stone), color),)


def log(
    random: np.random.Generator, *, length: float, radius: float, color: Color, bark: Color, rough: float
) -> tuple[Piece, ...]:
    """A trunk that lies along x, with cut ends and the stub of a branch."""
    along = np.array([(0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (-1.0, 0.0, 0.0)])  # z of the cylinder becomes x
    stem = frustum(radius, (1 - 0.5 * rough) * radius, length, sides=7, caps=False)
    lying = placed(stem, (-length / 2, 0.0, radius), rotation=along)
    tilt = np.radians(random.uniform(35, 60)) * random.choice((-1.0, 1.0))
    turned = np.array([(1, 0, 0), (0, np.cos(tilt), -np.sin(tilt)), (0, np.sin(tilt), np.cos(tilt))])
    stub = frustum(0.35 * radius, 0.2 * radius, 1.8 * radius, sides=5)
    branch = placed(stub, (length * random.uniform(-0.25, 0.25), 0.0, radius), rotation=turned)
    ends = [placed(Mesh(stem.points, _ends(7)), (-length / 2, 0.0, radius), rotation=along)]
    low = float(min(lying.points[:, 2].min(), branch.points[:, 2].min()))
    return (
        Piece("log", placed(joined((lying, branch)), (0, 0, -low)), bark),
        Piece("cut", placed(joined(ends), (0, 0, -low)), color),
    )


def stump(
    random: np.random.Generator, *, height: float, radius: float, color: Color, bark: Color, rough: float
) -> tuple[Piece, ...]:
    """What stays of a felled tree: wide at its roots, cut at its top; ``radius`` contains the roots."""
    sides = 8
    top = radius / 1.7
    foot = frustum(radius, top, 0.4 * height, sides=sides, caps=False)
    spread = foot.points.copy()
    spread[:sides, :2] *= 1 - rough * random.uniform(0, 1, sides)[:, None]  # roots
    stem = frustum(top, 0.95 * top, 0.6 * height, sides=sides, caps=False)
    face = Mesh(stem.points, _ends(sides)[sides - 2 :])
    return (
        Piece("stump", joined((Mesh(spread, foot.triangles), placed(stem, (0, 0, 0.4 * height)))), bark),
        Piece("cut", placed(face, (0, 0, 0.4 * height)), color),
    )


def _rough_ball(random: np.random.Generator, rough: float) -> Mesh:
    """A unit sphere with lumps: smooth noise of a few plane waves."""
    ball = icosphere(1)
    waves = random.normal(size=(5, 3)) * np.array([1.2, 1.2, 2.0, 2.0, 3.0])[:, None]
    phases = random.uniform(0, 2 * np.pi, 5)
    lumps = np.sin(ball.points @ waves.T + phases) @ np.array([0.35, 0.25, 0.2, 0.12, 0.08])
    return Mesh(ball.points * (1 + rough * lumps[:, None]), ball.triangles)


def _ends(sides: int) -> np.ndarray:
    """The lids of an open frustum, first the lower one; its points are two rings of as many."""
    fan = np.arange(1, sides - 1)
    lower = np.stack((np.zeros_like(fan), fan + 1, fan), axis=1)
    upper = np.stack((np.full_like(fan, sides), sides + fan, sides + fan + 1), axis=1)
    return np.concatenate((lower, upper))


def _turned(angle: float) -> Floats:
    """The rotation about z by an angle [rad]."""
    return np.array([(np.cos(angle), -np.sin(angle), 0), (np.sin(angle), np.cos(angle), 0), (0, 0, 1)])


def _on_ground(mesh: Mesh) -> Mesh:
    return placed(mesh, (0, 0, -float(mesh.points[:, 2].min())))
