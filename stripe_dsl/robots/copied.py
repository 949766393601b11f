"""Several copies of a robot from a file as one articulation: things with joints that stand in a scene.

As :mod:`stripe_dsl.robots.repeated` does with links and joints. The prims of the file are kept as they are, with all
that simulators say of them; only joints and bodies get other names, ``hinge_0``, ``hinge_1``, …, and what held a base
to the world holds it to one body that does not move::

    /doors                        the articulation
    /doors/ground                 the body that all copies hang on
    /doors/thing_0                a copy: what the file has below the prim of its robot
    /doors/thing_0/hinge_0
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from stripe_dsl.robots import cache, files, usd
from stripe_dsl.robots.convert import Converted, convert
from stripe_dsl.robots.errors import RobotFileError
from stripe_dsl.robots.mechanism import FRAME, Pose
from stripe_dsl.robots.model import RobotModel
from stripe_dsl.robots.repeated import GROUND, copies
from stripe_dsl.robots.usd_joints import pxr

THING = "thing"
_ROOT = "/Robot"
_ARTICULATION = ("NewtonArticulationRootAPI", "PhysxArticulationAPI")
"""What engines add to the root of an articulation."""


@dataclass(frozen=True, slots=True)
class _Robot:
    """A robot that stands alone: its layer, all below :data:`_ROOT`, and paths of its bodies and joints there."""

    layer: Any
    bodies: tuple[str, ...]
    joints: tuple[str, ...]
    left_out: tuple[str, ...]


def read_copies(model: RobotModel, count: int) -> RobotModel:
    """The model of ``count`` copies, as reading their stage gives it; from the cache when its files have not changed.

    Args:
        model: of a robot that is fixed to the world, read from a USD, URDF or MJCF file.

    Raises:
        RobotFileError: if the file cannot be read, or holds what USD or the simulator lacks.
    """
    path = Path(model.source)
    suffix = path.suffix.lower()
    entry = cache.entry_path(path.read_bytes(), suffix, model.prim, {"copies": str(count)})
    found = cache.load(entry, path)
    if found is not None:
        return found
    with TemporaryDirectory() as folder:
        stage = Path(folder) / "copies.usdc"
        layer, left_out = copied(model, "copies", [Pose()] * count)
        layer.Export(str(stage))
        found = replace(usd.read(stage), source=model.source, warnings=left_out)
    parts = files.parts(path, model.prim)
    if parts is not None:
        cache.store(entry, found, path, parts)
    return found


def copied(model: RobotModel, name: str, places: Sequence[Pose]) -> tuple[Any, tuple[str, ...]]:
    """A layer with all copies in their places, and what of the file is not in it.

    Args:
        model: of a robot that is fixed to the world, read from a USD, URDF or MJCF file.
        name: of the whole.
        places: of the frame of each copy, in that of the whole.

    Raises:
        RobotFileError: if the file cannot be read, or holds what USD or the simulator lacks.
    """
    sdf, geometry, physics = pxr("Sdf"), pxr("UsdGeom"), pxr("UsdPhysics")
    with usd.silent():
        robot = _robot(model)
        out = sdf.Layer.CreateAnonymous(".usda")
        stage = pxr("Usd").Stage.Open(out)
        geometry.SetStageUpAxis(stage, geometry.Tokens.z)
        geometry.SetStageMetersPerUnit(stage, 1.0)
        whole = geometry.Xform.Define(stage, f"/{name}").GetPrim()
        stage.SetDefaultPrim(whole)
        physics.ArticulationRootAPI.Apply(whole)
        for schema in _ARTICULATION:
            whole.AddAppliedSchema(schema)
        for attribute in ("newton:selfCollisionEnabled", "physxArticulation:enabledSelfCollisions"):
            whole.CreateAttribute(attribute, sdf.ValueTypeNames.Bool).Set(bool(model.self_collisions))
        ground = _ground(stage, f"/{name}/{GROUND}")
        for number, (thing, place) in enumerate(zip(copies(THING, len(places)), places, strict=True)):
            named = {path: copies(_leaf(path), len(places))[number] for path in (*robot.bodies, *robot.joints)}
            top = f"/{name}/{named.pop(_ROOT, thing)}"
            sdf.CopySpec(robot.layer, _ROOT, out, top)
            _rename(out, top, named)
            _stand(stage, top, place)
            for path in robot.joints:
                joint = stage.GetPrimAtPath(_renamed(path, top, named))
                _hold(joint, ground, top, place)
                _drive(joint)
    return out, robot.left_out


def content(model: RobotModel) -> bytes:
    """What the copies of a robot are made of: its files, or what became of them. It is the same on each computer.

    Whatever is wrong with a file is said where it is read.
    """
    path = Path(model.source)
    try:
        if model.format != "usd":
            return _converted(model).stage.encode()
        return b"".join(part.read_bytes() for part in (path, *(files.parts(path, model.prim) or ())))
    except (RobotFileError, OSError):
        return b"missing"


def size(model: RobotModel, place: Pose = Pose()) -> tuple[float, float, float]:  # noqa: B008
    """How large a robot is with its joints at zero [m]: radius of the upright cylinder about the origin that holds what
    collides, height of that above the origin, and radius of the disc that stands on the ground.

    Args:
        place: of its frame.
    """
    from stripe_dsl.robots.outline import outline

    with usd.silent():
        robot = _robot(model)
        stage = pxr("Usd").Stage.Open(robot.layer)
        _stand(stage, _ROOT, place)
        xforms = pxr("UsdGeom").XformCache()
        bodies = {_leaf(path): stage.GetPrimAtPath(path) for path in robot.bodies}
        found: list[tuple[float, float, float, float]] = []
        for body, corners in outline(stage).items():
            turn = xforms.GetLocalToWorldTransform(bodies[body]).RemoveScaleShear()
            for x, y, z, radius in corners:
                at = turn.Transform(pxr("Gf").Vec3d(x, y, z))
                found.append(((at[0] ** 2 + at[1] ** 2) ** 0.5 + radius, at[2] - radius, at[2] + radius, radius))
    if not found:
        raise RobotFileError(f'nothing of "{Path(model.source).name}" collides', "give its bodies collision shapes")
    low = min(bottom for _, bottom, _, _ in found)
    foot = max(reach for reach, bottom, _, _ in found if bottom <= low + 0.02)
    return max(reach for reach, _, _, _ in found), max(0.0, *(top for _, _, top, _ in found)), foot


def _robot(model: RobotModel) -> _Robot:
    """The robot of a file with everything that composes it, in one layer."""
    kinds, path, left_out = pxr("Usd"), Path(model.source), ()
    if model.format == "usd":
        stage = kinds.Stage.CreateInMemory()
        source = kinds.Stage.Open(str(path))
        stage.DefinePrim(_ROOT).GetReferences().AddReference(str(path), usd.target_prim(source, path, model.prim))
    else:
        converted = _converted(model)
        layer = pxr("Sdf").Layer.CreateAnonymous(".usda")
        layer.ImportFromString(converted.stage)
        stage, left_out = kinds.Stage.Open(layer), converted.left_out
    while shared := [prim for prim in stage.Traverse() if prim.IsInstance()]:
        for prim in shared:
            prim.SetInstanceable(False)
    stage = kinds.Stage.Open(stage.Flatten())
    physics, prims = pxr("UsdPhysics"), list(kinds.PrimRange(stage.GetPrimAtPath(_ROOT)))
    for prim in prims:
        for schema in {"PhysicsArticulationRootAPI", *_ARTICULATION} & {*prim.GetAppliedSchemas()}:
            prim.RemoveAppliedSchema(schema)
    bodies = tuple(str(prim.GetPath()) for prim in prims if prim.HasAPI(physics.RigidBodyAPI))
    joints = tuple(str(prim.GetPath()) for prim in prims if prim.IsA(physics.Joint))
    return _Robot(stage.GetRootLayer(), bodies, joints, left_out)


def _converted(model: RobotModel) -> Converted:
    return convert(model, _leaf(_ROOT), self_collisions=bool(model.self_collisions))


def _ground(stage: Any, path: str) -> Any:
    """The body that does not move: nothing but a frame, and what fixes it to the world."""
    physics, vectors = pxr("UsdPhysics"), pxr("Gf")
    ground = pxr("UsdGeom").Xform.Define(stage, path).GetPrim()
    physics.RigidBodyAPI.Apply(ground)
    mass = physics.MassAPI.Apply(ground)
    mass.CreateMassAttr(FRAME.mass)
    mass.CreateCenterOfMassAttr(vectors.Vec3f(0.0))
    mass.CreateDiagonalInertiaAttr(vectors.Vec3f(*(FRAME.inertia[axis][axis] for axis in range(3))))
    mass.CreatePrincipalAxesAttr(vectors.Quatf(1.0))
    physics.FixedJoint.Define(stage, f"{path}_joint").CreateBody1Rel().SetTargets([path])
    return ground


def _rename(layer: Any, top: str, named: Mapping[str, str]) -> None:
    """Gives joints and bodies of a copy their names, and what refers to them the new paths.

    Args:
        top: path of the copy, which stands for :data:`_ROOT`.
        named: new names by path in the robot.
    """
    sdf = pxr("Sdf")
    for path in sorted(named, key=lambda path: path.count("/"), reverse=True):  # parents last: paths lead there
        layer.GetPrimAtPath(top + path.removeprefix(_ROOT)).name = named[path]
    found: list[Any] = []
    layer.Traverse(top, found.append)

    def moved(target: Any) -> Any:
        prim = target.GetPrimPath()
        if not str(prim).startswith(f"{top}/"):
            return target
        return target.ReplacePrefix(prim, sdf.Path(_renamed(_ROOT + str(prim).removeprefix(top), top, named)))

    for path in (path for path in found if path.IsPrimPropertyPath()):
        spec = layer.GetObjectAtPath(path)
        targets = spec.targetPathList if isinstance(spec, sdf.RelationshipSpec) else spec.connectionPathList
        targets.ModifyItemEdits(moved)


def _renamed(path: str, top: str, named: Mapping[str, str]) -> str:
    """Where a prim of the robot is in a copy."""
    out, here = top, _ROOT
    for part in path.removeprefix(_ROOT).split("/")[1:]:
        here = f"{here}/{part}"
        out = f"{out}/{named.get(here, part)}"
    return out


def _stand(stage: Any, path: str, place: Pose) -> None:
    """Puts a copy into its place, at the size that its file gives it."""
    prim, values = stage.GetPrimAtPath(path), pxr("Gf")
    thing = pxr("UsdGeom").Xformable(prim)
    scale = values.Transform(thing.GetLocalTransformation()).GetScale()
    for name in [name for name in prim.GetAuthoredPropertyNames() if name.startswith("xformOp")]:
        prim.RemoveProperty(name)
    matrix, double = _matrix(place), pxr("UsdGeom").XformOp.PrecisionDouble
    thing.AddTranslateOp(double).Set(matrix.ExtractTranslation())
    thing.AddOrientOp(double).Set(matrix.ExtractRotationQuat())
    if any(abs(factor - 1.0) > 1e-9 for factor in scale):
        thing.AddScaleOp(double).Set(scale)


def _hold(prim: Any, ground: Any, top: str, place: Pose) -> None:
    """Holds to the ground what a joint of a copy holds to the world, which is whatever is no body."""
    physics, values, stage = pxr("UsdPhysics"), pxr("Gf"), prim.GetStage()
    joint = physics.Joint(prim)
    ends = (
        (joint.GetBody0Rel(), joint.GetLocalPos0Attr(), joint.GetLocalRot0Attr()),
        (joint.GetBody1Rel(), joint.GetLocalPos1Attr(), joint.GetLocalRot1Attr()),
    )
    for body, position, rotation in ends:
        target = stage.GetPrimAtPath(body.GetTargets()[0]) if body.GetTargets() else None
        if target and target.HasAPI(physics.RigidBodyAPI):
            continue
        within = _matrix(place)
        if target and str(target.GetPath()).startswith(top):
            within = pxr("UsdGeom").XformCache().GetLocalToWorldTransform(target)
        turn = values.Rotation(values.Quatd(rotation.Get())) * within.RemoveScaleShear().ExtractRotation()
        body.SetTargets([ground.GetPath()])
        position.Set(values.Vec3f(within.Transform(values.Vec3d(position.Get()))))
        rotation.Set(values.Quatf(turn.GetQuat()))


def _drive(prim: Any) -> None:
    """Gives a joint a drive where the file has none: on PhysX it has no gains else, whatever an actuator sets."""
    physics = pxr("UsdPhysics")
    for schema, name in ((physics.RevoluteJoint, "angular"), (physics.PrismaticJoint, "linear")):
        if prim.IsA(schema) and not physics.DriveAPI(prim, name):
            physics.DriveAPI.Apply(prim, name)


def _matrix(pose: Pose) -> Any:
    values = pxr("Gf")
    turn = values.Rotation(values.Quatd(pose.rotation[0], values.Vec3d(*pose.rotation[1:])))
    return values.Matrix4d().SetTransform(turn, values.Vec3d(*pose.position))


def _leaf(path: str) -> str:
    return path.rpartition("/")[2]
