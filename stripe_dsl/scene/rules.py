"""How well places suit a layer: its rules as numbers, and which of them takes how much of the ground."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from scipy import ndimage

from stripe_dsl.ir import rules as ir
from stripe_dsl.scene.functions import load_function
from stripe_dsl.scene.grid import Field, Points
from stripe_dsl.scene.noise import gradient
from stripe_dsl.scene.poisson import Floats, Ints
from stripe_dsl.scene.streams import stream
from stripe_dsl.scene.surroundings import Surroundings, vertices
from stripe_dsl.scene.zones import Raster, Shape
from stripe_dsl.source import Span

_SLACK = 1e-9
_DARTS = 400_000
_ROUNDS = 64


class RuleError(Exception):
    """A function of the user's that cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Share:
    """What one rule takes of the ground.

    Attributes:
        rule: as the file writes it.
        excluded: by this rule alone, as a share of the ground, 0..1: 1 minus its mean suitability.
        gain: how much more ground would suit without it, as a share of the ground, 0..1.
    """

    rule: ir.Rule
    excluded: float
    gain: float

    @property
    def text(self) -> str:
        """``avoid canopy by 0.5 m excluded 68 %``."""
        return f"{self.rule.text} excluded {percent(self.excluded)}"


def percent(share: float) -> str:
    """A share as it is read: ``68 %``, and one digit behind the point where it matters."""
    value = 100 * share
    return f"{value:.1f} %" if 99 < value < 99.95 or 0.05 <= value < 1 else f"{value:.0f} %"


def hard(rule: ir.Rule) -> bool:
    """Whether a rule forbids, and so holds whatever a combining function says."""
    return isinstance(rule, ir.Avoid | ir.Within | ir.Between) or (isinstance(rule, ir.Limit) and rule.one == rule.zero)


