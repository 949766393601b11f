"""What bends, on the real simulator: a block that a robot presses and a rope on it, put back where they were."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stripe_dsl.ir.program import Program
from stripe_dsl.pipeline import check_file
from tests.gpu import GPU

from .recorder import Array, Recording, Run, record
from .replay import assert_replayed, assert_replayed_from_outside, entries

pytestmark = pytest.mark.sim

SOURCE = Path(__file__).parent / "tasks" / "jelly.stripe"
ARM = 0.175
"""Height of the lower side of the arm where its joint is at zero [m]."""
QUIET = ("reset.jelly_pos_xy=[0.02,0.02]", "reset.cube_pos_xy=[0.05,0.05]", "reset.rope_pos_xy=[0.01,0.01]")
"""Ranges without chance."""
THICK = 0.025
"""Half the thickness of the arm [m]."""
LISTS = {"each": 3, "speed": 3, "seen": 3, "beads": 3, "pace": 3, "turns": 4, "spins": 3, "known": 3}
"""Entries that are lists, with the numbers of a member."""


def upstream(env: Any) -> dict[str, Array]:
    """Isaac Lab's terms for what can be deformed; runs in the worker."""
    from isaaclab.managers import ObservationTermCfg, SceneEntityCfg
    from isaaclab_newton.physics import NewtonManager
    from isaaclab_tasks.core.lift.mdp import observations, rewards, terminations

    jelly, robot, rope = SceneEntityCfg("object_jelly"), SceneEntityCfg("robot"), SceneEntityCfg("object_rope")
    given = {"asset_cfg": jelly, "robot_cfg": robot, "num_points": 20}
    kind: Any = observations.DeformableSampledPointsInRobotRootFrame
    term = kind(ObservationTermCfg(func=kind, params=given), env)
    segments = observations.cable_segment_positions_in_robot_root_frame(env, asset_cfg=rope, robot_cfg=robot)
    high = rewards.cable_lifting(env, std=0.05, minimal_height=0.0, asset_cfg=rope)
    bounds = {"x_bounds": (-1.0, 1.0), "y_bounds": (-1.0, 1.0), "z_bounds": (0.12, 1.0)}
    below = terminations.cable_outside_bounds(env, **bounds, asset_cfg=rope)
    model: Any = NewtonManager.get_model()
    masses = [mass for mass, name in zip(model.body_mass.numpy(), model.body_label, strict=True) if "/Rope" in name]
    return {
        "segments": segments.cpu().numpy().copy(),
        "high": high.cpu().numpy().copy(),
        "below": below.cpu().numpy().copy(),
        "mass": np.array(masses).reshape(env.num_envs, -1).sum(axis=1),
        "lifting": rewards.deformable_lifting(env, std=0.1, minimal_height=0.02, asset_cfg=jelly).cpu().numpy().copy(),
        "points": term(env, **given).cpu().numpy().copy(),
        "places": term.node_ids.cpu().numpy().copy(),
    }


@pytest.fixture(scope="module")
def program() -> Program:
    (program,) = check_file(SOURCE).programs
    return program


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recording]:
    """Torch looked at from inside, Warp as trainings replay it; episodes end at different times."""
    torch = Run(steps=40, num_envs=4, shuffle=(12,), overrides=QUIET, probe="tests.sim.test_soft:upstream")
    warp = replace(torch, backend="warp", inside=False)
    drawn = replace(warp, steps=2, overrides=(), probe="")
    return record(SOURCE, tmp_path_factory.mktemp("jelly"), {"torch": torch, "warp": warp, "drawn": drawn})


def observed(program: Program, run: Recording) -> dict[str, Array]:
    """Entries by name, lists of points and segments ``(T + 1, N, members, 3 or 4)``."""
    found = {name: value for (_, name), value in entries(program, run).items()}
    return found | {
        name: found[name].reshape(*found[name].shape[:2], -1, width) for name, width in LISTS.items() if name in found
    }


def test_everything_is_as_the_reference_says(program: Program, runs: dict[str, Recording]) -> None:
    assert_replayed(program, runs["torch"], absolute=1e-5, loose={})
    assert_replayed_from_outside(program, runs["warp"], absolute=1e-5, loose={})


@pytest.mark.gpu
def test_a_gpu_answers_as_the_reference_says(program: Program, tmp_path: Path) -> None:
    """In torch, and in the recorded step of Warp."""
    torch = Run(steps=40, num_envs=16, shuffle=(12,), overrides=QUIET, device=GPU)
    runs = record(SOURCE, tmp_path, {"torch": torch, "warp": replace(torch, backend="warp", inside=False)})
    assert_replayed(program, runs["torch"], absolute=1e-4, loose={})
    assert_replayed_from_outside(program, runs["warp"], absolute=1e-4, loose={})


