"""Tasks in scenes: where robots and objects stand, and what is read of zones."""

from __future__ import annotations

from math import sqrt
from pathlib import Path

import numpy as np
import pytest

from stripe_dsl.diagnostics.text import render_all
from stripe_dsl.emit.cfg import objects
from stripe_dsl.emit.outlines import outlines
from stripe_dsl.ir.graph import Node, Read
from stripe_dsl.ir.reference import Inputs, evaluate
from stripe_dsl.pipeline import check_source, compile_file
from stripe_dsl.scene.layout import zone_of
from stripe_dsl.scene.surroundings import Surroundings
from stripe_dsl.source import SourceFile

TASK = """
robot dog { link body { box (0.4, 0.2, 0.1) m; mass 2 kg }
  link arm { capsule radius 2 cm length 30 cm; mass 0.5 kg }
  joint shoulder { type revolute; parent body; child arm; axis y }
  actuator shoulder { implicit; effort 5 N*m }
  spawn at (0, 0, 0.4) m }
scene wood { param side = 20 m; size (side, side); seed 3; terrain ground { } }
scene flat { ground plane }
task Walk {
  robot dog%s
  scene wood { side = 30 m }
  sim { physics 120 Hz; control 60 Hz; episode 5 s; envs 64 spaced 4 m }
  action lift = effort(shoulder) scale 5 N*m
  observe policy { shoulder.pos }
  reward per second { up = cos(shoulder.pos) }
  terminate { timeout }
}
"""


def test_a_task_stands_in_its_scene() -> None:
    """The task's parameters reach the scene, the robot stands at the scene's spawn, and nothing is spaced."""
    (program,) = check_source(SourceFile("t.stripe", TASK % "")).programs
    assert program.scene is not None
    assert (program.scene.name, program.scene.size) == ("wood", (30.0, 30.0))
    assert program.ground is None
    assert program.sim.spacing == 0.0
    assert program.robots[0].at_spawn
    (placed,) = check_source(SourceFile("t.stripe", TASK % " at (3, 4, 0.5) m")).programs
    assert not placed.robots[0].at_spawn
    assert placed.robots[0].position == (3.0, 4.0, 0.5)


def test_objects_stand_where_the_scene_spawns() -> None:
    """As robots do: their own place is seen from there, and one that the task gives is a place of the scene."""
    crate = "object crate { box (0.2, 0.2, 0.2) m; mass 1 kg; spawn at (2, 1, 0.1) m facing 90 deg }\n"
    text = (crate + TASK % "\n  object near = crate\n  object far = crate at (3, 4, 0.5) m").replace(
        "seed 3", "spawn at (10, 5) m facing 90 deg"
    )
    (program,) = check_source(SourceFile("t.stripe", text)).programs
    near, far = program.objects
    assert (near.at_spawn, far.at_spawn) == (True, False)
    assert near.rotation == pytest.approx((0, 0, sqrt(0.5), sqrt(0.5)))
    found = [item.place for item in objects(program, Path())]
    assert found[0].position == (9.0, 7.0, 0.1)
    assert found[0].rotation == pytest.approx((0, 0, 1, 0), abs=1e-9)
    assert found[1].position == (3.0, 4.0, 0.5)
    (flat,) = check_source(SourceFile("t.stripe", text), settings={"scene": "flat"}).programs
    assert objects(flat, Path())[0].place.position == (2.0, 1.0, 0.1)


def test_an_object_of_a_file_reaches_as_low_as_its_scaled_shapes(tmp_path: Path) -> None:
    file = Path(__file__).parents[1] / "sim/tasks/mug.usda"
    cup = f'object cup {{ usd "{file}" scale (1, 1, 0.5); spawn at (2, 1, 0.1) m }}\n'
    (program,) = check_source(SourceFile("t.stripe", cup + TASK % "\n  object cup")).programs
    (found,) = [item for item in outlines(program) if item.key == "object_cup"]
    ((_, corners),) = found.bodies
    low, high = np.array(corners)[:, :3].min(axis=0), np.array(corners)[:, :3].max(axis=0)
    np.testing.assert_allclose(low, [-0.1, -0.1, -0.05], atol=1e-6)
    np.testing.assert_allclose(high, [0.19, 0.1, 0.05], atol=1e-6)  # the handle stands out


def test_the_command_line_swaps_the_scene() -> None:
    (program,) = check_source(SourceFile("t.stripe", TASK % ""), settings={"scene": "flat"}).programs
    assert program.scene is None
    assert program.ground is not None
    assert program.sim.spacing == 4.0
    assert not program.robots[0].at_spawn


def test_what_cannot_be_generated_yet_is_said(tmp_path: Path) -> None:
    cans = "scatter cans { assets cylinder { radius 4 cm; height 12 cm }; kind rigid; mass 0.3 kg; spacing 20 cm; %s }"
    ground = "size 20 m x 20 m; terrain ground { }"
    scenes = {"few": ("", "count 64"), "many": ("", "count 65"), "dense": ("", "density 1 /m2")}
    scenes |= {"varied": ("variants 2; ", "count 3")}
    text = "".join(f"scene {name} {{ {first}{ground}; {cans % much} }}\n" for name, (first, much) in scenes.items())
    (tmp_path / "walk.stripe").write_text(text + TASK % "")
    for scene, codes in {"flat": [], "few": [], "many": ["E0616"], "dense": ["E0616"], "varied": ["E0616"]}.items():
        packages, diagnostics = compile_file(
            tmp_path / "walk.stripe", tmp_path / "out", settings={"scene": scene}, bake=False
        )
        assert [item.code for item in diagnostics] == codes
        assert bool(packages) == (not codes)


