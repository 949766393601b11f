"""What tasks rarely hold: two robots, no failure, groups of one entry, and names that the generated code has its own
use for; in each back end."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stripe_dsl.ir.graph import Read
from stripe_dsl.pipeline import check_file

from .compare import assert_same_run, assert_up_to_date
from .recorder import Recording, Run, record
from .replay import assert_replayed

pytestmark = pytest.mark.sim

SOURCE = Path(__file__).parent / "tasks" / "corners.stripe"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recording]:
    """By back end; ``recorded`` is ``warp`` once more, as the recorded step of a training, and ``rendered`` as in a
    film."""
    torch = Run(steps=90)
    warp = Run("warp", steps=300)
    recorded = replace(warp, inside=False)
    rendered = replace(recorded, rendered=True, steps=110)
    wanted = {"torch": torch, "warp": warp, "recorded": recorded, "rendered": rendered}
    return record(SOURCE, tmp_path_factory.mktemp("corners"), wanted)


@pytest.fixture(scope="module", params=["torch", "warp"])
def recording(request: pytest.FixtureRequest, runs: dict[str, Recording]) -> Recording:
    return runs[request.param]


def test_the_recorded_step_is_the_launched_one(runs: dict[str, Recording]) -> None:
    assert_same_run(runs["recorded"], runs["warp"])
    assert_same_run(runs["recorded"], runs["rendered"])
    assert_up_to_date(runs["recorded"])


def test_everything_is_as_the_reference_says(recording: Recording) -> None:
    (program,) = check_file(SOURCE).programs
    assert_replayed(program, recording, absolute=1e-5, loose={})
    assert set(recording.groups) == {"policy", "joint_vel", "env_ids"}
    spun, late = recording.terminations[..., 0], recording.terminations[..., 1]
    assert spun.any()
    assert (late & ~spun).any()
    assert not recording.terminated.any()


def test_commands_reach_their_joints(recording: Recording) -> None:
    """The hinge follows its target about its default, and the axle turns at the speed that it is told."""
    hinge = recording.at_observation[Read("puller", "joint.pos", ("hinge",))][1:]
    target = np.deg2rad(20) + 0.5 * recording.actions[..., 0]
    later = ~recording.fresh[1:]
    assert np.corrcoef(hinge[later], target[later])[0, 1] > 0.5
    assert hinge[later].mean() == pytest.approx(target[later].mean(), abs=0.1)
    axle = recording.at_observation[Read("roller", "joint.vel", ("spin", "axle"))][1:, :, 1]
    speed = -0.5 + 3 * recording.actions[..., 1]
    assert np.corrcoef(axle[later], speed[later])[0, 1] > 0.9
    spin = recording.at_observation[Read("roller", "joint.vel", ("spin", "axle"))]
    push = recording.actions[..., 2][later]
    change = (spin[1:] - spin[:-1])[..., 0][later]
    assert np.corrcoef(change, push)[0, 1] > 0.5
