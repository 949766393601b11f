"""Rows of docs/features.md that no other test shows: shares of kinds, lights, names, and prims that do not multiply."""

from __future__ import annotations

from math import cos, radians, sin
from pathlib import Path

import numpy as np
import pytest

from stripe_dsl.pipeline import check_source
from stripe_dsl.robots.usd_joints import pxr
from stripe_dsl.scene.bake import write_scene
from stripe_dsl.scene.made import make
from stripe_dsl.scene.stage import rotation_matrices
from stripe_dsl.source import SourceFile
from tests.scene.written import scene_of


def test_kinds_stand_in_their_shares(tmp_path: Path) -> None:
    """Rocks 55 %, stumps 35 %, logs 10 %: within three standard deviations of what was asked."""
    rest = """  scatter things {
    assets rock 55 % { radius 20 cm }
    assets stump 35 % { radius 10 cm }
    assets log 10 % { length 40 cm; radius 5 cm }
    count 1200; spacing 10 cm; visual
  }"""
    made, diagnostics = make(scene_of(tmp_path, "", rest, size="40 m x 20 m"))
    assert made is not None and not diagnostics
    found = made.layout.layers["things"]
    shares = np.bincount(found.asset, minlength=3) / len(found)
    assert [asset.name for asset in found.assets] == ["things_rock", "things_stump", "things_log"]
    for share, asked in zip(shares, (0.55, 0.35, 0.10), strict=True):
        assert abs(share - asked) < 3 * np.sqrt(asked * (1 - asked) / 1200)


@pytest.mark.parametrize(("elevation", "azimuth"), [(40, 200), (90, 0), (10, -75)])
def test_light_falls_from_where_the_sun_stands(tmp_path: Path, elevation: float, azimuth: float) -> None:
    """From +x to +y and above the horizon; a light of USD shines along its -z."""
    light = f"light sun {{ elevation {elevation} deg; azimuth {azimuth} deg; exposure 11; color #FCF2A4 }}"
    rest = f"  {light}\n  light dome"
    sun, dome = scene_of(tmp_path, "", rest).lights
    falls = rotation_matrices(np.array([sun.rotation]))[0] @ (0, 0, -1)
    up, around = radians(elevation), radians(azimuth)
    np.testing.assert_allclose(-falls, (cos(up) * cos(around), cos(up) * sin(around), sin(up)), atol=1e-9)
    assert (sun.kind, sun.intensity, sun.exposure) == ("distant", 1.0, 11.0)
    assert (dome.kind, dome.intensity, dome.exposure) == ("dome", 2000.0, 0.0)
    np.testing.assert_allclose(sun.color, (252 / 255, 242 / 255, 164 / 255))


@pytest.mark.parametrize("block", ["asset post { box { size (1, 1, 1) m } }", "scatter post { assets rock; count 1 }"])
def test_a_second_of_a_name_is_no_silent_substitute(block: str) -> None:
    text = f"scene s {{ size 9 m x 9 m; terrain ground {{ }}; {block}; {block} }}"
    assert [item.code for item in check_source(SourceFile("s.stripe", text)).diagnostics] == ["E0202"]


def test_a_hundred_times_as_many_blades_are_as_many_prims(tmp_path: Path) -> None:
    """One prim for each blade of grass took 35 ms each where it was done so."""
    counts = []
    for number in (40, 4000):
        rest = f"  cover grass {{ assets cone {{ radius 1 cm; height 20 cm }}; count {number}; visual }}"
        scene = scene_of(tmp_path, "", rest, size="30 m x 30 m")
        made, diagnostics = make(scene)
        assert made is not None and not diagnostics
        folder = tmp_path / str(number)
        folder.mkdir()
        write_scene(scene, [made], folder)
        stage = pxr("Usd").Stage.Open(str(folder / "s.usdc"))
        counts.append(len(list(stage.Traverse())))
        assert len(made.layout.layers["grass"]) == number
    assert counts[0] == counts[1] < 20


def test_a_scene_is_a_value_that_tasks_and_scenes_exchange() -> None:
    """The same task in two scenes, and two tasks in one scene: neither is written again."""
    text = """
    robot dog { link body { box (0.4, 0.2, 0.1) m; mass 2 kg }
      link arm { capsule radius 2 cm length 30 cm; mass 0.5 kg }
      joint shoulder { type revolute; parent body; child arm; axis y }
      actuator shoulder { implicit; effort 5 N*m } }
    scene hills { size 20 m x 20 m; terrain ground { fractal height 1 m, feature 5 m } }
    scene yard { size 10 m x 10 m; terrain ground { }; scatter rocks { assets rock; count 3; spacing 1 m } }
    task Walk {
      robot dog
      scene hills
      sim { physics 120 Hz; control 60 Hz; episode 5 s; envs 64 }
      action lift = effort(shoulder) scale 5 N*m
      observe policy { shoulder.pos }
      reward per second { up = cos(shoulder.pos) }
      terminate { timeout }
    }
    task Stand extends Walk { reward per second { up = none; still = -1.0 * shoulder.vel^2 } }
    """
    for given, name in (({}, "hills"), ({"scene": "yard"}, "yard")):
        checked = check_source(SourceFile("t.stripe", text), settings=given)
        assert not [item for item in checked.diagnostics if item.severity == "error"]
        assert [program.scene.name for program in checked.programs if program.scene is not None] == [name, name]
