"""What the compiler knows about a robot, whichever file format it was read from.

The order of :attr:`RobotModel.joints` and :attr:`RobotModel.bodies` is the order in which Isaac Lab reports
``articulation.joint_names`` and ``articulation.body_names`` on the Newton backend (see :mod:`stripe_dsl.robots.order`).
PhysX orders them breadth first; generated code addresses joints by name, so nothing depends on the order but
documentation and the reading of policies.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from functools import cached_property
from math import inf, isinf
from typing import Any, Literal

Format = Literal["usd", "urdf", "mjcf", "primitives"]


class JointType(StrEnum):
    """How a joint lets its child body move against its parent body."""

    REVOLUTE = "revolute"
    CONTINUOUS = "continuous"
    PRISMATIC = "prismatic"
    FIXED = "fixed"
    BALL = "ball"
    FREE = "free"

    @property
    def is_angular(self) -> bool:
        """Whether the coordinate is an angle (rad) and not a distance (m)."""
        return self in (JointType.REVOLUTE, JointType.CONTINUOUS, JointType.BALL)


@dataclass(frozen=True, slots=True)
class RobotJoint:
    """One degree of freedom that an actuator can drive.

    A joint of several degrees of freedom appears once for each of them, named ``<joint>:0``, ``<joint>:1``, … as Isaac
    Lab names them on Newton.

    Attributes:
        name: as in ``articulation.joint_names``.
        type: ``revolute``, ``continuous`` (a revolute without limits), ``prismatic`` or ``ball``.
        lower: lower position limit, rad or m; ``-inf`` without one.
        upper: upper position limit, rad or m; ``inf`` without one.
        velocity_limit: rad/s or m/s; ``inf`` when the file gives none.
        effort_limit: N·m or N; ``inf`` when the file gives none.
        parent: name of the parent body; empty when the joint hangs on the world.
        child: name of the child body.
        axis: unit vector in the parent body's frame, at the zero position.
        alias: what the file calls it, where the simulator has another name for it; patterns are matched against this.
    """

    name: str
    type: JointType
    lower: float
    upper: float
    velocity_limit: float
    effort_limit: float
    parent: str
    child: str
    axis: tuple[float, float, float]
    alias: str = ""

    @property
    def is_limited(self) -> bool:
        """Whether there is a lower or an upper position limit."""
        return not (isinf(self.lower) and isinf(self.upper))


@dataclass(frozen=True, slots=True)
class RobotBody:
    """A rigid body.

    Attributes:
        name: as in ``articulation.body_names``.
        mass: kg; ``None`` when the file gives none and the simulator derives it from shapes and density.
        path: its prim below the robot's prim, ``/torso/leg``; the name alone where the file says nothing else, and
            empty for the robot's prim itself.
        collides: whether a shape of it does, so that something can touch it.
    """

    name: str
    mass: float | None
    path: str | None = None
    collides: bool = True

    @property
    def below(self) -> str:
        """What follows the robot's prim in the path of the body's."""
        return f"/{self.name}" if self.path is None else self.path


@dataclass(frozen=True)
class RobotModel:
    """An articulation: the degrees of freedom that can be driven, and the bodies.

    Attributes:
        name: what the file calls the robot.
        source: the file it was read from.
        format: which reader made it.
        fixed_base: whether the root body is fixed to the world.
        root_body: name of the root body.
        joints: the driven degrees of freedom (no fixed, no free joint), in Isaac Lab's order on Newton.
        bodies: all bodies, in Isaac Lab's order on Newton.
        self_collisions: whether the file lets the robot's own bodies collide with each other; ``None`` if it is silent.
        collision_shapes: number of shapes that collide.
        prim: the USD prim that has to be referenced; ``None`` for the stage's default prim and for other formats.
        warnings: what a user should know though the file can be read.
        kept_apart: as ``warnings``, of bodies that the file lets not touch each other; it counts where the robot's own
            bodies collide.
    """

    name: str
    source: str
    format: Format
    fixed_base: bool
    root_body: str
    joints: tuple[RobotJoint, ...]
    bodies: tuple[RobotBody, ...]
    self_collisions: bool | None = None
    collision_shapes: int = 0
    prim: str | None = None
    warnings: tuple[str, ...] = ()
    kept_apart: tuple[str, ...] = ()

    @cached_property
    def joint_names(self) -> tuple[str, ...]:
        """Names of the driven degrees of freedom."""
        return tuple(joint.name for joint in self.joints)

    @cached_property
    def body_names(self) -> tuple[str, ...]:
        """Names of the bodies."""
        return tuple(body.name for body in self.bodies)

    def joint(self, name: str) -> RobotJoint:
        """The joint of that name. Raises ``KeyError`` if there is none."""
        return self._joints_by_name[name]

    def body(self, name: str) -> RobotBody:
        """The body of that name. Raises ``KeyError`` if there is none."""
        return self._bodies_by_name[name]

    def untouched(self, names: Sequence[str]) -> tuple[str, ...]:
        """Those of some bodies that nothing can touch."""
        return tuple(name for name in names if not self.body(name).collides)

    @cached_property
    def _joints_by_name(self) -> dict[str, RobotJoint]:
        return {joint.name: joint for joint in self.joints}

    @cached_property
    def _bodies_by_name(self) -> dict[str, RobotBody]:
        return {body.name: body for body in self.bodies}

    def to_json(self) -> str:
        """The model as a JSON document; unlimited values become ``null``."""
        data: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}
        data["joints"] = [[_finite(getattr(joint, name)) for name in _JOINT_FIELDS] for joint in self.joints]
        data["bodies"] = [[body.name, body.mass, body.path, body.collides] for body in self.bodies]
        return json.dumps(data, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> RobotModel:
        """Inverse of :meth:`to_json`. Raises ``ValueError``, ``KeyError`` or ``TypeError`` for any other text."""
        data = json.loads(text)
        data["joints"] = tuple(_joint(row) for row in data["joints"])
        data["bodies"] = tuple(RobotBody(*row) for row in data["bodies"])
        for texts in ("warnings", "kept_apart"):
            data[texts] = tuple(data[texts])
        return cls(**data)


_JOINT_FIELDS = tuple(field.name for field in fields(RobotJoint))


def _finite(value: object) -> object:
    return None if isinstance(value, float) and isinf(value) else value


def _joint(row: list[Any]) -> RobotJoint:
    name, kind, lower, upper, velocity_limit, effort_limit, parent, child, axis, alias = row
    return RobotJoint(
        name=name,
        type=JointType(kind),
        lower=-inf if lower is None else lower,
        upper=inf if upper is None else upper,
        velocity_limit=inf if velocity_limit is None else velocity_limit,
        effort_limit=inf if effort_limit is None else effort_limit,
        parent=parent,
        child=child,
        axis=(axis[0], axis[1], axis[2]),
        alias=alias,
    )
