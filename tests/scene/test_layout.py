"""Scenes with everything in its place: what has to hold of all of them, and what is said of those that cannot be."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from functools import cache
from math import pi, radians
from pathlib import Path

import numpy as np
import pytest

from stripe_dsl.ir import rules, scene
from stripe_dsl.ir.assets import Choice, Pose, Solid
from stripe_dsl.scene import pose as poses
from stripe_dsl.scene.layout import Layout
from stripe_dsl.scene.streams import variant_seed
from stripe_dsl.scene.table import COLUMNS, read_table, table_bytes, write_table
from tests.scene.forest import (
    avoid,
    ball,
    below,
    conifer,
    described,
    flat,
    layer,
    pine_forest,
    placed,
    rolling,
    species,
    with_layer,
)
from tests.scene.test_poisson import shortfall

SIZE = (50.0, 50.0)


@cache
def forest() -> Layout:
    return placed(pine_forest(), rolling(SIZE))


def same(one: Layout, other: Layout, name: str) -> bool:
    first, second = one.layers[name], other.layers[name]
    return all(getattr(first, column).tobytes() == getattr(second, column).tobytes() for column in COLUMNS)


def xy(layout: Layout, name: str) -> np.ndarray:
    return layout.layers[name].position[:, :2]


def test_the_forest_is_placed_as_asked() -> None:
    layout = forest()
    assert layout.problems == ()
    asked = {report.species: (report.asked, report.placed) for report in layout.reports}
    assert all(asked == placed for asked, placed in asked.values())
    suits = {kind: float(layout.suitability("canopy", kind).mean()) for kind in ("pine", "birch")}
    for kind, density in (("pine", 0.05), ("birch", 0.03)):
        assert asked[kind][0] == pytest.approx(density * 2500 * suits[kind], rel=0.05)
    assert asked["grass"][0] == pytest.approx(layout.suitability("grass", "grass").mean() * 2500, rel=0.02)


def test_spacing_holds_in_every_layer() -> None:
    layout = forest()
    trees = layout.layers["canopy"]
    assert shortfall(xy(layout, "canopy"), np.where(trees.species == 0, 1.8, 1.6)) <= 0
    assert shortfall(xy(layout, "rocks"), np.full(len(layout.layers["rocks"]), 1.8)) <= 0
    assert shortfall(xy(layout, "grass"), np.full(len(layout.layers["grass"]), 0.3)) <= 0


def test_nothing_stands_in_what_it_avoids() -> None:
    layout = forest()
    start, trail = layout.zones["start"], layout.zones["trail"]
    trees, rocks, grass = (layout.layers[name] for name in ("canopy", "rocks", "grass"))
    assert (start.distance(xy(layout, "canopy")) >= 4 + trees.footprint).all()
    assert (trail.distance(xy(layout, "canopy")) >= 1 + trees.footprint).all()
    assert (start.distance(xy(layout, "rocks")) >= 1 + rocks.footprint).all()
    gap = np.linalg.norm(xy(layout, "rocks")[:, None] - xy(layout, "canopy")[None], axis=2)
    assert (gap - rocks.footprint[:, None] - trees.footprint[None] >= 0.5).all()
    gap = np.linalg.norm(xy(layout, "grass")[:, None] - xy(layout, "canopy")[None], axis=2) - trees.footprint[None]
    assert gap.min() > 0.5
    assert (layout.ground.grid.sample(layout.ground.slope, xy(layout, "grass")) < radians(35)).all()
    assert len(grass) > 1000


def test_nothing_floats_and_nothing_is_buried_beyond_its_sink() -> None:
    """The disc that an instance stands on has no point above the ground, and one that touches it when it is pulled up
    by how far it was sunk."""
    layout = forest()
    for name, found in layout.layers.items():
        base = np.minimum(found.footprint, found.crown)
        rocks = name == "rocks"
        if rocks:  # a ball's lowest part: its middle touches
            base = found.footprint
        over = []
        for angle in np.linspace(0, 2 * pi, 12, endpoint=False):
            rim = np.stack([np.cos(angle) * base, np.sin(angle) * base, np.zeros(len(base))], axis=1)
            at = found.position + poses.rotated(found.rotation, rim)
            over.append(at[:, 2] - layout.ground.height_at(at[:, :2]))
        over.append(found.position[:, 2] - layout.ground.height_at(found.position[:, :2]))
        highest = np.max(over, axis=0)
        assert (highest <= 1e-9).all(), name
        assert (highest + found.sunk >= -1e-9).all(), name
        tall = np.array([asset.height for asset in found.assets])[found.asset] * found.scale
        assert found.sunk == pytest.approx(tall * (0.2 if rocks else 0.0))


def test_rotations_are_of_unit_length_and_follow_the_slope_where_asked() -> None:
    layout = forest()
    for found in layout.layers.values():
        assert np.linalg.norm(found.rotation, axis=1) == pytest.approx(1.0)
    up = poses.rotated(layout.layers["rocks"].rotation, np.tile((0.0, 0, 1), (len(layout.layers["rocks"]), 1)))
    assert up == pytest.approx(layout.ground.normal_at(xy(layout, "rocks")), abs=1e-9)
    trees = layout.layers["canopy"]
    lean = np.arccos(np.clip(poses.rotated(trees.rotation, np.tile((0.0, 0, 1), (len(trees), 1)))[:, 2], -1, 1))
    assert radians(2) < lean.max() <= radians(3) + 1e-9


def test_age_gives_size() -> None:
    trees = forest().layers["canopy"]
    young, grown = trees.age < 5, trees.age > 20
    assert young.any() and trees.scale[young].max() < trees.scale[grown].min()
    assert np.corrcoef(trees.age[trees.age < 20], trees.scale[trees.age < 20])[0, 1] > 0.9
    assert trees.scale[grown].min() >= 0.8 and trees.scale[grown].max() <= 1.2


def test_stumps_are_stumps() -> None:
    """The kind of thing is kept beside the layer that it is of: in the original all were spawned as rocks."""
    found = forest().layers["rocks"]
    assert [asset.label for asset in found.assets] == ["rock", "stump", "log"]
    assert found.layer.label == "rocks"
    many = replace(found.layer.species[0], density=0.15, rules=())
    rocks = placed(described(layer("rocks", many))).layers["rocks"]
    shares = np.bincount(rocks.asset, minlength=3) / len(rocks)
    assert shares == pytest.approx([0.55, 0.35, 0.10], abs=0.05)
    sizes = np.array([asset.radius for asset in rocks.assets])
    assert rocks.footprint == pytest.approx(sizes[rocks.asset] * rocks.scale)


def test_dead_trees_are_snags() -> None:
    trees = forest().layers["canopy"]
    assert trees.dead.any()
    labels = np.array([asset.label for asset in trees.assets])[trees.asset]
    assert set(labels[trees.dead]) == {"snag"} and set(labels[~trees.dead]) == {"tree"}


def test_trees_that_do_not_grow_are_a_scatter() -> None:
    trees = placed(pine_forest(years=0), rolling(SIZE)).layers["canopy"]
    assert np.isnan(trees.age).all() and not trees.dead.any()
    assert trees.scale.min() >= 0.8 and trees.scale.max() <= 1.2


def test_another_layer_leaves_all_others_as_they_were() -> None:
    more = layer("bushes", species("bushes", ball("bush"), density=0.05, spacing=1.0))
    other = placed(with_layer(pine_forest(), more), rolling(SIZE))
    assert len(other.layers["bushes"]) == 125
    for name in ("canopy", "rocks", "grass"):
        assert same(forest(), other, name)


def test_a_changed_rule_changes_only_layers_below() -> None:
    was = pine_forest()
    canopy, rocks, grass = was.layers
    wider = replace(rocks.species[0], rules=(avoid("canopy", 2.0), avoid("start", 1.0)))
    other = placed(replace(was, layers=(canopy, replace(rocks, species=(wider,)), grass)), rolling(SIZE))
    assert same(forest(), other, "canopy") and same(forest(), other, "grass")
    assert not same(forest(), other, "rocks")
    denser = replace(canopy.species[0], density=0.06)
    other = placed(replace(was, layers=(replace(canopy, species=(denser,)), rocks, grass)), rolling(SIZE))
    assert not any(same(forest(), other, name) for name in ("canopy", "grass"))


def test_seeds_and_variants_differ() -> None:
    was = pine_forest(years=0)
    first, second = placed(was, flat(SIZE)), placed(was, flat(SIZE), variant=1)
    assert not same(first, second, "rocks")
    assert not same(second, placed(replace(was, seed=was.seed + 1), flat(SIZE)), "rocks"), "seeds share no scene"
    assert same(second, placed(was, flat(SIZE), variant=1), "rocks")
    assert len({variant_seed(seed, variant) for seed in range(20) for variant in range(20)}) == 400


CODE = """
import hashlib
from tests.scene.forest import pine_forest, placed, rolling
from stripe_dsl.scene.table import table_bytes
print(hashlib.sha256(table_bytes(placed(pine_forest(), rolling((50.0, 50.0))))).hexdigest())
"""


def test_another_process_gives_the_same_bytes() -> None:
    root = Path(__file__).parents[2]
    env = os.environ | {"PYTHONHASHSEED": "12345", "PYTHONPATH": str(root)}
    done = subprocess.run([sys.executable, "-c", CODE], cwd=root, env=env, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == hashlib.sha256(table_bytes(forest())).hexdigest()


def test_the_table_holds_what_was_placed(tmp_path: Path) -> None:
    write_table(tmp_path / "placements.npz", forest())
    table = read_table(tmp_path / "placements.npz")
    assert table["scene/layers"].tolist() == ["canopy", "rocks", "grass"]
    assert table["rocks/classes"].tolist() == ["rock", "stump", "log"] and str(table["rocks/class"]) == "rocks"
    for name, found in forest().layers.items():
        for column in COLUMNS:
            assert table[f"{name}/{column}"].tobytes() == getattr(found, column).tobytes()


# ---- what cannot be placed


def only(what: scene.Scene) -> str:
    layout = placed(what)
    assert len(layout.problems) == 1 and layout.failed
    return layout.problems[0].message


def test_more_than_the_spacing_holds_is_refused_before_sampling() -> None:
    rocks = species("rocks", ball("rock"), density=0.5, spacing=1.8)
    layout = placed(described(layer("rocks", rocks)))
    assert [problem.kind for problem in layout.problems] == ["packing"] and len(layout.layers["rocks"]) == 0
    assert layout.problems[0].limit == 576
    assert layout.problems[0].message == (
        "rocks: 1250 asked for, but at a spacing of 1.8 m no more than 576 have room: "
        "placed at random 0.215 /m2, in the densest grid 0.356 /m2"
    )


def test_the_limit_can_nearly_be_reached() -> None:
    for size, share in (((50.0, 50.0), 0.9), ((6.0, 6.0), 0.8)):
        limit = placed(
            described(layer("rocks", species("rocks", ball("rock"), count=(10**6,) * 2, spacing=1.8)), size=size)
        )
        count = int(share * limit.problems[0].limit)
        fits = described(layer("rocks", species("rocks", ball("rock"), count=(count, count), spacing=1.8)), size=size)
        assert placed(fits).problems == ()


def test_the_limiting_rule_is_named_with_its_share() -> None:
    trees = layer("canopy", species("canopy", ball("tree"), density=0.05, spacing=2.0))
    near = avoid("canopy", 2.2)
    rocks = species("rocks", ball("rock"), count=(400, 400), spacing=1.8, rule=(near, below("slope", 0.6)))
    layout = placed(described(trees, layer("rocks", rocks)))
    (problem,) = layout.problems
    assert problem.kind == "short" and problem.limiting is not None and problem.limiting.rule is near
    stands, away = len(layout.layers["rocks"]), round(100 * problem.limiting.excluded)
    assert 10 < stands < 400
    assert problem.message == f"rocks: {stands} of 400 placed; avoid canopy by 2.2 m excluded {away} %"
    assert layout.text().endswith(f"rocks: {stands} of 400; avoid canopy by 2.2 m excluded {away} %")


def test_best_effort_makes_it_a_warning() -> None:
    rocks = species("rocks", ball("rock"), density=0.5, spacing=1.8)
    layout = placed(described(layer("rocks", rocks, best_effort=True)))
    assert not layout.failed and all(problem.warning for problem in layout.problems)
    assert 480 < len(layout.layers["rocks"]) < 620


def test_where_no_ground_suits() -> None:
    rocks = species(
        "rocks", ball("rock"), density=0.1, rule=(rules.Between(text="height 5..6 m", name="height", low=5, high=6),)
    )
    assert only(described(layer("rocks", rocks))) == "rocks: no place in the scene suits; height 5..6 m excluded 100 %"


def test_a_forest_without_seeds_is_extinct() -> None:
    barren = scene.Growth(lifespan=40, mature=10, decline=30, seeds=0, reach=5)
    trees = layer("canopy", species("pine", conifer(), density=0.02, growth=barren), kind="trees", years=60)
    assert only(described(trees)) == "canopy: none of 50 trees or of their seeds lives after 60 years"


def test_a_named_place_that_a_rule_excludes() -> None:
    zone = scene.Circle(name="start", center=(25.0, 25.0), radius=5.0)
    spots = tuple(
        scene.Spot(at=at, z=None, rotation=(0.0, 0.0, 0.0, 1.0), exact=exact)
        for at, exact in (((10.0, 10.0), True), ((26.0, 25.0), True), ((24.0, 25.0), False), ((60.0, 10.0), True))
    )
    huts = layer("huts", species("huts", ball("hut"), rule=(avoid("start", 1.0),)), kind="place", spots=spots)
    layout = placed(described(huts, zones=(zone,)))
    assert [problem.message for problem in layout.problems] == [
        "huts: the place at (26, 25) m is excluded by `avoid start by 1 m`",
        "huts: the place at (60, 10) m is outside of the scene",
    ]
    assert xy(layout, "huts").tolist() == [[10.0, 10.0]]


def test_named_places_are_exact() -> None:
    turn = poses.about(np.array([[0.0, 0.0, 1.0]]), np.array([pi / 2]))[0]
    spots = (
        scene.Spot(at=(10.0, 12.0), z=None, rotation=(0.0, 0.0, 0.0, 1.0), exact=True),
        scene.Spot(at=(20.0, 12.0), z=3.0, rotation=tuple(turn.tolist()), exact=True),
    )
    one = species("huts", ball("hut"), pose=Pose())
    huts = placed(described(layer("huts", one, kind="place", spots=spots)), rolling(SIZE)).layers["huts"]
    assert huts.position[:, :2].tolist() == [[10.0, 12.0], [20.0, 12.0]] and huts.position[1, 2] == 3.0
    assert huts.rotation == pytest.approx(np.array([[0, 0, 0, 1.0], turn]))


def test_more_than_a_layer_holds_is_refused() -> None:
    grass = species("grass", ball("tuft", 0.05), density=1e6, spacing=0.0, solid=Solid(kind="visual"))
    assert only(described(layer("grass", grass, kind="cover", best_effort=True))) == (
        "grass: 2500000000 asked for; a layer holds 2000000 of a kind at most"
    )


def test_best_effort_throws_no_more_than_could_have_room() -> None:
    rocks = species("rocks", ball("rock"), count=(1_000_000,) * 2, spacing=1.8)
    layout = placed(described(layer("rocks", rocks, best_effort=True)))
    assert (layout.reports[0].asked, layout.failed) == (1_000_000, False)
    assert 480 < len(layout.layers["rocks"]) < 620


def test_without_spacing_things_may_touch() -> None:
    rocks = species("rocks", ball("rock"), density=4.0, spacing=0.0)
    assert len(placed(described(layer("rocks", rocks))).layers["rocks"]) == 10_000


# ---- covers, water, regions


def test_a_cover_is_thinned_to_its_budget() -> None:
    grass = species("grass", ball("tuft", 0.05), density=4.0, spacing=0.2, solid=Solid(kind="visual"))
    layout = placed(described(layer("grass", grass, kind="cover", budget=3000)))
    assert len(layout.layers["grass"]) == 3000 and layout.problems == ()
    assert layout.reports[0].thinned == 7000


def test_water_is_the_ground_below_its_level() -> None:
    ground = rolling(SIZE)
    lake = scene.Water(name="lake", level=-0.5, zone=None, color=(0, 0, 1), opacity=0.5, label="water")
    reeds = species(
        "reeds", ball("reed", 0.05), density=0.2, rule=(rules.Near(text="", target="lake", full=0.0, none=1.0),)
    )
    trees = species("trees", ball("tree", 0.2), density=0.02, rule=(avoid("lake", 1.0),))
    what = described(layer("reeds", reeds), layer("trees", trees), water=(lake,), order=("lake", "reeds", "trees"))
    layout = placed(what, ground)
    wet = ground.grid.sample(ground.height, xy(layout, "trees")) < -0.5
    assert not wet.any() and len(layout.layers["trees"]) > 10
    assert layout.zones["lake"].distance(xy(layout, "reeds")).max() < 1.0
    assert layout.zones["lake"].distance(xy(layout, "trees")).min() >= 1.2 - 1e-6


def test_a_region_is_what_rules_leave_and_layers_use_it() -> None:
    steep = rules.Limit(text="must slope > 12 deg", name="slope", below=False, one=radians(12), zero=radians(12))
    region = scene.Region(name="cliffs", rules=(steep,))
    rocks = species("rocks", ball("rock"), count=(100, 100), rule=(rules.Within(text="", zone="cliffs"),))
    ground = rolling(SIZE)
    layout = placed(described(layer("rocks", rocks), zones=(region,)), ground)
    assert (layout.zones["cliffs"].mask(ground.grid) == (ground.slope > radians(12))).all()
    assert len(layout.layers["rocks"]) == 100
    assert (ground.grid.sample(ground.slope, xy(layout, "rocks")) > radians(10)).all()


def test_an_empty_region_keeps_nothing_away() -> None:
    high = rules.Limit(text="must height > 9 m", name="height", below=False, one=9, zero=9)
    rocks = species("rocks", ball("rock"), count=(20, 20), rule=(avoid("peaks", 1.0),))
    layout = placed(described(layer("rocks", rocks), zones=(scene.Region(name="peaks", rules=(high,)),)))
    assert len(layout.layers["rocks"]) == 20


def test_the_footprint_of_a_tree_is_its_trunk() -> None:
    for solid, radius in (
        (Solid(kind="trunk"), 0.15),
        (Solid(kind="trunk", radius=0.1), 0.1),
        (Solid(kind="hull"), 1.2),
    ):
        trees = layer("trees", species("trees", conifer(), count=(3, 3), solid=solid))
        found = placed(described(trees)).layers["trees"]
        assert found.footprint == pytest.approx(radius) and found.crown == pytest.approx(1.2)


def test_assets_may_have_a_spacing_of_their_own() -> None:
    choices = (Choice(asset=ball("big"), weight=0.2, spacing=4.0), Choice(asset=ball("small"), weight=0.8))
    one = species("rocks", *choices, density=0.04, spacing=1.0)
    found = placed(described(layer("rocks", one))).layers["rocks"]
    assert len(found) == 100
    assert shortfall(found.position[:, :2], np.where(found.asset == 0, 4.0, 1.0)) <= 0
