"""What is drawn has the law by which Isaac Lab's own events draw, on the same environment, in both back ends.

Both sides draw for 512 environments, each starting from what the files say. Then the same numbers of Newton's
model and of MuJoCo's have changed, each within the same range, which it fills, and as often with each value; and where
one number is drawn for several places by one of them, so it is by the other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from scipy.stats import ks_2samp

from tests.sim.recorder import Array, Recording, Run, record

from .drawn import DRAWN

pytestmark = pytest.mark.sim

SOURCE = Path(__file__).parent / "tasks" / "drawn.stripe"
MODULE = "tests.vocabulary.drawn"
ENVS = 512
UNLIKELY = 1e-3
"""Probability that two samples of one law are further apart, by Kolmogorov and Smirnov. Seeds are fixed."""
EDGE = 0.03
"""A sample comes as near to both ends of its range as this share of it."""


@dataclass(frozen=True)
class Law:
    """What an event draws.

    Attributes:
        array: of the model, in which the numbers are found.
        operation: what is done with them.
        low: end of the range.
        high: the other.
    """

    array: str
    operation: str
    low: float
    high: float


LAWS: dict[str, list[Law]] = {
    "randomize_rigid_body_material": [Law("newton shape_material_mu", "set", 0.6, 0.8)],
    "randomize_rigid_body_mass": [Law("newton body_mass", "add", -1.0, 3.0)],
    "randomize_rigid_body_inertia": [Law("newton body_inertia", "scale", 0.9, 1.1)],
    "randomize_joint_parameters": [
        Law("newton joint_friction", "set", 0.0, 0.1),
        Law("newton joint_armature", "scale", 0.5, 2.0),
    ],
    "randomize_actuator_gains": [
        Law("newton joint_target_ke", "scale", 0.8, 1.2),
        Law("newton joint_target_kd", "scale", 0.8, 1.2),
    ],
    "randomize_physics_scene_gravity": [Law("newton gravity", "add", -2.0, 2.0)],
}


THEIRS = ("newton joint_damping", "mujoco dof_damping")
"""What upstream's event changes and ours does not: with the dry friction of joints it draws the viscous one."""
ROUNDED = ("mujoco body_iquat",)
"""Principal axes, which MuJoCo computes anew: rounding turns them where nothing does."""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recording]:
    """By back end, in one process; with a push in every step."""
    run = Run(
        steps=3,
        num_envs=ENVS,
        shuffle=(),
        overrides=["randomize.every=[0.02,0.02]"],
        prepare=f"{MODULE}:remember",
        probe=f"{MODULE}:velocity",
        between=f"{MODULE}:velocity",
        finish=f"{MODULE}:compare",
    )
    return record(SOURCE, tmp_path_factory.mktemp("drawn"), {"torch": run, "warp": replace(run, backend="warp")})


@pytest.fixture(params=["torch", "warp"])
def run(request: pytest.FixtureRequest, runs: dict[str, Recording]) -> Recording:
    return runs[request.param]


def copies(values: Array) -> Array:
    """Which columns of ``(N, K)`` are drawn together, ``(K, K)``; the others are drawn apart."""
    together = np.atleast_2d(np.corrcoef(values, rowvar=False))
    same = together > 0.99
    assert abs(together[~same]).max(initial=0.0) < 0.25
    return same


def assert_same_law(ours: Array, theirs: Array, low: float = -np.inf, high: float = np.inf) -> None:
    """Assert that rows of both were drawn alike, within a range, where there is one."""
    ours, theirs = (values.reshape(len(values), -1).astype(np.float64) for values in (ours, theirs))
    assert ours.shape == theirs.shape
    for values in (ours, theirs):
        assert np.ptp(values, axis=0).min() > 0, "it differs from one environment to the next"
        if np.isfinite(high - low):
            slack = 1e-4 * (high - low)
            assert low - slack <= values.min() <= low + EDGE * (high - low)
            assert high + slack >= values.max() >= high - EDGE * (high - low)
    same = copies(theirs)
    np.testing.assert_array_equal(copies(ours), same, "drawn for several at once")
    first = [column for column in range(len(same)) if not same[column, :column].any()]
    ours, theirs = ours[:, first], theirs[:, first]
    found: Any = ks_2samp(ours.ravel(), theirs.ravel())
    assert found.pvalue > UNLIKELY
    found = ks_2samp(ours, theirs, axis=0)
    assert found.pvalue.min() > UNLIKELY / len(first), "column by column"
    np.testing.assert_allclose(ours.std(), theirs.std(), rtol=0.1)


