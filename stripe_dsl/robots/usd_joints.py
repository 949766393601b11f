"""What the joints of a USD stage let move."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from math import inf, isfinite, radians
from typing import Any

from stripe_dsl.robots.model import JointType, RobotJoint

# What MuJoCo and Newton treat as "no limit" in files written by converters.
_UNLIMITED = 1e9


def pxr(module: str) -> Any:
    """A module of USD, such as ``pxr("UsdPhysics")``.

    Imported late, because that takes a third of a second; and untyped, because USD's Python modules carry no types.
    """
    return import_module(f"pxr.{module}")


def leaf(path: str) -> str:
    """Last element of a prim path: the name Newton knows a joint or body by."""
    return path.rsplit("/", 1)[-1]


@dataclass(frozen=True, slots=True)
class _Dof:
    """One degree of freedom, before it has its name: in SI units, axis in the parent body's frame."""

    type: JointType
    lower: float
    upper: float
    velocity_limit: float
    effort_limit: float
    axis: tuple[float, float, float]


def degrees_of_freedom(stage: Any, descs: list[Any], parent: str, child: str) -> list[RobotJoint]:
    """What the joints between one pair of bodies let move: linear before angular, as Newton numbers them."""
    dofs = [dof for desc in descs for dof in _dofs_of(stage, desc)]
    dofs.sort(key=lambda dof: dof.type.is_angular)
    name = leaf(str(descs[0].primPath))
    return [
        RobotJoint(
            name=name if len(dofs) == 1 else f"{name}:{number}",
            type=dof.type,
            lower=dof.lower,
            upper=dof.upper,
            velocity_limit=dof.velocity_limit,
            effort_limit=dof.effort_limit,
            parent=parent,
            child=child,
            axis=dof.axis,
        )
        for number, dof in enumerate(dofs)
    ]


def _dofs_of(stage: Any, desc: Any) -> list[_Dof]:
    kinds = pxr("UsdPhysics").ObjectType
    velocity = _velocity_limit(stage, str(desc.primPath))
    if desc.type in (kinds.RevoluteJoint, kinds.PrismaticJoint):
        angular = desc.type == kinds.RevoluteJoint
        effort = desc.drive.forceLimit if desc.drive.enabled else inf
        return [_dof(desc, str(desc.axis.name), angular, desc.limit.lower, desc.limit.upper, velocity, effort)]
    if desc.type == kinds.SphericalJoint:
        return [_Dof(JointType.BALL, -inf, inf, inf, inf, _axis(desc, axis)) for axis in "XYZ"]
    if desc.type == kinds.D6Joint:
        dofs: list[_Dof] = []
        drives = {drive.first: drive.second for drive in desc.jointDrives}
        for pair in desc.jointLimits:
            token, limit = pair.first.name, pair.second
            lower, upper = (limit.lower, limit.upper) if limit.enabled else (-inf, inf)
            # An axis whose limits leave no room is a locked one.
            if not lower < upper or not token.startswith(("Rot", "Trans")):
                continue
            drive = drives.get(pair.first)
            effort = drive.forceLimit if drive is not None and drive.enabled else inf
            dofs.append(_dof(desc, token[-1], token.startswith("Rot"), lower, upper, velocity, effort))
        return dofs
    return []


def _dof(
    desc: Any, axis: str, angular: bool, lower: float, upper: float, velocity: float | None, effort: float
) -> _Dof:
    lower, upper = _limit(lower, angular), _limit(upper, angular)
    kind = JointType.PRISMATIC
    if angular:
        kind = JointType.CONTINUOUS if lower == -inf and upper == inf else JointType.REVOLUTE
    return _Dof(
        kind,
        lower,
        upper,
        inf if velocity is None else _limit(velocity, angular),
        effort if effort < _UNLIMITED else inf,
        _axis(desc, axis),
    )


def _limit(value: float, angular: bool) -> float:
    """A limit in SI units; USD has degrees."""
    if not isfinite(value) or abs(value) >= _UNLIMITED:
        return inf if value > 0 else -inf
    return radians(value) if angular else float(value)


def _velocity_limit(stage: Any, joint_path: str) -> float | None:
    """Authored speed limit in the file's unit, deg/s or m/s."""
    prim = stage.GetPrimAtPath(joint_path)
    for name in ("newton:velocityLimit", "physxJoint:maxJointVelocity"):
        attribute = prim.GetAttribute(name)
        if attribute and attribute.HasAuthoredValue():
            return float(attribute.Get())
    return None


def _axis(desc: Any, axis: str) -> tuple[float, float, float]:
    gf = pxr("Gf")
    unit = gf.Vec3d(*(1.0 if letter == axis else 0.0 for letter in "XYZ"))
    turned = gf.Rotation(gf.Quatd(desc.localPose0Orientation)).TransformDir(unit)
    # Quaternions in files are single precision; rounding hides their noise.
    x, y, z = (round(component, 6) + 0.0 for component in turned)
    return (x, y, z)
