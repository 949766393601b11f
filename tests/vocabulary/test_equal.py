"""Every term of the vocabulary tasks against the function of Isaac Lab that it is named after, on the same environment
in the same step, in both back ends."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stripe_dsl.ir.program import Observation, Program
from stripe_dsl.pipeline import check_file
from tests.sim.recorder import Array, Recording, Run, record

from .upstream import RESETS, WALKER

pytestmark = pytest.mark.sim

SOURCE = Path(__file__).parent / "tasks" / "walker.stripe"
MODULE = "tests.vocabulary.upstream"
LOOSE = {"joint_acc_l2": 1e-3}
"""Relative differences that are allowed where they are more than what floats leave: differences of velocities."""


@pytest.fixture(scope="module")
def program() -> Program:
    (found,) = check_file(SOURCE).programs
    return found


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recording]:
    torch = Run(steps=120, num_envs=24, amplitude=1.5, probe=f"{MODULE}:after", between=f"{MODULE}:between")
    narrow = [f"reset.{name}=[{value},{value}]" for name, value in RESETS.items()]
    resets = Run(steps=1, num_envs=6, inside=False, finish=f"{MODULE}:resets", overrides=narrow)
    wanted = {"torch": torch, "resets torch": resets}
    wanted |= {name.replace("torch", "warp"): replace(run, backend="warp") for name, run in wanted.items()}
    return record(SOURCE, tmp_path_factory.mktemp("walker"), wanted)


@pytest.fixture(scope="module", params=["torch", "warp"])
def recording(request: pytest.FixtureRequest, runs: dict[str, Recording]) -> Recording:
    return runs[request.param]


def assert_equal(name: str, ours: Array, theirs: Array) -> None:
    """Assert that two recordings of one value agree, and that there was something to agree on."""
    theirs = theirs.reshape(ours.shape)
    assert np.isfinite(ours).all()
    assert np.ptp(theirs) > 0, "it never changes"
    tolerance = LOOSE.get(name, 2e-5)
    np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance * max(1.0, abs(theirs).max() / 100))


@pytest.mark.parametrize("name", WALKER["reward"])
def test_rewards(name: str, recording: Recording, program: Program) -> None:
    (column,) = [number for number, term in enumerate(program.rewards) if term.name == name]
    # sums of episodes: what a step adds has the resolution of the sum
    ours, theirs = recording.reward_terms[..., column], recording.between[f"reward {name}"]
    scale = max(1.0, abs(recording.reward_terms[..., column]).sum(axis=0).max())
    assert np.ptp(theirs) > 0, "it never changes"
    np.testing.assert_allclose(ours, theirs, rtol=LOOSE.get(name, 2e-5), atol=2e-6 * scale)


@pytest.mark.parametrize("name", WALKER["termination"])
def test_terminations(name: str, recording: Recording, program: Program) -> None:
    names = [*(term.name for term in program.terminations), "time_out"]
    ours, theirs = recording.terminations[..., names.index(name)], recording.between[f"termination {name}"]
    assert 0 < theirs.mean() < 1, "it holds sometimes"
    np.testing.assert_array_equal(ours, theirs.astype(bool))


@pytest.mark.parametrize("name", WALKER["observation"])
def test_observations(name: str, recording: Recording, program: Program) -> None:
    ours, items = entry(name, recording, program)
    theirs = recording.probes[f"observation {name}"]
    theirs = theirs.reshape(*theirs.shape[:2], -1)
    if name in ("body_incoming_wrench", "fingertip_vel"):  # a pair for each body; ours are a list of each
        pairs = np.split(theirs.reshape(*theirs.shape[:2], -1, 6), 2, axis=-1)
        theirs = np.concatenate([part.reshape(*theirs.shape[:2], -1) for part in pairs], axis=-1)
    axis = items[0].value.type.axis
    if axis is not None and axis.kind == "joint" and theirs.shape[-1] == len(recording.facts["joint_names"]):
        theirs = theirs[..., [recording.facts["joint_names"].index(member) for member in axis.names]]
    assert_equal(name, ours, theirs)


@pytest.mark.parametrize("backend", ["torch", "warp"])
def test_events(backend: str, runs: dict[str, Recording]) -> None:
    """All at once: each sets a part of the state of its own."""
    found = runs[f"resets {backend}"].finish
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
