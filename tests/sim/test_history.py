"""Histories and biases of observations, on running environments of both back ends."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stripe_dsl.ir.observations import Observation
from stripe_dsl.ir.program import Program
from stripe_dsl.ir.reference import with_history
from stripe_dsl.pipeline import check_file

from .compare import assert_same_run
from .recorder import Array, Recording, Run, record
from .replay import Replay, assert_replayed, entries

pytestmark = pytest.mark.sim

SOURCE = Path(__file__).parent / "tasks" / "history.stripe"
ENVS = 24


@pytest.fixture(scope="module")
def program() -> Program:
    (found,) = check_file(SOURCE).programs
    return found


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recording]:
    """``recorded`` is ``warp`` once more, as the recorded step of a training."""
    # torch with the last observations of episodes, for which observations are made twice in a step
    torch = Run(steps=160, num_envs=ENVS, overrides=["compute_final_obs=true"])
    warp = Run("warp", steps=160, num_envs=ENVS, shuffle=(0, 100))
    wanted = {"torch": torch, "warp": warp, "recorded": replace(warp, inside=False)}
    return record(SOURCE, tmp_path_factory.mktemp("history"), wanted)


@pytest.fixture(scope="module", params=["torch", "warp"])
def recording(request: pytest.FixtureRequest, runs: dict[str, Recording]) -> Recording:
    return runs[request.param]


@pytest.fixture(scope="module")
def expected(program: Program, recording: Recording) -> Replay:
    return assert_replayed(program, recording, absolute=1e-5, loose={})


@pytest.fixture(scope="module")
def items(program: Program) -> dict[tuple[str, str], Observation]:
    return {(group.name, item.name): item for group in program.groups for item in group.items}


def test_everything_is_as_the_reference_says(recording: Recording, expected: Replay) -> None:
    """Histories without noise and bias among it, from the first step of each episode on."""
    assert len(expected.observations) == 9 + 11
    assert recording.fresh[1:].sum() > 3 * ENVS


def test_the_recorded_step_is_the_launched_one(runs: dict[str, Recording]) -> None:
    assert_same_run(runs["recorded"], runs["warp"])


def test_a_history_holds_what_was_seen(
    program: Program, recording: Recording, items: dict[tuple[str, str], Observation]
) -> None:
    """With noise and bias as they were: an old value is the one that the agent saw then."""
    for key, value in entries(program, recording).items():
        width = items[key].value.type.width
        newest = value[..., -width:]
        np.testing.assert_array_equal(value, with_history(newest, recording.fresh, items[key].history), err_msg=key[1])


def test_sizes_of_groups(program: Program, recording: Recording) -> None:
    widths = {group.name: group.width for group in program.groups}
    assert widths["policy"] == 3 * (1 + 1 + 2 + 6 + 2 + 1 + 1) + 5 + 1
    assert widths["critic"] == 2 * (1 + 1 + 1 + 2 + 6 + 2 + 1 + 1 + 1) + 2 + 8
    assert recording.facts["observation_space"] == widths["policy"]
    assert recording.facts["state_space"] == widths["critic"]


def bias_of(program: Program, recording: Recording, expected: Replay, name: str, scale: float = 1.0) -> Array:
    """What was added to an entry that has no noise, ``(T + 1, N, width)``."""
    value = expected.observations["policy", name].reshape(*recording.fresh.shape, -1)
    return entries(program, recording)["policy", name][..., -value.shape[-1] :] / scale - value


def test_a_bias_stays_for_an_episode(program: Program, recording: Recording, expected: Replay) -> None:
    for name, scale in (("elbow", 0.5), ("both", 1.0)):
        bias = bias_of(program, recording, expected, name, scale)
        later = ~recording.fresh[1:]
        np.testing.assert_allclose(bias[1:][later], bias[:-1][later], atol=2e-5, err_msg=name)
        renewed = abs(bias[1:] - bias[:-1])[recording.fresh[1:]]
        assert (renewed > 1e-4).mean() > 0.95, "drawn anew"


def test_a_bias_is_drawn_for_every_element(program: Program, recording: Recording, expected: Replay) -> None:
    drawn = bias_of(program, recording, expected, "both")[recording.fresh]
    assert drawn.shape == (recording.fresh.sum(), 2)
    assert len(np.unique(drawn.round(5))) > 0.9 * drawn.size
    assert abs(np.corrcoef(drawn.T)[0, 1]) < 0.3
    assert abs(drawn).max() <= 0.05 + 1e-5
    assert drawn.std() == pytest.approx(0.05 / np.sqrt(3), rel=0.15)


def test_a_gaussian_bias(program: Program, recording: Recording, expected: Replay) -> None:
    drawn = bias_of(program, recording, expected, "elbow", 0.5)[recording.fresh]
    assert abs(drawn.mean()) < 4 * 0.3 / np.sqrt(drawn.size)
    assert drawn.std() == pytest.approx(0.3, rel=0.2)


def test_bias_and_noise_add_up(program: Program, recording: Recording, expected: Replay) -> None:
    added = bias_of(program, recording, expected, "shoulder")
    assert -0.3 <= added.min() < -0.15
    assert 0.35 < added.max() <= 0.5
    assert added.mean() == pytest.approx(0.1, abs=0.05)
    rail = entries(program, recording)["policy", "rail"]
    assert (rail.min(), rail.max()) == pytest.approx((-0.8, 1.2)), "clipped after both were added, then scaled"


def test_without_noise_is_without_bias(items: dict[tuple[str, str], Observation]) -> None:
    for (group, name), item in items.items():
        assert (item.bias is not None) == (group == "policy" and name in ("shoulder", "elbow", "rail", "both"))
