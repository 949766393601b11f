"""Inertial sensors, and bodies as seen from the base, on the real simulator: in both back ends and after resets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stripe_dsl.ir.graph import Read
from stripe_dsl.ir.program import Program
from stripe_dsl.pipeline import check_file

from .compare import assert_same_run, turned_back, without_chance
from .recorder import Array, Recording, Run, record
from .replay import assert_replayed, entries

pytestmark = pytest.mark.sim

SOURCE = Path(__file__).parent / "tasks" / "frames.stripe"


def velocities(env: Any) -> Mapping[str, Any]:
    """Angular velocities of two bodies in their own axes [rad/s]; runs in the worker."""
    from isaaclab.utils.math import quat_apply_inverse

    data = env.scene["robot"].data
    body = env.scene["robot"].find_bodies("front_left_leg")[0][0]
    shin = quat_apply_inverse(data.body_quat_w.torch[:, body], data.body_ang_vel_w.torch[:, body])
    return {"chest": data.root_ang_vel_b.torch.cpu(), "shin": shin.cpu()}


@pytest.fixture(scope="module")
def program() -> Program:
    (program,) = check_file(SOURCE).programs
    return program


@pytest.fixture(scope="module")
def runs(program: Program, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recording]:
    """By back end, looked at from inside and with random headings; ``calm`` ones from outside and without chance."""
    torch = Run(steps=75, num_envs=6, shuffle=(0, 20), probe="tests.sim.test_frames:velocities")
    calm = replace(
        torch, inside=False, probe="", steps=65, overrides=without_chance(program), amplitude=0.0, shuffle=()
    )
    wanted = {
        "torch": torch,
        "warp": replace(torch, backend="warp"),
        "calm torch": calm,
        "calm warp": replace(calm, backend="warp"),
        "rendered": replace(calm, backend="warp", rendered=True),  # last: it leaves a simulation behind
    }
    return record(SOURCE, tmp_path_factory.mktemp("frames"), wanted)


def columns(program: Program, recording: Recording) -> dict[str, Array]:
    return {name: value for (_, name), value in entries(program, recording).items()}


@pytest.mark.parametrize("backend", ["torch", "warp"])
def test_everything_is_as_the_reference_says(program: Program, runs: dict[str, Recording], backend: str) -> None:
    """With what Isaac Lab's sensors say to somebody who asks them."""
    assert_replayed(program, runs[backend], absolute=1e-4, loose={})
    assert runs[backend].fresh[1:].sum() > 5


def test_the_back_ends_are_equal(runs: dict[str, Recording]) -> None:
    torch, warp = runs["calm torch"], runs["calm warp"]
    np.testing.assert_allclose(warp.groups["policy"], torch.groups["policy"], rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(warp.fresh, torch.fresh)
    assert len(np.unique(torch.groups["policy"])) > 300


def test_a_step_in_phases_is_the_recorded_one(runs: dict[str, Recording]) -> None:
    assert_same_run(runs["calm warp"], runs["rendered"])


@pytest.mark.parametrize("backend", ["calm torch", "calm warp"])
def test_an_accelerometer_feels_the_ground_and_not_gravity(
    program: Program, runs: dict[str, Recording], backend: str
) -> None:
    seen = columns(program, runs[backend])
    first = runs[backend].fresh
    assert first.sum() == 12
    for name in ("pull", "spin", "ankle", "turn"):
        assert not seen[name][first].any(), "nothing was measured in an episode that has just begun"
    falling = 10 * seen["pull"][2:6]
    np.testing.assert_allclose(falling, 0.0, atol=0.3)
    resting = 10 * seen["pull"][50:58]
    np.testing.assert_allclose(np.linalg.norm(resting, axis=-1), 9.81, atol=0.2)
    np.testing.assert_allclose(np.linalg.norm(seen["ankle"][50:58], axis=-1), 9.81, atol=0.2)


@pytest.mark.parametrize("backend", ["torch", "warp"])
def test_a_gyroscope_turns_with_its_body(program: Program, runs: dict[str, Recording], backend: str) -> None:
    """Isaac Lab's velocities of the bodies, in the axes of the sensor; one of them is turned a quarter about z."""
    recording = runs[backend]
    seen, later = columns(program, recording), ~recording.fresh
    chest, shin = recording.probes["chest"], recording.probes["shin"]
    np.testing.assert_allclose(seen["spin"][later], chest[later], atol=2e-3)
    quarter = np.stack([shin[..., 1], -shin[..., 0], shin[..., 2]], axis=-1)
    np.testing.assert_allclose(seen["turn"][later], quarter[later], atol=2e-3)
    assert np.ptp(shin[later], axis=0).min() > 0.1


@pytest.mark.parametrize("backend", ["torch", "warp"])
def test_a_reset_draws_for_all_joints_and_for_each(program: Program, runs: dict[str, Recording], backend: str) -> None:
    """One uniform number moves all joints alike, and normal ones each of them."""
    recording = runs[backend]
    moved = columns(program, recording)["joints_pos_default"][recording.fresh]
    assert moved.shape[0] > 11
    together = moved.mean(axis=1)
    apart = moved - together[:, None]
    assert apart.std() == pytest.approx(0.02 * np.sqrt(7 / 8), rel=0.25)
    assert abs(apart).max() > 0.035, "beyond what uniform numbers of this deviation reach"
    assert abs(together).max() < 0.1 + 4 * 0.02 / np.sqrt(8)
    assert np.ptp(together) > 0.08


@pytest.mark.parametrize("backend", ["torch", "warp"])
def test_bodies_are_seen_from_the_base(program: Program, runs: dict[str, Recording], backend: str) -> None:
    recording = runs[backend]
    seen = columns(program, recording)

    def place(quantity: str, *names: str) -> Array:
        return recording.at_observation[Read("ant", quantity, names)]

    feet = ("right_back_foot", "front_left_foot")
    rot = place("root.rot@world")[..., None, :]
    apart = place("body.pos@world", *feet) - place("root.pos@world")[..., None, :]
    np.testing.assert_allclose(seen["feet"].reshape(apart.shape), turned_back(rot, apart), atol=1e-5)
    speed = place("body.lin_vel@world", *feet)
    np.testing.assert_allclose(seen["speed"].reshape(apart.shape), turned_back(rot, speed), atol=1e-4)
    # the heading leaves what is above where it is, and turns the rest about the vertical
    ahead = seen["ahead"].reshape(apart.shape)
    np.testing.assert_allclose(ahead[..., 2], apart[..., 2], atol=1e-5)
    x, y, z, w = np.moveaxis(rot, -1, 0)
    yaw = np.arctan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))
    np.testing.assert_allclose(ahead[..., 0], np.cos(yaw) * apart[..., 0] + np.sin(yaw) * apart[..., 1], atol=1e-5)
    assert abs(seen["feet"] - seen["ahead"]).max() > 0.01
