"""Robots and objects where the task wants them, and the objects of a task."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from stripe_dsl.check.constants import Settings
from stripe_dsl.check.rotations import rotation
from stripe_dsl.check.scope import Scope
from stripe_dsl.check.values import Base, SoftValue
from stripe_dsl.ir.robots import Robot
from stripe_dsl.spec.document import Placed
from stripe_dsl.units import LENGTH

if TYPE_CHECKING:
    from stripe_dsl.ir.objects import (
        CableObject,
        GrainsObject,
        RigidObject,
        SoftObject,
    )  # only tasks with objects need it
    from stripe_dsl.spec.elaborate import Task


def placed[T: Robot | RigidObject | SoftObject | CableObject | GrainsObject](
    item: T, spec: Placed, settings: Settings
) -> T:
    """Where the task wants a robot or an object, if it says so."""
    changes: dict[str, Any] = {}
    for pattern in () if isinstance(item, Robot) else spec.pose:
        settings.report.error("E0206", f"the object `{item.name}` has no joints to `pose`", pattern.span)
    if spec.at is not None:
        changes["position"] = settings.vector(spec.at, LENGTH, "at", (0.0, 0.0, 0.0))
    if spec.facing is not None:
        changes["rotation"] = rotation(settings, spec.facing)
    return replace(item, **changes)


def task_objects(
    task: Task, settings: Settings, scope: Scope
) -> tuple[list[RigidObject], list[SoftObject], list[CableObject], list[GrainsObject]]:
    """The objects of a task, rigid, deformable, cables and grains, which become known to expressions."""
    rigid: list[RigidObject] = []
    soft: list[SoftObject] = []
    cables: list[CableObject] = []
    grains: list[GrainsObject] = []
    if not task.objects:
        return rigid, soft, cables, grains
    from stripe_dsl.check.objects import object_of
    from stripe_dsl.ir.objects import CableObject, GrainsObject, RigidObject, SoftObject

    for name, (spec, module) in task.objects.items():
        match object_of(name, spec, module, settings):
            case (Base() as value, RigidObject() as made):
                scope.objects[str(name)] = value
                rigid.append(placed(made, task.spec.object[name], settings))
            case (SoftValue() as value, SoftObject() as made):
                scope.soft[str(name)] = value
                soft.append(placed(made, task.spec.object[name], settings))
            case (SoftValue() as value, CableObject() as made):
                scope.soft[str(name)] = value
                cables.append(placed(made, task.spec.object[name], settings))
            case (SoftValue() as value, GrainsObject() as made):
                scope.soft[str(name)] = value
                grains.append(placed(made, task.spec.object[name], settings))
            case _:
                scope.unknown_sets.add(str(name))
    return rigid, soft, cables, grains
