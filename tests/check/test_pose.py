"""Default joint positions that a task gives a robot, before those of the robot's own block."""

from __future__ import annotations

import pytest

from stripe_dsl.pipeline import check_source
from stripe_dsl.source import SourceFile

SOURCE = """
robot pair {{
  link stand {{ box (0.1, 0.1, 0.1) m; fixed }}
  link one   {{ box (0.1, 0.1, 0.1) m; mass 1 kg; at (0, 0, 0.2) m }}
  link two   {{ box (0.1, 0.1, 0.1) m; mass 1 kg; at (0, 0, 0.4) m }}
  joint first  {{ type revolute; parent stand; child one; axis y; limits -90..90 deg }}
  joint second {{ type revolute; parent one; child two; axis y; limits -90..90 deg }}
  pose {{ {own} }}
  actuator joints {{ implicit; effort 1 N*m }}
}}
task Test {{
  robot pair {{ pose {{ {of_task} }} }}
  robot other = pair
  sim {{ physics 120 Hz; control 60 Hz; episode 5 s; envs 4 spaced 2 m }}
  action push = effort(pair.joints) scale 1 N*m
  observe policy {{ pair.joints.pos; other.joints.pos }}
  reward once {{ alive = 1.0 * not failed }}
  terminate {{ timeout }}
}}
"""


@pytest.mark.parametrize(
    ("own", "of_task", "expected"),
    [
        ('".*" 1 rad', "second 0.5 rad", {"second": 0.5, "first": 1.0}),
        ('".*" 1 rad', '".*" 0.5 rad', {".*": 0.5}),
        ("first 1 rad; second -1 rad", "second 0.5 rad", {"second": 0.5, "first": 1.0}),
        ("first 1 rad", "", {"first": 1.0}),
        ("first 1 rad", "second 0.25 rad", {"second": 0.25, "first": 1.0}),
    ],
)
def test_that_of_the_task_stands_before(own: str, of_task: str, expected: dict[str, float]) -> None:
    """Each joint has one position, for Isaac Lab takes no joint twice; another robot of the block has its own pose."""
    checked = check_source(SourceFile("test.stripe", SOURCE.format(own=own, of_task=of_task)))
    (program,) = checked.programs
    assert dict(program.robots[0].joint_pos) == expected
    assert len(program.robots[1].joint_pos) == own.count("rad")
