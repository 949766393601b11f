"""Robots described by primitive shapes and joints, and what can be wrong with such a description.

All poses are given at the zero position of every joint, in the robot's frame: x forward, y left, z up, in metres and
radians.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from math import inf, isfinite, isinf
from typing import Literal

from stripe_dsl.robots.match import suggest
from stripe_dsl.robots.model import JointType, RobotBody, RobotJoint, RobotModel
from stripe_dsl.robots.order import NotATreeError, depth_first
from stripe_dsl.robots.rotations import Vector, conjugate, quaternion, rotate

ORIGIN: Vector = (0.0, 0.0, 0.0)

JOINT_TYPES = (JointType.REVOLUTE, JointType.CONTINUOUS, JointType.PRISMATIC, JointType.FIXED)
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class ShapeKind(StrEnum):
    """A primitive that both Newton and PhysX collide natively."""

    BOX = "box"
    SPHERE = "sphere"
    CAPSULE = "capsule"
    CYLINDER = "cylinder"

    @property
    def usd_type(self) -> str:
        """Name of the USD prim type."""
        return "Cube" if self is ShapeKind.BOX else self.value.capitalize()


@dataclass(frozen=True, slots=True)
class PrimitiveShape:
    """One shape of a body; it is seen, it gives the body its inertia, and most collide.

    Attributes:
        kind: which primitive.
        size: edge lengths of a box, m.
        radius: of a sphere, capsule or cylinder, m.
        length: of a cylinder, or of a capsule between the centres of its caps, m.
        axis: direction of a capsule or cylinder in the shape's frame.
        position: centre, in the body's frame, m.
        rotation: roll, pitch, yaw of the shape in the body's frame, rad.
        color: red, green, blue in 0..1; ``None`` for the renderer's own choice.
        collides: whether it touches other things.
    """

    kind: ShapeKind
    size: Vector = ORIGIN
    radius: float = 0.0
    length: float = 0.0
    axis: Literal["x", "y", "z"] = "z"
    position: Vector = ORIGIN
    rotation: Vector = ORIGIN
    color: Vector | None = None
    collides: bool = True

    @property
    def extent(self) -> tuple[Vector, Vector]:
        """Corners of the bounding box in the shape's frame; a box is the unit cube before it is scaled."""
        if self.kind is ShapeKind.BOX:
            half = [0.5, 0.5, 0.5]
        else:
            half = [self.radius] * 3
            if self.kind is not ShapeKind.SPHERE:
                cap = self.radius if self.kind is ShapeKind.CAPSULE else 0.0
                half["xyz".index(self.axis)] = self.length / 2 + cap
        x, y, z = half
        return (-x, -y, -z), (x, y, z)


@dataclass(frozen=True, slots=True)
class PrimitiveBody:
    """A rigid body.

    Attributes:
        name: an identifier; as in ``articulation.body_names``.
        shapes: at least one.
        mass: kg; ``None`` lets the simulator derive it from the shapes at 1000 kg/m³.
        position: of the body's frame, in the robot's frame, m.
        rotation: roll, pitch, yaw of the body's frame in the robot's frame, rad.
    """

    name: str
    shapes: tuple[PrimitiveShape, ...]
    mass: float | None = None
    position: Vector = ORIGIN
    rotation: Vector = ORIGIN


@dataclass(frozen=True, slots=True)
class PrimitiveJoint:
    """A joint between two bodies.

    Attributes:
        name: an identifier; as in ``articulation.joint_names``.
        type: one of :data:`JOINT_TYPES`.
        parent: name of the parent body.
        child: name of the child body.
        axis: direction in the robot's frame, of any length; unused by a fixed joint.
        at: anchor point in the robot's frame, m.
        lower: lower limit, rad or m.
        upper: upper limit, rad or m.
    """

    name: str
    type: JointType
    parent: str
    child: str
    axis: Vector = (0.0, 0.0, 1.0)
    at: Vector = ORIGIN
    lower: float = -inf
    upper: float = inf


