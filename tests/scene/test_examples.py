"""The scenes of the examples, placed: what their files say holds of what stands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stripe_dsl.ir.rasters import Raster, sample
from stripe_dsl.ir.rules import Avoid
from stripe_dsl.pipeline import check_file
from stripe_dsl.robots.usd_joints import pxr
from stripe_dsl.scene.bake import write_scene
from stripe_dsl.scene.layout import Layout, build_layout
from stripe_dsl.scene.made import make
from stripe_dsl.scene.pose import rotated
from stripe_dsl.scene.sampled import sampled
from stripe_dsl.scene.table import COLUMNS, write_table
from stripe_dsl.scene.terrain import build_ground
from tests.scene.test_poisson import shortfall

SCENES = Path(__file__).parents[2] / "examples" / "scenes"
NAMES = ("pine_forest", "orchard", "boulder_field")


@cache
def layout(name: str) -> Layout:
    (scene,) = check_file(SCENES / f"{name}.stripe").scenes
    return build_layout(scene, ground=build_ground(scene))


@pytest.mark.parametrize("name", NAMES)
def test_all_layers_find_their_place(name: str) -> None:
    found = layout(name)
    assert not found.failed, [problem.message for problem in found.problems]
    for instances in found.layers.values():
        assert len(instances) and np.isfinite(instances.position).all()
        assert np.linalg.norm(instances.rotation, axis=1) == pytest.approx(1.0)


@pytest.mark.parametrize("name", NAMES)
def test_spacing_and_avoided_places_hold(name: str) -> None:
    found = layout(name)
    around = found.surroundings
    for instances in found.layers.values():
        points = instances.position[:, :2]
        if instances.layer.kind != "place":
            spacing = np.array([species.spacing for species in instances.layer.species])
            assert shortfall(points, np.maximum(spacing[instances.species], 1e-9)) <= 0
        for index, species in enumerate(instances.layer.species):
            mine = instances.species == index
            for rule in species.rules:
                if isinstance(rule, Avoid):
                    away = around.distance(rule.target, points[mine])
                    assert (away >= rule.distance + instances.footprint[mine] - 1e-9).all(), rule.text


def test_the_understory_stands_in_patches_around_trees_and_grass_is_sunk() -> None:
    found = layout("pine_forest")
    bushes, grass = found.layers["understory"], found.layers["grass"]
    points = bushes.position[:, :2]
    away = found.surroundings.distance("canopy", points)
    assert (away >= 0.8 + bushes.footprint - 1e-9).all()
    anywhere = found.surroundings.distance("canopy", np.random.default_rng(1).uniform(0, 50, (4000, 2)))
    assert np.median(away) < np.median(anywhere[anywhere > 1.2]), "they prefer to be near"
    suits = found.suitability("understory", "understory")
    assert 0.1 < (suits > 0).mean() < 0.5, "half of the ground is in patches, and some of that too near or too far"
    columns, rows = (points / found.ground.grid.cell).round().astype(int).T
    assert (suits[rows, columns] > 0).mean() > 0.9, "but for what lies between vertices at the edge of a patch"
    assert grass.sunk == pytest.approx(0.1)
    assert bushes.sunk == pytest.approx(0.2 * 0.6 * bushes.scale)


def test_the_forest_has_grown() -> None:
    trees = layout("pine_forest").layers["canopy"]
    assert trees.layer.years == 70
    assert (trees.age < 20).any() and (trees.age > 60).any() and trees.dead.any()
    labels = {trees.assets[row].label for row in np.unique(trees.asset[trees.dead])}
    assert labels == {"log"}


def test_the_page_has_the_numbers_of_the_forest() -> None:
    """docs/scenes.md says how steep and how moist it is, and how far off distances in tasks are."""
    page = " ".join((SCENES.parents[1] / "docs/scenes.md").read_text(encoding="utf-8").split())
    found = layout("pine_forest")
    assert f"half of the ground is steeper than {np.degrees(np.median(found.ground.slope)):.0f} deg." in page
    low, high = np.percentile(found.ground.moisture, (25, 75))
    assert f"half of the ground is between {low:.2f} and {high:.2f}." in page
    points = np.random.default_rng(1).uniform((0, 0), (50, 50), (100_000, 2))
    raster = Raster(sampled("solid.distance", found, {})[None], found.ground.grid.cell)
    read = sample("nearest", raster, np.zeros(len(points), dtype=np.int64), points)
    error = read - found.surroundings.distance("solid", points)
    many, most = int((error > 1e-9).sum()), np.ceil(100 * error.max())
    assert f"that is so for {many} of 100,000 points, by {most:.0f} cm at most." in page


def test_another_process_bakes_the_same_files(tmp_path: Path) -> None:
    """From the file of a scene to its stage, table and heights, byte by byte."""
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    path = SCENES / "boulder_field.stripe"
    (scene,) = check_file(path).scenes
    made, _ = make(scene)
    assert made is not None
    write_scene(scene, [made], here)
    env = os.environ | {"PYTHONHASHSEED": "4242", "PYTHONPATH": str(SCENES.parents[1])}
    subprocess.run([sys.executable, "-c", BAKE, path, there], env=env, check=True, timeout=120)
    ours, theirs = ({path.name: path.read_bytes() for path in folder.iterdir()} for folder in (here, there))
    assert {Path(name).suffix for name in ours} >= {".usdc", ".npz", ".heights"}
    assert ours == theirs


def test_the_page_reads_a_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the program that stands in docs/scenes.md; and all columns stand there."""
    page = (SCENES.parents[1] / "docs/scenes.md").read_text(encoding="utf-8")
    found = layout("pine_forest")
    write_table(tmp_path / "pine_forest.npz", found)
    monkeypatch.chdir(tmp_path)
    (program,) = re.findall(r"^```python\n(.*?)^```$", page, re.M | re.S)
    scope: dict[str, Any] = {}
    exec(program, scope)
    trees = found.layers["canopy"]
    assert [species.name for species in trees.layer.species] == ["pine", "birch"]
    expected = trees.position[(trees.species == 0) & (trees.age > 20) & ~trees.dead]
    assert len(expected) > 30
    np.testing.assert_array_equal(scope["places"], expected)
    section = page.partition("| column | |")[2].partition("The stage:")[0]
    assert [name for name in (*COLUMNS, "assets", "classes", "class") if f"`{name}`" not in section] == []


