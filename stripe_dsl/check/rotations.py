"""Rotations as users write them, ``yaw 90 deg`` and ``rpy(0, 0, 90 deg)``, as quaternions (x, y, z, w)."""

from __future__ import annotations

from math import cos, sin

from stripe_dsl.check.constants import Settings
from stripe_dsl.spec.values import Expression
from stripe_dsl.syntax import ast
from stripe_dsl.units import ANGLE

type Quaternion = tuple[float, float, float, float]

IDENTITY: Quaternion = (0.0, 0.0, 0.0, 1.0)


def from_rpy(roll: float, pitch: float, yaw: float) -> Quaternion:
    """Quaternion of extrinsic rotations about x, y and z, in that order [rad]."""
    cr, sr = cos(roll / 2), sin(roll / 2)
    cp, sp = cos(pitch / 2), sin(pitch / 2)
    cy, sy = cos(yaw / 2), sin(yaw / 2)
    return (
        sr * cp * cy - cr * sp * sy,
        cr * sp * cy + sr * cp * sy,
        cr * cp * sy - sr * sp * cy,
        cr * cp * cy + sr * sp * sy,
    )


def rotation(settings: Settings, value: Expression | None) -> Quaternion:
    """The rotation that ``rpy(roll, pitch, yaw)`` or a single yaw angle means."""
    if value is None:
        return IDENTITY
    node = value.node
    if isinstance(node, ast.Call) and isinstance(node.function, ast.Name) and node.function.id == "rpy":
        if len(node.args) != 3:
            settings.report.error(
                "E0209", f"`rpy` takes 3 angles, not {len(node.args)}", node.span, "rpy(roll, pitch, yaw)"
            )
            return IDENTITY
        angles = [settings.number(Expression(arg), ANGLE, "rpy", 0.0) or 0.0 for arg in node.args]
        return from_rpy(angles[0], angles[1], angles[2])
    yaw = settings.number(value, ANGLE, "facing", 0.0) or 0.0
    return from_rpy(0.0, 0.0, yaw)
