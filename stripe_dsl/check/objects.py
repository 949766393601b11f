"""Rigid objects: what is pushed, lifted and rolled, made of one primitive."""

from __future__ import annotations

from stripe_dsl.check.constants import Settings
from stripe_dsl.check.rotations import rotation
from stripe_dsl.check.values import Base
from stripe_dsl.ir.objects import RigidObject
from stripe_dsl.robots.model import RobotBody, RobotModel
from stripe_dsl.robots.primitives import ShapeKind
from stripe_dsl.spec.robots import ObjectSpec
from stripe_dsl.spec.values import Text
from stripe_dsl.text import and_list
from stripe_dsl.units import DIMENSIONLESS, LENGTH, MASS


def rigid_object(name: Text, spec: ObjectSpec, settings: Settings) -> tuple[Base, RigidObject] | None:
    """An object as expressions see it, and its part of the program; ``None`` after a mistake was reported."""
    from stripe_dsl.check.primitives import shape_of

    report = settings.report
    kinds = [kind for kind in ShapeKind if getattr(spec, str(kind)) is not None]
    if len(kinds) != 1:
        message = f"object `{name}` has {'several shapes' if kinds else 'no shape'}"
        example = "as in `box (0.05, 0.05, 0.05) m` or `sphere radius 3 cm`"
        help = f"keep one of {and_list([str(kind) for kind in kinds])}" if kinds else example
        report.error("E0202" if kinds else "E0214", message, spec.span, help)
        return None
    block = getattr(spec, str(kinds[0]))
    for key in ("at", "visual"):
        value = getattr(block, key)
        if value:
            help = "`spawn at (x, y, z) m` places the object" if key == "at" else "what touches nothing is no object"
            span = value.span if key == "at" else block.span
            report.error("E0206", f"the shape of an object has no `{key}`", span, help)
    before = len(report.diagnostics)
    shape = shape_of(kinds[0], block, settings)
    mass = settings.positive(spec.mass, MASS, "mass", 1.0)
    if spec.kinematic and spec.mass is not None:
        message = f"object `{name}` is kinematic: no force moves it, whatever its `mass`"
        report.error("E0309", message, spec.mass.span, "remove the mass, or `kinematic`")
    elif spec.mass is None and not spec.kinematic:
        report.error("E0214", f"object `{name}` does not say its `mass`", spec.span, "add `mass 0.2 kg`")
    friction = settings.not_negative(spec.friction, DIMENSIONLESS, "friction")
    restitution = settings.not_negative(spec.restitution, DIMENSIONLESS, "restitution")
    spawn = spec.spawn
    position = settings.vector(spawn.at if spawn else None, LENGTH, "at", (0.0, 0.0, 0.0))
    facing = rotation(settings, spawn.facing if spawn else None)
    if len(report.diagnostics) > before and any(item.severity == "error" for item in report.diagnostics[before:]):
        return None
    model = RobotModel(str(name), "", "usd", False, str(name), (), (RobotBody(str(name), mass),), collision_shapes=1)
    made = RigidObject(
        name=str(name),
        shape=shape,
        mass=mass,
        friction=1.0 if friction is None else friction,
        restitution=restitution or 0.0,
        position=(position[0], position[1], position[2]),
        rotation=facing,
        kinematic=spec.kinematic,
        span=spec.span,
    )
    return Base(str(name), model, str(name), single=True), made
