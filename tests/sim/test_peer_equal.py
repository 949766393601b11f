"""The peer that the benchmark measures the quadruped beside is the same task.

``benchmarks/peers/velocity.py`` says that Isaac Lab's manager-based velocity task, with the configuration of the
generated one, has the same terms. So both sides play one tape, as in ``test_upstream_equal.py``: joint targets, and
the states at the start and after every reset. Everything that is drawn at random has a range of one value; the robots
are pushed all the same. States, endings, observations and rewards then have to agree.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.environments import ROOT, TASKS, Configuration, built
from tests import forks
from tests.sim.differential import Recording, Tape, largest_difference, play, without_classes

pytestmark = [pytest.mark.sim, pytest.mark.slow]

LEGS = [f"{leg}_{joint}_joint" for leg in ("FL", "FR", "RL", "RR") for joint in ("hip", "thigh", "calf")]
"""Joints in the order of the generated task's actions and observations."""
JOINT_COLUMNS = (12, 24, 36)
"""Where positions, velocities and actions of the joints begin in the observations."""
ONE_VALUE = (
    "env.command.goal_x=[0.5,0.5]",
    "env.command.goal_y=[-0.2,-0.2]",
    "env.command.goal_yaw=[0.3,0.3]",
    "env.command.goal_standing=0.0",
    "env.observe.policy_v_noise=[0.0,0.0]",
    "env.observe.policy_w_noise=[0.0,0.0]",
    "env.observe.policy_base_gravity_body_noise=[0.0,0.0]",
    "env.observe.policy_joints_pos_default_noise=[0.0,0.0]",
    "env.observe.policy_joints_vel_noise=[0.0,0.0]",
    "env.randomize.bodies_friction=[0.8,0.8]",
    "env.randomize.base_mass=[0.5,0.5]",
    "env.randomize.every=[0.3,0.3]",
    "env.randomize.base_lin_vel_xy=[0.4,0.4]",
)


def walking_tape(steps: int = 120, num_envs: int = 16, seed: int = 0) -> Tape:
    """States from which most robots land on their feet and some on their back, and targets that make them step."""
    rng = np.random.default_rng(seed)
    shape = (steps + 1, num_envs)
    joint_pos = np.tile(np.deg2rad([0, 45, -88, 0, 45, -88, 0, 55, -88, 0, 55, -88]), (*shape, 1))
    joint_pos += rng.uniform(-0.2, 0.2, joint_pos.shape)
    tilt = rng.uniform(-0.2, 0.2, shape)
    tilt[rng.random(shape) < 0.3] += np.pi
    yaw = rng.uniform(-np.pi, np.pi, shape)
    quat = np.stack([np.cos(yaw / 2), np.sin(yaw / 2), 0 * yaw, 0 * yaw], axis=-1) * np.sin(tilt / 2)[..., None]
    quat[..., 2:] = np.stack([np.sin(yaw / 2), np.cos(yaw / 2)], axis=-1) * np.cos(tilt / 2)[..., None]
    position = np.stack([*rng.uniform(-0.5, 0.5, (2, *shape)), rng.uniform(0.3, 0.4, shape)], axis=-1)
    return Tape(
        joints=tuple(LEGS),
        actions=rng.uniform(-1.5, 1.5, (steps, num_envs, 12)).astype(np.float32),
        episode_length=rng.integers(880, 1000, num_envs),
        joint_pos=joint_pos.astype(np.float32),
        joint_vel=rng.uniform(-0.5, 0.5, (*shape, 12)).astype(np.float32),
        root_pose=np.concatenate([position, quat], axis=-1).astype(np.float32),
        root_vel=rng.uniform(-0.3, 0.3, (*shape, 6)).astype(np.float32),
    )


def main(argv: Sequence[str] | None = None) -> None:
    """Play the tape on one side and on the other; recordings have the joints in the order of the tape."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args(argv).folder

    from benchmarks.peers.velocity import TASK, velocity
    from stripe_dsl.runtime.config import load_config
    from stripe_dsl.runtime.register import register_package

    tape, task = walking_tape(), TASKS["quadruped"]
    register_package(ROOT / "generated" / task.package)
    envs = tape.actions.shape[1]
    config, problems = load_config(task.ours, device="cpu", num_envs=envs, seed=0, overrides=list(ONE_VALUE))
    assert config is not None, problems
    peer = velocity(config.env)
    with built(Configuration(task.ours, False, config.env, config.agent)) as env:
        play(env, tape).save(folder / "ours.npz")
    with built(Configuration(TASK, False, peer, config.agent)) as env:
        order = [tape.joints.index(name) for name in env.scene["robot"].joint_names]
        seen = play(env, replace(tape, actions=tape.actions[..., order]))
        policy = seen.observations["policy"]
        for first in JOINT_COLUMNS:
            policy[..., [first + column for column in order]] = policy[..., first : first + len(order)].copy()
        seen.save(folder / "peer.npz")


def test_the_peer_of_the_quadruped_is_the_same_task(tmp_path: Path) -> None:
    log = tmp_path / "log"
    status = forks.run(main, [tmp_path], log=log, timeout=300)
    assert status == 0, log.read_text()[-4000:]
    ours, peer = (Recording.load(tmp_path / f"{side}.npz") for side in ("ours", "peer"))
    assert without_classes(ours.physics) == without_classes(peer.physics)
    # robots fall, robots reach the end of their time, and the others are pushed on the way
    assert ours.terminated.sum() > 20
    assert ours.truncated.sum() > 5
    for name in ("terminated", "truncated", "joint_pos", "joint_vel", "root_pose", "root_vel"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(peer, name), err_msg=name)
    found: dict[str, Any] = {
        "observations": largest_difference(ours.observations["policy"], peer.observations["policy"]),
        "rewards": largest_difference(ours.reward, peer.reward),
    }
    assert found["observations"][0] <= 1e-6, found
    assert found["rewards"][0] <= 2e-7, found
