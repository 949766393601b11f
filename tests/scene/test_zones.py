"""Zones: what lies in them, how far they are, and points drawn in them."""

from __future__ import annotations

from math import hypot, pi

import numpy as np
import pytest

from stripe_dsl.scene.grid import Grid
from stripe_dsl.scene.streams import stream
from stripe_dsl.scene.zones import Raster, Zone, box, disc, path, polygon

GRID = Grid((20.0, 10.0), 0.25)
SIZE = (20.0, 10.0)
SHAPES = {
    "disc": (disc((6, 5), 3), pi * 9),
    "box": (box((8, 5), (6, 2), pi / 6), 12.0),
    "polygon": (polygon([(2, 2), (10, 2), (10, 8), (6, 4)]), 20.0),
    "path": (path([(3, 3), (12, 3), (12, 8)], 1.5), 9 * 1.5 + 5 * 1.5 + pi * 0.75**2 - (1 - pi / 4) * 0.75**2),
}


def raster(zone: Zone) -> Raster:
    return Raster(GRID, zone.mask(GRID))


@pytest.mark.parametrize("name", SHAPES)
def test_area_of_the_mask(name: str) -> None:
    zone, area = SHAPES[name]
    fine = Grid(SIZE, 0.05)
    assert zone.mask(fine).sum() * 0.05**2 == pytest.approx(area, rel=0.03)
    assert zone.outline().area == pytest.approx(area, rel=1e-3)


@pytest.mark.parametrize("name", SHAPES)
def test_distance_is_that_of_its_outline(name: str) -> None:
    """Its slope is 1 almost everywhere, and it is 0 on the outline."""
    zone, _ = SHAPES[name]
    away = zone.field(GRID)
    steep = np.hypot(*np.gradient(away, GRID.cell))
    assert np.quantile(steep, 0.05) > 0.9 and np.quantile(steep, 0.999) < 1.05
    outline = np.array(zone.outline().exterior.coords)
    assert np.abs(zone.distance(outline)).max() < 2e-4


def test_distances_of_a_disc_and_a_box() -> None:
    assert disc((6, 5), 3).distance(np.array([(6.0, 5.0), (9.0, 5.0), (6.0, 10.0)])) == pytest.approx([-3, 0, 2])
    square = box((5, 5), (4, 2))
    points = np.array([(5.0, 5.0), (6.9, 5.0), (8.0, 5.0), (8.0, 7.0), (5.0, 6.5)])
    assert square.distance(points) == pytest.approx([-1, -0.1, 1, hypot(1, 1), 0.5])


def test_a_box_turns_anticlockwise() -> None:
    turned = box((5, 5), (4, 0.5), pi / 4)
    assert turned.distance(np.array([(6.0, 6.0)]))[0] < 0 < turned.distance(np.array([(6.0, 4.0)]))[0]


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("of_rules", [False, True])
def test_points_are_spread_evenly(name: str, of_rules: bool) -> None:
    """Within it, and as many in each part as its area says (chi-squared)."""
    shape, area = SHAPES[name]
    zone: Zone = raster(shape) if of_rules else shape
    points = zone.draw(stream(3, name), 4000, SIZE)
    assert points.shape == (4000, 2)
    assert zone.distance(points).max() <= (GRID.cell if of_rules else 1e-9)
    fine = Grid(SIZE, 0.05)
    inside = np.argwhere(shape.mask(fine))[:, ::-1] * 0.05
    cells = [np.arange(0, 20.1, 2), np.arange(0, 10.1, 2)]
    expected, _, _ = np.histogram2d(*inside.T, cells)
    found, _, _ = np.histogram2d(*points.T, cells)
    expected *= 4000 / expected.sum()
    enough = expected > 20
    chi = ((found - expected)[enough] ** 2 / expected[enough]).sum()
    assert chi < enough.sum() * (8 if of_rules else 2.5)
    assert area > 0


def test_points_stay_in_the_scene() -> None:
    half_outside = disc((0, 5), 3)
    points = half_outside.draw(stream(1), 200, SIZE)
    assert (points >= 0).all() and len(points) == 200
    assert not len(disc((-9, 5), 3).draw(stream(1), 200, SIZE))
    everything = Raster(GRID, np.ones(GRID.shape, dtype=bool)).draw(stream(2), 500, SIZE)
    assert (everything >= 0).all() and (everything <= SIZE).all()


def test_draws_repeat() -> None:
    zone = SHAPES["path"][0]
    assert np.array_equal(zone.draw(stream(4, "a"), 9, SIZE), zone.draw(stream(4, "a"), 9, SIZE))


def test_an_empty_zone_has_no_points() -> None:
    nothing = Raster(GRID, np.zeros(GRID.shape, dtype=bool))
    assert not len(nothing.draw(stream(1), 5, SIZE))
    assert np.isinf(nothing.field(GRID)).all()
    assert len(disc((5, 5), 1).draw(stream(1), 0, SIZE)) == 0


def test_an_empty_zone_is_infinitely_far_from_everything() -> None:
    nothing = Raster(GRID, np.zeros(GRID.shape, dtype=bool))
    away = nothing.distance(np.array([(0.0, 0.0), (3.1, 4.7), (20.0, 10.0), (30.0, -1.0)]))
    assert np.isposinf(away).all() and away.shape == (4,)


def test_as_many_numbers_are_drawn_for_a_narrow_path_as_for_a_disc() -> None:
    """Three for each point, though the path fills a thousandth of the box around it."""
    narrow = path([(0, 0), (20, 10), (20, 0)], 0.002)
    for zone in (narrow, disc((6, 5), 3)):
        random, counted = np.random.default_rng(1), np.random.default_rng(1)
        assert (zone.distance(zone.draw(random, 500, SIZE)) <= 1e-9).all()
        counted.random(3 * 500)
        assert random.random() == counted.random()


def test_a_zone_of_rules_keeps_its_grid() -> None:
    zone = raster(SHAPES["disc"][0])
    assert np.abs(zone.field(GRID) - SHAPES["disc"][0].field(GRID)).max() < GRID.cell
    with pytest.raises(ValueError, match="grid"):
        zone.mask(Grid(SIZE, 0.5))
