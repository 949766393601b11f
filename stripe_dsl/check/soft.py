"""Objects that can be deformed: a box of elastic material, its points, and what a task with one has not."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING

from stripe_dsl.check.constants import Settings
from stripe_dsl.check.report import Reporter
from stripe_dsl.check.rotations import rotation
from stripe_dsl.check.values import SoftValue, describe
from stripe_dsl.ir.objects import SoftObject
from stripe_dsl.ir.program import Reset
from stripe_dsl.ir.types import Kind, Type
from stripe_dsl.robots.primitives import ShapeKind
from stripe_dsl.spec.values import Expression
from stripe_dsl.units import DIMENSIONLESS, LENGTH, MASS, PRESSURE

if TYPE_CHECKING:
    from stripe_dsl.check.resets import Resets
    from stripe_dsl.source import Span
    from stripe_dsl.spec.document import TaskSpec
    from stripe_dsl.spec.robots import ObjectSpec
    from stripe_dsl.spec.values import Text
    from stripe_dsl.syntax import ast

MANY = 4096
"""Points of one body, which each environment has: more is a mistake."""

FOREIGN = {
    "kinematic": "what nothing moves has no need of a material",
    "usd": "write a `box`; a mesh of a file cannot be cut into tetrahedra here",
    "prim": "that of a `usd` has one",
    "scale": "that of a `usd` has one",
    "friction": "Newton has one coefficient for all that is deformable, and it is 1",
    "restitution": "the material is elastic: see `young`",
}
"""Keys of rigid objects that have no meaning here, and what to do."""


def soft_object(name: Text, spec: ObjectSpec, settings: Settings) -> tuple[SoftValue, SoftObject] | None:
    """An object as expressions see it, and its part of the program; ``None`` after a mistake was reported."""
    report = settings.report
    before = len(report.diagnostics)
    for key, help in FOREIGN.items():
        value = getattr(spec, key)
        if value:
            span = value.span if not isinstance(value, bool) else spec.span
            report.error("E0206", f"a deformable object has no `{key}`", span, help)
    size = _size(name, spec, settings)
    young = settings.positive(spec.young, PRESSURE, "young", 1.0)
    mass = settings.positive(spec.mass, MASS, "mass", 1.0)
    for key, example in (("young", "young 50 kPa"), ("mass", "mass 0.2 kg")):
        if getattr(spec, key) is None:
            report.error("E0214", f"object `{name}` does not say its `{key}`", spec.span, f"add `{example}`")
    poisson = settings.not_negative(spec.poisson, DIMENSIONLESS, "poisson")
    poisson = 0.3 if poisson is None else poisson
    if spec.poisson is not None and poisson >= 0.5:
        help = "0.49 is nearly incompressible"
        report.error("E0309", "`poisson` is below 0.5, where nothing can be compressed", spec.poisson.span, help)
        poisson = 0.3
    cells = _cells(spec.cells, size, settings)
    position = settings.vector(spec.spawn.at if spec.spawn else None, LENGTH, "at", (0.0, 0.0, 0.0))
    facing = rotation(settings, spec.spawn.facing if spec.spawn else None)
    if any(item.severity == "error" for item in report.diagnostics[before:]):
        return None
    at = (position[0], position[1], position[2])
    made = SoftObject(str(name), size, cells, mass, young, poisson, at, facing, spec.span)
    return SoftValue(made.name, made.points), made


def _size(name: Text, spec: ObjectSpec, settings: Settings) -> tuple[float, float, float]:
    """Edge lengths of the box."""
    from stripe_dsl.check.primitives import shape_of

    fallback = (1.0, 1.0, 1.0)
    others = [kind for kind in ShapeKind if kind is not ShapeKind.BOX and getattr(spec, str(kind)) is not None]
    if others:
        block = getattr(spec, str(others[0]))
        message = f"a deformable object is a box, not a {others[0]}"
        settings.report.error("E0616", message, block.span, "write `box (0.1, 0.1, 0.1) m`")
        return fallback
    if spec.box is None:
        if spec.usd is None:
            help = "add `box (0.1, 0.1, 0.1) m`"
            settings.report.error("E0214", f"object `{name}` has no shape", spec.span, help)
        return fallback
    for key in ("at", "visual", "color"):
        value = getattr(spec.box, key)
        if value:
            help = "`spawn at (x, y, z) m` places the object" if key == "at" else "remove it"
            span = value.span if key != "visual" else spec.box.span
            settings.report.error("E0206", f"the box of a deformable object has no `{key}`", span, help)
    shape = shape_of(ShapeKind.BOX, spec.box, settings)
    return shape.size if shape is not None else fallback


def _cells(value: Expression | None, size: tuple[float, float, float], settings: Settings) -> tuple[int, int, int]:
    """Cells along each edge; where nothing is said two along the shortest, and others of that size."""
    cell = min(size) / 2
    regular = [max(1, round(edge / cell)) for edge in size]
    found = settings.vector(value, DIMENSIONLESS, "cells", (regular[0], regular[1], regular[2]))
    cells = [round(count) for count in found]
    if value is not None and any(count != whole or whole < 1 for count, whole in zip(found, cells, strict=True)):
        settings.report.error(
            "E0309", "`cells` are three whole numbers from 1 up", value.span, "as in `cells (4, 2, 2)`"
        )
        return (1, 1, 1)
    points = prod(count + 1 for count in cells)
    if points > MANY:
        span = value.span if value is not None else None
        help = f"let there be {MANY} at most: the simulator moves each of them in every environment"
        settings.report.error("E0309", f"this mesh has {points} points", span, help)
        return (1, 1, 1)
    return (cells[0], cells[1], cells[2])


def check_beside(soft: SoftValue, spec: TaskSpec, terrain: Span | None, report: Reporter) -> None:
    """Reports what a task with a deformable object or a cable cannot have yet.

    Args:
        soft: one of these.
        terrain: where the task names a scene with a terrain; ``None`` where it has none.
    """
    what = describe(soft).removeprefix("the ")
    if spec.sensor:
        message = f"a task with the {what} has no sensors yet"
        help = "Newton reports no contacts of solvers that it couples, and other sensors have not been tried with it"
        report.error("E0616", message, next(iter(spec.sensor)).span, help)
    drawn = spec.randomize
    changes = (drawn.at_startup or drawn.at_reset or drawn.every) if drawn is not None else {}
    if changes:
        message = f"a task with the {what} cannot draw properties anew yet"
        help = "whether changes of the model reach solvers that Newton couples has not been tried"
        report.error("E0616", message, next(iter(changes)).span, help)
    if terrain is not None:
        message = f"the {what} stands on a plane, and this scene has a terrain"
        report.error("E0616", message, terrain, "take a scene with `ground plane`")


def soft_reset(
    resets: Resets, soft: SoftValue, parts: str, frame: str, expr: ast.Field, target: Text, value: Expression
) -> Reset | None:
    """``jelly.pos = default + (+-5 cm)``: where the middle of the undeformed object is, at rest."""
    if frame not in ("", "world", "env"):
        help = f"write `{expr.span.text} = …`"
        resets.report.error("E0406", f"a reset speaks of the world, not of the frame `{frame}`", expr.span, help)
        return None
    kind = Kind.VEC3 if not parts else Kind.VEC2 if len(parts) == 2 else Kind.FLOAT
    type = Type(kind, None, LENGTH, "env" if kind is not Kind.FLOAT else None)
    whole = replace(type, kind=Kind.VEC3, frame="env")
    default = resets.low.reading.read(soft.name, "soft.default_pos", (), whole, expr.span)
    if parts:
        default = resets.low.graph.add("part", (default,), type=type, attr=parts, span=expr.span)
    node = resets.drawn(target, value, default)
    if node is None or not resets.fits(node, type, value, target):
        return None
    return Reset(soft.name, "soft.pos", (), parts, node, target.span)
