"""How instances stand: turned, leaning, following the slope, and at the height where nothing floats."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stripe_dsl.ir.assets import Pose
from stripe_dsl.scene.grid import Points
from stripe_dsl.scene.ground import Ground
from stripe_dsl.scene.poisson import Floats

type Quaternions = NDArray[np.float64]
"""(x, y, z, w), shape (n, 4)."""

_RIM = 12
"""Points of a footprint's rim at which it meets the ground."""


def times(left: Quaternions, right: Quaternions) -> Quaternions:
    """Rotations one after the other: ``right`` first, then ``left``, shape (n, 4)."""
    a, b = left[..., :3], right[..., :3]
    v, w = left[..., 3:], right[..., 3:]
    vector = v * b + w * a + np.cross(a, b)
    return np.concatenate([vector, v * w - (a * b).sum(axis=-1, keepdims=True)], axis=-1)


def rotated(rotation: Quaternions, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Vectors turned by rotations, shape (n, 3)."""
    axis = rotation[..., :3]
    twice = 2 * np.cross(axis, vectors)
    return vectors + rotation[..., 3:] * twice + np.cross(axis, twice)


def about(axis: NDArray[np.float64], angle: Floats) -> Quaternions:
    """Rotations by angles [rad] about unit axes, shape (n, 4)."""
    half = np.asarray(angle)[..., None] / 2
    return np.concatenate([axis * np.sin(half), np.cos(half)], axis=-1)


def upright(normals: NDArray[np.float64], share: float) -> Quaternions:
    """Rotations of z towards normals of the ground, by a share of the way, shape (n, 4)."""
    flat = np.hypot(normals[:, 0], normals[:, 1])
    angle = np.arctan2(flat, normals[:, 2]) * share
    safe = np.maximum(flat, 1e-12)
    axis = np.stack([-normals[:, 1] / safe, normals[:, 0] / safe, np.zeros(len(normals))], axis=1)
    axis[flat < 1e-12] = (1.0, 0.0, 0.0)
    return about(axis, angle)


def rotations(
    random: np.random.Generator, pose: Pose, normals: NDArray[np.float64], first: Quaternions | None = None
) -> Quaternions:
    """Draws how instances are turned, shape (n, 4).

    Args:
        random: where the numbers come from.
        pose: ranges of yaw and lean, and the share in which the slope is followed.
        normals: of the ground where they stand, shape (n, 3).
        first: what they are turned by before, shape (n, 4).
    """
    count = len(normals)
    yaw = random.uniform(*pose.yaw, size=count) if pose.yaw[0] < pose.yaw[1] else np.full(count, pose.yaw[0])
    lean = random.uniform(*pose.lean, size=count) if pose.lean[0] < pose.lean[1] else np.full(count, pose.lean[0])
    towards = random.uniform(-np.pi, np.pi, size=count)
    out = about(np.broadcast_to((0.0, 0.0, 1.0), (count, 3)), yaw)
    if first is not None:
        out = times(out, first)
    if lean.any():
        out = times(about(np.stack([-np.sin(towards), np.cos(towards), np.zeros(count)], axis=1), lean), out)
    if pose.align > 0:
        out = times(upright(normals, pose.align), out)
    out /= np.linalg.norm(out, axis=1, keepdims=True)
    return out


def heights(ground: Ground, points: Points, rotation: Quaternions, base: Floats, sunk: Floats) -> Floats:
    """Heights of the instances' origins [m], shape (n,): the lowest at which no point of the base is above the ground.

    Args:
        ground: what they stand on.
        points: where, shape (n, 2) [m].
        rotation: how they are turned, shape (n, 4).
        base: radius of the disc about the origin that stands on the ground, shape (n,) [m].
        sunk: how much deeper they stand, shape (n,) [m].
    """
    lowest = ground.height_at(points)
    for angle in np.linspace(0, 2 * np.pi, _RIM, endpoint=False):
        rim = np.stack([np.cos(angle) * base, np.sin(angle) * base, np.zeros(len(base))], axis=1)
        turned = rotated(rotation, rim)
        lowest = np.minimum(lowest, ground.height_at(points + turned[:, :2]) - turned[:, 2])
    return lowest - sunk
