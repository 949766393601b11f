"""What a scene has to hold, checked when everything is in its place: ways, distances, cover and numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from stripe_dsl.diagnostics import Diagnostic
from stripe_dsl.ir import scene as ir
from stripe_dsl.ir.rules import SOLID, Bounds
from stripe_dsl.scene.grid import Field
from stripe_dsl.scene.layout import Layout
from stripe_dsl.scene.rules import percent
from stripe_dsl.scene.surroundings import Circles, vertices
from stripe_dsl.scene.zones import Shape, Zone, disc

type Mask = NDArray[np.bool_]

SPAWN = "spawn"
_BISECTIONS = 12
_COVER_SIDE = 300
_EIGHT = np.ones((3, 3), dtype=bool)


@dataclass(frozen=True, slots=True)
class Finding:
    """Whether a requirement holds, with what was measured.

    Attributes:
        requirement: as it was asked for.
        holds: whether it does.
        measured: the widest that gets through [m], the distance to the nearest solid [m], the covered share, or the
            number of instances.
        reason: why it does not hold, without a full stop; empty where it does.
        helps: what would mend it.
    """

    requirement: ir.Requirement
    holds: bool
    measured: float
    reason: str = ""
    helps: tuple[str, ...] = ()

    @property
    def diagnostic(self) -> Diagnostic:
        """The error of one that does not hold."""
        message = f"`{self.requirement.text}` does not hold: {self.reason}"
        return Diagnostic("E0703", message, self.requirement.span, helps=self.helps)


def check_requirements(layout: Layout, maps: Mapping[str, Field]) -> list[Finding]:
    """Each requirement of a scene in turn.

    Args:
        maps: what ``build_maps`` gives.
    """
    return [_check(item, layout, maps) for item in layout.scene.requires]


def _check(item: ir.Requirement, layout: Layout, maps: Mapping[str, Field]) -> Finding:
    match item:
        case ir.Reach():
            return _reach(item, layout, maps)
        case ir.Clearance():
            return _clearance(item, layout)
        case ir.Covers():
            share = covered(layout, item.layer)
            if within(share, item.share):
                return Finding(item, True, share)
            return Finding(item, False, share, f"`{item.layer}` covers {100 * share:.3g} % of the ground")
        case ir.Counts():
            found = layout.layers[item.layer]
            count = len(found)
            if item.species is not None:  # what a dead tree leaves is of its layer, and of no species
                index = [one.name for one in found.layer.species].index(item.species)
                count = int(((found.species == index) & ~found.dead).sum())
            if within(count, item.number):
                return Finding(item, True, count)
            return Finding(item, False, count, f"there {'is' if count == 1 else 'are'} {count}")
        case _:
            raise TypeError(f"no such requirement: {type(item).__name__}")


def within(value: float, bounds: Bounds) -> bool:
    """Whether a number is one of those allowed; both bounds are."""
    return bounds.low <= value <= bounds.high


def covered(layout: Layout, layer: str) -> float:
    """The share of the ground that lies under the crowns of a layer, 0..1, to about 0.3 % of the ground."""
    crowd, size = layout.surroundings.crowds[layer], layout.scene.size
    steps = (np.arange(_COVER_SIDE) + 0.5) / _COVER_SIDE
    x, y = np.meshgrid(steps * size[0], steps * size[1])
    away = Circles(crowd.points, crowd.crowns).distance(np.stack((x.ravel(), y.ravel()), axis=1))
    return float((away == 0).mean())


# ---- ways


@dataclass(frozen=True, slots=True)
class Ways:
    """Ground that one can walk on.

    Attributes:
        open: vertices that the map leaves, shape (ny, nx).
        room: distance of each vertex from the nearest solid footprint [m], 0 within one.
    """

    open: Mask
    room: Field

    def free(self, width: float) -> Mask:
        """Vertices where the middle of something ``width`` [m] wide may be."""
        return self.open & (self.room > 0) & (self.room >= width / 2)

    def connect(self, start: Mask, goal: Mask, width: float) -> bool:
        """Whether there is a way between two places, from vertex to one of its eight neighbours."""
        label = np.zeros(self.open.shape, dtype=np.int32)
        ndimage.label(self.free(width), _EIGHT, output=label)
        return bool(np.intersect1d(label[start], label[goal]).any())

    def stranded(self, start: Mask, goal: Mask, width: float) -> float:
        """The share of a place's free ground from which there is no way to another place, 0..1."""
        label = np.zeros(self.open.shape, dtype=np.int32)
        ndimage.label(self.free(width), _EIGHT, output=label)
        begun = label[start & (label > 0)]
        return float(np.mean(~np.isin(begun, label[goal]))) if len(begun) else 1.0

    def widest(self, start: Mask, goal: Mask, at_most: float) -> float:
        """The greatest width that gets through [m], to ``at_most`` / 4096; negative where nothing does."""
        if not self.connect(start, goal, 0.0):
            return -1.0
        low, high = 0.0, at_most
        for _ in range(_BISECTIONS):
            middle = (low + high) / 2
            low, high = (middle, high) if self.connect(start, goal, middle) else (low, middle)
        return low


