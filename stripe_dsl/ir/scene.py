"""A checked scene: between checking and synthesis. Numbers are in SI units, ages in years.

The frame of a scene: its origin in the south-west corner, x east, y north, z up. It is the frame ``env`` of the
environments that stand in it. Names of layers, zones, water and maps are unique in a scene.

Everything that a bake depends on is in the ``repr`` of a scene, but for what its files hold; spans, paths and lights
are not.
Each use of random numbers has a stream of its own: ``stream(seed, scene.name, layer, use)``; variant i has the seed
``seed + i``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil

from stripe_dsl.ir.assets import Choice, Pose, Quaternion, Solid
from stripe_dsl.ir.program import Light
from stripe_dsl.ir.robots import Robot
from stripe_dsl.ir.rules import Bounds, Rule
from stripe_dsl.ir.terrain import Pair, Rgb, Terrain
from stripe_dsl.robots.model import RobotModel
from stripe_dsl.source import Span

POINT, FREE = "point", "free"
"""Tables of points of a zone, as a task reads them: any, and those that something of a width can reach."""
SPOTS = 1024
"""Points of such a table."""
LOOSE = 64
"""Things of a layer that can move, at most: each environment has its own of all of them, and each may touch each."""

type Point = tuple[float, float]
"""x and y in the scene's frame [m]."""


# ---- zones


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A part of the ground, by name."""

    name: str
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Circle(Zone):
    """A disc."""

    center: Point
    radius: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Box(Zone):
    """A rectangle of ``size`` [m] about ``center``, turned by ``yaw`` [rad] anticlockwise."""

    center: Point
    size: Pair
    yaw: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Polygon(Zone):
    """A simple polygon; at least three corners, in either direction."""

    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Path(Zone):
    """All within ``width`` / 2 of a line through at least two points."""

    points: tuple[Point, ...]
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Region(Zone):
    """Where the product of ``rules`` is at least 0.5; limits here are hard."""

    rules: tuple[Rule, ...]


# ---- layers


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """The life of a species. Ages are in years; a year is a step.

    Attributes:
        lifespan: age at which a tree dies at the latest.
        mature: age from which it seeds and stands its ground fully; size grows up to it.
        decline: age from which its strength falls, to 0 at ``lifespan``.
        seeds: seeds that a mature tree throws in a year.
        reach: distance within which they fall [m].
    """

    lifespan: float
    mature: float
    decline: float
    seeds: float
    reach: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Species:
    """What a layer places: a species of a forest, or the layer's own assets under the layer's name.

    Attributes:
        name: unique in the layer.
        choices: what an instance looks like; weights sum to 1.
        density: instances for each square metre where the suitability is 1, so that the number that is wanted is its
            product with the integral of the suitability [1/m^2]; ``None`` where ``count`` is wanted.
        count: range of how many, drawn for each variant; that number is wanted whatever the rules leave room for.
        spacing: least distance between two centres [m]: the larger one of two neighbours' holds.
        rules: of the layer, then its own.
        label: semantic tag beside the layer's.
        growth: of trees; ``None`` for others.
        dead: what a tree that died in growing leaves behind, and ``dead_share`` how many do, 0..1.
        solid: what can be touched; the layer's where it has none of its own.
        pose: likewise.
    """

    name: str
    choices: tuple[Choice, ...]
    density: float | None
    count: tuple[int, int] | None
    spacing: float
    rules: tuple[Rule, ...]
    label: str
    solid: Solid
    pose: Pose
    growth: Growth | None = None
    dead: tuple[Choice, ...] = ()
    dead_share: float = 0.0
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A Thomas process: parents, each with a number of children from ``count``, ``radius`` [m] their standard deviation
    in x and y. ``density`` and ``count`` of the species are those of all instances, so there are fewer parents."""

    count: tuple[int, int]
    radius: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A place that the file names.

    Attributes:
        at: where.
        z: height of the asset's origin in the scene's frame [m]; ``None``: on the ground.
        rotation: before ``pose`` is drawn.
        exact: written by itself: that a rule excludes it is an error. Spots of rows, grids, rings and paths are left
            out where a rule excludes them.
    """

    at: Point
    z: float | None
    rotation: Quaternion
    exact: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """What stands on the ground.

    Attributes:
        kind: ``trees``, ``scatter``, ``cover`` or ``place``.
        species: of trees one or more; of others one, with the layer's name.
        years: that trees grow; 0 is a plain scatter of them.
        cluster: of a scatter.
        spots: of a ``place``; species then have neither density nor count.
        budget: of a cover: the most instances that are drawn, thinned at random above it.
        movable: ``kind rigid``: bodies of their own, which are pushed; else part of the static world.
        mass: range of a movable instance's mass at scale 1 [kg].
        friction, restitution: of what is solid.
        collide: ``apart``: each thing as a hull of its own, ``together``: all as one mesh; ``None``: what the bake
            finds better.
        label: semantic class of all instances, the layer's name where the file does not say.
        best_effort: what could not be placed is a warning, else an error.
        needs: names of zones, layers and water that its rules and its species' rules read.
        robot: ``kind articulation``: what each thing is, fixed to the ground.
        together: of such a layer: the model of all its things as one articulation.
    """

    name: str
    kind: str
    species: tuple[Species, ...]
    years: int = 0
    cluster: Cluster | None = None
    spots: tuple[Spot, ...] = ()
    budget: int | None = None
    movable: bool = False
    mass: Pair | None = None
    friction: float = 1.0
    restitution: float = 0.0
    collide: str | None = None
    label: str
    best_effort: bool = False
    needs: tuple[str, ...] = ()
    robot: Robot | None = field(default=None, compare=False, repr=False)
    together: RobotModel | None = field(default=None, compare=False, repr=False)
    span: Span | None = field(default=None, compare=False, repr=False)

    @property
    def stands(self) -> bool:
        """Whether its things are part of the static world."""
        return not self.movable and self.robot is None

    def articulation(self, scene: str) -> str:
        """The file of things with joints; ``scene`` is the name of the variant, without suffix."""
        return f"{scene}_{self.name}.{'usda' if self.robot is None or self.robot.primitives else 'usdc'}"

    @property
    def number(self) -> int | None:
        """How many things it has, where that does not depend on what finds a place."""
        if self.spots:
            return len(self.spots)
        low, high = self.species[0].count or (0, 1)
        return low if low == high and len(self.species) == 1 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Water:
    """A level surface at height ``level`` [m] of the scene's frame, seen and not felt.

    As the target of a rule it is the ground below ``level`` (within ``zone``, where one is named).
    """

    name: str
    level: float
    zone: str | None
    color: Rgb
    opacity: float
    label: str
    span: Span | None = field(default=None, compare=False, repr=False)


# ---- maps and requirements


@dataclass(frozen=True, slots=True, kw_only=True)
class Map:
    """A raster on the scene's grid: the product of ``rules``, 0..1; limits here are soft, as in layers."""

    name: str
    rules: tuple[Rule, ...]
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """Base of what has to hold of a baked scene; ``text`` is as the file writes it."""

    text: str
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach(Requirement):
    """``start reaches trail``: for something ``width`` [m] wide there is a way from all of ``start`` where it has
    room to some place in ``goal``; with ``somewhere`` from one place in ``start`` at least.

    The way goes over cells that no solid footprint covers and where ``map`` is above 0. Without a map (``None``) all
    ground counts. ``start`` and ``goal`` are zones; ``start`` may be ``spawn``.
    """

    start: str
    goal: str
    map: str | None
    width: float
    somewhere: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Covers(Requirement):
    """``cover canopy 20..40 %``: the share of the ground that the crowns of a layer cover, 0..1."""

    layer: str
    share: Bounds


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts(Requirement):
    """``count rocks > 5``: instances of a layer, or of ``species`` of it. Both bounds are allowed values."""

    layer: str
    species: str | None
    number: Bounds


