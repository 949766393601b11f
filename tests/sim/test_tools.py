"""Actions that arrive late and actions that push bodies, on the simulator: what acts in every physics step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from stripe_dsl.ir.delays import arrived
from stripe_dsl.pipeline import check_file

from .compare import turned_back
from .recorder import Array, Recording, Run, record
from .replay import assert_replayed
from .worker import array

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
    arm = env.scene["robot_arm"]
    fore = arm.data.body_link_pose_w.torch.cpu().numpy()[:, arm.find_bodies("fore")[0][0]].copy()
    fore[:, :3] -= env.scene.env_origins.cpu().numpy()
    return {
        "pos": rows[:, 0].swapaxes(0, 1),
        "target": rows[:, 1].swapaxes(0, 1),
        "delay": array(env._reach_delay),
        "turns": turns.swapaxes(0, 1),
        "force": drawn_force(env),
        "fore": fore,
        **{name: array(value) for name, value in marks(env).items()},
        **moving(env),
    }


def marks(env: Any) -> Mapping[str, Any]:
    """Where the arm is to begin: what the reset drew."""
    return {"mark": env._mark, "lean": env._lean}


def drawn_force(env: Any) -> Array:
    """The force that the reset drew for the hull, in its frame."""
    return array(env._robot_drone_forces)[:, env.scene["robot_drone"].find_bodies("hull")[0][0]]


def moving(env: Any) -> Mapping[str, Any]:
    """Velocities of the drone's bodies."""
    drone = env.scene["robot_drone"]
    bodies = drone.find_bodies(list(DRONE), preserve_order=True)[0]
    return {"vel": drone.data.body_com_vel_w.torch.cpu().numpy()[:, bodies].copy()}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recording]:
    return record(SOURCE, tmp_path_factory.mktemp("tools"), tool_runs())


def tool_runs() -> dict[str, Run]:
    """By back end; ``recorded`` as trained."""
    probe, between = "tests.sim.test_tools:told", "tests.sim.test_tools:moving"
    torch = Run(steps=70, num_envs=8, overrides=("episode_length_s=0.5",), probe=probe, between=between)
    warp = replace(torch, backend="warp")
    return {"torch": torch, "warp": warp, "recorded": replace(warp, inside=False, probe="", between="")}


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
    inside[..., 1:, 2] = np.clip(3.0 + np.array([1.0, 0.8]) * lift, 2.5, 4.0)
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
    """About axes of the hull: the torque in the world, and that in the frame of the hull."""
    recording = runs[backend]
    turn = recording.probes["turns"][1:, :, 0, 0]
    going = ~recording.fresh[1:-1]
    spin = turned_back(turn, recording.probes["vel"][:-1, :, 0, 3:])
    gained = (spin[1:] - spin[:-1])[going]
    torque = turned_back(turn, 5e-3 * recording.actions[..., 9:12])
    torque[..., 2] += 0.02 * recording.actions[..., 17]
    torque = torque[:-1][going]
    for axis in (0, 2):  # about y, the thrusts turn it as well
        assert np.corrcoef(torque[:, axis], gained[:, axis])[0, 1] > 0.98
    # what a cuboid of 0.5 kg and two points of 50 g in a distance of 0.2 m resist
    inertia = 0.5 * (0.2**2 + 0.2**2) / 12 + 2 * 0.05 * 0.2**2
    slope = np.polyfit(torque[:, 2], gained[:, 2], 1)[0]
    assert slope == pytest.approx(0.02 / inertia, rel=0.05)


@pytest.mark.parametrize("backend", ["torch", "warp"])
def test_a_body_begins_where_it_is_brought(runs: dict[str, Recording], backend: str) -> None:
    """The end of the arm is at the mark of its episode and leans as that says, wherever the rail was put before."""
    recording = runs[backend]
    fore, mark, fresh = (recording.probes["fore"], recording.probes["mark"], recording.fresh)
    turn = Rotation.from_quat(fore[..., 3:].reshape(-1, 4))
    end = fore[..., :3] + turn.apply([0.0, 0.0, 0.9]).reshape(*fresh.shape, 3)
    lean = turn.as_euler("xyz")[:, 1].reshape(fresh.shape)
    assert fresh[1:].any()
    np.testing.assert_allclose(end[fresh], mark[fresh], atol=1e-3)
    np.testing.assert_allclose(lean[fresh], recording.probes["lean"][fresh], atol=1e-3)
    assert abs(end - mark)[~fresh].max() > 0.02, "and then it moves"
    assert np.ptp(mark[fresh], axis=0)[[0, 2]].min() > 0.05
    assert np.ptp(lean[fresh]) > 0.2
    assert np.ptp(recording.states["robot_arm/joint_pos"][fresh], axis=0).min() > 0.05
    kept = ~fresh[1:]
    np.testing.assert_array_equal(mark[1:][kept], mark[:-1][kept], "and stays for the episode")


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


def test_the_recorded_step_is_the_launched_one(runs: dict[str, Recording]) -> None:
    recorded, launched = runs["recorded"], runs["warp"]
    for name, states in launched.states.items():
        np.testing.assert_array_equal(recorded.states[name], states, err_msg=name)
    np.testing.assert_array_equal(recorded.groups["policy"], launched.groups["policy"])
    np.testing.assert_array_equal(recorded.reward, launched.reward)


@pytest.mark.parametrize("backend", ["torch", "warp", "recorded"])
def test_a_shelf_stays_and_bears(runs: dict[str, Recording], backend: str) -> None:
    """Where the reset put it, in the air and under a ball that falls on it."""
    recording = runs[backend]
    shelf = recording.states["object_shelf/root_link_pose_w"]
    ball = recording.states["object_ball/root_link_pose_w"]
    fresh = recording.fresh
    going = ~fresh[1:]
    np.testing.assert_allclose(shelf[1:][going], shelf[:-1][going], atol=1e-5)
    height = shelf[fresh][:, 2]
    assert np.ptp(height) > 0.03
    assert abs(height - 1).max() < 0.0301
    late = np.lib.stride_tricks.sliding_window_view(fresh, 15, axis=0).any(axis=-1)
    late = np.concatenate([np.zeros((14, recording.num_envs), bool), ~late])  # it falls 9 cm at most, in 0.14 s
    rest = ball[..., 2] - shelf[..., 2]
    np.testing.assert_allclose(rest[late], 0.06, atol=1e-2)
    assert rest[fresh].min() > 0.08
    assert late.mean() > 0.2
