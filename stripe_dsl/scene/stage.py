"""A placed scene as one USD stage that simulators load quickly.

::

    /Scene                        Xform, the default prim
    /Scene/Ground/<class>         a mesh that is seen and collides, or a box under level ground, which is not seen
    /Scene/Solids/<layer>         one mesh of all that collides in a layer, of the purpose `guide`: not seen
    /Scene/Solids/<layer>/<thing> or a mesh for each thing, which collides as its hull
    /Scene/Looks/<layer>/<piece>  what is seen, a mesh for each colour; collides with nothing. Of what is soft it is a
                                  collider that is switched off, which rays hit and bodies do not
    /Scene/Looks/<sheet>          water, which is seen alone
    /Scene/Tops/<class>           what is seen of level ground
    /Scene/Materials/<name>       friction and restitution, and colours

What a layer repeats often is merged: a simulator's scene with a prim for each of 10,000 trees takes a minute to load,
one with a mesh for all of them no longer than the bare ground (docs/performance.md has the numbers). The bytes of the
stage depend on the arguments alone.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stripe_dsl.robots.meshes import Mesh
from stripe_dsl.robots.usd_joints import pxr
from stripe_dsl.scene.prims import ROOT, Contact, Materials, box_prim, collides, label, mesh_prim, prim_name, scope
from stripe_dsl.scene.shapes import joined
from stripe_dsl.scene.things import Color, Thing

THICKNESS = 1.0
"""Of the box under level ground [m]."""

SHADES = 3
"""Into how many colours the shades of a layer's things are rounded: each is a mesh of its own."""


@dataclass(frozen=True, slots=True, eq=False)
class GroundPart:
    """One class of the ground.

    Attributes:
        name: of its prim.
        mesh: in the scene's frame.
        labels: semantic labels by type.
        level: the mesh is a level rectangle. A box under it collides in its place, which costs a simulator less, and
            is solid all through.
    """

    name: str
    mesh: Mesh
    color: Color
    contact: Contact = field(default_factory=Contact)
    labels: Mapping[str, Sequence[str]] = field(default_factory=dict)
    level: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class PlacedLayer:
    """What a layer puts into the scene: n things, each a copy of one of its kinds.

    Attributes:
        name: of its prims, and its first label.
        kind: which of ``things`` each is, shape (n,).
        position: in the scene's frame [m], shape (n, 3).
        rotation: quaternions (x, y, z, w), shape (n, 4).
        scale: factors, shape (n,) or (n, 3).
        shade: by how much each is brighter (0.1) or darker (-0.1) than its asset, shape (n,); ``None`` for not at all.
        labels: semantic labels by type; ``class`` starts with the layer's name.
        apart: what collides is a hull for each thing, else one mesh of all; ``why`` it is so, for reports.
    """

    name: str
    things: tuple[Thing, ...]
    kind: NDArray[np.integer]
    position: NDArray[np.floating]
    rotation: NDArray[np.floating]
    scale: NDArray[np.floating]
    shade: NDArray[np.floating] | None = None
    contact: Contact = field(default_factory=Contact)
    labels: Mapping[str, Sequence[str]] = field(default_factory=dict)
    apart: bool = False
    why: str = ""

    def labels_of(self, rows: NDArray[np.integer]) -> dict[str, list[str]]:
        """Labels by type of a mesh of some of the things: the layer's, and those of what these things are."""
        found = {name: list(labels) for name, labels in self.labels.items()}
        own = [text for kind in np.unique(self.kind[rows]) for text in self.things[kind].labels]
        if own:
            found["class"] = list(dict.fromkeys([*found.get("class", ()), *own]))
        return found

    @property
    def solids(self) -> int:
        """How many things collide."""
        return int(np.array([thing.solid is not None for thing in self.things])[self.kind].sum())


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """A surface that is only seen, as water is: ``opacity`` 0..1."""

    name: str
    mesh: Mesh
    color: Color
    opacity: float
    labels: Mapping[str, Sequence[str]] = field(default_factory=dict)


def write_stage(
    path: Path,
    grounds: Sequence[GroundPart],
    layers: Sequence[PlacedLayer],
    sheets: Sequence[Sheet] = (),
    *,
    about: str = "",
) -> None:
    """Writes a scene's stage, whole or not at all.

    Args:
        about: what it was made from, for the stage's documentation.

    Raises:
        ValueError: if two of the grounds, or of the layers and sheets, have one name.
        OSError: if the file cannot be written.
    """
    for names in ([piece.name for piece in grounds], [item.name for item in (*layers, *sheets)]):
        if len(set(names)) < len(names):
            raise ValueError(f"names of prims occur twice: {names}")
    stage = build_stage(grounds, layers, sheets, about=about)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}.", suffix=path.suffix)
    os.close(handle)
    try:
        if not stage.GetRootLayer().Export(name):
            raise OSError(f"cannot write {path}")
        os.chmod(name, 0o644)
        os.replace(name, path)
    finally:
        Path(name).unlink(missing_ok=True)


