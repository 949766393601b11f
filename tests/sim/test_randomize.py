"""Randomisation on the real simulator, by both back ends: what MuJoCo computes with, and how the robot answers."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from .compare import assert_same_run
from .recorder import Array, Recording, Run, record

pytestmark = pytest.mark.sim

TASKS = Path(__file__).parent / "tasks"
RANDOM = Run(steps=130, num_envs=16, probe="tests.sim.drawn:properties")
NEVER = "[90.0,90.0]"
PUCK = {"base_mass": 1.0, "base_inertia": 1.0, "bodies_friction": 0.1, "gravity_z": 1.0, "hinge_damping": 1.5}
PUCK |= {"hinge_friction": 1e-5, "every": 0.1, "base_lin_vel_xy": 0.25, "base_ang_vel_z": 0.5, "every_2": 0.3}
PUCK |= {"base_friction": 0.5, "hinge_vel": 0.5}
ICE = {"bodies_friction": 0.01, "base_friction": 1.0}
SLED = {"cart_mass": 2.0, "cart_com_y": 0.02, "cart_inertia": 0.15, "slide_armature": 0.5, "slide_lower": -4.0}
SLED |= {"slide_damping": 2.0, "slide_friction": 0.1, "every": 0.1, "slide_pos": 0.15}


def fixed(numbers: dict[str, float]) -> list[str]:
    """Overrides that leave nothing to chance."""
    return [f"randomize.{name}=[{number},{number}]" for name, number in numbers.items()]


def both(runs: dict[str, Run]) -> dict[str, Run]:
    """Each run by both back ends: ``torch-random``, ``warp-random``, …"""
    warp = {f"warp-{name}": replace(run, backend="warp", inside=False) for name, run in runs.items()}
    return {f"torch-{name}": replace(run, inside=False) for name, run in runs.items()} | warp


def puck_runs() -> dict[str, Run]:
    slides = [f"randomize.every={NEVER}", f"randomize.every_2={NEVER}"]
    runs = {
        "random": RANDOM,
        "fixed": replace(RANDOM, overrides=fixed(PUCK)),
        "sliding": replace(RANDOM, overrides=slides, shuffle=(), steps=20),
        "pushed": replace(RANDOM, overrides=fixed(PUCK | ICE), shuffle=(), steps=28),
    }
    return both(runs)


def sled_runs() -> dict[str, Run]:
    overrides = [*fixed(SLED), "randomize.slide_upper=[0.5,0.0]"]
    still = [f"randomize.every={NEVER}", "randomize.slide_friction=[0.0,0.0]"]
    runs = {"random": RANDOM, "fixed": replace(RANDOM, overrides=overrides), "pulled": replace(RANDOM, overrides=still)}
    return both(runs)


@pytest.fixture(scope="module")
def pucks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recording]:
    return record(TASKS / "puck.stripe", tmp_path_factory.mktemp("puck"), puck_runs(), timeout=500)


@pytest.fixture(scope="module")
def sleds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recording]:
    return record(TASKS / "sled.stripe", tmp_path_factory.mktemp("sled"), sled_runs(), timeout=500)


@pytest.fixture(params=["torch", "warp"])
def backend(request: pytest.FixtureRequest) -> str:
    return request.param


def between(values: Array, low: float, high: float) -> bool:
    """Whether all values lie in a range, and neither end of it is out of reach: they spread over half of it."""
    inside = bool((values >= low - 1e-6).all() and (values <= high + 1e-6).all())
    return inside and float(np.ptp(values)) > 0.5 * (high - low)


# ---- at startup -------------------------------------------------------------------------------------------------


def test_masses_differ_from_one_environment_to_the_next(pucks: dict[str, Recording], backend: str) -> None:
    probes = pucks[f"{backend}-random"].probes
    mass, inertia = probes["mass"][1:, :, 0], probes["inertia"][1:, :, 0]
    assert between(mass, 1.0, 5.0)
    assert len(np.unique(mass[0])) == 16, "each environment has its own"
    np.testing.assert_array_equal(mass, mass[:1].repeat(len(mass), axis=0), "drawn once")
    # two draws: the inertia goes with the mass, and then by a factor of its own
    before = 2.0 / 12 * np.array([0.2**2 + 0.05**2, 0.2**2 + 0.05**2, 0.2**2 + 0.2**2])
    factor = inertia[0][:, ::4] / (before * mass[0][:, None] / 2.0)
    assert between(factor, 0.9, 1.1)
    np.testing.assert_allclose(factor, factor[:, :1].repeat(3, axis=1), rtol=1e-4)
    diagonal = np.sort(probes["moments"][1, :, 0], axis=-1)
    np.testing.assert_allclose(diagonal, np.sort(inertia[0][:, ::4], axis=-1), rtol=1e-4)
    # the other body keeps what the file says
    np.testing.assert_allclose(probes["mass"][1:, :, 1], 0.001, rtol=1e-6)


def test_both_back_ends_start_from_the_same_draws(pucks: dict[str, Recording], sleds: dict[str, Recording]) -> None:
    for runs, names in ((pucks, ("mass", "inertia")), (sleds, ("mass", "inertia", "com", "armature", "limits"))):
        for name in names:
            ours, theirs = (runs[f"{backend}-random"].probes[name][1] for backend in ("torch", "warp"))
            np.testing.assert_array_equal(ours, theirs, name)


def test_a_push_of_a_motor_is_answered_by_mass(sleds: dict[str, Recording], backend: str) -> None:
    """``(m + armature + damping dt) dv = (F - damping v) dt`` in each of the two physics steps."""
    run = sleds[f"{backend}-pulled"]
    dt = 0.005
    later = ~run.fresh[1:]
    mass = run.probes["mass"][1:, :, 1] + run.probes["armature"][1:, :, 0]
    # damping as it was during the step: what a reset draws counts from the next one
    damping = run.probes["damping"][:-1, :, 0]
    speed = run.groups["policy"][:-1, :, 1].astype(np.float64)
    for _ in range(2):
        speed = speed + (10.0 * run.actions[..., 0] - damping * speed) * dt / (mass + damping * dt)
    seen = run.groups["policy"][1:, :, 1]
    np.testing.assert_allclose(seen[later], speed[later], rtol=1e-3, atol=2e-5)
    assert between(run.probes["mass"][1:, :, 1], 1.0, 4.0)
    assert between(run.probes["armature"][1:, :, 0], 0.2, 1.0)
    assert later.sum() > 1000


def test_centre_of_mass_and_limits(sleds: dict[str, Recording], backend: str) -> None:
    run = sleds[f"{backend}-random"]
    com, limits = run.probes["com"][1:, :, 1], run.probes["limits"][1:, :, 0]
    assert between(com[..., 1], -0.05, 0.05)
    np.testing.assert_allclose(com[..., [0, 2]], np.broadcast_to([0.0, 0.2], (*com.shape[:2], 2)), atol=1e-6)
    assert between(limits[..., 0], -5.0, -3.0)
    assert 0.2 < limits[..., 1].std() < 1.0
    assert abs(limits[..., 1].mean() - 10.0) < 0.6
    # what the task reads of them
    np.testing.assert_allclose(run.groups["policy"][1:, :, 2:], limits, rtol=1e-6)


def test_friction_stops_a_puck(pucks: dict[str, Recording], backend: str) -> None:
    """Its deceleration is the coefficient times gravity, whatever the mass."""
    run = pucks[f"{backend}-sliding"]
    speed = run.groups["policy"][:, :, 3]
    friction = run.probes["friction"][1, :, 1]
    gravity = -run.probes["gravity"][0, :, 2]
    assert between(friction, 0.05, 0.3)
    assert between(gravity, 7.81, 11.81)
    seen = (speed[2] - speed[16]) / (14 * 0.02)
    np.testing.assert_allclose(seen, friction * gravity, rtol=0.1)
    assert np.corrcoef(seen, friction * gravity)[0, 1] > 0.99
    assert abs(np.corrcoef(seen, run.probes["mass"][1, :, 0])[0, 1]) < 0.9


# ---- at reset ---------------------------------------------------------------------------------------------------


def test_what_a_reset_draws_changes_with_the_episode(pucks: dict[str, Recording], backend: str) -> None:
    run = pucks[f"{backend}-random"]
    assert run.fresh[1:].sum() > 16 * 3
    gravity, damping = run.probes["gravity"], run.probes["damping"][..., 0]
    assert between(gravity[..., 2], -11.81, -7.81), "it does not add up"
    assert not gravity[..., :2].any()
    assert between(damping, 0.0005, 0.002)
    for values in (gravity[..., 2], damping, run.probes["joint_friction"][..., -1]):
        changed = values[1:] != values[:-1]
        # in torch MuJoCo has the friction of joints one step later
        late = values is not gravity and backend == "torch"
        moments = run.fresh[1:] | (run.fresh[:-1] if late else False)
        assert not changed[~moments].any()
        assert changed.sum() >= 0.9 * run.fresh[1:].sum()
    np.testing.assert_array_equal(run.probes["mujoco_gravity"][1:][~run.fresh[1:]], gravity[1:][~run.fresh[1:]])
    np.testing.assert_array_equal(run.probes["mujoco_damping"][1:, :, -1][~run.fresh[1:]], damping[1:][~run.fresh[1:]])


def test_a_critic_reads_what_was_drawn(pucks: dict[str, Recording], sleds: dict[str, Recording], backend: str) -> None:
    """From the first observation of an episode on, as the solver has it."""
    run = sleds[f"{backend}-random"]
    seen, probes = run.groups["critic"][1:], {name: value[1:] for name, value in run.probes.items()}
    np.testing.assert_allclose(seen[..., 0], probes["mass"][..., 1], rtol=1e-6)
    np.testing.assert_allclose(seen[..., 1], probes["armature"][..., 0], rtol=1e-6)
    np.testing.assert_allclose(seen[..., 2], probes["damping"][..., 0], rtol=1e-6)
    # in torch MuJoCo has the friction of joints one step later
    there = ~run.fresh[1:]
    np.testing.assert_allclose(seen[..., 3][there], probes["joint_friction"][..., 0][there], rtol=1e-6)
    assert between(seen[..., 3], 0.0, 0.5) and between(seen[..., 2], 0.0, 4.0)
    run = pucks[f"{backend}-random"]
    seen, probes = run.groups["critic"][1:], {name: value[1:] for name, value in run.probes.items()}
    assert seen.shape[-1] == 1 + 2 + 3 + 3
    np.testing.assert_allclose(seen[..., 0], probes["mass"][..., 0], rtol=1e-6)
    np.testing.assert_allclose(seen[..., 1:3], probes["mass"], rtol=1e-6)
    np.testing.assert_allclose(seen[..., 3:6], probes["com"][..., 0, :], atol=1e-6)
    np.testing.assert_allclose(seen[..., 6], probes["damping"][..., 0], rtol=1e-6)
    there = ~run.fresh[1:]
    np.testing.assert_allclose(seen[..., 7][there], probes["joint_friction"][..., -1][there], rtol=1e-6)
    np.testing.assert_allclose(seen[..., 8], 0.001, rtol=1e-6)


def test_nothing_adds_up_over_many_episodes(tmp_path: Path) -> None:
    """Properties that the environment in torch alone can change: each draw starts from what startup left."""
    run = replace(RANDOM, inside=False, steps=150)
    assert_nothing_adds_up(record(TASKS / "shifting.stripe", tmp_path, {"torch": run})["torch"])


def assert_nothing_adds_up(run: Recording) -> None:
    """What ``shifting.stripe`` draws is where it should be after many episodes."""
    assert run.fresh[1:].sum() > 16 * 10
    probes = run.probes
    # what startup left is between half and one and a half of the file's 2 kg and 0.1 kg
    added = probes["mass"][1:] - np.array([2.0, 0.1])
    assert (added >= [-0.9, 0.05]).all()
    assert (added <= [1.2, 0.25]).all()
    spread = probes["mass"][1:].max(axis=0) - probes["mass"][1:].min(axis=0)
    assert ((spread > 0.05) & (spread < 0.1 + 1e-5)).all(), "of 0.1..0.2 kg"
    assert between(probes["com"][1:, :, 0, :2], -0.01, 0.01)
    assert between(probes["armature"][1:, :, -1], 0.005, 0.02)
    mass, inertia = probes["mass"][1:, :, 0], probes["inertia"][1:, :, 0, 0]
    default = 2.0 / 12 * (0.2**2 + 0.05**2) / 2.0
    ratio = inertia / default
    assert (ratio > 0.5 * 1.0).all()
    assert (ratio < 2.0 * 3.2).all()
    later = ~run.fresh[1:] & ~run.fresh[:-1]
    drawn = np.abs(ratio / mass - 1) > 1e-3
    assert drawn[later].mean() > 0.3, "at intervals by a factor of its own"


# ---- at intervals -----------------------------------------------------------------------------------------------


def due(run: Recording, place: int) -> Array:
    """Steps in which the time of an interval has come, shape ``(T, N)``."""
    left = run.probes["time_left"][..., place]
    return (left[1:] > left[:-1]) & ~run.fresh[1:]


def test_intervals_have_times_of_their_own(pucks: dict[str, Recording], backend: str) -> None:
    run = pucks[f"{backend}-random"]
    left = run.probes["time_left"]
    assert ((left[..., 0] > 0) & (left[..., 0] <= 0.2 + 1e-6)).all()
    fired = due(run, 0)
    counts = fired.sum(axis=0)
    # 130 steps of 0.02 s, every 0.15 s on average, without those that a reset cuts off
    assert 6 < counts.mean() < 20
    assert len(np.unique(fired, axis=1).T) == 16, "each environment at its own times"
    # between two of them, in one episode, there are 0.1 to 0.2 s
    for env in range(16):
        steps, starts = np.flatnonzero(fired[:, env]), np.flatnonzero(run.fresh[1:, env])
        gaps = [b - a for a, b in pairwise(steps) if not ((starts > a) & (starts <= b)).any()]
        assert all(5 <= gap <= 11 for gap in gaps)


def test_a_push_changes_the_velocity_by_what_was_drawn(pucks: dict[str, Recording], backend: str) -> None:
    """On ice: in steps with a push by 0.25 m/s along x and y and 0.5 rad/s, in others not at all."""
    run = pucks[f"{backend}-pushed"]
    velocity = run.groups["policy"][:, :, 3:9]
    change = velocity[1:] - velocity[:-1]
    pushed = due(run, 0)
    assert pushed.sum() == 16 * 5, "every 0.1 s: after 0.1, 0.2, …, 0.5 s of 0.56 s"
    np.testing.assert_array_equal(np.flatnonzero(pushed[:, 0]), [4, 9, 14, 19, 24])
    np.testing.assert_allclose(change[pushed][:, :2], 0.25, atol=5e-3)
    np.testing.assert_allclose(change[pushed][:, 5], 0.5, atol=0.02)
    assert np.abs(change[~pushed & ~run.fresh[1:]][:, :2]).max() < 5e-3


def test_friction_at_intervals_starts_from_startup(pucks: dict[str, Recording], backend: str) -> None:
    run = pucks[f"{backend}-random"]
    friction = run.probes["friction"][1:]
    disc, flap = friction[..., 1], friction[..., 2]
    np.testing.assert_array_equal(flap, flap[:1].repeat(len(flap), axis=0), "named bodies only")
    start = disc[0]
    assert between(disc / start, 0.5, 1.5)
    assert (np.ptp(disc, axis=0) > 0).all()


def test_joints_are_moved_within_their_limits(sleds: dict[str, Recording], backend: str) -> None:
    run = sleds[f"{backend}-random"]
    fired = due(run, 0)
    assert fired.sum() > 16 * 4
    position, speed = run.groups["policy"][..., 0], run.groups["policy"][..., 1]
    moved = position[1:] - position[:-1] - 0.5 * (speed[1:] + speed[:-1]) * 0.01
    assert between(moved[fired], 0.1, 0.2)
    assert np.abs(moved[~fired & ~run.fresh[1:]]).max() < 2e-3


# ---- forces -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shoves(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recording]:
    run = replace(RANDOM, steps=100, probe="tests.sim.drawn:wrenches")
    return record(TASKS / "shoved.stripe", tmp_path_factory.mktemp("shoved"), both({"random": run}), timeout=500)


def test_forces_act_in_the_frame_of_the_body(shoves: dict[str, Recording], backend: str) -> None:
    run = shoves[f"{backend}-random"]
    force, torque = (run.probes[name][:-1, :, 0] for name in ("forces", "torques"))
    assert between(force[..., 0], 1.0, 4.0)
    late = run.probes["torques"][:-1, :, 0, 2] > 0
    assert between(force[late][:, 1], -4.0, -1.0)
    assert not force[~late][:, 1].any(), "until the first time"
    assert between(torque[late][:, 2], 0.002, 0.004)
    assert not run.probes["forces"][:, :, 1].any(), "named bodies only"
    velocity, yaw = run.groups["policy"][..., :6], np.unwrap(run.groups["policy"][..., 6], axis=0)
    goes_on = ~run.fresh[1:]
    middle = 0.5 * (yaw[1:] + yaw[:-1])
    turned = np.stack(
        (
            np.cos(middle) * force[..., 0] - np.sin(middle) * force[..., 1],
            np.sin(middle) * force[..., 0] + np.cos(middle) * force[..., 1],
        ),
        axis=-1,
    )
    change = (velocity[1:] - velocity[:-1])[goes_on]
    np.testing.assert_allclose(change[:, :2], (turned * 0.02 / 2.001)[goes_on], atol=2e-4)
    inertia = 2.0 * 2 * 0.2**2 / 12
    np.testing.assert_allclose(change[:, 5], (torque[..., 2] * 0.02 / inertia)[goes_on], atol=2e-4)
    # a new episode begins with its own force alone
    fresh = run.fresh[:-1]
    assert not force[fresh][:, 1].any()


# ---- both -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("task", ["pucks", "sleds"])
def test_without_chance_the_back_ends_agree_in_every_bit(task: str, request: pytest.FixtureRequest) -> None:
    runs: dict[str, Recording] = request.getfixturevalue(task)
    ours, theirs = runs["torch-fixed"], runs["warp-fixed"]
    assert len(ours.reward) > 100
    assert ours.fresh[1:].any()
    late = [name for name in ours.probes if name in LATE]
    first = [name for name in ours.probes if name not in LATE]
    stripped = [replace(run, probes={name: run.probes[name][1:] for name in first}, log=[]) for run in (ours, theirs)]
    names = [replace(run, probes={}, log=[]) for run in stripped]
    assert_same_run(*names)
    for name in first:
        np.testing.assert_array_equal(ours.probes[name][1:], theirs.probes[name][1:], name)
    for name in late:  # in torch MuJoCo learns of a change at the next step
        settled = ~(ours.fresh[1:] | due(ours, 0))
        np.testing.assert_array_equal(ours.probes[name][1:][settled], theirs.probes[name][1:][settled], name)


LATE = ("friction", "joint_friction", "mujoco_gravity", "mujoco_damping", "stiffness")
"""What MuJoCo has its own copy of."""
