"""Memory, noise, actions, terminations, resets and the log of a purpose-made task, in Isaac Lab, by each back end.

One run of ``tasks/memory.stripe`` by each serves all tests: the reference says what every value has to be, and the
tests below say the rest: what is drawn at random, and what must hold whatever the program says.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stripe_dsl.emit.package import package_files
from stripe_dsl.ir.graph import Read
from stripe_dsl.ir.program import Program
from stripe_dsl.pipeline import check_file

from .compare import assert_same_run, assert_up_to_date
from .recorder import Array, Recording, Run, record
from .replay import Replay, assert_replayed, entries

pytestmark = pytest.mark.sim

SOURCE = Path(__file__).parent / "tasks" / "memory.stripe"
STEPS, ENVS = 160, 24


@pytest.fixture(scope="module")
def program() -> Program:
    (found,) = check_file(SOURCE).programs
    return found


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recording]:
    """By back end; ``recorded`` is ``warp`` once more, as the recorded step of a training, and ``rendered`` as in a
    film."""
    # torch with the last observations of episodes, for which observations are made twice in a step
    torch = Run(steps=STEPS, num_envs=ENVS, overrides=["compute_final_obs=true"])
    warp = Run("warp", steps=320, num_envs=ENVS, shuffle=(0, 100))
    recorded = replace(warp, inside=False)
    rendered = replace(recorded, rendered=True, steps=110)
    wanted = {"torch": torch, "warp": warp, "recorded": recorded, "rendered": rendered}
    return record(SOURCE, tmp_path_factory.mktemp("memory"), wanted)


@pytest.fixture(scope="module", params=["torch", "warp"])
def recording(request: pytest.FixtureRequest, runs: dict[str, Recording]) -> Recording:
    return runs[request.param]


@pytest.fixture(scope="module")
def expected(program: Program, recording: Recording) -> Replay:
    # differences of positions of up to 20 m from the world's origin
    return assert_replayed(program, recording, absolute=1e-5, loose={})


@pytest.fixture(scope="module")
def seen(program: Program, recording: Recording) -> dict[str, Array]:
    """Columns of the critic, which has everything without noise."""
    return {name: value for (group, name), value in entries(program, recording).items() if group == "critic"}


@pytest.fixture(scope="module")
def noisy(program: Program, recording: Recording) -> dict[str, Array]:
    """Columns of the policy."""
    return {name: value for (group, name), value in entries(program, recording).items() if group == "policy"}


def test_everything_is_as_the_reference_says(recording: Recording, expected: Replay) -> None:
    assert expected.terminations[..., :3].any(axis=(0, 1)).all(), "every termination was met"
    assert recording.truncated.any()
    assert recording.fresh[1:].sum() > 3 * ENVS


def test_the_recorded_step_is_the_launched_one(runs: dict[str, Recording]) -> None:
    assert_same_run(runs["recorded"], runs["warp"])
    assert_same_run(runs["recorded"], runs["rendered"])
    assert_up_to_date(runs["recorded"])


# ---- prev -------------------------------------------------------------------------------------------------------


def test_the_first_observation_of_an_episode_has_no_past(recording: Recording, seen: dict[str, Array]) -> None:
    first = recording.fresh
    np.testing.assert_array_equal(seen["before"][first], seen["shoulder"][first])
    np.testing.assert_array_equal(seen["lag"][first], seen["lead"][first])
    for name in ("swing", "jolt", "heights", "twist", "slide", "time"):
        assert not seen[name][first].any(), name


def test_later_observations_have_the_one_before_as_their_past(recording: Recording, seen: dict[str, Array]) -> None:
    later = ~recording.fresh[1:]
    assert later.mean() > 0.5
    for now, past in (("before", "shoulder"), ("lag", "lead")):
        np.testing.assert_array_equal(seen[now][1:][later], seen[past][:-1][later])
        # the cart's height never changes, and sometimes it is the highest
        assert (seen[now][1:][later] != seen[past][1:][later]).mean() > 0.5, "things move"
    # unclipped: the entry `rail` is cut and scaled
    rail = recording.at_observation[Read("arm", "joint.pos", ("rail",))]
    np.testing.assert_array_equal(seen["cart"][1:, :, 0][later], rail[:-1][later])
    difference = seen["swing"][1:] - seen["swing"][:-1]
    np.testing.assert_allclose(seen["jolt"][1:][later], difference[later], atol=1e-6)


def test_an_observation_has_the_last_action(recording: Recording, seen: dict[str, Array]) -> None:
    later = ~recording.fresh[1:]
    np.testing.assert_array_equal(seen["slide"][1:][later], recording.actions[..., :1][later])
    np.testing.assert_array_equal(seen["twist"][1:][later], recording.actions[..., 1:][later])


def test_a_reward_compares_with_the_action_before(
    recording: Recording, program: Program, seen: dict[str, Array]
) -> None:
    names = [term.name for term in program.rewards]
    jerk = recording.reward_terms[..., names.index("jerk")] / recording.facts["step_dt"] / -0.1
    last = np.concatenate([np.zeros((1, ENVS, 2)), recording.actions[:-1, :, 1:]])
    last[recording.fresh[:-1]] = 0.0
    np.testing.assert_allclose(jerk, ((recording.actions[..., 1:] - last) ** 2).sum(-1), rtol=1e-3, atol=1e-3)


# ---- noise, clip and scale --------------------------------------------------------------------------------------


def test_uniform_noise_fills_its_range(noisy: dict[str, Array], seen: dict[str, Array]) -> None:
    noise = (noisy["shoulder"] - seen["shoulder"]).ravel()
    count = noise.size
    assert count > 3000
    assert abs(noise).max() <= 0.1 + 1e-6
    assert abs(noise.mean()) < 4 * 0.1 / np.sqrt(3 * count)
    assert noise.std() == pytest.approx(0.1 / np.sqrt(3), rel=0.03)
    assert np.histogram(noise, bins=10, range=(-0.1, 0.1))[0].min() > 0.8 * count / 10


def test_gaussian_noise_is_scaled_with_its_entry(noisy: dict[str, Array], seen: dict[str, Array]) -> None:
    noise = (noisy["elbow"] - seen["elbow"]).ravel()
    assert abs(noise.mean()) < 4 * 0.1 / np.sqrt(noise.size)
    assert noise.std() == pytest.approx(0.2 * 0.5, rel=0.05)
    assert 0.6 < (abs(noise) < 0.1).mean() < 0.76  # 68 % within one deviation
    assert abs(noise).max() > 0.28


def test_noise_is_drawn_anew_for_every_environment_and_step(noisy: dict[str, Array], seen: dict[str, Array]) -> None:
    noise = (noisy["shoulder"] - seen["shoulder"])[..., 0]
    assert abs(np.corrcoef(noise.T) - np.eye(ENVS)).max() < 0.35
    assert abs(np.corrcoef(noise[:-1].ravel(), noise[1:].ravel())[0, 1]) < 0.05


def test_noise_comes_before_clip_and_clip_before_scale(
    recording: Recording, noisy: dict[str, Array], expected: Replay
) -> None:
    rail, position = noisy["rail"][..., 0], expected.observations["policy", "rail"]
    low, high = -0.05 * 4, 0.05 * 4
    assert rail.min() == pytest.approx(low)
    assert rail.max() == pytest.approx(high)
    inside = (rail > low + 1e-6) & (rail < high - 1e-6)
    noise = rail[inside] / 4 - position[inside]
    assert -0.2 - 1e-6 <= noise.min() < -0.15
    assert 0.25 < noise.max() <= 0.3 + 1e-6
    # what noise cannot bring into the bounds stays at one of them
    for beyond, bound in ((position < -0.35 - 1e-6, low), (position > 0.25 + 1e-6, high)):
        assert beyond.any()
        np.testing.assert_allclose(rail[beyond], bound, rtol=1e-6)


def test_only_the_policy_has_noise(noisy: dict[str, Array], seen: dict[str, Array]) -> None:
    for name, value in noisy.items():
        same = np.array_equal(value, seen[name])
        assert same != (name in ("shoulder", "elbow", "rail")), name


def test_the_critic_is_wired(recording: Recording, program: Program) -> None:
    widths = {group.name: group.width for group in program.groups}
    assert recording.facts["observation_space"] == widths["policy"] == recording.groups["policy"].shape[-1]
    assert recording.facts["state_space"] == widths["critic"] == recording.groups["critic"].shape[-1]
    assert widths["critic"] == widths["policy"] + 3
    assert recording.facts["obs_groups"] == {"actor": ["policy"], "critic": ["critic"]}


def test_a_list_of_vectors_is_flat_member_by_member(recording: Recording, seen: dict[str, Array]) -> None:
    limbs = recording.at_observation[Read("arm", "body.pos@world", ("fore", "cart"))]
    np.testing.assert_array_equal(seen["limbs"][..., :3], limbs[:, :, 0])
    np.testing.assert_array_equal(seen["limbs"][..., 3:], limbs[:, :, 1])


# ---- resets -----------------------------------------------------------------------------------------------------


def at_start(recording: Recording, quantity: str, joint: str) -> Array:
    """A quantity at the first observations of episodes, one number for each."""
    for read, value in recording.at_observation.items():
        if read.quantity == quantity and joint in read.names:
            value = value if value.ndim == 2 else value[..., read.names.index(joint)]
            return value[recording.fresh]
    raise KeyError(f"{quantity} of {joint} is not read")


def assert_uniform(values: Array, low: float, high: float) -> None:
    """Assert that the values fill a range evenly and are not repeated."""
    assert low - 1e-5 <= values.min() < low + 0.1 * (high - low)
    assert high - 0.1 * (high - low) < values.max() <= high + 1e-5
    assert values.mean() == pytest.approx((low + high) / 2, abs=4 * (high - low) / np.sqrt(12 * values.size))
    assert len(np.unique(values)) > 0.95 * values.size


def test_resets_fill_their_ranges(recording: Recording) -> None:
    assert_uniform(at_start(recording, "joint.pos", "rail"), -0.4, 0.3)
    assert_uniform(at_start(recording, "joint.pos", "shoulder"), -np.pi, np.pi)
    # two statements speak of the shoulder's velocity, and the one below wins
    assert_uniform(at_start(recording, "joint.vel", "shoulder"), -1.0, -0.5)


def test_resets_to_one_number(recording: Recording) -> None:
    np.testing.assert_allclose(at_start(recording, "joint.vel", "elbow"), 0.25, rtol=1e-6)
    np.testing.assert_allclose(at_start(recording, "joint.vel", "rail"), 0.1, rtol=1e-6)


def test_resets_stay_within_the_limits_of_joints(recording: Recording) -> None:
    values, limit = at_start(recording, "joint.pos", "elbow"), np.deg2rad(60)
    low, high = recording.facts["joint_limits"][recording.facts["joint_names"].index("elbow")]
    assert (low, high) == pytest.approx((-limit, limit))
    assert (values.min(), values.max()) == pytest.approx((-limit, limit))
    inside = abs(values) < limit - 1e-6
    assert 0.3 < inside.mean() < 0.75  # 52 % of -2..2
    assert len(np.unique(values[inside])) == inside.sum()


# ---- the log ----------------------------------------------------------------------------------------------------


def test_logged_rewards_are_the_sums_of_the_episodes_that_ended(recording: Recording, program: Program) -> None:
    sums = np.zeros((ENVS, len(program.rewards)))
    checked = 0
    for step, terms in enumerate(recording.reward_terms):
        sums += terms
        ended = recording.fresh[step + 1]
        if ended.any():
            for index, term in enumerate(program.rewards):
                logged = recording.log[step][f"Episode_Reward/{term.name}"]
                assert logged == pytest.approx(sums[ended, index].mean() / recording.facts["episode"], abs=1e-5)
            sums[ended] = 0.0
            checked += 1
    assert checked > 20


def test_logged_terminations_are_the_shares_of_how_episodes_ended(recording: Recording, program: Program) -> None:
    names = [*(term.name for term in program.terminations), "timeout"]
    for step, log in enumerate(recording.log):
        ended = recording.fresh[step + 1]
        if ended.any():
            shares = [log[f"Episode_Termination/{name}"] for name in names]
            assert shares == pytest.approx(list(recording.terminations[step][ended].mean(axis=0)), abs=1e-6)
            assert sum(shares) >= 1 - 1e-6, "an episode ends for a reason"


def test_a_step_does_not_wait_for_the_device(program: Program, tmp_path: Path) -> None:
    text = package_files(program, tmp_path / "memory")["env.py"]
    assert not re.search(r"\.item\(|\.cpu\(|\.tolist\(|\.numpy\(|\bbool\(|\.nonzero\(", text)
