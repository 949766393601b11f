"""What stands in a scene: files, primitives and things that are grown from numbers. SI units.

An asset has a frame of its own: z up, x forward, its origin where it stands on the ground.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from stripe_dsl.ir.robots import Robot
from stripe_dsl.ir.terrain import File, Pair, Rgb
from stripe_dsl.source import Span

type Vector = tuple[float, float, float]
type Quaternion = tuple[float, float, float, float]
"""(x, y, z, w)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A primitive.

    Attributes:
        kind: ``box``, ``sphere``, ``cylinder``, ``cone`` or ``capsule``; the axis of the last three is z.
        size: edge lengths of a box [m].
        radius: of all others [m].
        height: of a cylinder or cone, of a capsule between the centres of its caps [m].
        at: the middle of its bounding box in the asset's frame [m].
        rotation: about that point.
        collides: part of what ``hull`` and ``mesh`` make solid, else it is seen alone.
    """

    kind: str
    size: Vector = (0.0, 0.0, 0.0)
    radius: float = 0.0
    height: float = 0.0
    at: Vector
    rotation: Quaternion = (0.0, 0.0, 0.0, 1.0)
    color: Rgb
    collides: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Grown:
    """A thing that is made of numbers; ``variety`` different ones are made, and an instance is one of them.

    Attributes:
        kind: ``conifer``, ``broadleaf``, ``rock``, ``log`` or ``stump``.
        height: of a tree, a rock or a stump [m].
        radius: of the crown, the rock, the stump, the log [m].
        length: of a log, which lies along x [m]; 0 for others.
        trunk: radius of a tree's trunk [m]; 0 for others.
        color: of crown, stone or wood.
        bark: of trunk and bark; that of ``color`` for a rock.
        rough: how far the surface leaves the regular shape, as a share of the radius, 0..1.
        variety: shapes that are made, at least 1.
    """

    kind: str
    height: float
    radius: float
    length: float
    trunk: float
    color: Rgb
    bark: Rgb
    rough: float
    variety: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """Exactly one of ``file``, ``parts``, ``grown`` and ``robot`` is there.

    Attributes:
        name: unique in the scene: a block's name, a file's stem, or ``<layer>_<kind>`` for one written in place; a
            second one gets ``_2``.
        label: semantic class of its own (``rock``, ``stump``): the block's name, or what a glob says before its
            first ``*`` without separators at the end; instances have the layer's beside it.
        file: USD, OBJ, STL, PLY or GLB, z up.
        scale: factor for a file's lengths to be metres; USD files say theirs themselves, and 1 leaves it so.
        radius: of the vertical cylinder about the origin that contains all of it, at scale 1 [m]; ``None`` for files,
            whose size the bake measures.
        height: from the origin to its top at scale 1 [m]; ``None`` for files.
        robot: from a file, for layers of things with joints; one that is made of links has ``parts``.
    """

    name: str
    label: str
    file: File | None = None
    scale: float = 1.0
    parts: tuple[Part, ...] = ()
    grown: Grown | None = None
    radius: float | None = None
    height: float | None = None
    robot: Robot | None = field(default=None, compare=False, repr=False)
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """An asset of a layer and how often it is taken.

    Attributes:
        weight: shares of all choices of a species sum to 1. A glob's share is divided among its files.
        spacing: least distance of its instances' centres to those of others [m], as :attr:`Species.spacing`; ``None``
            for that of the species.
    """

    asset: Asset
    weight: float
    spacing: float | None = None


SOLIDS = ("trunk", "hull", "mesh", "box", "cylinder", "sphere")
"""What may collide in the place of a thing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Solid:
    """What of an instance can be touched. Lengths are at scale 1.

    Attributes:
        kind: ``trunk`` (an upright cylinder), ``hull`` (convex), ``mesh``, ``box``, ``cylinder``, ``sphere`` (that
            contain the asset), ``soft`` (rays see it, bodies pass through) or ``visual``
            (nothing but pictures).
        radius: of a trunk, cylinder or sphere [m]; ``None``: measured from the asset. ``solid trunk 20 cm`` gives a
            thickness, so the radius here is 0.1.
        height: of a trunk or cylinder [m]; ``None``: the asset's.
    """

    kind: str
    radius: float | None = None
    height: float | None = None

    @property
    def touches(self) -> bool:
        """Whether bodies collide with it."""
        return self.kind not in ("soft", "visual")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """How instances stand; each is drawn uniformly from its range.

    Attributes:
        yaw: about the vertical [rad]; ``any`` is -pi..pi.
        scale: factor for all lengths; of trees it multiplies what their age gives.
        lean: angle between the asset's z and the vertical (or the normal of the slope) [rad], in any direction.
        align: share in which z follows the normal of the ground, 0..1; 1 for ``align slope``.
        sink: share of the asset's height that stands below the ground, 0..1.
        depth: what stands below the ground beside that share [m].
        tint: relative change of brightness of an instance's colour.
    """

    yaw: Pair = (0.0, 0.0)
    scale: Pair = (1.0, 1.0)
    lean: Pair = (0.0, 0.0)
    align: float = 0.0
    sink: Pair = (0.0, 0.0)
    depth: Pair = (0.0, 0.0)
    tint: Pair = (0.0, 0.0)
