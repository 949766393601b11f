"""Poisson-disk sampling with a radius for each point: darts that keep their distance.

Two points are at least ``max(r_i, r_j)`` apart. The larger ones are thrown first. Darts are thrown many at once; of
two that are too close the one thrown earlier stays, which is what throwing one after the other gives.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from stripe_dsl.scene.grid import Points

type Floats = NDArray[np.float64]
type Ints = NDArray[np.int64]
type Mask = NDArray[np.bool_]

RANDOM_LIMIT = 4 / np.pi * 0.547
"""Points per spacing squared that random placing can hold: disks of the spacing's diameter jam at a coverage of 0.547
(random sequential adsorption; Feder, J. Theor. Biol. 87, 1980)."""
HEXAGONAL_LIMIT = 2 / np.sqrt(3)
"""The same for the densest grid."""

ROUNDS = 24
TRIES = 60
FREE_CELLS = 2_000_000
_CORNERS = np.array([(0, 0), (1, 0), (0, 1), (1, 1)])
SLACK = 1 + 1e-12
"""Distances are compared with a little more than the radius, so that rounding elsewhere finds none that is shorter."""


class Where(Protocol):
    """Where things may stand. ``own`` are the radii of their footprints [m], shape (n,)."""

    @property
    def size(self) -> tuple[float, float]:
        """Lengths of the rectangle along x and y [m]; its corner is the origin."""
        ...

    def __call__(self, points: Points, own: Floats, /) -> Floats:
        """Suitability of points, 0..1, shape (n,)."""
        ...

    def draw(self, random: np.random.Generator, own: Floats, /) -> tuple[Points, Ints]:
        """A point for each thing, with a density in proportion to the suitability, and which of the things they are
        for: all, or fewer where next to nothing suits."""
        ...


type Draw = Callable[[np.random.Generator, Ints], tuple[Points, Ints]]
"""Throws a dart for each of these items: where they fell, and which items they are for (some may have none)."""


@dataclass(frozen=True, slots=True)
class Thrown:
    """What stands after throwing.

    Attributes:
        points: where, shape (n, 2) [m], the items in order.
        items: which of the items that were asked for, shape (n,).
        full: items are missing, and no place was left for them: more tries would not help.
    """

    points: Points
    items: Ints
    full: bool = False


class Standing:
    """Points that darts keep away from, kept by radius: those of one tree are within a factor of two of each other."""

    def __init__(self) -> None:
        self.trees: dict[int, list[_Tree]] = {}

    def add(self, points: Points, radii: Floats) -> list[_Tree]:
        """More points, shape (n, 2), with their radii [m]; gives them as trees."""
        added: list[_Tree] = []
        for band in bands(radii):
            tree = _Tree.of(points[band], radii[band])
            added.append(tree)
            octave = self.trees.setdefault(int(_octaves(radii[band[:1]])[0]), [])
            while octave and len(octave[-1].radii) < 2 * len(tree.radii):
                last = octave.pop()
                tree = _Tree.of(np.concatenate([last.points, tree.points]), np.concatenate([last.radii, tree.radii]))
            octave.append(tree)
        return added

    def all(self) -> list[_Tree]:
        """What stands."""
        return [tree for octave in self.trees.values() for tree in octave]

    def hits(self, points: Points, radii: Floats) -> Mask:
        """Which points are closer to a standing one than the larger of both radii, shape (n,)."""
        hit = np.zeros(len(points), dtype=np.bool_)
        for tree in self.all():
            left = np.flatnonzero(~hit)
            if not len(left):
                break
            own, at = radii[left], points[left]
            reach = max(float(own.max()), tree.high) * SLACK
            distance, nearest = tree.tree.query(at, distance_upper_bound=reach)
            near = np.flatnonzero(np.isfinite(distance))
            hit[left[near]] = distance[near] < np.maximum(own[near], tree.radii[nearest[near]]) * SLACK
            if tree.low == tree.high:
                continue
            # the nearest may be small enough, and one behind it not
            rest = near[~hit[left[near]]]
            if len(rest):
                close = KDTree(at[rest]).sparse_distance_matrix(tree.tree, reach, output_type="ndarray")
                i = rest[close["i"]]
                hit[left[i[close["v"] < np.maximum(own[i], tree.radii[close["j"]]) * SLACK]]] = True
        return hit


@dataclass(frozen=True, slots=True)
class _Tree:
    """Points of radii between ``low`` and ``high`` [m]."""

    tree: KDTree
    points: Points
    radii: Floats
    low: float
    high: float

    @staticmethod
    def of(points: Points, radii: Floats) -> _Tree:
        return _Tree(KDTree(points), points, radii, float(radii.min()), float(radii.max()))


def _octaves(radii: Floats) -> Floats:
    return np.floor(np.log2(np.maximum(radii, 1e-6)))


def bands(radii: Floats) -> list[Ints]:
    """Indices of radii within a factor of two of each other, the largest first; each band in order of size."""
    if not len(radii):
        return []
    order = np.argsort(-radii, kind="stable")
    return list(np.split(order, np.flatnonzero(np.diff(_octaves(radii[order]))) + 1))


def first_come(points: Points, radii: Floats) -> Mask:
    """Which darts stay when they are thrown in this order, shape (n,)."""
    stays = np.ones(len(points), dtype=np.bool_)
    if len(points) < 2:
        return stays
    pairs = KDTree(points).query_pairs(float(radii.max()) * SLACK, output_type="ndarray")
    gap = np.hypot(*(points[pairs[:, 0]] - points[pairs[:, 1]]).T)
    pairs = pairs[gap < np.maximum(radii[pairs[:, 0]], radii[pairs[:, 1]]) * SLACK]
    return stronger_stay(len(points), pairs)


def _one_each(points: Points, radius: float) -> Mask:
    """The first dart in each square so small that two in it are too close: no more of them can stay, so that crowded
    darts do not make pairs without number."""
    if not len(points) or radius <= 0:
        return np.ones(len(points), dtype=np.bool_)
    square = np.floor(points * (np.sqrt(2) / radius)).astype(np.int64)
    _, first = np.unique(square[:, 0] * (square[:, 1].max() + 1) + square[:, 1], return_index=True)
    out = np.zeros(len(points), dtype=np.bool_)
    out[first] = True
    return out


def stronger_stay(count: int, pairs: NDArray[np.intp]) -> Mask:
    """Which of ``count`` stay when in each pair of rivals (stronger, weaker) the weaker goes, unless its rival went.

    Same as going through all in the order of their strength: those without a stronger rival stay, their rivals go, and
    so on.
    """
    stays, open_ = np.zeros(count, dtype=np.bool_), np.ones(count, dtype=np.bool_)
    while len(pairs):
        free = open_.copy()
        free[pairs[:, 1]] = False
        stays |= free
        open_ &= ~free
        open_[pairs[free[pairs[:, 0]], 1]] = False
        pairs = pairs[open_[pairs[:, 0]] & open_[pairs[:, 1]]]
    return stays | open_


def throw(
    random: np.random.Generator,
    radii: Floats,
    draw: Draw,
    standing: Standing,
    *,
    rounds: int = ROUNDS,
    batch: int = 1_000_000,
) -> tuple[Points, Mask]:
    """Throws darts for items until each has a place or ``rounds`` have passed.

    Args:
        random: where the numbers come from.
        radii: of the items, shape (n,) [m], in the order in which they may choose.
        draw: throws a dart for each of some items.
        standing: what the darts keep away from; what is placed is added.
        rounds: how often those without a place try again.
        batch: most darts at once, so that memory is bounded.

    Returns:
        Where each item stands, shape (n, 2), and which have a place, shape (n,).
    """
    points, placed = np.full((len(radii), 2), np.nan), np.zeros(len(radii), dtype=np.bool_)
    hit_rate = 1.0
    for _ in range(rounds):
        waiting = np.flatnonzero(~placed)
        if not len(waiting):
            break
        repeat = max(1, min(int(1.5 / hit_rate), batch // len(waiting)))
        thrown = len(waiting) * repeat
        darts, items = draw(random, np.repeat(waiting, repeat)[:batch])
        fits = ~standing.hits(darts, radii[items])
        fits[fits] = _one_each(darts[fits], float(radii.min()))
        darts, items = darts[fits], items[fits]
        stays = first_come(darts, radii[items])
        chosen, first = np.unique(items[stays], return_index=True)
        points[chosen], placed[chosen] = darts[stays][first], True
        standing.add(points[chosen], radii[chosen])
        hit_rate = max(len(chosen) / thrown, 1 / 64)
        if thrown > 1000 and len(chosen) < 0.005 * thrown:
            break
    return points, placed


def sample(
    random: np.random.Generator,
    radii: Floats,
    where: Where | tuple[Where, ...],
    *,
    kinds: Ints | None = None,
    own: Floats | None = None,
    standing: Standing | None = None,
) -> Thrown:
    """Places items of given radii, the larger first, where it suits.

    Args:
        random: where the numbers come from.
        radii: distance that each item keeps, shape (n,) [m].
        where: where they may stand, for all or for each kind.
        kinds: which ``where`` holds for each item, shape (n,).
        own: radius of each item's footprint [m], shape (n,).
        standing: what stands already; what is placed is added.
    """
    count = len(radii)
    kinds = np.zeros(count, dtype=np.int64) if kinds is None else kinds
    own = np.zeros(count) if own is None else own
    places = where if isinstance(where, tuple) else (where,)
    standing = Standing() if standing is None else standing
    points, placed, full = np.full((count, 2), np.nan), np.zeros(count, dtype=np.bool_), True

    def draw(random: np.random.Generator, items: Ints) -> tuple[Points, Ints]:
        found, whose = [np.empty((0, 2))], [np.empty(0, dtype=np.int64)]
        for kind, place in enumerate(places):
            mine = items[kinds[items] == kind]
            if len(mine):
                darts, which = place.draw(random, own[mine])
                found.append(darts)
                whose.append(mine[which])
        darts, names = np.concatenate(found), np.concatenate(whose)
        order = np.argsort(names, kind="stable")
        return darts[order], names[order]

    area = places[0].size[0] * places[0].size[1]
    for band in bands(radii):
        batch = int(min(1_000_000, max(256, 2 * area / max(radii[band[-1]], 1e-3) ** 2)))

        def drawn(random: np.random.Generator, items: Ints, band: Ints = band) -> tuple[Points, Ints]:
            darts, names = draw(random, band[items])
            back = np.empty(count, dtype=np.int64)
            back[band] = np.arange(len(band))
            return darts, back[names]

        points[band], placed[band] = throw(random, radii[band], drawn, standing, batch=batch)
        for kind, place in enumerate(places):
            waiting = band[~placed[band] & (kinds[band] == kind)]
            if len(waiting):
                full &= _fill(random, waiting, radii, own, points, placed, place, standing)
    items = np.flatnonzero(placed)
    return Thrown(points[items], items, full and len(items) < count)


def _fill(
    random: np.random.Generator,
    waiting: Ints,
    radii: Floats,
    own: Floats,
    points: Points,
    placed: Mask,
    where: Where,
    standing: Standing,
) -> bool:
    """Darts for the last ones, thrown only into what is still free; whether nothing is.

    What is free is kept as square cells that are split as they get fewer (after Ebeida et al., "A Simple Algorithm for
    Maximal Poisson-Disk Sampling in High Dimensions", 2012).
    """
    smallest, least = float(radii[waiting].min()), float(own[waiting].min())
    size = np.array(where.size)
    count = np.maximum(1, np.ceil(size / max(smallest / 2, np.sqrt(size.prod() / FREE_CELLS)))).astype(np.int64)
    width = size / count
    free = np.stack(np.meshgrid(np.arange(count[0]), np.arange(count[1])), axis=-1).reshape(-1, 2)
    thin = np.full(len(free), least)
    suits = where((free + 0.5) * width, thin)
    for corner in _CORNERS:
        suits = np.maximum(suits, where((free + corner) * width, thin))
    free, suits = free[suits > 0], suits[suits > 0]

    def uncovered(trees: list[_Tree]) -> Mask:
        """Cells that are not within reach of one point as a whole."""
        half, open_ = np.hypot(*width) / 2, np.ones(len(free), dtype=np.bool_)
        for tree in trees:
            reach = max(smallest, tree.low) - half
            if reach > 0:
                open_ &= ~np.isfinite(tree.tree.query((free + 0.5) * width, distance_upper_bound=reach)[0])
        return open_

    fresh, idle = standing.all(), 0
    for _ in range(TRIES):
        left = uncovered(fresh)
        free, suits, fresh = free[left], suits[left], []
        while len(free) and len(free) < 4 * len(waiting) + 4096 and width.max() > smallest / 100:
            free, suits, width = (2 * free[:, None] + _CORNERS).reshape(-1, 2), np.repeat(suits, 4), width / 2
            left = uncovered(standing.all())
            free, suits = free[left], suits[left]
        if not len(free):
            return True
        darts = int(np.clip(len(free), 1024, 16 * len(waiting) + 4096))
        cells = random.choice(len(free), size=darts, p=suits / suits.sum())
        at = (free[cells] + random.random((darts, 2))) * width
        items = np.resize(waiting, darts)
        fits = random.random(darts) * suits[cells] < where(at, own[items])
        at, items = at[fits], items[fits]
        fits = ~standing.hits(at, radii[items])
        fits[fits] = _one_each(at[fits], smallest)
        at, items = at[fits], items[fits]
        stays = first_come(at, radii[items])
        chosen, first = np.unique(items[stays], return_index=True)
        points[chosen], placed[chosen] = at[stays][first], True
        fresh = standing.add(points[chosen], radii[chosen])
        idle = 0 if len(chosen) else idle + 1
        waiting = waiting[~placed[waiting]]
        if not len(waiting) or idle == 6:
            break
    return False


def most(area: tuple[float, float], spacing: float, share: float = 1.0) -> int:
    """How many points of one spacing random placing can hold.

    Args:
        area: lengths of the rectangle [m]; points may stand on its edge.
        spacing: [m].
        share: of the area that suits at all.
    """
    if spacing <= 0:
        return np.iinfo(np.int64).max
    return max(1, int(RANDOM_LIMIT * share * (area[0] + spacing) * (area[1] + spacing) / spacing**2))