class Suitability:
    """The product of rules, as a function of points, with points drawn in proportion to it.

    Args:
        rules: of the layer and the species.
        around: what they read.
        names: of the random stream of patches: seed, scene, layer, ...
        own: usual radius of an instance's footprint [m], for what is said of the ground as a whole.
    """

    def __init__(
        self, rules: Sequence[ir.Rule], around: Surroundings, names: tuple[int, *tuple[str, ...]], own: float = 0.0
    ) -> None:
        self.rules = tuple(rules)
        self.around, self.names, self.own = around, names, own
        self.size = around.size
        self._patches: dict[int, Field] = {}

    # ---- at points

    def one(self, place: int, points: Points, own: Floats) -> Floats:
        """Suitability by one of the rules, shape (n,)."""
        rule, around = self.rules[place], self.around
        match rule:
            case ir.Limit():
                value = around.value(rule.name, points)
                if rule.one == rule.zero:
                    return ((value < rule.zero) if rule.below else (value > rule.zero)).astype(np.float64)
                return np.clip((value - rule.zero) / (rule.one - rule.zero), 0, 1)
            case ir.Between():
                value = around.value(rule.name, points)
                return ((value >= rule.low) & (value <= rule.high)).astype(np.float64)
            case ir.Gauss():
                value = around.value(rule.name, points)
                if rule.std <= 0:
                    return (value == rule.mean).astype(np.float64)
                return np.exp(-np.square((value - rule.mean) / rule.std) / 2)
            case ir.Near():
                away = around.distance(rule.target, points)
                if rule.none <= rule.full:
                    return (away <= rule.full).astype(np.float64)
                return _ramp(away, rule.none, rule.full)
            case ir.Fade():
                return _ramp(around.distance(rule.target, points), rule.none, rule.full)
            case ir.Avoid():
                away = around.distance(rule.target, points)
                return (away >= rule.distance + own + _SLACK).astype(np.float64)
            case ir.Within():
                return (around.within(rule.zone, points) <= rule.distance).astype(np.float64)
            case ir.Patches():
                return np.clip(around.ground.grid.sample(self._patch(place, rule), points), 0, 1)
            case ir.Scale():
                return np.clip(around.value(rule.name, points), 0, 1)
            case ir.Around():
                away = around.distance(rule.target, points)
                return (
                    1 - rule.penalty * np.clip(1 - away / rule.reach, 0, 1) if rule.reach > 0 else np.ones(len(points))
                )
            case ir.Combine():
                assert self._combined is not None
                return around.ground.grid.sample(self._combined, points)
            case _:
                raise TypeError(f"no such rule: {type(rule).__name__}")

    def __call__(self, points: Points, own: Floats) -> Floats:
        """Suitability of points, 0..1, shape (n,), for footprints of radii ``own`` [m], shape (n,) or ()."""
        own = np.broadcast_to(own, (len(points),))
        combined = self._combined
        suits = np.ones(len(points)) if combined is None else self.around.ground.grid.sample(combined, points)
        for place in self._cheap_first:
            if combined is not None and not hard(self.rules[place]):
                continue
            left = np.flatnonzero(suits > 0)
            if len(left) == len(suits):
                suits = suits * self.one(place, points, own)
            elif len(left):
                suits[left] *= self.one(place, points[left], own[left])
        return suits

    def excludes(self, rule: ir.Rule, point: Points, own: float) -> bool:
        """Whether one of the rules forbids a point, shape (2,), to a footprint of that radius [m]."""
        return bool(self.one(self.rules.index(rule), point[None], np.array([own]))[0] == 0)

    @cached_property
    def _cheap_first(self) -> list[int]:
        def cost(place: int) -> int:
            rule = self.rules[place]
            if isinstance(rule, ir.Near | ir.Fade | ir.Avoid | ir.Around | ir.Within):
                return 2
            return int("." in getattr(rule, "name", ""))

        return sorted(range(len(self.rules)), key=cost)

    def _patch(self, place: int, rule: ir.Patches) -> Field:
        """Noise on the ground's grid, stretched so that the step between nothing and all is 0..1."""
        if place not in self._patches:
            grid = self.around.ground.grid
            seed = int(stream(*self.names, "patches", place).integers(2**62))
            rows, columns = (np.arange(count, dtype=np.float64) * grid.cell for count in grid.shape)
            noise = gradient(np.asarray(columns, np.float64), np.asarray(rows, np.float64), rule.feature, seed)
            middle = float(np.quantile(noise, 1 - rule.share))
            edge = max(rule.edge * float(np.ptp(noise)), 1e-12)
            self._patches[place] = (noise - middle) / edge + 0.5
        return self._patches[place]

    @cached_property
    def _combined(self) -> Field | None:
        """What the user's function makes of the soft rules, on the ground's grid."""
        found = [rule for rule in self.rules if isinstance(rule, ir.Combine)]
        if not found:
            return None
        grid = self.around.ground.grid
        points, own = vertices(grid), np.full(grid.shape[0] * grid.shape[1], self.own)
        product = np.ones(len(points))
        for place, rule in enumerate(self.rules):
            if not hard(rule) and not isinstance(rule, ir.Combine):
                product *= self.one(place, points, own)
        given = {name: self.around.raster(name) for name in found[-1].names}
        return combine(found[-1].python, found[-1].span, product.reshape(grid.shape), given)

    # ---- over the ground

    @cached_property
    def _region(self) -> tuple[Points, float, Shape | Raster | None]:
        """Points that are evenly spread over where it may suit at all, the area of that [m^2], and its zone."""
        for rule in self.rules:
            zone = self.around.zones.get(rule.zone) if isinstance(rule, ir.Within) and rule.distance == 0 else None
            if isinstance(zone, Shape | Raster):
                points = zone.draw(stream(*self.names, "region"), 20_000, self.size)
                return points, _area(zone, self.size), zone
        rows, columns = self._cells
        x = (np.arange(columns) + 0.5) * self.size[0] / columns
        y = (np.arange(rows) + 0.5) * self.size[1] / rows
        return np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2), self.size[0] * self.size[1], None

    @cached_property
    def _cells(self) -> tuple[int, int]:
        """Rows and columns of the cells in which the ground is summed up."""
        area = self.size[0] * self.size[1]
        edge = np.sqrt(area / np.clip(area, 40_000, 250_000))
        return max(1, round(self.size[1] / edge)), max(1, round(self.size[0] / edge))

    @cached_property
    def _suits(self) -> Floats:
        points = self._region[0]
        return self(points, np.full(len(points), self.own))

    @property
    def mean(self) -> float:
        """Mean suitability where it may suit at all, 0..1."""
        return float(self._suits.mean()) if len(self._suits) else 0.0

    @property
    def integral(self) -> float:
        """The suitability summed over the ground [m^2]."""
        return self.mean * self._region[1]

    @cached_property
    def shares(self) -> tuple[Share, ...]:
        """What each rule takes of the ground, in the order of the rules; soft rules that a function combines are in the
        function's share."""
        points = self._region[0] if self._region[2] is None else self._all
        own = np.full(len(points), self.own)
        rules = [
            (place, rule)
            for place, rule in enumerate(self.rules)
            if self._combined is None or hard(rule) or isinstance(rule, ir.Combine)
        ]
        alone = [self.one(place, points, own) for place, _ in rules]
        product = np.prod([np.ones(len(points)), *alone], axis=0).mean()
        found: list[Share] = []
        for place, (_, rule) in enumerate(rules):
            others = np.prod([np.ones(len(points)), *alone[:place], *alone[place + 1 :]], axis=0).mean()
            found.append(Share(rule, float(1 - alone[place].mean()), float(others - product)))
        return tuple(found)

    @property
    def limiting(self) -> Share | None:
        """The rule without which most ground would be won; of equals the one that takes most alone."""
        taking = [share for share in self.shares if share.excluded > 0]
        return max(taking, key=lambda share: (round(share.gain, 6), share.excluded), default=None)

    @property
    def _all(self) -> Points:
        side = 200
        steps = (np.arange(side) + 0.5) / side
        return np.stack(np.meshgrid(steps * self.size[0], steps * self.size[1]), axis=-1).reshape(-1, 2)

    # ---- draws

    @cached_property
    def _bound(self) -> Floats:
        """About the highest suitability in each cell and a little more, so that what lies between is found too."""
        rows, columns = self._cells
        top = ndimage.maximum_filter(self._suits.reshape(rows, columns), size=3, mode="nearest")
        return np.clip(top.ravel() * 1.05, 0.1 * top.max(), 1.0)

    def draw(self, random: np.random.Generator, own: Floats) -> tuple[Points, Ints]:
        """A point for each thing, with a density in proportion to the suitability, and which things they are for.

        Args:
            random: where the numbers come from.
            own: radii of the things' footprints, shape (n,) [m].
        """
        points, found = np.empty((len(own), 2)), np.zeros(len(own), dtype=np.bool_)
        mean = self.mean
        if mean == 0:
            return points[:0], np.empty(0, dtype=np.int64)
        zone = self._region[2]
        weigh = zone is None and mean < 0.3
        edges = np.cumsum(self._bound) if weigh else None
        rate = float(mean / self._bound.mean()) if weigh else mean
        for _ in range(_ROUNDS):
            left = np.flatnonzero(~found)
            if not len(left):
                break
            repeat = int(np.clip(1.2 / max(rate, 1e-3), 1, max(1, _DARTS // len(left))))
            items = np.repeat(left, repeat)
            if zone is not None:
                darts, top = zone.draw(random, len(items), self.size), np.ones(len(items))
            elif edges is None:
                darts, top = random.random((len(items), 2)) * self.size, np.ones(len(items))
            else:
                rows, columns = self._cells
                cell = np.minimum(np.searchsorted(edges, random.random(len(items)) * edges[-1]), len(edges) - 1)
                corner = np.stack([cell % columns, cell // columns], axis=1)
                darts = (corner + random.random((len(items), 2))) * (self.size[0] / columns, self.size[1] / rows)
                top = self._bound[cell]
            hit = random.random(len(darts)) * top < self(darts, own[items])
            chosen, first = np.unique(items[hit], return_index=True)
            points[chosen], found[chosen] = darts[hit][first], True
        which = np.flatnonzero(found)
        return points[which], which


def _ramp(value: Floats, zero: float, one: float) -> Floats:
    """0 at ``zero``, 1 at ``one``, linear between, and as before outside; a step where both are the same."""
    if zero == one:
        return (value >= one).astype(np.float64)
    with np.errstate(invalid="ignore"):
        return np.clip((value - zero) / (one - zero), 0, 1)


def _area(zone: Shape | Raster, size: tuple[float, float]) -> float:
    if isinstance(zone, Shape):
        return float(zone.outline().intersection(shapely.box(0, 0, *size)).area)
    edge = np.ones(zone.vertices.shape)
    edge[[0, -1]] *= 0.5
    edge[:, [0, -1]] *= 0.5
    return float((edge * zone.vertices).sum() * zone.grid.cell**2)


def combine(python: str, span: Span | None, suitability: Field, given: dict[str, Field]) -> Field:
    """Calls a function of the user's that makes one suitability of several fields.

    Raises:
        RuleError: if it is not there, raises, or gives something else than numbers of that shape in 0..1.
    """
    try:
        out = np.asarray(load_function(python, span)(suitability=suitability, **given), np.float64)
    except Exception as error:  # a user's function may raise anything
        raise RuleError(f"`{python}`: {type(error).__name__}: {error}") from error
    if out.shape != suitability.shape:
        raise RuleError(f"`{python}` gives an array of shape {out.shape}, not {suitability.shape}")
    if not np.isfinite(out).all() or out.min() < -1e-6 or out.max() > 1 + 1e-6:
        raise RuleError(f"`{python}` gives values from {out.min():.4g} to {out.max():.4g}, not in 0..1")
    return np.clip(out, 0, 1)


def holds(rules: Sequence[ir.Rule], around: Surroundings, names: tuple[int, *tuple[str, ...]]) -> Field:
    """The product of rules at the vertices of the ground, shape (ny, nx): of a map, or of a region where it is 0.5."""
    grid = around.ground.grid
    points = vertices(grid)
    return Suitability(rules, around, names)(points, np.zeros(len(points))).reshape(grid.shape)
