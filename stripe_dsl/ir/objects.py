"""Objects of a checked task: rigid bodies, cables, grains, and such as can be deformed. Numbers are in SI units."""

from __future__ import annotations

from dataclasses import dataclass
from math import pi, prod
from typing import TYPE_CHECKING

from stripe_dsl.source import Span

if TYPE_CHECKING:
    from stripe_dsl.robots.primitives import PrimitiveShape  # only files with objects need it


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ObjectFile:
    """The USD file of an object.

    Attributes:
        reference: the file as written.
        source: the file on this machine.
        prim: prim that is spawned; ``None`` for the stage's default.
        below: what follows that prim in the path of the rigid body; empty where it is the body.
        scale: along each axis.
        shapes: how many of its shapes collide.
    """

    reference: str
    source: str
    prim: str | None
    below: str
    scale: tuple[float, float, float]
    shapes: int


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class RigidObject:
    """A rigid body that nothing drives.

    Attributes:
        name: as in the file.
        shape: what it is made of, at its origin; ``None`` where a file says it.
        mass: [kg]; has no meaning for a kinematic one; ``None`` leaves what the file says.
        file: where it is read from; it then says friction and restitution itself.
        kinematic: neither forces nor contacts move it.
        friction: static and dynamic, dimensionless.
        position: spawn position in the environment's frame [m]; where ``at_spawn``, from the scene's spawn point on
            the ground.
        rotation: spawn rotation, quaternion (x, y, z, w); where ``at_spawn``, before the spawn's own yaw.
        at_spawn: it stands in a scene with a terrain, and the task does not say where.
    """

    name: str
    shape: PrimitiveShape | None
    mass: float | None
    friction: float
    restitution: float
    position: tuple[float, float, float]
    rotation: tuple[float, float, float, float]
    kinematic: bool = False
    at_spawn: bool = False
    file: ObjectFile | None = None
    span: Span | None = None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SoftObject:
    """A box of elastic material, as a mesh of tetrahedra between the corners of a regular grid.

    Attributes:
        name: as in the file.
        size: edge lengths [m].
        cells: cells of the grid along each edge.
        mass: [kg].
        young: Young's modulus [Pa].
        poisson: Poisson's ratio, 0 to below 0.5.
        position: spawn position of the middle in the environment's frame [m].
        rotation: spawn rotation, quaternion (x, y, z, w).
    """

    name: str
    size: tuple[float, float, float]
    cells: tuple[int, int, int]
    mass: float
    young: float
    poisson: float
    position: tuple[float, float, float]
    rotation: tuple[float, float, float, float]
    span: Span | None = None

    @property
    def points(self) -> int:
        """Points of the mesh: the corners of the cells."""
        return prod(count + 1 for count in self.cells)

    @property
    def density(self) -> float:
        """[kg/m^3]."""
        return self.mass / prod(self.size)

    @property
    def lame(self) -> tuple[float, float]:
        """First and second parameter of Lame, lambda and mu [Pa], of an isotropic linear material."""
        stiff = self.young / (1 + self.poisson)
        return stiff * self.poisson / (1 - 2 * self.poisson), stiff / 2

    @property
    def stiffness(self) -> float:
        """Of one point that is pressed: Young's modulus times the shortest edge of a cell [N/m]."""
        return self.young * min(edge / count for edge, count in zip(self.size, self.cells, strict=True))


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class CableObject:
    """A chain of capsules between elastic joints, straight along x when it is spawned.

    Attributes:
        name: as in the file.
        length: of the middle line [m].
        radius: [m].
        segments: capsules of the chain.
        mass: [kg].
        stretch: elastic modulus in stretching [Pa].
        bend: elastic modulus in bending [Pa].
        shear: elastic modulus in shearing [Pa]; ``None`` for that in stretching.
        twist: elastic modulus in twisting [Pa]; ``None`` for that in bending.
        color: red, green, blue in 0..1; ``None`` for the renderer's choice.
        position: spawn position of the middle in the environment's frame [m].
        rotation: spawn rotation, quaternion (x, y, z, w).
    """

    name: str
    length: float
    radius: float
    segments: int
    mass: float
    stretch: float
    bend: float
    shear: float | None
    twist: float | None
    color: tuple[float, float, float] | None
    position: tuple[float, float, float]
    rotation: tuple[float, float, float, float]
    span: Span | None = None

    @property
    def density(self) -> float:
        """Of a cylinder of its length, which is how Newton weighs a cable [kg/m^3]."""
        return self.mass / (pi * self.radius**2 * self.length)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class GrainsObject:
    """A box of grains on a regular grid, which then flow.

    Attributes:
        name: as in the file.
        counts: grains along each edge of the box.
        spacing: distance from one to the next [m]; each stands for a cube of that edge.
        mass: of all of them [kg].
        friction: coefficient of grains on grains, dimensionless.
        color: red, green, blue in 0..1; ``None`` for Isaac Lab's.
        position: spawn position of the middle in the environment's frame [m].
        rotation: spawn rotation, quaternion (x, y, z, w).
    """

    name: str
    counts: tuple[int, int, int]
    spacing: float
    mass: float
    friction: float
    color: tuple[float, float, float] | None
    position: tuple[float, float, float]
    rotation: tuple[float, float, float, float]
    span: Span | None = None

    @property
    def points(self) -> int:
        """How many grains there are."""
        return prod(self.counts)

    @property
    def density(self) -> float:
        """Of the box of grains, with what is between them [kg/m^3]."""
        return self.mass / (self.points * self.spacing**3)
