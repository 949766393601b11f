"""Actuator models: each back end moves joints as the formulas of Isaac Lab's models say, and both move them alike."""

from __future__ import annotations

from dataclasses import replace
from math import pi
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stripe_dsl.ir.graph import Read

from .recorder import Array, Recording, Run, record

pytestmark = pytest.mark.sim

SOURCE = Path(__file__).parent / "tasks" / "motors.stripe"
STEP, SUBSTEPS, DELAY = 1 / 200, 4, 6
JOINTS = ("drive_x", "pd_x", "late_x", "motor_y", "knee_y", "wheel_y")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recording]:
    torch = Run(steps=90, inside=False, amplitude=2.0)
    wanted = {"torch": torch, "warp": replace(torch, backend="warp")}
    wanted["rendered"] = replace(wanted["warp"], rendered=True)
    return record(SOURCE, tmp_path_factory.mktemp("motors"), wanted)


def states(run: Recording, name: str) -> dict[str, Array]:
    """Of each joint, (T + 1, N)."""
    columns = [run.facts["joint_names"].index(joint) for joint in JOINTS]
    return {joint: run.states[f"robot/{name}"][..., column] for joint, column in zip(JOINTS, columns, strict=True)}


def inertia() -> float:
    """Of a capsule of 1 kg, 5 cm thick and 20 cm long between its caps, about an axis across it [kg*m^2]."""
    r, h = 0.05, 0.2
    tube, caps = pi * r * r * h, 4 / 3 * pi * r**3
    across = tube * (r * r / 4 + h * h / 12) + caps * (0.4 * r * r + h * h / 4 + 3 / 8 * h * r)
    return across / (tube + caps)


def effort(joint: str, target: Array, push: Array, x: Array, v: Array) -> Array:
    """Efforts of the joints of the task."""
    if joint in ("pd_x", "late_x"):
        return np.clip(100 * (target - x) - 10 * v, -20, 20)
    if joint == "knee_y":
        most = np.interp(x, [-1, 0, 1], [0.2, 1, 2])
        return np.clip(20 * (target - x), -most, most)
    gain = {"motor_y": 8.0, "wheel_y": 0.0}[joint]
    speed = np.clip(v, -6 * (1 + 3 / 4), 6 * (1 + 3 / 4))
    return np.clip(
        gain * (target - x) - 0.2 * v + push,
        np.maximum(4 * (-1 - speed / 6), -3),
        np.minimum(4 * (1 - speed / 6), 3),
    )


@pytest.mark.parametrize("backend", ["torch", "warp", "rendered"])
def test_joints_move_as_the_models_say(runs: dict[str, Recording], backend: str) -> None:
    run = runs[backend]
    position, speed = states(run, "joint_pos"), states(run, "joint_vel")
    going = ~run.fresh[1:]
    assert going.mean() > 0.8
    begun = np.zeros(run.num_envs, int)
    first = np.zeros(run.num_envs, int)
    limited = dict.fromkeys(JOINTS, 0)
    for t, action in enumerate(run.actions):
        first = np.where(run.fresh[t], t, first)
        begun = (t - first) * SUBSTEPS
        targets = dict(zip(JOINTS, (*(0.3 * action[:, :3]).T, *(2 * action[:, 3:5]).T, 0 * action[:, 5]), strict=True))
        for joint in JOINTS[1:]:
            mass = 1.0 if joint.endswith("_x") else inertia() + (0.01 if joint != "knee_y" else 0.0)
            x, v = position[joint][t].astype(float), speed[joint][t].astype(float)
            for sub in range(SUBSTEPS):
                target = targets[joint]
                if joint == "late_x":
                    # what was told six physics steps ago, or first in this episode
                    told = np.maximum(begun + sub - DELAY, 0) // SUBSTEPS + first
                    target = 0.3 * run.actions[told, np.arange(run.num_envs), 2]
                push = 5 * action[:, 5] if joint == "wheel_y" else np.zeros(run.num_envs)
                force = effort(joint, target, push, x, v)
                v = v + STEP * force / mass
                x = x + STEP * v
                limited[joint] += int((np.abs(force) > 2.9).sum())
            alive = going[t]
            np.testing.assert_allclose(
                speed[joint][t + 1][alive], v[alive], rtol=2e-3, atol=4e-3, err_msg=f"{joint} {t}"
            )
            np.testing.assert_allclose(
                position[joint][t + 1][alive], x[alive], rtol=1e-4, atol=2e-4, err_msg=f"{joint} {t}"
            )
    assert all(limited[joint] > 10 for joint in ("pd_x", "motor_y", "wheel_y"))


def test_efforts_are_told(runs: dict[str, Recording]) -> None:
    """What the motors did in the last physics step of a control step is what a task reads."""
    for run in runs.values():
        seen = run.at_observation[Read("rack", "joint.effort", ("drive_x", "pd_x", "late_x"))]
        wheel = run.at_observation[Read("rack", "joint.effort", ("wheel_y",))]
        assert np.abs(seen).max() == pytest.approx(20.0, abs=1e-3)
        assert 1.5 < np.abs(wheel).max() <= 3.0 + 1e-5


def test_the_back_ends_move_joints_alike(runs: dict[str, Recording]) -> None:
    torch, warp, rendered = (runs[name] for name in ("torch", "warp", "rendered"))
    np.testing.assert_array_equal(torch.actions, warp.actions)
    until = 28  # nothing has been drawn but the first states, which differ
    for name in ("joint_pos", "joint_vel"):
        np.testing.assert_array_equal(warp.states[f"robot/{name}"], rendered.states[f"robot/{name}"])
        assert torch.states[f"robot/{name}"][:until].shape == warp.states[f"robot/{name}"][:until].shape


def test_soft_limits_and_the_reset(runs: dict[str, Recording]) -> None:
    limits: Any = runs["torch"].facts["joint_limits"]
    assert len(limits) == len(JOINTS)
    for run in runs.values():
        fresh = run.fresh
        begin = states(run, "joint_pos")["late_x"][fresh]
        assert np.abs(begin).max() <= 0.2 + 1e-6
        assert fresh[1:].sum() >= run.num_envs