@dataclass(frozen=True, slots=True)
class PrimitiveRobot:
    """A whole robot.

    Attributes:
        name: an identifier.
        bodies: in any order.
        joints: a tree over the bodies, from parent to child.
        fixed_base: whether the root body is fixed to the world.
        self_collisions: whether its bodies collide with each other (never the two bodies of one joint).
    """

    name: str
    bodies: tuple[PrimitiveBody, ...]
    joints: tuple[PrimitiveJoint, ...] = ()
    fixed_base: bool = False
    self_collisions: bool = False

    @property
    def root(self) -> PrimitiveBody:
        """The body that is nobody's child. Only for a robot without problems."""
        children = {joint.child for joint in self.joints}
        return next(body for body in self.bodies if body.name not in children)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that keeps a robot from being authored.

    Attributes:
        element: ``robot``, ``body`` or ``joint``.
        name: which one.
        field: the field at fault, or ``None`` for the element as a whole.
        reason: what is wrong.
        hint: what to do about it.
    """

    element: Literal["robot", "body", "joint"]
    name: str
    field: str | None
    reason: str
    hint: str | None = None


def find_problems(robot: PrimitiveRobot) -> list[Problem]:
    """Everything that is wrong with a robot; empty if :func:`stripe_dsl.robots.author.robot_usda` can write it."""
    problems = [*_name_problems(robot)]
    for body in robot.bodies:
        problems.extend(_body_problems(body))
    for joint in robot.joints:
        problems.extend(_joint_problems(robot, joint))
    if not problems:
        problems.extend(_tree_problems(robot))
    return problems


def model_of(robot: PrimitiveRobot, source: str = "") -> RobotModel:
    """The model that reading the authored stage gives. ``robot`` must be without problems."""
    joints = sorted(robot.joints, key=lambda joint: joint.name)
    edges = [(joint.parent, joint.child) for joint in joints]
    indices: tuple[int, ...] = ()
    names: tuple[str, ...] = (robot.bodies[0].name,)
    if edges:
        order = depth_first(edges)
        indices, names = order.joints, order.bodies
    turns = {body.name: body.rotation for body in robot.bodies}
    masses = {body.name: body.mass for body in robot.bodies}
    solid = {body.name for body in robot.bodies if any(shape.collides for shape in body.shapes)}
    return RobotModel(
        name=robot.name,
        source=source,
        format="primitives",
        fixed_base=robot.fixed_base,
        root_body=names[0],
        joints=tuple(
            _model_joint(joints[index], turns[joints[index].parent])
            for index in indices
            if joints[index].type is not JointType.FIXED
        ),
        bodies=tuple(RobotBody(name, masses[name], collides=name in solid) for name in names),
        self_collisions=robot.self_collisions,
        collision_shapes=sum(shape.collides for body in robot.bodies for shape in body.shapes),
    )


def _model_joint(joint: PrimitiveJoint, parent_rotation: Vector) -> RobotJoint:
    kind = joint.type
    limited = not (isinf(joint.lower) and isinf(joint.upper))
    if kind is not JointType.PRISMATIC:
        kind = JointType.REVOLUTE if limited else JointType.CONTINUOUS
    length = sum(component**2 for component in joint.axis) ** 0.5
    x, y, z = rotate(conjugate(quaternion(parent_rotation)), joint.axis)
    return RobotJoint(
        name=joint.name,
        type=kind,
        lower=joint.lower,
        upper=joint.upper,
        velocity_limit=inf,
        effort_limit=inf,
        parent=joint.parent,
        child=joint.child,
        axis=(x / length, y / length, z / length),
    )


def _name_problems(robot: PrimitiveRobot) -> Iterator[Problem]:
    if not _IDENTIFIER.fullmatch(robot.name):
        yield Problem("robot", robot.name, "name", f'"{robot.name}" is not a name', "use letters, digits and _")
    elements: tuple[tuple[Literal["body", "joint"], str, list[str]], ...] = (
        ("body", "bodies", [body.name for body in robot.bodies]),
        ("joint", "joints", [joint.name for joint in robot.joints]),
    )
    for element, plural, names in elements:
        for name, count in Counter(names).items():
            if not _IDENTIFIER.fullmatch(name):
                yield Problem(element, name, "name", f'"{name}" is not a name', "use letters, digits and _")
            if count > 1:
                yield Problem(element, name, "name", f'{count} {plural} are named "{name}"')
    if any(body.name == "joints" for body in robot.bodies):
        yield Problem("body", "joints", "name", 'a body cannot be named "joints"', "that is where the joints are kept")


def _body_problems(body: PrimitiveBody) -> Iterator[Problem]:
    if not body.shapes:
        hint = "give it a box, sphere, capsule or cylinder"
        yield Problem("body", body.name, None, f'body "{body.name}" has no shape', hint)
    if body.mass is not None and not (isfinite(body.mass) and body.mass > 0.0):
        yield Problem("body", body.name, "mass", f"a mass of {body.mass:g} kg is not positive")
    for shape in body.shapes:
        if shape.kind is ShapeKind.BOX:
            if not all(isfinite(edge) and edge > 0.0 for edge in shape.size):
                yield Problem("body", body.name, "size", "the edges of a box have to be positive")
            continue
        if not (isfinite(shape.radius) and shape.radius > 0.0):
            yield Problem("body", body.name, "radius", f"the radius of a {shape.kind} has to be positive")
        if shape.kind is not ShapeKind.SPHERE and not (isfinite(shape.length) and shape.length > 0.0):
            yield Problem("body", body.name, "length", f"the length of a {shape.kind} has to be positive")


def _joint_problems(robot: PrimitiveRobot, joint: PrimitiveJoint) -> Iterator[Problem]:
    names = [body.name for body in robot.bodies]
    if joint.type not in JOINT_TYPES:
        listed = ", ".join(JOINT_TYPES)
        yield Problem("joint", joint.name, "type", f"a {joint.type} joint cannot be made", f"one of {listed}")
    for field, body in (("parent", joint.parent), ("child", joint.child)):
        if body not in names:
            close = suggest(body, names, n=1)
            hint = f'did you mean "{close[0]}"?' if close else None
            yield Problem("joint", joint.name, field, f'there is no body "{body}"', hint)
    if joint.parent == joint.child:
        yield Problem("joint", joint.name, "child", f'joint "{joint.name}" joins "{joint.child}" to itself')
    if joint.type is JointType.FIXED:
        return
    if not any(joint.axis):
        yield Problem("joint", joint.name, "axis", "the axis has no direction")
    if not joint.lower < joint.upper:
        hint = "use a fixed joint" if joint.lower == joint.upper else "the lower limit comes first"
        yield Problem(
            "joint", joint.name, "lower", f"the limits {joint.lower:g} .. {joint.upper:g} leave no room", hint
        )
    if joint.type is JointType.CONTINUOUS and not (isinf(joint.lower) and isinf(joint.upper)):
        yield Problem("joint", joint.name, "lower", "a continuous joint has no limits", "use a revolute joint")


def _tree_problems(robot: PrimitiveRobot) -> Iterator[Problem]:
    children = Counter(joint.child for joint in robot.joints)
    for joint in robot.joints:
        if children[joint.child] > 1:
            reason = f'{children[joint.child]} joints lead to body "{joint.child}"'
            yield Problem("joint", joint.name, "child", reason, "a body hangs on one joint; loops cannot be made")
            return
    roots = [body.name for body in robot.bodies if body.name not in children]
    if len(roots) > 1:
        joined = {joint.parent for joint in robot.joints} | set(children)
        for name in roots[1:]:
            loose = "is joined to nothing" if name not in joined else f'is not joined to "{roots[0]}"'
            yield Problem("body", name, None, f'body "{name}" {loose}', "a robot is one tree of bodies: add a joint")
        return
    if robot.joints:
        try:
            depth_first([(joint.parent, joint.child) for joint in robot.joints])
        except NotATreeError as error:
            index = error.joint or 0
            yield Problem("joint", robot.joints[index].name, None, str(error), "a robot is one tree of bodies")
