"""``stripec show``: what it refuses before anything is drawn, and how a camera is put so that it sees all."""

from __future__ import annotations

from math import radians, tan
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stripe_dsl.runtime.figures import Figure, lift
from stripe_dsl.runtime.show import View
from stripe_dsl.runtime.video import FIELD_OF_VIEW
from tests.cli.conftest import Stripec

SIGN = """<robot name="sign">
  <link name="foot"><collision><geometry><box size="0.2 0.2 1"/></geometry></collision></link>
  <link name="board">
    <inertial><mass value="5"/><inertia ixx="1" iyy="1" izz="1" ixy="0" ixz="0" iyz="0"/></inertial>
    <visual><geometry><box size="0.1 2 2"/></geometry><material name="blue"><color rgba="0 0 1 1"/></material></visual>
  </link>
  <joint name="pivot" type="continuous">
    <parent link="foot"/><child link="board"/><origin xyz="0 0 2"/><axis xyz="0 0 1"/>
  </joint>
</robot>
"""
SCENE = """robot sign { urdf "sign.urdf" fixed }
robot door {
  link post { box (0.2, 0.2, 3) m color #202020 at (0, 0, 1) m; fixed }
  link leaf { at (0, 1.2, 1.5) m; box (0.1, 2, 2.8) m color #00FFFF; mass 9 kg }
  joint hinge { type revolute; parent post; child leaf; axis z; at (0, 0.15, 1.5) m }
  pose { hinge 90 deg }
}
scene hills {
  size 16 m x 16 m
  spawn at (8, 10) m facing -90 deg
  terrain ground { fractal height 1 m, feature 8 m; grid 50 cm; surface friction 0.9, color #A08040 }
  place trees { assets conifer { height 6 m; radius 1.5 m; color #208020 }; at (5, 8) m; at (11, 8) m }
  place rocks { assets rock { radius 60 cm }; at (8, 4) m }
  place doors { assets door; at (13, 5) m facing 145 deg; kind articulation }
  place signs { assets sign; at (3, 13) m facing 145 deg; kind articulation }
}
scene tiled { terrain ground { tiles { stairs 5..10 cm } } }
"""
TASK = """
robot flag {
  link foot { box (0.3, 0.3, 0.1) m color #202020; mass 1 kg }
  link pole { box (0.2, 0.2, 1) m color #FF00FF at (0, 0, 0.6) m; mass 1 kg }
  joint mast { type revolute; parent foot; child pole; axis y; limits -90..90 deg }
  actuator mast { implicit; stiffness 10 N*m/rad; effort 5 N*m }
  pose { mast 90 deg }
}
task Wave {
  robot flag
  scene hills
  sim { physics 100 Hz; control 50 Hz; episode 5 s; envs 16 }
  action wave = position(mast) scale 0.5 rad
  observe policy { mast.pos }
  reward per second { alive = 1.0 }
  terminate { timeout }
}
task Bare extends Wave { scene { ground plane } }
task Steps extends Wave { scene tiled }
"""


def test_show_says_what_it_cannot_draw(stripec: Stripec, tmp_path: Path) -> None:
    (tmp_path / "sign.urdf").write_text(SIGN)
    (tmp_path / "hills.stripe").write_text(SCENE + TASK)
    one = ("hills.stripe", "--scene", "hills")
    for arguments, status, reason in (
        ((*one, "--out", "p.svg"), 1, "name the file *.png, *.jpg or *.webp"),
        ((*one, "--variant", "1"), 1, "it has 1, counted from 0"),
        ((*one, "--device", "tpu"), 1, "there is no device 'tpu'"),
        ((*one, "--width", "8"), 2, "--width"),
        (("hills.stripe",), 1, "choose one, as in `--scene hills`"),
        (("hills.stripe", "--scene", "tiled"), 1, "Isaac Lab's own tiles"),
        (("gone.stripe",), 1, "gone.stripe"),
        ((*one, "--task", "Wave"), 1, "write `--set scene=hills`"),
        (("hills.stripe", "--task", "Wav"), 1, "did you mean `Wave`?"),
        (("hills.stripe", "--task", "Bare"), 1, "no scene with a terrain"),
        (("hills.stripe", "--task", "Steps"), 1, "Isaac Lab's own tiles"),
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
    (tmp_path / "sign.urdf").write_text(SIGN)
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
    # without its default position the door would show its edge alone
    door = (green > red + 60) & (abs(green - blue) < 20)
    assert door.sum() > 12
    assert ((blue > red + 60) & (blue > green + 60)).sum() > 12, "a robot of a file"


@pytest.mark.sim
def test_the_robots_of_a_task_stand_in_its_scene(stripec: Stripec, tmp_path: Path) -> None:
    """A flag that leans over by its default position, six metres before the camera."""
    (tmp_path / "sign.urdf").write_text(SIGN)
    (tmp_path / "hills.stripe").write_text(SCENE + TASK)
    pictures = []
    for options in (("--scene", "hills"), ("--task", "Wave")):
        size = ("--width", "150", "--height", "100", "--device", "cpu")
        done = stripec("show", "hills.stripe", *options, "--spawn", *size)
        assert done.returncode == 0, done.stderr
        pictures.append(np.asarray(Image.open(tmp_path / "hills.png")).astype(int))
    bare, with_flag = ((shot[..., 0] - shot[..., 1] > 60) & (shot[..., 2] - shot[..., 1] > 60) for shot in pictures)
    assert not bare.any()
    rows, columns = np.nonzero(with_flag)
    assert len(rows) > 15
    assert abs(columns.mean() - 75) < 20
    # it points away from the camera, so it is not a metre high: six metres away that would be a quarter of the picture
    assert np.ptp(rows) < 13
    dark = pictures[1][rows.max() + 1 : rows.max() + 8, int(columns.mean())].sum(axis=-1)
    assert dark.min() < 200, "its foot is below it"
    elsewhere = ~with_flag
    elsewhere[30:90, 40:110] = False
    assert abs(pictures[0] - pictures[1])[elsewhere].max() < 30, "all else is as it was"


def test_a_figure_is_lifted_out_of_a_slope_and_no_further() -> None:
    """A box that is turned by 90 degrees about y, and a ball that hangs below it; the ground rises by 0.3 along x."""
    corners = {"foot": [(x, y, z, 0.0) for x in (-0.5, 0.5) for y in (-0.1, 0.1) for z in (-0.1, 0.1)]}
    corners["ball"] = [(0.0, 0.0, 0.0, 0.2)]
    figure = Figure("", "/", (0, 0, 0), (0, 0, 0, 1), (), corners)
    half = 0.5**0.5

    def slope(points: np.ndarray) -> np.ndarray:
        return 0.3 * points[:, 0]

    poses = np.array([[5.0, 0, 9, 0, 0, 0, 1], [2, 1, 1.0, 0, half, 0, half], [2, 1, 0.75, 0, 0, 0, 1]])
    lift(poses, figure, {"foot": 1, "ball": 2}, slope)
    # the box reaches half a metre down at x = 2.1, where the ground is at 0.63; the ball reaches 0.55, at 0.6
    np.testing.assert_allclose(poses[:, 2], [9, 1.0 + 0.13, 0.75 + 0.13])
    again = poses.copy()
    lift(again, figure, {"foot": 1, "ball": 2}, slope)
    np.testing.assert_allclose(again, poses)
