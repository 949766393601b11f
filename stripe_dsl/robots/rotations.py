"""The little of rotations that frames of bodies and joints need, on plain tuples."""

from __future__ import annotations

from math import cos, sin

Vector = tuple[float, float, float]

Quaternion = tuple[float, float, float, float]
"""w, x, y, z, as USD writes it."""

IDENTITY: Quaternion = (1.0, 0.0, 0.0, 0.0)


def quaternion(rpy: Vector) -> Quaternion:
    """Fixed-axis roll, pitch, yaw (rad): about x, then y, then z."""
    (cr, sr), (cp, sp), (cy, sy) = ((cos(angle / 2), sin(angle / 2)) for angle in rpy)
    return (
        cr * cp * cy + sr * sp * sy,
        sr * cp * cy - cr * sp * sy,
        cr * sp * cy + sr * cp * sy,
        cr * cp * sy - sr * sp * cy,
    )


def conjugate(q: Quaternion) -> Quaternion:
    """The inverse of a unit quaternion."""
    return (q[0], -q[1], -q[2], -q[3])


def times(a: Quaternion, b: Quaternion) -> Quaternion:
    """The rotation ``b`` followed by ``a``."""
    return (
        a[0] * b[0] - a[1] * b[1] - a[2] * b[2] - a[3] * b[3],
        a[0] * b[1] + a[1] * b[0] + a[2] * b[3] - a[3] * b[2],
        a[0] * b[2] - a[1] * b[3] + a[2] * b[0] + a[3] * b[1],
        a[0] * b[3] + a[1] * b[2] - a[2] * b[1] + a[3] * b[0],
    )


def rotate(q: Quaternion, v: Vector) -> Vector:
    """``v`` turned by ``q``."""
    _, x, y, z = times(times(q, (0.0, *v)), conjugate(q))
    return (x, y, z)


def minus(a: Vector, b: Vector) -> Vector:
    """``a`` - ``b``."""
    return (a[0] - b[0], a[1] - b[1], a[2] - b[2])


def plus(a: Vector, b: Vector) -> Vector:
    """``a`` + ``b``."""
    return (a[0] + b[0], a[1] + b[1], a[2] + b[2])


def from_axes(x: Vector, y: Vector, z: Vector) -> Quaternion:
    """The rotation that turns the unit axes into these three orthogonal unit vectors."""
    trace = x[0] + y[1] + z[2]
    # four ways to write it, of which the one with the largest divisor loses no digits
    choices = (
        (trace, (1 + trace, y[2] - z[1], z[0] - x[2], x[1] - y[0])),
        (x[0], (y[2] - z[1], 1 + 2 * x[0] - trace, x[1] + y[0], z[0] + x[2])),
        (y[1], (z[0] - x[2], x[1] + y[0], 1 + 2 * y[1] - trace, y[2] + z[1])),
        (z[2], (x[1] - y[0], z[0] + x[2], y[2] + z[1], 1 + 2 * z[2] - trace)),
    )
    _, (a, b, c, d) = max(choices, key=lambda choice: choice[0])
    norm = (a * a + b * b + c * c + d * d) ** 0.5
    return (a / norm, b / norm, c / norm, d / norm)


def about(axis: Vector, angle: float) -> Quaternion:
    """A turn by an angle (rad) about a unit vector."""
    s = sin(angle / 2)
    return (cos(angle / 2), axis[0] * s, axis[1] * s, axis[2] * s)
