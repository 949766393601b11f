"""From a scene's text to its files: what they hold, and that nothing is baked twice."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stripe_dsl.diagnostics import Diagnostic
from stripe_dsl.emit.output import changes, write
from stripe_dsl.ir.scene import Scene
from stripe_dsl.pipeline import baked_scene, check_source, compile_file
from stripe_dsl.robots.usd_joints import pxr
from stripe_dsl.scene.bake import Baked, bake, scene_key, variant_origins
from stripe_dsl.scene.layout import Layout
from stripe_dsl.scene.made import Made, make
from stripe_dsl.scene.table import read_table
from stripe_dsl.source import SourceFile

GROVE = """
asset boulder { rock { radius 40 cm; height 40 cm; variety 3 } }
asset stub { stump { radius 30 cm; height 40 cm } }

scene grove {
  size 24 m x 20 m
  seed 3
  terrain ground {
    fractal height 1 m, feature 8 m, octaves 2
    grid 50 cm
    surface friction 0.6..0.9, color #126B12, label soil
    class bog { height < 0.4 m; friction 0.3; color #203010; label mud }
  }
  zone start = circle 3 m at spawn
  water pond { level 30 cm }
  trees canopy {
    avoid start by 1 m
    pose yaw any, scale 0.8..1.2, tint +-10 %
    solid trunk 20 cm; collide together
    species pine { assets conifer { height 8 m; radius 1.5 m; variety 2 }; density 300 /ha; spacing 1.5 m }
  }
  scatter rocks {
    assets boulder 70 %, stub 30 %
    count 12; spacing 1 m
    avoid start by 0.5 m, canopy by 20 cm
    pose yaw any, scale 0.7..1.4, align slope, sink 20 %
    solid hull; collide together
  }
  cover tufts { assets cone { radius 5 cm; height 20 cm; color #30A030 }; density 1 /m2; visual }
  scatter crates { assets box { size (0.3, 0.3, 0.3) m }; count 3; spacing 1 m; kind rigid; mass 2 kg }
}
"""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STRIPEC_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def scene_of(text: str = GROVE) -> Scene:
    checked = check_source(SourceFile("grove.stripe", text))
    assert not checked.failed, checked.diagnostics
    (scene,) = checked.scenes
    return scene


def counting(calls: list[int]) -> Any:
    def counted(scene: Scene, variant: int) -> tuple[Made | None, list[Diagnostic]]:
        calls.append(variant)
        return make(scene, variant)

    return counted


def baked_of(scene: Scene, maker: Any = make) -> Baked:
    found, diagnostics = bake(scene, maker)
    assert found is not None, diagnostics
    return found


def test_the_second_bake_does_nothing(cache: Path) -> None:
    calls: list[int] = []
    first = baked_of(scene_of(), counting(calls))
    stamps = {path: path.stat().st_mtime_ns for path in first.folder.iterdir()}
    second = baked_of(scene_of(), counting(calls))
    assert calls == [0]
    assert first.fresh and not second.fresh
    assert replace(second, fresh=True) == first
    assert {path: path.stat().st_mtime_ns for path in second.folder.iterdir()} == stamps
    (first.folder / first.stages[0]).write_bytes(b"cut off")
    assert baked_of(scene_of(), counting(calls)).fresh
    assert calls == [0, 0]
    assert not list((cache / "scenes").glob(".partial*"))


def test_the_key_is_that_of_what_the_scene_says_and_its_files_hold(tmp_path: Path) -> None:
    known = scene_key(scene_of())
    assert known == scene_key(scene_of("# a remark\n" + GROVE))
    assert known != scene_key(scene_of(GROVE.replace("seed 3", "seed 4")))
    (tmp_path / "crate.obj").write_text("v 0 0 0\nv 1 0 0\nv 0 1 1\nf 1 2 3\n")
    text = GROVE.replace("boulder 70 %, stub 30 %", f'"{tmp_path}/crate.obj"').replace(
        "solid hull; collide together", "visual"
    )
    with_file = scene_key(scene_of(text))
    (tmp_path / "crate.obj").write_text("v 0 0 0\nv 2 0 0\nv 0 1 1\nf 1 2 3\n")
    assert scene_key(scene_of(text)) != with_file


@pytest.fixture(scope="module")
def baked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Baked, Layout]:
    folder = tmp_path_factory.mktemp("kept")
    patch = pytest.MonkeyPatch()
    patch.setenv("STRIPEC_CACHE", str(folder))
    found = baked_of(scene_of())
    patch.undo()
    made, _ = make(scene_of())
    assert made is not None
    return found, made.layout


def prim(baked: Baked, path: str) -> Any:
    return pxr("Usd").Stage.Open(str(baked.folder / baked.stages[0])).GetPrimAtPath(path)


def points_of(baked: Baked, path: str) -> Any:
    stage = pxr("Usd").Stage.Open(str(baked.folder / baked.stages[0]))
    return np.array(pxr("UsdGeom").Mesh(stage.GetPrimAtPath(path)).GetPointsAttr().Get())


def test_the_stage_holds_ground_classes_water_and_layers(baked: tuple[Baked, Layout]) -> None:
    found, _ = baked
    stage = pxr("Usd").Stage.Open(str(found.folder / found.stages[0]))
    meshes = [str(item.GetPath()) for item in stage.Traverse() if item.IsA("Mesh")]
    assert [path for path in meshes if path.startswith(("/Scene/Ground", "/Scene/Solids"))] == [
        "/Scene/Ground/ground",
        "/Scene/Ground/bog",
        "/Scene/Solids/canopy",
        "/Scene/Solids/rocks",
    ]
    looks = {path.split("/")[3] for path in meshes if path.startswith("/Scene/Looks")}
    assert looks == {"canopy", "rocks", "tufts", "pond"}, "crates are bodies of their own"
    labels = {
        path: list(pxr("UsdSemantics").LabelsAPI(stage.GetPrimAtPath(path), "class").GetLabelsAttr().Get())
        for path in ("/Scene/Ground/ground", "/Scene/Ground/bog", "/Scene/Solids/canopy", "/Scene/Looks/pond")
    }
    assert labels["/Scene/Ground/ground"] == ["soil"]
    assert labels["/Scene/Ground/bog"] == ["mud"]
    assert labels["/Scene/Solids/canopy"] == ["canopy", "pine", "conifer"]
    frictions = []
    for path in ("/Scene/Ground/ground", "/Scene/Ground/bog"):
        material = pxr("UsdShade").MaterialBindingAPI(stage.GetPrimAtPath(path)).ComputeBoundMaterial("physics")[0]
        frictions.append(pxr("UsdPhysics").MaterialAPI(material.GetPrim()).GetDynamicFrictionAttr().Get())
    assert 0.6 <= frictions[0] <= 0.9
    assert frictions[1] == pytest.approx(0.3)


def test_the_ground_is_that_of_the_layout(baked: tuple[Baked, Layout]) -> None:
    found, layout = baked
    grid = layout.ground.grid
    heights = np.frombuffer((found.folder / found.heights).read_bytes(), "<f4").reshape(found.shape)
    assert found.shape == (1, *grid.shape) and found.cell == grid.cell
    np.testing.assert_allclose(heights[0], layout.ground.height, atol=1e-6)
    points = np.concatenate([points_of(found, f"/Scene/Ground/{name}") for name in ("ground", "bog")])
    np.testing.assert_allclose(points[:, 2], layout.ground.height_at(points[:, :2].astype(float)), atol=1e-4)
    assert np.ptp(points[:, 0]) == pytest.approx(24)
    assert np.ptp(points[:, 1]) == pytest.approx(20)
    mud = points_of(found, "/Scene/Ground/bog")
    assert mud[:, 2].mean() < 0.4, "mud is low"
    pond = points_of(found, "/Scene/Looks/pond")
    np.testing.assert_allclose(pond[:, 2], 0.3, atol=1e-6)


def test_solids_stand_where_the_table_says(baked: tuple[Baked, Layout]) -> None:
    """Trunks are cylinders about the places of the trees, as thick as the scene says at each tree's scale."""
    found, layout = baked
    table = read_table(found.folder / found.tables[0])
    places, scales = table["canopy/position"], table["canopy/scale"]
    np.testing.assert_array_equal(places, layout.layers["canopy"].position)
    trunks = points_of(found, "/Scene/Solids/canopy").astype(float)
    gap = np.linalg.norm(trunks[:, None, :2] - places[None, :, :2], axis=2)
    owner = gap.argmin(axis=1)
    assert np.bincount(owner, minlength=len(places)).min() == 16
    np.testing.assert_allclose(gap.min(axis=1), 0.1 * scales[owner], atol=1e-4)
    feet = np.array([trunks[owner == tree, 2].min() for tree in range(len(places))])
    np.testing.assert_allclose(feet, places[:, 2], atol=1e-4)
    rocks = points_of(found, "/Scene/Solids/rocks").astype(float)
    above = rocks[:, 2] - layout.ground.height_at(rocks[:, :2])
    assert above.max() > 0.1 and above.min() < 0, "sunk, and not buried"
    # one by one: a trunk has a corner of its lower end on the ground and none above it; a rock is in the ground by
    # its sink, a fifth of its height, and what the ground under it bends
    lower = trunks[:, 2] < places[owner, 2] + 0.01
    gaps = trunks[:, 2] - layout.ground.height_at(trunks[:, :2])
    for tree in range(len(places)):
        highest = gaps[lower & (owner == tree)].max()
        assert -0.01 < highest < 0.001, tree
    stones = layout.layers["rocks"]
    owner = np.linalg.norm(rocks[:, None, :2] - stones.position[None, :, :2], axis=2).argmin(axis=1)
    tall = np.array([asset.height for asset in stones.assets])[stones.asset] * stones.scale
    assert stones.sunk == pytest.approx(0.2 * tall)
    for stone in range(len(stones)):
        mine = above[owner == stone]
        assert mine.max() > 0.5 * tall[stone], "most of it is to be seen"
        assert -0.45 * tall[stone] < mine.min() < 0, "it stands in the ground, and not deep"


def test_things_are_seen_as_boxes_where_a_scene_says_so(baked: tuple[Baked, Layout]) -> None:
    """One for each, which holds what is seen otherwise; what collides and where things stand is the same."""
    whole, layout = baked
    found = baked_of(scene_of(GROVE.replace("seed 3", "seed 3; boxes")))
    assert found.key != whole.key
    assert (found.folder / found.tables[0]).read_bytes() == (whole.folder / whole.tables[0]).read_bytes()
    for name in ("canopy", "rocks"):
        np.testing.assert_array_equal(
            points_of(found, f"/Scene/Solids/{name}"), points_of(whole, f"/Scene/Solids/{name}")
        )
        looks = []
        for each in (found, whole):
            stage = pxr("Usd").Stage.Open(str(each.folder / each.stages[0]))
            parts = [prim for prim in stage.GetPrimAtPath(f"/Scene/Looks/{name}").GetChildren() if prim.IsA("Mesh")]
            looks.append([np.array(pxr("UsdGeom").Mesh(prim).GetPointsAttr().Get()) for prim in parts])
        boxes, meshes = (np.concatenate(points) for points in looks)
        assert len(boxes) == 8 * len(layout.layers[name]) < len(meshes)
        assert boxes[:, 2].max() == pytest.approx(meshes[:, 2].max(), abs=0.3)
    plain = check_source(SourceFile("s.stripe", "scene flat { ground plane; boxes }"))
    assert [item.code for item in plain.diagnostics] == ["E0214"]


def test_variants_lie_side_by_side_and_differ() -> None:
    scene = scene_of(GROVE.replace("seed 3", "seed 3; variants 3"))
    found = baked_of(scene)
    assert found.stages == ("grove_0.usdc", "grove_1.usdc", "grove_2.usdc")
    contents = {(found.folder / name).read_bytes() for name in found.stages}
    assert len(contents) == 3
    assert found.shape[0] == 3
    origins = np.array(variant_origins(scene))
    for i in range(3):
        for j in range(i):
            apart = abs(origins[i] - origins[j])
            assert (apart >= np.array(scene.size) + 10).any(), "they do not touch each other"


def test_what_has_no_room_is_an_error_and_best_effort_a_warning() -> None:
    high = GROVE.replace("count 12; spacing 1 m", "count 12; spacing 1 m; must height > 5 m")
    baked, diagnostics = baked_scene(scene_of(high))
    assert baked is None
    assert [item.code for item in diagnostics] == ["E0702"]
    assert "rocks" in diagnostics[0].message
    eased = scene_of(high.replace("must height > 5 m", "must height > 5 m; best effort"))
    for fresh in (True, False):  # told from the cache, too
        baked, diagnostics = baked_scene(eased)
        assert baked is not None
        assert baked.fresh == fresh
        assert [item.code for item in diagnostics] == ["W0017"]


def test_flat_things_have_no_hull(tmp_path: Path) -> None:
    (tmp_path / "leaf.obj").write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n")
    baked, diagnostics = baked_scene(scene_of(GROVE.replace("boulder 70 %, stub 30 %", f'"{tmp_path}/leaf.obj"')))
    assert baked is None
    assert [item.code for item in diagnostics] == ["E0617"]
    assert "cannot be `solid hull`" in diagnostics[0].message


TASK = """
robot cart {
  link body { box (0.4, 0.3, 0.1) m; mass 2 kg }
  link wheel { cylinder radius 5 cm length 0.02 m axis y at (0, 0.2, 0) m; mass 0.1 kg }
  joint axle { type revolute; parent body; child wheel; axis y; at (0, 0.2, 0) m; limits -90..90 deg }
  actuator axle { implicit; stiffness 1 N*m/rad; damping 0.1 N*m*s/rad; effort 5 N*m }
  spawn at (1, 0, 0.2) m
}
task Drive {
  robot cart
  scene grove
  sim { physics 100 Hz; control 50 Hz; episode 5 s; envs 16 }
  action steer = position(axle) scale 0.5 rad
  observe policy { axle.pos; base.pos }
  reward per second { alive = 1.0 }
  terminate { timeout }
  train ppo { steps 16; iterations 2; actor 32 elu; critic 32 elu }
}
"""


def test_a_package_holds_its_scene(tmp_path: Path) -> None:
    source = tmp_path / "drive.stripe"
    still = "\n".join(line for line in GROVE.splitlines() if "kind rigid" not in line)
    source.write_text(still + TASK)
    (package,), diagnostics = compile_file(source, tmp_path / "out")
    assert not [item for item in diagnostics if item.severity == "error"], diagnostics
    assert write(package) == []
    folder = tmp_path / "out" / "drive"
    names = [f"grove.{suffix}" for suffix in ("usdc", "npz", "heights")]
    assert all((folder / "assets" / name).is_file() for name in names)
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["scene"] == {"name": "grove", "key": scene_key(scene_of(still)), "files": names}
    assert not any("grove" in path for path in manifest["files"]), "what floats round to is not in the manifest"
    cfg = (folder / "env_cfg.py").read_text()
    assert 'usd_path=asset("grove.usdc")' in cfg
    assert "env_spacing: float = 0.0" in cfg
    assert "pos=(13.0, 10.0, 0.2)" in cfg, "a metre to the east of the middle, where the scene spawns"
    (folder / "assets" / "grove.usdc").unlink()
    assert changes(package) == [], "a fresh clone has no baked files, and is up to date"
    assert write(package) == []
    assert (folder / "assets" / "grove.usdc").is_file()
    quick = compile_file(source, tmp_path / "out", bake=False)[0][0]
    assert quick.files == package.files and not quick.baked


def test_things_that_move_have_files_of_their_own(tmp_path: Path) -> None:
    """And are part of the package, whose configuration reads where they stand."""
    source = tmp_path / "drive.stripe"
    source.write_text(GROVE + TASK)
    packages, diagnostics = compile_file(source, tmp_path / "out")
    assert not [item for item in diagnostics if item.severity == "error"]
    (package,) = packages
    assert {"assets/grove_crates.usdc", "assets/grove_crates.poses"} <= set(package.baked)
    assert 'loose_things("{ENV_REGEX_NS}/loose_crates"' in package.files["env_cfg.py"]
    assert package.baked["assets/grove_crates.poses"].stat().st_size == 3 * 7 * 4
