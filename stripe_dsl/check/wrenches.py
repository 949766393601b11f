"""Actions that push bodies: thrusts along an axis of each, and a wrench on one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stripe_dsl.check.delays import arrival
from stripe_dsl.check.scope import ActionValue
from stripe_dsl.check.tunables import Role
from stripe_dsl.check.values import Base, BodySet, describe
from stripe_dsl.ir.program import Action
from stripe_dsl.ir.types import Axis, Kind, Type
from stripe_dsl.robots.model import RobotModel
from stripe_dsl.spec.blocks import Item
from stripe_dsl.spec.read import StatementReader
from stripe_dsl.spec.values import Expression, Text
from stripe_dsl.syntax import ast
from stripe_dsl.text import did_you_mean
from stripe_dsl.units import DIMENSIONLESS, FORCE, TORQUE

if TYPE_CHECKING:
    from stripe_dsl.check.actions import Actions

PARTS = ("force_x", "force_y", "force_z", "torque_x", "torque_y", "torque_z")
"""Numbers of a wrench, in order."""

DIRECTIONS = {
    "x": (1.0, 0.0, 0.0),
    "y": (0.0, 1.0, 0.0),
    "z": (0.0, 0.0, 1.0),
    "-x": (-1.0, 0.0, 0.0),
    "-y": (0.0, -1.0, 0.0),
    "-z": (0.0, 0.0, -1.0),
}


@dataclass(frozen=True, slots=True)
class Pushed:
    """What an action pushes.

    Attributes:
        axis: the set that its numbers run over; ``None`` for the thrust on a single body.
        world: whether a wrench is given in the world.
        label: what messages call the set.
    """

    robot: str
    names: tuple[str, ...]
    axis: Axis | None
    world: bool = False
    label: str = ""


def declare_wrench(actions: Actions, name: Text, call: ast.Call, kind: str, frame: ast.Frame | None) -> Pushed | None:
    """Makes the name of an action on bodies known; ``None`` after a mistake.

    Args:
        frame: what stands around the call where a frame is written behind it.
    """
    report = actions.report
    if frame is not None and (kind == "thrust" or frame.frame not in ("body", "world")):
        what = "a thrust has the frames of its bodies" if kind == "thrust" else "a wrench is `@body` or `@world`"
        report.error("E0406", what, frame.frame_span, "leave the frame out, which is that of the body then")
        return None
    what = "bodies" if kind == "thrust" else "body"
    if len(call.args) != 1:
        report.error(
            "E0209", f"`{kind}` takes 1 set of bodies, not {len(call.args)}", call.span, f"as in `{kind}(base)`"
        )
        return None
    actions.low.names.wanted = what
    value = actions.low.value(call.args[0])
    actions.low.names.wanted = ""
    if value is None:
        return None
    if not isinstance(value, BodySet | Base) or (isinstance(value, Base) and value.single):
        message = f"`{kind}` pushes {what} of a robot, not {describe(value)}"
        report.error("E0309", message, call.args[0].span, f"as in `{kind}(base)`")
        return None
    names = (value.model.root_body,) if isinstance(value, Base) else value.names
    if still(value.model, names):
        message = f"the base of `{value.robot}` is fixed to the world"
        report.error("E0606", message, call.args[0].span, "push a body that can move")
        return None
    if kind == "wrench" and len(names) != 1:
        message = f"`wrench` pushes one body, not {describe(value)}"
        report.error("E0309", message, call.args[0].span, "write an action for each, or `thrust` along one axis")
        return None
    axis = value.axis if isinstance(value, BodySet) else None
    axis = Axis("wrench", value.robot, PARTS, "a force and a torque") if kind == "wrench" else axis
    dim = FORCE if kind == "thrust" else DIMENSIONLESS
    actions.low.scope.actions[str(name)] = ActionValue(str(name), Type(axis=axis), dim)
    return Pushed(value.robot, names, axis, frame is not None and frame.frame == "world", value.label)


def still(model: RobotModel, names: tuple[str, ...]) -> bool:
    """Whether one of the bodies is a base that is fixed to the world."""
    return model.fixed_base and model.root_body in names


def wrench_action(actions: Actions, name: Text, item: Item, pushed: Pushed, kind: str) -> Action | None:
    """One action on bodies: its command as an expression of the agent's numbers."""
    declared = actions.low.scope.actions[str(name)]
    raw = actions.raw(declared)
    actions.said = {}
    axis: tuple[float, float, float] | tuple[()] = ()
    with actions.tunables.term("action", str(name)):
        if kind == "thrust":
            axis = direction(actions, item.axis)
            command = actions.affine(item, pushed, kind, FORCE, raw)
        else:
            command = actions.clipped(raw, item.clip, DIMENSIONLESS, Role.CLIP)
            scale = scales(actions, item)
            if scale is None:
                return None
            path = actions.tunables.add(scale, DIMENSIONLESS, Role.SCALE, item.span, doc(str(name)))
            factors = actions.low.graph.add("tunable", type=Type(axis=pushed.axis), attr=path, span=item.span)
            actions.said["scale"] = factors
            command = actions.low.graph.add("mul", (factors, command), type=Type(axis=pushed.axis), span=item.span)
        delay = arrival(actions, item) if item.delay is not None else ""
    if command is None:
        return None
    return Action(
        name=str(name),
        kind="wrench",
        robot=pushed.robot,
        joints=(),
        raw=raw,
        command=command,
        form=kind,
        settings=actions.said,
        each_step=bool(delay),
        delay=delay,
        bodies=pushed.names,
        axis=axis,
        world=pushed.world,
        span=item.span,
    )


