"""From the text of a terrain to its ground: parts in their order, classes, files, and what is wrong with them."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stripe_dsl.scene.ground import Ground
from stripe_dsl.scene.problem import SceneError
from stripe_dsl.scene.terrain import build_ground

from .written import scene_of

FOREST = """
  fractal  height 3.2 m, feature 8 m, octaves 4, gain 0.5, lacunarity 2
  micro    height 2 cm, feature 50 cm
  drainage carve 30 %, smooth 40 cm
  moisture flow 0.55, slope 0.30, north 0.15
  grid     25 cm
"""


def ground_of(folder: Path, terrain: str, **more: str) -> Ground:
    return build_ground(scene_of(folder, terrain, **more))


def failure(folder: Path, terrain: str) -> tuple[str, str, tuple[str, ...]]:
    scene = scene_of(folder, terrain)
    with pytest.raises(SceneError) as caught:
        build_ground(scene)
    (item,) = caught.value.diagnostics
    assert item.span is not None
    return item.code, item.message, item.helps


def test_parts_add_up(tmp_path: Path) -> None:
    tilted = ground_of(tmp_path, "incline 5 deg")
    hill = ground_of(tmp_path, "hill knoll { at (10, 5) m; radius 4 m; height 1 m }")
    both = ground_of(tmp_path, "incline 5 deg; hill knoll { at (10, 5) m; radius 4 m; height 1 m }")
    assert np.allclose(both.height, tilted.height + hill.height)
    assert not ground_of(tmp_path, "").height.any()


def test_noises_of_one_kind_differ_and_do_not_disturb_each_other(tmp_path: Path) -> None:
    alone = ground_of(tmp_path, "fractal height 1 m, feature 5 m").height
    more = ground_of(
        tmp_path, "fractal height 1 m, feature 5 m; micro height 2 cm, feature 1 m; noise height 1 m, feature 3 m"
    )
    less = ground_of(tmp_path, "micro height 2 cm, feature 1 m; noise height 1 m, feature 3 m")
    assert np.allclose(more.height - less.height, alone)


def test_terraces_come_before_water_and_micro_relief_last(tmp_path: Path) -> None:
    terraced = ground_of(tmp_path, "incline 20 deg; terraces height 1 m").height
    assert np.allclose(terraced, np.round(terraced))
    rough = ground_of(tmp_path, "incline 20 deg; terraces height 1 m; micro height 2 cm, feature 1 m").height
    assert 0.004 < np.abs(rough - terraced).max() <= 0.0101
    plain = ground_of(tmp_path, "fractal height 2 m, feature 5 m; drainage carve 0 %").height
    carved = ground_of(tmp_path, "fractal height 2 m, feature 5 m; drainage carve 40 %").height
    assert (plain - carved).max() == pytest.approx(0.4 * np.ptp(plain))


def test_a_variant_is_another_ground_and_the_same_again(tmp_path: Path) -> None:
    scene = scene_of(tmp_path, FOREST)
    first, second = build_ground(scene, 0), build_ground(scene, 1)
    assert np.array_equal(first.height, build_ground(scene, 0).height)
    assert abs(np.corrcoef(first.height.ravel(), second.height.ravel())[0, 1]) < 0.5


def test_another_process_makes_the_same_bytes(tmp_path: Path) -> None:
    ground = ground_of(tmp_path, FOREST)
    fields = [ground.height, ground.slope, ground.aspect, ground.flow, ground.moisture, ground.normal]
    code = (
        "import hashlib\nfrom pathlib import Path\n"
        "from stripe_dsl.pipeline import check_file\nfrom stripe_dsl.scene.terrain import build_ground\n"
        f"ground = build_ground(check_file(Path({str(tmp_path / 's.stripe')!r})).scenes[0])\n"
        "fields = [ground.height, ground.slope, ground.aspect, ground.flow, ground.moisture, ground.normal]\n"
        "print(hashlib.sha256(b''.join(field.tobytes() for field in fields)).hexdigest())\n"
    )
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert there == hashlib.sha256(b"".join(field.tobytes() for field in fields)).hexdigest()


def test_a_finer_grid_is_the_same_ground(tmp_path: Path) -> None:
    """But for water, whose ways follow the grid."""
    noises = "fractal height 2 m, feature 5 m; ridged height 1 m, feature 9 m; micro height 5 cm, feature 2 m"
    parts = f"{noises}; hill h {{ at (5, 5) m; radius 3 m; height 1 m }}"
    coarse, fine = (ground_of(tmp_path, f"{parts}; grid {cell} cm").height for cell in (50, 10))
    assert np.allclose(coarse, fine[::5, ::5], atol=1e-9)


def test_weights_of_moisture_are_those_of_the_file(tmp_path: Path) -> None:
    by_flow = ground_of(tmp_path, "fractal height 2 m, feature 5 m; moisture flow 1, slope 0, north 0")
    by_north = ground_of(tmp_path, "fractal height 2 m, feature 5 m; moisture flow 0, slope 0, north 1")
    assert np.allclose(by_north.moisture, (1 + by_north.north) / 2)
    assert np.corrcoef(by_flow.moisture.ravel(), np.log(by_flow.flow).ravel())[0, 1] > 0.5


def test_classes_go_by_rules_and_the_first_one_wins(tmp_path: Path) -> None:
    text = """
      hill knoll { at (10, 5) m; radius 4 m; height 3 m }
      class rock  { slope > 20 deg; color #808080 }
      class mound { height > 10 cm; color #00FF00 }
    """
    ground = ground_of(tmp_path, text)
    assert ground.classes is not None and ground.classes.shape == (40, 80)
    middle = ground.slope[:-1, :-1], ground.height[:-1, :-1]
    assert np.degrees(middle[0][ground.classes == 1]).mean() > 22
    assert set(np.unique(ground.classes)) == {0, 1, 2}
    assert ground.classes[20, 40] == 2, "the top is level"
    assert ground.classes[0, 0] == 0
    level = ground.classes == 0
    assert np.abs(middle[1][level]).max() < 0.6
    assert ground_of(tmp_path, "incline 5 deg").classes is None


def test_classes_read_zones_with_a_shape(tmp_path: Path) -> None:
    """They are known before there is a ground; a zone of rules is not."""
    ground = ground_of(tmp_path, "class lane { within a }; class far { near b 1 m }", rest=ZONES)
    assert ground.classes is not None
    y, x = (np.indices(ground.classes.shape) + 0.5) * 0.25
    off = np.hypot(x - 5, y - 5)
    assert (ground.classes[off < 1.8] == 1).all()
    assert (ground.classes[off > 2.2] != 1).all()
    assert (ground.classes[(x > 14.5) & (x < 15.5)] == 2).all()
    assert (ground.classes[x > 17] == 0).all()


ZONES = "zone a = circle 2 m at (5, 5); zone b = box 1 m x 10 m at (15, 5)"


def test_heights_and_fields_of_files(tmp_path: Path) -> None:
    Image.fromarray(np.array([[0, 0], [0, 65535]], dtype=np.uint16)).save(tmp_path / "h.png")
    np.save(tmp_path / "sand.npy", np.array([[0.0, 1.0], [0.0, 1.0]]))
    ground = ground_of(tmp_path, 'heightmap "h.png" height 2 m; field sand = "sand.npy"')
    assert (ground.height[0, -1], ground.height[0, 0], ground.height[-1, -1]) == (2, 0, 0)  # the south-east
    assert np.allclose(ground.named("sand"), np.linspace(0, 1, 81))


def test_a_mesh_gives_the_heights(tmp_path: Path) -> None:
    (tmp_path / "m.obj").write_text("v 0 0 1\nv 20 0 1\nv 20 10 3\nv 0 10 3\nf 1 2 3\nf 1 3 4\n")
    ground = ground_of(tmp_path, 'mesh "m.obj"')
    assert np.allclose(ground.height, np.linspace(1, 3, 41)[:, None])


def test_what_is_wrong_with_files_is_said(tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"nothing")
    assert failure(tmp_path, 'heightmap "broken.png" height 2 m')[0] == "E0617"
    np.save(tmp_path / "far.npy", np.array([[0.0, 0.0], [0.0, 65535.0]]))
    code, message, helps = failure(tmp_path, 'heightmap "far.npy"')
    assert (code, message) == ("E0617", '"far.npy" has heights up to 65535 m') and "height 3 m" in helps[0]
    (tmp_path / "m.obj").write_text("v 0 0 1\nv 10 0 1\nv 10 10 3\nv 0 10 3\nf 1 2 3\nf 1 3 4\n")
    code, message, helps = failure(tmp_path, 'mesh "m.obj"')
    assert (code, message) == ("E0618", '"m.obj" leaves 49 % of the ground open')
    assert "0..10 m" in helps[0] and "0..20 m" in helps[0]


def test_functions_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = (
        "import numpy as np\n"
        "def east(x, y, height): return x / 20\n"
        "def thin(x, y, height): return x[0]\n"
        "def holes(x, y, height): return x / 0 * np.nan\n"
        "def fails(x, y, height): raise RuntimeError('no')\n"
    )
    (tmp_path / "my_fields.py").write_text(source)
    monkeypatch.syspath_prepend(str(tmp_path))
    ground = ground_of(tmp_path, 'field a = python "my_fields:east"')
    assert np.allclose(ground.named("a"), np.linspace(0, 1, 81))
    for name, reason in {
        "thin": "shape",
        "holes": "no numbers",
        "fails": "RuntimeError: no",
        "gone": "AttributeError",
    }.items():
        with np.errstate(all="ignore"):
            code, message, _ = failure(tmp_path, f'field a = python "my_fields:{name}"')
        assert code == "E0619" and reason in message and f"`my_fields:{name}`" in message
    assert "PYTHONPATH" in failure(tmp_path, 'field a = python "no_such_module:f"')[2][0]
