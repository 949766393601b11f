"""The two back ends are one environment: the same states, observations, rewards, endings and logs for the same actions,
step by step, where nothing is drawn at random, and the same distributions where it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stripe_dsl.ir.program import Program
from stripe_dsl.pipeline import check_file

from .compare import distance, without_chance
from .recorder import ROOT, Recording, Run, record
from .replay import assert_replayed, entries

pytestmark = pytest.mark.sim

TASKS = Path(__file__).parent / "tasks"


@dataclass(frozen=True)
class Task:
    """A task, and how well its two environments agree.

    Attributes:
        overrides: short episodes, and what makes the endings many.
        observation: bound of the difference of observations, relative to 1 + the value.
        reward: bound of the difference of rewards.
        state: bound of the difference of positions; zero: every bit of every state is the same.
        steps: control steps.
        envs: environments, of the run without chance.
        replayed: bound of the difference to the reference, where no other test looks at that; ``None`` for those.
        final: ask for the observations before resets, too; elsewhere nothing observes twice in a step.
        drawn: environments of a run with everything drawn at random, whose first steps are compared in distribution.
        between: what is computed in torch beside the rewards, between physics and resets.
    """

    source: Path
    overrides: tuple[str, ...]
    observation: float = 0.0
    reward: float = 1e-7
    state: float = 0.0
    steps: int = 300
    envs: int = 12
    replayed: float | None = None
    drawn: int = 0
    final: bool = False
    between: str = ""


EXAMPLES = {
    "cartpole": Task(
        ROOT / "examples" / "cartpole.stripe", ("episode_length_s=1.0", "terminate.off_track_threshold=0.6")
    ),
    "pendulum": Task(ROOT / "examples" / "pendulum.stripe", ("episode_length_s=1.0",), observation=1e-7),
    "ant": Task(
        ROOT / "examples" / "ant.stripe",
        # nearer than in the example, so that a float resolves the progress
        ("episode_length_s=1.0", "terminate.fallen_threshold=0.48", "param.target=[20.0,0.0]"),
        observation=1e-6,
        reward=8e-6,
    ),
    "showcase": Task(
        ROOT / "examples" / "quadruped_showcase.stripe",
        ("episode_length_s=0.6", "command.goal_every=[0.2,0.2]", "randomize.every=[0.3,0.3]"),
        observation=1e-6,
        reward=1e-5,
        steps=200,
        envs=8,
        replayed=2e-5,
        drawn=192,
        between="tests.sim.spot:rewards",
    ),
    "walk": Task(
        ROOT / "examples" / "quadruped_walk.stripe",
        ("episode_length_s=0.6", "command.goal_every=[0.2,0.2]", "randomize.every=[0.3,0.3]"),
        observation=1e-6,
        reward=1e-5,
        steps=200,
        envs=8,
        replayed=2e-5,
        drawn=192,
    ),
    "forest_walk": Task(
        ROOT / "examples" / "forest_walk.stripe",
        ("episode_length_s=0.6", "command.goal_every=[0.2,0.2]", "randomize.every=[0.3,0.3]"),
        observation=1e-5,
        reward=1e-5,
        steps=200,
        envs=8,
        replayed=1e-4,
        drawn=192,
    ),
    "memory": Task(TASKS / "memory.stripe", (), reward=1e-6, final=True),
    "history": Task(TASKS / "history.stripe", (), observation=1e-7, reward=1e-6, final=True),
    "corners": Task(TASKS / "corners.stripe", (), reward=1e-6),  # five terms: a sum in another order
    # turned about the vertical, as the turtle below; only until the cube touches something
    "objects": Task(TASKS / "objects.stripe", (), observation=1e-2, reward=1e-3, state=1e-2),
    "actions": Task(TASKS / "actions.stripe", (), reward=1e-6),
    "limits": Task(TASKS / "limits.stripe", (), reward=1e-6),
    # its base is turned when it is reset: a product of rotations, which differs in its last bit. Contacts and limits of
    # joints magnify that until the episode ends, so it is thrown too high to come down
    "turtle": Task(TASKS / "turtle.stripe", ("reset.base_pos_z=[4.0,4.0]",), observation=1e-2, reward=1e-5, state=1e-3),
}
DRAWN = 6
"""Steps of runs with everything drawn at random."""
MOVED = ("joint_pos", "root_link_pose_w", "body_link_pose_w", "body_com_pose_w")


@dataclass(frozen=True)
class Pair:
    """The same run in both back ends; Warp replays its recorded step."""

    name: str
    program: Program
    torch: Recording
    warp: Recording
    drawn: tuple[Recording, Recording] | None

    @property
    def task(self) -> Task:
        return EXAMPLES[self.name]


def waits(env: Any) -> Mapping[str, Any]:
    """How often each of some steps would wait for a GPU, and how many episodes it ended; runs in the worker."""
    import torch

    from tests.runtime.looks import Looks

    still = torch.zeros(env.num_envs, env.cfg.action_space, device=env.device)
    found, ended = [], []
    for _ in range(4):
        with Looks() as looks:
            _, _, terminated, truncated, _ = env.step(still)
        found.append(len(looks.found))
        ended.append(int((terminated | truncated).sum()))
    return {"waits": torch.tensor(found), "ended": torch.tensor(ended)}


@pytest.fixture(scope="module", params=EXAMPLES)
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Pair:
    task = EXAMPLES[request.param]
    (program,) = check_file(task.source).programs
    overrides = [*without_chance(program), *task.overrides, f"compute_final_obs={task.final}"]
    overrides = [f"{path}={value}" for path, value in dict(item.split("=") for item in overrides).items()]
    warp = Run("warp", inside=False, steps=task.steps, num_envs=task.envs, amplitude=1.5, overrides=overrides)
    warp = replace(warp, shuffle=(0, 70, 71))
    torch = replace(warp, backend="torch", inside=task.replayed is not None, between=task.between)
    wanted = {"torch": torch, "warp": warp}
    if task.drawn:
        torch = Run(inside=False, steps=DRAWN, num_envs=task.drawn, shuffle=(), finish=f"{__name__}:waits")
        wanted |= {"drawn torch": torch, "drawn warp": replace(torch, backend="warp", seed=4)}
    runs = record(task.source, tmp_path_factory.mktemp(request.param), wanted)
    drawn = (runs["drawn torch"], runs["drawn warp"]) if task.drawn else None
    return Pair(request.param, program, runs["torch"], runs["warp"], drawn)


def test_states_are_equal(pair: Pair) -> None:
    assert pair.torch.states.keys() == pair.warp.states.keys()
    for name, theirs in pair.torch.states.items():
        ours = pair.warp.states[name]
        if pair.task.state == 0.0 or name == "episode_length":
            np.testing.assert_array_equal(ours, theirs, err_msg=name)
        elif name.rpartition("/")[2] in MOVED:
            np.testing.assert_allclose(ours, theirs, rtol=0, atol=pair.task.state, err_msg=name)
            first = pair.warp.fresh
            np.testing.assert_allclose(ours[first], theirs[first], rtol=0, atol=1e-6, err_msg=name)
    assert np.ptp(pair.warp.states["episode_length"]) > 10


def test_rewards_are_isaac_labs(pair: Pair) -> None:
    """The showcase's: all fourteen, as Isaac Lab computes them for the Spot that walks. Warp's rewards are torch's."""
    terms, theirs = pair.program.rewards, pair.torch.between
    assert set(theirs) == ({term.name for term in terms} if pair.task.between else set())
    for column, term in enumerate(terms if theirs else ()):
        factor = pair.torch.tunables[term.weight] * pair.torch.facts["step_dt"]
        ours, isaac_lab = pair.torch.reward_terms[..., column] / factor, theirs[term.name]
        assert np.ptp(isaac_lab) > 0, term.name
        scale = max(1.0, abs(ours).sum(axis=0).max())  # sums of episodes have the resolution of the sum
        np.testing.assert_allclose(ours, isaac_lab, rtol=1e-4, atol=2e-6 * scale, err_msg=term.name)


