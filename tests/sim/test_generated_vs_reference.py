"""Each example, stepped in Isaac Lab by each back end, answers as the NumPy reference does on the same reads: every
termination, reward term and observation, the memory of ``prev`` included, also on the first step after a reset."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import numpy as np
import pytest

from stripe_dsl.pipeline import check_file

from .compare import assert_same_run, assert_up_to_date
from .recorder import ROOT, Recording, Run, record
from .replay import assert_replayed

pytestmark = pytest.mark.sim

OVERRIDES = {
    "cartpole": ("episode_length_s=1.0", "terminate.off_track_threshold=1.2", "reward.alive=0.7"),
    "pendulum": ("episode_length_s=1.5",),
    # the target is nearer than in the example, so that a float resolves the progress: at 20 m floats lie 1.9e-6 m apart
    "ant": ("episode_length_s=1.0", "terminate.fallen_threshold=0.48", "param.target=[20.0,0.0]"),
}
"""Short episodes, so that resets happen."""
BOUND = {"cartpole": 2e-6, "pendulum": 2e-6, "ant": 2e-5}
LOOSE = {"ant": {"progress": 8e-6}}
TERMINATES = ("cartpole", "ant")


@dataclass(frozen=True)
class Example:
    """Runs of one example by back end; ``recorded`` is ``warp`` once more, as the recorded step of a training."""

    name: str
    runs: dict[str, Recording]


@pytest.fixture(scope="module", params=OVERRIDES)
def example(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Example:
    name = request.param
    torch = Run(num_envs=12, amplitude=1.5, overrides=OVERRIDES[name])
    warp = replace(torch, backend="warp", steps=320, shuffle=(0, 100))
    runs = {"torch": torch, "warp": warp, "recorded": replace(warp, inside=False)}
    return Example(name, record(ROOT / "examples" / f"{name}.stripe", tmp_path_factory.mktemp(name), runs))


@pytest.mark.parametrize("backend", ["torch", "warp"])
def test_answers_as_the_reference_does(example: Example, backend: str) -> None:
    name, recording = example.name, example.runs[backend]
    (program,) = check_file(ROOT / "examples" / f"{name}.stripe").programs
    assert np.isfinite(recording.reward).all()
    for path, text in (item.split("=") for item in OVERRIDES[name]):
        if path in recording.tunables:
            value = json.loads(text)
            value = tuple(value) if isinstance(value, list) else value
            assert recording.tunables[path] == value, "the override reached the cfg"
    assert_replayed(program, recording, absolute=BOUND[name], loose=LOOSE.get(name, {}))
    assert recording.fresh[1:].sum() >= 12, "resets happened"
    assert recording.truncated.any()
    assert recording.terminated.any() == (name in TERMINATES)
    if name == "cartpole":
        # rewards of steps that fail differ from those that do not
        assert recording.reward[recording.terminated].max() < recording.reward[~recording.terminated].max()


def test_the_recorded_step_is_the_launched_one(example: Example) -> None:
    """In every bit, with what Isaac Lab computes from the state when it is asked, over hundreds of steps."""
    assert_same_run(example.runs["recorded"], example.runs["warp"])
    assert_up_to_date(example.runs["recorded"])
