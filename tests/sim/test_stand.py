"""The quadruped of the examples stands on its motors, in each back end."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stripe_dsl.pipeline import check_file
from stripe_dsl.robots.inertia import of_body

from .recorder import Array, Recording, Run, record

pytestmark = pytest.mark.sim

SOURCE = Path(__file__).parent / "tasks" / "stand.stripe"
HUMANOID = SOURCE.with_name("upright.stripe")
SECONDS, RATE = 5, 50  # of control steps


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recording]:
    still = Run(
        steps=SECONDS * RATE, num_envs=2, amplitude=0.0, shuffle=(), inside=False, finish="tests.sim.test_stand:masses"
    )
    moved = Run(steps=60, num_envs=4, amplitude=4.0)
    wanted = {
        f"{name}_{backend}": replace(run, backend=backend)
        for name, run in (("still", still), ("moved", moved))
        for backend in ("torch", "warp")
    }
    return record(SOURCE, tmp_path_factory.mktemp("stand"), wanted)


def masses(env: Any) -> dict[str, Any]:
    """What the simulator moves: masses (N, B) and inertias (N, B, 9)."""
    data = env.scene["robot"].data
    return {"mass": data.body_mass, "inertia": data.body_inertia}


def policy(run: Recording) -> dict[str, Array]:
    """Entries of the observation by name."""
    (program,) = check_file(SOURCE).programs
    items = program.groups[0].items
    ends = np.cumsum([item.value.type.width for item in items])
    return dict(zip((item.name for item in items), np.split(run.groups["policy"], ends[:-1], axis=-1), strict=True))


@pytest.mark.parametrize("backend", ["torch", "warp"])
def test_it_stands(runs: dict[str, Recording], backend: str) -> None:
    seen = policy(runs[f"still_{backend}"])
    assert list(seen)[2:] == ["joints_pos_default", "joints_vel", "joints_effort", "feet_pos"]
    settled = slice(2 * RATE, None)
    height = seen["base_pos"][settled, :, 2]
    assert height.min() > 0.28
    assert height.max() < 0.31
    assert seen["base_gravity_body"][settled, :, 2].max() < -0.999  # 2.6 deg
    # it neither slides nor turns away: 5 cm in five seconds, of which most is the fall at the start
    assert np.abs(seen["base_pos"][-1, :, :2]).max() < 0.05
    assert np.abs(seen["joints_vel"][-RATE:]).max() < 0.05
    assert np.abs(seen["joints_pos_default"][settled]).max() < 0.25
    # its feet of 2.2 cm carry it
    feet = seen["feet_pos"].reshape(-1, 2, 4, 3)[settled, ..., 2]
    np.testing.assert_allclose(feet, 0.022, atol=4e-3)
    # the motors hold it within their limits: legs in pairs, so the torques mirror
    efforts = seen["joints_effort"][-1].reshape(2, 4, 3)
    assert np.abs(efforts).max() < 12.0
    np.testing.assert_allclose(efforts[:, ::2] * [-1, 1, 1], efforts[:, 1::2], atol=0.2)


def test_mass_and_inertia_are_those_of_the_shapes(runs: dict[str, Recording]) -> None:
    """Of the ones too that collide with nothing, which the simulator leaves out."""
    (program,) = check_file(SOURCE).programs
    robot, run = program.robots[0], runs["still_warp"]
    assert robot.primitives is not None
    assert list(robot.model.joint_names) == run.facts["joint_names"]
    assert robot.model.collision_shapes == 5
    bodies = {body.name: of_body(body) for body in robot.primitives.bodies}
    wanted = [bodies[name] for name in robot.model.body_names]
    mass, inertia = run.finish["mass"][0].reshape(17), run.finish["inertia"][0].reshape(17, 3, 3)
    assert mass.sum() == pytest.approx(15.0)
    np.testing.assert_allclose(mass, [body.mass for body in wanted], rtol=1e-5)
    for one, other in zip(inertia, wanted, strict=True):
        np.testing.assert_allclose(one, other.inertia, rtol=1e-4, atol=1e-4 * np.max(other.inertia))


def test_the_two_back_ends_move_alike(runs: dict[str, Recording]) -> None:
    torch, warp = runs["moved_torch"], runs["moved_warp"]
    np.testing.assert_array_equal(torch.actions, warp.actions)
    assert np.abs(torch.states["robot/joint_vel"]).max() > 5.0
    # contacts magnify the last bit; so long as nothing slips it stays one
    np.testing.assert_allclose(torch.groups["policy"][:10], warp.groups["policy"][:10], atol=1e-3)


def test_the_humanoid_stands(tmp_path: Path) -> None:
    """Of a file that the compiler brought to USD, with its own names for joints."""
    wanted = {"warp": Run("warp", steps=2 * RATE, num_envs=2, amplitude=0.0, shuffle=(), inside=False)}
    run = record(HUMANOID, tmp_path, wanted)["warp"]
    (program,) = check_file(HUMANOID).programs
    assert run.facts["joint_names"] == list(program.robots[0].model.joint_names)
    assert "right_hip_x:1" in run.facts["joint_names"]
    seen = run.groups["policy"]
    height, upright = seen[..., 2], -seen[..., 5]
    assert height[RATE:].min() > 1.24
    assert height[RATE:].max() < 1.31
    assert upright.min() > 0.99
    assert np.abs(seen[-1, :, -21:]).max() < 0.2