def test_endings_are_equal(pair: Pair) -> None:
    np.testing.assert_array_equal(pair.warp.terminated, pair.torch.terminated)
    np.testing.assert_array_equal(pair.warp.truncated, pair.torch.truncated)
    assert pair.warp.fresh[1:].sum() > 3 * pair.warp.num_envs
    assert pair.warp.truncated.any()
    assert pair.warp.terminated.any() == (pair.name in ("cartpole", "ant", "memory", "history", "forest_walk"))


def test_observations_and_rewards_are_equal(pair: Pair) -> None:
    assert pair.torch.groups.keys() == pair.warp.groups.keys() == {group.name for group in pair.program.groups}
    for name, theirs in pair.torch.groups.items():
        bound, ours = pair.task.observation, pair.warp.groups[name]
        np.testing.assert_allclose(ours, theirs, rtol=bound, atol=bound, err_msg=name)
        np.testing.assert_allclose(ours[0], theirs[0], rtol=2e-6, atol=2e-6, err_msg=name)
        assert len(np.unique(ours)) > 300
    np.testing.assert_allclose(pair.warp.reward, pair.torch.reward, rtol=0, atol=pair.task.reward)
    assert len(np.unique(pair.warp.reward)) > 100


def test_last_observations_are_equal(pair: Pair) -> None:
    """Those of the state that an episode ended in, where the observations are those of the next one's first."""
    ended = pair.warp.fresh[1:]
    assert pair.torch.final.keys() == pair.warp.final.keys() == (pair.warp.groups.keys() if pair.task.final else set())
    for name, ours in pair.warp.final.items():
        bound, theirs = max(pair.task.observation, 1e-6), pair.torch.final[name]
        np.testing.assert_allclose(ours[ended], theirs[ended], rtol=bound, atol=bound, err_msg=name)
        assert (np.abs(ours - pair.warp.groups[name][1:])[ended].max(axis=-1) > 1e-2).all()
        # what goes on is observed twice
        np.testing.assert_array_equal(ours[~ended], pair.warp.groups[name][1:][~ended])


