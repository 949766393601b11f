"""Kinds of actions by the word that is written, and the keys that each of them has."""

from __future__ import annotations

from dataclasses import dataclass

from stripe_dsl.units import ANGLE, ANGULAR_SPEED, FORCE, LENGTH, SPEED, TORQUE, Dimension

OPTIONS = (
    "scale",
    "offset",
    "clip",
    "limit",
    "smooth",
    "open",
    "close",
    "axis",
    "target",
    "at",
    "facing",
    "method",
    "damping",
    "gain",
    "delay",
)
"""Keys of an action in the order in which they work."""

AFFINE = ("scale", "offset", "clip", "limit")


@dataclass(frozen=True, slots=True)
class JointAction:
    """A way to drive joints.

    Attributes:
        target: what is written: ``effort``, ``position`` or ``velocity`` targets.
        dims: dimension of the command for revolute and for prismatic joints.
        options: keys it takes.
    """

    target: str
    dims: tuple[Dimension, Dimension]
    options: tuple[str, ...]


JOINT_ACTIONS = {
    "effort": JointAction("effort", (TORQUE, FORCE), (*AFFINE, "delay")),
    "position": JointAction("position", (ANGLE, LENGTH), (*AFFINE, "smooth", "delay")),
    "velocity": JointAction("velocity", (ANGULAR_SPEED, SPEED), (*AFFINE, "delay")),
    "relative_position": JointAction("position", (ANGLE, LENGTH), (*AFFINE, "delay")),
    "position_to_limits": JointAction("position", (ANGLE, LENGTH), ("scale", "clip", "smooth", "delay")),
    "binary": JointAction("position", (ANGLE, LENGTH), ("open", "close", "delay")),
}
"""Kinds of joint actions by the word that is written."""
WRENCH_ACTIONS = {
    "thrust": ("scale", "offset", "clip", "limit", "axis", "delay"),
    "wrench": ("scale", "clip", "delay"),
}
"""Kinds of actions on bodies by the word that is written, with their keys."""
IK_OPTIONS = ("target", "clip", "scale", "offset", "at", "facing", "method", "damping", "gain")
"""Keys of an ``ik``."""