BAKE = """
import sys
from pathlib import Path
from stripe_dsl.pipeline import check_file
from stripe_dsl.robots.usd_joints import pxr
from stripe_dsl.scene.bake import write_scene
from stripe_dsl.scene.made import make

(scene,) = check_file(Path(sys.argv[1])).scenes
made, diagnostics = make(scene)
assert made is not None and not diagnostics
write_scene(scene, [made], Path(sys.argv[2]))
"""


def test_logs_lie_on_the_ground() -> None:
    found = layout("pine_forest")
    trees = found.layers["canopy"]
    logs = np.flatnonzero(trees.dead)
    up = rotated(trees.rotation[logs], np.tile((0.0, 0.0, 1.0), (len(logs), 1)))
    assert up == pytest.approx(found.ground.normal_at(trees.position[logs, :2]), abs=1e-9)
    assert trees.footprint[logs] == pytest.approx(trees.crown[logs])  # all of a log is solid, and none of it a trunk


def test_every_thing_that_is_seen_says_what_it_is(tmp_path: Path) -> None:
    """Layer, species and asset of each mesh, as its semantic class: dead pines are logs, no mesh is of two kinds."""
    (scene,) = check_file(SCENES / "pine_forest.stripe").scenes
    made, _ = make(scene, 0)
    assert made is not None
    write_scene(scene, [made], tmp_path)
    (stage_file,) = tmp_path.glob("*.usdc")
    stage = pxr("Usd").Stage.Open(str(stage_file))
    found: dict[str, set[tuple[str, ...]]] = {}
    for prim in stage.Traverse():
        path = str(prim.GetPath()).split("/")
        if prim.IsA("Mesh") and path[2] == "Looks":
            labels = tuple(pxr("UsdSemantics").LabelsAPI(prim, "class").GetLabelsAttr().Get())
            found.setdefault(path[3], set()).add(labels)
    assert found["canopy"] == {
        ("canopy", "pine", "conifer"), ("canopy", "pine", "log"), ("canopy", "birch", "broadleaf")
    }  # fmt: skip
    assert {labels[-1] for labels in found["rocks"]} <= {"rock", "stump", "log"}
    assert len(found["rocks"]) > 1
