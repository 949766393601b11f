"""Slope, aspect and normals of planes, moisture, distances; what the triangles of the ground are."""

from __future__ import annotations

from math import atan, cos, degrees, pi, radians, sin, tan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stripe_dsl.ir.rules import TERRAIN_FIELDS
from stripe_dsl.scene import fields, surface
from stripe_dsl.scene.grid import Field, Grid
from stripe_dsl.scene.ground import Ground, Wetting
from stripe_dsl.scene.noise import fbm

GRID = Grid((12.0, 8.0), 0.25)


def plane(slope: float, towards: float) -> Field:
    """Ground that falls in a direction, clockwise from north [rad]."""
    x, y = GRID.coordinates()
    return -tan(slope) * (x * sin(towards) + y * cos(towards))


def hills(seed: int = 3) -> Field:
    rows, columns = GRID.shape
    return fbm(np.arange(columns) * GRID.cell, np.arange(rows) * GRID.cell, 4.0, 3, 0.5, 2.0, seed)


@given(st.floats(1, 80), st.floats(0, 359))
@settings(max_examples=25, deadline=None)
def test_slope_and_aspect_of_a_plane(steep: float, towards: float) -> None:
    height = plane(radians(steep), radians(towards))
    assert np.allclose(fields.slope(height, GRID.cell), radians(steep))
    off = (fields.aspect(height, GRID.cell) - radians(towards) + pi) % (2 * pi) - pi
    assert np.allclose(off, 0, atol=1e-9)


@pytest.mark.parametrize(("towards", "lean"), [(0, 1), (90, 0), (180, -1), (270, 0)])
def test_north_is_y(towards: float, lean: float) -> None:
    """The original's favoured +x."""
    height = plane(radians(30), radians(towards))
    falls_north = height[-1, 0] < height[0, 0] - 1
    assert falls_north == (lean == 1)
    assert np.allclose(fields.north(height, GRID.cell), lean * sin(radians(30)), atol=1e-12)
    assert np.degrees(fields.aspect(height, GRID.cell)) == pytest.approx(towards, abs=1e-6)


def test_level_ground_faces_nowhere() -> None:
    level = np.ones(GRID.shape)
    assert not fields.slope(level, 0.25).any()
    assert not fields.aspect(level, 0.25).any()
    assert not fields.north(level, 0.25).any()
    assert np.array_equal(fields.normals(level, 0.25)[..., 2], level)


def test_moisture_is_where_water_stays() -> None:
    """More of it where more flows, where it is level, and to the north; each by its weight."""
    wet, level, lean = np.array([[0.0, 1.0]]), np.zeros((1, 2)), np.zeros((1, 2))
    assert np.allclose(np.diff(fields.moisture(wet, level, lean, flow=0.55, slope=0.30, north=0.15)), 0.55)
    steep = np.array([[0.0, pi / 4]])
    dry = np.zeros((1, 2))
    assert np.allclose(np.diff(fields.moisture(dry, steep, lean, flow=1.1, slope=0.6, north=0.3)), -0.3)
    faces = np.array([[-1.0, 1.0]])
    assert np.allclose(np.diff(fields.moisture(dry, steep * 0, faces, flow=0.5, slope=0.3, north=0.2)), 0.2)
    assert np.allclose(np.diff(fields.moisture(dry, steep * 0, faces, flow=0.5, slope=0.3, north=-0.2)), -0.2)


@pytest.mark.parametrize("weights", [(0, 0, 0), (-0.1, 0.5, 0.5)])
def test_weights_of_moisture_have_to_make_sense(weights: tuple[float, float, float]) -> None:
    none = np.zeros((2, 2))
    with pytest.raises(ValueError, match="weights"):
        fields.moisture(none, none, none, flow=weights[0], slope=weights[1], north=weights[2])


@pytest.mark.parametrize("cell", [0.5, 0.25, 0.125])
def test_wetness_hardly_depends_on_the_grid(cell: float) -> None:
    """Of a slope without channels: 20 m below its crest it is log(20 m) / log(1 km)."""
    rows = round(40 / cell) + 1
    height = -np.arange(rows)[:, None] * cell * 0.2 + np.zeros((rows, 9))
    ground = Ground(Grid(((8 * cell), 40.0), cell), height)
    wet = fields.wetness(ground.flow, cell, 0.0)
    assert wet[round(20 / cell), 4] == pytest.approx(np.log(20) / np.log(1000), abs=0.01)


