"""Where the things of a ``place`` stand: single spots, grids, rows, rings and lines along a path."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from math import atan2, cos, hypot, pi, sin

from stripe_dsl.check.constants import Settings
from stripe_dsl.check.rotations import Quaternion, from_rpy, rotation
from stripe_dsl.check.scenes.words import Pair, PhraseError, Point, Words, in_metres, point
from stripe_dsl.ir.scene import Path, Spot, Zone
from stripe_dsl.spec.values import Expression, Phrase
from stripe_dsl.syntax import ast
from stripe_dsl.text import did_you_mean
from stripe_dsl.units import ANGLE, LENGTH

FORMS = {
    "at": "at (5, 5) m facing 90 deg",
    "grid": "grid 4 x 6 spaced (4, 3) m at (5, 5) m",
    "row": "row (5, 5) to (20, 5) m every 3 m",
    "ring": "ring 12 at (25, 25) m radius 5 m",
    "along": "along trail every 5 m offset 2 m",
}
MOST = 100_000


class Spots:
    """Reads the spots of one layer."""

    def __init__(self, settings: Settings, zones: Mapping[str, Zone], size: Pair) -> None:
        self.settings = settings
        self.report = settings.report
        self.zones = zones
        self.size = size

    def all(self, phrases: Sequence[Phrase]) -> tuple[Spot, ...]:
        """The spots of a layer, in the order of the file."""
        out: list[Spot] = []
        for phrase in phrases:
            words = Words(self.settings, phrase, FORMS[phrase.word])
            try:
                out += getattr(self, phrase.word)(words)
                words.end()
            except PhraseError:
                continue
            outside = [spot for spot in out if not self.inside(spot.at)]
            if outside:
                where = f"({outside[0].at[0]:g}, {outside[0].at[1]:g}) m"
                help = f"it reaches from (0, 0) to ({self.size[0]:g}, {self.size[1]:g}) m"
                self.report.error("E0706", f"{where} is outside of the scene", phrase.span, help)
                out = [spot for spot in out if self.inside(spot.at)]
        return tuple(out)

    def inside(self, at: Point) -> bool:
        """Whether a point is in the scene."""
        return all(-1e-9 <= value <= length + 1e-9 for value, length in zip(at, self.size, strict=True))

    def facing(self, words: Words) -> Quaternion:
        """``facing 90 deg`` or ``facing rpy(0, 0, 90 deg)``, where it follows."""
        if not words.maybe("facing"):
            return from_rpy(0.0, 0.0, 0.0)
        return rotation(self.settings, Expression(words.next("a direction")))

    def yaw(self, words: Words) -> float:
        """``facing 90 deg``, where it follows [rad]."""
        return words.number(ANGLE, "facing") if words.maybe("facing") else 0.0

    def at(self, words: Words) -> list[Spot]:
        """``at (5, 5) m``, ``at (5, 5, 2) m facing 90 deg``, ``at (5, 5) (8, 5)``."""
        places: list[tuple[Point, float | None]] = []
        while isinstance(value := words.peek(), ast.Tuple):
            words.rest.pop(0)
            if len(value.items) == 3:
                before = len(self.report.diagnostics)
                x, y, z = self.settings.vector(in_metres(Expression(value)), LENGTH, "at", (0.0, 0.0, 0.0))
                if len(self.report.diagnostics) > before:
                    raise PhraseError
                places.append(((x, y), z))
            else:
                found = point(self.settings, Expression(value), "at")
                if found is None:
                    raise PhraseError
                places.append((found, None))
        if not places:
            raise words.fail("`at` does not say where", code="E0214")
        turned = self.facing(words)
        return [Spot(at=at, z=z, rotation=turned, exact=True) for at, z in places]

    def number(self, count: int, words: Words) -> int:
        """A number of things that is not absurd."""
        if count > MOST:
            raise words.fail(f"that is {count} things, more than {MOST}")
        return count

    def grid(self, words: Words) -> list[Spot]:
        """``grid 4 x 6 spaced (4, 3) m at (5, 5) m``: along x and y, or turned about the first one."""
        columns = words.whole("how many along x")
        words.need("x")
        rows = words.whole("how many along y")
        self.number(columns * rows, words)
        words.need("spaced")
        value = words.next("the spacing")
        if isinstance(value, ast.Tuple):
            found = point(self.settings, Expression(value), "spaced")
            if found is None:
                raise PhraseError
            dx, dy = found
        else:
            dx = dy = self.settings.positive(Expression(value), LENGTH, "spaced", 1.0)
        words.need("at")
        x, y = words.point("the first one")
        yaw = self.yaw(words)
        turned = from_rpy(0.0, 0.0, yaw)
        return [
            Spot(
                at=(
                    x + column * dx * cos(yaw) - row * dy * sin(yaw),
                    y + column * dx * sin(yaw) + row * dy * cos(yaw),
                ),
                z=None,
                rotation=turned,
                exact=False,
            )
            for row in range(rows)
            for column in range(columns)
        ]

    def row(self, words: Words) -> list[Spot]:
        """``row (5, 5) to (20, 5) m every 3 m``, ``row (5, 5) to (20, 5) m count 6``; they face along it."""
        first = words.next("where it begins")
        words.need("to")
        last = words.next("where it ends")
        if isinstance(first, ast.Tuple) and isinstance(last, ast.Tuple) and last.unit and not first.unit:
            first = ast.Tuple(first.span, first.items, last.unit, last.unit_span)
        begin = point(self.settings, Expression(first), "row")
        end = point(self.settings, Expression(last), "row")
        if begin is None or end is None:
            raise PhraseError
        length = hypot(end[0] - begin[0], end[1] - begin[1])
        if length == 0:
            raise words.fail("a row has a length")
        if words.maybe("count"):
            count = words.whole("how many")
            step = length / max(1, count - 1)
        else:
            words.need("every")
            step = words.length("the distance between two", zero=False)
            count = int(length / step + 1e-9) + 1
        self.number(count, words)
        along = ((end[0] - begin[0]) / length, (end[1] - begin[1]) / length)
        turned = from_rpy(0.0, 0.0, atan2(along[1], along[0]) + self.yaw(words))
        return [
            Spot(
                at=(begin[0] + number * step * along[0], begin[1] + number * step * along[1]),
                z=None,
                rotation=turned,
                exact=False,
            )
            for number in range(count)
        ]

    def ring(self, words: Words) -> list[Spot]:
        """``ring 12 at (25, 25) m radius 5 m``; they face outwards."""
        count = self.number(words.whole("how many"), words)
        words.need("at")
        x, y = words.point("the middle")
        words.need("radius")
        radius = words.length("the radius", zero=False)
        yaw = self.yaw(words)
        angles = [2 * pi * number / count for number in range(count)]
        return [
            Spot(
                at=(x + radius * cos(angle), y + radius * sin(angle)),
                z=None,
                rotation=from_rpy(0.0, 0.0, angle + yaw),
                exact=False,
            )
            for angle in angles
        ]

    def along(self, words: Words) -> list[Spot]:
        """``along trail every 5 m offset 2 m``: to the left of the path, to the right where it is negative."""
        name = words.name("a path")
        zone = self.zones.get(name.id)
        if not isinstance(zone, Path):
            paths = [item.name for item in self.zones.values() if isinstance(item, Path)]
            helps = did_you_mean(name.id, paths, listing=True) or ("the scene has no zone that is a `path`",)
            self.report.error("E0201", f"there is no path `{name.id}`", name.span, *helps)
            raise PhraseError
        words.need("every")
        step = words.length("the distance between two", zero=False)
        offset = words.number(LENGTH, "the offset") if words.maybe("offset") else 0.0
        yaw = self.yaw(words)
        return list(_along(zone.points, step, offset, yaw))


def _along(points: tuple[Point, ...], step: float, offset: float, yaw: float) -> list[Spot]:
    """Spots ``step`` apart along a line of straight pieces, ``offset`` to its left [m]."""
    out: list[Spot] = []
    left = 0.0
    for (ax, ay), (bx, by) in itertools.pairwise(points):
        length = hypot(bx - ax, by - ay)
        ux, uy = (bx - ax) / length, (by - ay) / length
        while left <= length + 1e-9 and len(out) < MOST:
            at = (ax + left * ux - offset * uy, ay + left * uy + offset * ux)
            out.append(Spot(at=at, z=None, rotation=from_rpy(0.0, 0.0, atan2(uy, ux) + yaw), exact=False))
            left += step
        left -= length
    return out
