"""Randomisation on PhysX: what is drawn lies where PhysX computes with it, and the robot answers as on Newton."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stripe_dsl.pipeline import check_file

from . import test_curriculum as curriculum
from . import test_randomize as newton
from .compare import without_chance
from .recorder import ROOT, Array, Recording, Run, record
from .replay import assert_replayed

pytestmark = pytest.mark.sim

TASKS = newton.TASKS
RANDOM = replace(newton.RANDOM, physics="ovphysx", probe="tests.sim.drawn:physx_properties", inside=False)
HALF = 2.0**-11
"""PhysX gets the friction of shapes in half precision: relative to the number."""


@pytest.fixture(scope="module")
def pucks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recording]:
    """Without gravity that is drawn, which PhysX does not have."""
    folder = tmp_path_factory.mktemp("puck")
    lines = (TASKS / "puck.stripe").read_text().splitlines()
    source = folder / "puck.stripe"
    source.write_text("\n".join(line for line in lines if "gravity" not in line) + "\n")
    ice = {name: value for name, value in (newton.PUCK | newton.ICE).items() if "gravity" not in name}
    slides = [f"randomize.every={newton.NEVER}", f"randomize.every_2={newton.NEVER}"]
    runs = {
        "physx-random": RANDOM,
        "physx-sliding": replace(RANDOM, overrides=slides, shuffle=(), steps=20),
        "physx-pushed": replace(RANDOM, overrides=newton.fixed(ice), shuffle=(), steps=28),
    }
    return record(source, folder, runs)


@pytest.fixture(scope="module")
def sleds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recording]:
    runs = {"physx-random": RANDOM, "physx-pulled": replace(RANDOM, overrides=[f"randomize.every={newton.NEVER}"])}
    return record(TASKS / "sled.stripe", tmp_path_factory.mktemp("sled"), runs)


def test_masses_differ_from_one_environment_to_the_next(pucks: dict[str, Recording]) -> None:
    newton.test_masses_differ_from_one_environment_to_the_next(pucks, "physx")


def test_a_push_of_a_motor_is_answered_by_mass_damping_and_friction(sleds: dict[str, Recording]) -> None:
    """``(m + armature) dv/dt = F - damping v -+ friction``, against which way it slides."""
    run = sleds["physx-pulled"]
    mass = run.probes["mass"][1:, :, 1] + run.probes["armature"][1:, :, 0]
    # as they were during the step: what a reset draws counts from the next one
    damping, friction = (run.probes[name][:-1, :, 0].astype(np.float64) for name in ("damping", "joint_friction"))
    speed, seen = run.groups["policy"][:-1, :, 1].astype(np.float64), run.groups["policy"][1:, :, 1]
    force = 10.0 * run.actions[..., 0]
    slides = ~run.fresh[1:] & (np.abs(speed) > 0.2)
    assert slides.sum() > 100

    def after(damping: Array, friction: Array) -> Array:
        now = speed
        for _ in range(2):
            now = now + (force - damping * now - friction * np.sign(speed)) * 0.005 / (mass + damping * 0.005)
        return now

    np.testing.assert_allclose(seen[slides], after(damping, friction)[slides], rtol=0, atol=6e-4)
    for left_out in ((0 * damping, friction), (damping, 0 * friction)):
        assert np.abs(seen - after(*left_out))[slides].max() > 2.5e-3, "each of them counts"


def test_centre_of_mass_and_limits(sleds: dict[str, Recording]) -> None:
    newton.test_centre_of_mass_and_limits(sleds, "physx")


def test_friction_stops_a_puck(pucks: dict[str, Recording]) -> None:
    """As on Newton the larger of two coefficients counts, and that of the ice is zero."""
    run = pucks["physx-sliding"]
    speed, materials = run.groups["policy"][:, :, 3], run.probes["materials"][1]
    friction = materials[:, 0, 1]
    assert newton.between(friction, 0.05 * (1 - HALF), 0.3 * (1 + HALF))
    assert len(np.unique(friction)) > 12, "each environment has its own"
    np.testing.assert_array_equal(materials[..., 0], materials[..., 1], "at rest as in motion")
    np.testing.assert_array_equal(friction, friction.astype(np.float16), "few enough for PhysX")
    seen = (speed[2] - speed[16]) / (14 * 0.02)
    np.testing.assert_allclose(seen, friction * 9.81, rtol=0.02)


def test_friction_at_intervals_starts_from_startup(pucks: dict[str, Recording]) -> None:
    """And is that of the disc alone."""
    friction = pucks["physx-random"].probes["friction"][1:]
    disc, flap = friction[..., 1], friction[..., 2]
    np.testing.assert_array_equal(flap, flap[:1].repeat(len(flap), axis=0), "named bodies only")
    assert newton.between(disc / disc[0], 0.5 - 0.001, 1.5 + 0.001)
    assert (np.ptp(disc, axis=0) > 0).all()


def test_what_a_reset_draws_changes_with_the_episode(pucks: dict[str, Recording]) -> None:
    run = pucks["physx-random"]
    assert newton.between(run.probes["damping"][..., 0], 0.0005, 0.002)
    assert newton.between(run.probes["joint_friction"][..., 0], 0.0, 1e-5)
    np.testing.assert_array_equal(run.probes["joint_friction"][1:], run.probes["joint_friction_at_rest"][1:])
    for name in ("damping", "joint_friction"):
        changed = (run.probes[name][1:] != run.probes[name][:-1])[..., 0]
        assert not changed[~run.fresh[1:]].any()
        assert changed.sum() >= 0.9 * run.fresh[1:].sum()


def test_a_critic_reads_what_was_drawn(pucks: dict[str, Recording], sleds: dict[str, Recording]) -> None:
    newton.test_a_critic_reads_what_was_drawn(pucks, sleds, "physx")


def test_intervals_have_times_of_their_own(pucks: dict[str, Recording]) -> None:
    newton.test_intervals_have_times_of_their_own(pucks, "physx")


def test_a_push_changes_the_velocity_by_what_was_drawn(pucks: dict[str, Recording]) -> None:
    newton.test_a_push_changes_the_velocity_by_what_was_drawn(pucks, "physx")


def test_joints_are_moved_within_their_limits(sleds: dict[str, Recording]) -> None:
    newton.test_joints_are_moved_within_their_limits(sleds, "physx")


def test_nothing_adds_up_over_many_episodes(tmp_path: Path) -> None:
    run = replace(RANDOM, steps=150)
    newton.assert_nothing_adds_up(record(TASKS / "shifting.stripe", tmp_path, {"physx": run})["physx"])


def test_forces_act_at_the_centre_of_mass_in_the_frame_of_the_body(tmp_path: Path) -> None:
    """On a box beside the origin of its body, which turns by the torque alone."""
    text = (TASKS / "shoved.stripe").read_text()
    box, above = "link body { box (0.2, 0.2, 0.2) m", "at (0, 0, 0.1) m"
    assert text.count(box) == 1 and text.count(above) == 2
    source = tmp_path / "shoved.stripe"
    source.write_text(text.replace(box, f"{box} at (0.05, 0.03, 0) m").replace(above, "at (0.05, 0.03, 0.1) m"))
    run = replace(RANDOM, steps=100, probe="tests.sim.drawn:wrenches")
    shoves = record(source, tmp_path, {"physx-random": run})
    # the first reset hands them to PhysX before the first step does, which then adds up both
    shoves["physx-random"].truncated[0] = True
    newton.test_forces_act_in_the_frame_of_the_body(shoves, "physx")


def test_an_environment_with_its_own_gravity_says_that_it_needs_newton(tmp_path: Path) -> None:
    """Also where it is not ``stripec`` that starts it."""
    with pytest.raises(RuntimeError, match="the worker of puck"):
        record(TASKS / "puck.stripe", tmp_path, {"physx": replace(RANDOM, steps=1)})
    said = "RuntimeError: Gravity is drawn for each environment, and PhysX has one for all: simulate with Newton"
    assert said in (tmp_path / "puck.log").read_text()


def test_a_curriculum_sets_what_it_says(tmp_path: Path) -> None:
    run = Run(steps=curriculum.STEPS, num_envs=curriculum.ENVS, inside=False, physics="ovphysx")
    lessons = record(curriculum.SOURCE, tmp_path, {"physx": run})["physx"]
    curriculum.test_a_weight_changes_along_a_line(lessons)
    curriculum.test_a_threshold_changes_at_once(lessons)
    curriculum.test_a_range_of_a_reset_grows(lessons)
    curriculum.test_noise_changes_at_once(lessons)
    curriculum.test_a_command_asks_for_more(lessons)
    curriculum.test_an_action_gets_stronger(lessons)


@pytest.mark.parametrize("name", ["quadruped_walk", "quadruped_showcase"])
def test_walkers_answer_as_the_reference_does(name: str, tmp_path: Path) -> None:
    """With pushes and commands, as on Newton."""
    source = ROOT / "examples" / f"{name}.stripe"
    (program,) = check_file(source).programs
    short = ["episode_length_s=0.6", "command.goal_every=[0.2,0.2]", "randomize.every=[0.3,0.3]"]
    overrides = [*without_chance(program), *short]
    overrides = [f"{path}={value}" for path, value in dict(item.split("=") for item in overrides).items()]
    run = Run(steps=60, num_envs=6, amplitude=1.5, overrides=overrides, physics="ovphysx")
    recording = record(source, tmp_path, {"physx": run})["physx"]
    assert recording.facts["physics"] == "OvPhysxManager"
    assert np.isfinite(recording.reward).all()
    assert recording.fresh[1:].any()
    assert_replayed(program, recording, absolute=2e-5, loose={})