def test_valleys_are_moist_and_ridges_dry() -> None:
    x, y = GRID.coordinates()
    ground = Ground(GRID, np.abs(y - 4) * 0.3 + 0.05 * x, Wetting(1, 0, 0))
    along = ground.moisture.mean(axis=1)
    assert along.argmax() == 16 and along[16] > along[0] + 0.25
    upside_down = Ground(GRID, -ground.height, Wetting(1, 0, 0)).moisture.mean(axis=1)
    assert upside_down[16] == pytest.approx(upside_down.min(), abs=0.02)
    assert upside_down[-1] > upside_down[16] + 0.1


@pytest.mark.parametrize("name", TERRAIN_FIELDS)
def test_fields_are_within_their_ranges(name: str) -> None:
    low, high = {
        "height": (-10, 10),
        "slope": (0, pi / 2),
        "aspect": (0, 2 * pi),
        "north": (-1, 1),
        "flow": (GRID.cell**2, 12.25 * 8.25),
        "moisture": (0, 1),
    }[name]
    field = Ground(GRID, hills()).named(name)
    assert field.shape == GRID.shape
    assert low <= field.min() < field.max() <= high


def test_fields_of_the_user_have_names() -> None:
    ground = Ground(GRID, hills(), extra={"sand": np.ones(GRID.shape)})
    assert ground.named("sand").all()
    with pytest.raises(KeyError):
        ground.named("grid")


def test_distance_is_in_metres() -> None:
    mask = np.zeros(GRID.shape, dtype=bool)
    mask[8, 16] = True
    x, y = GRID.coordinates()
    assert np.allclose(fields.distance(mask, GRID.cell), np.hypot(x - 4, y - 2))
    assert np.isinf(fields.distance(mask & False, GRID.cell)).all()


def test_signed_distance_is_negative_within() -> None:
    x, y = GRID.coordinates()
    found = fields.signed_distance(np.hypot(x - 6, y - 4) <= 2.0, GRID.cell)
    assert np.abs(found - (np.hypot(x - 6, y - 4) - 2)).max() < GRID.cell


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_points_stand_on_the_triangles(seed: int) -> None:
    """Their height and normal are those of the triangle that they lie in."""
    random = np.random.default_rng(seed)
    height = random.normal(size=GRID.shape)
    x, y = GRID.coordinates()
    vertices = np.stack((x, y, height), axis=-1).reshape(-1, 3)
    faces = surface.triangles(GRID)
    some = random.integers(len(faces), size=50)
    corners = vertices[faces[some]]
    weights = random.dirichlet((1, 1, 1), 50)
    points = np.einsum("nk,nkc->nc", weights, corners)
    ground = Ground(GRID, height)
    assert np.allclose(ground.height_at(points[:, :2]), points[:, 2])
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert (normal[:, 2] > 0).all(), "counter-clockwise from above"
    assert np.allclose(ground.normal_at(points[:, :2]), normal / np.linalg.norm(normal, axis=1, keepdims=True))
    assert np.allclose(ground.slope_at(points[:, :2]), np.arccos(normal[:, 2] / np.linalg.norm(normal, axis=1)))


def test_triangles_cover_the_ground_once() -> None:
    x, y = GRID.coordinates()
    flat = np.stack((x, y), axis=-1).reshape(-1, 2)[surface.triangles(GRID)]
    a, b = flat[:, 1] - flat[:, 0], flat[:, 2] - flat[:, 0]
    area = (a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]) / 2
    assert len(area) == 2 * 48 * 32
    assert np.allclose(area, GRID.cell**2 / 2)
    centers = flat.mean(axis=1).reshape(32, 48, 2, 2)
    rows, columns = np.mgrid[:32, :48]
    assert (centers // GRID.cell == np.stack((columns, rows), axis=-1)[:, :, None]).all(), "by cell"


def test_outside_of_the_grid_is_the_edge() -> None:
    ground = Ground(GRID, hills())
    assert ground.height_at(np.array([(-5.0, 3.0), (20.0, 9.0)])) == pytest.approx(
        [ground.height[12, 0], ground.height[-1, -1]]
    )


def test_slope_of_a_grade() -> None:
    x, _ = GRID.coordinates()
    assert np.degrees(fields.slope(0.2 * x, GRID.cell)) == pytest.approx(degrees(atan(0.2)))
