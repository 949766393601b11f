"""Grains: a box of particles that flow, as sand does."""

from __future__ import annotations

from collections.abc import Collection
from math import prod
from typing import TYPE_CHECKING

from stripe_dsl.check.constants import Settings
from stripe_dsl.check.rotations import rotation
from stripe_dsl.check.values import CableValue, GrainsValue, describe
from stripe_dsl.check.world import color
from stripe_dsl.ir.objects import GrainsObject
from stripe_dsl.robots.primitives import ShapeKind
from stripe_dsl.spec.robots import ObjectSpec
from stripe_dsl.spec.values import Text
from stripe_dsl.units import DIMENSIONLESS, LENGTH, MASS

if TYPE_CHECKING:
    from stripe_dsl.check.report import Reporter
    from stripe_dsl.check.values import SoftValue

MANY = 4096
"""Grains of one object, which each environment has: more is a mistake."""

FRICTION = 0.68
"""Of grains on grains where nothing is said: that of dry sand, as in Isaac Lab."""

FOREIGN = {
    "cable": "a cable is an object of its own",
    "kinematic": "what nothing moves has no need of grains: write a `box`",
    "deformable": "grains flow without it",
    "young": "grains are rigid",
    "poisson": "grains are rigid",
    "cells": "say `spacing` of the grains",
    "usd": "grains are not read from a file",
    "prim": "that of a `usd` has one",
    "scale": "that of a `usd` has one",
    "restitution": "Isaac Lab's grains have none",
}
"""Keys of other objects that have no meaning here, and what to do."""


def grains_object(name: Text, spec: ObjectSpec, settings: Settings) -> tuple[GrainsValue, GrainsObject] | None:
    """Grains as expressions see them, and their part of the program; ``None`` after a mistake was reported."""
    report, grains = settings.report, spec.grains
    assert grains is not None
    before = len(report.diagnostics)
    for key, help in FOREIGN.items():
        value = getattr(spec, key)
        if value:
            span = value.span if not isinstance(value, bool) else spec.span
            report.error("E0206", f"an object of grains has no `{key}`", span, help)
    for kind in ShapeKind:
        shape = getattr(spec, str(kind))
        if shape is not None:
            report.error("E0202", f"object `{name}` has several shapes", shape.span, f"keep one of grains and {kind}")
    for key, example in (("size", "(0.06, 0.06, 0.06) m"), ("spacing", "1 cm")):
        if getattr(grains, key) is None:
            written = example if key == "size" else f"{key} {example}"
            report.error("E0214", f"grains need their {key}", grains.span, f"as in `grains {written}`")
    if spec.mass is None:
        report.error("E0214", f"object `{name}` does not say its `mass`", spec.span, "add `mass 300 g`")
    spacing = settings.positive(grains.spacing, LENGTH, "spacing", 0.01)
    size = settings.vector(grains.size, LENGTH, "size", (spacing, spacing, spacing))
    mass = settings.positive(spec.mass, MASS, "mass", 1.0)
    friction = settings.not_negative(spec.friction, DIMENSIONLESS, "friction")
    shade = color(grains.color, settings, (0.0, 0.0, 0.0)) if grains.color is not None else None
    position = settings.vector(spec.spawn.at if spec.spawn else None, LENGTH, "at", (0.0, 0.0, 0.0))
    facing = rotation(settings, spec.spawn.facing if spec.spawn else None)
    if any(item.severity == "error" for item in report.diagnostics[before:]):
        return None
    assert grains.size is not None
    x, y, z = (max(1, round(edge / spacing)) if edge > 0 else 0 for edge in size)
    if not x * y * z:
        report.error("E0309", "the box of grains has edges above zero", grains.size.span)
        return None
    if prod((x, y, z)) > MANY:
        help = f"let there be {MANY} at most: the simulator moves each of them in every environment"
        report.error("E0309", f"these are {x * y * z} grains", grains.size.span, help)
        return None
    at = (position[0], position[1], position[2])
    friction = FRICTION if friction is None else friction
    made = GrainsObject(str(name), (x, y, z), spacing, mass, friction, shade, at, facing, spec.span)
    return GrainsValue(made.name, made.points), made


def check_alone(others: list[SoftValue], grains: list[GrainsObject], at: Collection[Text], report: Reporter) -> None:
    """Reports what bends beside grains, which another solver moves, and grains of several sizes.

    Args:
        others: everything of the task that has points, grains included.
        at: names of the task's objects, where it says them.
    """
    spans = {str(name): name.span for name in at}
    if not grains:
        return
    for value in others:
        if not isinstance(value, GrainsValue):
            what = "cable" if isinstance(value, CableValue) else "deformable object"
            message = f"a task cannot have {describe(value)} beside the grains `{grains[0].name}`"
            help = f"Newton couples two solvers, and a {what} needs a third: take a rigid object"
            report.error("E0616", message, spans[value.name], help)
    for item in grains[1:]:
        if item.spacing != grains[0].spacing:
            message = f"the grains `{item.name}` have another spacing than the grains `{grains[0].name}`"
            help = "one solver moves all grains of a task, on a grid that fits one spacing"
            report.error("E0616", message, spans[item.name], help)
