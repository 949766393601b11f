"""``stripec bake``: the files of a scene without a task."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Stripec

SCENE = """
asset post { cylinder { radius 5 cm; height 1 m; color #804020 } }
scene yard {
  param posts = 5
  size 8 m x 6 m
  terrain ground { incline 5 deg; grid 50 cm }
  scatter fence { assets post; count posts; spacing 50 cm; avoid way; solid cylinder }
  zone way = circle 1 m at spawn
}
scene field { size 4 m x 4 m; terrain ground { grid 1 m } }
"""


@pytest.fixture
def yard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STRIPEC_CACHE", str(tmp_path / "cache"))
    (tmp_path / "yard.stripe").write_text(SCENE)
    return tmp_path / "yard.stripe"


def test_files_of_a_scene(stripec: Stripec, yard: Path, tmp_path: Path) -> None:
    done = stripec("bake", yard.name, "--scene", "yard", "--out", "out", "--glb", "--set", "posts=7")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "yard.glb",
        "yard.heights",
        "yard.npz",
        "yard.usdc",
    ]
    assert "fence: 7 of 7" in done.stdout
    with np.load(tmp_path / "out" / "yard.npz") as table:
        assert table["fence/position"].shape == (7, 3)
    glb = (tmp_path / "out" / "yard.glb").read_bytes()
    assert struct.unpack("<4sII", glb[:12]) == (b"glTF", 2, len(glb))
    import trimesh

    shown = trimesh.load_scene(tmp_path / "out" / "yard.glb", process=False)
    low, high = np.array(shown.bounds)
    assert high[0] - low[0] == pytest.approx(8, abs=0.1)
    assert high[1] > 1, "y is up in glTF"
    assert sum(len(mesh.faces) for mesh in shown.geometry.values()) == 2 * 16 * 12 + 7 * 28


def test_one_scene_is_baked_at_a_time(stripec: Stripec, yard: Path) -> None:
    done = stripec("bake", yard.name)
    assert done.returncode == 1
    assert "defines `yard` and `field`" in done.stderr and "--scene yard" in done.stderr
