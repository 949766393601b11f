"""What stands in a scene as triangles: pieces that are seen, and what of them collides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from stripe_dsl.robots.meshes import Mesh
from stripe_dsl.scene.shapes import box, cylinder, hull, joined, placed, sphere

type Color = tuple[float, float, float]
"""Red, green and blue in 0..1, as they are shown (sRGB)."""

TRUNKS = ("trunk", "stem", "bole", "wood", "bark")
"""Words in the name of a piece by which a trunk is known."""


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Triangles of one colour, in the thing's frame: x, y, and z up from the ground, in metres.

    Attributes:
        collides: part of what ``hull`` and ``mesh`` make solid.
    """

    name: str
    mesh: Mesh
    color: Color
    collides: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Thing:
    """What a layer repeats.

    Attributes:
        name: of the kind, for messages.
        pieces: what is seen.
        solid: what collides, in the same frame; ``None`` for nothing.
        soft: rays see its pieces, and nothing collides.
        labels: of its semantic class, beside that of its layer: of its species, and of the asset.
    """

    name: str
    pieces: tuple[Piece, ...]
    solid: Mesh | None = None
    soft: bool = False
    labels: tuple[str, ...] = ()

    @property
    def radius(self) -> float:
        """How far it reaches from the z axis [m]."""
        return max(float(np.linalg.norm(piece.mesh.points[:, :2], axis=1).max()) for piece in self.pieces)

    @property
    def height(self) -> float:
        """How far it reaches up from z = 0 [m]."""
        return max(float(piece.mesh.points[:, 2].max()) for piece in self.pieces)


def boxed(thing: Thing) -> Thing:
    """The same thing, seen as the box that holds it, in the colour of its largest piece."""
    ends = [(piece.mesh.points.min(axis=0), piece.mesh.points.max(axis=0)) for piece in thing.pieces]
    low, high = np.min([low for low, _ in ends], axis=0), np.max([high for _, high in ends], axis=0)
    largest = int(np.argmax([np.prod(high - low) for low, high in ends]))
    middle = (low + high) / 2
    mesh = placed(box(high - low), (middle[0], middle[1], low[2]))
    return replace(thing, pieces=(Piece("box", mesh, thing.pieces[largest].color),))


def solid_of(pieces: Sequence[Piece], kind: str, *, radius: float | None = None, height: float | None = None) -> Mesh:
    """What collides in the place of a thing.

    Args:
        kind: one of :data:`stripe_dsl.ir.assets.SOLIDS`. ``trunk`` is a cylinder around the origin as high as the
            pieces that are named like a trunk, or as all of them where none is; ``box``, ``cylinder`` and ``sphere``
            contain the pieces.
        radius: of a trunk, cylinder or sphere [m]; ``None``: what the lower half of a trunk reaches, and all of the
            pieces for the others.
        height: of a trunk or cylinder [m]; ``None``: that of the pieces.

    Raises:
        ValueError: if there is no such solid: the hull of what is flat, the mesh of what collides nowhere.
    """
    whole = joined(piece.mesh for piece in pieces)
    if kind in ("hull", "mesh"):
        colliding = joined(piece.mesh for piece in pieces if piece.collides)
        if len(colliding.triangles) == 0:
            raise ValueError("none of its pieces collides")
        return hull(colliding) if kind == "hull" else colliding
    low, high = whole.points.min(axis=0), whole.points.max(axis=0)
    middle = (low + high) / 2
    if kind == "box":
        return placed(box(high - low), (middle[0], middle[1], low[2]))
    if kind == "sphere":
        reach = float(np.linalg.norm(whole.points - middle, axis=1).max()) if radius is None else radius
        return placed(sphere(reach, finer=2), (middle[0], middle[1], middle[2] - reach))
    if kind == "trunk":
        named = [piece.mesh for piece in pieces if any(word in piece.name.lower() for word in TRUNKS)]
        points = joined(named).points if named else whole.points
        bottom, top = min(float(points[:, 2].min()), 0.0), float(points[:, 2].max())
        if radius is None:
            lower = points[points[:, 2] <= (bottom + top) / 2]
            radius = float(np.linalg.norm(lower[:, :2], axis=1).max())
        return placed(cylinder(radius, (top if height is None else height) - bottom), (0, 0, bottom))
    if kind == "cylinder":
        reach = float(np.linalg.norm(whole.points[:, :2], axis=1).max()) if radius is None else radius
        tall = float(high[2] - low[2]) if height is None else height
        return placed(cylinder(reach, tall, sides=12), (0, 0, low[2]))
    raise ValueError(f"there is no solid `{kind}`")
