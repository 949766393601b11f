"""Darts that keep their distance: every pair, the numbers, and that what is full is full."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial import KDTree

from stripe_dsl.scene import poisson
from stripe_dsl.scene.poisson import Standing, first_come, sample
from stripe_dsl.scene.streams import stream


class Everywhere:
    """Ground that suits by a function of the points, drawn by rejection."""

    def __init__(self, size, value=lambda points: np.ones(len(points))) -> None:
        self.size, self.value = size, value

    def __call__(self, points, own):
        return self.value(points)

    def draw(self, random, own):
        darts = random.random((len(own), 2)) * self.size
        hit = random.random(len(own)) < self(darts, own)
        return darts[hit], np.flatnonzero(hit)


def shortfall(points, radii) -> float:
    """By how much the closest pair is nearer than the larger of its radii; negative when none is."""
    if len(points) < 2:
        return -1.0
    pairs = KDTree(points).query_pairs(radii.max(), output_type="ndarray")
    away = np.linalg.norm(points[pairs[:, 0]] - points[pairs[:, 1]], axis=1)
    return float((np.maximum(radii[pairs[:, 0]], radii[pairs[:, 1]]) - away).max(initial=-1.0))


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 1000),
    count=st.integers(0, 150),
    radii=st.lists(st.floats(0.05, 6), min_size=1, max_size=4),
    size=st.tuples(st.floats(3, 40), st.floats(3, 40)),
)
def test_no_two_are_closer_than_the_larger_radius(seed, count, radii, size) -> None:
    own = stream(seed, "radii").choice(radii, count)
    thrown = sample(stream(seed, "darts"), own, Everywhere(size))
    assert shortfall(thrown.points, own[thrown.items]) <= 0
    assert (thrown.points >= 0).all() and (thrown.points <= size).all()
    assert (np.diff(thrown.items) > 0).all()


def test_darts_thrown_at_once_are_as_thrown_one_after_the_other() -> None:
    random = stream(3, "darts")
    points, radii = random.random((400, 2)) * 10, random.uniform(0.1, 1.5, 400)
    kept: list[int] = []
    for dart in range(400):
        away = np.linalg.norm(points[kept] - points[dart], axis=1)
        if (away >= np.maximum(radii[kept], radii[dart])).all():
            kept.append(dart)
    assert np.flatnonzero(first_come(points, radii)).tolist() == kept


def test_what_stands_is_kept_away_from() -> None:
    random = stream(4, "standing")
    old, radii = random.random((50, 2)) * 30, random.uniform(0.2, 4, 50)
    standing = Standing()
    standing.add(old[:20], radii[:20])
    standing.add(old[20:], radii[20:])
    points, own = random.random((500, 2)) * 30, random.uniform(0.1, 3, 500)
    away = np.linalg.norm(points[:, None] - old[None], axis=2)
    expected = (away < np.maximum(own[:, None], radii[None])).any(axis=1)
    assert (standing.hits(points, own) == expected).all()


def test_as_many_as_asked_where_there_is_room() -> None:
    for share in (0.2, 0.5, 0.9):
        count = int(share * poisson.RANDOM_LIMIT * 100 * 100 / 2.0**2)
        thrown = sample(stream(1, "room"), np.full(count, 2.0), Everywhere((100.0, 100.0)))
        assert len(thrown.items) == count


def test_what_is_full_has_no_place_left() -> None:
    """And holds about what random placing can hold: the constant of the limit is measured here."""
    asked = np.full(5000, 1.0)
    thrown = sample(stream(2, "full"), asked, Everywhere((40.0, 40.0)))
    assert 0.93 < len(thrown.items) / poisson.most((40.0, 40.0), 1.0) < 1.02
    small = sample(stream(2, "full"), np.full(60, 1.0), Everywhere((4.0, 4.0)))
    assert small.full and len(small.items) < 60
    x, y = np.meshgrid(np.linspace(0, 4, 400), np.linspace(0, 4, 400))
    away, _ = KDTree(small.points).query(np.column_stack([x.ravel(), y.ravel()]))
    assert away.max() < 1.0 + 0.015  # no hole of the grid's width is left


def test_the_larger_come_first() -> None:
    """A crowd of small ones takes no room from the large."""
    radii = np.concatenate([np.full(3000, 0.5), np.full(10, 4.0)])
    thrown = sample(stream(5, "large"), radii, Everywhere((20.0, 20.0)))
    assert (thrown.items >= 3000).sum() == 10
    assert shortfall(thrown.points, radii[thrown.items]) <= 0


def test_suitability_is_the_chance_to_stand() -> None:
    """Counts in strips go with the suitability, by chi-square."""
    ramp = Everywhere((100.0, 100.0), lambda points: points[:, 0] / 100)
    thrown = sample(stream(6, "ramp"), np.full(3000, 0.2), ramp)
    assert len(thrown.items) == 3000
    edges = np.linspace(0, 100, 11)
    found, _ = np.histogram(thrown.points[:, 0], edges)
    expected = np.diff(edges**2) / 100**2 * 3000
    assert stats.chisquare(found, expected).pvalue > 0.001


def test_kinds_stand_where_they_suit() -> None:
    west = Everywhere((40.0, 40.0), lambda points: (points[:, 0] < 20) * 1.0)
    east = Everywhere((40.0, 40.0), lambda points: (points[:, 0] >= 20) * 1.0)
    kinds = np.arange(200) % 2
    thrown = sample(stream(7, "kinds"), np.where(kinds == 0, 1.0, 1.5), (west, east), kinds=kinds)
    assert len(thrown.items) == 200
    assert ((thrown.points[:, 0] < 20) == (kinds[thrown.items] == 0)).all()


def test_the_same_numbers_give_the_same_points() -> None:
    first, second = (sample(stream(8, "same"), np.full(900, 1.0), Everywhere((40.0, 40.0))) for _ in range(2))
    assert first.points.tobytes() == second.points.tobytes()


@pytest.mark.parametrize(("count", "seconds"), [(10_000, 1.0), (100_000, 8.0)])
def test_it_is_quick(count: int, seconds: float) -> None:
    """CPU seconds; a third of it is usual (benchmarks/scenes.py)."""
    edge = float(np.sqrt(count / 0.1)) * 1.0
    started = time.process_time()
    thrown = sample(stream(9, "quick"), np.full(count, 1.0), Everywhere((edge, edge)))
    assert time.process_time() - started < seconds
    assert len(thrown.items) == count
