"""Kinds of actions by the word that is written, and the keys that each of them has."""

from __future__ import annotations

from dataclasses import dataclass

from stripe_dsl.source import Span
from stripe_dsl.syntax import ast
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
OTHERWISE = {"torque": "effort", "force": "effort", "joint_position": "position", "joint_effort": "effort"}
"""What others call kinds of actions."""


def written_otherwise(node: ast.Expr) -> str:
    """What to write in place of what is no action, such as ``effort(slider) * 100 N``."""
    if isinstance(node, ast.Binary) and node.op == "*":
        for call, factor in ((node.left, node.right), (node.right, node.left)):
            if isinstance(call, ast.Call):
                return f"write `{call.span.text} scale {factor.span.text}`"
    return "as in `effort(joints) scale 10 N*m`"


def wrong_arguments(node: ast.Call, kind: str) -> tuple[str, str, Span, str] | None:
    """What is wrong with the parentheses of an action: a code, a sentence, the place and what to write."""
    what = "bodies" if kind in WRENCH_ACTIONS else "joints"
    first = node.args[0] if node.args else None
    if node.keywords:
        option = node.keywords[0][0]
        options = " ".join(f"{key.id} {value.span.text}" for key, value in node.keywords)
        help = f"write `{kind}({first.span.text if first is not None else what}) {options}`"
        return "E0209", f"`{option.id}` stands behind the parentheses of `{kind}`", option.span, help
    if isinstance(first, ast.String):
        word = "body" if what == "bodies" else "joint"
        help = f'name it in the robot, `{word} name = "{first.value}"`, and write `{kind}(name)`'
        return "E0309", f"`{kind}` takes {what} by their names in this file", first.span, help
    return None
