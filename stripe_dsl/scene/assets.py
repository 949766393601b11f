"""The assets of a checked scene as triangles: from files, from primitives, and grown from numbers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from stripe_dsl.ir.assets import Asset, Grown, Part, Solid
from stripe_dsl.robots.meshes import Mesh
from stripe_dsl.scene import plants
from stripe_dsl.scene.files import AssetFileError, read_pieces
from stripe_dsl.scene.shapes import Floats, box, capsule, cone, cylinder, placed, sphere
from stripe_dsl.scene.streams import stream
from stripe_dsl.scene.things import Piece, Thing, solid_of


def things_of(asset: Asset, solid: Solid, seed: int, scene: str) -> tuple[Thing, ...]:
    """The shapes of an asset: one, or as many as a grown one has varieties.

    Args:
        seed: of the scene, which with its name gives the random numbers that things grow from.

    Raises:
        AssetFileError: if a file gives no triangles, or the asset no such solid.
    """
    try:
        return tuple(
            Thing(asset.name, pieces, _solid(pieces, solid) if solid.touches else None, soft=solid.kind == "soft")
            for pieces in _shapes(asset, seed, scene)
        )
    except AssetFileError as problem:
        problem.asset = asset.name
        raise
    except ValueError as problem:
        message = f"the asset `{asset.name}` cannot be `solid {solid.kind}`: {problem}"
        raise AssetFileError(message, "choose another solid, as `solid mesh` or `solid box`", asset.name) from None


def _solid(pieces: tuple[Piece, ...], solid: Solid) -> Mesh:
    return solid_of(pieces, solid.kind, radius=solid.radius, height=solid.height)


def _shapes(asset: Asset, seed: int, scene: str) -> Iterator[tuple[Piece, ...]]:
    if asset.grown is not None:
        for number in range(asset.grown.variety):
            yield _grown(asset.grown, stream(seed, scene, asset.name, "shape", number))
    elif asset.file is not None:
        pieces = read_pieces(asset.file.path)
        yield tuple(Piece(item.name, placed(item.mesh, scale=asset.scale), item.color) for item in pieces)
    else:
        yield tuple(_primitive(part, f"{part.kind}_{place}") for place, part in enumerate(asset.parts))


def _grown(what: Grown, random: np.random.Generator) -> tuple[Piece, ...]:
    radius, rough, color, bark = what.radius, what.rough, what.color, what.bark
    if what.kind in ("conifer", "broadleaf"):
        grow = plants.conifer if what.kind == "conifer" else plants.broadleaf
        return grow(random, height=what.height, radius=radius, trunk=what.trunk, color=color, bark=bark, rough=rough)
    if what.kind == "rock":
        return plants.rock(random, height=what.height, radius=radius, color=color, rough=rough)
    if what.kind == "log":
        return plants.log(random, length=what.length, radius=radius, color=color, bark=bark, rough=rough)
    if what.kind == "stump":
        return plants.stump(random, height=what.height, radius=radius, color=color, bark=bark, rough=rough)
    raise ValueError(f"nothing grows as `{what.kind}`")


def _primitive(part: Part, name: str) -> Piece:
    match part.kind:
        case "box":
            mesh = box(part.size)
        case "sphere":
            mesh = sphere(part.radius)
        case "cylinder":
            mesh = cylinder(part.radius, part.height)
        case "cone":
            mesh = cone(part.radius, part.height)
        case "capsule":
            mesh = capsule(part.radius, part.height)
        case _:
            raise ValueError(f"there is no primitive `{part.kind}`")
    low, high = mesh.points[:, 2].min(), mesh.points[:, 2].max()
    centred = placed(mesh, (0, 0, -(low + high) / 2))
    return Piece(name, placed(centred, part.at, rotation=_matrix(part.rotation)), part.color, part.collides)


def _matrix(quaternion: tuple[float, float, float, float]) -> Floats:
    from stripe_dsl.scene.stage import rotation_matrices

    return rotation_matrices(np.array([quaternion]))[0]
