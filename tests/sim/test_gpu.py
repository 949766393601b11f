"""The environments on a CUDA device: torch, Warp launched kernel by kernel, and Warp's one CUDA graph.

On a GPU sums are made in no fixed order, so that runs drift apart where contacts magnify the last bit: each run is
compared with the reference on what it read itself, and the runs with each other while they can still be the same.
``tests/gpu.py`` says how to try this file on a CPU.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from stripe_dsl.ir.program import Program
from stripe_dsl.pipeline import check_file
from tests.gpu import GPU

from .compare import assert_up_to_date, without_chance
from .recorder import ROOT, Recording, Run, record
from .replay import assert_replayed, assert_replayed_from_outside
from .upstream import make_assets

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
PATIENCE = 600.0
"""Seconds for the runs of one task: a bare machine compiles its kernels in the first process."""


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
    task, source = TASKS[request.param], ROOT / "examples" / f"{request.param}.stripe"
    (program,) = check_file(source).programs
    overrides = [*without_chance(program), *task.overrides]
    torch = Run(steps=75, num_envs=ENVS, overrides=overrides, amplitude=1.5, device=GPU)
    warp = replace(torch, backend="warp")
    recorded = replace(warp, inside=False)
    draws = "tests.sim.test_warp_draws:draws"
    drawn = replace(recorded, overrides=task.overrides, num_envs=256, steps=40, shuffle=(0, 20), finish=draws)
    wanted = {"torch": torch, "warp": warp, "recorded": recorded, "drawn": drawn}
    folder = tmp_path_factory.mktemp(request.param)
    return Runs(request.param, program, **record(source, folder, wanted, timeout=PATIENCE))


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


# ---- everything else ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Other:
    """A task of the other tests, whose back ends are stepped side by side; episodes end at different times.

    Attributes:
        overrides: short episodes.
        apart: bound of the difference of the back ends' observations and rewards in the first ``early`` steps.
        absolute: bound of the difference of an observation to the reference, relative to 1 + the value.
        loose: other bounds by name of the reward term.
        steps: control steps.
    """

    source: Path
    overrides: tuple[str, ...] = ()
    apart: float = 1e-3
    absolute: float = 1e-4
    loose: tuple[tuple[str, float], ...] = ()
    early: int = 5
    steps: int = 60


EXAMPLES, TEST_TASKS = ROOT / "examples", Path(__file__).parent / "tasks"
WALKS = ("episode_length_s=0.6", "command.goal_every=[0.2,0.2]", "randomize.every=[0.3,0.3]")
OTHERS = {
    "pendulum": Other(EXAMPLES / "pendulum.stripe", ("episode_length_s=1.0",), steps=200),
    "walk": Other(EXAMPLES / "quadruped_walk.stripe", WALKS, steps=200),
    "showcase": Other(EXAMPLES / "quadruped_showcase.stripe", WALKS, steps=200),
    "forest_walk": Other(EXAMPLES / "forest_walk.stripe", WALKS, apart=1e-2, steps=200),
    # what is dropped on triangles magnifies the last bit sooner, the forces on it at once
    "tiles": Other(TEST_TASKS / "tiles.stripe", apart=1e-2),
    "loose": Other(TEST_TASKS / "loose.stripe", early=1),
    # of several joints and of sums over them: nearer than in the file, so that a float resolves the progress
    "humanoid": Other(
        TEST_TASKS / "humanoid.stripe",
        ("episode_length_s=0.4", "param.target=[20.0,0.0]"),
        loose=(("progress", 1e-5),),
    ),
    "upright": Other(TEST_TASKS / "upright.stripe", ("episode_length_s=0.5",)),
    **{
        name: Other(TEST_TASKS / f"{name}.stripe")
        for name in (
            "actions",
            "camera",
            "commands",
            "corners",
            "frames",
            "history",
            "limits",
            "memory",
            "motors",
            "objects",
            "puck",
            "scan",
            "shoved",
            "sled",
            "states",
            "tools",
            "touch",
            "workshop",
        )
    },
    "yard": Other(TEST_TASKS / "yard.stripe", ("episode_length_s=0.6",)),
}
"""Not among them: ``lessons`` and ``climbing``, whose settings change, so that no reference has their rewards;
``test_gpu_draws.py`` computes these. Nor tasks that begin at points of zones, which are drawn whatever is set."""


@dataclass(frozen=True)
class Pair:
    """The same run in both back ends; Warp replays its recorded step."""

    task: Other
    program: Program
    torch: Recording
    warp: Recording


@pytest.fixture(scope="module", params=OTHERS)
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Pair:
    task, folder = OTHERS[request.param], tmp_path_factory.mktemp(request.param)
    env = {"ISAACSIM_ASSET_ROOT": str(make_assets(folder / "assets"))} if request.param == "humanoid" else {}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in env.items():
            patch.setenv(name, value)
        program = check_file(task.source).programs[0]
    overrides = dict(item.split("=") for item in (*without_chance(program), *task.overrides))
    torch = Run(steps=task.steps, num_envs=ENVS, device=GPU, task=program.name)
    torch = replace(torch, overrides=[f"{path}={value}" for path, value in overrides.items()])
    torch = replace(torch, shuffle=(0, task.steps // 2))
    if program.randomize.intervals:
        torch = replace(torch, probe="tests.sim.drawn:time_left")
    wanted = {"torch": torch, "warp": replace(torch, backend="warp", inside=False)}
    runs = record(task.source, folder, wanted, timeout=PATIENCE, env=env)
    return Pair(task, program, runs["torch"], runs["warp"])


def test_other_tasks_agree(pair: Pair) -> None:
    """Until contacts have magnified the last bit; and again wherever an episode begins."""
    early, apart = pair.task.early, pair.task.apart
    assert pair.torch.groups.keys() == pair.warp.groups.keys()
    first = pair.torch.fresh & pair.warp.fresh
    assert first[1:].sum() > ENVS // 2
    assert len(np.unique(np.concatenate([values.ravel() for values in pair.warp.groups.values()]))) > 50
    for name, theirs in pair.torch.groups.items():
        ours = pair.warp.groups[name]
        np.testing.assert_allclose(ours[:early], theirs[:early], rtol=apart, atol=apart, err_msg=name)
        np.testing.assert_allclose(ours[first], theirs[first], rtol=apart, atol=apart, err_msg=name)
    np.testing.assert_allclose(pair.warp.reward[:early], pair.torch.reward[:early], rtol=apart, atol=apart)
    np.testing.assert_array_equal(pair.warp.fresh[:early], pair.torch.fresh[:early])
    if not pair.program.terminations:
        np.testing.assert_array_equal(pair.warp.fresh, pair.torch.fresh)


@pytest.mark.parametrize("backend", ["torch", "warp"])
def test_other_tasks_answer_as_the_reference_does(pair: Pair, backend: str) -> None:
    """Torch is seen from inside its steps; the recorded step of Warp from outside."""
    answers = assert_replayed if backend == "torch" else assert_replayed_from_outside
    recording: Recording = getattr(pair, backend)
    answers(pair.program, recording, absolute=pair.task.absolute, loose=dict(pair.task.loose))
    assert recording.fresh[1:].any(axis=1).sum() > 2, "episodes end at different times"
