"""What the agent's numbers become: targets as upstream's action terms compute them, in each back end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stripe_dsl.pipeline import check_file

from .compare import assert_same_run
from .recorder import Array, Recording, Run, record
from .replay import assert_replayed

pytestmark = pytest.mark.sim

TASKS = Path(__file__).parent / "tasks"
JOINTS = ("rail", "elbow", "shoulder", "finger_left", "finger_right")


def targets(env: Any) -> Mapping[str, Any]:
    """What Isaac Lab and Newton were told last, and where the joints are; runs in the worker."""
    from isaaclab_newton.physics import NewtonManager

    robot = env.scene["robot"]
    columns = robot.find_joints(list(JOINTS), preserve_order=True)[0]
    control = robot.root_view.get_attribute("joint_target_q", NewtonManager.get_control())[:, 0]
    return {
        "target": robot.actuators.target_command.position.torch.cpu().numpy()[:, columns].copy(),
        "drive": control.numpy()[:, columns].copy(),
        "pos": robot.data.joint_pos.torch.cpu().numpy()[:, columns].copy(),
        "lower": robot.data.soft_joint_pos_limits.torch.cpu().numpy()[:, columns, 0].copy(),
        "upper": robot.data.soft_joint_pos_limits.torch.cpu().numpy()[:, columns, 1].copy(),
    }


@pytest.fixture(scope="module", params=["actions", "limits"])
def runs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """By back end, one physics step a control step, so that the state before each is known; ``recorded`` as trained."""
    probe = "tests.sim.test_actions:targets"
    overrides = ("decimation=1", "episode_length_s=0.3")
    torch = Run(steps=120, overrides=overrides, probe=probe, amplitude=1.3)
    warp = replace(torch, backend="warp")
    wanted = {"torch": torch, "warp": warp, "recorded": replace(warp, inside=False)}
    source = TASKS / f"{request.param}.stripe"
    found: dict[str, Any] = dict(record(source, tmp_path_factory.mktemp(request.param), wanted))
    return found | {"name": request.param, "source": source}


def affine(recording: Recording, columns: slice, scale: Array, offset: Array) -> Array:
    return offset + scale * recording.actions[..., columns]


def expected(name: str, recording: Recording) -> Array:
    """Targets of the joints by upstream's formulas (``isaaclab.envs.mdp.actions``)."""
    raw = recording.actions
    pos, lower, upper = (recording.probes[key] for key in ("pos", "lower", "upper"))
    out = np.zeros((*raw.shape[:2], len(JOINTS)))
    last = np.zeros_like(out)

    def unscaled(values: Array, place: slice) -> Array:
        low, high = lower[1:, :, place], upper[1:, :, place]
        return (low + high) / 2 + np.clip(values, -1, 1) * (high - low) / 2

    if name == "actions":
        out[..., :1] = pos[:-1, :, :1] + np.clip(0.3 * np.clip(raw[..., :1], -0.8, 0.8), -0.2, 0.15)
        wanted = np.clip(np.deg2rad([0.0, 20.0]) + np.array([0.8, 0.4]) * raw[..., 1:3], -0.5, 0.7)
        out[..., 3:] = np.where(raw[..., 3:4] < 0, [0.0, 0.01], [0.03, 0.03])
        smooth, share = slice(1, 3), 0.4
    else:
        wanted = unscaled(1.5 * raw[..., :1], slice(0, 1))
        out[..., 1:3] = unscaled(np.clip(raw[..., 1:3], -0.5, 0.9), slice(1, 3))
        out[..., 3:] = pos[:-1, :, 3:] + 0.01 * raw[..., 3:5]
        smooth, share = slice(0, 1), 0.3
    for step in range(len(raw)):
        # an average begins where the joints are when the episode does
        last[step] = np.where(recording.fresh[step][:, None], pos[step], out[step - 1])
        out[step, :, smooth] = share * wanted[step] + (1 - share) * last[step, :, smooth]
    return out


@pytest.mark.parametrize("backend", ["torch", "warp", "recorded"])
def test_targets_are_upstreams(runs: dict[str, Any], backend: str) -> None:
    recording: Recording = runs[backend]
    going = ~recording.fresh[1:]
    assert 0.9 < going.mean() < 1.0
    wanted = expected(runs["name"], recording)[going]
    np.testing.assert_allclose(recording.probes["target"][1:][going], wanted, atol=2e-6)
    np.testing.assert_allclose(recording.probes["drive"][1:][going], wanted, atol=2e-6)
    assert np.ptp(wanted, axis=0).min() > 0.005, "every joint was told something else now and then"


def test_the_recorded_step_is_the_launched_one(runs: dict[str, Any]) -> None:
    assert_same_run(runs["recorded"], runs["warp"])


@pytest.mark.parametrize("backend", ["torch", "warp"])
def test_everything_is_as_the_reference_says(runs: dict[str, Any], backend: str) -> None:
    (program,) = check_file(runs["source"]).programs
    assert_replayed(program, runs[backend], absolute=1e-5, loose={})
    assert program.actions[2].width == (1 if runs["name"] == "actions" else 2)


def test_a_relative_target_runs_ahead_of_its_joint(tmp_path: Path) -> None:
    """The present position is read before each physics step, as upstream does: a cart pushed one way keeps going."""
    source = TASKS / "actions.stripe"
    run = Run(steps=40, probe="tests.sim.test_actions:targets", overrides=("action.slide_clip=[0.5,0.5]",), shuffle=())
    for recording in record(
        source, tmp_path, {"torch": run, "warp": replace(run, backend="warp", inside=False)}
    ).values():
        rail = recording.probes["pos"][..., 0]
        start, end = rail[0], rail[25]
        assert (end - start > 0.3).all(), "further than the 0.15 m of one command"
        # the target was set one physics step ago, a quarter of a control step
        lead = recording.probes["target"][1:26, :, 0] - rail[1:26]
        speed = (rail[1:26] - rail[:25]) * 30
        np.testing.assert_allclose(lead, 0.15 - speed / 120, atol=1e-2)
        assert abs(lead - (0.15 - speed / 30)).max() > 2e-2, "not as of the beginning of the control step"
