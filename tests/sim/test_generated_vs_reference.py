"""Each example, stepped in Isaac Lab, answers as the NumPy reference does on the same reads: every termination, reward
term and observation, the memory of ``prev`` included, also on the first step after a reset."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from stripe_dsl.pipeline import check_file

from .recorder import ROOT, Recording, record
from .replay import assert_replayed

pytestmark = pytest.mark.sim


def eval_number(text: str) -> float | tuple[float, ...]:
    """``1.5`` or ``[20.0,0.0]``."""
    value = json.loads(text)
    return tuple(value) if isinstance(value, list) else value


def replayed(
    name: str, folder: Path, *overrides: str, absolute: float = 2e-6, loose: dict[str, float] | None = None
) -> Recording:
    """Step an example and compare; short episodes, so that resets happen."""
    source = ROOT / "examples" / f"{name}.stripe"
    (program,) = check_file(source).programs
    recording = record(source, folder, steps=150, num_envs=12, amplitude=1.5, overrides=overrides)
    assert np.isfinite(recording.reward).all()
    for path, value in (item.split("=") for item in overrides):
        if path in recording.tunables:
            assert recording.tunables[path] == eval_number(value), "the override reached the cfg"
    assert_replayed(program, recording, absolute=absolute, loose=loose or {})
    assert recording.fresh[1:].sum() >= 12, "resets happened"
    return recording


def test_cartpole(tmp_path: Path) -> None:
    recording = replayed(
        "cartpole",
        tmp_path,
        "episode_length_s=1.0",
        "terminate.off_track_threshold=1.2",
        "reward.alive=0.7",
    )
    assert recording.terminated.any()
    assert recording.truncated.any()
    # rewards of steps that fail differ from those that do not
    assert recording.reward[recording.terminated].max() < recording.reward[~recording.terminated].max()


def test_pendulum(tmp_path: Path) -> None:
    recording = replayed("pendulum", tmp_path, "episode_length_s=1.5")
    assert recording.truncated.any()
    assert not recording.terminated.any()


def test_ant(tmp_path: Path) -> None:
    recording = replayed(
        "ant",
        tmp_path,
        "episode_length_s=1.0",
        "terminate.fallen_threshold=0.48",
        # nearer than in the example, so that a float resolves the progress: at 20 m floats lie 1.9e-6 m apart
        "param.target=[20.0,0.0]",
        absolute=2e-5,
        loose={"progress": 8e-6},
    )
    assert recording.terminated.any()
    assert recording.truncated.any()
