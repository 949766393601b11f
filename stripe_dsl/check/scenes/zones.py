"""Zones, water, maps and requirements of a scene."""

from __future__ import annotations

from math import hypot, inf

from stripe_dsl.check.constants import Settings
from stripe_dsl.check.scenes.names import LAYERS, SPAWN, Names
from stripe_dsl.check.scenes.rules import Rules
from stripe_dsl.check.scenes.words import Pair, PhraseError, Point, Words, share
from stripe_dsl.check.world import color
from stripe_dsl.ir.rules import Bounds
from stripe_dsl.ir.scene import (
    Box,
    Circle,
    Clearance,
    Counts,
    Covers,
    Map,
    Path,
    Polygon,
    Reach,
    Region,
    Requirement,
    Spawn,
    Water,
    Zone,
)
from stripe_dsl.source import Span
from stripe_dsl.spec.phrases import COMPARISONS
from stripe_dsl.spec.scene import MapSpec, WaterSpec, ZoneSpec
from stripe_dsl.spec.values import Expression, Phrase, Text
from stripe_dsl.syntax import ast
from stripe_dsl.text import and_list, did_you_mean
from stripe_dsl.units import ANGLE, DIMENSIONLESS, LENGTH

SHAPES = {
    "circle": "circle 6 m at spawn",
    "box": "box 4 m x 2 m at (5, 5) yaw 30 deg",
    "polygon": "polygon (0, 0) (5, 0) (5, 5)",
    "path": "path 1.5 m through (5, 5) (25, 20)",
}
REQUIREMENTS = {
    "reaches": "start reaches trail",
    "cover": "cover canopy 20..40 %",
    "count": "count rocks > 5",
    "clearance": "clearance start 2 m",
}
WATER = (0.16, 0.32, 0.45)


