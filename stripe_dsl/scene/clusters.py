"""Instances that stand in groups: a Thomas process whose points keep their distance."""

from __future__ import annotations

import numpy as np

from stripe_dsl.scene.grid import Points
from stripe_dsl.scene.poisson import Floats, Ints, Mask, Standing, Thrown, Where, throw

_MOVES = 24
"""How often a group that finds no room is moved."""


def groups(random: np.random.Generator, total: int, count: tuple[int, int]) -> Ints:
    """Sizes of groups that sum to ``total``, each drawn evenly from ``count``; the last takes what is left."""
    sizes = random.integers(count[0], count[1] + 1, size=max(1, total // max(1, count[0]) + 1))
    ends = np.cumsum(sizes)
    cut = int(np.searchsorted(ends, total))
    sizes = sizes[: cut + 1].astype(np.int64)
    sizes[-1] -= int(ends[cut]) - total
    return sizes[sizes > 0]


def sample(
    random: np.random.Generator,
    radii: Floats,
    where: Where,
    *,
    count: tuple[int, int],
    spread: float,
    own: Floats | None = None,
) -> tuple[Thrown, Ints]:
    """Places items in groups about parents, which fall where it suits.

    A child stands off its parent by a normal distribution of standard deviation ``spread`` in x and y (M. Thomas,
    Biometrika 36, 1949), where it suits and at its distance from all others. A group that has not room for
    ``count[0]`` of its children is moved as a whole.

    Args:
        random: where the numbers come from.
        radii: distance that each item keeps, shape (n,) [m].
        where: where they may stand.
        count: range of the number of children.
        spread: standard deviation of a child's distance from its parent along each axis [m].
        own: radius of each item's footprint, shape (n,) [m].

    Returns:
        What stands, and the number of each placed item's group.
    """
    total = len(radii)
    own = np.zeros(total) if own is None else own
    if not total:
        return Thrown(np.empty((0, 2)), np.empty(0, dtype=np.int64)), np.empty(0, dtype=np.int64)
    sizes = groups(random, total, count)
    group = np.repeat(np.arange(len(sizes)), sizes)
    least = np.minimum(sizes, count[0])
    points, placed = np.full((total, 2), np.nan), np.zeros(total, dtype=np.bool_)
    open_ = np.ones(len(sizes), dtype=np.bool_)
    parents = np.full((len(sizes), 2), np.nan)
    for _ in range(_MOVES):
        moving = np.flatnonzero(open_)
        if not len(moving):
            break
        at, which = where.draw(random, np.zeros(len(moving)))
        if not len(which):
            break
        parents[moving[which]] = at
        ready = np.zeros(len(sizes), dtype=np.bool_)
        ready[moving[which]] = True
        standing = Standing()
        standing.add(points[placed], radii[placed])
        children = np.flatnonzero(ready[group])
        children = children[np.argsort(-radii[children], kind="stable")]
        draw = _around(parents, group, spread, where, own, children)
        points[children], placed[children] = throw(random, radii[children], draw, standing)
        full = np.bincount(group[placed], minlength=len(sizes)) >= least
        placed &= full[group]
        open_ &= ~full
    items = np.flatnonzero(placed)
    return Thrown(points[items], items), group[items]


def _around(parents: Points, group: Ints, spread: float, where: Where, own: Floats, children: Ints):
    def draw(random: np.random.Generator, items: Ints) -> tuple[Points, Ints]:
        whose = children[items]
        darts = parents[group[whose]] + random.normal(scale=spread, size=(len(items), 2))
        inside: Mask = np.all((darts >= 0) & (darts <= where.size), axis=1)
        luck = random.random(len(items))
        inside[inside] = luck[inside] < where(darts[inside], own[whose[inside]])
        return darts[inside], items[inside]

    return draw
