"""Robots written in the file: links made of primitives, and joints between them, authored to USD."""

from __future__ import annotations

from math import inf
from typing import Literal

from stripe_dsl.check.constants import Settings
from stripe_dsl.check.world import color
from stripe_dsl.robots.model import JointType, RobotModel
from stripe_dsl.robots.primitives import (
    PrimitiveBody,
    PrimitiveJoint,
    PrimitiveRobot,
    PrimitiveShape,
    ShapeKind,
    find_problems,
    model_of,
)
from stripe_dsl.source import Span
from stripe_dsl.spec.robots import JointSpec, Link, RobotSpec, Shape
from stripe_dsl.spec.values import Expression, Text
from stripe_dsl.syntax import ast
from stripe_dsl.units import ANGLE, LENGTH, MASS

AXES: dict[str, tuple[float, float, float]] = {"x": (1.0, 0.0, 0.0), "y": (0.0, 1.0, 0.0), "z": (0.0, 0.0, 1.0)}
JOINTS = ("revolute", "prismatic", "fixed")


def author(name: Text, spec: RobotSpec, settings: Settings) -> tuple[RobotModel, PrimitiveRobot] | None:
    """The model of a robot made of links, and what it is made of; ``None`` after a mistake was reported."""
    before = len(settings.report.diagnostics)
    bodies = tuple(_body(link_name, link, settings) for link_name, link in spec.link.items())
    joints = tuple(_joint(joint_name, joint, spec, settings) for joint_name, joint in spec.joint.items())
    fixed = [link_name for link_name, link in spec.link.items() if link.fixed]
    made = PrimitiveRobot(
        str(name), bodies, tuple(joint for joint in joints if joint is not None), bool(fixed), spec.self_collision
    )
    if len(settings.report.diagnostics) > before:
        return None
    problems = find_problems(made)
    for problem in problems:
        helps = (problem.hint,) if problem.hint else ()
        span = _span(problem.element, problem.name, problem.field, spec) or spec.span
        settings.report.error("E0311", problem.reason, span, *helps)
    if problems:
        return None
    if fixed and str(fixed[0]) != made.root.name:
        settings.report.error(
            "E0311", f"link `{fixed[0]}` is fixed to the world, but the tree of links starts at `{made.root.name}`",
            fixed[0].span, f"make `{made.root.name}` the fixed one, or turn the joints around",
        )  # fmt: skip
        return None
    return model_of(made), made


def _span(element: str, name: str, field: str | None, spec: RobotSpec) -> Span | None:
    """Where the thing at fault is written."""
    table: dict[Text, JointSpec] | dict[Text, Link] = spec.joint if element == "joint" else spec.link
    for key, block in table.items():
        if key == name:
            value = getattr(block, {"lower": "limits"}.get(field or "", field or ""), None)
            return value.span if isinstance(value, Expression) else key.span
    return None


def _body(name: Text, link: Link, settings: Settings) -> PrimitiveBody:
    shapes = [
        shape_of(kind, shape, settings)
        for kind in ShapeKind
        if (shape := getattr(link, str(kind))) is not None
    ]  # fmt: skip
    return PrimitiveBody(
        str(name),
        tuple(shapes),
        settings.number(link.mass, MASS, "mass"),
        _vector(link.at, settings),
    )


def shape_of(kind: ShapeKind, shape: Shape, settings: Settings) -> PrimitiveShape:
    """One primitive with its sizes."""
    wanted = {"box": ("size",), "sphere": ("radius",)}.get(str(kind), ("radius", "length"))
    for key in ("size", "radius", "length"):
        value: Expression | None = getattr(shape, key)
        if value is None and key in wanted:
            example = {"size": "(0.2, 0.2, 0.1) m", "radius": "5 cm", "length": "40 cm"}[key]
            settings.report.error("E0214", f"a {kind} needs its {key}", shape.span, f"as in `{kind} {key} {example}`")
        elif value is not None and key not in wanted:
            settings.report.error("E0206", f"a {kind} has no `{key}`", value.span)
    size = settings.vector(shape.size, LENGTH, "size", (1.0, 1.0, 1.0)) if "size" in wanted else (0.0, 0.0, 0.0)
    axis = settings.word(shape.axis, "axis", tuple(AXES), "z")
    return PrimitiveShape(
        kind,
        size=(size[0], size[1], size[2]),
        radius=settings.number(shape.radius, LENGTH, "radius", 1.0) or 0.0 if "radius" in wanted else 0.0,
        length=settings.number(shape.length, LENGTH, "length", 1.0) or 0.0 if "length" in wanted else 0.0,
        axis=_axis_letter(axis),
        position=_vector(shape.at, settings),
        color=color(shape.color, settings, (0.5, 0.5, 0.5)) if shape.color is not None else None,
        collides=not shape.visual,
    )


def _axis_letter(word: str) -> Literal["x", "y", "z"]:
    return "x" if word == "x" else "y" if word == "y" else "z"


def _vector(value: Expression | None, settings: Settings) -> tuple[float, float, float]:
    x, y, z = settings.vector(value, LENGTH, "at", (0.0, 0.0, 0.0))
    return x, y, z


def _joint(name: Text, joint: JointSpec, spec: RobotSpec, settings: Settings) -> PrimitiveJoint | None:
    report = settings.report
    if joint.pattern is not None:
        help = "write `type`, `parent` and `child` in braces"
        report.error("E0309", f"joint `{name}` joins two links of this file", joint.pattern.span, help)
        return None
    complete = True
    for key in ("type", "parent", "child"):
        if getattr(joint, key) is None and not (key == "type" and joint.axis is not None):
            example = {"type": "type revolute", "parent": f"parent {next(iter(spec.link))}", "child": "child link"}[key]
            report.error("E0214", f"joint `{name}` does not say its `{key}`", name.span, f"add `{example}`")
            complete = False
    if not complete:
        return None
    links = tuple(str(link) for link in spec.link)
    # one with an axis turns about it unless it says otherwise
    kind = JointType(settings.word(joint.type, "type", JOINTS, "revolute"))
    lower, upper = -inf, inf
    if joint.limits is not None:
        dim = LENGTH if kind is JointType.PRISMATIC else ANGLE
        lower, upper = settings.pair(joint.limits, dim, "limits") or (lower, upper)
    elif kind is JointType.REVOLUTE:
        kind = JointType.CONTINUOUS
    child = settings.word(joint.child, "child", links, links[-1])
    return PrimitiveJoint(
        str(name),
        kind,
        settings.word(joint.parent, "parent", links, links[0]),
        child,
        _axis(joint.axis, settings),
        _vector(joint.at or next((link.at for key, link in spec.link.items() if key == child), None), settings),
        lower,
        upper,
    )


def _axis(value: Expression | None, settings: Settings) -> tuple[float, float, float]:
    """``x``, ``-y`` or a vector, in the robot's frame."""
    if value is None:
        return AXES["z"]
    node, sign = value.node, 1.0
    if isinstance(node, ast.Unary) and node.op == "-":
        node, sign = node.operand, -1.0
    if isinstance(node, ast.Tuple):
        from stripe_dsl.units import DIMENSIONLESS

        x, y, z = settings.vector(value, DIMENSIONLESS, "axis", AXES["z"])
        return x, y, z
    word = settings.word(Expression(node), "axis", tuple(AXES), "z")
    x, y, z = AXES[word]
    return sign * x, sign * y, sign * z
