"""The generated tasks answer as Isaac Lab's hand-written ones do, step by step, on Newton and a CPU.

Both sides play one tape: the same start, the same actions, and the same state after every reset. Newton is
deterministic on a CPU and both sides give it the same model, so the states agree in every bit and nothing has to be
brought back into step on the way. What is compared is then what the task adds: observations, rewards, terminations,
time-outs, and which environments are reset when.

The workflows differ in when they compute: ``DirectRLEnv`` calls the task's own methods, ``ManagerBasedRLEnv`` has its
managers evaluate terms, the rewards before the resets and the observations after the commands. The ant stands for both:
it is compared with ``Isaac-Ant-Direct`` and with ``Isaac-Ant``.

Known differences, with their reasons:

* **Order of the observations.** Upstream lists force and torque foot by foot, the generated tasks all forces and
  then all torques. The test reorders the columns.
* **Progress.** Upstream subtracts two potentials, ``-distance / step_dt``, and multiplies by ``step_dt``; a
  ``.stripe`` file says ``prev(distance) - distance``. The target is 1,000 m away, where neighbouring 32-bit floats lie
  6.1e-5 m apart: the rewards differ by up to one such step (``Isaac-Ant``). With the target at 20 m, where floats lie
  1.9e-6 m apart, they agree to 5e-6 (``Isaac-Ant-Direct``, ``Isaac-Humanoid-Direct``). The difference has no bias.
* **Frames.** Upstream measures the target in the world, the generated task in the environment's own frame. With
  envs at up to 10 m from the world's origin this rounds differently, in the same last bit.
* **The humanoid's joints.** Its model is newton's, whose hinges are renamed to what upstream's gears call them.
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
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stripe_dsl.emit.output import write
from stripe_dsl.pipeline import compile_file
from tests.sim.differential import (
    ROOT,
    Play,
    Recording,
    largest_difference,
    physics_overrides,
    record,
    without_classes,
)
from tests.sim.upstream import (
    ANT,
    CARTPOLE,
    HUMANOID,
    MANAGED_ANT,
    UpstreamTask,
    ant_tape,
    cartpole_tape,
    humanoid_tape,
    make_assets,
)

pytestmark = [pytest.mark.sim, pytest.mark.slow]

HUMANOID_SOURCE = Path(__file__).parent / "tasks" / "humanoid.stripe"
STEP_DT = 1 / 60
"""Control step of all tasks [s]."""


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Recording, Recording]]:
    """Both sides of each comparison, the generated task's first: a process for each side.

    ``STRIPE_GENERATED`` names another folder of the generated packages.
    """
    folder = tmp_path_factory.mktemp("upstream")
    assets = {"ISAACSIM_ASSET_ROOT": str(make_assets(folder / "assets"))}
    generated = Path(os.environ.get("STRIPE_GENERATED", ROOT / "generated"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(*next(iter(assets.items())))
        (humanoid,), problems = compile_file(HUMANOID_SOURCE, folder / "generated", backends=("torch",))
    # upstream begins with straight knees too
    assert [item.code for item in problems] == ["W0007"]
    write(humanoid)
    compared = {
        "cartpole": (CARTPOLE, cartpole_tape(), generated / "cartpole"),
        "near": (ANT, ant_tape(240, seed=1), generated / "ant"),
        "managed": (MANAGED_ANT, ant_tape(100), generated / "ant"),
        "humanoid": (HUMANOID, humanoid_tape(100), humanoid.folder),
    }
    near = ("env.param.target=[20.0,0.0]", "env.target_pos=[20.0,0.0,0.0]")
    at = {"near": near, "humanoid": near}
    plays = {
        name: Play(
            f"Stripe-{package.name.capitalize()}",
            tape,
            package,
            at.get(name, ())[:1],
        )
        for name, (task, tape, package) in compared.items()
    }
    plays["override"] = replace(plays["cartpole"], overrides=("env.reward.alive=1.5",))
    ours = record(plays, folder / "ours", environment=assets, fresh=False)
    plays = {
        name: Play(task.task, tape, None, (*physics_overrides(ours[name].physics), *at.get(name, ())[1:]))
        for name, (task, tape, _) in compared.items()
    }
    theirs = record(plays, folder / "theirs", environment=assets, fresh=True)
    return {name: (recording, theirs.get(name, ours["cartpole"])) for name, recording in ours.items()}


def assert_equal(
    ours: Recording, theirs: Recording, upstream: UpstreamTask, *, observation: float, reward: float
) -> None:
    """Assert that the recordings agree: states and endings exactly, the rest within the given absolute bounds."""
    assert without_classes(ours.physics) == without_classes(theirs.physics)
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
    assert abs(bias) <= max(1e-7, 0.005 * reward), f"rewards are off by {bias} on average"


def assert_eventful(recording: Recording, *, terminated: int, truncated: int) -> None:
    """Assert that the tape led to enough endings of each kind to say something about resets."""
    assert np.isfinite(recording.observations["policy"]).all()
    assert recording.terminated.sum() >= terminated
    assert recording.truncated.sum() >= truncated
    # an environment that goes on after an ending shows that its reset was complete
    ended = recording.terminated | recording.truncated
    assert ended[:-30].any(axis=0).sum() >= recording.reward.shape[1] // 2


def test_cartpole_equals_upstream(recordings: dict[str, tuple[Recording, Recording]]) -> None:
    ours, theirs = recordings["cartpole"]
    assert_eventful(ours, terminated=15, truncated=15)
    assert_equal(ours, theirs, CARTPOLE, observation=0.0, reward=1e-7)


def test_an_override_changes_the_reward_and_nothing_else(recordings: dict[str, tuple[Recording, Recording]]) -> None:
    """A weight set from the command line reaches the reward, and the comparison above would have seen it."""
    after, before = recordings["override"]
    np.testing.assert_allclose(after.reward - before.reward, 0.5 * STEP_DT * ~before.terminated, atol=1e-7)
    np.testing.assert_array_equal(after.observations["policy"], before.observations["policy"])


def test_ant_equals_upstream(recordings: dict[str, tuple[Recording, Recording]]) -> None:
    """At 20 m the bearing changes as the ant moves, and a float resolves the progress that it makes."""
    ours, theirs = recordings["near"]
    assert_eventful(ours, terminated=15, truncated=5)
    assert_equal(ours, theirs, ANT, observation=1e-6, reward=8e-6)


def test_ant_equals_the_task_of_managers(recordings: dict[str, tuple[Recording, Recording]]) -> None:
    """Managers compute the rewards term by term before the resets and the observations after them."""
    ours, theirs = recordings["managed"]
    assert_eventful(ours, terminated=10, truncated=5)
    assert_equal(ours, theirs, MANAGED_ANT, observation=1e-6, reward=1.3e-4)


def test_humanoid_equals_upstream(recordings: dict[str, tuple[Recording, Recording]]) -> None:
    """Gears and gains differ from joint to joint, and joints of several degrees of freedom have one body."""
    ours, theirs = recordings["humanoid"]
    assert_eventful(ours, terminated=15, truncated=3)
    assert_equal(ours, theirs, HUMANOID, observation=1e-6, reward=8e-6)
