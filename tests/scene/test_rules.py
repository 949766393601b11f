"""Rules as numbers: each by its definition, distances exactly, and which of them takes how much."""

from __future__ import annotations

from itertools import pairwise
from math import exp

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from stripe_dsl.ir import rules as ir
from stripe_dsl.scene.ground import Ground
from stripe_dsl.scene.rules import RuleError, Suitability, holds, percent
from stripe_dsl.scene.streams import stream
from stripe_dsl.scene.surroundings import Circles, Crowd, Surroundings
from stripe_dsl.scene.zones import box, disc, path
from tests.scene.forest import avoid, below, flat, rolling

SIZE = (40.0, 30.0)
NAMES = (1, "scene", "layer")


def around(ground: Ground | None = None) -> Surroundings:
    points = np.array([[10.0, 10.0], [30.0, 20.0]])
    crowd = Crowd(points, np.array([1.0, 2.0]), np.array([3.0, 3.0]), np.array([True, False]), SIZE)
    zones = {"start": disc((20.0, 15.0), 5.0), "west": box((5.0, 15.0), (10.0, 30.0))}
    return Surroundings(ground or flat(SIZE), zones, {"trees": crowd})


def value(rule: ir.Rule, *points: tuple[float, float], ground: Ground | None = None, own: float = 0.0) -> list[float]:
    at = np.array(points, dtype=np.float64)
    return Suitability([rule], around(ground), NAMES)(at, np.full(len(at), own)).tolist()


def east() -> Ground:
    """A field of the user's whose value is x."""
    ground = flat(SIZE)
    ground.extra["x"] = ground.grid.coordinates()[0]
    return ground


def at(*xs: float) -> list[tuple[float, float]]:
    return [(x, 5.0) for x in xs]


def test_a_soft_limit_is_a_ramp_over_its_last_fifth() -> None:
    assert value(below("x", 20), *at(10, 16, 18, 20, 25), ground=east()) == pytest.approx([1, 1, 0.5, 0, 0])
    above = ir.Limit(text="x > 20", name="x", below=False, one=24, zero=20)
    assert value(above, *at(10, 20, 22, 24, 30), ground=east()) == pytest.approx([0, 0, 0.5, 1, 1])


def test_a_hard_limit_is_a_step() -> None:
    hard = ir.Limit(text="must x < 20", name="x", below=True, one=20, zero=20)
    assert value(hard, *at(19.99, 20, 20.01), ground=east()) == [1, 0, 0]
    band = ir.Between(text="x 10..20", name="x", low=10, high=20)
    assert value(band, *at(9.9, 10, 20, 20.1), ground=east()) == [0, 1, 1, 0]


def test_a_gaussian_and_a_field_itself() -> None:
    gauss = ir.Gauss(text="x 20 +- 5", name="x", mean=20, std=5)
    assert value(gauss, *at(20, 25, 10), ground=east()) == pytest.approx([1, exp(-0.5), exp(-2)])
    ground = east()
    ground.extra["half"] = np.full(ground.grid.shape, 0.5)
    assert value(ir.Scale(text="suit half", name="half"), (3, 3), ground=ground) == [0.5]
    assert value(ir.Scale(text="suit x", name="x"), *at(0.25, 9), ground=ground) == pytest.approx([0.25, 1])


def test_near_and_fade_go_by_the_distance_to_footprints() -> None:
    near = ir.Near(text="near trees", target="trees", full=1.4, none=11)
    fade = ir.Fade(text="fade trees", target="trees", none=0.5, full=2.0)
    points = [(10.0, 10.5), (12.4, 10.0), (10.0, 17.2), (10.0, 22.5)]  # 0, 1.4, 6.2 and 11.5 m from the outline
    assert value(near, *points) == pytest.approx([1, 1, 0.5, 0], abs=1e-9)
    assert value(fade, (10, 10), (11.5, 10), (12.25, 10), (13, 10)) == pytest.approx([0, 0, 0.5, 1], abs=1e-9)


def test_avoid_keeps_footprints_apart() -> None:
    rule = avoid("trees", 0.5)
    assert value(rule, (11.49, 10), (11.51, 10)) == [0, 1]
    assert value(rule, (11.51, 10), (12.01, 10), own=0.5) == [0, 1]
    assert value(avoid("start", 1), (20, 15), (26.1, 15), (25.9, 15)) == [0, 1, 0]
    solid = avoid(ir.SOLID, 0)
    assert value(solid, (10.5, 10), (30.5, 20)) == [0, 1]  # the second tree is not solid


def test_within_is_inside() -> None:
    assert value(ir.Within(text="within start", zone="start"), (20, 19.9), (20, 20.1)) == [1, 0]
    assert value(ir.Within(text="", zone="start", distance=2.0), (20, 21.9), (20, 22.1)) == [1, 0]


def test_around_is_a_penalty_that_fades() -> None:
    rule = ir.Around(text="around trees", target="trees", reach=7, penalty=0.45)
    assert value(rule, (10, 10), (14.5, 10), (18.5, 10)) == pytest.approx([0.55, 0.775, 1])


def test_patches_leave_their_share_and_have_their_size() -> None:
    ground = rolling((100.0, 100.0))
    rule = ir.Patches(text="patches 40 %", share=0.4, feature=8.0, edge=0.0)
    field = holds([rule], Surroundings(ground), NAMES)
    assert abs((field > 0.5).mean() - 0.4) < 0.01
    assert ((field > 0.001) & (field < 0.999)).mean() < 0.001
    turns = np.abs(np.diff(field > 0.5, axis=1)).sum() / (field.shape[0] * 100.0)
    assert 0.5 / 8 < turns < 4 / 8  # two edges a wavelength, about