@dataclass(frozen=True, slots=True, kw_only=True)
class Clearance(Requirement):
    """``clearance start 2 m``: no solid footprint is within ``distance`` [m] of a zone, or of ``spawn``."""

    place: str
    distance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Spawn:
    """Where robots stand that say nothing else: on the ground at ``at``, turned by ``yaw`` [rad]."""

    at: Point
    yaw: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One scene with a terrain.

    Attributes:
        name: as its block is called.
        size: length along x and y [m].
        variants: how many are baked; 1 is one scene for all environments. Others lie side by side as tiles.
        zones, water, layers, maps: in the order of the file; layers by kind, in that of :class:`Layer`.
        order: names of zones, water and layers so that each stands behind all that it reads.
        lights: as those of a task.
        reads: names of the fields that a task reads, which are baked for it: ``canopy.distance``.
        boxes: things are seen as the boxes that hold them.
    """

    name: str
    size: Pair
    seed: int
    variants: int
    spawn: Spawn
    terrain: Terrain
    zones: tuple[Zone, ...] = ()
    water: tuple[Water, ...] = ()
    layers: tuple[Layer, ...] = ()
    maps: tuple[Map, ...] = ()
    requires: tuple[Requirement, ...] = ()
    lights: tuple[Light, ...] = field(default=(), compare=False, repr=False)
    order: tuple[str, ...] = ()
    reads: tuple[str, ...] = field(default=(), repr=False)
    boxes: bool = field(default=False, repr=False)
    span: Span | None = field(default=None, compare=False, repr=False)


def most_bodies(layer: Layer, scene: Scene) -> int:
    """How many bodies a layer may have at most."""
    total = len(layer.spots)
    for species in layer.species:
        if species.count is not None:
            total += species.count[1]
        elif species.density is not None:
            total += ceil(species.density * scene.size[0] * scene.size[1])
    return total
