"""Several copies of a robot that is fixed to the world as one articulation: things with joints that stand in a scene.

All of them hang on one body that does not move, which is where an articulation begins. Names get the number of the
copy behind them, ``hinge_0``, ``hinge_1``, …, with as many digits as the last one needs, so that they sort by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from stripe_dsl.robots.author import mechanism_of
from stripe_dsl.robots.mechanism import FRAME, Body, Joint, Mechanism, Pose
from stripe_dsl.robots.model import JointType
from stripe_dsl.robots.primitives import PrimitiveBody, PrimitiveJoint, PrimitiveRobot

GROUND = "ground"
"""The body that all copies hang on."""


def copies(name: str, count: int) -> tuple[str, ...]:
    """What a joint or a body is called in each copy."""
    digits = len(str(count - 1))
    return tuple(f"{name}_{number:0{digits}d}" for number in range(count))


def any_copy(pattern: str) -> str:
    """A pattern for what the names that ``pattern`` matches are called in all copies."""
    return rf"{pattern}_\d+" if pattern.isidentifier() else rf"({pattern})_\d+"


def held(name: str) -> str:
    """The fixed joint that holds the base of a copy."""
    return f"{name}_held"


def repeated(robot: PrimitiveRobot, name: str, count: int) -> PrimitiveRobot:
    """The names and joints of all copies, none of them in its place: what a model is made of.

    Args:
        robot: without problems, and fixed to the world.
        name: of the whole.
    """
    bodies, joints = [PrimitiveBody(GROUND, ())], []
    for old in robot.bodies:
        bodies += [replace(old, name=new) for new in copies(old.name, count)]
    for new in copies(robot.root.name, count):
        joints.append(PrimitiveJoint(held(new), JointType.FIXED, GROUND, new))
    for old in robot.joints:
        ends = zip(*(copies(item, count) for item in (old.name, old.parent, old.child)), strict=True)
        joints += [replace(old, name=new, parent=parent, child=child) for new, parent, child in ends]
    return PrimitiveRobot(name, tuple(bodies), tuple(joints), True, robot.self_collisions)


def mechanism(robot: PrimitiveRobot, name: str, places: Sequence[Pose]) -> Mechanism:
    """All copies in their places, as a stage can hold them.

    Args:
        robot: without problems, and fixed to the world.
        name: of the whole.
        places: of the frame of each copy, in that of the whole.
    """
    one, count = mechanism_of(robot), len(places)
    bodies = [Body(GROUND, Pose(), (), None, FRAME)]
    joints: list[Joint] = []
    for old in one.bodies:
        named = zip(copies(old.name, count), places, strict=True)
        bodies += [replace(old, name=new, pose=place * old.pose) for new, place in named]
    root = next(body for body in one.bodies if body.name == one.root)
    for new, place in zip(copies(one.root, count), places, strict=True):
        axis = (0.0, 0.0, 1.0)
        joints.append(Joint(held(new), JointType.FIXED, GROUND, new, axis, place * root.pose, Pose()))
    for joint in one.joints:
        ends = zip(*(copies(item, count) for item in (joint.prim, joint.parent, joint.child)), strict=True)
        joints += [replace(joint, prim=new, parent=parent, child=child) for new, parent, child in ends]
    return Mechanism(name, GROUND, tuple(bodies), tuple(joints), True, one.self_collisions)