class Zones:
    """Reads what is drawn on the ground of one scene."""

    def __init__(self, settings: Settings, names: Names, size: Pair, spawn: Spawn) -> None:
        self.settings = settings
        self.report = settings.report
        self.names = names
        self.size = size
        self.spawn = spawn

    # ---- zones

    def zone(self, name: Text, spec: ZoneSpec) -> Zone | None:
        """One zone."""
        if spec.shape is None and not spec.rules:
            help = f"write `zone {name} = {SHAPES['circle']}`"
            self.report.error("E0214", f"the zone `{name}` has neither shape nor rules", spec.span, help)
            return None
        if spec.shape is not None and spec.rules:
            help = "make two zones, of which one is `within` the other"
            self.report.error("E0309", f"the zone `{name}` has a shape and rules", spec.span, help)
        if spec.shape is None:
            rules = Rules(self.settings, self.names, str(name), hard=True).all(spec.rules)
            return Region(name=str(name), rules=rules, span=spec.span)
        word = spec.shape.word
        if spec.shape.broken:
            return None
        if word not in SHAPES:
            helps = did_you_mean(word, list(SHAPES)) or (f"shapes are {and_list(list(SHAPES))}",)
            self.report.error("E0309", f"`{word}` is no shape of a zone", spec.shape.statement.key_span, *helps)
            return None
        words = Words(self.settings, spec.shape, SHAPES[word])
        try:
            return getattr(self, word)(str(name), words, spec.span)
        except PhraseError:
            return None

    def at(self, words: Words) -> Point:
        """``at spawn`` or ``at (5, 5)``."""
        words.need("at")
        if words.maybe(SPAWN):
            return self.spawn.at
        value = words.peek()
        found = words.point("the place")
        self.inside(found, value.span if value is not None else None)
        return found

    def inside(self, point: Point, span: Span | None) -> None:
        """Reports a point outside of the scene."""
        if not all(-1e-9 <= value <= length + 1e-9 for value, length in zip(point, self.size, strict=True)):
            where = f"({point[0]:g}, {point[1]:g}) m"
            help = f"it reaches from (0, 0) to ({self.size[0]:g}, {self.size[1]:g}) m"
            self.report.error("E0706", f"{where} is outside of the scene", span, help)
            raise PhraseError

    def circle(self, name: str, words: Words, span: Span | None) -> Circle:
        """``circle 6 m at spawn``."""
        radius = words.length("the radius", zero=False)
        center = self.at(words)
        words.end()
        return Circle(name=name, center=center, radius=radius, span=span)

    def box(self, name: str, words: Words, span: Span | None) -> Box:
        """``box 4 m x 2 m at (5, 5) yaw 30 deg``."""
        width = words.length("the length", zero=False)
        words.need("x")
        height = words.length("the width", zero=False)
        center = self.at(words)
        yaw = words.number(ANGLE, "yaw") if words.maybe("yaw") else 0.0
        words.end()
        return Box(name=name, center=center, size=(width, height), yaw=yaw, span=span)

    def polygon(self, name: str, words: Words, span: Span | None) -> Polygon:
        """``polygon (0, 0) (5, 0) (5, 5)``."""
        points = self.points(words)
        if len(points) < 3:
            raise words.fail("a polygon has at least three corners")
        if any(_cross(a, b, c, d) for a, b, c, d in _edges(points)):
            raise words.fail("the sides of a polygon do not cross")
        return Polygon(name=name, points=points, span=span)

    def path(self, name: str, words: Words, span: Span | None) -> Path:
        """``path 1.5 m through (5, 5) (25, 20)``."""
        width = words.length("the width", zero=False)
        words.need("through")
        points = self.points(words)
        if len(points) < 2:
            raise words.fail("a path goes through at least two points")
        return Path(name=name, points=points, width=width, span=span)

    def points(self, words: Words) -> tuple[Point, ...]:
        """All that follows, as points; one that equals the one before it is reported."""
        out: list[Point] = []
        while (value := words.peek()) is not None:
            if isinstance(value, ast.Name) and value.id == SPAWN:
                words.maybe(SPAWN)
                found = self.spawn.at
            else:
                found = words.point("a point")
            self.inside(found, value.span)
            if out and hypot(found[0] - out[-1][0], found[1] - out[-1][1]) < 1e-9:
                raise words.fail("two points in a row are the same", value.span)
            out.append(found)
        return tuple(out)

    # ---- water and maps

    def water(self, name: Text, spec: WaterSpec) -> Water | None:
        """``water lake { level 0.4 m; within basin }``."""
        if spec.level is None:
            self.report.error("E0214", f"`water {name}` does not say its `level`", spec.span, "add `level 40 cm`")
            return None
        level = self.settings.number(spec.level, LENGTH, "level", 0.0) or 0.0
        zone = None
        if spec.within is not None:
            node = spec.within.node
            zone = node.id if isinstance(node, ast.Name) else spec.within.span.text
            if zone not in self.names.zones:
                helps = did_you_mean(zone, self.names.zones, listing=True) or ("the scene has no zones",)
                self.report.error("E0201", f"there is no zone `{zone}`", node.span, *helps)
                return None
            self.names.target(zone, node.span, str(name))
        return Water(
            name=str(name),
            level=level,
            zone=zone,
            color=color(spec.color, self.settings, WATER),
            opacity=share(self.settings, spec.opacity, "opacity", 0.6),
            label=str(spec.label) if spec.label else str(name),
            span=spec.span,
        )

    def map(self, name: Text, spec: MapSpec) -> Map:
        """``map traversability { slope < 30 deg; around solid 7 m, penalty 0.45 }``."""
        if not spec.rules:
            self.report.error("E0214", f"the map `{name}` has no rule", spec.span, "add one, as in `slope < 30 deg`")
        return Map(name=str(name), rules=Rules(self.settings, self.names, None).all(spec.rules), span=spec.span)

    # ---- requirements

    def requirement(self, phrase: Phrase, maps: list[str]) -> Requirement | None:
        """One ``require``."""
        first = phrase.args[0] if phrase.args else None
        if phrase.broken:
            return None
        try:
            if isinstance(first, ast.Name) and first.id == "reaches":
                return self.reaches(phrase, maps)
            if phrase.word not in ("cover", "count", "clearance"):
                forms = and_list(list(REQUIREMENTS.values()))
                helps = did_you_mean(phrase.word, list(REQUIREMENTS)) or (f"requirements are {forms}",)
                self.report.error("E0309", f"nothing is required by `{phrase}`", phrase.span, *helps)
                return None
            words = Words(self.settings, phrase, REQUIREMENTS[phrase.word])
            found: Requirement = getattr(self, phrase.word)(phrase, words)
            words.end()
        except PhraseError:
            return None
        return found

    def place(self, word: str, span: Span) -> str:
        """A zone, or ``spawn``."""
        if word != SPAWN and word not in self.names.zones:
            helps = did_you_mean(word, [*self.names.zones, SPAWN], listing=True)
            self.report.error("E0201", f"there is no zone `{word}`", span, *helps)
            raise PhraseError
        return word

    def reaches(self, phrase: Phrase, maps: list[str]) -> Reach:
        """``start reaches trail on traversability width 60 cm from somewhere``."""
        words = Words(self.settings, phrase, "start reaches trail on traversability width 60 cm")
        start = self.place(phrase.word, phrase.statement.key_span)
        words.need("reaches")
        goal = words.name("the goal")
        target = self.place(goal.id, goal.span)
        name = "traversability" if "traversability" in maps else None
        if words.maybe("on"):
            chosen = words.name("a map")
            if chosen.id not in maps:
                helps = did_you_mean(chosen.id, maps, listing=True) or ("the scene has no map",)
                self.report.error("E0201", f"there is no map `{chosen.id}`", chosen.span, *helps)
                raise PhraseError
            name = chosen.id
        width = words.length("the width") if words.maybe("width") else 0.5
        somewhere = words.maybe("from") is not None
        if somewhere:
            words.need("somewhere")
        words.end()
        return Reach(
            text=str(phrase), span=phrase.span, start=start, goal=target, map=name, width=width, somewhere=somewhere
        )

    def layer(self, node: ast.Expr, words: Words) -> tuple[str, str | None]:
        """A layer, or a species of one."""
        species = None
        if isinstance(node, ast.Field) and isinstance(node.object, ast.Name):
            node, species = node.object, node
        if not isinstance(node, ast.Name):
            raise words.fail("a layer is named here", node.span)
        if self.names.kinds.get(node.id) not in LAYERS:
            helps = did_you_mean(node.id, self.names.layers, listing=True) or ("the scene has no layers",)
            self.report.error("E0201", f"there is no layer `{node.id}`", node.span, *helps)
            raise PhraseError
        if species is not None and species.name not in self.names.species.get(node.id, ()):
            helps = did_you_mean(species.name, list(self.names.species.get(node.id, ())), listing=True)
            message = f"`{node.id}` has no species `{species.name}`"
            self.report.error("E0213", message, species.name_span, *helps)
            raise PhraseError
        return node.id, species.name if species is not None else None

    def bounds(self, words: Words, node: ast.Expr | None, what: str) -> Bounds:
        """What follows a layer: a range, or the right side of a comparison."""
        if isinstance(node, ast.Binary):
            value = self.settings.number(Expression(node.right), DIMENSIONLESS, what)
            if value is None:
                raise PhraseError
            match node.op:
                case "<" | "<=":
                    return Bounds(high=value)
                case ">" | ">=":
                    return Bounds(low=value)
                case "==":
                    return Bounds(value, value)
            raise words.fail(f"`{node.op}` has no meaning here", node.op_span)
        value = words.next("how many" if what == "count" else "how much")
        if isinstance(value, ast.Range):
            pair = self.settings.pair(Expression(value), DIMENSIONLESS, what)
            if pair is None:
                raise PhraseError
            if pair[0] > pair[1]:
                raise words.fail("the range is empty", value.span, "E0308")
            return Bounds(*pair)
        raise words.fail("a range or a comparison is wanted", value.span)

    def cover(self, phrase: Phrase, words: Words) -> Covers:
        """``cover canopy 20..40 %`` and ``cover canopy > 20 %``."""
        node = words.next("a layer")
        compared = node if isinstance(node, ast.Binary) and node.op in COMPARISONS else None
        layer, species = self.layer(compared.left if compared else node, words)
        if species is not None:
            raise words.fail("cover is that of a whole layer", node.span)
        bounds = self.bounds(words, compared, "cover")
        if bounds.low > 1 or (bounds.high < inf and not 0 <= bounds.high <= 1):
            raise words.fail("a cover is between 0 % and 100 %", node.span)
        return Covers(text=str(phrase), span=phrase.span, layer=layer, share=bounds)

    def count(self, phrase: Phrase, words: Words) -> Counts:
        """``count rocks > 5``; ``>`` and ``<`` leave the number itself out."""
        node = words.next("a layer")
        compared = node if isinstance(node, ast.Binary) and node.op in COMPARISONS else None
        layer, species = self.layer(compared.left if compared else node, words)
        bounds = self.bounds(words, compared, "count")
        if compared is not None and compared.op == ">":
            bounds = Bounds(low=bounds.low + 1)
        elif compared is not None and compared.op == "<":
            bounds = Bounds(high=bounds.high - 1)
        return Counts(text=str(phrase), span=phrase.span, layer=layer, species=species, number=bounds)

    def clearance(self, phrase: Phrase, words: Words) -> Clearance:
        """``clearance start 2 m``."""
        node = words.name("a zone")
        place = self.place(node.id, node.span)
        distance = words.length("the distance", zero=False)
        return Clearance(text=str(phrase), span=phrase.span, place=place, distance=distance)


def _edges(points: tuple[Point, ...]) -> list[tuple[Point, Point, Point, Point]]:
    """Pairs of sides of a polygon that do not share a corner."""
    sides = list(zip(points, (*points[1:], points[0]), strict=True))
    count = len(sides)
    return [
        (*sides[i], *sides[j]) for i in range(count) for j in range(i + 2, count) if not (i == 0 and j == count - 1)
    ]


def _cross(a: Point, b: Point, c: Point, d: Point) -> bool:
    """Whether two segments cross in a point inside both."""

    def side(p: Point, q: Point, r: Point) -> float:
        return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])

    return side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0
