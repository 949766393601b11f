"""Which layers collide as one mesh and which as a hull for each thing, and that both are where the table says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stripe_dsl.ir.scene import Scene
from stripe_dsl.robots.usd_joints import pxr
from stripe_dsl.scene.bake import Baked, bake, parts_of, scene_key
from stripe_dsl.scene.files import AssetFileError
from stripe_dsl.scene.forms import APART, CORNERS
from stripe_dsl.scene.made import make
from stripe_dsl.scene.stage import PlacedLayer
from stripe_dsl.scene.table import read_table

from .written import scene_of

PLAIN = "incline 2 deg; grid 1 m"
CRATES = "scatter crates {{ assets box {{ size (0.3, 0.3, 0.3) m }}; count {}; spacing 40 cm{} }}"


def placed(scene: Scene, name: str, variant: int = 0) -> PlacedLayer:
    made, _ = make(scene, variant)
    assert made is not None
    return next(layer for layer in parts_of(made.layout)[1] if layer.name == name)


def baked(scene: Scene, folder: Path, patch: pytest.MonkeyPatch) -> Baked:
    patch.setenv("STRIPEC_CACHE", str(folder / "cache"))
    found, diagnostics = bake(scene, make)
    assert found is not None, diagnostics
    return found


@pytest.mark.parametrize(
    ("count", "more", "apart", "why"),
    [
        (APART, "", True, f"the scene has no more than {APART}"),
        (APART + 1, "", False, f"{APART + 1} things"),
        (APART + 1, "; collide apart", True, "as written"),
        (3, "; collide together", False, "as written"),
        (3, "; solid mesh", False, "`solid mesh` may be hollow"),
        (3, "; solid sphere", False, f"`crates_box` has 162 corners, a hull at most {CORNERS}"),
    ],
)
def test_few_convex_things_are_hulls(tmp_path: Path, count: int, more: str, apart: bool, why: str) -> None:
    found = placed(scene_of(tmp_path, PLAIN, CRATES.format(count, more)), "crates")
    assert (found.apart, found.why, found.solids) == (apart, why, count)


def test_variants_stand_in_one_world(tmp_path: Path) -> None:
    scene = scene_of(tmp_path, PLAIN, "variants 6\n" + CRATES.format(20, ""))
    found = placed(scene, "crates", 2)
    assert (found.apart, found.why) == (False, "120 things in all variants")


def test_the_smallest_layers_of_a_scene_are_hulls(tmp_path: Path) -> None:
    """Those that the file asks for count first, and what touches nothing does not."""
    others = [
        f"scatter {name} {{ assets box; count {count}; spacing 40 cm{more} }}"
        for name, count, more in (
            ("many", 12, ""),
            ("posts", 9, ""),
            ("asked", 10, "; collide apart"),
            ("seen", 5, "; visual"),
            ("few", 4, ""),
        )
    ]
    text = "\n".join(others).replace("assets box", "assets box { size (0.2, 0.2, 0.2) m }")
    scene = scene_of(tmp_path, PLAIN, text)
    found = {name: placed(scene, name) for name in ("many", "posts", "asked", "seen", "few")}
    assert {name for name, layer in found.items() if layer.apart} == {"posts", "asked", "few"}
    assert found["many"].why == f"12 things, and 23 of {APART} hulls are taken"


def test_a_hull_with_too_many_corners_is_refused(tmp_path: Path) -> None:
    scene = scene_of(tmp_path, PLAIN, CRATES.format(3, "; solid sphere; collide apart"))
    with pytest.raises(AssetFileError) as problem:
        placed(scene, "crates")
    assert problem.value.reason == f"`crates_box` has 162 corners, and what collides apart has {CORNERS} at most"
    assert problem.value.hint == "write `collide together` in the layer `crates`"


def test_both_forms_have_one_surface(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the same places; only what collides is written otherwise, and the bake says how."""
    text = "pose yaw any, scale 0.7..1.4, align slope, sink 20 %; assets rock { radius 40 cm; variety 3 }"
    stones = f"scatter stones {{ {text}; count 12; spacing 1 m }}"
    apart = scene_of(tmp_path, PLAIN, stones)
    together = scene_of(tmp_path, PLAIN, stones.replace("1 m }", "1 m; collide together }"))
    assert scene_key(apart) != scene_key(together)
    one, other = baked(apart, tmp_path, monkeypatch), baked(together, tmp_path, monkeypatch)
    assert one.told[-1] == f"stones: collides as 12 hulls (the scene has no more than {APART})"
    assert other.told[-1] == "stones: collides as one mesh of 12 (as written)"
    tables = [read_table(item.folder / item.tables[0]) for item in (one, other)]
    np.testing.assert_array_equal(tables[0]["stones/position"], tables[1]["stones/position"])
    hulls, mesh = (points(item) for item in (one, other))
    assert len(hulls) == 12 and len(mesh) == 1
    found, wanted = np.concatenate(hulls), mesh[0]
    assert found.shape == wanted.shape
    np.testing.assert_allclose(found[np.lexsort(found.round(3).T)], wanted[np.lexsort(wanted.round(3).T)], atol=1e-4)


def points(item: Baked) -> list[Any]:
    """Corners of all that collides in the layer `stones`, in the frame of the scene."""
    stage = pxr("Usd").Stage.Open(str(item.folder / item.stages[0]))
    root = stage.GetPrimAtPath("/Scene/Solids/stones")
    found = []
    for prim in root.GetChildren() or [root]:
        corners = np.array(pxr("UsdGeom").Mesh(prim).GetPointsAttr().Get())
        moves = pxr("UsdGeom").Xformable(prim).GetOrderedXformOps()
        found.append(corners + sum(np.array(move.Get()) for move in moves))
    return found
