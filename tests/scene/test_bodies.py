"""What can be pushed: out of the ground, with its mass, and a body of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial import ConvexHull

from stripe_dsl.ir.scene import Scene, most_bodies
from stripe_dsl.pipeline import check_source
from stripe_dsl.robots.usd_joints import pxr
from stripe_dsl.scene.bake import placed_layer, scene_key, write_scene
from stripe_dsl.scene.bodies import bodies_stage, lifted, masses
from stripe_dsl.scene.made import make
from stripe_dsl.scene.stage import rotation_matrices
from stripe_dsl.source import SourceFile

from .written import scene_of

STEEP = "    incline 25 deg, toward 30 deg\n    fractal height 1 m, feature 4 m, octaves 2\n    grid 50 cm"
STONES = """
  scatter stones {
    assets rock 50 % { radius 30 cm; variety 3; color #808080 }
    assets box 50 % { size (0.4, 0.2, 0.3) m }
    count 20; spacing 60 cm
    kind rigid; mass 2..4 kg; friction 0.6; restitution 0.1
    pose yaw any, scale 0.5..1.5, lean 0..20 deg, tint +-20 %
  }
"""


def test_nothing_begins_in_the_ground_nor_far_above_it(tmp_path: Path) -> None:
    scene = scene_of(tmp_path, STEEP, STONES)
    made, _ = make(scene, 0)
    assert made is not None
    layout = made.layout
    before = placed_layer(layout.layers["stones"], layout.seed, scene)
    after = lifted(before, layout.ground)
    depths = {"before": [], "after": []}
    for name, placed in (("before", before), ("after", after)):
        matrices = rotation_matrices(placed.rotation)
        for row, kind in enumerate(placed.kind):
            solid = placed.things[kind].solid
            assert solid is not None
            points = (solid.points * placed.scale[row]) @ matrices[row].T + placed.position[row]
            depths[name].append((layout.ground.height_at(points[:, :2]) - points[:, 2]).max())
    assert max(depths["before"]) > 0.03, "what stands on a slope is partly in it"
    assert np.allclose(depths["after"], -0.002, atol=1e-6)
    assert (after.position[:, :2] == before.position[:, :2]).all()


def test_masses_go_with_the_volume(tmp_path: Path) -> None:
    (layer,) = scene_of(tmp_path, STEEP, STONES).layers
    scale = np.linspace(0.5, 1.5, 2000)
    found = masses(layer, scale, 7, "s") / scale**3
    assert 2 <= found.min() < 2.01 and 3.99 < found.max() <= 4
    assert abs(found.mean() - 3) < 0.05
    assert (masses(layer, scale, 7, "s") == masses(layer, scale, 7, "s")).all()
    assert (masses(layer, scale, 8, "s") != masses(layer, scale, 7, "s")).any()


def test_how_many_there_may_be(tmp_path: Path) -> None:
    def most(text: str) -> int:
        scene = scene_of(tmp_path, "", text)
        return most_bodies(scene.layers[0], scene)

    box = "assets box { size (0.2, 0.2, 0.2) m }; kind rigid; mass 1 kg"
    assert most(f"scatter a {{ {box}; count 3..8; spacing 1 m }}") == 8
    assert most(f"scatter a {{ {box}; density 1000 /ha; spacing 1 m }}") == 20  # of 200 m2
    assert most(f"place a {{ {box}; grid 4 x 3 spaced (1, 1) m at (5, 5) m; at (1, 1) m }}") == 13


def test_each_is_a_body_with_its_hull(tmp_path: Path) -> None:
    """Friction, mass, colour and label are in the body: a simulator takes one after another."""
    scene = scene_of(tmp_path, STEEP, STONES)
    made, _ = make(scene, 0)
    assert made is not None
    placed = lifted(placed_layer(made.layout.layers["stones"], 7, made.layout.scene), made.layout.ground)
    stage: Any = bodies_stage(placed, np.arange(1.0, 21.0))
    physics = pxr("UsdPhysics")
    bodies = [prim for prim in stage.GetDefaultPrim().GetChildren() if prim.HasAPI(physics.RigidBodyAPI)]
    assert [prim.GetName() for prim in bodies] == [f"thing_{row:03d}" for row in range(20)]
    for row, prim in enumerate(bodies):
        assert physics.MassAPI(prim).GetMassAttr().Get() == row + 1
        move = pxr("UsdGeom").Xformable(prim).GetLocalTransformation()
        np.testing.assert_allclose(move.ExtractTranslation(), placed.position[row], atol=1e-6)
        (solid,) = (child for child in prim.GetChildren() if child.HasAPI(physics.CollisionAPI))
        assert physics.MeshCollisionAPI(solid).GetApproximationAttr().Get() == "none"
        points = np.array(pxr("UsdGeom").Mesh(solid).GetPointsAttr().Get())
        assert len(ConvexHull(points).vertices) == len(np.unique(points, axis=0)), "it is a hull already"
        material, _ = pxr("UsdShade").MaterialBindingAPI(solid).ComputeBoundMaterial("physics")
        assert material.GetPrim().GetPath().HasPrefix(prim.GetPath()), "not lost where the body alone is referred to"
        assert abs(physics.MaterialAPI(material.GetPrim()).GetDynamicFrictionAttr().Get() - 0.6) < 1e-6
        assert [child.GetName() for child in prim.GetChildren() if child.GetName().startswith("look")] == ["look_0"]


def test_the_same_scene_gives_the_same_bytes(tmp_path: Path) -> None:
    scene = scene_of(tmp_path, STEEP, STONES)
    made, _ = make(scene, 0)
    assert made is not None
    found = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_scene(scene, [made], tmp_path / name)
        found.append({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()})
    assert found[0] == found[1]
    assert {"s_stones.usdc", "s_stones.poses"} <= set(found[0])


GATE = """
robot gate {
  link post { cylinder radius 5 cm length 1.2 m at (0, 0, 0.6) m; fixed }
  link leaf { at (0, 0.6, 0.5) m; box (0.05, 1, 0.8) m; mass LEAF kg }
  joint swing { type revolute; parent post; child leaf; axis z; at (0, 0.08, 0.5) m; limits -150..150 deg }
}
scene s {
  size 20 m x 10 m
  terrain ground { incline 10 deg, toward 90 deg }
  zone start = circle 1 m at (10, 5)
  place gates { assets gate; row (5, 5) to (15, 5) m every 5 m; kind articulation; pose yaw any, sink 5 % }
}
"""


def gates(text: str, mass: str = "4") -> Scene:
    checked = check_source(SourceFile("s.stripe", text.replace("LEAF", mass)))
    assert not checked.diagnostics, checked.diagnostics
    return checked.scenes[0]


def test_things_with_joints_are_one_articulation_where_they_were_placed(tmp_path: Path) -> None:
    scene = gates(GATE)
    made, told = make(scene, 0)
    assert made is not None
    assert not told
    write_scene(scene, [made], tmp_path)
    stage: Any = pxr("Usd").Stage.Open(str(tmp_path / "s_gates.usda"))
    found = made.layout.layers["gates"]
    for row in range(3):
        prim = stage.GetPrimAtPath(f"/gates/post_{row}")
        move = pxr("UsdGeom").Xformable(prim).GetLocalTransformation()
        np.testing.assert_allclose(move.ExtractTranslation(), found.position[row], atol=1e-6)
        leaf = pxr("UsdGeom").Xformable(stage.GetPrimAtPath(f"/gates/leaf_{row}")).GetLocalTransformation()
        turned = rotation_matrices(found.rotation)[row] @ (0, 0.6, 0.5) + found.position[row]
        np.testing.assert_allclose(leaf.ExtractTranslation(), turned, atol=1e-6)
    assert (found.footprint > 1.0).all(), "as wide as its leaf"
    static: Any = pxr("Usd").Stage.Open(str(tmp_path / "s.usdc"))
    assert not static.GetPrimAtPath("/Scene/Solids/gates")


def test_they_have_to_be_there_all() -> None:
    _, told = make(gates(GATE.replace("kind articulation;", "kind articulation; avoid start;")), 0)
    assert [(item.code, item.message) for item in told] == [
        ("E0702", "gates: 2 of 3 stand, and things with joints have to be there all")
    ]


def test_of_what_can_be_pushed_there_has_to_be_one() -> None:
    """A density may come to none, and `best effort` too; a simulator has no collection without a body."""
    layer = "scatter a { assets box { size (0.2, 0.2, 0.2) m }; kind rigid; mass 1 kg; spacing 1 m; %s }"
    for amount in ("density 10 /ha; height > 50 m", "count 3; height > 50 m; best effort"):
        checked = check_source(
            SourceFile("s.stripe", f"scene s {{ size 9 m x 9 m; terrain ground {{ }}; {layer % amount} }}")
        )
        assert not checked.diagnostics
        _, told = make(checked.scenes[0], 0)
        assert [item.code for item in told if item.severity == "error"] == ["E0702"]
    checked = check_source(
        SourceFile("s.stripe", f"scene s {{ size 9 m x 9 m; terrain ground {{ }}; {layer % 'count 2'} }}")
    )
    assert not make(checked.scenes[0], 0)[1]


def test_a_scene_depends_on_what_they_are() -> None:
    assert scene_key(gates(GATE)) == scene_key(gates(GATE))
    assert scene_key(gates(GATE)) != scene_key(gates(GATE, "5"))
