"""Actions that arrive late and actions that push bodies, on the simulator: what acts in every physics step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stripe_dsl.ir.delays import arrived
from stripe_dsl.pipeline import check_file

from .compare import turned_back
from .recorder import Array, Recording, Run, record
from .replay import assert_replayed

pytestmark = pytest.mark.sim

SOURCE = Path(__file__).parent / "tasks" / "tools.stripe"
DECIMATION = 4
ARM = ("rail", "elbow", "shoulder")
DRONE = ("hull", "front", "back")
MASSES = np.array([0.5, 0.05, 0.05])


def told(env: Any) -> Mapping[str, Any]:
    """Where the joints were before each physics step of the control step that is over, and what they were told then."""
    if not hasattr(env, "rows"):
        robot = env.scene["robot_arm"]
        drone = env.scene["robot_drone"]
        bodies = drone.find_bodies(list(DRONE), preserve_order=True)[0]
        columns = robot.find_joints(list(ARM), preserve_order=True)[0]
        apply, env.rows = env._apply_action, [[np.zeros((env.num_envs, 3))] * 2] * DECIMATION
        env.turns = [np.zeros((env.num_envs, 3, 4))] * DECIMATION

        def apply_action() -> None:
            pos = robot.data.joint_pos.torch.cpu().numpy()[:, columns].copy()
            apply()
            target = robot.actuators.target_command.position.torch.cpu().numpy()[:, columns].copy()
            env.rows.append([pos, target])
            env.turns.append(drone.data.body_link_pose_w.torch.cpu().numpy()[:, bodies, 3:].copy())

        env._apply_action = apply_action
    rows, turns = np.array(env.rows[-DECIMATION:]), np.array(env.turns[-DECIMATION:])
    delay = getattr(env._reach_delay, "numpy", lambda: env._reach_delay)()
    return {
        "pos": rows[:, 0].swapaxes(0, 1),
        "target": rows[:, 1].swapaxes(0, 1),
        "delay": np.array(delay),
        "turns": turns.swapaxes(0, 1),
        "force": drawn_force(env),
        **moving(env),
    }


def drawn_force(env: Any) -> Array:
    """The force that the reset drew for the hull, in its frame."""
    forces = env._robot_drone_forces
    forces = forces.numpy() if hasattr(forces, "numpy") else forces
    return np.array(forces)[:, env.scene["robot_drone"].find_bodies("hull")[0][0]]


def moving(env: Any) -> Mapping[str, Any]:
    """Velocities of the drone's bodies."""
    drone = env.scene["robot_drone"]
    bodies = drone.find_bodies(list(DRONE), preserve_order=True)[0]
    return {"vel": drone.data.body_com_vel_w.torch.cpu().numpy()[:, bodies].copy()}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recording]:
    """By back end; ``recorded`` as trained, and ``whole`` with nothing drawn at random, for torch and Warp."""
    torch = Run(
        steps=120,
        num_envs=12,
        overrides=("episode_length_s=0.6",),
        probe="tests.sim.test_tools:told",
        between="tests.sim.test_tools:moving",
    )
    same = (
        "action.reach_delay=[0.03,0.03]",
        "reset.rail_pos=[0.1,0.1]",
        "reset.both_vel=[0.2,0.2]",
        "randomize.drone_base_force_xy=[0.1,0.1]",
    )
    bare = replace(torch, inside=False, probe="", between="", overrides=(*torch.overrides, *same))
    wanted = {"torch": torch, "warp": replace(torch, backend="warp")}
    wanted |= {"torch whole": bare, "warp whole": replace(bare, backend="warp")}
    return record(SOURCE, tmp_path_factory.mktemp("tools"), wanted)


@pytest.mark.parametrize("backend", ["torch", "warp"])
def test_commands_arrive_late(runs: dict[str, Recording], backend: str) -> None:
    recording = runs[backend]
    fresh, raw = recording.fresh[:-1], recording.actions
    # a delay belongs to the episode, so it is that which was seen when the step began
    delay = recording.probes["delay"][:-1]
    pos, target = (recording.probes[name][1:].swapaxes(1, 2) for name in ("pos", "target"))
    slide = arrived(raw[..., :1], fresh, np.full_like(delay, 2), DECIMATION)
    np.testing.assert_allclose(target[..., :1], pos[..., :1] + 0.3 * slide, atol=1e-6)
    reach = arrived(raw[..., 1:3], fresh, delay, DECIMATION)
    np.testing.assert_allclose(target[..., 1:], np.deg2rad([0.0, 20.0]) + 0.5 * reach, atol=1e-6)
    late = arrived(raw[..., 1:3], fresh, delay + 1, DECIMATION)
    assert abs(reach - late).max() > 0.5, "a step more would have been seen"
    assert fresh[1:].any()