def test_the_back_ends_are_equal(runs: dict[str, Recording]) -> None:
    ours, warp = runs["torch"], runs["warp"]
    np.testing.assert_array_equal(warp.fresh, ours.fresh)
    np.testing.assert_allclose(warp.groups["policy"], ours.groups["policy"], atol=1e-4)
    np.testing.assert_allclose(warp.reward, ours.reward, atol=1e-5)


@pytest.mark.parametrize("backend", ["torch", "warp"])
def test_an_episode_begins_undeformed_and_at_rest(backend: str, program: Program, runs: dict[str, Recording]) -> None:
    """Where it was drawn to, and in the environments alone whose episode begins."""
    run, (jelly,) = runs[backend], program.soft
    seen = observed(program, run)
    fresh = run.fresh
    assert fresh[1:].any(axis=1).sum() > 0
    assert not fresh[1:].all(axis=1).any()
    middle = np.array(jelly.position) + (0.02, 0.02, 0.0)
    np.testing.assert_allclose(
        seen["jelly_pos"][fresh], np.broadcast_to(middle, seen["jelly_pos"][fresh].shape), atol=1e-5
    )
    grid = np.stack(np.meshgrid(*[np.linspace(-0.05, 0.05, 3)] * 3, indexing="ij"), axis=-1)[..., ::-1].reshape(-1, 3)
    grid = grid[np.lexsort(grid.T)]
    shape = seen["each"][fresh] - seen["jelly_pos"][fresh][:, None]
    np.testing.assert_allclose(shape, np.broadcast_to(grid, shape.shape), atol=1e-5)
    assert not seen["speed"][fresh].any()
    moved = np.abs(np.diff(seen["each"], axis=0)).max(axis=(2, 3))
    assert moved[~fresh[1:]].max() < 0.05, "nobody else is put back"


def test_places_are_drawn(program: Program, runs: dict[str, Recording]) -> None:
    place = observed(program, runs["drawn"])["jelly_pos"][0]
    assert np.abs(place[:, :2] - (0.3, 0.0)).max() <= 0.03 + 1e-5
    assert np.ptp(place[:, :2], axis=0).min() > 1e-3
    np.testing.assert_allclose(place[:, 2], 0.07, atol=1e-5)
    place = observed(program, runs["drawn"])["rope_pos"][0]
    assert np.abs(place[:, :2] - (0.12, 0.0)).max() <= 0.01 + 1e-5
    assert np.ptp(place[:, :2], axis=0).min() > 1e-4


@pytest.mark.parametrize("backend", ["torch", "warp"])
def test_it_rests_on_the_ground_and_gives_way(backend: str, program: Program, runs: dict[str, Recording]) -> None:
    """Points are between the ground and the arm; the block is flatter where the arm is low, and lifts the arm."""
    run = runs[backend]
    seen = observed(program, run)
    top, low = seen["each"][..., 2].max(axis=-1), seen["each"][..., 2].min(axis=-1)
    arm = ARM + seen["rail_pos"][..., 0]
    assert low.min() > -0.01
    assert (top - arm).max() < 0.01
    pressed = arm < 0.095
    assert pressed.sum() > 10
    assert (top - low)[pressed].max() < 0.1
    assert (top - low)[pressed].min() < 0.09
    held = pressed[1:] & pressed[:-1] & ~run.fresh[1:]
    target = -0.13 + 0.02 * run.actions[..., 0]
    assert (seen["rail_pos"][1:, :, 0] - target)[held].mean() > 0.002, "the arm feels it"
    # nearly incompressible: what is lost in height is gained in width
    wide = np.ptp(seen["each"][..., 0], axis=-1)
    assert wide[pressed].mean() > 0.1


@pytest.mark.parametrize("backend", ["torch", "warp"])
def test_a_rope_begins_straight_and_at_rest(backend: str, program: Program, runs: dict[str, Recording]) -> None:
    """Where it was drawn to, and in the environments alone whose episode begins; what it did before leaves no trace."""
    run, (rope,) = runs[backend], program.cables
    seen = observed(program, run)
    fresh = run.fresh
    along = rope.length * ((np.arange(rope.segments) + 0.5) / rope.segments - 0.5)
    places = np.array(rope.position) + (0.01, 0.01, 0.0) + along[:, None] * (0.0, 1.0, 0.0)
    np.testing.assert_allclose(seen["beads"][fresh], np.broadcast_to(places, seen["beads"][fresh].shape), atol=1e-5)
    directions = turned(seen["turns"][fresh])
    np.testing.assert_allclose(directions, np.broadcast_to((0.0, 1.0, 0.0), directions.shape), atol=1e-5)
    assert not seen["pace"][fresh].any()
    assert not seen["spins"][fresh].any()
    moved = np.abs(np.diff(seen["beads"], axis=0)).max(axis=(2, 3))
    assert moved[~fresh[1:]].max() < 0.05, "nobody else is put back"
    first = fresh[:-1] & ~fresh[1:]
    begun = seen["pace"][1:][first]
    assert len(begun) > 4
    np.testing.assert_allclose(begun, begun[:1].repeat(len(begun), axis=0), atol=2e-3)
    np.testing.assert_allclose(run.probes["mass"], rope.mass, rtol=1e-4)