def test_density_and_cover_of_a_layer() -> None:
    seen = around()
    assert seen.value("trees.density", np.array([[12.0, 10.0]])) == pytest.approx(1 / (np.pi * 25), rel=0.01)
    assert seen.value("trees.density", np.array([[0.0, 0.0]])) == 0
    quarter = Crowd(np.array([[0.0, 0.0]]), np.ones(1), np.ones(1), np.ones(1, dtype=bool), SIZE)
    assert quarter.density(np.zeros((1, 2))) == pytest.approx(4 / (np.pi * 25), rel=0.01)
    assert seen.value("trees.cover", np.array([[10.0, 10.0], [20.0, 3.0]])) == pytest.approx([9 / 25, 0], abs=0.02)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000), count=st.integers(1, 60), large=st.floats(0.1, 8))
def test_the_distance_to_circles_is_exact(seed: int, count: int, large: float) -> None:
    random = stream(seed, "circles")
    centers, radii = random.random((count, 2)) * 30, random.uniform(0.0, large, count)
    points = random.random((40, 2)) * 30
    expected = np.linalg.norm(points[:, None] - centers[None], axis=2) - radii
    assert Circles(centers, radii).distance(points) == pytest.approx(np.maximum(expected.min(axis=1), 0), abs=1e-9)


def test_of_no_circles_all_are_infinitely_far() -> None:
    assert np.isinf(Circles(np.empty((0, 2)), np.empty(0)).distance(np.zeros((2, 2)))).all()


def test_what_each_rule_takes() -> None:
    rules = [ir.Within(text="within west", zone="west", distance=1e-9), below("x", 5.0), avoid("start", 0.0)]
    where = Suitability(rules, around(east()), NAMES)
    excluded = [share.excluded for share in where.shares]
    assert excluded == pytest.approx([0.75, 1 - 4.5 / 40, np.pi * 25 / 1200], abs=0.005)
    assert where.shares[2].gain == 0  # the disc lies where the others exclude all anyway
    assert where.limiting is not None and where.limiting.rule is rules[1]
    assert where.limiting.text == "x < 5 excluded 89 %"
    assert where.integral == pytest.approx(4.5 * 30, rel=0.01)


def test_shares_are_written_as_they_are_read() -> None:
    assert [percent(share) for share in (0, 0.001, 0.68, 0.996, 1)] == ["0 %", "0.1 %", "68 %", "99.6 %", "100 %"]


@pytest.mark.parametrize("steep", [3.0, 0.1])
def test_points_are_drawn_in_proportion(steep: float) -> None:
    """With much of the ground suiting, and with so little that draws are made cell by cell; by chi-square."""
    ground = flat(SIZE)
    x, _ = ground.grid.coordinates()
    ground.extra["suit"] = np.clip(steep * x / 40, 0, 1) if steep > 1 else steep * x / 40
    where = Suitability([ir.Scale(text="suit", name="suit")], around(ground), NAMES)
    points, which = where.draw(stream(5, "draw"), np.zeros(4000))
    assert which.tolist() == list(range(4000))
    edges = np.linspace(0, 40, 11)
    fine = np.linspace(0, 40, 4001)
    weight = np.clip(steep * fine / 40, 0, 1)
    expected = np.array([weight[(fine >= low) & (fine < high)].sum() for low, high in pairwise(edges)])
    found, _ = np.histogram(points[:, 0], edges)
    assert stats.chisquare(found, expected / expected.sum() * 4000).pvalue > 0.001


def test_a_narrow_path_is_found() -> None:
    seen = around()
    seen.zones["trail"] = path([(2.0, 2.0), (38.0, 28.0)], 0.05)
    where = Suitability([ir.Within(text="within trail", zone="trail")], seen, NAMES)
    points, which = where.draw(stream(1, "trail"), np.zeros(50))
    assert len(which) == 50 and (seen.zones["trail"].distance(points) <= 0).all()
    assert where.integral == pytest.approx(np.hypot(36, 26) * 0.05, rel=0.02)


def test_where_nothing_suits_nothing_is_drawn() -> None:
    where = Suitability([ir.Between(text="", name="x", low=90, high=95)], around(east()), NAMES)
    points, which = where.draw(stream(1, "none"), np.zeros(5))
    assert len(points) == len(which) == 0 and where.mean == 0


def halves(suitability, x):
    return np.where(x < 20, 0.5 * suitability, 1.0)


def wrong(suitability):
    return suitability + 1


def test_a_function_of_the_users_combines_soft_rules_and_hard_ones_hold() -> None:
    here = f"{__name__}:halves"
    rules = [below("x", 10.0), avoid("trees", 0.0), ir.Combine(text="combine", python=here, names=("x",))]
    where = Suitability(rules, around(east()), NAMES)
    points = np.array([(2.0, 2.0), (15.0, 2.0), (38.0, 2.0), (30.0, 20.0)])
    assert where(points, np.zeros(4)).tolist() == [0.5, 0, 1, 0]
    assert [share.rule.text for share in where.shares] == ["avoid trees by 0 m", "combine"]
    assert where.limiting is not None and where.limiting.rule is rules[2]
    for python in (f"{__name__}:wrong", f"{__name__}:nothing", "no_such_module:f"):
        with pytest.raises(RuleError, match=python.replace(".", r"\.")):
            Suitability([ir.Combine(text="", python=python)], around(east()), NAMES)(points, np.zeros(4))
