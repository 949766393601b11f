"""Quantities and frames of a floating robot against Isaac Lab's own functions, and what resets of its base write, in
each back end.

Entries of the group ``policy`` of ``tasks/turtle.stripe`` are named after the functions of ``isaaclab.envs.mdp`` that
give the same value; the worker calls these on the same environment.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stripe_dsl.ir.graph import Read
from stripe_dsl.ir.program import Program
from stripe_dsl.pipeline import check_file

from .compare import assert_same_run, assert_up_to_date, turned_back
from .recorder import Array, Recording, Run, record
from .replay import Replay, assert_replayed, entries

pytestmark = pytest.mark.sim

SOURCE = Path(__file__).parent / "tasks" / "turtle.stripe"


def task() -> Program:
    (found,) = check_file(SOURCE).programs
    return found


NAMES = [item.name for item in task().groups[0].items]


def probe(env: Any) -> dict[str, Array]:
    """What Isaac Lab's functions say; runs in the worker."""
    from isaaclab.envs import mdp
    from isaaclab.managers import SceneEntityCfg
    from isaaclab.utils.math import euler_xyz_from_quat, quat_apply_inverse, yaw_quat

    robot = SceneEntityCfg("robot")
    found = {name: getattr(mdp, name)(env, asset_cfg=robot) for name in NAMES}
    data = env.scene["robot"].data
    turn = data.root_quat_w.torch
    found["lin_vel_heading"] = quat_apply_inverse(yaw_quat(turn), data.root_lin_vel_w.torch)
    found["ang_vel_heading"] = quat_apply_inverse(yaw_quat(turn), data.root_ang_vel_w.torch)
    found["roll"], found["pitch"], found["yaw"] = euler_xyz_from_quat(turn)
    return {name: value.cpu().numpy() for name, value in found.items()}


def reset_again(env: Any) -> dict[str, Any]:
    """The base before and after a reset from outside; runs in the worker at the end."""
    data, found = env.scene["robot"].data, {}
    for moment in ("before", "after"):
        for name in ("root_link_pose_w", "root_com_vel_w", "root_com_lin_vel_b", "projected_gravity_b"):
            found[f"{moment} {name}"] = getattr(data, name).torch.clone()
        env.reset()
    return found


@pytest.fixture(scope="module")
def program() -> Program:
    return task()


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recording]:
    """By back end; ``recorded`` is ``warp`` once more, as the recorded step of a training."""
    module = "tests.sim.test_observations"
    torch = Run(steps=100, num_envs=24, probe=f"{module}:probe", finish=f"{module}:reset_again")
    warp = replace(torch, backend="warp", steps=300)
    wanted = {"torch": torch, "warp": warp, "recorded": replace(warp, inside=False)}
    return record(SOURCE, tmp_path_factory.mktemp("turtle"), wanted)


@pytest.fixture(scope="module", params=["torch", "warp"])
def recording(request: pytest.FixtureRequest, runs: dict[str, Recording]) -> Recording:
    return runs[request.param]


@pytest.fixture(scope="module")
def expected(program: Program, recording: Recording) -> Replay:
    return assert_replayed(program, recording, absolute=2e-5, loose={})


@pytest.fixture(scope="module")
def given(program: Program, recording: Recording) -> dict[str, Array]:
    return {name: value for (_, name), value in entries(program, recording).items()}


def test_everything_is_as_the_reference_says(recording: Recording, expected: Replay) -> None:
    assert recording.terminated.any()
    assert recording.truncated.any()
    assert (expected.observations["frames", "fast"] > 0).any()
    assert (expected.observations["frames", "lowest"] != 0).any()


def test_the_recorded_step_is_the_launched_one(runs: dict[str, Recording]) -> None:
    assert_same_run(runs["recorded"], runs["warp"])
    assert_up_to_date(runs["recorded"])


@pytest.mark.parametrize("name", NAMES)
def test_as_isaaclab(name: str, recording: Recording, given: dict[str, Array], program: Program) -> None:
    ours, theirs = given[name], recording.probes[name]
    theirs = theirs.reshape(*theirs.shape[:2], -1)
    (item,) = [item for item in program.groups[0].items if item.name == name]
    if item.value.type.axis is not None:
        names = recording.facts["joint_names"]
        theirs = theirs[..., [names.index(member) for member in item.value.type.axis.names]]
    assert abs(theirs).max() > 0
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5 * max(1.0, abs(theirs).max() / 100))


@pytest.mark.parametrize("name", ["lin_vel_heading", "ang_vel_heading", "roll", "pitch", "yaw"])
def test_frames_as_isaaclab(name: str, recording: Recording, given: dict[str, Array]) -> None:
    theirs = recording.probes[name]
    np.testing.assert_allclose(given[name], theirs.reshape(*theirs.shape[:2], -1), rtol=1e-5, atol=1e-5)