@pytest.mark.parametrize("backend", ["torch", "warp"])
def test_a_rope_hangs_over_the_arm(backend: str, program: Program, runs: dict[str, Recording]) -> None:
    """Its middle lies on the arm and its ends hang down; segments turn, and hold together."""
    run, (rope,) = runs[backend], program.cables
    seen = observed(program, run)
    beads = seen["beads"]
    age: Array = np.zeros(run.fresh.shape, int)
    for step in range(1, len(age)):
        age[step] = np.where(run.fresh[step], 0, age[step - 1] + 1)
    lies = age >= 24
    assert lies.sum() > 10
    top = ARM + 2 * THICK + seen["rail_pos"][..., 0]
    middle = beads[..., rope.segments // 2 - 1 : rope.segments // 2 + 1, 2].mean(axis=-1)
    height = (middle - top)[lies]
    assert 0.5 * rope.radius < height.min() < height.max() < 4 * rope.radius, "it may hop when the arm does"
    ends = beads[..., (0, -1), 2].mean(axis=-1)
    assert (middle - ends)[lies].min() > 0.01
    half = rope.length / rope.segments / 2 * turned(seen["turns"])
    gaps = (beads + half)[..., :-1, :] - (beads - half)[..., 1:, :]
    assert np.abs(gaps).max() < 0.002, "the end of each segment is the beginning of the next"


def test_a_rope_alone(tmp_path: Path) -> None:
    """A task with a cable and nothing deformable: one body of it in each environment falls as all do."""
    source = SOURCE.parent / "rope.stripe"
    (program,) = check_file(source).programs
    run = record(source, tmp_path, {"warp": Run(backend="warp", inside=False, steps=4, num_envs=2, shuffle=())})["warp"]
    seen = {name: value for (_, name), value in entries(program, run).items()}
    beads = seen["rope_points"].reshape(5, 2, program.cables[0].segments, 3)
    dt, steps = 1 / 120 / 2, np.arange(5) * 4
    fallen = 9.81 * dt**2 * steps * (steps + 1) / 2
    np.testing.assert_allclose(beads[..., 2], np.broadcast_to(0.5 - fallen[:, None, None], beads.shape[:-1]), atol=1e-4)
    np.testing.assert_allclose(beads[..., 1], beads[:1, ..., 1].repeat(5, axis=0), atol=1e-5)


def turned(rotations: Array) -> Array:
    """Directions of z axes, of quaternions (x, y, z, w)."""
    x, y, z, w = np.moveaxis(rotations, -1, 0)
    return np.stack((2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x**2 + y**2)), axis=-1)


@pytest.mark.parametrize("backend", ["torch", "warp"])
def test_values_are_those_of_isaac_labs_terms(backend: str, program: Program, runs: dict[str, Recording]) -> None:
    """``deformable_lifting``, and ``DeformableSampledPointsInRobotRootFrame``, which takes some of the points; of the
    rope ``cable_segment_positions_in_robot_root_frame``, ``cable_lifting`` and ``cable_outside_bounds``."""
    run = runs[backend]
    seen = observed(program, run)
    wanted = np.tanh(np.maximum(seen["jelly_pos"][..., 2] - 0.02, 0.0) / 0.1)
    np.testing.assert_allclose(run.probes["lifting"], wanted, atol=1e-5)
    places = run.probes["places"][..., None].astype(int)
    taken = np.take_along_axis(seen["seen"], places, axis=2)
    np.testing.assert_allclose(run.probes["points"], taken.reshape(*taken.shape[:2], -1), atol=1e-5)
    known = seen["known"]
    np.testing.assert_allclose(run.probes["segments"], known.reshape(*known.shape[:2], -1), atol=1e-5)
    wanted = np.tanh(np.maximum(seen["rope_pos"][..., 2], 0.0) / 0.05)
    np.testing.assert_allclose(run.probes["high"], wanted, atol=1e-5)
    below = (seen["beads"][..., 2] < 0.12).any(axis=-1)
    np.testing.assert_array_equal(run.probes["below"], below)
    assert 0.0 < below.mean() < 1.0
