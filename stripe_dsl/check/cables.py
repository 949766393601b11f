"""Cables: chains of capsules between elastic joints, which bend and can be picked up."""

from __future__ import annotations

from math import isfinite

from stripe_dsl.check.constants import Settings
from stripe_dsl.check.rotations import rotation
from stripe_dsl.check.values import CableValue
from stripe_dsl.check.world import color
from stripe_dsl.ir.objects import CableObject
from stripe_dsl.robots.primitives import ShapeKind
from stripe_dsl.spec.robots import Cable, ObjectSpec
from stripe_dsl.spec.values import Text
from stripe_dsl.units import LENGTH, MASS, PRESSURE

MANY = 256
"""Segments of one cable, each of which is a body in each environment: more is a mistake."""

FOREIGN = {
    "kinematic": "what nothing moves has no need of joints: write a `capsule`",
    "deformable": "a cable bends without it",
    "young": "say `stretch` and `bend` of the cable",
    "poisson": "say `shear` and `twist` of the cable",
    "cells": "say `segments` of the cable",
    "usd": "a cable is not read from a file",
    "prim": "that of a `usd` has one",
    "scale": "that of a `usd` has one",
    "friction": "Isaac Lab's cables have no friction of their own, and it is 1",
    "restitution": "Isaac Lab's cables have none",
}
"""Keys of other objects that have no meaning here, and what to do."""

EXAMPLES = {"radius": "5 mm", "length": "50 cm", "stretch": "1 MPa", "bend": "100 kPa"}
"""What has to be said of a cable."""


def cable_object(name: Text, spec: ObjectSpec, settings: Settings) -> tuple[CableValue, CableObject] | None:
    """A cable as expressions see it, and its part of the program; ``None`` after a mistake was reported."""
    report, cable = settings.report, spec.cable
    assert cable is not None
    before = len(report.diagnostics)
    for key, help in FOREIGN.items():
        value = getattr(spec, key)
        if value:
            span = value.span if not isinstance(value, bool) else spec.span
            report.error("E0206", f"a cable has no `{key}`", span, help)
    for kind in ShapeKind:
        shape = getattr(spec, str(kind))
        if shape is not None:
            report.error("E0202", f"object `{name}` has several shapes", shape.span, f"keep one of cable and {kind}")
    for key, example in EXAMPLES.items():
        if getattr(cable, key) is None:
            report.error("E0214", f"a cable needs its {key}", cable.span, f"as in `cable {key} {example}`")
    if spec.mass is None:
        report.error("E0214", f"object `{name}` does not say its `mass`", spec.span, "add `mass 30 g`")
    radius = settings.positive(cable.radius, LENGTH, "radius", 0.005)
    length = settings.positive(cable.length, LENGTH, "length", 0.5)
    mass = settings.positive(spec.mass, MASS, "mass", 1.0)
    stretch = settings.positive(cable.stretch, PRESSURE, "stretch", 1.0)
    bend = settings.not_negative(cable.bend, PRESSURE, "bend")
    shear = settings.not_negative(cable.shear, PRESSURE, "shear")
    twist = settings.not_negative(cable.twist, PRESSURE, "twist")
    shade = color(cable.color, settings, (0.0, 0.0, 0.0)) if cable.color is not None else None
    position = settings.vector(spec.spawn.at if spec.spawn else None, LENGTH, "at", (0.0, 0.0, 0.0))
    facing = rotation(settings, spec.spawn.facing if spec.spawn else None)
    segments = _segments(cable, length, radius, settings)
    if any(item.severity == "error" for item in report.diagnostics[before:]):
        return None
    at = (position[0], position[1], position[2])
    made = CableObject(
        str(name), length, radius, segments, mass, stretch, bend or 0.0, shear, twist, shade, at, facing, spec.span
    )
    return CableValue(made.name, segments), made


def _segments(cable: Cable, length: float, radius: float, settings: Settings) -> int:
    """How many; where nothing is said, each is three thicknesses long."""
    usual = length / (6 * radius)
    fallback = max(2, round(usual)) if isfinite(usual) else 2
    count = settings.whole(cable.segments, "segments", fallback, least=2)
    at = cable.segments.span if cable.segments is not None else cable.span
    if count > MANY:
        help = f"let there be {MANY} at most: each is a body in every environment"
        settings.report.error("E0309", f"this cable has {count} segments", at, help)
    elif length <= 2 * radius * count:
        most = int(length / (2 * radius))
        help = f"let there be fewer than {most}" if most > 2 else "make it thinner, or longer"
        message = "segments that are not longer than they are thick would push each other apart"
        settings.report.error("E0309", message, at, help)
    return count