def ways_of(layout: Layout, maps: Mapping[str, Field], map: str | None) -> Ways:
    """Where one can go in a scene: over ground where a map is above 0; over all of it without one."""
    grid = layout.ground.grid
    room = layout.surroundings.distance(SOLID, vertices(grid)).reshape(grid.shape)
    return Ways(np.ones(grid.shape, dtype=bool) if map is None else maps[map] > 0, room)


def _reach(item: ir.Reach, layout: Layout, maps: Mapping[str, Field]) -> Finding:
    ways = ways_of(layout, maps, item.map)
    everywhere = np.ones(ways.open.shape, dtype=bool)
    start, goal = mask_of(item.start, layout), mask_of(item.goal, layout)
    wide = f"something {item.width:g} m wide"
    helps: list[str] = []
    if ways.connect(start, goal, item.width):
        stranded = 0.0 if item.somewhere else ways.stranded(start, goal, item.width)
        if stranded == 0.0:
            return Finding(item, True, item.width)
        reason = f"no way for {wide} from {percent(stranded)} of the ground in `{item.start}` that it has room on"
        help = "keep what is solid off it, or write `from somewhere` where one place in it is enough"
        return Finding(item, False, item.width, reason, (help,))
    for name, place in ((item.start, start), (item.goal, goal)):
        if not (ways.free(item.width) & place).any():
            closed = ways.open & place
            by = "solids leave no room" if closed.any() else f"`{item.map}` is 0 all over it"
            return Finding(item, False, -1.0, f"`{name}` has no ground for {wide}: {by}")
    widest = ways.widest(start, goal, item.width)
    if widest > 0.01:
        helps.append(f"something {widest:.2g} m wide gets through")
    elif item.map is not None and Ways(everywhere, ways.room).connect(start, goal, item.width):
        helps.append(f"there is a way over ground where `{item.map}` is 0")
    elif Ways(ways.open, np.full(ways.open.shape, inf)).connect(start, goal, item.width):
        helps.append("what is solid closes every way; without it there is one")
    return Finding(item, False, widest, f"no way for {wide}", tuple(helps))


def mask_of(name: str, layout: Layout) -> Mask:
    """Vertices of a zone; of the spawn, or of a zone between the vertices, the nearest one."""
    grid = layout.ground.grid
    zone = _zone(name, layout)
    mask = zone.mask(grid)
    if not mask.any():
        away = zone.field(grid)
        mask = away <= away.min() if np.isfinite(away).any() else mask
    return mask


def _zone(name: str, layout: Layout) -> Zone:
    return disc(layout.scene.spawn.at, 0.0) if name == SPAWN else layout.zones[name]


def _clearance(item: ir.Clearance, layout: Layout) -> Finding:
    zone = _zone(item.place, layout)
    nearest, which = inf, ""
    for name, crowd in layout.surroundings.crowds.items():
        points = crowd.points[crowd.solid]
        if len(points):
            gap = zone.distance(points) - crowd.footprints[crowd.solid]
            first = int(np.argmin(gap))
            if gap[first] < nearest:
                nearest = max(float(gap[first]), 0.0)
                which = f"`{name}` at ({points[first][0]:.1f}, {points[first][1]:.1f}) m"
    if nearest >= item.distance - 1e-6:
        return Finding(item, True, nearest)
    stands = "stands in it" if nearest == 0 and isinstance(zone, Shape) else f"is {nearest:.2g} m away"
    help = f"`avoid {item.place} by {item.distance:g} m` in the layer keeps it off"
    return Finding(item, False, nearest, f"{which} {stands}", (help,) if item.place != SPAWN else ())
