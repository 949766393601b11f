"""``stripec map``: sheets of maps, heights that can be read back, and scenes that are not as they should be."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from PIL import Image

from tests.cli.conftest import Stripec

SCENE = """scene hills {
  param wanted = 5
  size 12 m x 8 m
  terrain ground { fractal height 2 m, feature 4 m }
  scatter rocks { assets rock { radius 30 cm }; count wanted; spacing 1 m }
  require count rocks > 3
}
"""


def test_map_draws_and_heights_come_back(stripec: Stripec, tmp_path: Path) -> None:
    (tmp_path / "hills.stripe").write_text(SCENE)
    done = stripec("map", "hills.stripe", "--out", "m.svg", "--height", "h.png")
    assert done.returncode == 0, done.stderr
    assert done.stderr == "", "in a pipe nobody watches what it does"
    assert "rocks: 5 of 5" in done.stdout
    words = [item.text for item in ElementTree.parse(tmp_path / "m.svg").iter() if item.tag.endswith("text")]
    assert {"hills", "Height", "Layers and zones", "rocks  5"} <= set(words)
    read = done.stdout.splitlines()[-1].partition("`")[2].partition("`")[0]
    assert read.startswith('heightmap "h.png" height ')
    heights = np.asarray(Image.open(tmp_path / "h.png"))
    assert heights.shape == (33, 49) and heights.dtype == np.uint16 and heights.max() == 65535
    (tmp_path / "again.stripe").write_text(SCENE.replace("fractal height 2 m, feature 4 m", read))
    stripec("map", "again.stripe", "--height", "again.png")
    assert np.array_equal(np.asarray(Image.open(tmp_path / "again.png")), heights)
    assert Image.open(tmp_path / "hills.png").width > 1000


def test_what_does_not_hold_is_an_error_and_drawn(stripec: Stripec, tmp_path: Path) -> None:
    (tmp_path / "hills.stripe").write_text(SCENE)
    done = stripec("map", "hills.stripe", "--set", "wanted=2")
    assert done.returncode == 1
    assert "error[E0703]: `count rocks > 3` does not hold: there are 2" in done.stderr
    assert (tmp_path / "hills.png").is_file()
    done = stripec("map", "hills.stripe", "--set", "wanted=4000")
    assert done.returncode == 1 and "E0701" in done.stderr


def test_map_says_what_it_cannot_draw(stripec: Stripec, tmp_path: Path) -> None:
    (tmp_path / "hills.stripe").write_text(SCENE)
    for arguments, reason in {
        ("hills.stripe", "--out", "m.gif"): "name the file *.png or *.svg",
        ("hills.stripe", "--height", "h.tif"): "name the file *.png",
        ("hills.stripe", "--scene", "hils"): "hills",
        ("hills.stripe", "--variant", "1"): "counted from 0",
        ("gone.stripe",): "gone.stripe",
        ("hills.stripe", "--out", "no/such/m.svg"): "cannot write",
    }.items():
        done = stripec("map", *arguments)
        assert done.returncode == 1, arguments
        assert reason in done.stderr, done.stderr


def test_sizes_of_files_are_read(stripec: Stripec, tmp_path: Path) -> None:
    (tmp_path / "hills.stripe").write_text(SCENE.replace("rock { radius 30 cm }", '"rock.obj"'))
    (tmp_path / "rock.obj").write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nf 1 2 3\nf 1 2 4\nf 2 3 4\nf 1 3 4\n")
    done = stripec("map", "hills.stripe")
    assert done.returncode == 0 and "rocks: 5 of 5" in done.stdout, done.stderr
    (tmp_path / "rock.obj").write_text("nothing")
    done = stripec("map", "hills.stripe")
    assert done.returncode == 1 and "E0617" in done.stderr and "rock.obj" in done.stderr
