"""Height scans and lidars on the real simulator: where rays hit, in both back ends and after resets."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stripe_dsl.ir.graph import Read
from stripe_dsl.ir.program import Program
from stripe_dsl.pipeline import check_file

from .compare import assert_same_run, turned_back, without_chance
from .recorder import Array, Recording, Run, record
from .replay import assert_replayed, entries

pytestmark = pytest.mark.sim

SOURCE = Path(__file__).parent / "tasks" / "scan.stripe"


@pytest.fixture(scope="module")
def program() -> Program:
    (program,) = check_file(SOURCE).programs
    return program


@pytest.fixture(scope="module")
def runs(program: Program, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recording]:
    """By back end, looked at from inside and with random headings; ``calm`` ones from outside and without chance."""
    torch = Run(steps=60, num_envs=6, shuffle=(0, 20))
    calm = replace(torch, inside=False, steps=130, overrides=without_chance(program))
    wanted = {
        "torch": torch,
        "warp": replace(torch, backend="warp"),
        "calm torch": calm,
        "calm warp": replace(calm, backend="warp"),
        "rendered": replace(calm, backend="warp", rendered=True),  # last: it leaves a simulation behind
    }
    return record(SOURCE, tmp_path_factory.mktemp("scan"), wanted)


@pytest.fixture(params=["torch", "warp", "calm warp"])
def recording(request: pytest.FixtureRequest, runs: dict[str, Recording]) -> Recording:
    found = runs[request.param]
    assert found.fresh[1:].sum() > 6
    return found


@pytest.mark.parametrize("backend", ["torch", "warp"])
def test_everything_is_as_the_reference_says(program: Program, runs: dict[str, Recording], backend: str) -> None:
    assert_replayed(program, runs[backend], absolute=1e-5, loose={})
    assert runs[backend].terminated.any()


def test_the_back_ends_are_equal(runs: dict[str, Recording]) -> None:
    torch, warp = runs["calm torch"], runs["calm warp"]
    np.testing.assert_allclose(warp.groups["policy"], torch.groups["policy"], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(warp.reward, torch.reward, atol=1e-6)
    np.testing.assert_array_equal(warp.fresh, torch.fresh)
    assert len(np.unique(torch.groups["policy"])) > 300


def test_a_step_in_phases_is_the_recorded_one(runs: dict[str, Recording]) -> None:
    assert_same_run(runs["calm warp"], runs["rendered"])


def place(recording: Recording, quantity: str, *names: str) -> Array:
    """A quantity of the robot when the observations were made, ``(T + 1, N, …)``."""
    return recording.at_observation[Read("ant", quantity, names)]


def test_a_scan_is_a_grid_that_turns_with_the_heading(program: Program, recording: Recording) -> None:
    """Straight down to the ground, past the robot that carries it; also in the first observation of an episode."""
    columns = {name: value for (_, name), value in entries(program, recording).items()}
    pose = recording.states["robot/root_link_pose_w"]
    position, rotation = pose[..., :3], pose[..., 3:]
    x, y, z, w = np.moveaxis(rotation, -1, 0)
    yaw = np.arctan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))
    along, across = (axis.ravel() for axis in np.meshgrid([-0.3, -0.1, 0.1, 0.3], [-0.2, 0.0, 0.2]))
    cos, sin = np.cos(yaw)[..., None], np.sin(yaw)[..., None]
    grid = np.stack([cos * along - sin * across, sin * along + cos * across], axis=-1)
    origin = recording.at_observation[Read("", "env.origin")][..., :2]
    points = columns["points"].reshape(*yaw.shape, 12, 3)
    np.testing.assert_allclose(points[..., :2], grid + (position[..., :2] - origin)[..., None, :], atol=1e-4)
    np.testing.assert_allclose(points[..., 2], 0.0, atol=1e-5)
    height = np.broadcast_to(-position[..., 2:], columns["scan"].shape)
    np.testing.assert_allclose(columns["scan"], height, atol=1e-5)
    assert np.ptp(height) > 0.1


def test_a_lidar_turns_with_its_body(program: Program, recording: Recording) -> None:
    """Distances to the ground by its height and the directions of the rays; nothing is hit beyond its reach."""
    columns = {name: value for (_, name), value in entries(program, recording).items()}
    position = place(recording, "body.pos@world", "front_left_leg")
    # the opposite turn, of vectors that the inverse brings back
    turn = place(recording, "body.rot@world", "front_left_leg") * np.array([-1, -1, -1, 1])
    elevation, azimuth = (angle.ravel() for angle in np.meshgrid(
        np.radians([-80.0, -55.0, -30.0]), np.radians(np.arange(-180.0, 180.0, 60.0)), indexing="ij"
    ))  # fmt: skip
    rays = np.stack([np.cos(elevation) * np.cos(azimuth), np.cos(elevation) * np.sin(azimuth), np.sin(elevation)], -1)
    tilt = np.radians(10.0)
    facing = np.array([[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]])
    directions = turned_back(turn[..., None, :], np.broadcast_to(rays @ facing.T, (*position.shape[:2], 18, 3)))
    start = position + turned_back(turn, np.broadcast_to([0.0, 0.0, 0.1], position.shape))
    with np.errstate(divide="ignore"):
        distance = start[..., None, 2] / -directions[..., 2]
    distance = np.where((distance > 0) & (distance <= 2.0), distance, np.inf)
    np.testing.assert_allclose(columns["far"], np.minimum(distance, 3.0), atol=1e-3)
    assert (columns["far"] < 1.0).any()
    assert np.ptp(columns["far"], axis=(0, 1)).min() > 0.02
