"""A robot as a stage holds it: bodies with poses, shapes and inertia, and joints with a frame in each of their bodies.

What the readers of URDF and MJCF files and robots made of primitives have in common; written by
:mod:`stripe_dsl.robots.author`. Lengths are in m, angles in rad, rotations are quaternions (w, x, y, z).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import inf

from stripe_dsl.robots.errors import RobotFileError
from stripe_dsl.robots.inertia import DENSITY, MassProperties, diagonal, of_shape, turned
from stripe_dsl.robots.meshes import Mesh, of_mesh
from stripe_dsl.robots.model import JointType
from stripe_dsl.robots.primitives import ORIGIN, PrimitiveShape
from stripe_dsl.robots.rotations import IDENTITY, Quaternion, Vector, conjugate, minus, plus, rotate, times

WORLD_BODY = "world"
"""Name of the fixed body that carries a robot whose first joint moves against the world."""
FRAME = MassProperties(1e-6, ORIGIN, diagonal((1e-9, 1e-9, 1e-9)))
"""Of a body that is only a frame: as little as a solver takes for a mass."""


@dataclass(frozen=True, slots=True)
class Pose:
    """Where a frame lies in another one."""

    position: Vector = ORIGIN
    rotation: Quaternion = IDENTITY

    def __mul__(self, inner: Pose) -> Pose:
        """The pose of a frame that lies at ``inner`` in this one."""
        return Pose(plus(self.position, rotate(self.rotation, inner.position)), times(self.rotation, inner.rotation))

    def inverse(self) -> Pose:
        """The pose of the outer frame in this one."""
        back = conjugate(self.rotation)
        return Pose(rotate(back, minus(ORIGIN, self.position)), back)


def moved(properties: MassProperties, pose: Pose) -> MassProperties:
    """Mass properties given in a frame, in the frame that this one lies in."""
    center = plus(pose.position, rotate(pose.rotation, properties.center))
    return MassProperties(properties.mass, center, turned(properties.inertia, pose.rotation))


@dataclass(frozen=True, slots=True)
class Part:
    """A shape of a body: a primitive or a mesh, which collides as its convex hull.

    Attributes:
        shape: kind and sizes; of a mesh nothing but ``None``.
        mesh: the mesh, in the part's frame.
        pose: in the body's frame.
        color: red, green, blue in 0..1, or ``None``.
        collides: whether it touches other things.
        seen: whether it is drawn.
    """

    shape: PrimitiveShape | None
    pose: Pose
    mesh: Mesh | None = None
    color: Vector | None = None
    collides: bool = True
    seen: bool = True

    @property
    def kind(self) -> str:
        """``box``, ``sphere``, ``capsule``, ``cylinder`` or ``mesh``."""
        return str(self.shape.kind) if self.shape is not None else "mesh"

    @property
    def usd_type(self) -> str:
        """Name of the USD prim type."""
        return self.shape.kind.usd_type if self.shape is not None else "Mesh"

    @property
    def schemas(self) -> tuple[str, ...]:
        """API schemas that make it collide."""
        if not self.collides:
            return ()
        return ("PhysicsCollisionAPI",) if self.mesh is None else ("PhysicsCollisionAPI", "PhysicsMeshCollisionAPI")

    def solid(self, density: float = DENSITY) -> MassProperties:
        """Its mass properties in the body's frame, at a density [kg/m^3]."""
        whole = of_mesh(self.mesh, density) if self.mesh is not None else of_shape(self._shape, density)
        return moved(whole, self.pose)

    @property
    def _shape(self) -> PrimitiveShape:
        assert self.shape is not None
        return replace(self.shape, position=ORIGIN, rotation=ORIGIN)


@dataclass(frozen=True, slots=True)
class Body:
    """A rigid body.

    Attributes:
        name: a prim's name; as in ``articulation.body_names``.
        pose: in the robot's frame, with all joints at zero.
        parts: its shapes.
        mass: kg; ``None`` lets the simulator derive it from the parts.
        inertia: mass properties, where the simulator should not derive them.
    """

    name: str
    pose: Pose
    parts: tuple[Part, ...]
    mass: float | None = None
    inertia: MassProperties | None = None


@dataclass(frozen=True, slots=True)
class Joint:
    """A joint; several between the same two bodies are one joint of several degrees of freedom, in this order.

    Attributes:
        prim: the prim's name.
        axis: in the joint's frame; unused by fixed and ball joints.
        outer: the joint's frame in the parent's.
        inner: the joint's frame in the child's.
        lower: lower limit, rad or m.
        upper: upper limit, rad or m.
        velocity: largest speed, rad/s or m/s.
        effort: largest force or torque, N or N*m.
        armature: kg or kg*m^2.
        friction: N or N*m.
        damping: passive, N*s/m or N*m*s/rad.
        stiffness: of a spring, N/m or N*m/rad, which Newton alone simulates.
        rest: where the spring is at rest, rad or m.
    """

    prim: str
    type: JointType
    parent: str
    child: str
    axis: Vector
    outer: Pose
    inner: Pose
    lower: float = -inf
    upper: float = inf
    velocity: float = inf
    effort: float = inf
    armature: float = 0.0
    friction: float = 0.0
    damping: float = 0.0
    stiffness: float = 0.0
    rest: float = 0.0


@dataclass(frozen=True, slots=True)
class Mechanism:
    """A whole robot; the bodies are one tree from ``root``.

    Attributes:
        self_collisions: whether its bodies collide with each other.
    """

    name: str
    root: str
    bodies: tuple[Body, ...]
    joints: tuple[Joint, ...]
    fixed_base: bool
    self_collisions: bool = False


def prim_name(name: str) -> str:
    """A name as a prim can have it, which is then the simulator's name too."""
    text = re.sub(r"[^A-Za-z0-9_]", "_", name)
    return f"_{text}" if text[:1].isdigit() else text


def check_names(names: Iterable[str], what: str, file: str) -> None:
    """Two names may not become one prim's name.

    Raises:
        RobotFileError: for the first two that do.
    """
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(prim_name(name), name)
        if other != name:
            hint = "rename one of them"
            raise RobotFileError(f'"{file}": {what} "{other}" and "{name}" have the same name in USD', hint)