def test_fixed_robots_stand_on_ground_but_not_on_tiles(tmp_path: Path) -> None:
    tiled = "scene tiled { terrain ground { tiles { stairs 5..10 cm } } }\n"
    (tmp_path / "walk.stripe").write_text(tiled + (TASK % "").replace("mass 2 kg", "fixed"))
    for scene, codes in (("tiled", ["E0616"]), ("wood", []), ("flat", [])):
        packages, diagnostics = compile_file(
            tmp_path / "walk.stripe", tmp_path / "out", settings={"scene": scene}, bake=False
        )
        assert [item.code for item in diagnostics] == codes
        placed = any("put_on_ground(" in package.files["env.py"] for package in packages)
        assert placed == (scene == "wood")


def reads(roots: list[Node]) -> set[Read]:
    """What a graph reads of the simulation."""
    found: set[Read] = set()
    for node in roots:
        found |= reads(list(node.args))
        if node.read is not None:
            found.add(node.read)
    return found


ZONES = (
    "circle 2 m at (6, 5)",
    "box 4 m x 2 m at (6, 5) yaw 30 deg",
    "path 1 m through (2, 2) (8, 3) (7, 9)",
    "polygon (2, 2) (9, 3) (6, 5) (8, 9) (3, 7)",
)


@pytest.mark.parametrize("zone", ZONES)
def test_a_task_reads_how_far_a_zone_is(zone: str) -> None:
    """The formulas say what synthesis says of the same zone; only its edge is left out, where rounding decides."""
    text = (TASK % "").replace("seed 3;", f"zone goal = {zone}; seed 3;")
    text = text.replace("up = cos(shoulder.pos)", "far = goal.distance; there = 1.0 * goal.inside")
    found = check_source(SourceFile("t.stripe", text))
    assert not found.diagnostics, render_all(found.diagnostics, color=False)
    (program,) = found.programs
    assert program.scene is not None
    points = np.random.default_rng(0).uniform(0, 12, (500, 2))
    high = np.concatenate([points, np.ones((500, 1))], axis=1)
    roots = [term.value for term in program.rewards]
    values = {read: high if read.quantity == "root.pos@world" else np.zeros_like(high) for read in reads(roots)}
    assert {read.quantity for read in values} == {"root.pos@world", "env.origin"}
    inputs = Inputs(reads=values)
    far, there = evaluate(roots, inputs, 500)
    made = zone_of(program.scene.zones[0], Surroundings(None, {}, {}), 0, "wood")  # type: ignore[arg-type]
    expected = np.maximum(made.distance(points), 0)
    assert far == pytest.approx(expected, abs=1e-9)
    clear = np.abs(made.distance(points)) > 1e-6
    assert (there[clear] == (expected[clear] == 0)).all()
    assert 0 < (expected == 0).mean() < 1


@pytest.mark.parametrize("zone", ZONES)
def test_a_task_reads_how_far_several_points_are(zone: str) -> None:
    text = (TASK % "").replace("seed 3;", f"zone goal = {zone}; seed 3;")
    far = "far = max(goal.distance(bodies.pos)); there = 1.0 * count(goal.inside(bodies.pos))"
    found = check_source(SourceFile("t.stripe", text.replace("up = cos(shoulder.pos)", far)))
    assert not found.diagnostics, render_all(found.diagnostics, color=False)
    (program,) = found.programs
    assert program.scene is not None
    points = np.random.default_rng(1).uniform(0, 12, (300, 2, 3))
    roots = [term.value for term in program.rewards]
    values = {read: points if read.quantity == "body.pos@world" else np.zeros((300, 3)) for read in reads(roots)}
    far, there = evaluate(roots, Inputs(reads=values), 300)
    made = zone_of(program.scene.zones[0], Surroundings(None, {}, {}), 0, "wood")  # type: ignore[arg-type]
    expected = np.maximum(made.distance(points[..., :2].reshape(-1, 2)), 0).reshape(300, 2)
    assert far == pytest.approx(expected.max(axis=1), abs=1e-9)
    assert (there == (expected == 0).sum(axis=1)).all()
    assert 0 < (expected == 0).mean() < 1


@pytest.mark.parametrize("zone", ["circle 2 m at (6, 5)", "box 4 m x 2 m at (6, 5) yaw 30 deg"])
def test_a_reset_draws_a_point_of_a_zone(zone: str) -> None:
    """All lie in it, evenly: halves and quarters of a zone have their share."""
    text = (TASK % "").replace("seed 3;", f"zone start = {zone}; seed 3;")
    text = text.replace("terminate { timeout }", "terminate { timeout }; reset { base.pos.xy = start.point }")
    found = check_source(SourceFile("t.stripe", text))
    assert not found.diagnostics, render_all(found.diagnostics, color=False)
    (program,) = found.programs
    assert program.scene is not None
    (reset,) = program.resets
    assert reset.parts == "xy"
    count = 20_000
    (points,) = evaluate([reset.value], Inputs(rng=np.random.default_rng(1)), count)
    made = zone_of(program.scene.zones[0], Surroundings(None, {}, {}), 0, "wood")  # type: ignore[arg-type]
    away = -made.distance(points)
    assert away.min() >= -1e-9
    assert np.mean(points[:, 0] > 6) == pytest.approx(0.5, abs=0.02)
    assert np.mean(points[:, 1] > 5) == pytest.approx(0.5, abs=0.02)
    inner = 0.25 if zone.startswith("circle") else 3 * 1 / 8
    half = 1.0 if zone.startswith("circle") else 0.5
    assert np.mean(away > half) == pytest.approx(inner, abs=0.02)
