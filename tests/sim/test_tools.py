"""Actions that arrive late, on the simulator and in each back end: what reaches the joints in every physics step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stripe_dsl.ir.delays import arrived
from stripe_dsl.pipeline import check_file

from .recorder import Recording, Run, record
from .replay import assert_replayed

pytestmark = pytest.mark.sim

SOURCE = Path(__file__).parent / "tasks" / "tools.stripe"
DECIMATION = 4
ARM = ("rail", "elbow", "shoulder")


def told(env: Any) -> Mapping[str, Any]:
    """Where the joints were before each physics step of the control step that is over, and what they were told then."""
    if not hasattr(env, "rows"):
        robot = env.scene["robot"]
        columns = robot.find_joints(list(ARM), preserve_order=True)[0]
        apply, env.rows = env._apply_action, [[np.zeros((env.num_envs, 3))] * 2] * DECIMATION

        def apply_action() -> None:
            pos = robot.data.joint_pos.torch.cpu().numpy()[:, columns].copy()
            apply()
            target = robot.actuators.target_command.position.torch.cpu().numpy()[:, columns].copy()
            env.rows.append([pos, target])

        env._apply_action = apply_action
    rows = np.array(env.rows[-DECIMATION:])
    delay = getattr(env._reach_delay, "numpy", lambda: env._reach_delay)()
    return {"pos": rows[:, 0].swapaxes(0, 1), "target": rows[:, 1].swapaxes(0, 1), "delay": np.array(delay)}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recording]:
    """By back end; ``recorded`` as trained, and ``whole`` with nothing drawn at random, for torch and Warp."""
    torch = Run(steps=120, num_envs=12, overrides=("episode_length_s=0.6",), probe="tests.sim.test_tools:told")
    same = ("action.reach_delay=[0.03,0.03]", "reset.rail_pos=[0.1,0.1]", "reset.both_vel=[0.2,0.2]")
    bare = replace(torch, inside=False, probe="", overrides=(*torch.overrides, *same))
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
    for name in ("robot/joint_pos", "robot/joint_vel"):
        np.testing.assert_array_equal(ours.states[name], theirs.states[name])
    np.testing.assert_allclose(ours.groups["policy"], theirs.groups["policy"], atol=1e-7)
