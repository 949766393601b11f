"""Writes robots, ground planes and references as USD text, the same bytes for the same input.

The layout is flat: all bodies lie directly below the robot, which is what Isaac Lab reads on Newton and on PhysX. No
USD library takes part, so compiling stays light.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from math import degrees, hypot, isinf, radians
from typing import TYPE_CHECKING

from stripe_dsl.robots.errors import RobotFileError
from stripe_dsl.robots.inertia import of_body
from stripe_dsl.robots.mechanism import Body, Joint, Mechanism, Part, Pose
from stripe_dsl.robots.model import JointType
from stripe_dsl.robots.primitives import PrimitiveRobot, find_problems
from stripe_dsl.robots.rotations import IDENTITY, Quaternion, Vector, quaternion
from stripe_dsl.robots.tetrahedra import box_of_tetrahedra

if TYPE_CHECKING:
    from jinja2 import Environment

_USD_JOINTS = {
    JointType.REVOLUTE: "PhysicsRevoluteJoint",
    JointType.CONTINUOUS: "PhysicsRevoluteJoint",
    JointType.PRISMATIC: "PhysicsPrismaticJoint",
    JointType.FIXED: "PhysicsFixedJoint",
    JointType.BALL: "PhysicsSphericalJoint",
}
GROUND_SIZE = 100.0
"""Edge of the visible ground, m; Isaac Lab's ``GroundPlaneCfg`` scales it and counts on this value."""


def robot_usda(robot: PrimitiveRobot) -> str:
    """The USD stage of a robot made of primitives; its default prim carries the articulation root.

    Raises:
        RobotFileError: with the first of :func:`find_problems`, if there are any.
    """
    problems = find_problems(robot)
    if problems:
        raise RobotFileError(problems[0].reason, problems[0].hint)
    return mechanism_usda(mechanism_of(robot), "Made from links and joints")


def mechanism_usda(robot: Mechanism, origin: str) -> str:
    """The USD stage of a robot; its default prim carries the articulation root.

    Args:
        origin: what it was made from, for the stage's documentation.
    """
    taken = {body.name for body in robot.bodies}
    template = _environment().get_template("robot.usda.jinja")
    return template.render(
        robot=robot,
        origin=origin,
        root_joint=_free_name("root_joint", taken),
        scope=_free_name("joints", taken),
        joints=[_authored(joint) for joint in sorted(robot.joints, key=lambda joint: joint.prim)],
    )


def _free_name(wish: str, taken: set[str]) -> str:
    while wish in taken:
        wish += "_"
    return wish


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


def deformable_usda(size: Vector, cells: tuple[int, int, int]) -> str:
    """A stage whose default prim holds a box of tetrahedra about its origin, as Isaac Lab's deformable objects want it.

    Args:
        size: edge lengths, m.
        cells: cells of the grid along each edge; each becomes five tetrahedra.
    """
    points, tetrahedra = box_of_tetrahedra(size, cells)
    return _environment().get_template("deformable.usda.jinja").render(points=points, tetrahedra=tetrahedra)


@dataclass(frozen=True, slots=True)
class _AuthoredJoint:
    """A joint as USD wants it: one frame in each body, turning about or sliding along ``token``; angles in degrees."""

    joint: Joint
    usd_type: str
    token: str | None
    outer: Pose
    inner: Pose
    lower: float | None
    upper: float | None
    velocity: float | None
    damping: float

    @property
    def limited(self) -> bool:
        """Whether the effort has a limit."""
        return not isinf(self.joint.effort)

    @property
    def drive(self) -> str | None:
        """The drive that carries the limit of the effort. Without one, PhysX has no gains for a joint."""
        if self.joint.type in (JointType.FIXED, JointType.BALL):
            return None
        return "angular" if self.joint.type.is_angular else "linear"


def _authored(joint: Joint) -> _AuthoredJoint:
    turns = joint.type not in (JointType.FIXED, JointType.BALL)
    token, turn = _axis_frame(joint.axis) if turns else (None, IDENTITY)
    angular = joint.type is not JointType.PRISMATIC
    return _AuthoredJoint(
        joint=joint,
        usd_type=_USD_JOINTS[joint.type],
        token=token,
        outer=joint.outer * Pose(rotation=turn),
        inner=joint.inner * Pose(rotation=turn),
        lower=_limit(joint.lower, angular) if turns else None,
        upper=_limit(joint.upper, angular) if turns else None,
        velocity=_limit(joint.velocity, angular) if turns else None,
        damping=joint.damping * radians(1.0) if angular else joint.damping,
    )


def mechanism_of(robot: PrimitiveRobot) -> Mechanism:
    """A robot made of primitives, for which the simulator derives inertia where all shapes of a body collide."""
    poses = {body.name: Pose(body.position, quaternion(body.rotation)) for body in robot.bodies}
    return Mechanism(
        name=robot.name,
        root=robot.root.name,
        bodies=tuple(
            Body(
                body.name,
                poses[body.name],
                tuple(
                    Part(shape, Pose(shape.position, quaternion(shape.rotation)), None, shape.color, shape.collides)
                    for shape in body.shapes
                ),
                body.mass,
                None if all(shape.collides for shape in body.shapes) else of_body(body),
            )
            for body in robot.bodies
        ),
        joints=tuple(
            Joint(
                joint.name,
                joint.type,
                joint.parent,
                joint.child,
                joint.axis,
                poses[joint.parent].inverse() * Pose(joint.at),
                poses[joint.child].inverse() * Pose(joint.at),
                joint.lower,
                joint.upper,
            )
            for joint in robot.joints
        ),
        fixed_base=robot.fixed_base,
        self_collisions=robot.self_collisions,
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
    environment.filters["digits"] = _digits
    environment.filters["rows"] = lambda points: ", ".join(
        f"({x:.7g}, {y:.7g}, {z:.7g})" for x, y, z in points.tolist()
    )
    environment.filters["flat"] = lambda triangles: ", ".join(map(str, triangles.ravel().tolist()))
    environment.filters["threes"] = lambda triangles: ", ".join(["3"] * len(triangles))
    # USD takes the angle of a pose from the arc cosine of w, which needs every digit when the angle is small.
    environment.filters["quaternion"] = lambda q: _vector(q, 15)
    return environment


def _number(value: float, digits: int = 9) -> str:
    """Shortest text of a number, without the noise of the last digits and without a negative zero."""
    return f"{round(value, digits) + 0.0:.15g}"


def _vector(values: tuple[float, ...], digits: int = 9) -> str:
    return f"({', '.join(_number(value, digits) for value in values)})"


def _digits(values: Iterable[float]) -> str:
    """A tuple of numbers that may be tiny, with nine digits each."""
    return f"({', '.join(f'{value + 0.0:.9g}' for value in values)})"
