"""Zones with a shape in a task: how far a point is from them, as formulas, and points that are drawn in them.

A zone with a shape needs no raster: its distance is a formula, which both back ends write like any other. Zones are in
the frame of the scene, which is the environment's.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import cos, hypot, pi, sin
from typing import TYPE_CHECKING

from stripe_dsl.check.values import RangeValue
from stripe_dsl.ir.graph import Node
from stripe_dsl.ir.types import Kind, Type
from stripe_dsl.source import Span
from stripe_dsl.units import ANGLE, DIMENSIONLESS, LENGTH, Dimension

if TYPE_CHECKING:
    from stripe_dsl.check.expressions import Lowering
    from stripe_dsl.ir.scene import Box, Circle, Point, Zone

X, Y = "point.x", "point.y"


def point_in(low: Lowering, zone: Circle | Box, span: Span) -> Node:
    """A point of a disc or box, evenly spread [m], in the frame of the environment."""
    from stripe_dsl.ir.scene import Box, Circle

    def number(value: float, dim: Dimension = LENGTH) -> Node:
        return low.math.const(value, Type(dim=dim), span)

    def drawn(reach: float, dim: Dimension, least: float = 0.0) -> Node:
        ends = number(least, dim), number(reach, dim)
        return low.draw(RangeValue(*ends), span, Type(dim=dim))

    def node(op: str, *args: Node, dim: Dimension = LENGTH) -> Node:
        return low.graph.add(op, args, type=Type(dim=dim), span=span)

    match zone:
        case Circle(radius=radius):  # the square of the distance from the middle is even
            share, angle = drawn(1.0, DIMENSIONLESS), drawn(pi, ANGLE, -pi)
            away = node("mul", number(radius), node("sqrt", share, dim=DIMENSIONLESS))
            parts = [node("mul", away, node(op, angle, dim=DIMENSIONLESS)) for op in ("cos", "sin")]
        case Box(size=(width, height), yaw=yaw):
            along, aside = drawn(width / 2, LENGTH, -width / 2), drawn(height / 2, LENGTH, -height / 2)
            c, s, minus_s = (number(value, DIMENSIONLESS) for value in (cos(yaw), sin(yaw), -sin(yaw)))
            parts = [
                node("add", node("mul", along, c), node("mul", aside, minus_s)),
                node("add", node("mul", along, s), node("mul", aside, c)),
            ]
    placed = [node("add", number(middle), part) for middle, part in zip(zone.center, parts, strict=True)]
    type = Type(Kind.VEC2, dim=LENGTH, frame="env")
    return low.graph.add("vec", tuple(placed), type=type, span=span)


def distance(zone: Zone, *, several: bool = False) -> str | None:
    """The distance of ``point`` to a zone [m], 0 inside, as an expression; ``None`` for one that follows from rules.

    Args:
        several: whether ``point`` is a list of points.
    """
    from stripe_dsl.ir.scene import Box, Circle, Path, Polygon

    match zone:
        case Circle(center=(x, y), radius=radius):
            return f"max({_length(f'{X} - {x!r} m', f'{Y} - {y!r} m', several)} - {radius!r} m, 0 m)"
        case Box(center=(x, y), size=(width, height), yaw=yaw):
            along = _turned(x, y, cos(yaw), sin(yaw))
            aside = _turned(x, y, -sin(yaw), cos(yaw))
            return _length(_beyond(along, width / 2), _beyond(aside, height / 2), several)
        case Path(points=points, width=width):
            sides = [_segment(a, b, several) for a, b in pairwise(points)]
            return f"max({_smallest(sides)} - {width / 2!r} m, 0 m)"
        case Polygon(points=points):
            sides = list(pairwise((*points, points[0])))
            crossed = _sum([_crossing(a, b) for a, b in sides if a[1] != b[1]])
            edge = _smallest([_segment(a, b, several) for a, b in sides])
            return f"(0 m if mod({crossed}, 2) > 0.5 else {edge})"
    return None


def _length(x: str, y: str, several: bool) -> str:
    """Of a vec2; the parts of a vector are single numbers, so that of a list is written out."""
    return f"sqrt(({x})^2 + ({y})^2)" if several else f"|({x}, {y})|"


def _turned(x: float, y: float, along: float, aside: float) -> str:
    """The part of the way from a point that lies in a direction."""
    return f"(({X} - {x!r} m) * {along!r} + ({Y} - {y!r} m) * {aside!r})"


def _beyond(text: str, half: float) -> str:
    """How far a coordinate is outside of -half..half [m]."""
    return f"max(abs({text}) - {half!r} m, 0 m)"


def _segment(a: Point, b: Point, several: bool) -> str:
    """The distance to a straight line between two points [m]."""
    length = hypot(b[0] - a[0], b[1] - a[1])
    ux, uy = (b[0] - a[0]) / length, (b[1] - a[1]) / length
    along = f"clip({_turned(*a, ux, uy)}, 0 m, {length!r} m)"
    return _length(f"{X} - {a[0]!r} m - {along} * {ux!r}", f"{Y} - {a[1]!r} m - {along} * {uy!r}", several)


def _crossing(a: Point, b: Point) -> str:
    """1 where the line from the point to the east crosses a side, else 0: an odd number of crossings is inside."""
    low, high = (a, b) if a[1] < b[1] else (b, a)
    slope = (high[0] - low[0]) / (high[1] - low[1])
    level = f"({Y} >= {low[1]!r} m and {Y} < {high[1]!r} m)"
    return f"1.0 * ({level} and {X} < {low[0]!r} m + ({Y} - {low[1]!r} m) * {slope!r})"


def _smallest(texts: Sequence[str]) -> str:
    """The smallest of some values; halves of halves, so that many do not nest deeply."""
    if len(texts) == 1:
        return texts[0]
    middle = len(texts) // 2
    return f"min({_smallest(texts[:middle])}, {_smallest(texts[middle:])})"


def _sum(texts: Sequence[str]) -> str:
    if len(texts) == 1:
        return texts[0]
    middle = len(texts) // 2
    return f"({_sum(texts[:middle])} + {_sum(texts[middle:])})"
