"""A curriculum on the real simulator, by both back ends: settings are what the schedule says, step by step."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from .recorder import Array, Recording, Run, record
from .worker import array

pytestmark = pytest.mark.sim

SOURCE = Path(__file__).parent / "tasks" / "lessons.stripe"
CLIMBING = SOURCE.with_name("climbing.stripe")
STEPS, ENVS = 110, 16
FIXED = [
    "reset.slider_pos=[0.3,0.3]",
    "reset.slider_vel=[0.3,0.3]",
    "curriculum.reset_slider_pos=[0.3,0.3]",
    "observe.policy_slider_pos_noise=[0.0,0.0]",
    "curriculum.observe_policy_slider_pos_noise=[0.0,0.0]",
    "command.ask_speed=[0.5,0.5]",
    "curriculum.command_ask_speed=[2.5,2.5]",
]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recording]:
    return record(SOURCE, tmp_path_factory.mktemp("lessons"), lesson_runs(), timeout=500)


def lesson_runs() -> dict[str, Run]:
    torch = Run(steps=STEPS, num_envs=ENVS, inside=False)
    runs = {"torch": torch, "warp": replace(torch, backend="warp")}
    return runs | {f"{name}-fixed": replace(run, overrides=FIXED) for name, run in runs.items()}


@pytest.fixture(params=["torch", "warp"])
def run(request: pytest.FixtureRequest, runs: dict[str, Recording]) -> Recording:
    return runs[request.param]


def along(first: float, last: float, begin: float, end: float) -> Array:
    """What a setting is in each step, the first of which is number one; shape ``(T, 1)``."""
    share = np.clip((np.arange(1, STEPS + 1) - begin) / (end - begin), 0.0, 1.0)
    return ((1 - share) * first + share * last)[:, None]


def test_a_weight_changes_along_a_line(run: Recording) -> None:
    goes_on = ~run.fresh[1:]
    speed = np.abs(run.groups["critic"][1:, :, 1])
    fast = speed / np.hypot(speed, np.where(np.arange(1, STEPS + 1) > 30, 0.5, 2.0)[:, None])
    expected = run.facts["step_dt"] * (1.0 + along(-0.01, -0.1, 20, 60) * speed + fast)
    np.testing.assert_allclose(run.reward[goes_on], expected[goes_on], rtol=1e-5)
    assert (speed[goes_on] > 0.1).mean() > 0.5, "the weight counts"
    assert run.log[-1]["Curriculum/reward.calm"] == pytest.approx(-0.1)


def test_a_threshold_changes_at_once(run: Recording) -> None:
    goes_on = ~run.fresh[1:]
    position = np.abs(run.groups["critic"][1:, :, 0])
    # where an episode goes on, the position is the one that was looked at
    late = np.arange(1, STEPS + 1)[:, None] > 60
    assert position[goes_on & late].max() <= 0.9
    assert position[goes_on & ~late].max() > 0.9
    assert run.terminated[60:].any()
    assert not run.terminated[:60].any()


def test_a_range_of_a_reset_grows(run: Recording) -> None:
    width = along(0.5, 1.0, 0, 90)
    start = np.abs(run.groups["critic"][1:, :, 0])
    fresh = run.fresh[1:]
    assert (start <= width + 1e-6)[fresh].all()
    assert (start > 0.75)[80:][fresh[80:]].any()
    assert (start[:30][fresh[:30]] < 0.7).all()


def test_noise_changes_at_once(run: Recording) -> None:
    noise = np.abs(run.groups["policy"][1:, :, 0] - run.groups["critic"][1:, :, 0])
    assert 0.08 < noise[:30].max() <= 0.1 + 1e-6
    assert 0.25 < noise[30:].max() <= 0.3 + 1e-6


def test_a_command_asks_for_more(run: Recording) -> None:
    speed = run.groups["critic"][1:, :, 4]
    assert 0.0 <= speed[:50].min() <= speed[:50].max() <= 1.0
    assert len(np.unique(speed[:50])) > ENVS
    # every command is drawn anew within 0.1 s
    assert 2.0 <= speed[60:].min() <= speed[60:].max() <= 3.0


def test_an_action_gets_stronger(run: Recording) -> None:
    """The scale of step 42 is that which step 41 has set: after more than 40."""
    later = ~run.fresh[1:]
    change = np.abs(run.groups["critic"][1:, :, 1] - run.groups["critic"][:-1, :, 1])
    before, after = change[:41][later[:41]], change[41:][later[41:]]
    assert after.mean() > 5 * before.mean()
    assert change[41][later[41]].mean() > 3 * before.mean()


def test_without_chance_the_back_ends_agree(runs: dict[str, Recording]) -> None:
    ours, theirs = runs["torch-fixed"], runs["warp-fixed"]
    assert ours.terminated.any()
    for name in ("terminated", "truncated"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name), name)
    for group in ("policy", "critic"):
        np.testing.assert_array_equal(ours.groups[group], theirs.groups[group], group)
    # along a line torch computes with 64 bits, Warp with 32
    np.testing.assert_allclose(ours.reward, theirs.reward, rtol=1e-6)


# ---- levels -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def climbs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recording]:
    return record(CLIMBING, tmp_path_factory.mktemp("climbing"), climbing_runs(), timeout=500)


def climbing_runs() -> dict[str, Run]:
    torch = Run(steps=150, num_envs=ENVS, probe="tests.sim.test_curriculum:levels")
    return {"torch": torch, "warp": replace(torch, backend="warp", inside=False)}


def levels(env: Any) -> dict[str, Any]:
    """The level of each environment."""
    return {"level": array(env._level)}


@pytest.mark.parametrize("backend", ["torch", "warp"])
def test_levels_go_with_the_ends_of_episodes(backend: str, climbs: dict[str, Recording]) -> None:
    run = climbs[backend]
    level = np.zeros(ENVS)
    alive = np.zeros(ENVS)
    for step in range(150):
        alive += np.where(run.terminated[step], 0.0, run.facts["step_dt"]) / run.facts["episode"]
        ended = run.fresh[step + 1]
        change = (alive > 0.9).astype(float) - run.terminated[step]
        level = np.where(ended, np.clip(level + change, 0, 4), level)
        alive[ended] = 0.0
        np.testing.assert_array_equal(run.probes["level"][step + 1], level, f"step {step}")
    assert run.probes["level"].max() > 1
    assert (np.diff(run.probes["level"], axis=0) < 0).any(), "some go down"
    assert run.log[-1]["Curriculum/level"] == pytest.approx(run.probes["level"][-1].mean(), abs=0.5)


@pytest.mark.parametrize("backend", ["torch", "warp"])
def test_settings_go_with_the_mean_of_the_levels(backend: str, climbs: dict[str, Recording]) -> None:
    run = climbs[backend]
    share = run.probes["level"][:-1].mean(axis=1, keepdims=True) / 4
    goes_on = ~run.fresh[1:]
    position, speed = (np.abs(run.groups["policy"][1:, :, column]) for column in (0, 1))
    expected = run.facts["step_dt"] * (1.0 + (-0.01 - 0.09 * share) * speed)
    np.testing.assert_allclose(run.reward[goes_on], expected[goes_on], rtol=1e-5)
    assert (position <= 0.5 - 0.2 * share + 1e-6)[goes_on].all()
    assert share.max() > 0.3
