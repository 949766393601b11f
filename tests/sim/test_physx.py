"""PhysX, as the library that runs without Isaac Sim: what the torch environments answer there is what the NumPy
reference says of the same reads, as on Newton."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from stripe_dsl.pipeline import check_file
from tests.gpu import GPU

from .compare import without_chance
from .recorder import ROOT, Recording, Run, record
from .replay import assert_replayed

pytestmark = pytest.mark.sim


@dataclass(frozen=True)
class Task:
    """A file and how it is stepped; bounds as for Newton."""

    source: str
    run: Run
    bound: float = 2e-5
    loose: tuple[tuple[str, float], ...] = ()


def on_physx(*overrides: str, **settings: object) -> Run:
    return Run(**{"physics": "ovphysx", "overrides": overrides, **settings})  # type: ignore[arg-type]


TASKS = {
    "cartpole": Task("examples/cartpole.stripe", on_physx("episode_length_s=1.0", amplitude=1.5), 2e-6),
    "pendulum": Task("examples/pendulum.stripe", on_physx("episode_length_s=1.5"), 2e-6),
    "ant": Task(
        "examples/ant.stripe",
        on_physx("episode_length_s=1.0", "terminate.fallen_threshold=0.48", "param.target=[20.0,0.0]", amplitude=1.5),
        loose=(("progress", 8e-6),),
    ),
    # contacts with their histories and clocks, of robots of two kinds
    "touch": Task("tests/sim/tasks/touch.stripe", on_physx("episode_length_s=0.8", steps=50, num_envs=6), 1e-5),
    # several robots, objects, and frames of their own
    "objects": Task("tests/sim/tasks/objects.stripe", on_physx(steps=40, num_envs=6)),
    # motors whose efforts Isaac Lab computes
    "motors": Task("tests/sim/tasks/motors.stripe", on_physx(steps=40, amplitude=2.0)),
}


@pytest.mark.parametrize("device", ["cpu", pytest.param(GPU, marks=pytest.mark.gpu, id="gpu")])
@pytest.mark.parametrize("name", TASKS)
def test_answers_as_the_reference_does(name: str, device: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    task = TASKS[name]
    (program,) = check_file(ROOT / task.source).programs
    run = replace(task.run, overrides=[*without_chance(program), *task.run.overrides], device=device)
    recording: Recording = record(ROOT / task.source, tmp_path_factory.mktemp(name), {"physx": run})["physx"]
    assert recording.facts["physics"] == "OvPhysxManager"
    assert np.isfinite(recording.reward).all()
    more = 1 if device == "cpu" else 10  # a GPU multiplies and adds at once
    loose = {name: more * bound for name, bound in task.loose}
    assert_replayed(program, recording, absolute=more * task.bound, loose=loose)
    assert recording.fresh[1:].any(), "resets happened"
