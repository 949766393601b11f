"""Where the colliding shapes of a robot's bodies are, as spheres that lie at their corners.

What puts a robot onto uneven ground has to know how low each of its bodies reaches, whatever its joints are.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from pathlib import Path
from types import MappingProxyType
from typing import Any

from stripe_dsl.robots.primitives import PrimitiveShape, ShapeKind
from stripe_dsl.robots.rotations import quaternion, rotate
from stripe_dsl.robots.usd import silent
from stripe_dsl.robots.usd_joints import leaf, pxr

type Corner = tuple[float, float, float, float]
"""x, y, z of the middle of a sphere in the frame of the body, and its radius [m]; 0 for a point."""

MOST = 24
"""Corners of a body above which the box that holds them all stands for them."""


def outline(stage: Any) -> dict[str, tuple[Corner, ...]]:
    """The corners of what collides, by body.

    A sphere has its middle, a capsule both ends, all others the eight corners of the box that holds them.

    Args:
        stage: a ``Usd.Stage``.

    Returns:
        Corners by the name of the body, in the order of the stage; bodies that collide with nothing are left out.
    """
    found: dict[str, list[Corner]] = {}
    parsed = pxr("UsdPhysics").UsdPhysicsLoadStageFromPrimRange(stage, [pxr("Sdf").Path("/")])
    descs = [desc for kind, (_, items) in parsed.items() if kind.name.endswith("Shape") for desc in items]
    for desc in sorted(descs, key=lambda desc: str(desc.primPath)):
        if not desc.rigidBody.isEmpty and desc.collisionEnabled:
            found.setdefault(leaf(str(desc.rigidBody)), []).extend(_placed(desc, _corners(stage, desc)))
    return {body: _few(corners) for body, corners in found.items() if corners}


def outline_of_file(
    path: Path, prim: str | None = None, variants: Mapping[str, str] = MappingProxyType({})
) -> dict[str, tuple[Corner, ...]]:
    """As :func:`outline`, of a USD file: of all that is below a prim, or below the stage's default prim."""
    with silent():
        stage = pxr("Usd").Stage.CreateInMemory()
        robot = stage.DefinePrim("/Robot")
        references = robot.GetReferences()
        if prim:
            references.AddReference(str(path), prim)
        else:
            references.AddReference(str(path))
        for name, variant in variants.items():
            robot.GetVariantSets().SetSelection(name, variant)
        return outline(stage)


def outline_of_text(text: str) -> dict[str, tuple[Corner, ...]]:
    """As :func:`outline`, of the text of a stage."""
    layer = pxr("Sdf").Layer.CreateAnonymous(".usda")
    layer.ImportFromString(text)
    return outline(pxr("Usd").Stage.Open(layer))


def outline_of_shape(shape: PrimitiveShape) -> tuple[Corner, ...]:
    """The corners of one shape of a body."""
    if shape.kind is ShapeKind.SPHERE:
        corners: list[Corner] = [(0.0, 0.0, 0.0, shape.radius)]
    elif shape.kind is ShapeKind.CAPSULE:
        corners = _ends(shape.axis, shape.length / 2, shape.radius)
    elif shape.kind is ShapeKind.BOX:
        corners = _box(tuple(edge / 2 for edge in shape.size))
    else:
        corners = _box(shape.extent[1])
    turn = quaternion(shape.rotation)
    return tuple(_moved(corner, rotate(turn, corner[:3]), shape.position) for corner in corners)


def _corners(stage: Any, desc: Any) -> list[Corner]:
    """Corners in the frame of a shape."""
    kind = type(desc).__name__
    if "Sphere" in kind:
        return [(0.0, 0.0, 0.0, desc.radius)]
    if "Capsule" in kind:
        return _ends(str(desc.axis)[-1].lower(), desc.halfHeight, desc.radius)
    if "Cube" in kind:
        return _box(desc.halfExtents)
    if "Cylinder" in kind or "Cone" in kind:
        half = [desc.radius] * 3
        half["xyz".index(str(desc.axis)[-1].lower())] = desc.halfHeight
        return _box(half)
    if "Mesh" in kind:
        points = pxr("UsdGeom").Mesh(stage.GetPrimAtPath(desc.primPath)).GetPointsAttr().Get() or ()
        if not points:
            return []
        columns = list(zip(*points, strict=True))
        ends = [
            (min(column) * scale, max(column) * scale) for column, scale in zip(columns, desc.meshScale, strict=True)
        ]
        return [(x, y, z, 0.0) for x, y, z in product(*ends)]
    return []  # a plane is no shape of a robot


def _ends(axis: str, half: float, radius: float) -> list[Corner]:
    x, y, z = (half * (letter == axis) for letter in "xyz")
    return [(-x, -y, -z, radius), (x, y, z, radius)]


def _box(half: Any) -> list[Corner]:
    return [(x, y, z, 0.0) for x, y, z in product(*((-edge, edge) for edge in half))]


def _placed(desc: Any, corners: list[Corner]) -> list[Corner]:
    """Corners in the frame of the body."""
    turn = pxr("Gf").Rotation(pxr("Gf").Quatd(desc.localRot))
    return [_moved(corner, tuple(turn.TransformDir(pxr("Gf").Vec3d(*corner[:3]))), desc.localPos) for corner in corners]


def _moved(corner: Corner, turned: Any, by: Any) -> Corner:
    x, y, z = (round(float(a) + float(b), 5) + 0.0 for a, b in zip(turned, by, strict=True))
    return x, y, z, round(float(corner[3]), 5)


def _few(corners: list[Corner]) -> tuple[Corner, ...]:
    """The corners, each once; those of the box that holds them where they are many."""
    kept = tuple(dict.fromkeys(corners))
    if len(kept) <= MOST:
        return kept
    ends = [
        (
            min(corner[place] - corner[3] for corner in kept),
            max(corner[place] + corner[3] for corner in kept),
        )
        for place in range(3)
    ]
    return tuple((round(x, 5), round(y, 5), round(z, 5), 0.0) for x, y, z in product(*ends))
