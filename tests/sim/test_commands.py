"""Commands in Isaac Lab, by each back end: what is drawn, when, what is seen of it, and the log."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stripe_dsl.ir.graph import Read
from stripe_dsl.ir.program import Program
from stripe_dsl.pipeline import check_file

from .compare import assert_same_run
from .recorder import Array, Recording, Run, record
from .replay import assert_replayed, entries

pytestmark = pytest.mark.sim

SOURCE = Path(__file__).parent / "tasks" / "commands.stripe"
STEPS, ENVS = 80, 32
RANDOM = Run(steps=STEPS, num_envs=ENVS, amplitude=0.3)
DT = 1 / 30


@pytest.fixture(scope="module")
def program() -> Program:
    (found,) = check_file(SOURCE).programs
    return found


def fixed(program: Program) -> list[str]:
    """Overrides with which every draw gives one number: nobody stands, and everybody follows the heading."""
    shares = {"goal_standing": 0.0, "plain_standing": 0.0, "goal_heading_share": 1.0}
    values = []
    for item in program.tunables:
        if item.group == "command" and isinstance(item.value, tuple):
            low, high = item.value
            number = low + 0.3 * (high - low)
            values.append(f"{item.path}=[{number},{number}]")
        elif item.name in shares:
            values.append(f"{item.path}={shares[item.name]}")
    return values


@pytest.fixture(scope="module")
def runs(program: Program, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recording]:
    """By back end, with draws and without; ``recorded`` is ``warp`` once more, as the recorded step of a training."""
    torch, warp = RANDOM, replace(RANDOM, backend="warp")
    wanted = {
        "torch": torch,
        "warp": warp,
        "recorded": replace(warp, inside=False),
        "torch_fixed": replace(torch, overrides=[*fixed(program), "compute_final_obs=true"]),
        "warp_fixed": replace(warp, overrides=[*fixed(program), "compute_final_obs=true"]),
    }
    return record(SOURCE, tmp_path_factory.mktemp("commands"), wanted)


@pytest.fixture(scope="module", params=["torch", "warp"])
def recording(request: pytest.FixtureRequest, runs: dict[str, Recording]) -> Recording:
    return runs[request.param]


@pytest.fixture(scope="module")
def seen(program: Program, recording: Recording) -> dict[str, Array]:
    """Columns of the policy."""
    return {name: value for (_, name), value in entries(program, recording).items()}


@pytest.mark.parametrize("backend", ["torch", "warp"])
def test_without_chance_everything_is_as_the_reference_says(
    program: Program, runs: dict[str, Recording], backend: str
) -> None:
    recording = runs[f"{backend}_fixed"]
    assert_replayed(program, recording, absolute=1e-4, loose={})
    assert recording.fresh[1:].sum() > ENVS


def test_the_recorded_step_is_the_launched_one(runs: dict[str, Recording]) -> None:
    assert_same_run(runs["recorded"], runs["warp"])


def uniform(values: Array, low: float, high: float) -> None:
    """Assert by Kolmogorov and Smirnov's bound that the values are drawn evenly; a right one fails once in 10^6."""
    values = np.sort(values.ravel())
    count = len(values)
    assert count > 60
    assert low - 1e-5 <= values[0]
    assert values[-1] <= high + 1e-5
    share = (values - low) / (high - low)
    distance = max(np.abs(np.arange(count) / count - share).max(), np.abs((np.arange(count) + 1) / count - share).max())
    assert distance < 2.69 / np.sqrt(count)


def drawn_anew(recording: Recording, value: Array) -> Array:
    """Whether a value is another one than at the observation before, or that of a new episode; ``(T + 1, N)``."""
    change = np.abs(np.diff(value, axis=0)).max(axis=-1) > 0
    return recording.fresh | np.concatenate([np.ones((1, ENVS), bool), change])


# ---- when -------------------------------------------------------------------------------------------------------


def test_time_runs_down_and_is_drawn_anew(recording: Recording, seen: dict[str, Array]) -> None:
    left = seen["left"][..., 0]
    fresh = recording.fresh
    due = fresh[1:] | (left[:-1] - DT <= 0.5 * DT)
    np.testing.assert_allclose(left[1:][~due], (left[:-1] - DT)[~due], atol=1e-5)
    assert due.sum() > 3 * ENVS
    uniform(left[1:][due], 0.3, 0.5)
    uniform(left[0], 0.3, 0.5) if ENVS > 60 else None
    # the command changes then, and at no other time
    changed = drawn_anew(recording, seen["target"])[1:]
    np.testing.assert_array_equal(changed, due)


def test_a_fixed_period_is_as_many_steps(recording: Recording, seen: dict[str, Array]) -> None:
    changed = drawn_anew(recording, seen["gait_frequency"])
    age = np.zeros(ENVS, int)
    for step in range(STEPS):
        age = np.where(recording.fresh[step], 0, age) + 1
        expected = recording.fresh[step + 1] | (age == 12)  # 0.4 s at 30 Hz
        np.testing.assert_array_equal(changed[step + 1], expected)
        age = np.where(expected, 0, age)