def build_stage(
    grounds: Sequence[GroundPart], layers: Sequence[PlacedLayer], sheets: Sequence[Sheet] = (), *, about: str = ""
) -> Any:
    """The stage of :func:`write_stage`, in memory."""
    stage = pxr("Usd").Stage.CreateInMemory()
    pxr("UsdGeom").SetStageUpAxis(stage, pxr("UsdGeom").Tokens.z)
    pxr("UsdGeom").SetStageMetersPerUnit(stage, 1.0)
    root = pxr("UsdGeom").Xform.Define(stage, ROOT)
    stage.SetDefaultPrim(root.GetPrim())
    if about:
        stage.GetRootLayer().documentation = about
    materials = Materials(stage)
    if grounds:
        pxr("UsdGeom").Xform.Define(stage, f"{ROOT}/Ground")
    for piece in grounds:
        path = f"{ROOT}/Ground/{prim_name(piece.name)}"
        if piece.level:
            low, high = piece.mesh.points.min(axis=0), piece.mesh.points.max(axis=0)
            prim = box_prim(stage, path, low - (0.0, 0.0, THICKNESS), high)
            prim.CreatePurposeAttr(pxr("UsdGeom").Tokens.guide)
            prim.CreateDisplayColorAttr([pxr("Gf").Vec3f(*piece.color)])
            scope(stage, f"{ROOT}/Tops")
            top = mesh_prim(stage, f"{ROOT}/Tops/{prim_name(piece.name)}", piece.mesh.points, piece.mesh.triangles)
            materials.colored(top, piece.color)
            label(top.GetPrim(), piece.labels)
        else:
            prim = mesh_prim(stage, path, piece.mesh.points, piece.mesh.triangles)
            materials.colored(prim, piece.color)
        collides(prim, materials.contact(prim_name(piece.name), piece.contact))
        label(prim.GetPrim(), piece.labels)
    for layer in layers:
        if len(layer.kind):
            _add_solids(stage, materials, layer)
            _add_looks(stage, materials, layer)
    for sheet in sheets:
        scope(stage, f"{ROOT}/Looks")
        path = f"{ROOT}/Looks/{prim_name(sheet.name)}"
        prim = mesh_prim(stage, path, sheet.mesh.points, sheet.mesh.triangles)
        materials.colored(prim, sheet.color, sheet.opacity)
        label(prim.GetPrim(), sheet.labels)
    return stage


