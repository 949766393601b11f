"""Points of zones that are drawn when a scene is baked: in the zone, evenly, and those that can be reached."""

from __future__ import annotations

import numpy as np
import pytest

from stripe_dsl.ir.scene import SPOTS
from stripe_dsl.pipeline import check_source
from stripe_dsl.scene.made import Made, make
from stripe_dsl.scene.require import ways_of
from stripe_dsl.scene.spots import spots
from stripe_dsl.source import SourceFile

SCENE = """
asset post { cylinder { radius 30 cm; height 2 m } }
asset stone { cylinder { radius 1.5 m; height 2 m } }
scene yard {
  size 20 m x 20 m
  spawn at (3, 3) m
  terrain ground { grid 25 cm }
  zone bend   = polygon (1, 1) (9, 1) (9, 9) (5, 9) (5, 5) (1, 5)
  zone lane   = path 1 m through (1, 1) (9, 9)
  zone close  = circle 3 m at (6, 6)
  zone beyond = box 4 m x 4 m at (16, 10)
  zone full   = circle 50 cm at (6, 6)
  zone both   = box 8 m x 20 m at (12, 10)
  zone half { within both }
  place fence { assets post; row (12, 0) to (12, 20) m every 40 cm; solid mesh }
  place block { assets stone; at (6, 6) m; solid mesh }
  map traversability { around solid 40 cm }
}
"""
TASK = """
robot dog {
  spawn at (0, 0, 0.5) m
  link body { box (0.4, 0.2, 0.1) m; mass 2 kg }
  link arm  { capsule radius 2 cm length 30 cm; mass 0.5 kg }
  joint shoulder { type revolute; parent body; child arm; axis y }
  actuator shoulder { implicit; effort 5 N*m }
}
task Go {
  robot dog
  scene yard
  sim { physics 120 Hz; control 60 Hz; episode 5 s; envs 64 }
  action lift = effort(shoulder) scale 5 N*m
  command goal = position { within %s }
  observe policy { shoulder.pos; goal }
  reward per second { near = -1.0 * goal.distance / 1 m }
  terminate { timeout }
}
task B extends Go { reset { base.pos.xy = lane.point } }
task C extends Go { reset { base.pos.xy = bend.free_point } }
"""


@pytest.fixture(scope="module")
def made() -> Made:
    found = check_source(SourceFile("yard.stripe", SCENE))
    assert not found.failed, found.diagnostics
    variant, diagnostics = make(found.scenes[0])
    assert variant is not None, diagnostics
    return variant


@pytest.mark.parametrize("zone", ["bend", "lane", "close", "half"])
def test_points_are_spread_over_their_zone(made: Made, zone: str) -> None:
    """In it, and as many on each side of a line as that side's share of the zone is."""
    points = spots(f"{zone}.point", made.layout, made.maps)
    assert points.shape == (SPOTS, 2)
    within = made.layout.zones[zone]
    slack = 0.2 if zone == "half" else 1e-6  # a zone of rules is known to half a cell
    assert within.distance(points).max() <= slack
    dense = np.random.default_rng(0).uniform(0, 20, (200_000, 2))
    dense = dense[within.distance(dense) <= 0]
    for axis, cut in ((0, 5.0), (1, 5.0), (0, 14.0)):
        assert np.mean(points[:, axis] < cut) == pytest.approx(np.mean(dense[:, axis] < cut), abs=0.05)
    np.testing.assert_array_equal(points, spots(f"{zone}.point", made.layout, made.maps))


@pytest.mark.parametrize("width", [200, 1000])
def test_free_points_can_be_reached(made: Made, width: int) -> None:
    """Off the block by half the width, on the spawn's side of the fence; and on all sides of the block."""
    points = spots(f"close.free_{width}mm", made.layout, made.maps)
    assert points.shape == (SPOTS, 2)
    assert np.linalg.norm(points - 6, axis=1).max() <= 3 + 1e-6
    assert made.layout.surroundings.distance("solid", points).min() >= width / 2000
    assert (points[:, 0] < 12).all()
    ways = ways_of(made.layout, made.maps, "traversability")
    column, row = np.rint(points / 0.25).astype(int).T
    assert ways.free(width / 1000)[row, column].all()
    assert np.ptp(points, axis=0).min() > 5


def errors(goal: str) -> list[str]:
    found = check_source(SourceFile("yard.stripe", SCENE + TASK % goal), task="Go")
    assert not found.failed, found.diagnostics
    (program,) = found.programs
    assert program.scene is not None
    _, diagnostics = make(program.scene)
    return [f"{item.code}: {item.message}" for item in diagnostics if item.severity == "error"]


def test_goals_that_nothing_can_reach_are_refused() -> None:
    """Behind a fence that is as long as the scene, and within a block; and what is too wide."""
    assert errors("close") == []
    assert errors("beyond") == ["E0703: no ground of `beyond` is in reach of the spawn for something 0.5 m wide"]
    assert errors("full") == ["E0703: no ground of `full` is in reach of the spawn for something 0.5 m wide"]
    assert errors("close; width 40 m") == ["E0703: there is no room for something 40 m wide where the scene spawns"]


def test_a_task_names_what_it_draws_from() -> None:
    text = SCENE + TASK % "close; width 60 cm; every 5 s; success 30 cm"
    found = check_source(SourceFile("yard.stripe", text))
    assert not found.failed, found.diagnostics
    reads = {program.name: program.scene.reads for program in found.programs if program.scene is not None}
    assert reads == {
        "Go": ("close.free_600mm",),
        "B": ("close.free_600mm", "lane.point"),
        "C": ("bend.free_500mm", "close.free_600mm"),
    }
