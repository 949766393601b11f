"""Every term of the vocabulary tasks against the function of Isaac Lab that it is named after, on the same environment
in the same step, in both back ends."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import chi2_contingency

from stripe_dsl.ir.observations import Observation
from stripe_dsl.ir.program import Program
from stripe_dsl.pipeline import check_file
from tests.sim.recorder import Array, Recording, Run, record

from .counterparts import TASKS

pytestmark = pytest.mark.sim

SOURCE = Path(__file__).parent / "tasks" / "all.stripe"
MODULE = "tests.vocabulary.upstream"
STEPS = 70
PREPARE = {"table": f"{MODULE}:add_frames"}
LOOSE = {"joint_acc_l2": 1e-3}
"""Relative differences that are allowed where they are more than what floats leave: differences of velocities."""
PARTS = {"body_incoming_wrench": (3, 3), "fingertip_vel": (3, 3), "get_all_robot_link_state": (3, 4, 3, 3)}
"""Upstream's columns go body by body, ours are a list of each of some quantities, of these widths."""
CONSTANT = ("constant_obs",)


type Programs = dict[str, Program]
type Runs = dict[str, Recording]


@pytest.fixture(scope="module")
def programs() -> Programs:
    """The vocabulary tasks by name."""
    return {program.package: program for program in check_file(SOURCE).programs}


@pytest.fixture(scope="module")
def runs(programs: Programs, tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """By task and back end, all of them in one process."""
    wanted = {}
    for task, program in programs.items():
        run = Run(
            task=program.name,
            steps=STEPS,
            num_envs=32,
            amplitude=2.5,
            prepare=PREPARE.get(task, ""),
            probe=f"{MODULE}:after",
            between=f"{MODULE}:between",
            finish=f"{MODULE}:resets",
        )
        wanted |= {f"{task} {backend}": replace(run, backend=backend) for backend in ("torch", "warp")}
    return record(SOURCE, tmp_path_factory.mktemp("vocabulary"), wanted)


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
    assert name in CONSTANT or np.ptp(theirs) > 0, "it never changes"
    tolerance = LOOSE.get(name, 2e-5)
    np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance * max(1.0, abs(theirs).max() / 100))


@terms("reward")
def test_rewards(task: str, name: str, backend: str, runs: Runs, programs: Programs) -> None:
    recording, program = runs[f"{task} {backend}"], programs[task]
    (column,) = [number for number, term in enumerate(program.rewards) if term.name == name]
    ours, theirs = recording.reward_terms[..., column], recording.between[f"reward {name}"]
    scale = max(1.0, abs(ours).sum(axis=0).max())  # sums of episodes: what a step adds has the resolution of the sum
    assert np.ptp(theirs) > 0, "it never changes"
    np.testing.assert_allclose(ours, theirs, rtol=LOOSE.get(name, 2e-5), atol=2e-6 * scale)


@pytest.mark.parametrize("task", ["walker", "table"])
def test_the_share_of_episodes_that_lasted_is_logged(task: str, backend: str, runs: Runs) -> None:
    """As ``survival_success_rate`` logs it."""
    recording = runs[f"{task} {backend}"]
    ended = np.flatnonzero(recording.fresh[1:].any(axis=1))
    theirs = recording.between["survival_success_rate"][ended]
    ours = [recording.log[step]["Episode_Termination/timeout"] for step in ended]
    assert 0 < theirs.mean() < 1, "some end early"
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-6)


@terms("termination")
def test_terminations(task: str, name: str, backend: str, runs: Runs, programs: Programs) -> None:
    recording, program = runs[f"{task} {backend}"], programs[task]
    names = [*(term.name for term in program.terminations), "time_out"]
    ours, theirs = recording.terminations[..., names.index(name)], recording.between[f"termination {name}"]
    assert 0 < theirs.mean() < 1, "it holds sometimes"
    np.testing.assert_array_equal(ours, theirs.astype(bool))


@terms("observation")
def test_observations(task: str, name: str, backend: str, runs: Runs, programs: Programs) -> None:
    recording, program = runs[f"{task} {backend}"], programs[task]
    ours, items = entry(name, recording, program)
    theirs = recording.probes[f"observation {name}"]
    theirs = theirs.reshape(*theirs.shape[:2], -1)
    axis = items[0].value.type.axis
    if name in PARTS:
        bodies = theirs.reshape(*theirs.shape[:2], -1, sum(PARTS[name]))
        if axis is not None and axis.kind == "body" and bodies.shape[2] == len(recording.facts["body_names"]):
            bodies = bodies[:, :, [recording.facts["body_names"].index(member) for member in axis.names]]
        parts = np.split(bodies, np.cumsum(PARTS[name])[:-1], axis=-1)
        theirs = np.concatenate([part.reshape(*theirs.shape[:2], -1) for part in parts], axis=-1)
    if axis is not None and axis.kind == "joint" and theirs.shape[-1] == len(recording.facts["joint_names"]):
        theirs = theirs[..., [recording.facts["joint_names"].index(member) for member in axis.names]]
    assert_equal(name, ours, theirs)


@pytest.mark.parametrize("task", ["walker", "table"])
def test_events(task: str, backend: str, runs: Runs) -> None:
    """All at once: each sets a part of the state of its own."""
    found = runs[f"{task} {backend}"].finish
    states = [name.removeprefix("ours ") for name in found if name.startswith("ours ")]
    assert len(states) == {"walker": 4, "table": 3 * 4 + 10 * 2}[task]
    for name in states:
        bound = 2e-5 if "grasper" in name else 2e-6  # steps of inverse kinematics, far from the world's origin
        np.testing.assert_allclose(found[f"ours {name}"], found[f"theirs {name}"], rtol=0, atol=bound, err_msg=name)
    if task == "table":
        turned = found["theirs robot_grasper joint_pos"]
        assert abs(turned[:, 1]).min() > 1, "it leans, from upright"
        assert np.ptp(turned, axis=0).min() > 0.01, "gears lie in different places"


def test_a_gear_is_drawn_for_each_episode(backend: str, runs: Runs) -> None:
    """As ``randomize_gear_type`` draws it: one of three, as likely as the others, and kept until the next reset."""
    recording = runs[f"table {backend}"]
    gears, fresh = np.floor(recording.probes["gear"]), recording.fresh
    np.testing.assert_array_equal((gears[1:] != gears[:-1]) & ~fresh[1:], False)
    drawn = gears[fresh]
    theirs = recording.finish["gears"].ravel()
    counts = np.array([np.bincount(values.astype(int), minlength=3) for values in (drawn, theirs)])
    assert len(drawn) > 100
    found: Any = chi2_contingency(counts)
    assert found.pvalue > 1e-3
    np.testing.assert_allclose(counts[0] / len(drawn), 1 / 3, atol=0.12)


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
