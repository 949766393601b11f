"""A task that counts places from the spawn and heights from the ground, on a plane and in a scene with a terrain."""

from __future__ import annotations

from typing import Any

import numpy as np

from stripe_dsl.ir.graph import Node, walk
from stripe_dsl.ir.program import Program
from stripe_dsl.ir.reference import Inputs, evaluate
from stripe_dsl.pipeline import check_source
from stripe_dsl.source import SourceFile

TEXT = """
robot dog {{
  link body {{ box (0.4, 0.2, 0.1) m; mass 2 kg }}
  link arm  {{ capsule radius 2 cm length 30 cm; mass 0.5 kg }}
  joint shoulder {{ type revolute; parent body; child arm; axis y }}
  actuator shoulder {{ implicit; effort 5 N*m }}
}}
scene plane {{ ground plane }}
scene wood {{ size 20 m x 20 m; spawn at (5, 8) m; terrain ground {{ fractal height 1 m, feature 5 m }} }}
task Stay {{
  robot dog
  scene {scene}
  sim {{ physics 120 Hz; control 60 Hz; episode 5 s; envs 64 spaced 4 m }}
  action lift = effort(shoulder) scale 5 N*m
  observe policy {{ shoulder.pos }}
  reward per second {{ a = 1.0 * ({first}); b = 1.0 * ({second}) }}
  terminate {{ timeout }}
}}
"""


def checked(scene: str, first: str, second: str) -> Program:
    found = check_source(SourceFile("stay.stripe", TEXT.format(scene=scene, first=first, second=second)))
    assert not found.diagnostics, found.diagnostics
    return found.programs[0]


def same(first: str, second: str) -> bool:
    """Whether two rewards of a plane are one node."""
    a, b = checked("plane", first, second).rewards
    return a.value is b.value


def test_on_a_plane_nothing_is_left_of_them() -> None:
    assert same("base.pos.z - ground.height", "base.pos.z")
    assert same("sum((bodies.pos.z - ground.height(bodies.pos))^2)", "sum(bodies.pos.z^2)")
    assert same("max(ground.height(bodies.pos) + bodies.pos.z)", "max(bodies.pos.z)")
    assert same("spawn.distance", "|base.pos.xy|")
    assert same("sum(spawn.distance(bodies.pos))", "sum(|bodies.pos.xy|)")
    assert same("base.pos.x - spawn.pos.x", "base.pos.x")
    assert not same("base.pos.z + ground.height", "ground.height - base.pos.z")


def test_a_difference_that_begins_with_the_ground_keeps_its_sign() -> None:
    (value, _) = (item.value for item in checked("plane", "ground.height - base.pos.z", "1").rewards)
    assert value.op == "sub"
    assert evaluated(value, np.array([1.0, 2.0, 3.0])) == -3.0


def test_distances_are_those_from_where_the_scene_spawns() -> None:
    point = np.array([9.0, 11.0, 0.4])
    for scene, at in (("plane", (0.0, 0.0)), ("wood", (5.0, 8.0))):
        program = checked(scene, "spawn.distance", "base.pos.y - spawn.pos.y")
        away, north = (evaluated(item.value, point) for item in program.rewards)
        assert away == np.hypot(9 - at[0], 11 - at[1])
        assert north == 11 - at[1]


def evaluated(root: Node, place: np.ndarray[Any, Any]) -> float:
    """The value of an expression where the base stands, by the definition of its operators."""
    reads = {node.read: np.zeros((1, 3)) for node in walk((root,)) if node.read is not None}
    reads |= {read: place[None] for read in reads if read.quantity.startswith("root.pos")}
    (value,) = evaluate([root], Inputs(reads=reads), num_envs=1)
    return float(value[0])
