"""Things of a scene that can be pushed: a USD stage of bodies for each layer, and where each of them stands.

::

    /Scene                        Xform, the default prim
    /Scene/thing_000              a body with its mass, in its pose
    /Scene/thing_000/solid        what collides, as it is: Newton loses a hull of its own making that is a millimetre
                                  deep in a mesh, as the ground is one; not seen
    /Scene/thing_000/look_0       what is seen, a mesh for each colour
    /Scene/thing_000/Materials    its own, since a simulator takes one body after another from the stage

Poses are a file of their own, which a simulation's configuration reads: for each body a position [m]
and a quaternion (x, y, z, w) in the scene's frame, seven little-endian 32-bit floats.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stripe_dsl.ir.scene import Layer, Scene
from stripe_dsl.robots.author import mechanism_usda
from stripe_dsl.robots.copied import copied
from stripe_dsl.robots.mechanism import Pose
from stripe_dsl.robots.repeated import mechanism
from stripe_dsl.robots.usd_joints import pxr
from stripe_dsl.scene.ground import Ground
from stripe_dsl.scene.placements import Instances
from stripe_dsl.scene.prims import ROOT, Materials, collides, label, mesh_prim, prim_name
from stripe_dsl.scene.shapes import joined
from stripe_dsl.scene.stage import PlacedLayer, rotation_matrices
from stripe_dsl.scene.streams import stream

CLEARANCE = 0.002
"""What is left between a thing and the ground at first [m]."""


@dataclass(frozen=True, slots=True)
class BodyFiles:
    """Names of the files of a layer whose things can be pushed, for one variant."""

    layer: str
    stage: str
    poses: str


def body_files(scene: Scene, base: str) -> tuple[BodyFiles, ...]:
    """Of all such layers of a scene.

    Args:
        base: name of the variant's stage, without suffix.
    """
    found = [layer.name for layer in scene.layers if layer.movable]
    return tuple(BodyFiles(name, f"{base}_{name}.usdc", f"{base}_{name}.poses") for name in found)


def masses(layer: Layer, scale: NDArray[np.floating], seed: int, scene: str) -> NDArray[np.float64]:
    """Masses [kg], shape (n,): drawn for a scale of 1, they go with the volume."""
    low, high = layer.mass or (1.0, 1.0)
    return stream(seed, scene, layer.name, "mass").uniform(low, high, len(scale)) * np.asarray(scale) ** 3


def lifted(placed: PlacedLayer, ground: Ground) -> PlacedLayer:
    """The same things, none of them in the ground: a body that is would be thrown out of it."""
    matrices = rotation_matrices(placed.rotation) if len(placed.kind) else np.zeros((0, 3, 3))
    position = np.array(placed.position, dtype=np.float64)
    for row, thing in enumerate(placed.things[kind] for kind in placed.kind):
        assert thing.solid is not None
        points = (thing.solid.points * placed.scale[row]) @ matrices[row].T + position[row]
        position[row, 2] += float((ground.height_at(points[:, :2]) - points[:, 2]).max()) + CLEARANCE
    return replace(placed, position=position)


def write_bodies(stage: Path, poses: Path, placed: PlacedLayer, mass: NDArray[np.floating], *, about: str) -> None:
    """Writes both files.

    Args:
        placed: as :func:`lifted` gives it; scales are one number for each thing.
        mass: of each [kg], shape (n,).
        about: what it was made from, for the stage's documentation.
    """
    built = bodies_stage(placed, mass)
    built.GetRootLayer().documentation = about
    if not built.GetRootLayer().Export(str(stage)):
        raise OSError(f"cannot write {stage}")
    table = np.concatenate((placed.position, placed.rotation), axis=1)
    poses.write_bytes(np.ascontiguousarray(table, dtype="<f4").tobytes())


def bodies_stage(placed: PlacedLayer, mass: NDArray[np.floating]) -> Any:
    """The stage of :func:`write_bodies`, in memory."""
    geometry, physics, values = pxr("UsdGeom"), pxr("UsdPhysics"), pxr("Gf")
    stage = pxr("Usd").Stage.CreateInMemory()
    geometry.SetStageUpAxis(stage, geometry.Tokens.z)
    geometry.SetStageMetersPerUnit(stage, 1.0)
    stage.SetDefaultPrim(geometry.Xform.Define(stage, ROOT).GetPrim())
    for row, kind in enumerate(placed.kind):
        thing, scale = placed.things[kind], float(placed.scale[row])
        path = f"{ROOT}/{body_name(row)}"
        body = geometry.Xform.Define(stage, path)
        x, y, z, w = (float(part) for part in placed.rotation[row])
        materials = Materials(stage, path)
        body.AddTranslateOp().Set(values.Vec3d(*map(float, placed.position[row])))
        body.AddOrientOp().Set(values.Quatf(w, values.Vec3f(x, y, z)))
        physics.RigidBodyAPI.Apply(body.GetPrim())
        physics.MassAPI.Apply(body.GetPrim()).CreateMassAttr(float(mass[row]))
        label(body.GetPrim(), placed.labels_of(np.array([row])))
        assert thing.solid is not None
        solid = mesh_prim(stage, f"{path}/solid", thing.solid.points * scale, thing.solid.triangles)
        solid.CreatePurposeAttr(geometry.Tokens.guide)
        collides(solid, materials.contact(prim_name(placed.name), placed.contact))
        shade = 0.0 if placed.shade is None else float(placed.shade[row])
        for number, color in enumerate(dict.fromkeys(piece.color for piece in thing.pieces)):
            look = joined(piece.mesh for piece in thing.pieces if piece.color == color)
            red, green, blue = (round(min(max(value * (1 + shade), 0.0), 1.0), 4) for value in color)
            seen = mesh_prim(stage, f"{path}/look_{number}", look.points * scale, look.triangles)
            materials.colored(seen, (red, green, blue))
    return stage


def write_articulation(stage: Path, found: Instances, *, about: str) -> None:
    """Writes the stage of things with joints: one articulation in the scene's frame, each thing of which stands in its
    place.

    Args:
        about: what it was made from, for the stage's documentation.
    """
    robot, name = found.layer.robot, found.layer.name
    assert robot is not None
    own = _pose(robot.position, robot.rotation)
    places = [_pose(at, turn) * own for at, turn in zip(found.position, found.rotation, strict=True)]
    if robot.primitives is not None:
        stage.write_text(mechanism_usda(mechanism(robot.primitives, name, places), about), encoding="utf-8")
        return
    layer, _ = copied(robot.model, name, places)
    layer.documentation = about
    if not layer.Export(str(stage)):
        raise OSError(f"cannot write {stage}")


def _pose(position: Iterable[float], rotation: Iterable[float]) -> Pose:
    """A pose of a position [m] and a quaternion (x, y, z, w)."""
    a, b, c = map(float, position)
    x, y, z, w = map(float, rotation)
    return Pose((a, b, c), (w, x, y, z))


def body_name(row: int) -> str:
    """The name of a body's prim; in the order of the table when sorted."""
    return f"thing_{row:03d}"
