"""Binary actions: one number of the agent opens or closes all joints of a set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stripe_dsl.check.tunables import Role
from stripe_dsl.check.values import JointSet
from stripe_dsl.ir.graph import Node
from stripe_dsl.ir.types import Kind, Type
from stripe_dsl.spec.blocks import Item
from stripe_dsl.spec.values import Expression
from stripe_dsl.syntax import ast
from stripe_dsl.units import LENGTH, Dimension

if TYPE_CHECKING:
    from stripe_dsl.check.actions import Actions


def binary(actions: Actions, item: Item, joints: JointSet, dim: Dimension, raw: Node) -> Node | None:
    """``open`` from zero up, ``close`` below it, as in upstream's ``BinaryJointPositionAction``."""
    ends: list[Node] = []
    for key, role in (("open", Role.OPEN), ("close", Role.CLOSE)):
        value: Expression | None = getattr(item, key)
        if value is None:
            example = "open 0.04 m close 0 m" if dim == LENGTH else "open 40 deg close 0 deg"
            actions.report.error("E0214", f"`binary` does not say `{key}`", item.value.span, f"write `{example}`")
            continue
        node = _end(actions, value, dim, key, joints, role)
        if node is not None:
            actions.said[key] = node
            ends.append(node)
    if len(ends) < 2:
        return None
    graph, span = actions.low.graph, item.value.span
    closes = graph.add("lt", (raw, actions.low.math.const(0.0)), type=Type(Kind.BOOL), span=span)
    return graph.add("where", (closes, ends[1], ends[0]), type=Type(axis=joints.axis, dim=dim), span=span)


def _end(actions: Actions, value: Expression, dim: Dimension, key: str, joints: JointSet, role: Role) -> Node | None:
    """Positions of the joints at one end of a binary action, within their limits."""
    if isinstance(value.node, ast.Braces):
        numbers = actions.by_joint(value, value.node, dim, key, joints)
    else:
        with actions.tunables.paused():
            number = actions.settings.number(value, dim, key)
        numbers = (number,) * len(joints.names) if number is not None else None
    if numbers is None:
        return None
    for name, position in zip(joints.names, numbers, strict=True):
        lower, upper = bounds(joints, name)
        if not lower - 1e-6 <= position <= upper + 1e-6:
            unit = "m" if dim == LENGTH else "rad"
            message = f"`{key}` is {position:.4g} {unit}, which `{name}` cannot reach"
            actions.report.error("E0310", message, value.span, f"its limits are {lower:.4g}..{upper:.4g} {unit}")
            return None
    return actions.numbers(numbers, dim, joints, role, value.span)


def bounds(joints: JointSet, name: str) -> tuple[float, float]:
    """Limits of a joint's position [rad or m]."""
    joint = joints.model.joint(name)
    return joint.lower, joint.upper
