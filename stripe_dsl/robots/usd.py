"""USD stages to :class:`RobotModel`.

The stage is composed and parsed as Isaac Lab and Newton do it: the prim is referenced into an empty stage (which is
what ``UsdFileCfg`` does) and read by USD's own physics parser, so that what is accepted here is what the simulator
accepts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from stripe_dsl.robots.errors import RobotFileError
from stripe_dsl.robots.match import suggest
from stripe_dsl.robots.model import RobotBody, RobotJoint, RobotModel
from stripe_dsl.robots.order import WORLD, NotATreeError, bodies_along, depth_first, path_key
from stripe_dsl.robots.usd_joints import degrees_of_freedom, leaf, pxr

_ROOT = "/Robot"


@dataclass(frozen=True, slots=True)
class UsdReading:
    """A model and where it comes from.

    Attributes:
        model: what was read.
        layers: absolute paths of the layers, besides the file itself, that it is composed of; ``None`` when some could
            not be read, so that the next reading may find more.
    """

    model: RobotModel
    layers: tuple[Path, ...] | None


def read(path: Path, prim: str | None = None) -> RobotModel:
    """Read the articulation on ``prim`` (default: the stage's ``defaultPrim``) of a USD file.

    Raises:
        RobotFileError: if the file is missing or broken, or holds no or several articulations there.
    """
    return read_with_layers(path, prim).model


def read_with_layers(
    path: Path, prim: str | None = None, variants: Mapping[str, str] = MappingProxyType({})
) -> UsdReading:
    """As :func:`read`, with USD variants selected; also tells which other layers took part, for caching."""
    if not path.is_file():
        raise RobotFileError(f'there is no file "{path}"', code="E0601")
    try:
        pxr("Usd")
    except ImportError:
        raise RobotFileError("reading USD needs the package usd-exchange", "pip install usd-exchange") from None

    with silent():
        before = set(identifiers(pxr("Sdf").Layer.GetLoadedLayers()))
        try:
            source = pxr("Usd").Stage.Open(str(path), pxr("Usd").Stage.LoadAll)
            # USD hands out layers that somebody still holds as they were, also when the file has changed since.
            held = [layer for layer in source.GetUsedLayers() if layer.identifier in before and not layer.dirty]
            pxr("Sdf").Layer.ReloadLayers(held, True)
        except pxr("Tf").ErrorException as error:
            raise RobotFileError(f'"{path.name}" is not readable as USD: {first_complaint(error, path)}') from None
        missing = tuple(dict.fromkeys(_missing_file(str(error)) for error in source.GetCompositionErrors()))
        try:
            target = target_prim(source, path, prim)
            _select(source, target, variants, path)
            _one_articulation(source, target, path)
        except RobotFileError as error:
            if not missing:
                raise
            raise RobotFileError(
                f'{error.reason}, and refers to "{missing[0]}", which cannot be read',
                "copy the file together with the files it references",
            ) from None

        stage = pxr("Usd").Stage.CreateInMemory()
        robot = stage.DefinePrim(_ROOT)
        robot.GetReferences().AddReference(str(path), target)
        for name, variant in variants.items():
            robot.GetVariantSets().SetSelection(name, variant)
        model = _read_articulation(stage, source, path, prim, target)
        own = source.GetRootLayer().realPath
        layers = {layer.realPath for layer in stage.GetUsedLayers() if layer.realPath}
    if missing:
        warnings = (*(f'it refers to "{name}", which cannot be read' for name in missing[:3]), *model.warnings)
        return UsdReading(replace(model, warnings=warnings), None)
    return UsdReading(model, tuple(sorted(Path(layer) for layer in layers - {own})))


def identifiers(layers: Iterable[Any]) -> Iterator[str]:
    """The identifiers of those ``layers`` that are still there.

    USD lists layers without holding them: one goes when the last stage that uses it does, and Python's garbage
    collector, or a thread of USD's own, may let go of that stage while the list is being read.
    """
    for layer in layers:
        # Asking ``layer.expired`` first would leave a moment between the question and the use.
        with suppress(TypeError):  # Boost.Python.ArgumentError: no layer behind this handle any more
            yield layer.identifier


def _missing_file(error: str) -> str:
    """The asset that a composition error is about, or the whole error."""
    asset = re.search(r"@([^@]+)@", error)
    return asset.group(1) if asset else error.rstrip(".")


@contextmanager
def silent() -> Iterator[None]:
    """Keeps USD's own warnings off the terminal; what matters in them is raised instead."""
    delegate = pxr("UsdUtils").CoalescingDiagnosticDelegate()
    try:
        yield
    finally:
        delegate.TakeUncoalescedDiagnostics()


def first_complaint(error: Exception, path: Path) -> str:
    """The first quoted message of a Tf error, without the C++ around it."""
    for line in str(error).splitlines():
        _, quote, message = line.strip().partition(" : '")
        if quote:
            message = message.rstrip("'").removeprefix(f"{path}:")
            message = re.sub(r"^(\d+):(\d+):", r"line \1, column \2:", message)
            # The name of the parser's rule says nothing to anybody who does not maintain it.
            return re.sub(r"parse error matching \S+ at", "cannot be understood at", message)
    return "unknown format"


# Which prim ----------------------------------------------------------------------------------------------------------


def _articulation_paths(stage: Any, below: str = "/") -> list[str]:
    root = stage.GetPrimAtPath(below)
    if not root:
        return []
    prims = pxr("Usd").PrimRange(root, pxr("Usd").TraverseInstanceProxies())
    return [str(prim.GetPath()) for prim in prims if prim.HasAPI(pxr("UsdPhysics").ArticulationRootAPI)]


def _addressable(stage: Any) -> list[str]:
    """For every articulation the topmost prim that holds it and no other: what a user should name."""
    roots = _articulation_paths(stage)
    chosen: list[str] = []
    for root in roots:
        parts = root.split("/")[1:]
        for depth in range(1, len(parts) + 1):
            ancestor = "/" + "/".join(parts[:depth])
            if sum(other == ancestor or other.startswith(ancestor + "/") for other in roots) == 1:
                chosen.append(ancestor)
                break
        else:
            chosen.append(root)
    return chosen


def _hint(candidates: list[str]) -> str | None:
    if not candidates:
        return None
    listed = " or ".join(f'prim "{candidate}"' for candidate in candidates[:4])
    return f"add {listed}"


def target_prim(stage: Any, path: Path, prim: str | None) -> str:
    """Path of the prim to reference, known to exist."""
    if prim is None:
        name = str(stage.GetRootLayer().defaultPrim)
        candidates = _addressable(stage)
        if not name:
            raise RobotFileError(f'"{path.name}" names no default prim', _hint(candidates), "E0604")
        target = name if name.startswith("/") else f"/{name}"
        if not stage.GetPrimAtPath(target):
            raise RobotFileError(
                f'"{path.name}" names the default prim "{name}", which it does not have', _hint(candidates), "E0604"
            )
        return target
    valid, _ = pxr("Sdf").Path.IsValidPathString(prim)
    if valid and prim.startswith("/") and prim != "/" and stage.GetPrimAtPath(prim):
        return prim
    close = suggest(prim, (str(found.GetPath()) for found in stage.Traverse()), n=2)
    candidates = [*close, *(path for path in _addressable(stage) if path not in close)]
    listed = " or ".join(f'"{candidate}"' for candidate in candidates[:3])
    raise RobotFileError(f'"{path.name}" has no prim "{prim}"', f"did you mean {listed}?" if listed else None, "E0604")


def _select(stage: Any, target: str, variants: Mapping[str, str], path: Path) -> None:
    """Select variants on the prim, in the stage's session only."""
    sets = stage.GetPrimAtPath(target).GetVariantSets()
    stage.SetEditTarget(stage.GetSessionLayer())
    for name, variant in variants.items():
        known = sets.GetVariantSet(name).GetVariantNames() if sets.HasVariantSet(name) else []
        if variant not in known:
            listed = f"it has {', '.join(known)}" if known else None
            raise RobotFileError(f'"{path.name}" has no variant "{variant}" of "{name}"', listed)
        sets.SetSelection(name, variant)


def _one_articulation(stage: Any, target: str, path: Path) -> None:
    """Isaac Lab wants exactly one articulation root below the prim it spawns."""
    found = _articulation_paths(stage, target)
    if len(found) == 1:
        return
    candidates = [candidate for candidate in _addressable(stage) if candidate != target]
    if not found:
        raise RobotFileError(
            f'prim "{target}" of "{path.name}" holds no articulation (no PhysicsArticulationRootAPI)',
            _hint(candidates),
            "E0605",
        )
    raise RobotFileError(
        f'prim "{target}" of "{path.name}" holds {len(found)} articulations: {", ".join(found[:6])}',
        _hint(candidates),
        "E0605",
    )


# Reading it ----------------------------------------------------------------------------------------------------------


def _read_articulation(stage: Any, source: Any, path: Path, prim: str | None, target: str) -> RobotModel:
    kinds = pxr("UsdPhysics").ObjectType
    parsed: dict[Any, tuple[list[Any], list[Any]]] = pxr("UsdPhysics").UsdPhysicsLoadStageFromPrimRange(
        stage, [pxr("Sdf").Path(_ROOT)]
    )
    found = [desc for desc in parsed.get(kinds.Articulation, ((), ()))[1] if desc.isValid]
    if len(found) != 1:
        raise RobotFileError(
            f'the articulation on prim "{target}" of "{path.name}" cannot be simulated',
            "an articulation needs at least one rigid body, and its root may not lie inside another rigid body",
            "E0605",
        )
    articulation = found[0]
    joint_kinds = (
        kinds.FixedJoint,
        kinds.RevoluteJoint,
        kinds.PrismaticJoint,
        kinds.SphericalJoint,
        kinds.D6Joint,
        kinds.DistanceJoint,
    )
    descs = {str(desc.primPath): desc for kind in joint_kinds for desc in parsed.get(kind, ((), ()))[1]}
    body_paths = [str(body) for body in articulation.articulatedBodies if not body.isEmpty]
    inside = set(body_paths)

    warnings: list[str] = []
    groups: dict[tuple[str, str], list[Any]] = {}
    for joint_path in sorted((str(joint) for joint in articulation.articulatedJoints), key=path_key):
        desc = descs[joint_path]
        if desc.excludeFromArticulation or _is_equality(stage, joint_path):
            continue
        parent, child = str(desc.body0), str(desc.body1)
        if child not in inside:
            parent, child = child, parent
        # Joints between the same two bodies are one joint of several degrees of freedom to Newton.
        groups.setdefault((parent if parent in inside else WORLD, child), []).append(desc)
    edges = list(groups)

    joints: tuple[int, ...] = ()
    bodies = tuple(body_paths)
    if edges:
        try:
            order = depth_first(edges)
            joints, bodies = order.joints, order.bodies
        except NotATreeError as error:
            joints, bodies = tuple(range(len(edges))), bodies_along(edges)
            reason = str(error).replace(f"{_ROOT}/", "")
            warnings.append(
                f"its joints are not a tree from parent to child ({reason}): Newton will not load it, and the order of "
                "its joints is not known"
            )
    read_joints: list[RobotJoint] = []
    for index in joints:
        parent, child = edges[index]
        enabled = [desc for desc in groups[edges[index]] if desc.jointEnabled]
        if enabled:
            read_joints.extend(degrees_of_freedom(stage, enabled, leaf(parent), leaf(child)))
        else:
            bodies = tuple(body for body in bodies if body != child)
    if not bodies:
        raise RobotFileError(f'the articulation on prim "{target}" of "{path.name}" has no rigid body', code="E0605")

    root_joints = [desc for index in joints if edges[index][0] == WORLD for desc in groups[edges[index]]]
    fixed_base = any(desc.type == kinds.FixedJoint for desc in root_joints)
    if root_joints and not fixed_base:
        warnings.append(
            f"joint {leaf(str(root_joints[0].primPath))!r} hangs its root on the world without a fixed joint: Isaac "
            "Lab takes the base for a floating one"
        )
    metres = pxr("UsdGeom").GetStageMetersPerUnit(source)
    if abs(metres - 1.0) > 1e-6:
        warnings.append(f"its unit of length is {metres:g} m (metersPerUnit): Newton takes its numbers for metres")
    shapes = [desc for kind, (_, descs) in parsed.items() if kind.name.endswith("Shape") for desc in descs]
    solid = {str(desc.rigidBody) for desc in shapes if desc.collisionEnabled}
    return RobotModel(
        name=target.rsplit("/", 1)[-1],
        source=str(path),
        format="usd",
        fixed_base=fixed_base,
        root_body=leaf(bodies[0]),
        joints=tuple(read_joints),
        bodies=tuple(
            RobotBody(leaf(body), mass_of(stage, body), body.removeprefix(_ROOT), body in solid) for body in bodies
        ),
        self_collisions=_self_collisions(stage, str(articulation.primPath)),
        collision_shapes=len(shapes),
        prim=prim,
        warnings=tuple(warnings),
    )


def _is_equality(stage: Any, joint_path: str) -> bool:
    """MuJoCo's equality constraints are written as joints; they close loops and move nothing."""
    schemas = stage.GetPrimAtPath(joint_path).GetAppliedSchemas()
    return "MjcEqualityConnectAPI" in schemas or "MjcEqualityWeldAPI" in schemas


def mass_of(stage: Any, body: str) -> float | None:
    """Authored mass in kg. USD's own fallback of zero means "derive it"."""
    attribute = stage.GetPrimAtPath(body).GetAttribute("physics:mass")
    mass = attribute.Get() if attribute else None
    return float(mass) if mass is not None and mass > 0.0 else None


def _self_collisions(stage: Any, articulation: str) -> bool | None:
    prim = stage.GetPrimAtPath(articulation)
    for name in ("newton:selfCollisionEnabled", "physxArticulation:enabledSelfCollisions"):
        attribute = prim.GetAttribute(name)
        if attribute and attribute.HasAuthoredValue():
            return bool(attribute.Get())
    return None
