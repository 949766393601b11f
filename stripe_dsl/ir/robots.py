"""Articulations of a checked task, and what drives their joints. All numbers are in SI units."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stripe_dsl.robots.model import RobotModel
from stripe_dsl.source import Span

if TYPE_CHECKING:
    from stripe_dsl.robots.primitives import PrimitiveRobot  # only robots written in the file need it

type Gain = float | tuple[tuple[str, float], ...]
"""One number for all joints of a group, or one for each pattern of their names."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Actuator:
    """A group of joints with one actuator model. ``None`` leaves what the robot file says.

    Gains are in SI units: N/m, N*s/m for prismatic joints, N*m/rad, N*m*s/rad for revolute ones.

    Attributes:
        kind: ``implicit`` (the physics engine integrates the drive), ``ideal_pd``, ``dc_motor``, ``mlp`` or ``lstm``.
        network: of an ``mlp`` or ``lstm``.
        saturation: force or torque of a ``dc_motor`` that stands still [N or N*m].
        delay: time that commands take to an ``ideal_pd`` [s].
        effort_at: positions [rad or m] and the largest efforts there [N*m or N]; in between, linearly.
    """

    name: str
    kind: str
    joint_patterns: tuple[str, ...]
    stiffness: Gain | None
    damping: Gain | None
    effort_limit: Gain | None
    velocity_limit: Gain | None
    armature: Gain | None
    friction: Gain | None
    span: Span | None = None
    viscous_friction: Gain | None = None
    saturation: Gain | None = None
    delay: float | None = None
    effort_at: tuple[tuple[float, float], ...] = ()
    network: Network | None = None

    @property
    def explicit(self) -> bool:
        """Whether its efforts are computed outside of the physics engine's solver."""
        return self.kind != "implicit"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Network:
    """A network that says what a motor does, in TorchScript.

    Attributes:
        reference: the file as written.
        file: the file on this machine.
        order: of an ``mlp``: ``pos_vel`` (errors of the position first) or ``vel_pos``.
        steps: of an ``mlp``: how many physics steps ago each of its inputs is from.
        pos_scale: factor of errors of the position [1/rad or 1/m].
        vel_scale: factor of velocities [s/rad or s/m].
        torque_scale: force or torque of an output of one [N*m or N].
    """

    reference: str
    file: str
    order: str
    steps: tuple[int, ...]
    pos_scale: float
    vel_scale: float
    torque_scale: float


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Robot:
    """An articulation in the scene.

    Attributes:
        name: key in the scene (``self.scene[name]``).
        reference: the USD file as written (``package://…``), or empty where the compiler writes it.
        primitives: links and joints of a robot authored in the file; a back end writes them beside its code.
        stage: USD text of a robot that was brought to USD from another format; empty until the task is compiled.
        prim: prim that holds the articulation where the stage's default is wrong.
        position: spawn position in the environment's frame [m]; where ``at_spawn``, from the scene's spawn point on
            the ground.
        rotation: spawn rotation, quaternion (x, y, z, w); where ``at_spawn``, before the spawn's own yaw.
        joint_pos: default joint positions by pattern [rad or m].
        sets: named joints and bodies, with their members.
        soft_limits: share of the joints' ranges that soft limits leave.
        at_spawn: it stands in a scene with a terrain, and the task does not say where.
        baked: of a layer of the scene, whose things are one articulation: its file among those that are baked.
    """

    name: str
    model: RobotModel
    reference: str
    cfg_reference: str
    primitives: PrimitiveRobot | None
    prim: str | None
    position: tuple[float, float, float]
    rotation: tuple[float, float, float, float]
    joint_pos: tuple[tuple[str, float], ...]
    actuators: tuple[Actuator, ...]
    self_collision: bool
    sets: tuple[tuple[str, tuple[str, ...]], ...] = ()
    span: Span | None = None
    stage: str = ""
    soft_limits: float = 1.0
    at_spawn: bool = False
    baked: str = ""

    @property
    def jointless(self) -> bool:
        """Whether no joint moves: Isaac Lab minds patterns of joints that match nothing."""
        return not self.model.joints and not self.cfg_reference  # a cfg of Isaac Lab may make other joints of the file

    @property
    def learned(self) -> tuple[str, ...]:
        """Joints whose actuators are networks."""
        return self._driven([actuator for actuator in self.actuators if actuator.network is not None])

    @property
    def explicit(self) -> tuple[str, ...]:
        """Joints whose actuators compute efforts outside of the physics engine's solver."""
        return self._driven([actuator for actuator in self.actuators if actuator.explicit])

    def _driven(self, actuators: list[Actuator]) -> tuple[str, ...]:
        patterns = [text for actuator in actuators for text in actuator.joint_patterns]
        return tuple(name for name in self.model.joint_names if any(re.fullmatch(text, name) for text in patterns))

    @property
    def written(self) -> bool:
        """Whether its USD file is written beside the generated code."""
        return self.primitives is not None or self.model.format in ("urdf", "mjcf")

    @property
    def placed(self) -> bool:
        """Whether the file says where the robot starts, or in which pose."""
        return bool(self.joint_pos) or any(self.position) or self.rotation != (0.0, 0.0, 0.0, 1.0)
