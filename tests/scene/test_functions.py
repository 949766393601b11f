"""Functions of the user's: beside the file that names them first, then wherever Python finds modules."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from stripe_dsl.pipeline import check_file
from stripe_dsl.scene.bake import scene_key
from stripe_dsl.scene.made import Made, make

SCENE = """
scene yard {{
  size 4 m x 4 m
  terrain ground {{ grid 50 cm; field sand = python "{}" }}
  map soft {{ sand > 0.2 }}
}}
"""


def made(folder: Path, reference: str) -> Made:
    (folder / "yard.stripe").write_text(SCENE.format(reference))
    (scene,) = check_file(folder / "yard.stripe").scenes
    found, diagnostics = make(scene)
    assert found is not None, diagnostics
    return found


def key(folder: Path) -> str:
    return scene_key(check_file(folder / "yard.stripe").scenes[0])


def test_a_module_beside_the_file(tmp_path: Path) -> None:
    """It may import its neighbours, and is read anew when it changes; the scene's hash changes with it."""
    (tmp_path / "shares.py").write_text("HALF = 0.5\n")
    module = tmp_path / "fields.py"
    module.write_text("from shares import HALF\ndef sand(x, y, height): return 0 * x + HALF\n")
    before = list(sys.path)
    assert (made(tmp_path, "fields:sand").layout.ground.named("sand") == 0.5).all()
    first = key(tmp_path)
    assert first == key(tmp_path)
    module.write_text("def sand(x, y, height): return 0 * x + 0.25\n")
    assert (made(tmp_path, "fields:sand").layout.ground.named("sand") == 0.25).all()
    assert key(tmp_path) != first
    assert sys.path == before


def test_two_folders_may_have_modules_of_one_name(tmp_path: Path) -> None:
    for number, folder in enumerate((tmp_path / "a", tmp_path / "b")):
        (folder / "deep").mkdir(parents=True)
        (folder / "deep" / "fields.py").write_text(f"def sand(x, y, height): return 0 * x + {number}\n")
        assert (made(folder, "deep.fields:sand").layout.ground.named("sand") == number).all()


def test_the_folder_of_the_file_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "only_there.py").write_text("def sand(x, y, height): return 0 * x + 3\n")
    (elsewhere / "in_both.py").write_text("def sand(x, y, height): return 0 * x + 3\n")
    (tmp_path / "in_both.py").write_text("def sand(x, y, height): return 0 * x + 4\n")
    monkeypatch.syspath_prepend(str(elsewhere))
    values = [
        np.unique(made(tmp_path, f"{name}:sand").layout.ground.named("sand")) for name in ("only_there", "in_both")
    ]
    assert [list(value) for value in values] == [[3], [4]]