def drawn(run: Recording, law: Law) -> tuple[Array, Array]:
    """The numbers of both sides, ``(N, K)``, without the places that nothing was drawn for."""
    before, found = run.finish[f"before {law.array}"], []
    changed = before != run.finish[f"theirs {law.array}"]
    for side in ("ours", "theirs"):
        after = run.finish[f"{side} {law.array}"]
        if law.array == "newton body_inertia":  # it goes with the mass, too
            mass = run.finish[f"{side} newton body_mass"] / run.finish["before newton body_mass"]
            after = after / mass[:, None, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            numbers = {"set": after, "add": after - before, "scale": after / before}[law.operation]
        found.append(numbers[changed].reshape(ENVS, -1))
    return found[0], found[1]


def test_the_same_numbers_of_the_model_change(run: Recording) -> None:
    """And no others, nor where MuJoCo has its own copies."""
    names = [name.removeprefix("before ") for name in run.finish if name.startswith("before ")]
    assert {law.array for laws in LAWS.values() for law in laws} <= set(names)
    assert {"mujoco body_mass", "mujoco geom_friction", "mujoco gravity", "newton body_inv_mass"} <= set(names)
    for name in set(names) - set(ROUNDED):
        before, ours, theirs = (run.finish[f"{side} {name}"] for side in ("before", "ours", "theirs"))
        if name in THEIRS:
            assert (ours == before).all() and (theirs != before).any(), name
        else:
            np.testing.assert_array_equal(ours != before, theirs != before, name)


@pytest.mark.parametrize("event", LAWS)
def test_properties(event: str, run: Recording) -> None:
    for law in LAWS[event]:
        assert_same_law(*drawn(run, law), law.low, law.high)


def test_forces(run: Recording) -> None:
    """On the trunk alone, as ``apply_external_force_torque`` draws them."""
    for name, limit in (("force", 5.0), ("torque", 1.0)):
        ours, theirs = (
            run.finish[f"{side} {name}"].reshape(-1, 3 * run.finish["ours force"].shape[1])
            for side in ("ours", "theirs")
        )
        np.testing.assert_array_equal(ours.any(axis=0), theirs.any(axis=0), "the same bodies")
        acts = theirs.any(axis=0)
        assert acts.sum() == 3
        assert_same_law(ours[:, acts], theirs[:, acts], -limit, limit)


def test_pushes(run: Recording) -> None:
    """The step of the velocity, between the physics and the observations, is that of ``push_by_setting_velocity``."""
    theirs = run.finish["theirs push"]
    for step, velocity in enumerate(run.between["root_vel"]):
        ours = run.probes["root_vel"][step + 1] - velocity
        np.testing.assert_allclose(ours[:, 2:], 0.0, atol=1e-5)
        np.testing.assert_allclose(theirs[:, 2:], 0.0, atol=1e-5)
        assert_same_law(ours[:, :2], theirs[:, :2], -0.5, 0.5)


def begins(run: Recording, name: str) -> tuple[Array, Array]:
    """What episodes begin with, after our reset and after the events."""
    return run.finish[f"ours {name}"], run.finish[f"theirs {name}"]


def test_where_the_base_begins(run: Recording) -> None:
    """By ``reset_root_state_with_random_orientation``."""
    ours, theirs = begins(run, "root_link_pose_w")
    place = np.array([0.0, 0.0, 2.0])
    assert_same_law(ours[:, :3] - place, theirs[:, :3] - place, -0.2, 0.2)
    turns = [Rotation.from_quat(side[:, 3:]) for side in (ours, theirs)]
    assert_same_law(turns[0].as_matrix(), turns[1].as_matrix(), -1.0, 1.0)
    assert_same_law(turns[0].magnitude()[:, None], turns[1].magnitude()[:, None])
    ours, theirs = begins(run, "root_com_vel_w")
    assert_same_law(ours[:, :3], theirs[:, :3], -0.5, 0.5)
    assert not ours[:, 3:].any()
    assert not theirs[:, 3:].any()


def test_where_joints_begin(run: Recording) -> None:
    """By ``randomize_joint_by_gaussian_offset``, ``grasp_held_asset`` and ``reset_joints_shared_offset``."""
    ours, theirs = begins(run, "joint_pos")
    names = run.facts["joint_names"]
    joints = {kind: [place for place, name in enumerate(names) if kind in name] for kind in ("hip", "thigh", "calf")}
    hips, others = ours[:, joints["hip"]], theirs[:, joints["hip"]]
    assert_same_law(hips, others)
    for side in (hips, others):
        assert side.std() == pytest.approx(0.02, rel=0.05)
        assert abs(side).max() > 0.055, "beyond what uniform numbers of this deviation reach"
    assert_same_law(ours[:, joints["thigh"]], theirs[:, joints["thigh"]], 0.5, np.deg2rad(200))
    calf = np.deg2rad(-88)
    assert_same_law(ours[:, joints["calf"]] - calf, theirs[:, joints["calf"]] - calf, -0.1, 0.1)
    for values in begins(run, "joint_vel"):
        assert not values.any()


def test_every_event_is_looked_at() -> None:
    states = {
        *("apply_external_force_torque", "push_by_setting_velocity", "reset_root_state_with_random_orientation"),
        *("randomize_joint_by_gaussian_offset", "grasp_held_asset", "reset_joints_shared_offset"),
    }
    assert DRAWN.keys() == LAWS.keys() | states


RIGHT = np.random.default_rng(7).uniform(0.6, 0.8, (ENVS, 4))
WRONG = {
    "wider": np.random.default_rng(8).uniform(0.6, 0.82, (ENVS, 4)),
    "narrower": np.random.default_rng(8).uniform(0.61, 0.8, (ENVS, 4)),
    "of another law": np.random.default_rng(8).triangular(0.6, 0.7, 0.8, (ENVS, 4)),
    "shared": np.random.default_rng(8).uniform(0.6, 0.8, (ENVS, 1)).repeat(4, axis=1),
    "the same everywhere": np.full((ENVS, 4), 0.7),
    "with a hole": 0.6 + 0.2 * np.round(np.random.default_rng(8).uniform(0, 1, (ENVS, 4)), 1),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_law_is_seen(wrong: str) -> None:
    assert_same_law(np.random.default_rng(9).uniform(0.6, 0.8, (ENVS, 4)), RIGHT, 0.6, 0.8)
    with pytest.raises(AssertionError):
        assert_same_law(WRONG[wrong], RIGHT, 0.6, 0.8)
