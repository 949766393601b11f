"""Vectors and rotations in NumPy, over the last dimension; quaternions are (x, y, z, w). Part of the reference."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from stripe_dsl.ir.graph import Node
    from stripe_dsl.ir.reference import Array


def norm(vector: Array) -> Array:
    """Euclidean length over the last dimension."""
    return np.sqrt(np.sum(np.square(vector), axis=-1))


def dot(left: Array, right: Array) -> Array:
    """Scalar product over the last dimension."""
    return np.sum(left * right, axis=-1)


def cross(left: Array, right: Array) -> Array:
    """Vector product of vec3s, right-handed."""
    (a, b, c), (x, y, z) = np.moveaxis(left, -1, 0), np.moveaxis(right, -1, 0)
    return np.stack((b * z - c * y, c * x - a * z, a * y - b * x), axis=-1)


def unit(vector: Array) -> Array:
    """v / max(|v|, 1e-9): of length one, and zero for the zero vector."""
    return vector / np.maximum(norm(vector), 1e-9)[..., None]


def rotate(rotation: Array, vector: Array) -> Array:
    """q v q*, for q = (x, y, z, w) of unit length."""
    axis, w = rotation[..., :3], rotation[..., 3:]
    turned = 2 * cross(axis, vector)
    return vector + w * turned + cross(axis, turned)


def rotate_inverse(rotation: Array, vector: Array) -> Array:
    """q* v q, for q = (x, y, z, w) of unit length."""
    return rotate(quat_conj(rotation), vector)


def quat_conj(rotation: Array) -> Array:
    """The rotation back, (x, y, z, w)."""
    return rotation * np.array((-1, -1, -1, 1), dtype=rotation.dtype)


def quat_unique(rotation: Array) -> Array:
    """The quaternion of the same rotation with w >= 0."""
    return np.where(rotation[..., 3:] < 0, -rotation, rotation)


def compose(left: Array, right: Array) -> Array:
    """The product of two quaternions (x, y, z, w)."""
    (u, s), (v, t) = ((value[..., :3], value[..., 3:]) for value in (left, right))
    return np.concatenate((s * v + t * u + cross(u, v), s * t - dot(u, v)[..., None]), axis=-1)


def angle_between(left: Array, right: Array) -> Array:
    """The angle of q* r, the short way round."""
    turn = compose(quat_conj(left), right)
    return 2 * np.arctan2(norm(turn[..., :3]), np.abs(turn[..., 3]))


def rotation_vector(rotation: Array) -> Array:
    """The axis of a rotation times its angle [rad], in [0, pi]; zero for no rotation, and for a quaternion of zeros."""
    q = quat_unique(rotation)
    sine = norm(q[..., :3])
    angle = 2 * np.arctan2(sine, q[..., 3])
    return q[..., :3] * np.where(sine > 1e-9, angle / np.maximum(sine, 1e-9), 2.0)[..., None]


def turn(vector: Array) -> Array:
    """The rotation about a vector by its length [rad], (x, y, z, w)."""
    half = norm(vector)[..., None] / 2
    return np.concatenate((np.sin(half) * unit(vector), np.cos(half)), axis=-1)


def yaw_only(rotation: Array) -> Array:
    """The rotation about world z with the same heading, (x, y, z, w)."""
    half = _yaw(rotation) / 2
    zero = np.zeros_like(half)
    return np.stack((zero, zero, np.sin(half), np.cos(half)), axis=-1)


def _roll(rotation: Array) -> Array:
    x, y, z, w = np.moveaxis(rotation, -1, 0)
    return np.arctan2(2 * (w * x + y * z), 1 - 2 * (x * x + y * y))


def _pitch(rotation: Array) -> Array:
    x, y, z, w = np.moveaxis(rotation, -1, 0)
    return np.arcsin(np.clip(2 * (w * y - z * x), -1, 1))  # rounding may leave the domain near +-90 degrees


def _yaw(rotation: Array) -> Array:
    x, y, z, w = np.moveaxis(rotation, -1, 0)
    return np.arctan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))


def euler(node: Node, rotation: Array) -> Array:
    """One of the angles about the fixed axes x, then y, then z, in [-pi, pi]; pitch in [-pi/2, pi/2]."""
    return {"roll": _roll, "pitch": _pitch, "yaw": _yaw}[str(node.attr)](rotation)


def quat(roll: Array, pitch: Array, yaw: Array) -> Array:
    """The rotation about the fixed axes x by roll, then y by pitch, then z by yaw, as (x, y, z, w)."""
    (sr, cr), (sp, cp), (sy, cy) = ((np.sin(half), np.cos(half)) for half in (roll / 2, pitch / 2, yaw / 2))
    return np.stack(
        (
            sr * cp * cy - cr * sp * sy,
            cr * sp * cy + sr * cp * sy,
            cr * cp * sy - sr * sp * cy,
            cr * cp * cy + sr * sp * sy,
        ),
        axis=-1,
    )
