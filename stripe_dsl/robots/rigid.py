"""Rigid objects in USD files: the one body that a file holds, and what of it collides."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stripe_dsl.robots import cache, locate
from stripe_dsl.robots.errors import RobotFileError
from stripe_dsl.robots.model import RobotBody, RobotModel
from stripe_dsl.robots.usd import first_complaint, mass_of, silent, target_prim
from stripe_dsl.robots.usd_joints import leaf, pxr

SUFFIXES = (".usd", ".usda", ".usdc", ".usdz")


def load_object(reference: str, *, prim: str | None = None, relative_to: Path | None = None) -> RobotModel:
    """Read the object that ``reference`` names, a model without joints; from the cache where its files are the same.

    Args:
        reference: a file in one of the forms of :func:`stripe_dsl.robots.locate.resolve`.
        prim: which prim to use instead of the stage's default one.
        relative_to: the file that ``reference`` stands in, or its folder.

    Raises:
        RobotUnavailableError: if the file is not on this machine.
        RobotFileError: if there is no such file, or it holds no rigid object.
    """
    path = locate.resolve(reference, relative_to)
    if path.suffix.lower() not in SUFFIXES:
        raise RobotFileError(f'"{path.name}" is no USD file by its ending', f"known endings: {', '.join(SUFFIXES)}")
    entry = cache.entry_path(path.read_bytes(), f"{path.suffix.lower()} object", prim, {})
    model = cache.load(entry, path)
    if model is None:
        model, parts = _read(path, prim)
        cache.store(entry, model, path, parts)
    return model


def _read(path: Path, prim: str | None) -> tuple[RobotModel, tuple[Path, ...]]:
    """The model, and the other files that it was read from."""
    try:
        pxr("Usd")
    except ImportError:
        raise RobotFileError("reading USD needs the package usd-exchange", "pip install usd-exchange") from None
    with silent():
        try:
            stage = pxr("Usd").Stage.Open(str(path), pxr("Usd").Stage.LoadAll)
        except pxr("Tf").ErrorException as error:
            raise RobotFileError(f'"{path.name}" is not readable as USD: {first_complaint(error, path)}') from None
        target = target_prim(stage, path, prim)
        model = _model(stage, target, path, prim)
        layers = {Path(layer.realPath) for layer in stage.GetUsedLayers() if layer.realPath} - {path.resolve()}
    return model, tuple(sorted(layers))


def _model(stage: Any, target: str, path: Path, prim: str | None) -> RobotModel:
    physics = pxr("UsdPhysics")
    prims = list(pxr("Usd").PrimRange(stage.GetPrimAtPath(target), pxr("Usd").TraverseInstanceProxies()))
    joints = [item for item in prims if item.IsA(physics.Joint) or item.HasAPI(physics.ArticulationRootAPI)]
    if joints:
        message = f'"{path.name}" has joints, at {_listed(joints)}'
        raise RobotFileError(message, "what has joints is a robot: `robot name { usd … }`", "E0620")
    bodies = [item for item in prims if item.HasAPI(physics.RigidBodyAPI)]
    if not bodies:
        message = f'prim "{target}" of "{path.name}" is no rigid body (no PhysicsRigidBodyAPI)'
        raise RobotFileError(message, "apply the schema to it in the file", "E0620")
    if len(bodies) > 1:
        message = f'prim "{target}" of "{path.name}" holds {len(bodies)} rigid bodies, {_listed(bodies)}'
        raise RobotFileError(message, f'take one: `prim "{bodies[0].GetPath()}"`', "E0620")
    body = str(bodies[0].GetPath())
    inside = pxr("Usd").PrimRange(bodies[0], pxr("Usd").TraverseInstanceProxies())
    shapes = sum(item.HasAPI(physics.CollisionAPI) for item in inside)
    if not shapes:
        message = f'nothing of the body "{body}" in "{path.name}" collides (no PhysicsCollisionAPI)'
        raise RobotFileError(message, "apply the schema to its shapes in the file", "E0620")
    metres = pxr("UsdGeom").GetStageMetersPerUnit(stage)
    warnings = ()
    if abs(metres - 1.0) > 1e-6:
        warnings = (f"its unit of length is {metres:g} m (metersPerUnit): Newton takes its numbers for metres",)
    below = body.removeprefix(target.rstrip("/"))
    return RobotModel(
        name=leaf(target),
        source=str(path),
        format="usd",
        fixed_base=False,
        root_body=leaf(body),
        joints=(),
        bodies=(RobotBody(leaf(body), mass_of(stage, body), below),),
        collision_shapes=shapes,
        prim=prim,
        warnings=warnings,
    )


def _listed(prims: list[Any]) -> str:
    names = [f'"{prim.GetPath()}"' for prim in prims[:3]]
    return ", ".join(names) + (" and more" if len(prims) > 3 else "")
