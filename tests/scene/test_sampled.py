"""Fields as tasks read them are what the scene says at the same points, to what the grid allows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stripe_dsl.ir.rasters import Raster, sample
from stripe_dsl.pipeline import check_source
from stripe_dsl.scene.made import Made, make
from stripe_dsl.scene.sampled import FAR, rasters, sampled
from stripe_dsl.scene.surroundings import Circles
from stripe_dsl.source import SourceFile

ROOT = Path(__file__).parents[2]

SCENE = """
scene wood {
  size 30 m x 20 m
  terrain ground { fractal height 2 m, feature 8 m, octaves 2; drainage carve 20 %; moisture flow 1; grid 25 cm }
  zone high { height > 0.2 m }
  zone nowhere { height > 90 m }
  water pond { level -30 cm }
  trees canopy { species fir { assets conifer; density 300 /ha; spacing 2 m; solid trunk 30 cm } }
  scatter rocks { assets rock { radius 60 cm; height 50 cm }; count 20; solid hull; avoid canopy by 20 cm }
  cover grass { assets cone { radius 5 cm; height 20 cm }; count 0; visual }
  map easy { slope < 30 deg; around solid 2 m, penalty 50 % }
}
"""


@pytest.fixture(scope="module")
def made() -> Made:
    found = check_source(SourceFile("wood.stripe", SCENE))
    assert not found.failed, found.diagnostics
    (scene,) = found.scenes
    variant, diagnostics = make(scene)
    assert variant is not None, diagnostics
    return variant


def read(made: Made, name: str, kind: str, points: np.ndarray) -> np.ndarray:
    raster = Raster(sampled(name, made.layout, made.maps)[None], made.layout.ground.grid.cell)
    return sample(kind, raster, np.zeros(len(points), dtype=np.int64), points)


@pytest.fixture(scope="module")
def points() -> np.ndarray:
    return np.random.default_rng(3).uniform((-1, -1), (31, 21), (20_000, 2))


def inside(points: np.ndarray) -> np.ndarray:
    return np.all((points >= 0) & (points <= (30, 20)), axis=1)


def test_the_ground(made: Made, points: np.ndarray) -> None:
    """Heights and normals are those of the collider; other fields those that rules read."""
    ground, around = made.layout.ground, made.layout.surroundings
    np.testing.assert_allclose(read(made, "ground.height", "height", points), ground.height_at(points), atol=1e-12)
    np.testing.assert_allclose(read(made, "ground.height", "normal", points), ground.normal_at(points), atol=1e-9)
    for name in ("slope", "north", "flow", "moisture"):
        expected = around.value(name, points)
        np.testing.assert_allclose(read(made, f"ground.{name}", "value", points), expected, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(
        read(made, "easy.value", "value", points), ground.grid.sample(made.maps["easy"], points), atol=1e-12
    )


@pytest.mark.parametrize("name", ["canopy", "rocks", "solid"])
def test_distances_are_exact_but_for_slivers(made: Made, points: np.ndarray, name: str) -> None:
    """Never too small, hardly ever too large, and then by little: see ``stripe_dsl.ir.rasters``."""
    points = points[inside(points)]
    found = read(made, f"{name}.distance", "nearest", points)
    exact = made.layout.surroundings.distance(name, points)
    error = found - exact
    assert error.min() > -1e-9
    assert (error > 1e-9).mean() < 0.01
    assert error.max() < 0.05
    assert (found[exact == 0] == 0).all()


def test_the_bound_of_distances_holds_in_a_crowd() -> None:
    """Circles closer than the vertices are: too large by less than twice the diagonal of a cell."""
    rng = np.random.default_rng(0)
    centers, radii = rng.uniform(0, 4, (400, 2)), rng.uniform(0.01, 0.05, 400)
    circles, cell = Circles(centers, radii), 0.5
    x, y = np.meshgrid(*[np.arange(9, dtype=np.float64) * cell] * 2)
    which = circles.nearest(np.stack([x.ravel(), y.ravel()], axis=1))
    values = np.concatenate([centers[which], radii[which, None]], axis=1).reshape(1, 9, 9, 3)
    points = rng.uniform(0, 4, (5000, 2))
    error = sample("nearest", Raster(values, cell), np.zeros(5000, dtype=np.int64), points) - circles.distance(points)
    assert error.min() > -1e-9
    assert 0.05 < error.max() < 2 * cell * np.sqrt(2)


def test_zones_of_rules_and_water(made: Made, points: np.ndarray) -> None:
    points = points[inside(points)]
    for name in ("high", "pond"):
        found = np.maximum(read(made, f"{name}.distance", "value", points), 0)
        np.testing.assert_allclose(found, made.layout.surroundings.distance(name, points), atol=1e-9)
        assert 0 < (found == 0).mean() < 1


def test_what_is_nowhere_is_far_away(made: Made, points: np.ndarray) -> None:
    assert (read(made, "nowhere.distance", "value", points) == FAR).all()
    assert (read(made, "grass.distance", "nearest", points) > FAR - 100).all()
    assert (read(made, "grass.density", "value", points) == 0).all()


def test_the_nearest_circle_is_that_of_the_distance() -> None:
    rng = np.random.default_rng(1)
    centers, radii = rng.uniform(0, 9, (300, 2)), rng.uniform(0.01, 2, 300) ** 2
    circles, points = Circles(centers, radii), rng.uniform(-1, 10, (2000, 2))
    which = circles.nearest(points)
    outlines = np.linalg.norm(points[:, None] - centers, axis=-1) - radii
    np.testing.assert_allclose(outlines[np.arange(2000), which], outlines.min(axis=1), atol=1e-12)
    assert (Circles(np.zeros((0, 2)), np.zeros(0)).nearest(points) == -1).all()


def test_only_what_a_task_reads_is_baked() -> None:
    text = SCENE + (ROOT / "tests/scene/reader.stripe").read_text()
    found = check_source(SourceFile("wood.stripe", text))
    assert not found.failed
    (program,) = found.programs
    assert program.scene is not None
    assert program.scene.reads == ("canopy.distance", "easy.value", "ground.slope", "pond.distance")
    assert found.scenes[0].reads == ()
    variant, _ = make(program.scene)
    assert variant is not None
    assert set(rasters([variant])) == {"ground.height", *program.scene.reads}