def test_without_a_period_a_command_lasts_an_episode(recording: Recording, seen: dict[str, Array]) -> None:
    for name in ("plain_xy", "plain_yaw", "bend"):
        np.testing.assert_array_equal(seen[name][1:][~recording.fresh[1:]], seen[name][:-1][~recording.fresh[1:]])
    assert len(np.unique(seen["bend"][recording.fresh])) > 0.9 * recording.fresh.sum()


# ---- what -------------------------------------------------------------------------------------------------------


def test_draws_fill_their_ranges(recording: Recording, seen: dict[str, Array]) -> None:
    new = drawn_anew(recording, seen["target"])
    moving = new & ~seen["standing"][..., 0].astype(bool)
    uniform(seen["goal_xy"][moving][:, 0], -1.0, 1.0)
    uniform(seen["goal_xy"][moving][:, 1], 0.2, 0.6)
    uniform(seen["target"][new], -np.pi, np.pi)
    new = drawn_anew(recording, seen["gait_frequency"])
    uniform(seen["gait_frequency"][new], 1.5, 3.0)
    uniform(seen["gait_height"][new], 0.05, 0.1)
    assert abs(np.corrcoef(seen["gait_frequency"][new].T, seen["gait_height"][new].T)[0, 1]) < 0.35
    new = drawn_anew(recording, seen["place_pos"])
    uniform(seen["place_pos"][new][:, 0], -3.0, 3.0)
    uniform(seen["place_pos"][new][:, 1], 1.0, 2.0)
    uniform(seen["bend"][recording.fresh], 0.6, 1.2)


def test_some_stand_still(recording: Recording, seen: dict[str, Array]) -> None:
    standing = seen["standing"][..., 0].astype(bool)
    assert not seen["goal_xy"][standing].any()
    assert not seen["goal_yaw"][standing].any()
    assert seen["goal_xy"][~standing].any(axis=-1).all()
    new = drawn_anew(recording, seen["target"])
    count = new.sum()
    assert abs(standing[new].mean() - 0.25) < 4 * np.sqrt(0.25 * 0.75 / count)
    first = recording.fresh
    still = ~seen["plain_xy"][first].any(axis=-1)
    assert abs(still.mean() - 0.5) < 4 * np.sqrt(0.25 / first.sum())
    np.testing.assert_array_equal(seen["plain_xy"][..., 1], 0.0)  # no range is named
    assert not seen["plain_yaw"][first][still].any()


def test_most_turn_to_their_heading(recording: Recording, seen: dict[str, Array]) -> None:
    moving = ~seen["standing"][..., 0].astype(bool)
    missing = (seen["target"] - seen["yaw"] + np.pi) % (2 * np.pi) - np.pi
    wanted = np.clip(0.5 * missing, -0.8, 0.8)[..., 0]
    follows = np.isclose(seen["goal_yaw"][..., 0], wanted, atol=1e-5)
    new = drawn_anew(recording, seen["target"]) & moving
    assert abs(follows[new].mean() - 0.6) < 4 * np.sqrt(0.24 / new.sum())
    uniform(seen["goal_yaw"][new & ~follows], -0.8, 0.8)
    # as long as a command lasts, the one turns with the base and the other stays
    lasts = ~drawn_anew(recording, seen["target"])[1:] & moving[1:]
    np.testing.assert_array_equal(follows[1:][lasts], follows[:-1][lasts])
    stays = lasts & ~follows[1:]
    np.testing.assert_array_equal(seen["goal_yaw"][1:][stays], seen["goal_yaw"][:-1][stays])
    assert (seen["goal_yaw"][1:] != seen["goal_yaw"][:-1])[..., 0][lasts & follows[1:]].mean() > 0.3


def test_a_goal_is_seen_from_the_heading_of_the_base(recording: Recording, seen: dict[str, Array]) -> None:
    yaw, position = seen["yaw"][..., 0], seen["position"]
    for name, point in (("place_way", seen["place_pos"]), ("near", seen["spot"])):
        way = point[..., :2] - position[..., :2]
        cos, sin = np.cos(yaw), np.sin(yaw)
        ahead = np.stack([way[..., 0] * cos + way[..., 1] * sin, way[..., 1] * cos - way[..., 0] * sin], axis=-1)
        np.testing.assert_allclose(seen[name][..., :2], ahead, atol=1e-4)
    np.testing.assert_allclose(seen["near"][..., 2], (seen["spot"] - position)[..., 2], atol=1e-4)
    distance = np.linalg.norm(seen["place_pos"] - position[..., :2], axis=-1)
    np.testing.assert_allclose(seen["place_distance"][..., 0], distance, atol=1e-4)
    np.testing.assert_array_equal(seen["place_reached"][..., 0], seen["place_distance"][..., 0] < 1.5)
    # around the base as it stood
    new = drawn_anew(recording, seen["spot"])
    offset = (seen["spot"] - position)[new]
    assert np.abs(offset[:, :2]).max() <= 1 + 1e-4
    uniform(offset[:, 0], -1.0, 1.0)
    assert 0.1 - 1e-4 <= offset[:, 2].min() <= offset[:, 2].max() <= 0.2 + 1e-4


