"""A forest through the years: seeds fly, neighbours compete, the old die.

A tree's strength is the suitability of its place x its age curve x its species' share of all trees. The age curve rises
from 0 to 1 until the tree is mature and falls from its decline to 0 at the end of its life. Of two trees that stand
closer than the larger of their spacings the stronger stays.

A species' density is what its stand holds: as many seedlings take root in a year as there are fewer trees.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial import KDTree

from stripe_dsl.ir.scene import Growth
from stripe_dsl.scene.grid import Points
from stripe_dsl.scene.poisson import SLACK, Floats, Ints, Mask, Where, stronger_stay

SEEDLING = 0.05
"""Size of a tree that has just come up, as a share of the grown one's."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A species, as it grows.

    Attributes:
        growth: its life.
        spacing: [m].
        where: what suits it.
        own: radius of a grown tree's footprint [m].
        capacity: trees that the stand holds.
        dead_share: of the trees that die of age, how many are left behind, 0..1.
        wood: radius of the footprint of what is left behind [m]; where its rules exclude that, nothing is.
    """

    growth: Growth
    spacing: float
    where: Where
    own: float
    capacity: int
    dead_share: float = 0.0
    wood: float = 0.0


@dataclass(frozen=True, slots=True)
class Stand:
    """Trees, living and dead.

    Attributes:
        points: shape (n, 2) [m].
        species: shape (n,).
        ages: of the dead when they died, shape (n,) [years].
        dead: shape (n,).
    """

    points: Points
    species: Ints
    ages: Floats
    dead: Mask


def curve(growth: Growth, ages: Floats) -> Floats:
    """Strength by age, 0..1."""
    young = ages / growth.mature if growth.mature > 0 else np.ones_like(ages)
    rest = growth.lifespan - growth.decline
    old = (growth.lifespan - ages) / rest if rest > 0 else (ages < growth.lifespan).astype(np.float64)
    return np.clip(np.minimum(young, old), 0, 1)


def size(growth: Growth, ages: Floats) -> Floats:
    """Size by age as a share of the grown tree's: it grows evenly from a seedling until it is mature."""
    if growth.mature <= 0:
        return np.ones_like(ages)
    return SEEDLING + (1 - SEEDLING) * np.clip(ages / growth.mature, 0, 1)


def first_ages(random: np.random.Generator, kinds: Sequence[Kind], species: Ints) -> Floats:
    """Ages of the first trees, evenly spread over their lives [years], so that they do not all die in one year."""
    spans = np.array([kind.growth.lifespan for kind in kinds])
    return random.random(len(species)) * spans[species]


def grow(
    random: np.random.Generator, kinds: Sequence[Kind], points: Points, species: Ints, ages: Floats, years: int
) -> Stand:
    """Lets a forest grow.

    Args:
        random: where the numbers come from.
        kinds: its species.
        points: where the first trees stand, shape (n, 2) [m].
        species: of the first trees, shape (n,).
        ages: of the first trees, shape (n,) [years].
        years: how long.
    """
    spacing = np.array([kind.spacing for kind in kinds])
    suits = _suitability(kinds, points, species)
    gone_points, gone_species, gone_ages = [np.empty((0, 2))], [np.empty(0, dtype=np.int64)], [np.empty(0)]

    def bury(which: Mask) -> None:
        """Some of the trees that die of age stay as dead wood; where one lost to a neighbour is no room for it."""
        luck = random.random(int(which.sum()))
        for index, kind in enumerate(kinds):
            left = (species[which] == index) & (luck < kind.dead_share)
            left[left] = kind.where(points[which][left], np.full(int(left.sum()), kind.wood)) > 0
            gone_points.append(points[which][left])
            gone_species.append(species[which][left])
            gone_ages.append(ages[which][left])

    for _ in range(years):
        ages = ages + 1
        old = np.zeros(len(points), dtype=np.bool_)
        for index, kind in enumerate(kinds):
            old |= (species == index) & (ages > kind.growth.lifespan)
        if old.any():
            bury(old)
            points, species, ages, suits = points[~old], species[~old], ages[~old], suits[~old]
        seeds, sown, luck = _seeds(random, kinds, points, species, ages)
        if any(len(part) for part in gone_points):
            wood, woods = np.concatenate(gone_points), np.concatenate(gone_species)
            fall = KDTree(wood)
            away, near = fall.query(seeds)
            clear = away >= np.maximum(spacing[sown], spacing[woods[near]]) * SLACK
            seeds, sown, luck = seeds[clear], sown[clear], luck[clear]
        points, species = np.concatenate([points, seeds]), np.concatenate([species, sown])
        ages, suits = np.concatenate([ages, np.zeros(len(seeds))]), np.concatenate([suits, luck])
        stays = _compete(kinds, points, species, ages, suits, spacing)
        stays &= _room(kinds, species, ages, stays)
        points, species, ages, suits = points[stays], species[stays], ages[stays], suits[stays]
    return Stand(
        np.concatenate([points, *gone_points]),
        np.concatenate([species, *gone_species]),
        np.concatenate([ages, *gone_ages]),
        np.arange(len(points) + sum(map(len, gone_points))) >= len(points),
    )


