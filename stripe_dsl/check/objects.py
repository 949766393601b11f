"""Objects: what is pushed, lifted and rolled, of one primitive or a USD file; ``soft`` and others have the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stripe_dsl.check.constants import Settings
from stripe_dsl.check.rotations import rotation
from stripe_dsl.check.values import Base, SoftValue
from stripe_dsl.ir.objects import CableObject, GrainsObject, ObjectFile, RigidObject, SoftObject
from stripe_dsl.ir.types import Kind
from stripe_dsl.robots.errors import RobotFileError, RobotUnavailableError
from stripe_dsl.robots.model import RobotBody, RobotModel
from stripe_dsl.robots.primitives import ShapeKind
from stripe_dsl.spec.modules import Module
from stripe_dsl.spec.robots import ObjectSpec
from stripe_dsl.spec.values import Expression, Text
from stripe_dsl.text import and_list
from stripe_dsl.units import DIMENSIONLESS, LENGTH, MASS

if TYPE_CHECKING:
    from stripe_dsl.robots.primitives import PrimitiveShape


def object_of(
    name: Text, spec: ObjectSpec, module: Module, settings: Settings
) -> tuple[Base | SoftValue, RigidObject | SoftObject | CableObject | GrainsObject] | None:
    """An object as expressions see it, and its part of the program; ``None`` after a mistake was reported.

    Args:
        module: the file that it stands in.
    """
    if spec.grains is not None:
        from stripe_dsl.check.grains import grains_object  # few files have one

        return grains_object(name, spec, settings)
    if spec.cable is not None:
        from stripe_dsl.check.cables import cable_object  # few files have one

        return cable_object(name, spec, settings)
    if spec.deformable:
        from stripe_dsl.check.soft import soft_object  # few files have one

        return soft_object(name, spec, settings)
    return rigid_object(name, spec, module, settings)


def rigid_object(name: Text, spec: ObjectSpec, module: Module, settings: Settings) -> tuple[Base, RigidObject] | None:
    """A rigid object as expressions see it, and its part of the program."""
    report = settings.report
    before = len(report.diagnostics)
    for key in ("young", "poisson", "cells"):
        value: Expression | None = getattr(spec, key)
        if value is not None:
            report.error("E0206", f"a rigid object has no `{key}`", value.span, "write `deformable` in its block")
    made_of = _file(name, spec, module, settings) if spec.usd is not None else _shape(name, spec, settings)
    mass = settings.positive(spec.mass, MASS, "mass", 1.0)
    if spec.kinematic and spec.mass is not None:
        message = f"object `{name}` is kinematic: no force moves it, whatever its `mass`"
        report.error("E0309", message, spec.mass.span, "remove the mass, or `kinematic`")
    elif spec.mass is None and not spec.kinematic and spec.usd is None:
        report.error("E0214", f"object `{name}` does not say its `mass`", spec.span, "add `mass 0.2 kg`")
    friction = settings.not_negative(spec.friction, DIMENSIONLESS, "friction")
    restitution = settings.not_negative(spec.restitution, DIMENSIONLESS, "restitution")
    spawn = spec.spawn
    position = settings.vector(spawn.at if spawn else None, LENGTH, "at", (0.0, 0.0, 0.0))
    facing = rotation(settings, spawn.facing if spawn else None)
    if made_of is None or any(item.severity == "error" for item in report.diagnostics[before:]):
        return None
    file, shape = (made_of, None) if isinstance(made_of, ObjectFile) else (None, made_of)
    body = RobotBody(str(name), mass, file.below if file is not None else None)
    shapes = file.shapes if file is not None else 1
    model = RobotModel(str(name), "", "usd", False, str(name), (), (body,), collision_shapes=shapes)
    made = RigidObject(
        name=str(name),
        shape=shape,
        mass=mass if spec.mass is not None or file is None else None,
        friction=1.0 if friction is None else friction,
        restitution=restitution or 0.0,
        position=(position[0], position[1], position[2]),
        rotation=facing,
        kinematic=spec.kinematic,
        file=file,
        span=spec.span,
    )
    return Base(str(name), model, str(name), single=True), made


def _shape(name: Text, spec: ObjectSpec, settings: Settings) -> PrimitiveShape | None:
    """The primitive that an object is made of."""
    from stripe_dsl.check.primitives import shape_of

    report = settings.report
    kinds = [kind for kind in ShapeKind if getattr(spec, str(kind)) is not None]
    if len(kinds) != 1:
        message = f"object `{name}` has {'several shapes' if kinds else 'no shape'}"
        example = 'as in `box (0.05, 0.05, 0.05) m`, `sphere radius 3 cm` or `usd "cup.usda"`'
        help = f"keep one of {and_list([str(kind) for kind in kinds])}" if kinds else example
        report.error("E0202" if kinds else "E0214", message, spec.span, help)
        return None
    for key in ("prim", "scale"):
        value = getattr(spec, key)
        if value is not None:
            report.error(
                "E0206", f"an object made of a primitive has no `{key}`", value.span, "that of a `usd` has one"
            )
    block = getattr(spec, str(kinds[0]))
    for key in ("at", "visual"):
        value = getattr(block, key)
        if value:
            help = "`spawn at (x, y, z) m` places the object" if key == "at" else "what touches nothing is no object"
            span = value.span if key == "at" else block.span
            report.error("E0206", f"the shape of an object has no `{key}`", span, help)
    return shape_of(kinds[0], block, settings)


def _file(name: Text, spec: ObjectSpec, module: Module, settings: Settings) -> ObjectFile | None:
    """The file of an object, which has to hold one rigid body."""
    report, reference = settings.report, spec.usd
    assert reference is not None
    kinds = [kind for kind in ShapeKind if getattr(spec, str(kind)) is not None]
    if kinds:
        message = f"object `{name}` has a file and a shape"
        report.error("E0202", message, reference.span, f"keep `usd` or `{kinds[0]}`")
    for key in ("friction", "restitution"):
        value = getattr(spec, key)
        if value is not None:
            help = "the materials of the file say it"
            report.error("E0206", f"an object of a file has no `{key}`", value.span, help)
    from stripe_dsl.robots.rigid import load_object

    try:
        model = load_object(str(reference), prim=spec.prim, relative_to=module.folder)
    except RobotUnavailableError as problem:
        report.error("E0607", problem.reason, reference.span, *((problem.hint,) if problem.hint else ()))
        return None
    except RobotFileError as problem:
        span = spec.prim.span if spec.prim is not None and problem.code == "E0604" else reference.span
        report.error(problem.code, problem.reason, span, *((problem.hint,) if problem.hint else ()))
        return None
    for warning in model.warnings:
        report.error("W0016", f"object `{name}`: {warning}", reference.span)
    below = model.bodies[0].below
    written, scale = module.qualified(str(reference)), _scale(spec, settings)
    return ObjectFile(written, model.source, model.prim, below, scale, model.collision_shapes)


def _scale(spec: ObjectSpec, settings: Settings) -> tuple[float, float, float]:
    if spec.scale is None:
        return (1.0, 1.0, 1.0)
    node = settings.lowering.number(spec.scale.node)
    if node is None:
        return (1.0, 1.0, 1.0)
    if node.type.kind is not Kind.VEC3:
        factor = settings.positive(spec.scale, DIMENSIONLESS, "scale", 1.0)
        return (factor, factor, factor)
    x, y, z = settings.vector(spec.scale, DIMENSIONLESS, "scale", (1.0, 1.0, 1.0))
    if min(x, y, z) <= 0:
        settings.report.error("E0309", "`scale` has to be above zero", spec.scale.span, "along each axis")
        return (1.0, 1.0, 1.0)
    return (x, y, z)
