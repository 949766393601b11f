"""Newton and PhysX beside each other: the same robots, moved by the same actions, in the same units and frames."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from stripe_dsl.pipeline import check_file

from .recorder import Array, Run, record
from .replay import entries

pytestmark = pytest.mark.sim

SOURCE = Path(__file__).parent / "tasks" / "engines.stripe"
ENGINES = {"newton": "", "physx": "ovphysx"}
G = 9.81


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Mapping[str, Array]]:
    """Columns of the policy, ``(T + 1, N, …)``, by engine and run: ``moved newton``, ``still physx``."""
    found = {}
    (program,) = check_file(SOURCE).programs
    for name, physics in ENGINES.items():
        moved = Run(physics=physics, num_envs=2, steps=15, shuffle=(), inside=False)
        still = Run(physics=physics, num_envs=2, steps=60, shuffle=(), inside=False, amplitude=0.0)
        runs = record(SOURCE, tmp_path_factory.mktemp(name), {"moved": moved, "still": still})
        for run, recording in runs.items():
            found[f"{run} {name}"] = {entry: value for (_, entry), value in entries(program, recording).items()}
    return found


@pytest.mark.parametrize(
    ("names", "bound"),
    [
        # a torque about an axis, of a motor without gains
        (("turn",), 1e-3),
        (("turning",), 2e-3),
        # drives: one that the engine integrates, and one whose efforts Isaac Lab computes
        (("lift",), 3e-3),
        (("swing",), 2e-2),
        (("effort",), 1e-6),
        # a wrench in the frame of a body and a thrust, both at a centre of mass that is not the body's origin
        (("place", "attitude", "gravity"), 5e-3),
        (("speed", "own_speed", "link_speed", "spin"), 5e-3),
        # an inertial sensor off the centre of mass, turned
        (("felt", "gyro"), 1e-2),
        # poses of bodies, and properties
        (("beam", "beam_rot"), 8e-3),
        (("mass", "com"), 1e-6),
    ],
)
def test_what_is_moved_alike_moves_alike(
    seen: Mapping[str, Mapping[str, Array]], names: tuple[str, ...], bound: float
) -> None:
    newton, physx = seen["moved newton"], seen["moved physx"]
    for name in names:
        np.testing.assert_allclose(physx[name], newton[name], atol=bound, err_msg=name)
        if name not in ("mass", "com"):
            assert np.ptp(newton[name], axis=0).max() > 2 * bound, "it moved"


@pytest.mark.parametrize("engine", ENGINES)
def test_what_rests_weighs_what_it_weighs(seen: Mapping[str, Mapping[str, Array]], engine: str) -> None:
    last = {name: value[-1] for name, value in seen[f"still {engine}"].items()}
    sled, crate, cargo = 4.0, 0.8, 0.9
    forces = {name: last[name].reshape(2, -1, 3).sum(axis=1) for name in ("touch", "floor", "load", "boxes")}
    down = {"touch": sled, "floor": sled + crate + cargo, "load": -crate, "boxes": -cargo}
    for name, mass in down.items():
        np.testing.assert_allclose(forces[name][:, 2], mass * G, rtol=0.01, err_msg=name)
    # an accelerometer feels what holds it up
    np.testing.assert_allclose(last["rest"], np.tile([0.0, 0.0, G], (2, 1)), atol=0.05)


@pytest.mark.parametrize("engine", ENGINES)
def test_joints_carry_what_hangs_on_them(seen: Mapping[str, Mapping[str, Array]], engine: str) -> None:
    """In the order of the file: the arm, the pan that carries it, and the beam, whose middle is 10 cm off its joint."""
    last = {name: value[-1] for name, value in seen[f"still {engine}"].items()}
    force, torque = (last[name].reshape(2, 3, 3) for name in ("strain", "twist"))
    np.testing.assert_allclose(np.linalg.norm(force, axis=-1), np.tile([0.5, 2.0, 2.0], (2, 1)) * G, rtol=0.01)
    np.testing.assert_allclose(force[:, 1:, 2], np.full((2, 2), 2.0 * G), rtol=0.01)
    np.testing.assert_allclose(np.linalg.norm(torque[:, 2], axis=-1), 0.1 * 2.0 * G, rtol=0.01)
    np.testing.assert_allclose(last["lift_effort"], 2.0 * G, rtol=0.02)