def test_a_pose_is_given_in_the_frame_of_the_base(recording: Recording, seen: dict[str, Array]) -> None:
    new = drawn_anew(recording, seen["touch_pos"])
    for column, (low, high) in enumerate(((0.2, 0.6), (-0.2, 0.2), (-0.1, 0.1))):
        uniform(seen["touch_pos"][new][:, column], low, high)
    base, foot, goal = (seen[name] for name in ("rotation", "foot_rotation", "touch_rot"))
    np.testing.assert_allclose(np.linalg.norm(goal, axis=-1), 1.0, atol=1e-5)
    # turned about z only: the yaw is drawn, and nothing else
    assert not goal[..., :2].any()
    uniform(2 * np.arctan2(goal[new][:, 2], goal[new][:, 3]), -np.pi, np.pi)
    place = seen["position"] + turned(base, seen["touch_pos"])
    np.testing.assert_allclose(seen["touched"], place, atol=1e-4)
    distance = np.linalg.norm(seen["foot"] - place, axis=-1)
    np.testing.assert_allclose(seen["touch_distance"][..., 0], distance, atol=1e-4)
    # the angle between two rotations, from the axes that they turn
    cosine = sum((turned(base, turned(goal, axis)) * turned(foot, axis)).sum(-1) for axis in np.eye(3)) / 2 - 0.5
    np.testing.assert_allclose(np.cos(seen["touch_turn"][..., 0]), cosine, atol=1e-4)
    assert seen["touch_turn"].min() >= 0


def turned(quat: Array, vector: Array) -> Array:
    """Vectors turned by rotations (x, y, z, w)."""
    vector = np.broadcast_to(vector, (*quat.shape[:-1], 3))
    cross = 2 * np.cross(quat[..., :3], vector)
    return vector + quat[..., 3:] * cross + np.cross(quat[..., :3], cross)


# ---- rewards and the log ----------------------------------------------------------------------------------------


def test_rewards_speak_of_the_command_that_the_agent_saw(
    recording: Recording, program: Program, seen: dict[str, Array]
) -> None:
    names = [term.name for term in program.rewards]
    velocity = recording.after_step[Read("ant", "root.lin_vel@body")]
    wanted = 0.5 * ((seen["goal_xy"][:-1] - velocity[..., :2]) ** 2).sum(-1) * DT
    np.testing.assert_allclose(recording.reward_terms[..., names.index("track")], wanted, rtol=1e-3, atol=1e-4)
    spin = recording.after_step[Read("ant", "root.ang_vel@body")][..., 2]
    wanted = 0.3 * np.abs(seen["goal_yaw"][:-1, :, 0] - spin) * DT
    np.testing.assert_allclose(recording.reward_terms[..., names.index("turn")], wanted, rtol=1e-3, atol=1e-4)


def test_metrics_are_those_of_the_episodes_that_ended(recording: Recording, seen: dict[str, Array]) -> None:
    velocity = recording.after_step[Read("ant", "root.lin_vel@body")][..., :2]
    spin = recording.after_step[Read("ant", "root.ang_vel@body")][..., 2]
    errors = {
        "Metrics/goal/error_vel_xy": np.linalg.norm(seen["goal_xy"][:-1] - velocity, axis=-1),
        "Metrics/goal/error_vel_yaw": np.abs(seen["goal_yaw"][:-1, :, 0] - spin),
    }
    position = recording.after_step[Read("ant", "root.pos@world")] - recording.after_step[Read("", "env.origin")]
    distance = np.linalg.norm(seen["place_pos"][:-1] - position[..., :2], axis=-1)
    sums = {name: np.zeros(ENVS) for name in errors}
    steps, ever = np.zeros(ENVS), np.zeros(ENVS, bool)
    checked = 0
    for step in range(STEPS):
        steps += 1
        ever |= distance[step] < 1.5
        for name, error in errors.items():
            sums[name] += error[step]
        ended = recording.fresh[step + 1]
        if ended.any():
            log = recording.log[step]
            for name, total in sums.items():
                assert log[name] == pytest.approx((total / steps)[ended].mean(), rel=1e-3, abs=1e-4)
            assert log["Metrics/place/error_pos"] == pytest.approx(distance[step][ended].mean(), rel=1e-3, abs=1e-4)
            assert log["Metrics/place/success_rate"] == pytest.approx(ever[ended].mean(), abs=1e-6)
            assert {"Metrics/place/error_heading", "Metrics/reach/error_pos", "Metrics/bend/error_pos"} <= log.keys()
            assert {"Metrics/touch/position_error", "Metrics/touch/orientation_error"} <= log.keys()
            checked += 1
        for total in sums.values():
            total[ended] = 0.0
        steps[ended], ever[ended] = 0.0, False
    assert checked > 10
