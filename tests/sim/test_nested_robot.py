"""Sensors of a robot whose bodies lie one inside the other in its file: they are found where they are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stripe_dsl.ir.program import Program
from stripe_dsl.pipeline import check_file

from .recorder import Recording, Run, record
from .replay import assert_replayed, entries

pytestmark = pytest.mark.sim

SOURCE = Path(__file__).parent / "tasks" / "nested.stripe"


@pytest.fixture(scope="module")
def program() -> Program:
    (program,) = check_file(SOURCE).programs
    return program


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recording]:
    torch = Run(steps=55, num_envs=2, amplitude=0.0, shuffle=())
    return record(SOURCE, tmp_path_factory.mktemp("nested"), {"torch": torch, "warp": replace(torch, backend="warp")})


@pytest.mark.parametrize("backend", ["torch", "warp"])
def test_sensors_sit_where_their_bodies_are(program: Program, runs: dict[str, Recording], backend: str) -> None:
    recording = runs[backend]
    assert_replayed(program, recording, absolute=1e-4, loose={})
    seen = {name: value for (_, name), value in entries(program, recording).items()}
    np.testing.assert_allclose(seen["height"], np.repeat(-seen["leg"], 2, axis=-1), atol=1e-5)
    assert np.ptp(seen["leg"]) > 0.1
    trunk, leg = seen["push"][-1].reshape(2, 2, 3)[..., 2].T
    np.testing.assert_allclose(trunk, 9.81 * 2.5, rtol=0.03)
    np.testing.assert_allclose(leg, 0.0, atol=1e-3)
    np.testing.assert_allclose(seen["ball"], 0.0, atol=1e-3)
    np.testing.assert_allclose(seen["pull"][-1], [[0.0, 0.0, 9.81]] * 2, atol=0.2)
