"""Forests through the years."""

from __future__ import annotations

import time

import numpy as np
from scipy.spatial import KDTree

from stripe_dsl.ir.scene import Growth
from stripe_dsl.scene import growth
from stripe_dsl.scene.growth import Kind
from stripe_dsl.scene.poisson import sample
from stripe_dsl.scene.streams import stream
from tests.scene.test_poisson import Everywhere, shortfall

LIFE = Growth(lifespan=85, mature=20, decline=70, seeds=2, reach=7)
SIZE = (50.0, 50.0)


def kind(value=lambda points: np.ones(len(points)), *, capacity: int = 125, spacing: float = 1.8, **more) -> Kind:
    return Kind(more.pop("life", LIFE), spacing, Everywhere(SIZE, value), 0.1, capacity, **more)


def forest(kinds: tuple[Kind, ...], years: int, seed: int = 1, ages: float | None = None) -> growth.Stand:
    species = np.repeat(np.arange(len(kinds)), [one.capacity for one in kinds])
    radii = np.array([one.spacing for one in kinds])[species]
    thrown = sample(stream(seed, "first"), radii, tuple(one.where for one in kinds), kinds=species)
    species = species[thrown.items]
    first = growth.first_ages(stream(seed, "ages"), kinds, species)
    if ages is not None:
        first = np.full(len(first), ages)
    return growth.grow(stream(seed, "growth"), kinds, thrown.points, species, first, years)


def test_the_age_curve_rises_and_falls() -> None:
    ages = np.array([0.0, 10, 20, 50, 70, 77.5, 85, 90])
    assert growth.curve(LIFE, ages).tolist() == [0, 0.5, 1, 1, 1, 0.5, 0, 0]
    assert growth.size(LIFE, np.array([0.0, 10, 20, 80])).tolist() == [0.05, 0.525, 1, 1]


def test_a_stand_keeps_its_density_and_spacing_over_the_years() -> None:
    for years in (1, 30, 100):
        stand = forest((kind(),), years)
        assert 0.93 * 125 <= len(stand.points) <= 125, years
        assert shortfall(stand.points, np.full(len(stand.points), 1.8)) <= 0
        assert (stand.points >= 0).all() and (stand.points <= SIZE).all()


def test_nobody_outlives_the_lifespan_and_generations_follow() -> None:
    stand = forest((kind(),), 70)
    assert stand.ages.max() <= 85
    assert (stand.ages < 20).any() and (stand.ages > 50).any()
    born = stand.ages < 70
    assert 0.6 < born.mean() < 1.0  # 70 of 85 years replace most of a stand of all ages


def test_without_seeds_a_forest_dies_out() -> None:
    barren = Growth(lifespan=85, mature=20, decline=70, seeds=0, reach=7)
    assert len(forest((kind(life=barren),), 60).points) < 60
    assert len(forest((kind(life=barren),), 90).points) == 0


def test_seeds_fall_within_their_reach() -> None:
    """Trees of one lifespan's distance from the only mothers: children are no further than generations allow."""
    near = Growth(lifespan=200, mature=20, decline=180, seeds=5, reach=3)
    mothers, where = np.array([[25.0, 25.0]]), kind(life=near, spacing=0.2, capacity=100)
    stand = growth.grow(stream(1, "g"), (where,), mothers, np.zeros(1, dtype=np.int64), np.array([30.0]), 20)
    away = np.linalg.norm(stand.points - mothers[0], axis=1)
    assert len(stand.points) > 50 and away.max() <= 3  # nobody else is mature yet
    inner = (away[away > 0] <= 3 / np.sqrt(2)).mean()
    assert abs(inner - 0.5) < 0.15  # evenly over the disc


def test_the_better_suited_win_the_ground() -> None:
    """Two species that want opposite halves sort themselves, though they start mixed."""
    west = kind(lambda points: np.where(points[:, 0] < 25, 1.0, 0.1), capacity=100, spacing=2.5)
    east = kind(lambda points: np.where(points[:, 0] < 25, 0.1, 1.0), capacity=100, spacing=2.5)
    stand = forest((west, east), 100)
    for index, left in ((0, True), (1, False)):
        mine = stand.points[stand.species == index]
        assert ((mine[:, 0] < 25) == left).mean() > 0.75


def test_a_seedling_takes_the_place_of_a_dying_tree_and_of_no_other() -> None:
    points = np.array([[25.0, 25.0], [25.5, 25.0]])
    kinds = (kind(),)
    for age, survivor in ((84.5, 1), (50.0, 0)):
        stays = growth._compete(
            kinds, points, np.zeros(2, dtype=np.int64), np.array([age, 0.0]), np.ones(2), np.array([1.8])
        )
        assert stays.tolist() == [survivor == 0, survivor == 1]


def test_dead_wood_is_a_share_of_those_that_died_and_keeps_its_distance() -> None:
    stand = forest((kind(dead_share=1.0),), 40)
    gone = stand.dead.sum()
    assert (
        0.15 * 125 < gone < 0.55 * 125
    )  # of evenly spread ages 40 / 85 die, and some lose their last year to a seedling
    assert (stand.ages[stand.dead] > 85).all() and (stand.ages[stand.dead] < 87).all()
    assert shortfall(stand.points, np.full(len(stand.points), 1.8)) <= 0
    assert not forest((kind(),), 40).dead.any()
    half = forest((kind(dead_share=0.5),), 40).dead.sum()
    assert 0.2 * gone < half < 0.8 * gone


def test_no_years_change_nothing() -> None:
    stand = forest((kind(),), 0, ages=3.0)
    assert len(stand.points) == 125 and (stand.ages == 3.0).all()


def test_a_pine_forest_grows_in_under_two_seconds() -> None:
    started = time.process_time()
    stand = forest((kind(capacity=125), kind(capacity=75, spacing=1.6)), 70)
    assert time.process_time() - started < 2.0
    away, _ = KDTree(stand.points).query(stand.points, k=2)
    assert away[:, 1].min() >= 1.6
