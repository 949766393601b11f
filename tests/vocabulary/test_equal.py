"""Every term of the vocabulary tasks against the function of Isaac Lab that it is named after, on the same environment
in the same step, in both back ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from stripe_dsl.ir.program import Observation, Program
from stripe_dsl.pipeline import check_file
from tests.sim.recorder import Array, Recording, Run, record

from .counterparts import RESETS, TASKS

pytestmark = pytest.mark.sim

FOLDER = Path(__file__).parent / "tasks"
MODULE = "tests.vocabulary.upstream"
PREPARE = {"table": f"{MODULE}:add_frames"}
LOOSE = {"joint_acc_l2": 1e-3}
"""Relative differences that are allowed where they are more than what floats leave: differences of velocities."""
PAIRS = ("body_incoming_wrench", "fingertip_vel")
"""Upstream's columns go body by body, ours are a list of each of two quantities."""


@dataclass(frozen=True)
class Played:
    """A vocabulary task, and its runs by back end; ``resets torch``, ``resets warp`` are of episodes that begin."""

    program: Program
    runs: dict[str, Recording]


type Play = Callable[[str], Played]


@pytest.fixture(scope="module")
def play(tmp_path_factory: pytest.TempPathFactory) -> Play:
    """Runs a task when it is first asked for."""

    done: dict[str, Played | RuntimeError] = {}

    def played(task: str) -> Played:
        if task not in done:
            try:
                done[task] = run(task)
            except RuntimeError as problem:  # a simulator that fails is not started again for each term
                done[task] = problem
        found = done[task]
        if isinstance(found, RuntimeError):
            raise found
        return found

    def run(task: str) -> Played:
        source = FOLDER / f"{task}.stripe"
        (program,) = check_file(source).programs
        watched = {"probe": f"{MODULE}:after", "between": f"{MODULE}:between", "prepare": PREPARE.get(task, "")}
        wanted = {"torch": Run(steps=120, num_envs=24, amplitude=1.5, **watched)}
        if task == "walker":
            narrow = [f"reset.{name}=[{value},{value}]" for name, value in RESETS.items()]
            wanted["resets torch"] = Run(steps=1, num_envs=6, inside=False, finish=f"{MODULE}:resets", overrides=narrow)
        wanted |= {name.replace("torch", "warp"): replace(run, backend="warp") for name, run in wanted.items()}
        return Played(program, record(source, tmp_path_factory.mktemp(task), wanted))

    return played


@pytest.fixture(params=["torch", "warp"])
def backend(request: pytest.FixtureRequest) -> str:
    return request.param


def terms(category: str) -> pytest.MarkDecorator:
    """Each term of a category, with its task."""
    cases = [(task, name) for task, table in TASKS.items() for name in table[category]]
    return pytest.mark.parametrize(("task", "name"), cases, ids=[name for _, name in cases])


def assert_equal(name: str, ours: Array, theirs: Array) -> None:
    """Assert that two recordings of one value agree, and that there was something to agree on."""
    theirs = theirs.reshape(ours.shape)
    assert np.isfinite(ours).all()
    assert np.ptp(theirs) > 0, "it never changes"
    tolerance = LOOSE.get(name, 2e-5)
    np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance * max(1.0, abs(theirs).max() / 100))


@terms("reward")
def test_rewards(task: str, name: str, backend: str, play: Play) -> None:
    played = play(task)
    recording = played.runs[backend]
    (column,) = [number for number, term in enumerate(played.program.rewards) if term.name == name]
    ours, theirs = recording.reward_terms[..., column], recording.between[f"reward {name}"]
    scale = max(1.0, abs(ours).sum(axis=0).max())  # sums of episodes: what a step adds has the resolution of the sum
    assert np.ptp(theirs) > 0, "it never changes"
    np.testing.assert_allclose(ours, theirs, rtol=LOOSE.get(name, 2e-5), atol=2e-6 * scale)


@terms("termination")
def test_terminations(task: str, name: str, backend: str, play: Play) -> None:
    played = play(task)
    recording = played.runs[backend]
    names = [*(term.name for term in played.program.terminations), "time_out"]
    ours, theirs = recording.terminations[..., names.index(name)], recording.between[f"termination {name}"]
    assert 0 < theirs.mean() < 1, "it holds sometimes"
    np.testing.assert_array_equal(ours, theirs.astype(bool))


@terms("observation")
def test_observations(task: str, name: str, backend: str, play: Play) -> None:
    played = play(task)
    recording = played.runs[backend]
    ours, items = entry(name, recording, played.program)
    theirs = recording.probes[f"observation {name}"]
    theirs = theirs.reshape(*theirs.shape[:2], -1)
    if name in PAIRS:
        pairs = np.split(theirs.reshape(*theirs.shape[:2], -1, 6), 2, axis=-1)
        theirs = np.concatenate([part.reshape(*theirs.shape[:2], -1) for part in pairs], axis=-1)
    axis = items[0].value.type.axis
    if axis is not None and axis.kind == "joint" and theirs.shape[-1] == len(recording.facts["joint_names"]):
        theirs = theirs[..., [recording.facts["joint_names"].index(member) for member in axis.names]]
    assert_equal(name, ours, theirs)


def test_events(backend: str, play: Play) -> None:
    """All at once: each sets a part of the state of its own."""
    found = play("walker").runs[f"resets {backend}"].finish
    for name in ("joint_pos", "joint_vel", "root_link_pose_w", "root_link_vel_w"):
        ours, theirs = found[f"ours {name}"], found[f"theirs {name}"]
        assert np.ptp(theirs) > 0.1
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=2e-6, err_msg=name)


def entry(name: str, recording: Recording, program: Program) -> tuple[Array, list[Observation]]:
    """The columns of an entry; where it stands in a group of its own, those of the whole group."""
    for group in program.groups:
        columns = 0
        for item in group.items:
            width = item.value.type.width
            if item.name == name and group.name != "policy":
                return recording.groups[group.name], list(group.items)
            if item.name == name:
                return recording.groups[group.name][..., columns : columns + width], [item]
            columns += width
    raise AssertionError(f"no observation `{name}`")
