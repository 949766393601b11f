"""Inverse kinematics in a reset: ``arm.pos = ik(hand, cube.pos + (0, 0, 10 cm), rpy(180 deg, 0 deg, any))``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from stripe_dsl.check.draws import any_rotation, is_any
from stripe_dsl.check.ik import IkWriter, Reached, chain
from stripe_dsl.check.observations import slug
from stripe_dsl.check.values import Base, BodySet, JointSet, RangeValue, describe
from stripe_dsl.ir.graph import Node, Read
from stripe_dsl.ir.reach import Reach
from stripe_dsl.ir.types import Kind, Type
from stripe_dsl.robots.model import JointType
from stripe_dsl.spec.blocks import Item
from stripe_dsl.spec.values import Expression, Text
from stripe_dsl.syntax import ast
from stripe_dsl.text import and_list
from stripe_dsl.units import LENGTH

if TYPE_CHECKING:
    from stripe_dsl.check.resets import Resets

STEPS, MOST = 20, 100
"""How many steps there are where nothing is said, and how many there may be: a recorded step takes all of them."""
KEYWORDS = ("at", "damping", "steps")
EXAMPLE = "as in `arm.pos = ik(hand, cube.pos + (0, 0, 10 cm), rpy(180 deg, 0 deg, any))`"


def reach(resets: Resets, joints: JointSet, target: Text, value: Expression) -> Reach | None:
    """The positions of joints that take a body to a place, or to a pose; ``None`` after a mistake."""
    low, report, call = resets.low, resets.report, value.node
    joints = JointSet(joints.robot, joints.model, joints.names, joints.label)  # a list, also of one
    assert isinstance(call, ast.Call)
    if not 2 <= len(call.args) <= 3:
        report.error(
            "E0209", f"`ik` takes a body and where it is to be, not {len(call.args)} values", call.span, EXAMPLE
        )
        return None
    if low.scope.scene is not None:
        help = "there is no such reset in a scene with a terrain"
        report.error("E0616", "what a reset places is counted from the ground, and `ik` is not", call.span, help)
        return None
    body = low.value(call.args[0])
    if body is None or not _moves(resets, joints, body, call):
        return None
    assert isinstance(body, BodySet)
    options = _options(resets, call)
    if options is None:
        return None
    with low.tunables.term("reset", slug(target)):
        place = _wanted(resets, joints.robot, call.args[1], Type(Kind.VEC3, dim=LENGTH, frame="env"))
        rot = None
        if len(call.args) == 3:
            rot = _wanted(resets, joints.robot, call.args[2], Type(Kind.QUAT, frame="world"))
        if place is None or (len(call.args) == 3 and rot is None):
            return None
        before = len(report.diagnostics)
        reached = Reached(joints.robot, joints.model, body.names[0], joints, "position" if rot is None else "pose")
        steps = options.get("steps")
        item = Item.model_construct(value=value, at=options.get("at"), damping=options.get("damping"))
        writer = IkWriter(resets.actions, slug(target), reached, item)
        command = writer.command()
    if len(report.diagnostics) > before:
        return None
    world = replace(place.type, frame="world")
    origin = low.reading.read("", "env.origin", (), world, call.span)
    goals = [("pos", low.graph.add("add", (place, origin), type=world, span=call.args[1].span))]
    goals += [("rot", rot)] if rot is not None else []
    return Reach(
        name=slug(target),
        robot=joints.robot,
        joints=joints.names,
        body=body.names[0],
        goals=tuple(goals),
        command=command,
        steps=int(float(steps.node.value)) if steps is not None else STEPS,  # type: ignore[attr-defined]
        named=tuple(writer.called.items()),
        span=target.span,
    )


def _moves(resets: Resets, joints: JointSet, body: object, call: ast.Call) -> bool:
    """Whether joints that are set move the body that is named; else it is reported."""
    report = resets.report
    if not (isinstance(body, BodySet) and len(body.names) == 1) or body.robot != joints.robot:
        what = describe(body) if isinstance(body, BodySet | Base | JointSet | Node) else "this"  # type: ignore[arg-type]
        message = f"`ik` takes one body of `{joints.robot}` somewhere, not {what}"
        report.error("E0309", message, call.args[0].span, EXAMPLE)
        return False
    between, whole = chain(body.model, body.names[0])
    others = [name for name in joints.names if whole and name not in between]
    if others:
        verb = "does" if len(others) == 1 else "do"
        help = f"set those that do: {and_list(list(between), 6)}"
        report.error("E0309", f"{and_list(others, 3)} {verb} not move `{body.label}`", call.args[0].span, help)
        return False
    balls = [name for name in joints.names if joints.model.joint(name).type is JointType.BALL]
    if balls:
        report.error("E0309", f"`ik` cannot turn the ball joint of `{balls[0]}`", call.span, "set the other joints")
    return not balls


def _options(resets: Resets, call: ast.Call) -> dict[str, Expression] | None:
    """Named arguments."""
    options: dict[str, Expression] = {}
    for name, value in call.keywords:
        if name.id not in KEYWORDS:
            help = f"it has {and_list(list(KEYWORDS))}"
            resets.report.error("E0206", f"`ik` in a reset has no `{name.id}`", name.span, help)
            return None
        options[name.id] = Expression(value)
    steps = options["steps"].node if "steps" in options else None
    if steps is not None and not (
        isinstance(steps, ast.Number) and not steps.unit and steps.value in range(1, MOST + 1)
    ):
        message = f"`steps` is a whole number, 1 to {MOST}"
        resets.report.error("E0309", message, steps.span, "each is part of every control step that is recorded")
        return None
    return options


def _wanted(resets: Resets, robot: str, expr: ast.Expr, type: Type) -> Node | None:
    """A place or a rotation that is to be reached."""
    low = resets.low
    word = "rot" if type.kind is Kind.QUAT else "pos"
    # what is drawn is drawn for every element of this; `default` has no meaning here
    low.default = low.graph.add("read", type=type, read=Read(robot, f"body.default_{word}"), span=expr.span)
    found = any_rotation(low, expr.span) if word == "rot" and is_any(expr) else low.value(expr)
    if isinstance(found, RangeValue):
        found = low.draw(found, expr.span)
    low.default = None
    if found is None:
        return None
    if not isinstance(found, Node) or found.type.kind is not type.kind or found.type.axis is not None:
        words = "a rotation" if word == "rot" else "a place, a vec3 [m]"
        resets.report.error("E0301", f"`ik` wants {words}, not {describe(found)}", expr.span, EXAMPLE)
        return None
    if not low.names.check_phase(found, expr.span):
        return None
    if found.type.dim != type.dim or found.type.frame not in (None, type.frame):
        message = f"`ik` wants {type.describe()}, not {found.type.describe()}"
        resets.report.error("E0404" if found.type.dim == type.dim else "E0401", message, expr.span, EXAMPLE)
        return None
    return found
