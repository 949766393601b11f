"""Parts of a terrain: planes, stairs, hills, craters, terraces, and noise with its name."""

from __future__ import annotations

from math import cos, radians, sin, tan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stripe_dsl.ir import terrain as ir
from stripe_dsl.scene import relief
from stripe_dsl.scene.grid import Grid
from stripe_dsl.scene.rasters import Raster

GRID = Grid((12.0, 8.0), 0.25)
X, Y = GRID.coordinates()


@pytest.mark.parametrize("kind", ["fractal", "ridged", "noise"])
def test_noise_has_its_height_and_its_own_seed(kind: str) -> None:
    part = ir.Fractal(kind=kind, name=kind, height=3.0, feature=3.0, octaves=3)
    field = relief.fractal(part, GRID, 7, "forest")
    assert np.ptp(field) == pytest.approx(3.0, rel=0.08 if kind == "ridged" else 0.04)  # vertices miss sharp crests
    assert np.array_equal(field, relief.fractal(part, GRID, 7, "forest"))
    others = [relief.fractal(part, GRID, 8, "forest"), relief.fractal(part, GRID, 7, "plain")]
    second = ir.Fractal(kind=kind, name=f"{kind}_2", height=3.0, feature=3.0, octaves=3)
    for other in [*others, relief.fractal(second, GRID, 7, "forest")]:
        assert abs(np.corrcoef(field.ravel(), other.ravel())[0, 1]) < 0.6


def test_a_single_octave_is_one_whatever_its_number_says() -> None:
    one = relief.fractal(ir.Fractal(kind="noise", name="n", height=1.0, feature=3.0), GRID, 7, "s")
    five = relief.fractal(ir.Fractal(kind="noise", name="n", height=1.0, feature=3.0, octaves=5), GRID, 7, "s")
    assert np.array_equal(one, five)


def test_micro_relief_is_low_and_fine() -> None:
    field = relief.micro(ir.Micro(height=0.02, feature=1.0), GRID, 7, "forest")
    assert np.ptp(field) == pytest.approx(0.02, rel=0.1)
    crossings = (np.diff(np.sign(field), axis=1) != 0).sum(axis=1).mean()
    assert crossings == pytest.approx(2 * 12 / 1.0, rel=0.35)  # two in a wave


@given(st.floats(0.5, 45), st.floats(-180, 180))
@settings(max_examples=25, deadline=None)
def test_an_incline_rises_in_its_direction(angle: float, toward: float) -> None:
    field = relief.incline(ir.Incline(angle=radians(angle), toward=radians(toward)), GRID)
    assert field.min() == pytest.approx(0, abs=1e-9)
    gradient = np.array((field[0, 1] - field[0, 0], field[1, 0] - field[0, 0])) / GRID.cell
    expected = tan(radians(angle)) * np.array((cos(radians(toward)), sin(radians(toward))))
    assert gradient == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("toward", "along"), [(0, X), (90, Y), (180, 12 - X), (-90, 8 - Y)])
def test_steps_rise_by_their_height_each_run(toward: float, along: np.ndarray) -> None:
    field = relief.steps(ir.Steps(height=0.2, run=1.0, toward=radians(toward)), GRID)
    assert np.allclose(field, 0.2 * np.floor(along + 1e-6))


def test_a_hill_is_a_bump_of_its_height() -> None:
    field = relief.hill(ir.Hill(name="h", center=(6.0, 4.0), radius=3.0, height=1.5), GRID)
    away = np.hypot(X - 6, Y - 4)
    assert field[16, 24] == field.max() == 1.5
    assert not field[away >= 3].any() and (field[away < 2.9] > 0).all()
    assert field[16, 24 + 6] == pytest.approx(0.75)  # half as high at half the radius
    hollow = relief.hill(ir.Hill(name="h", center=(6.0, 4.0), radius=3.0, height=-1.5), GRID)
    assert np.allclose(hollow, -field)


def test_a_crater_has_depth_and_rim() -> None:
    field = relief.crater(ir.Crater(name="c", center=(6.0, 4.0), radius=2.0, depth=1.0, rim=0.3), GRID)
    away = np.hypot(X - 6, Y - 4)
    assert field[16, 24] == field.min() == -1.0
    assert field[16, 24 + 8] == field.max() == 0.3  # the crest
    assert not field[away >= 3.0].any()
    assert (np.diff(field[16, 24:33]) > 0).all() and (np.diff(field[16, 32:37]) < 0).all()


@pytest.mark.parametrize("sharp", [0.0, 0.5, 0.9, 1.0])
def test_terraces_pull_heights_to_levels(sharp: float) -> None:
    slope = 0.3 * X - 1.0
    field = relief.terraced(slope, ir.Terraces(height=0.5, sharp=sharp))
    assert (np.diff(field, axis=1) >= -1e-12).all(), "what was higher stays as high"
    assert np.abs(field - slope).max() <= 0.25 * sharp + 1e-9
    level = np.abs(field / 0.5 - np.round(field / 0.5)) < 1e-9
    assert level.mean() >= sharp - 0.05
    if sharp == 0:
        assert np.allclose(field, slope)


def test_a_height_map_is_stretched_and_scaled() -> None:
    raster = Raster(np.array([[10.0, 20.0], [10.0, 30.0]]))
    file = ir.File("a.npy", path=None)  # type: ignore[arg-type]
    field = relief.heightmap(ir.Heightmap(file=file, height=4.0), raster, GRID)
    assert (field[0, 0], field[0, -1], field[-1, -1]) == (0, 2, 4)
    assert field[0, 24] == pytest.approx(1.0) and field[16, -1] == pytest.approx(3.0)
    metres = relief.heightmap(ir.Heightmap(file=file, height=None), raster, GRID)
    assert (metres.min(), metres.max()) == (10, 30)
    level = relief.heightmap(ir.Heightmap(file=file, height=4.0), Raster(np.ones((3, 3))), GRID)
    assert not level.any()