def _suitability(kinds: Sequence[Kind], points: Points, species: Ints) -> Floats:
    suits = np.zeros(len(points))
    for index, kind in enumerate(kinds):
        mine = species == index
        suits[mine] = kind.where(points[mine], np.full(int(mine.sum()), kind.own))
    return suits


def _seeds(
    random: np.random.Generator, kinds: Sequence[Kind], points: Points, species: Ints, ages: Floats
) -> tuple[Points, Ints, Floats]:
    """Seeds that fall on ground that suits them: where, of which species, and how well it suits."""
    found, sown, suits = [np.empty((0, 2))], [np.empty(0, dtype=np.int64)], [np.empty(0)]
    for index, kind in enumerate(kinds):
        mothers = points[(species == index) & (ages >= kind.growth.mature)]
        count = random.poisson(kind.growth.seeds, size=len(mothers))
        total = int(count.sum())
        away, angle = kind.growth.reach * np.sqrt(random.random(total)), 2 * np.pi * random.random(total)
        darts = np.repeat(mothers, count, axis=0) + np.stack([away * np.cos(angle), away * np.sin(angle)], axis=1)
        luck = random.random(total)
        darts, luck = (part[np.all((darts >= 0) & (darts <= kind.where.size), axis=1)] for part in (darts, luck))
        value = kind.where(darts, np.full(len(darts), kind.own))
        up = luck < value
        found.append(darts[up])
        sown.append(np.full(int(up.sum()), index, dtype=np.int64))
        suits.append(value[up])
    order = random.permutation(sum(map(len, found)))
    return np.concatenate(found)[order], np.concatenate(sown)[order], np.concatenate(suits)[order]


def _compete(
    kinds: Sequence[Kind], points: Points, species: Ints, ages: Floats, suits: Floats, spacing: Floats
) -> Mask:
    """Which trees stay when of two that are too close the stronger does."""
    if len(points) < 2:
        return np.ones(len(points), dtype=np.bool_)
    strength = suits * np.bincount(species, minlength=len(kinds))[species] / len(species)
    for index, kind in enumerate(kinds):
        mine = species == index
        strength[mine] *= curve(kind.growth, np.maximum(ages[mine], 1.0))  # a seed has a year to come up
    # in the order of strength; of equals the one that has been there longer
    order = np.argsort(-strength, kind="stable")
    at, kept = points[order], spacing[species[order]]
    pairs = KDTree(at).query_pairs(float(spacing.max()) * SLACK, output_type="ndarray")
    gap = np.hypot(*(at[pairs[:, 0]] - at[pairs[:, 1]]).T)
    pairs = pairs[gap < np.maximum(kept[pairs[:, 0]], kept[pairs[:, 1]]) * SLACK]
    stays = np.empty(len(points), dtype=np.bool_)
    stays[order] = stronger_stay(len(points), pairs)
    return stays


def _room(kinds: Sequence[Kind], species: Ints, ages: Floats, stays: Mask) -> Mask:
    """All but the seedlings of this year that the stand does not hold; seeds lie in random order."""
    room = np.ones(len(species), dtype=np.bool_)
    for index, kind in enumerate(kinds):
        mine = stays & (species == index)
        new = np.flatnonzero(mine & (ages == 0))
        left = max(0, kind.capacity - int((mine & (ages > 0)).sum()))
        if left < len(new):
            room[new[left:]] = False
    return room
