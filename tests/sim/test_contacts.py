"""Contact sensors on the real simulator: bodies that fall, land, stand and stumble, in both back ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stripe_dsl.ir.program import Program
from stripe_dsl.pipeline import check_file

from .compare import assert_same_run, without_chance
from .recorder import Array, Recording, Run, record
from .replay import assert_replayed, entries

pytestmark = pytest.mark.sim

SOURCE = Path(__file__).parent / "tasks" / "touch.stripe"
STEP = 1 / 30
PHYSICS_STEP = 1 / 120
SHORT = ("episode_length_s=0.8",)


def masses(env: Any) -> Mapping[str, Any]:
    """Masses of the ant's bodies [kg]; runs in the worker."""
    return {"masses": env.scene["robot_ant"].data.default_mass.torch.clone()}


@pytest.fixture(scope="module")
def program() -> Program:
    (program,) = check_file(SOURCE).programs
    return program


@pytest.fixture(scope="module")
def runs(program: Program, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recording]:
    """By back end, looked at from inside; ``still`` ones fall and then stand."""
    calm = without_chance(program)
    torch = Run(steps=130, num_envs=6, overrides=[*calm, *SHORT], shuffle=(0, 40))
    # the ant stands for as long as it is looked at
    stand = [*calm, "terminate.rest_threshold=9.0", "terminate.fallen_threshold=1000.0"]
    still = Run(
        inside=False,
        steps=59,
        num_envs=2,
        amplitude=0.0,
        overrides=stand,
        shuffle=(),
        finish="tests.sim.test_contacts:masses",
    )
    warp = replace(torch, backend="warp")
    recorded = replace(warp, inside=False)
    wanted = {
        "torch": torch,
        "warp": warp,
        "recorded": recorded,
        "still torch": still,
        "still warp": replace(still, backend="warp"),
        "rendered": replace(recorded, rendered=True),  # last: it leaves a simulation behind
    }
    return record(SOURCE, tmp_path_factory.mktemp("touch"), wanted)


@dataclass(frozen=True)
class Still:
    """What an ant that falls and then stands observes, ``(T + 1, N, …)``."""

    recording: Recording
    columns: dict[str, Array]


@pytest.fixture(scope="module", params=["torch", "warp"])
def still(request: pytest.FixtureRequest, program: Program, runs: dict[str, Recording]) -> Still:
    recording = runs[f"still {request.param}"]
    return Still(recording, {name: value for (_, name), value in entries(program, recording).items()})


@pytest.mark.parametrize("backend", ["torch", "warp"])
def test_everything_is_as_the_reference_says(program: Program, runs: dict[str, Recording], backend: str) -> None:
    """With what Isaac Lab's sensors say to somebody who asks them."""
    assert_replayed(program, runs[backend], absolute=1e-5, loose={})
    assert runs[backend].fresh[1:].sum() > 6


def test_the_back_ends_are_equal(runs: dict[str, Recording]) -> None:
    torch, warp = runs["torch"], runs["recorded"]
    np.testing.assert_allclose(warp.groups["policy"], torch.groups["policy"], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(warp.reward, torch.reward, atol=1e-6)
    np.testing.assert_array_equal(warp.fresh, torch.fresh)
    assert len(np.unique(torch.groups["policy"])) > 300


def test_the_recorded_step_is_the_launched_one(runs: dict[str, Recording]) -> None:
    assert_same_run(runs["recorded"], runs["warp"])
    assert_same_run(runs["recorded"], runs["rendered"])


def test_forces_at_rest_carry_the_weight(still: Still) -> None:
    weight = 9.81 * still.recording.finish["masses"].sum(axis=1)
    assert (weight > 1.0).all()
    force = 2 * still.columns["push"][-1].reshape(2, -1, 3).sum(axis=1)
    np.testing.assert_allclose(force[:, 2], weight, rtol=0.02)
    # on the feet, each of which carries some of it
    assert (still.columns["down"][-1] == 1.0).all()


def test_air_time_grows_until_the_landing(still: Still) -> None:
    air, landed = still.columns["air"], still.columns["landed"]
    first = (still.columns["ground"] > 0).argmax(axis=0)
    assert (first > 5).all()
    for env, foot in np.ndindex(first.shape):
        row = first[env, foot]
        falling = np.arange(row) * STEP
        np.testing.assert_allclose(air[:row, env, foot], falling, atol=1e-5)
        # it landed in that control step, after one to four physics steps
        np.testing.assert_array_equal(np.flatnonzero(landed[: row + 1, env, foot]), [row])
        flight = still.columns["flight"][row, env, foot]
        steps = (flight - falling[-1]) / PHYSICS_STEP
        assert steps == pytest.approx(round(steps), abs=1e-2)
        assert 1 <= round(steps) <= 4
        # what is left of the control step was contact
        assert still.columns["ground"][row, env, foot] == pytest.approx(row * STEP - flight + PHYSICS_STEP, abs=1e-5)


def test_contact_time_grows_while_it_stands(still: Still) -> None:
    ground = still.columns["ground"][-20:]
    np.testing.assert_allclose(np.diff(ground, axis=0), STEP, atol=1e-5)
    assert not still.columns["landed"][-20:].any()
    assert not still.columns["air"][-20:].any()


def test_the_peak_is_the_largest_force_of_the_last_physics_steps(still: Still) -> None:
    peak = still.columns["peak"]
    now = np.linalg.norm(2 * still.columns["push"].reshape(*peak.shape, 3), axis=-1).clip(0, 3)
    assert (peak > now - 1e-4).all()
    assert (peak > now + 0.05).any(), "it was larger a physics step ago"
    np.testing.assert_allclose(peak[-1], now[-1], atol=1e-3)


@pytest.mark.parametrize("backend", ["torch", "recorded"])
def test_an_episode_begins_without_contacts(program: Program, runs: dict[str, Recording], backend: str) -> None:
    """And its clocks run from then on."""
    recording = runs[backend]
    columns = {name: value for (_, name), value in entries(program, recording).items()}
    fresh = recording.fresh
    assert fresh[1:].sum() > 6
    for name in ("air", "ground", "flight", "stance", "push", "peak", "landed", "lifted", "down", "soles"):
        assert columns[name].any(), name
        assert not columns[name][fresh].any(), name
    later = np.zeros_like(fresh)
    later[1:] = fresh[:-1] & ~fresh[1:]
    assert later.sum() > 6
    np.testing.assert_allclose(columns["air"][later], STEP, atol=1e-5)
