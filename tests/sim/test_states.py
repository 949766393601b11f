"""States, ``since``, ``held`` and ``filter`` in Isaac Lab, by each back end.

One run of ``tasks/states.stripe`` by each serves all tests: the reference says what every value has to be, and the
tests below compute some of them anew, from what the run saw.
"""

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
from .replay import Replay, assert_replayed, entries

pytestmark = pytest.mark.sim

SOURCE = Path(__file__).parent / "tasks" / "states.stripe"
STEPS, ENVS = 120, 24
DT = 1 / 30


@pytest.fixture(scope="module")
def program() -> Program:
    (found,) = check_file(SOURCE).programs
    return found


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recording]:
    """By back end; ``recorded`` is ``warp`` once more, as the recorded step of a training."""
    # torch with the last observations of episodes, for which observations are made twice in a step
    torch = Run(steps=STEPS, num_envs=ENVS, overrides=["compute_final_obs=true"])
    warp = Run("warp", steps=STEPS, num_envs=ENVS)
    wanted = {"torch": torch, "warp": warp, "recorded": replace(warp, inside=False)}
    return record(SOURCE, tmp_path_factory.mktemp("states"), wanted)


@pytest.fixture(scope="module", params=["torch", "warp"])
def recording(request: pytest.FixtureRequest, runs: dict[str, Recording]) -> Recording:
    return runs[request.param]


@pytest.fixture(scope="module")
def expected(program: Program, recording: Recording) -> Replay:
    return assert_replayed(program, recording, absolute=2e-5, loose={})


@pytest.fixture(scope="module")
def seen(program: Program, recording: Recording) -> dict[str, Array]:
    """Columns of the policy."""
    return {name: value for (_, name), value in entries(program, recording).items()}


def test_everything_is_as_the_reference_says(recording: Recording, expected: Replay) -> None:
    assert expected.terminations[..., :2].any(axis=(0, 1)).all(), "every termination was met"
    assert recording.fresh[1:].sum() > 3 * ENVS


def test_the_recorded_step_is_the_launched_one(runs: dict[str, Recording]) -> None:
    assert_same_run(runs["recorded"], runs["warp"])


def at(recording: Recording, quantity: str, name: str) -> tuple[Array, Array]:
    """A quantity of one joint after the physics ``(T, N)`` and at the observations ``(T + 1, N)``."""
    read = Read("arm", quantity, (name,))
    return recording.after_step[read], recording.at_observation[read]


def test_an_episode_begins_with_the_state_after_the_reset(recording: Recording, seen: dict[str, Array]) -> None:
    _, rail = at(recording, "joint.pos", "rail")
    first = recording.fresh
    for name in ("far", "start", "memory"):
        np.testing.assert_array_equal(seen[name][first][:, 0], rail[first], err_msg=name)
    assert len(np.unique(rail[first])) > 0.9 * first.sum(), "each begins elsewhere"
    for name in ("steps", "whirl", "gain", "went", "calm", "quick", "right", "steady", "long", "slope", "push", "soft"):
        assert not seen[name][first].any(), name
    np.testing.assert_array_equal(seen["phase"][first], 0.25)


def test_a_state_is_updated_once_a_step(recording: Recording, seen: dict[str, Array]) -> None:
    later = ~recording.fresh[1:]
    assert 0.5 < later.mean() < 0.99
    steps = seen["steps"][..., 0]
    np.testing.assert_array_equal(steps[1:][later], steps[:-1][later] + 1)
    rail, _ = at(recording, "joint.pos", "rail")
    far = seen["far"][..., 0]
    np.testing.assert_array_equal(far[1:][later], np.maximum(far[:-1], rail)[later])
    phase = seen["phase"][..., 0]
    np.testing.assert_allclose(phase[1:][later], ((phase[:-1] + 1.5 * DT) % 1)[later], atol=1e-5)
    assert (seen["start"][1:][later] == seen["start"][:-1][later]).all()


def test_rewards_of_the_first_step_see_a_state_updated_once(recording: Recording, program: Program) -> None:
    rail, begin = at(recording, "joint.pos", "rail")
    record_term = [term.name for term in program.rewards].index("record")
    first = recording.fresh[:-1]
    gained = np.maximum(begin[:-1], rail) - begin[:-1]
    np.testing.assert_allclose(recording.reward_terms[..., record_term][first], 2.0 * gained[first], atol=1e-6)


def test_since_counts_from_when_the_condition_last_held(recording: Recording, seen: dict[str, Array]) -> None:
    rail, _ = at(recording, "joint.pos", "rail")
    time = np.zeros(ENVS)
    met = 0
    for step in range(STEPS):
        holds = rail[step] > np.float32(0.05)
        time = np.where(holds, 0.0, time + DT)
        met += int((holds & (time == 0)).sum())
        time = np.where(recording.fresh[step + 1], 0.0, time)
        np.testing.assert_allclose(seen["right"][step + 1, :, 0], time, atol=1e-5)
    assert 0 < met < STEPS * ENVS
    assert seen["right"].max() > 0.5


def test_held_wants_as_many_steps_as_the_time_has(recording: Recording, seen: dict[str, Array]) -> None:
    rail, _ = at(recording, "joint.pos", "rail")
    count, went = np.zeros(ENVS), np.zeros(ENVS, bool)
    for step in range(STEPS):
        count = np.where(rail[step] > np.float32(0.05), count + 1, 0)
        went |= count >= 3  # 0.1 s at 30 Hz
        fresh = recording.fresh[step + 1]
        count, went = np.where(fresh, 0, count), went & ~fresh
        np.testing.assert_array_equal(seen["went"][step + 1, :, 0].astype(bool), went)
    assert 0.05 < seen["went"].mean() < 0.95


def test_a_filter_is_the_exact_low_pass(recording: Recording, seen: dict[str, Array]) -> None:
    later = ~recording.fresh[1:]
    share = 1 - np.exp(-DT / 0.3)
    push, slide = seen["push"][..., 0], recording.actions[..., 0]
    want = push[:-1] + share * (slide - push[:-1])
    np.testing.assert_allclose(push[1:][later], want[later], atol=1e-6)
    both = recording.after_step[Read("arm", "joint.vel", ("elbow", "shoulder"))]
    start = recording.at_observation[Read("arm", "joint.vel", ("elbow", "shoulder"))]
    smooth = seen["smooth"]
    np.testing.assert_array_equal(smooth[recording.fresh], start[recording.fresh])
    want = smooth[:-1] + (1 - np.exp(-DT / 0.2)) * (both - smooth[:-1])
    np.testing.assert_allclose(smooth[1:][later], want[later], rtol=1e-5, atol=1e-5)