def test_directions(given: dict[str, Array]) -> None:
    """What must hold of directions in whatever pose."""
    np.testing.assert_allclose(given["length"], 1.0, atol=1e-5)
    down = np.broadcast_to([0.0, 0.0, -1.0], given["gravity_world"].shape)
    np.testing.assert_allclose(given["gravity_world"], down, atol=1e-5)
    np.testing.assert_allclose((given["forward"] * given["up"]).sum(-1), 0.0, atol=1e-5)
    np.testing.assert_allclose(given["up"][..., 2], -given["projected_gravity"][..., 2], atol=1e-5)
    # in its own heading the base looks along x
    np.testing.assert_allclose(given["forward_heading"][..., 1], 0.0, atol=1e-5)
    yaw = given["yaw"][..., 0]
    flat = np.linalg.norm(given["forward"][..., :2], axis=-1)
    np.testing.assert_allclose(given["forward"][..., 0], flat * np.cos(yaw), atol=1e-5)
    np.testing.assert_allclose(given["forward"][..., 1], flat * np.sin(yaw), atol=1e-5)
    np.testing.assert_allclose(given["there_and_back"], given["base_lin_vel"], atol=1e-4)


def test_a_reset_clears_the_sensor_of_its_own_environment_alone(recording: Recording, given: dict[str, Array]) -> None:
    force = abs(given["force"]).max(axis=-1)
    np.testing.assert_array_equal(force[recording.fresh], 0.0)
    others = ~recording.fresh & recording.fresh.any(axis=1, keepdims=True)
    assert others.sum() > 100, "others were reset at the time"
    assert (force[~recording.fresh] > 0.0).all()


def test_groups_beside_the_policy_are_returned(recording: Recording, program: Program) -> None:
    assert list(recording.groups) == ["policy", "frames"]
    assert recording.facts["observation_space"] == program.groups[0].width


@pytest.mark.parametrize("run", ["torch", "warp", "recorded"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_what_isaaclab_derives_is_up_to_date_around_a_reset(runs: dict[str, Recording], run: str, moment: str) -> None:
    seen = runs[run].finish
    assert (seen["before root_link_pose_w"] != seen["after root_link_pose_w"]).any()
    quat = seen[f"{moment} root_link_pose_w"][:, 3:]
    velocity, down = seen[f"{moment} root_com_vel_w"][:, :3], np.broadcast_to([0.0, 0.0, -1.0], quat[:, :3].shape)
    np.testing.assert_allclose(seen[f"{moment} root_com_lin_vel_b"], turned_back(quat, velocity), atol=1e-4)
    np.testing.assert_allclose(seen[f"{moment} projected_gravity_b"], turned_back(quat, down), atol=1e-5)


# ---- resets of the base -----------------------------------------------------------------------------------------


def assert_uniform(values: Array, low: float, high: float) -> None:
    """Assert that the values fill a range and are not repeated."""
    assert low - 1e-4 <= values.min() < low + 0.15 * (high - low)
    assert high - 0.15 * (high - low) < values.max() <= high + 1e-4
    assert values.mean() == pytest.approx((low + high) / 2, abs=4 * (high - low) / np.sqrt(12 * values.size))
    assert len(np.unique(values)) > 0.95 * values.size


def test_positions_are_in_the_frame_of_the_environment(recording: Recording, given: dict[str, Array]) -> None:
    position = given["root_pos_w"][recording.fresh]
    assert len(position) > 60
    assert_uniform(position[:, 0], 0.3 - 0.5, 0.3 + 0.5)
    assert_uniform(position[:, 1], -0.2 - 0.5, -0.2 + 0.5)
    assert_uniform(position[:, 2], 0.9, 1.2)
    world = recording.at_observation[Read("ant", "root.pos@world")]
    origins = recording.at_observation[Read("", "env.origin")]
    assert abs(origins).max() > 2, "the environments are apart"
    np.testing.assert_allclose(world - origins, given["root_pos_w"], atol=1e-5)


def test_components_are_drawn_apart(recording: Recording, given: dict[str, Array]) -> None:
    first = recording.fresh
    parts = [given["root_pos_w"][first], given["root_lin_vel_w"][first][:, ::2], given["root_ang_vel_w"][first][:, ::2]]
    together = np.concatenate([*parts, given["yaw"][first]], axis=1)
    assert abs(np.corrcoef(together.T) - np.eye(together.shape[1])).max() < 5 / np.sqrt(len(together))


def test_yaw_turns_the_default_rotation(recording: Recording, given: dict[str, Array]) -> None:
    first = recording.fresh
    assert_uniform(given["yaw"][first][:, 0], np.deg2rad(40 - 90), np.deg2rad(40 + 90))
    # the tilt of the default is kept, about the robot's own axes
    np.testing.assert_allclose(given["roll"][first], np.deg2rad(10), atol=1e-5)
    np.testing.assert_allclose(given["pitch"][first], 0.0, atol=1e-5)


def test_velocities_are_in_the_world(recording: Recording, given: dict[str, Array]) -> None:
    velocity, spin = given["root_lin_vel_w"][recording.fresh], given["root_ang_vel_w"][recording.fresh]
    assert_uniform(velocity[:, 0], -1, 1)
    assert_uniform(velocity[:, 2], -1, 1)
    np.testing.assert_allclose(velocity[:, 1], 3.0, atol=1e-4)
    assert_uniform(spin[:, 0], -2, -1)
    assert_uniform(spin[:, 2], -2, -1)
    np.testing.assert_allclose(spin[:, 1], 0.0, atol=1e-4)


def test_joints_start_between_their_limits(recording: Recording, given: dict[str, Array]) -> None:
    inside = given["joint_pos_limit_normalized"][recording.fresh]
    for column in inside.T:
        assert_uniform(column, -0.5, 0.5)
    assert abs(np.corrcoef(inside.T) - np.eye(inside.shape[1])).max() < 0.5
    np.testing.assert_allclose(given["joint_vel"][recording.fresh], 0.0, atol=1e-6)
