"""Zones of the scene in a task: where the base is, seen from them, as formulas of its position.

A zone with a shape needs no raster: its distance is a formula, which both back ends write like any other. Zones are in
the frame of the scene, which is the environment's.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import cos, hypot, sin
from typing import TYPE_CHECKING

from stripe_dsl.check.values import CommandValue
from stripe_dsl.source import SourceFile, Span

if TYPE_CHECKING:
    from stripe_dsl.check.expressions import Lowering
    from stripe_dsl.ir.scene import Point, Zone

X, Y = "base.pos.x", "base.pos.y"


def zone_value(low: Lowering, zone: Zone, span: Span) -> CommandValue | None:
    """A zone as expressions see it: `.distance` of the base to it [m], 0 inside, and whether it is `.inside`.

    ``None`` for a zone that follows from rules, which takes a raster.
    """
    from stripe_dsl.check.commands import placed
    from stripe_dsl.syntax.parser import parse_expression

    text = distance(zone)
    if text is None:
        return None
    fields = {}
    for name, formula in (("distance", text), ("inside", f"{text} <= 0 m")):
        source = SourceFile("<zone>", formula)
        expr, problems = parse_expression(source, 0, len(formula))
        assert not problems, formula
        with low.tunables.paused():
            node = low.number(placed(expr, "", "", span))
        if node is None:
            return CommandValue(zone.name, "zone", {})  # why was reported
        fields[name] = node
    return CommandValue(zone.name, "zone", fields)


def distance(zone: Zone) -> str | None:
    """The distance of the base to a zone [m], as an expression; ``None`` for one that follows from rules."""
    from stripe_dsl.ir.scene import Box, Circle, Path, Polygon

    match zone:
        case Circle(center=(x, y), radius=radius):
            return f"max(|({X} - {x!r} m, {Y} - {y!r} m)| - {radius!r} m, 0 m)"
        case Box(center=(x, y), size=(width, height), yaw=yaw):
            along = _turned(x, y, cos(yaw), sin(yaw))
            aside = _turned(x, y, -sin(yaw), cos(yaw))
            return f"|({_beyond(along, width / 2)}, {_beyond(aside, height / 2)})|"
        case Path(points=points, width=width):
            return f"max({_smallest([_segment(a, b) for a, b in pairwise(points)])} - {width / 2!r} m, 0 m)"
        case Polygon(points=points):
            sides = list(pairwise((*points, points[0])))
            crossed = _sum([_crossing(a, b) for a, b in sides if a[1] != b[1]])
            return f"(0 m if mod({crossed}, 2) > 0.5 else {_smallest([_segment(a, b) for a, b in sides])})"
    return None


def _turned(x: float, y: float, along: float, aside: float) -> str:
    """The part of the way from a point that lies in a direction."""
    return f"(({X} - {x!r} m) * {along!r} + ({Y} - {y!r} m) * {aside!r})"


def _beyond(text: str, half: float) -> str:
    """How far a coordinate is outside of -half..half [m]."""
    return f"max(abs({text}) - {half!r} m, 0 m)"


def _segment(a: Point, b: Point) -> str:
    """The distance to a straight line between two points [m]."""
    length = hypot(b[0] - a[0], b[1] - a[1])
    ux, uy = (b[0] - a[0]) / length, (b[1] - a[1]) / length
    along = f"clip({_turned(*a, ux, uy)}, 0 m, {length!r} m)"
    return f"|({X} - {a[0]!r} m - {along} * {ux!r}, {Y} - {a[1]!r} m - {along} * {uy!r})|"


def _crossing(a: Point, b: Point) -> str:
    """1 where the line from the base to the east crosses a side, else 0: an odd number of crossings is inside."""
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