def test_torch_answers_as_the_reference_does(pair: Pair) -> None:
    """And so does Warp, whose answers are those of torch."""
    if pair.task.replayed is not None:
        assert_replayed(pair.program, pair.torch, absolute=pair.task.replayed, loose={})


def test_with_noise_observations_have_one_distribution(pair: Pair) -> None:
    """Of each entry, in the first observation and in that after some steps: resets, noise, commands and pushes."""
    if pair.drawn is not None:
        assert_one_distribution(pair.program, *pair.drawn)


def assert_one_distribution(program: Program, *runs: Recording) -> None:
    """Assert that torch and Warp observe the same of a quadruped, with everything drawn at random."""
    torch, warp = (entries(program, run) for run in runs)
    for (group, name), theirs in torch.items():
        ours = warp[group, name]
        for step in (0, -1):
            # a column at a time: numbers of one environment have much in common
            for column in range(ours.shape[-1]):
                apart = distance(ours[step, :, column], theirs[step, :, column])
                assert apart < 1.0, (group, name, step, column)
    seen = warp["policy", "joints_vel"][0].ravel()
    # the measure sees it where noise is missing or twice as wide
    assert distance(seen, 0 * seen) > 1.0 and distance(seen, 2 * seen) > 1.0
    assert not np.isclose(seen, torch["policy", "joints_vel"][0].ravel()).any(), "other seeds draw other numbers"


def test_a_step_waits_for_the_device_once_in_torch_and_never_in_warp(pair: Pair) -> None:
    """In torch Isaac Lab itself looks which environments to reset; noise, commands, pushes and logs look at nothing."""
    if pair.drawn is None or pair.name != "walk":
        return
    torch, warp = (run.finish for run in pair.drawn)
    assert (torch["ended"] == 0).any()
    np.testing.assert_array_equal(torch["waits"][torch["ended"] == 0], 1)
    np.testing.assert_array_equal(warp["waits"], 0)


def test_the_physics_of_torch_is_a_record(pair: Pair) -> None:
    """And so is compared with that of Warp, and with Isaac Lab's launches by ``test_upstream_equal.py``."""
    assert pair.torch.facts["replays_physics"]


def test_logs_are_equal(pair: Pair) -> None:
    """And stay as they are where no episode ends."""
    rewards = {f"Episode_Reward/{term.name}" for term in pair.program.rewards}
    ends = {f"Episode_Termination/{term.name}" for term in pair.program.terminations}
    ends |= {f"Metrics/{metric.name}" for metric in pair.program.metrics}
    before = None
    for step, (ours, theirs) in enumerate(zip(pair.warp.log, pair.torch.log, strict=True)):
        assert ours.keys() == theirs.keys() == rewards | ends | {"Episode_Termination/timeout"}
        assert ours == pytest.approx(theirs, rel=1e-5, abs=10 * pair.task.reward)
        if before is not None and not pair.warp.fresh[step + 1].any():
            assert ours == before
        before = ours
    assert any(value != 0.0 for value in pair.warp.log[-1].values())


def test_a_log_that_is_kept_does_not_change(pair: Pair) -> None:
    """Loggers keep the dictionary of each step, and read the values at the end of an iteration."""
    for recording in (pair.torch, pair.warp):
        assert recording.kept_log == recording.log
        ended = recording.fresh[1:].any(axis=1)
        changes = [after != before for before, after in pairwise(recording.log)]
        assert sum(changes) > 0.9 * ended.sum() - 1, "it is another one each time"


def test_lengths_of_episodes_can_be_set(pair: Pair) -> None:
    """As rsl_rl does when a training begins; also when the step is recorded already."""
    recording = pair.warp
    longest = recording.facts["max_episode_length"]
    shuffled = {int(step): np.array(lengths) for step, lengths in recording.facts["shuffled"].items()}
    assert shuffled.keys() == {0, 70, 71}
    lengths = np.zeros(recording.num_envs, int)
    # a condition of its own may truncate an episode before its time
    early = any(term.truncates for term in pair.program.terminations)
    for step in range(len(recording.reward)):
        lengths = shuffled.get(step, lengths) + 1
        over = lengths >= longest
        np.testing.assert_array_equal(recording.truncated[step] & over if early else recording.truncated[step], over)
        lengths[recording.fresh[step + 1]] = 0
        np.testing.assert_array_equal(recording.states["episode_length"][step + 1], lengths)
