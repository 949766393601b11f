"""The generated tasks answer as Isaac Lab's hand-written ones do, step by step, on Newton and a CPU.

Both sides play one tape: the same start, the same actions, and the same state after every reset. Newton is
deterministic on a CPU and both sides give it the same model, so the states agree in every bit and nothing has to be
brought back into step on the way. What is compared is then what the task adds: observations, rewards, terminations,
time-outs, and which environments are reset when.

Known differences, with their reasons:

* **Ant, order of the observations.** Upstream lists force and torque foot by foot, the generated task all forces and
  then all torques. The test reorders the columns.
* **Ant, progress.** Upstream subtracts two potentials, ``-distance / step_dt``, and multiplies by ``step_dt``; a
  ``.stripe`` file says ``prev(distance) - distance``. The target is 1,000 m away, where neighbouring 32-bit floats lie
  6.1e-5 m apart: the rewards differ by up to one such step. With the target at 20 m, where floats lie 1.9e-6 m apart,
  they agree to 5e-6. The difference has no bias: its mean over a run is below 1e-7 in both.
* **Ant, frames.** Upstream measures the target in the world, the generated task in the environment's own frame. With
  envs at up to 10 m from the world's origin this rounds differently, in the same last bit.
* **Rounding.** Rewards are summed in another order (upstream multiplies by the time step after the sum, the generated
  task before it, so that each term can be logged).
* **Physics settings.** Upstream sizes its buffers tightly and lets MuJoCo find the contacts. The generated tasks use
  Newton's contacts, which take meshes as they are. The upstream task is run with the generated task's settings.
* **Velocity limits.** Isaac Lab's soft limits are zero until the actuators have computed once, and upstream clamps the
  velocities of the first reset to zero. The generated task clamps them to the limits of the joints. The tape's states
  are written after the clamp.
* **Log.** ``extras["log"]`` is not compared: upstream logs a success rate, the generated task every term.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from tests.sim.differential import (
    ROOT,
    Recording,
    Tape,
    largest_difference,
    physics_overrides,
    record,
)
from tests.sim.upstream import ANT, CARTPOLE, UpstreamTask, ant_tape, cartpole_tape, make_assets

pytestmark = [pytest.mark.sim, pytest.mark.slow]

STEP_DT = 1 / 60
"""Control step of both tasks [s]."""


@pytest.fixture(scope="module")
def generated() -> Path:
    """Folder that holds the generated packages; ``STRIPE_GENERATED`` names another one."""
    return Path(os.environ.get("STRIPE_GENERATED", ROOT / "generated"))


@pytest.fixture(scope="module")
def assets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_assets(tmp_path_factory.mktemp("assets"))


def both(
    package: Path,
    upstream: UpstreamTask,
    tape: Tape,
    folder: Path,
    assets: Path,
    *,
    our_overrides: tuple[str, ...] = (),
    their_overrides: tuple[str, ...] = (),
) -> tuple[Recording, Recording]:
    """Play ``tape`` on the generated task, and on the upstream one with the same physics settings."""
    task = f"Stripe-{package.name.capitalize()}"
    ours = record(task, tape, folder, package=package, overrides=our_overrides)
    theirs = record(
        upstream.task,
        tape,
        folder,
        overrides=(*physics_overrides(ours.physics), *their_overrides),
        environment={"ISAACSIM_ASSET_ROOT": str(assets)},
    )
    return ours, theirs


def assert_equal(
    ours: Recording, theirs: Recording, upstream: UpstreamTask, *, observation: float, reward: float
) -> None:
    """Assert that the recordings agree: states and endings exactly, the rest within the given absolute bounds."""
    assert ours.physics == theirs.physics
    for name in ("terminated", "truncated", "joint_pos", "joint_vel", "root_pose", "root_vel"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name), err_msg=name)
    assert list(ours.observations) == list(theirs.observations) == ["policy"]
    difference, step = largest_difference(
        ours.observations["policy"], theirs.observations["policy"][..., upstream.columns]
    )
    assert difference <= observation, f"observations differ by {difference} at step {step}"
    difference, step = largest_difference(ours.reward, theirs.reward)
    assert difference <= reward, f"rewards differ by {difference} at step {step}"
    # rounding goes both ways; a term that is slightly off does not
    bias = float(np.mean(ours.reward.astype(np.float64) - theirs.reward))
    assert abs(bias) <= 1e-7, f"rewards are off by {bias} on average"


def assert_eventful(recording: Recording, *, terminated: int, truncated: int) -> None:
    """Assert that the tape led to enough endings of each kind to say something about resets."""
    assert np.isfinite(recording.observations["policy"]).all()
    assert recording.terminated.sum() >= terminated
    assert recording.truncated.sum() >= truncated
    # an environment that goes on after an ending shows that its reset was complete
    ended = recording.terminated | recording.truncated
    assert ended[:-30].any(axis=0).sum() >= recording.reward.shape[1] // 2


@pytest.fixture(scope="module")
def cartpole(generated: Path, assets: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Recording, Recording]:
    folder = tmp_path_factory.mktemp("cartpole")
    return both(generated / "cartpole", CARTPOLE, cartpole_tape(), folder, assets)


def test_cartpole_equals_upstream(cartpole: tuple[Recording, Recording]) -> None:
    ours, theirs = cartpole
    assert_eventful(ours, terminated=15, truncated=15)
    assert_equal(ours, theirs, CARTPOLE, observation=0.0, reward=1e-7)


def test_an_override_changes_the_reward_and_nothing_else(
    cartpole: tuple[Recording, Recording], generated: Path, tmp_path: Path
) -> None:
    """A weight set from the command line reaches the reward, and the comparison above would have seen it."""
    before = cartpole[0]
    after = record(
        "Stripe-Cartpole",
        cartpole_tape(),
        tmp_path,
        package=generated / "cartpole",
        overrides=("env.reward.alive=1.5",),
    )
    np.testing.assert_allclose(after.reward - before.reward, 0.5 * STEP_DT * ~before.terminated, atol=1e-7)
    np.testing.assert_array_equal(after.observations["policy"], before.observations["policy"])


def test_ant_equals_upstream(generated: Path, assets: Path, tmp_path: Path) -> None:
    ours, theirs = both(generated / "ant", ANT, ant_tape(), tmp_path, assets)
    assert_eventful(ours, terminated=15, truncated=5)
    assert_equal(ours, theirs, ANT, observation=1e-6, reward=1.3e-4)


def test_ant_equals_upstream_with_a_near_target(generated: Path, assets: Path, tmp_path: Path) -> None:
    """At 20 m the bearing changes as the ant moves, and a float resolves the progress that it makes."""
    ours, theirs = both(
        generated / "ant",
        ANT,
        ant_tape(seed=1),
        tmp_path,
        assets,
        our_overrides=("env.param.target=[20.0,0.0]",),
        their_overrides=("env.target_pos=[20.0,0.0,0.0]",),
    )
    assert_eventful(ours, terminated=15, truncated=5)
    assert_equal(ours, theirs, ANT, observation=1e-6, reward=8e-6)
