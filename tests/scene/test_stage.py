"""The stage of a scene: merged meshes with their materials and labels, the same bytes each time, quickly."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import pytest

from stripe_dsl.robots.meshes import Mesh
from stripe_dsl.robots.usd_joints import pxr
from stripe_dsl.scene.prims import Contact, prim_name
from stripe_dsl.scene.shapes import box, cone, cylinder, volume
from stripe_dsl.scene.stage import GroundPart, PlacedLayer, write_stage
from stripe_dsl.scene.things import Piece, Thing

GREEN, BROWN, GREY = (0.1, 0.3, 0.1), (0.3, 0.2, 0.1), (0.4, 0.4, 0.4)
TREE = Thing("tree", (Piece("trunk", cylinder(0.1, 2), BROWN), Piece("crown", cone(1, 3), GREEN)), cylinder(0.15, 2))
CRATE = Thing("crate", (Piece("crate", box((1, 1, 1)), BROWN),), box((1, 1, 1)))
LEAF = Thing("leaf", (Piece("leaf", box((0.1, 0.1, 0.1)), GREEN),))
PLANE = Mesh(np.array([(0.0, 0, 0), (40, 0, 0), (40, 40, 0), (0, 40, 0)]), np.array([(0, 1, 2), (0, 2, 3)]))


def layer(name: str, things: tuple[Thing, ...], count: int, **settings: Any) -> PlacedLayer:
    random = np.random.default_rng(len(name))
    yaw = random.uniform(-np.pi, np.pi, count)
    rotation = np.stack((0 * yaw, 0 * yaw, np.sin(yaw / 2), np.cos(yaw / 2)), axis=1)
    position = np.column_stack((random.uniform(0, 40, (count, 2)), np.zeros(count)))
    kind = random.integers(0, len(things), count)
    return PlacedLayer(name, things, kind, position, rotation, random.uniform(0.5, 2, count), **settings)


def written(path: Path, *layers: PlacedLayer, **settings: Any) -> Any:
    ground = GroundPart("ground", PLANE, GREEN, Contact(0.7, 0.1), {"class": ["ground"]}, **settings)
    write_stage(path / "scene.usdc", [ground], layers, about="a test")
    return pxr("Usd").Stage.Open(str(path / "scene.usdc"))


def mesh_of(stage: Any, path: str) -> Mesh:
    prim = pxr("UsdGeom").Mesh(stage.GetPrimAtPath(path))
    corners = np.array(prim.GetFaceVertexIndicesAttr().Get()).reshape(-1, 3)
    return Mesh(np.array(prim.GetPointsAttr().Get(), dtype=np.float64), corners)


def test_what_collides_is_one_mesh_a_layer_and_is_not_seen(tmp_path: Path) -> None:
    things = layer("trees", (TREE, CRATE), 50, contact=Contact(0.5), labels={"class": ["trees", "wood"]})
    stage = written(tmp_path, things)
    colliders = [prim for prim in stage.Traverse() if prim.HasAPI(pxr("UsdPhysics").CollisionAPI)]
    assert [str(prim.GetPath()) for prim in colliders] == ["/Scene/Ground/ground", "/Scene/Solids/trees"]
    solid = colliders[1]
    assert pxr("UsdGeom").Imageable(solid).ComputePurpose() == "guide"
    color = pxr("UsdGeom").Mesh(solid).GetDisplayColorAttr().Get()[0]
    assert tuple(color) == pytest.approx(BROWN), "that of trunks, in case that it is seen after all"
    assert pxr("UsdPhysics").MeshCollisionAPI(solid).GetApproximationAttr().Get() == "none"
    trees = int((things.kind == 0).sum())
    factor = things.scale**3
    expected = (factor[things.kind == 0].sum() * volume(cylinder(0.15, 2))) + factor[things.kind == 1].sum()
    mesh = mesh_of(stage, "/Scene/Solids/trees")
    assert volume(mesh) == pytest.approx(expected, rel=1e-4)
    assert len(mesh.triangles) == trees * 28 + (50 - trees) * 12
    labels = pxr("UsdSemantics").LabelsAPI(solid, "class").GetLabelsAttr().Get()
    assert list(labels) == ["trees", "wood"]


def test_materials_have_the_friction_and_the_restitution(tmp_path: Path) -> None:
    stage = written(tmp_path, layer("trees", (TREE,), 5, contact=Contact(0.5, 0.2)))
    found = {}
    for path in ("/Scene/Ground/ground", "/Scene/Solids/trees"):
        binding = pxr("UsdShade").MaterialBindingAPI(stage.GetPrimAtPath(path))
        physics = pxr("UsdPhysics").MaterialAPI(binding.ComputeBoundMaterial("physics")[0].GetPrim())
        found[path] = [
            round(attribute.Get(), 6)
            for attribute in (
                physics.GetStaticFrictionAttr(),
                physics.GetDynamicFrictionAttr(),
                physics.GetRestitutionAttr(),
            )
        ]
    assert found == {"/Scene/Ground/ground": [0.7, 0.7, 0.1], "/Scene/Solids/trees": [0.5, 0.5, 0.2]}


def test_what_is_seen_is_a_mesh_for_each_colour(tmp_path: Path) -> None:
    stage = written(tmp_path, layer("trees", (TREE, CRATE), 50), layer("leaves", (LEAF,), 9))
    looks = [prim for prim in stage.Traverse() if str(prim.GetPath()).startswith("/Scene/Looks") and prim.IsA("Mesh")]
    assert [str(prim.GetPath()) for prim in looks] == [
        "/Scene/Looks/trees/trunk",
        "/Scene/Looks/trees/crown",
        "/Scene/Looks/leaves/leaf",
    ]
    assert not any(prim.HasAPI(pxr("UsdPhysics").CollisionAPI) for prim in looks)
    assert not stage.GetPrimAtPath("/Scene/Solids/leaves")
    colors = [pxr("UsdGeom").Mesh(prim).GetDisplayColorAttr().Get()[0] for prim in looks]
    assert [tuple(round(part, 3) for part in color) for color in colors] == [BROWN, GREEN, GREEN]


def test_shades_are_a_few_colours(tmp_path: Path) -> None:
    shades = np.linspace(-0.3, 0.3, 60)
    stage = written(tmp_path, layer("crates", (CRATE,), 60, shade=shades))
    looks = [prim for prim in stage.Traverse() if str(prim.GetPath()).startswith("/Scene/Looks/crates/")]
    assert len(looks) == 3
    reds = [pxr("UsdGeom").Mesh(prim).GetDisplayColorAttr().Get()[0][0] for prim in looks]
    assert reds == pytest.approx([0.3 * 0.8, 0.3, 0.3 * 1.2], rel=1e-3)
    triangles = sum(len(mesh_of(stage, str(prim.GetPath())).triangles) for prim in looks)
    assert triangles == 60 * 12


def test_things_are_turned_scaled_and_moved(tmp_path: Path) -> None:
    half = float(np.sqrt(0.5))
    beam = Thing("beam", (Piece("beam", box((2, 0.2, 0.2)), BROWN),), box((2, 0.2, 0.2)))
    placed = PlacedLayer(
        "beams",
        (beam,),
        np.array([0, 0]),
        np.array([(10.0, 20, 1), (30, 5, -1)]),
        np.array([(0.0, 0, half, half), (0, -half, 0, half)]),  # to the north; upright
        np.array([(2.0, 1, 1), (1, 1, 1)]),
    )
    points = mesh_of(written(tmp_path, placed), "/Scene/Solids/beams").points
    assert points[:8].min(axis=0) == pytest.approx((9.9, 18, 1), abs=1e-5)
    assert points[:8].max(axis=0) == pytest.approx((10.1, 22, 1.2), abs=1e-5)
    assert points[8:].min(axis=0) == pytest.approx((29.8, 4.9, -2), abs=1e-5)
    assert points[8:].max(axis=0) == pytest.approx((30, 5.1, 0), abs=1e-5)


def test_things_that_collide_apart_are_hulls_with_the_same_surface(tmp_path: Path) -> None:
    """Each in the place of its own origin, with the material, labels and purpose that the one mesh has."""
    merged = mesh_of(written(tmp_path / "mesh", layer("crates", (CRATE,), 20)), "/Scene/Solids/crates")
    stage = written(tmp_path / "hulls", layer("crates", (CRATE,), 20, apart=True, labels={"class": ["crates"]}))
    things = stage.GetPrimAtPath("/Scene/Solids/crates").GetChildren()
    assert [prim.GetName() for prim in things] == [f"thing_{number:04d}" for number in range(20)]
    for number, prim in enumerate(things):
        mesh = mesh_of(stage, str(prim.GetPath()))
        (move,) = pxr("UsdGeom").Xformable(prim).GetOrderedXformOps()
        np.testing.assert_allclose(
            mesh.points + np.array(move.Get()), merged.points[number * 8 : number * 8 + 8], atol=2e-5
        )
        assert abs(mesh.points).max() < 3, "about its own origin"
        assert np.array_equal(mesh.triangles, merged.triangles[:12])
        assert pxr("UsdPhysics").MeshCollisionAPI(prim).GetApproximationAttr().Get() == "convexHull"
        assert prim.GetAttribute("purpose").Get() == "guide"
        bound, _ = pxr("UsdShade").MaterialBindingAPI(prim).ComputeBoundMaterial("physics")
        assert bound.GetPath().name == "crates_contact"
        assert list(pxr("UsdSemantics").LabelsAPI(prim, "class").GetLabelsAttr().Get()) == ["crates"]


def test_level_ground_is_a_box_that_ends_where_it_is_seen(tmp_path: Path) -> None:
    stage = written(tmp_path, level=True)
    box, top = (stage.GetPrimAtPath(f"/Scene/{kind}/ground") for kind in ("Ground", "Tops"))
    assert box.GetTypeName() == "Cube"
    assert pxr("UsdPhysics").CollisionAPI(box)
    assert not top.HasAPI(pxr("UsdPhysics").CollisionAPI)
    assert [pxr("UsdGeom").Imageable(prim).ComputePurpose() for prim in (box, top)] == ["guide", "default"]
    cache = pxr("UsdGeom").BBoxCache(0.0, ["default", "guide"])
    bounds = [cache.ComputeWorldBound(prim).ComputeAlignedRange() for prim in (box, top)]
    (low, high), (left, right) = [(np.array(found.GetMin()), np.array(found.GetMax())) for found in bounds]
    np.testing.assert_allclose(high, right)
    np.testing.assert_allclose(low, left - (0.0, 0.0, 1.0))
    for prim in (box, top):
        assert list(pxr("UsdSemantics").LabelsAPI(prim, "class").GetLabelsAttr().Get()) == ["ground"]
    bound, _ = pxr("UsdShade").MaterialBindingAPI(box).ComputeBoundMaterial("physics")
    assert bound.GetPath().name == "ground_contact"


def test_names_that_no_prim_may_have(tmp_path: Path) -> None:
    assert [prim_name(name) for name in ("rocks", "2nd growth", "äste")] == ["rocks", "_2nd_growth", "_ste"]
    with pytest.raises(ValueError, match="twice"):
        write_stage(tmp_path / "s.usdc", [], [layer("a", (CRATE,), 1), layer("a", (CRATE,), 1)])


def test_a_stage_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "taken"
    target.mkdir()
    with pytest.raises(OSError):
        write_stage(target, [], [layer("a", (CRATE,), 1)])
    assert list(tmp_path.iterdir()) == [target]


def test_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from tests.scene.test_stage import written, layer, TREE, CRATE\n"
        "written(Path(sys.argv[1]), layer('trees', (TREE, CRATE), 300, apart=True), layer('crates', (CRATE,), 40))\n"
    )
    subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "77"},
        cwd=Path(__file__).parents[2],
    )
    there = (tmp_path / "scene.usdc").read_bytes()
    (tmp_path / "here").mkdir()
    written(tmp_path / "here", layer("trees", (TREE, CRATE), 300, apart=True), layer("crates", (CRATE,), 40))
    assert (tmp_path / "here" / "scene.usdc").read_bytes() == there


def test_ten_thousand_things_take_little_time(tmp_path: Path) -> None:
    """The benchmark has the figures; this fails where something grows with the square of their number."""
    written(tmp_path, layer("warm", (TREE,), 10))
    begin = process_time()
    written(tmp_path, layer("trees", (TREE, CRATE), 10_000))
    assert process_time() - begin < 2.0


def test_what_is_soft_is_switched_off_and_not_in_the_solids(tmp_path: Path) -> None:
    """One mesh for each colour, which rays find; what stands beside it in the layer stays solid."""
    physics = pxr("UsdPhysics")
    bush = Thing("bush", (Piece("bush", box((1, 1, 1)), GREEN),), soft=True)
    stage = written(tmp_path, layer("plants", (bush, CRATE, LEAF), 40))
    colliders = {str(p.GetPath()): p for p in stage.Traverse() if p.HasAPI(physics.CollisionAPI)}
    soft = colliders.pop("/Scene/Looks/plants/bush_soft")
    assert physics.CollisionAPI(soft).GetCollisionEnabledAttr().Get() is False
    assert pxr("UsdGeom").Imageable(soft).ComputePurpose() == "default"
    assert set(colliders) == {"/Scene/Ground/ground", "/Scene/Solids/plants"}
    assert all(physics.CollisionAPI(prim).GetCollisionEnabledAttr().Get() for prim in colliders.values())
    assert stage.GetPrimAtPath("/Scene/Looks/plants/bush"), "leaves have the same colour and are only seen"
