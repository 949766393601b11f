"""Writes robots made of primitives, ground planes and references as USD text, the same bytes for the same input.

The layout is flat: all bodies lie directly below the robot, which is what Isaac Lab reads on Newton and on PhysX. No
USD library takes part, so compiling stays light.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import degrees, hypot, isinf
from typing import TYPE_CHECKING

from stripe_dsl.robots.errors import RobotFileError
from stripe_dsl.robots.inertia import of_body
from stripe_dsl.robots.model import JointType
from stripe_dsl.robots.primitives import PrimitiveJoint, PrimitiveRobot, find_problems
from stripe_dsl.robots.rotations import IDENTITY, Quaternion, Vector, conjugate, minus, quaternion, rotate, times

if TYPE_CHECKING:
    from jinja2 import Environment

_USD_JOINTS = {
    JointType.REVOLUTE: "PhysicsRevoluteJoint",
    JointType.CONTINUOUS: "PhysicsRevoluteJoint",
    JointType.PRISMATIC: "PhysicsPrismaticJoint",
    JointType.FIXED: "PhysicsFixedJoint",
}
GROUND_SIZE = 100.0
"""Edge of the visible ground, m; Isaac Lab's ``GroundPlaneCfg`` scales it and counts on this value."""


def robot_usda(robot: PrimitiveRobot) -> str:
    """The USD stage of a robot; its default prim carries the articulation root.

    Raises:
        RobotFileError: with the first of :func:`find_problems`, if there are any.
    """
    problems = find_problems(robot)
    if problems:
        raise RobotFileError(problems[0].reason, problems[0].hint)
    taken = {body.name for body in robot.bodies}
    root_joint = "root_joint"
    while root_joint in taken:
        root_joint += "_"
    joints = [_frames(robot, joint) for joint in sorted(robot.joints, key=lambda joint: joint.name)]
    template = _environment().get_template("robot.usda.jinja")
    # the simulator derives the inertia of a body from the shapes that collide: where others count too, it is written
    inertias = {body.name: of_body(body) for body in robot.bodies if not all(shape.collides for shape in body.shapes)}
    return template.render(robot=robot, root=robot.root, root_joint=root_joint, joints=joints, inertias=inertias)


def ground_plane_usda(
    *,
    static_friction: float = 1.0,
    dynamic_friction: float = 1.0,
    restitution: float = 0.0,
    color: Vector = (0.42, 0.44, 0.47),
) -> str:
    """A stage with an endless plane at z = 0 that collides, and a square to be seen.

    Works as ``GroundPlaneCfg(usd_path=…)``, which puts its own ``physics_material`` over the frictions given here, and
    as ``UsdFileCfg(usd_path=…)``, which takes these.
    """
    return (
        _environment()
        .get_template("ground_plane.usda.jinja")
        .render(
            half=GROUND_SIZE / 2,
            color=color,
            static_friction=static_friction,
            dynamic_friction=dynamic_friction,
            restitution=restitution,
        )
    )


def reference_usda(asset: str, prim: str) -> str:
    """A stage whose default prim is ``prim`` of the stage ``asset``, for files that name a wrong default prim.

    Args:
        asset: path of the stage; relative ones are relative to where this text is saved.
        prim: absolute prim path that exists there.
    """
    quoted = f"@@@{asset}@@@" if "@" in asset else f"@{asset}@"
    name = prim.rsplit("/", 1)[-1]
    return _environment().get_template("reference.usda.jinja").render(asset=quoted, prim=prim, name=name)


@dataclass(frozen=True, slots=True)
class _JointFrames:
    """A joint as USD wants it: one frame in each body, turning about or sliding along ``token``."""

    name: str
    usd_type: str
    parent: str
    child: str
    token: str | None
    position0: Vector
    rotation0: Quaternion
    position1: Vector
    rotation1: Quaternion
    lower: float | None
    upper: float | None


def _frames(robot: PrimitiveRobot, joint: PrimitiveJoint) -> _JointFrames:
    bodies = {body.name: body for body in robot.bodies}
    parent, child = bodies[joint.parent], bodies[joint.child]
    token, turn = (None, IDENTITY) if joint.type is JointType.FIXED else _axis_frame(joint.axis)
    parent_inverse = conjugate(quaternion(parent.rotation))
    child_inverse = conjugate(quaternion(child.rotation))
    angular = joint.type is not JointType.PRISMATIC
    moves = joint.type is not JointType.FIXED
    return _JointFrames(
        name=joint.name,
        usd_type=_USD_JOINTS[joint.type],
        parent=joint.parent,
        child=joint.child,
        token=token,
        position0=rotate(parent_inverse, minus(joint.at, parent.position)),
        rotation0=times(parent_inverse, turn),
        position1=rotate(child_inverse, minus(joint.at, child.position)),
        rotation1=times(child_inverse, turn),
        lower=_limit(joint.lower, angular) if moves else None,
        upper=_limit(joint.upper, angular) if moves else None,
    )


def _limit(value: float, angular: bool) -> float | None:
    """A limit in USD's unit; nothing is authored for an unlimited side, which is what unlimited means there."""
    if isinf(value):
        return None
    return degrees(value) if angular else value


def _axis_frame(axis: Vector) -> tuple[str, Quaternion]:
    """USD's axis name, and the frame in the robot's frame whose axis of that name points along ``axis``."""
    length = hypot(*axis)
    unit = (axis[0] / length, axis[1] / length, axis[2] / length)
    for token, candidate in (("X", (1.0, 0.0, 0.0)), ("Y", (0.0, 1.0, 0.0)), ("Z", (0.0, 0.0, 1.0))):
        if unit == candidate:
            return token, IDENTITY
    # The shortest turn from x to the axis; half a turn about z for -x, where the shortest is not unique.
    if unit[0] <= -1.0 + 1e-12:
        return "X", (0.0, 0.0, 0.0, 1.0)
    w, y, z = 1.0 + unit[0], -unit[2], unit[1]
    norm = hypot(w, y, z)
    return "X", (w / norm, 0.0, y / norm, z / norm)


# Text ----------------------------------------------------------------------------------------------------------------


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("stripe_dsl.robots"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    environment.filters["number"] = _number
    environment.filters["vector"] = _vector
    environment.filters["moments"] = lambda values: f"({', '.join(f'{value:.9g}' for value in values)})"
    # USD takes the angle of a pose from the arc cosine of w, which needs every digit when the angle is small.
    environment.filters["quaternion"] = lambda rpy: _vector(quaternion(rpy), 15)
    return environment


def _number(value: float, digits: int = 9) -> str:
    """Shortest text of a number, without the noise of the last digits and without a negative zero."""
    return f"{round(value, digits) + 0.0:.15g}"


def _vector(values: tuple[float, ...], digits: int = 9) -> str:
    return f"({', '.join(_number(value, digits) for value in values)})"
