"""Robots and objects in the document model: ``robot`` and ``object`` blocks."""

from typing import ClassVar

from pydantic import Field

from stripe_dsl.spec.blocks import Block
from stripe_dsl.spec.values import Expression, Text


class Shape(Block):
    """A primitive of a link."""

    head: ClassVar[str] = "size"
    size: Expression | None = Field(None, description="edge lengths of a box, (x, y, z) m")
    radius: Expression | None = None
    length: Expression | None = Field(None, description="length of a cylinder, or of a capsule between its caps")
    axis: Expression | None = Field(None, description="x, y or z: direction of a capsule or cylinder")
    at: Expression | None = Field(None, description="centre in the link's frame")
    color: Expression | None = None
    visual: bool = Field(False, description="seen, and has mass as others have, but touches nothing")


class Link(Block):
    """A rigid body made of primitives, for robots written in the file."""

    box: Shape | None = None
    sphere: Shape | None = None
    capsule: Shape | None = None
    cylinder: Shape | None = None
    mass: Expression | None = None
    at: Expression | None = Field(None, description="position of the link's frame in the robot's frame")
    fixed: bool = Field(False, description="fixed to the world: the base of a robot that cannot move away")


class JointSpec(Block):
    """``joint name = "pattern"`` names a joint of the robot file; with ``type`` it makes one between two links."""

    head: ClassVar[str] = "pattern"
    pattern: Text | None = Field(None, description="the joint's name in the robot file")
    type: Expression | None = Field(
        None, description="revolute (the default where there is an axis), prismatic or fixed"
    )
    parent: Expression | None = None
    child: Expression | None = None
    axis: Expression | None = Field(None, description="x, y, z, -x, -y or -z in the robot's frame")
    at: Expression | None = Field(None, description="position in the robot's frame; the child's where absent")
    limits: Expression | None = Field(None, description="range of the joint's position")


class NameSet(Block):
    """``joints legs = ".*_leg"``: a named subset; several patterns keep their order."""

    head: ClassVar[str] = "patterns"
    patterns: list[Text] = Field(default_factory=list)


class ActuatorSpec(Block):
    """How a group of joints is driven. Gains and limits are one number, or one by pattern in braces."""

    head: ClassVar[str] = "model"
    by_pattern: ClassVar[tuple[str, ...]] = (
        "stiffness", "damping", "effort", "velocity", "saturation", "armature", "friction", "viscous"
    )  # fmt: skip
    implicit: bool = Field(False, description="the physics engine integrates the drive (the default)")
    ideal_pd: bool = Field(False, description="efforts are computed before each physics step")
    dc_motor: bool = Field(False, description="as `ideal_pd`, with the speed-torque curve of a DC motor")
    mlp: bool = Field(False, description="a learned motor: a network of the last errors of the position, and speeds")
    lstm: bool = Field(False, description="a learned motor: a recurrent network")
    joints: list[Text] = Field(default_factory=list, description="patterns; the group's own name where absent")
    network: Text | None = Field(None, description="of a learned motor: its TorchScript file")
    pos_scale: Expression | None = Field(
        None, description="of an mlp: factor of errors of the position, 1 where absent"
    )
    vel_scale: Expression | None = Field(None, description="of an mlp: factor of speeds, 1 where absent")
    torque_scale: Expression | None = Field(None, description="of an mlp: effort of an output of one, 1 where absent")
    input_order: Expression | None = Field(None, description="of an mlp: pos_vel (where absent) or vel_pos")
    input_idx: Expression | None = Field(
        None, description="of an mlp: physics steps that its inputs look back, [0] where absent"
    )
    stiffness: Expression | None = None
    damping: Expression | None = None
    effort: Expression | None = Field(None, description="largest force or torque")
    velocity: Expression | None = Field(None, description="largest speed")
    saturation: Expression | None = Field(None, description="of a dc_motor or a learned one: force or torque at rest")
    armature: Expression | None = None
    friction: Expression | None = Field(None, description="force or torque that has to be overcome")
    viscous: Expression | None = Field(None, description="friction that grows with the speed")
    delay: Expression | None = Field(None, description="of an ideal_pd: time that commands take")
    effort_at: Expression | None = Field(
        None, description="of an ideal_pd: largest effort by position, [(-90 deg, 30 N*m), (0 deg, 45 N*m)]"
    )