def forces(recording: Recording) -> tuple[Array, Array]:
    """What acts on hull, front and back [N] in each physics step: in their frames, and in the world.

    Shape ``(T, DECIMATION, N, 3, 3)`` each.
    """
    raw, fresh = recording.actions, recording.fresh[:-1]
    inside = np.zeros((len(raw), DECIMATION, recording.num_envs, 3, 3))
    outside = np.zeros_like(inside)
    lift = arrived(raw[..., 3:5], fresh, np.full(fresh.shape, 2), DECIMATION)
    inside[..., 1:, 2] = np.clip(3.0 + lift, 2.5, 4.0)
    now = raw[:, None]
    inside[..., 0, 1] = -np.clip(now[..., 5], -0.5, 0.5)
    inside[..., 0, :] += 0.2 * now[..., 12:15] + recording.probes["force"][:-1, None]
    outside[..., 0, :] = now[..., 6:9] * [1.0, 1.0, 2.0]
    return inside, outside


@pytest.mark.parametrize("backend", ["torch", "warp"])
def test_forces_change_the_momentum(runs: dict[str, Recording], backend: str) -> None:
    """By what acts on the bodies of the drone, in their frames as these turn from physics step to physics step."""
    recording = runs[backend]
    inside, outside = forces(recording)
    turns = recording.probes["turns"][1:].swapaxes(1, 2)
    acting = -turned_back(turns * [1, 1, 1, -1], -inside) + outside
    impulse = (acting.sum(axis=(1, 3)) + MASSES.sum() * np.array([0.0, 0.0, -9.81]) * DECIMATION) / 200
    before, after = recording.probes["vel"][:-1], recording.between["vel"]
    gained = np.einsum("b,tnbx->tnx", MASSES, (after - before)[..., :3])
    np.testing.assert_allclose(gained, impulse, atol=2e-4)
    assert gained.std(axis=(0, 1)).min() > 2e-3
    assert abs(turns[..., :3]).max() > 0.05, "it turned while it was pushed"


@pytest.mark.parametrize("backend", ["torch", "warp"])
def test_torques_turn(runs: dict[str, Recording], backend: str) -> None:
    """About the vertical: the torque in the world and that of the hull, which stays nearly upright."""
    recording = runs[backend]
    torque = 5e-3 * recording.actions[..., 11] + 0.02 * recording.actions[..., 14]
    gained = (recording.between["vel"] - recording.probes["vel"][:-1])[..., 0, 5]
    assert np.corrcoef(torque.ravel(), gained.ravel())[0, 1] > 0.9


@pytest.mark.parametrize("backend", ["torch", "warp"])
def test_delays_are_drawn_for_each_episode(runs: dict[str, Recording], backend: str) -> None:
    recording = runs[backend]
    delay, fresh = recording.probes["delay"], recording.fresh
    assert set(np.unique(delay)) <= set(range(11))
    assert len(np.unique(delay[fresh])) > 6
    assert {0, 10} <= set(range(delay.min(), delay.max() + 1)), "both ends of the range"
    changed = delay[1:] != delay[:-1]
    assert not changed[~fresh[1:]].any(), "and stay for the episode"
    assert changed[fresh[1:]].mean() > 0.6


@pytest.mark.parametrize("backend", ["torch", "warp"])
def test_everything_is_as_the_reference_says(runs: dict[str, Recording], backend: str) -> None:
    """In observations and rewards, an action is what was chosen, and not what has arrived."""
    (program,) = check_file(SOURCE).programs
    assert_replayed(program, runs[backend], absolute=1e-5, loose={})


def test_the_back_ends_agree(runs: dict[str, Recording]) -> None:
    """Warp replays its recorded step here."""
    ours, theirs = runs["warp whole"], runs["torch whole"]
    for name in ("robot_arm/joint_pos", "robot_arm/joint_vel"):
        np.testing.assert_array_equal(ours.states[name], theirs.states[name])
    for name, bound in (("root_link_pose_w", 1e-4), ("root_com_vel_w", 1e-3)):
        np.testing.assert_allclose(ours.states[f"robot_drone/{name}"], theirs.states[f"robot_drone/{name}"], atol=bound)
    np.testing.assert_allclose(ours.groups["policy"], theirs.groups["policy"], atol=1e-4)