def instanced(
    mesh: Mesh, rotation: NDArray[np.floating], scale: NDArray[np.floating], position: NDArray[np.floating]
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Copies of a mesh as one: points (n * points, 3) and triangles (n * triangles, 3).

    Args:
        rotation: quaternions (x, y, z, w), shape (n, 4); scale and position as in :class:`PlacedLayer`.
    """
    count = len(position)
    factors = np.broadcast_to(scale[:, None] if scale.ndim == 1 else scale, (count, 3))
    matrices = (rotation_matrices(rotation) * factors[:, None, :]).astype(np.float32)
    points = np.einsum("nij,vj->nvi", matrices, mesh.points.astype(np.float32), optimize=True)
    points += position[:, None, :].astype(np.float32)
    triangles = (
        mesh.triangles.astype(np.int32)[None] + (np.arange(count, dtype=np.int32) * len(mesh.points))[:, None, None]
    )
    mirrored = factors.prod(axis=1) < 0
    if mirrored.any():
        triangles[mirrored] = triangles[mirrored][:, :, ::-1]
    return points.reshape(-1, 3), triangles.reshape(-1, 3)


def rotation_matrices(quaternions: NDArray[np.floating]) -> NDArray[np.float64]:
    """Rotations (n, 3, 3) of quaternions (x, y, z, w), shape (n, 4)."""
    x, y, z, w = (np.asarray(quaternions, dtype=np.float64) / np.linalg.norm(quaternions, axis=1, keepdims=True)).T
    rows = (
        (1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)),
        (2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)),
        (2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)),
    )
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def _add_solids(stage: Any, materials: Materials, layer: PlacedLayer) -> None:
    solid = np.array([thing.solid is not None for thing in layer.things])
    rows = np.flatnonzero(solid[layer.kind])
    if len(rows) == 0:
        return
    path = f"{ROOT}/Solids/{prim_name(layer.name)}"
    color = layer.things[layer.kind[rows[0]]].pieces[0].color
    scope(stage, f"{ROOT}/Solids")
    if layer.apart:
        pxr("UsdGeom").Xform.Define(stage, path)
    for number, chosen in enumerate(rows[:, None] if layer.apart else [rows]):
        points, triangles = _merged(layer, chosen, [thing.solid for thing in layer.things])
        origin = layer.position[chosen[0]].astype(np.float32) if layer.apart else np.zeros(3, np.float32)
        prim = mesh_prim(stage, f"{path}/thing_{number:04d}" if layer.apart else path, points - origin, triangles)
        if layer.apart:
            prim.AddTranslateOp().Set(pxr("Gf").Vec3d(*origin.astype(float).tolist()))
        prim.CreatePurposeAttr(pxr("UsdGeom").Tokens.guide)
        # Newton's pictures show colliders too, where the task has rays
        prim.CreateDisplayColorAttr([pxr("Gf").Vec3f(*color)])
        collides(prim, materials.contact(prim_name(layer.name), layer.contact), convex=layer.apart)
        label(prim.GetPrim(), layer.labels_of(chosen))


def _add_looks(stage: Any, materials: Materials, layer: PlacedLayer) -> None:
    scope(stage, f"{ROOT}/Looks")
    base = f"{ROOT}/Looks/{prim_name(layer.name)}"
    scope(stage, base)
    label(stage.GetPrimAtPath(base), layer.labels)
    shades = _shades(layer)
    names: dict[Color, str] = {}
    for thing in layer.things:
        for piece in thing.pieces:
            names.setdefault(piece.color, _free(prim_name(piece.name), set(names.values())))
    for color, name in names.items():
        meshes = [
            joined(piece.mesh for piece in thing.pieces if piece.color == color)
            if any(piece.color == color for piece in thing.pieces)
            else None
            for thing in layer.things
        ]
        has = np.array([mesh is not None for mesh in meshes])
        soft = np.array([thing.soft for thing in layer.things])
        labels = list(dict.fromkeys(thing.labels for thing, mesh in zip(layer.things, meshes, strict=True) if mesh))
        sort = np.array([labels.index(thing.labels) if thing.labels in labels else -1 for thing in layer.things])
        for (number, shade), felt, mine in product(enumerate(np.unique(shades)), (True, False), range(len(labels))):
            chosen = has[layer.kind] & (shades == shade) & (soft[layer.kind] != felt) & (sort[layer.kind] == mine)
            rows = np.flatnonzero(chosen)
            if len(rows) == 0:
                continue
            points, triangles = _merged(layer, rows, meshes)
            path = f"{base}/{name}" if len(np.unique(shades)) == 1 else f"{base}/{name}_shade_{number}"
            path += f"_{mine}" if len(labels) > 1 else ""
            red, green, blue = (round(min(max(value * (1 + float(shade)), 0.0), 1.0), 4) for value in color)
            look = mesh_prim(stage, path if felt else f"{path}_soft", points, triangles)
            materials.colored(look, (red, green, blue))
            label(look.GetPrim(), layer.labels_of(rows))
            if not felt:
                collider = pxr("UsdPhysics").CollisionAPI.Apply(look.GetPrim())
                collider.CreateCollisionEnabledAttr(False)


def _free(wish: str, taken: set[str]) -> str:
    """A name that is not taken: the one that is wished for, or that with a number."""
    number, name = 1, wish
    while name in taken:
        number += 1
        name = f"{wish}_{number}"
    return name


def _shades(layer: PlacedLayer) -> NDArray[np.floating]:
    """The shade of each thing, rounded to one of :data:`SHADES` between the darkest and the brightest."""
    if layer.shade is None or len(layer.shade) == 0:
        return np.zeros(len(layer.kind))
    low, high = float(layer.shade.min()), float(layer.shade.max())
    if high - low < 1e-6:
        return np.full(len(layer.kind), round(low, 4))
    step = (high - low) / SHADES
    place = np.clip(((layer.shade - low) / step).astype(np.int64), 0, SHADES - 1)
    return np.round(low + (place + 0.5) * step, 4)


def _merged(
    layer: PlacedLayer, rows: NDArray[np.int64], meshes: Sequence[Mesh | None]
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Some things of a layer as one mesh, each of them the mesh of its kind."""
    points: list[NDArray[np.float32]] = []
    triangles: list[NDArray[np.int32]] = []
    start = 0
    for place, mesh in enumerate(meshes):
        chosen = rows[layer.kind[rows] == place]
        if mesh is None or len(chosen) == 0:
            continue
        piece, faces = instanced(mesh, layer.rotation[chosen], layer.scale[chosen], layer.position[chosen])
        points.append(piece)
        triangles.append(faces + np.int32(start))
        start += len(piece)
    return np.concatenate(points), np.concatenate(triangles)
