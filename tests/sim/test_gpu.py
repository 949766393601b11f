"""The environments on a CUDA device: torch, Warp launched kernel by kernel, and Warp's one CUDA graph.

On a GPU sums are made in no fixed order, so that runs drift apart where contacts magnify the last bit: each run is
compared with the reference on what it read itself, and the runs with each other while they can still be the same.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from stripe_dsl.ir.program import Program
from stripe_dsl.pipeline import check_file

from .compare import assert_up_to_date, without_chance
from .recorder import ROOT, Recording, Run, record
from .replay import assert_replayed, assert_replayed_from_outside

pytestmark = [pytest.mark.sim, pytest.mark.gpu]


@dataclass(frozen=True)
class Task:
    """An example.

    Attributes:
        overrides: short episodes.
        absolute: bound of the difference to the reference.
        loose: other bounds by name of the reward term.
        steps: for how long the runs are the same.
        apart: bound of their difference then.
    """

    overrides: tuple[str, ...]
    absolute: float
    loose: dict[str, float]
    steps: int
    apart: float


TASKS = {
    "cartpole": Task(("episode_length_s=0.5", "terminate.off_track_threshold=0.6"), 4e-6, {}, 60, 1e-3),
    "ant": Task(("episode_length_s=0.5", "param.target=[20.0,0.0]"), 4e-5, {"progress": 1e-5}, 12, 1e-2),
}
ENVS = 16
DEVICE = "cuda:0"
START, LIMIT = time.monotonic(), 230.0
"""Seconds that all runs may take together."""


@dataclass(frozen=True)
class Runs:
    """Runs with the same actions; ``recorded`` replays a graph, ``drawn`` does so with random resets."""

    name: str
    program: Program
    torch: Recording
    warp: Recording
    recorded: Recording
    drawn: Recording

    @property
    def task(self) -> Task:
        return TASKS[self.name]


@pytest.fixture(scope="module", params=TASKS)
def runs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Runs:
    if not pytest.importorskip("torch").cuda.is_available():
        pytest.skip("torch finds no CUDA device")
    task, source = TASKS[request.param], ROOT / "examples" / f"{request.param}.stripe"
    (program,) = check_file(source).programs
    overrides = [*without_chance(program), *task.overrides]
    torch = Run(steps=75, num_envs=ENVS, overrides=overrides, amplitude=1.5, device=DEVICE)
    warp = replace(torch, backend="warp")
    recorded = replace(warp, inside=False)
    draws = "tests.sim.test_warp_vs_torch:draws"
    drawn = replace(recorded, overrides=task.overrides, num_envs=256, steps=40, shuffle=(0, 20), finish=draws)
    wanted = {"torch": torch, "warp": warp, "recorded": recorded, "drawn": drawn}
    folder = tmp_path_factory.mktemp(request.param)
    # a bare machine compiles its kernels in the first process
    timeout = min(175.0, LIMIT - (time.monotonic() - START))
    return Runs(request.param, program, **record(source, folder, wanted, timeout=timeout))


@pytest.mark.parametrize("backend", ["torch", "warp"])
def test_answers_as_the_reference_does(runs: Runs, backend: str) -> None:
    recording = getattr(runs, backend)
    assert_replayed(runs.program, recording, absolute=runs.task.absolute, loose=runs.task.loose)
    assert recording.fresh[1:].sum() > ENVS


@pytest.mark.parametrize("run", ["recorded", "drawn"])
def test_a_graph_answers_as_the_reference_does(runs: Runs, run: str) -> None:
    recording = getattr(runs, run)
    assert_replayed_from_outside(runs.program, recording, absolute=runs.task.absolute, loose=runs.task.loose)
    assert_up_to_date(recording)
    assert recording.fresh[1:].sum() > ENVS


@pytest.mark.parametrize("backend", ["torch", "warp"])
def test_a_graph_steps_as_launches_and_torch_do(runs: Runs, backend: str) -> None:
    ours, theirs, task = runs.recorded, getattr(runs, backend), runs.task
    for name in ("joint_pos", "root_link_pose_w", "body_link_pose_w"):
        states = ours.states[f"robot/{name}"][: task.steps], theirs.states[f"robot/{name}"][: task.steps]
        np.testing.assert_allclose(*states, rtol=0, atol=task.apart, err_msg=name)
    np.testing.assert_allclose(ours.reward[: task.steps], theirs.reward[: task.steps], rtol=0, atol=task.apart)
    np.testing.assert_array_equal(ours.truncated[: task.steps], theirs.truncated[: task.steps])
    # what a reset writes is the same in every bit
    first = ours.fresh & theirs.fresh
    assert first[1:].sum() > ENVS // 2
    for name in ("joint_pos", "joint_vel", "root_com_vel_w"):
        np.testing.assert_array_equal(ours.states[f"robot/{name}"][first], theirs.states[f"robot/{name}"][first])


def test_lengths_of_episodes_can_be_set(runs: Runs) -> None:
    recording = runs.drawn
    shuffled = {int(step): np.array(lengths) for step, lengths in recording.facts["shuffled"].items()}
    lengths = np.zeros(recording.num_envs, int)
    for step, truncated in enumerate(recording.truncated):
        lengths = shuffled.get(step, lengths) + 1
        np.testing.assert_array_equal(truncated, lengths >= recording.facts["max_episode_length"])
        lengths[recording.fresh[step + 1]] = 0


def test_the_log_is_of_the_episodes_that_ended(runs: Runs) -> None:
    recording = runs.warp
    names = [f"Episode_Reward/{term.name}" for term in runs.program.rewards]
    ends = [f"Episode_Termination/{term.name}" for term in runs.program.terminations] + ["Episode_Termination/timeout"]
    sums = np.zeros((ENVS, len(names)))
    for step, terms in enumerate(recording.reward_terms):
        sums += terms
        ended = recording.fresh[step + 1]
        log = recording.log[step]
        if ended.any():
            rewards = sums[ended].mean(axis=0) / recording.facts["episode"]
            assert [log[name] for name in names] == pytest.approx(list(rewards), rel=1e-4, abs=1e-4)
            shares = recording.terminations[step][ended].mean(axis=0)
            assert [log[name] for name in ends] == pytest.approx(list(shares), abs=1e-5)
            sums[ended] = 0.0
        elif step:
            assert log == recording.log[step - 1]


def test_a_seed_repeats_a_run_and_resets_draw_anew(runs: Runs) -> None:
    seen = runs.drawn.finish
    np.testing.assert_array_equal(seen["first policy"], seen["again policy"])
    joints = runs.drawn.states["robot/joint_pos"][0]
    for column in joints.T:
        assert len(np.unique(column)) > 0.9 * len(column) or np.ptp(column) < 1e-6
    assert np.ptp(joints, axis=0).max() > 0.1
    for other in ("second", "other"):
        assert not np.isclose(seen["first policy"], seen[f"{other} policy"]).all(axis=1).any()


# ---- everything else, for some steps ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Other:
    """A task of the other tests, whose back ends are stepped side by side on the GPU.

    Attributes:
        apart: bound of the difference of the back ends' observations and rewards in the first ``early`` steps.
        absolute: bound of the difference of an observation to the reference, relative to 1 + the value.
        ends: whether episodes end meanwhile, at different times, and the recorded step is compared with the reference.
    """

    source: Path
    apart: float = 1e-3
    absolute: float = 1e-4
    early: int = 5
    ends: bool = False


TEST_TASKS = Path(__file__).parent / "tasks"
OTHERS = {
    "pendulum": Other(ROOT / "examples" / "pendulum.stripe"),
    "walk": Other(ROOT / "examples" / "quadruped_walk.stripe"),
    "showcase": Other(ROOT / "examples" / "quadruped_showcase.stripe"),
    "forest_walk": Other(ROOT / "examples" / "forest_walk.stripe", apart=1e-2),
    # what is dropped on triangles magnifies the last bit sooner, the forces on it at once
    "tiles": Other(TEST_TASKS / "tiles.stripe", apart=1e-2),
    "loose": Other(TEST_TASKS / "loose.stripe", early=1, ends=True),
    **{
        name: Other(TEST_TASKS / f"{name}.stripe")
        for name in (
            "actions",
            "camera",
            "commands",
            "frames",
            "history",
            "motors",
            "objects",
            "scan",
            "states",
            "touch",
            "workshop",
            "yard",
        )
    },
}


@dataclass(frozen=True)
class Pair:
    """The same run in both back ends; Warp replays its recorded step."""

    task: Other
    program: Program
    torch: Recording
    warp: Recording


@pytest.fixture(scope="module", params=OTHERS)
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Pair:
    if not pytest.importorskip("torch").cuda.is_available():
        pytest.skip("torch finds no CUDA device")
    task = OTHERS[request.param]
    program = check_file(task.source).programs[0]
    run = Run(steps=30, num_envs=ENVS, overrides=without_chance(program), device=DEVICE, task=program.name)
    run = replace(run, shuffle=(0,) if task.ends else ())
    wanted = {"torch": run, "warp": replace(run, backend="warp", inside=False)}
    runs = record(task.source, tmp_path_factory.mktemp(request.param), wanted, timeout=240)
    return Pair(task, program, runs["torch"], runs["warp"])


def test_other_tasks_agree(pair: Pair) -> None:
    early, apart = pair.task.early, pair.task.apart
    assert pair.torch.groups.keys() == pair.warp.groups.keys()
    for name, theirs in pair.torch.groups.items():
        ours = pair.warp.groups[name]
        np.testing.assert_allclose(ours[:early], theirs[:early], rtol=apart, atol=apart, err_msg=name)
        assert len(np.unique(ours)) > 5
    np.testing.assert_allclose(pair.warp.reward[:early], pair.torch.reward[:early], rtol=apart, atol=apart)
    np.testing.assert_array_equal(pair.warp.fresh[:early], pair.torch.fresh[:early])


def test_other_tasks_answer_as_the_reference_does(pair: Pair) -> None:
    assert_replayed(pair.program, pair.torch, absolute=pair.task.absolute, loose={})
    if pair.task.ends:
        assert_replayed_from_outside(pair.program, pair.warp, absolute=pair.task.absolute, loose={})