def doc(name: str) -> str:
    """One line for the field of the cfg."""
    return f"Force [N] and torque [N*m] of `{name}` where the agent's numbers are 1."


def direction(actions: Actions, value: Expression | None) -> tuple[float, float, float]:
    """The axis of a thrust, in the frames of the bodies."""
    text = "".join(value.span.text.split()) if value is not None else "z"
    if text not in DIRECTIONS:
        assert value is not None
        helps = did_you_mean(text, DIRECTIONS) or ("write `x`, `y`, `z`, `-x`, `-y` or `-z`",)
        actions.report.error("E0309", f"`axis` cannot be `{text}`", value.span, *helps)
    return DIRECTIONS.get(text, (0.0, 0.0, 1.0))


def scales(actions: Actions, item: Item) -> tuple[float, ...] | None:
    """``scale { force 10 N; torque (1, 1, 0.1) N*m }``: six numbers."""
    example = "write `scale { force 10 N; torque 1 N*m }`"
    if item.scale is None:
        actions.report.error("E0214", "`wrench` does not say `scale`", item.value.span, example)
        return None
    if not isinstance(item.scale.node, ast.Braces):
        actions.report.error("E0309", "a force and a torque have a `scale` each", item.scale.span, example)
        return None
    reader = StatementReader()
    entries = reader.entries(item.scale.node.body)
    actions.report.diagnostics += reader.diagnostics
    out: list[float] = []
    wrong = bool(reader.diagnostics)
    for key in entries:
        if key not in ("force", "torque"):
            helps = did_you_mean(str(key), ("force", "torque")) or (example,)
            actions.report.error("E0206", f"`scale` of a wrench has no key `{key}`", key.span, *helps)
            wrong = True
    for key, dim in (("force", FORCE), ("torque", TORQUE)):
        value = next((entry for name, entry in entries.items() if name == key), None)
        if value is None:
            if not wrong:
                actions.report.error("E0214", f"`scale` of a wrench does not say `{key}`", item.scale.span, example)
            return None
        before = len(actions.report.diagnostics)
        with actions.tunables.paused():
            node = actions.low.number(value.node)
            if node is None:
                return None
            if node.type.kind is Kind.VEC3:
                numbers = actions.settings.vector(value, dim, key, (0.0, 0.0, 0.0))
            else:
                number = actions.settings.number(value, dim, key, 0.0)
                numbers = (number or 0.0,) * 3
        wrong = wrong or len(actions.report.diagnostics) > before
        out += numbers
    return None if wrong else tuple(out)