class Spawn(Block):
    """Where the robot starts in its environment."""

    at: Expression | None = None
    facing: Expression | None = Field(None, description="an angle about the vertical, or rpy(0, 0, 90 deg)")


class RobotSpec(Block):
    """An articulation: from a file, from an Isaac Lab cfg, or made of links and joints."""

    usd: Text | None = None
    urdf: Text | None = None
    mjcf: Text | None = None
    cfg: Text | None = Field(None, description="an Isaac Lab cfg, module:NAME")
    prim: Text | None = Field(None, description="prim that holds the articulation, where the file's default is wrong")
    spawn: Spawn | None = None
    joint: dict[Text, JointSpec] = Field(default_factory=dict)
    joints: dict[Text, NameSet] = Field(default_factory=dict)
    body: dict[Text, NameSet] = Field(default_factory=dict)
    bodies: dict[Text, NameSet] = Field(default_factory=dict)
    link: dict[Text, Link] = Field(default_factory=dict)
    pose: dict[Text, Expression] = Field(default_factory=dict, description="default joint positions by pattern")
    actuator: dict[Text, ActuatorSpec] = Field(default_factory=dict)
    self_collision: bool = False
    soft_limits: Expression | None = Field(
        None, description="share of the joints' ranges that `.lower` and `.upper` leave"
    )
    fixed: bool = Field(False, description="the base of a URDF or MJCF robot is fixed to the world")


class Cable(Block):
    """A chain of capsules that bends: a cable or a rope, straight along x about the object's place."""

    radius: Expression | None = None
    length: Expression | None = None
    segments: Expression | None = Field(
        None, description="capsules of the chain; each three thicknesses long if absent"
    )
    stretch: Expression | None = Field(None, description="elastic modulus in stretching")
    bend: Expression | None = Field(None, description="elastic modulus in bending")
    shear: Expression | None = Field(None, description="elastic modulus in shearing, that of `stretch` where absent")
    twist: Expression | None = Field(None, description="elastic modulus in twisting, that of `bend` where absent")
    color: Expression | None = None


class Grains(Block):
    """A heap of grains, which flows: sand, seeds; in a box about the object's place when it is spawned."""

    head: ClassVar[str] = "size"
    size: Expression | None = Field(None, description="edge lengths of the box, (x, y, z) m")
    spacing: Expression | None = Field(None, description="distance from one grain to the next when they are spawned")
    color: Expression | None = None


class ObjectSpec(Block):
    """An object, which moves as it is pushed: a primitive, a body of a file, what can be deformed, a cable, grains."""

    box: Shape | None = None
    sphere: Shape | None = None
    capsule: Shape | None = None
    cylinder: Shape | None = None
    cable: Cable | None = None
    grains: Grains | None = None
    usd: Text | None = None
    prim: Text | None = Field(None, description="prim of the file that holds the body, where its default is another")
    scale: Expression | None = Field(None, description="of a file: one number, or one along each axis")
    mass: Expression | None = Field(None, description="a file may say it, too")
    friction: Expression | None = Field(
        None, description="static and dynamic, one number for both; 1 where absent, 0.68 of grains"
    )
    restitution: Expression | None = Field(None, description="0 where absent")
    kinematic: bool = Field(False, description="nothing moves it but a reset: it has no mass, and stays in the air")
    deformable: bool = Field(False, description="a box of elastic material, cut into tetrahedra")
    young: Expression | None = Field(None, description="of a deformable: Young's modulus of the material")
    poisson: Expression | None = Field(None, description="of a deformable: Poisson's ratio, 0.3 where absent")
    cells: Expression | None = Field(
        None, description="of a deformable: cells along each edge, two along the shortest where absent"
    )
    spawn: Spawn | None = None
