"""``stripec show``: what it refuses before anything is drawn, and how a camera is put so that it sees all."""

from __future__ import annotations

from math import radians, tan
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stripe_dsl.runtime.show import FIELD_OF_VIEW, View
from tests.cli.conftest import Stripec

SCENE = """scene hills {
  size 16 m x 16 m
  terrain ground { fractal height 1 m, feature 8 m; grid 50 cm; surface friction 0.9, color #A08040 }
  place trees { assets conifer { height 6 m; radius 1.5 m; color #208020 }; at (5, 8) m; at (11, 8) m }
  place rocks { assets rock { radius 60 cm }; at (8, 4) m }
}
scene tiled { terrain ground { tiles { stairs 5..10 cm } } }
"""


def test_show_says_what_it_cannot_draw(stripec: Stripec, tmp_path: Path) -> None:
    (tmp_path / "hills.stripe").write_text(SCENE)
    one = ("hills.stripe", "--scene", "hills")
    for arguments, status, reason in (
        ((*one, "--out", "p.svg"), 1, "name the file *.png, *.jpg or *.webp"),
        ((*one, "--variant", "1"), 1, "it has 1, counted from 0"),
        ((*one, "--device", "tpu"), 1, "there is no device 'tpu'"),
        ((*one, "--width", "8"), 2, "--width"),
        (("hills.stripe",), 1, "choose one, as in `--scene hills`"),
        (("hills.stripe", "--scene", "tiled"), 1, "Isaac Lab's own tiles"),
        (("gone.stripe",), 1, "gone.stripe"),
    ):
        done = stripec("show", *arguments)
        assert done.returncode == status, arguments
        assert reason in done.stderr, done.stderr
    assert not list(tmp_path.glob("*.png"))


@pytest.mark.parametrize("aspect", [0.5, 1.5, 4.0])
def test_all_is_in_the_picture_and_fills_it(aspect: float) -> None:
    points = np.random.default_rng(1).uniform((0, 0, -1), (50, 30, 12), (500, 3))
    view = View.of_all(points, radians(235), radians(35), aspect)
    away = np.array(view.away)
    back = away / np.linalg.norm(away)
    right = np.array([-back[1], back[0], 0]) / np.hypot(back[0], back[1])
    seen = points - (np.array(view.at) + away)
    ahead = -(seen @ back)
    across = abs(seen @ right) / ahead / (tan(FIELD_OF_VIEW / 2) * aspect)
    upwards = abs(seen @ np.cross(back, right)) / ahead / tan(FIELD_OF_VIEW / 2)
    assert ahead.min() > 0
    assert 0.85 < max(across.max(), upwards.max()) < 1


@pytest.mark.sim
def test_show_draws_ground_trees_and_sky(stripec: Stripec, tmp_path: Path) -> None:
    """The ground in its colour below, the sky above, and something green between."""
    (tmp_path / "hills.stripe").write_text(SCENE)
    done = stripec("show", "hills.stripe", "--scene", "hills", "--width", "96", "--height", "64", "--device", "cpu")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "hills.png"
    picture = np.asarray(Image.open(tmp_path / "hills.png")).astype(int)
    assert picture.shape == (64, 96, 3)
    red, green, blue = picture[..., 0], picture[..., 1], picture[..., 2]
    sky = abs(picture - (200, 217, 235)).max(axis=-1) < 3
    ground = (red > green) & (green > blue + 10)
    trees = (green > red + 15) & (green > blue + 15)
    assert sky[:3].mean() > 0.8 and sky[24:48, 32:64].mean() < 0.05
    assert ground.mean() > 0.15 and ground[30:].sum() > ground[:30].sum()
    assert 0.01 < trees.mean() < 0.3
