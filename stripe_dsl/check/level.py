"""What a task reads in any scene, also on a plane: how far it is from where robots spawn, and a ground of height 0.

``feet.pos.z - ground.height(feet.pos)`` and ``spawn.distance`` mean the same on a plane and on a terrain.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from stripe_dsl.check.values import varies
from stripe_dsl.ir.graph import Node
from stripe_dsl.ir.types import Kind, Type
from stripe_dsl.source import Span
from stripe_dsl.syntax import ast
from stripe_dsl.units import ANGLE, DIMENSIONLESS, LENGTH, Dimension

if TYPE_CHECKING:
    from stripe_dsl.check.expressions import Lowering

SPAWN = "spawn"


class Spawn:
    """The place where robots spawn: that of a scene with a terrain, else the origin of the environment."""

    kind: ClassVar[str] = "place"
    names: ClassVar[list[str]] = ["distance"]
    zone: ClassVar[None] = None

    def __init__(self, low: Lowering) -> None:
        self.low, self.name = low, SPAWN
        scene = low.scope.scene
        self.at = scene.spawn.at if scene is not None and scene.terrain.tiles is None else (0.0, 0.0)

    def position(self, span: Span | None) -> Node:
        """The place [m], a vec2 in the frame of the environment."""
        node = self.low.math.const(self.at, Type(Kind.VEC2, dim=LENGTH, frame="env"), span)
        self.low.names.of_places.add(node.id)
        return node

    def read(self, field: str, point: ast.Expr, span: Span, *, several: bool = False) -> Node | None:
        """The distance of a point, or of each of a list, from the place [m]; ``None`` after a mistake."""
        with self.low.tunables.paused():
            where = self.low.number(point)
        if where is None:
            return None
        way: Node | None = flat(self.low, where, span)
        if any(self.at):
            way = self.low.math.additive("sub", way, self.position(span), span, span, span)
        assert way is not None
        return self.low.graph.add("norm", (way,), type=Type(axis=way.type.axis, dim=LENGTH), span=span)


class Plane:
    """The ground of a plane: of height 0 everywhere."""

    kind: ClassVar[str] = "ground"
    fields: ClassVar[dict[str, Dimension]] = {
        "height": LENGTH,
        "normal": DIMENSIONLESS,
        "slope": ANGLE,
        "north": DIMENSIONLESS,
    }
    names: ClassVar[list[str]] = [*fields]
    zone: ClassVar[None] = None

    def __init__(self, low: Lowering) -> None:
        self.low, self.name = low, "ground"

    def read(self, field: str, point: ast.Expr, span: Span, *, several: bool = False) -> Node | None:
        """Zero, or a normal that points up, of the shape that a terrain gives; ``None`` after a mistake."""
        with self.low.tunables.paused():
            where = self.low.number(point)
        if where is None:
            return None
        if field != "normal":
            return self.zero(where, self.fields[field], span)
        zero = self.zero(where, DIMENSIONLESS, span)
        up = self.low.math.const(1.0, Type(), span)
        if zero.op != "const":
            up = self.low.graph.add("add", (zero, up), type=zero.type, span=span)
        type = Type(Kind.VEC3, zero.type.axis, frame="world")
        return self.low.graph.add("vec", (zero, zero, up), type=type, span=span)

    def zero(self, where: Node, dim: Dimension, span: Span) -> Node:
        """Zero for each point: as many numbers as there are points, which sums leave out (see ``Arithmetic``)."""
        type = Type(dim=dim)
        if not varies(where):
            return self.low.math.const(0.0, type, span)
        length = replace(where.type, kind=Kind.FLOAT, frame=None)
        x = self.low.graph.add("part", (where,), type=length, attr="x", span=span)
        zero = self.low.math.const(0.0, Type(dim=dim / LENGTH), span)
        return self.low.graph.add("mul", (x, zero), type=replace(length, dim=dim), span=span)


def flat(low: Lowering, where: Node, span: Span) -> Node:
    """The horizontal parts of a point, or of each of a list."""
    if where.type.kind is not Kind.VEC3:
        return where
    return low.graph.add("part", (where,), type=replace(where.type, kind=Kind.VEC2), attr="xy", span=span)


def part_of_number(low: Lowering, vector: Node, index: int, type: Type, span: Span) -> Node:
    """A part of a vector of numbers, such as ``spawn.pos.x``, as the number that it is."""
    assert isinstance(vector.attr, tuple)
    node = low.math.const(vector.attr[index], type, span)
    if vector.id in low.names.of_places:
        low.names.of_places.add(node.id)
    return node
