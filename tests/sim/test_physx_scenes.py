"""Scenes on PhysX: what is asked of them on Newton, by the same tests, and what is another matter there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stripe_dsl.ir.program import Program
from stripe_dsl.pipeline import check_file
from stripe_dsl.scene.layout import Layout
from stripe_dsl.scene.made import make
from stripe_dsl.scene.measure import measure
from tests.gpu import GPU

from . import test_loose as loose
from . import test_scene as scene
from .recorder import Recording, Run, record
from .replay import assert_replayed
from .test_scene import layouts, program

__all__ = ["layouts", "program"]  # fixtures: of the yard

pytestmark = pytest.mark.sim

HEAPED = Path(__file__).parent / "tasks" / "heaped.stripe"


@pytest.fixture(scope="module", params=["cpu", pytest.param(GPU, marks=pytest.mark.gpu, id="gpu")])
def device(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def yards(device: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recording]:
    """Robots and balls on uneven ground, two in each place; a ball is slower than on Newton, where hulls hold more."""
    slower = ["reset.struck_lin_vel_offset=[0.0,9.0,0.0]"]
    balls = Run(num_envs=4, shuffle=(), steps=90, task="Yard", physics="ovphysx", overrides=slower, device=device)
    goals = Run(num_envs=16, steps=40, shuffle=(), task="Goals", physics="ovphysx", inside=False, device=device)
    floor = Run(num_envs=4, steps=60, shuffle=(), task="Floor", amplitude=0.0, physics="ovphysx", device=device)
    wanted = {"torch": balls, "goals torch": goals, "floor": floor}
    return record(scene.SOURCE, tmp_path_factory.mktemp("yard"), wanted)


@pytest.fixture(scope="module")
def heaped() -> Program:
    (program,) = check_file(HEAPED).programs
    return program


@pytest.fixture(scope="module")
def heap(heaped: Program) -> Layout:
    assert heaped.scene is not None
    made, _ = make(heaped.scene, 0, measure)
    assert made is not None
    return made.layout


@pytest.fixture(scope="module")
def heaps(device: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recording]:
    """What moves in a scene; episodes end at different times."""
    own = loose.__name__
    run = Run(steps=90, num_envs=3, device=device, physics="ovphysx", probe=f"{own}:poses", finish=f"{own}:masses")
    return record(HEAPED, tmp_path_factory.mktemp("heap"), {"torch": run})


def test_the_reference_agrees(
    program: Program, heaped: Program, yards: dict[str, Recording], heaps: dict[str, Recording]
) -> None:
    for of, recording in ((program, yards["torch"]), (heaped, heaps["torch"])):
        assert recording.facts["physics"] == "OvPhysxManager"
        assert_replayed(of, recording, absolute=1e-4, loose={})


@pytest.mark.parametrize("test", [
    scene.test_robots_begin_on_the_ground_and_stand, scene.test_what_is_read_of_the_scene,
    scene.test_rays_hit_the_ground, scene.test_nothing_passes_through_what_is_solid,
])  # fmt: skip
def test_as_on_newton(
    test: Callable[..., None], program: Program, layouts: list[Layout], yards: dict[str, Recording]
) -> None:
    test(program, layouts, yards["torch"])


def test_goals_and_hulls_under_rays(layouts: list[Layout], yards: dict[str, Recording]) -> None:
    scene.test_goals_and_beginnings_are_points_of_zones(layouts, yards, "torch")
    scene.test_rays_hit_what_collides_apart(layouts, yards, "torch")


def test_level_ground_is_a_box(yards: dict[str, Recording]) -> None:
    scene.on_the_floor("Floor", yards["floor"])


def test_environments_in_one_place_do_not_touch(
    program: Program, layouts: list[Layout], yards: dict[str, Recording]
) -> None:
    """Balls that are dropped without chance lie in the same place in two environments at once, on the ground."""
    place = scene.columns(program, yards["torch"])["fallen_pos"]
    above = place[..., 2] - scene.heights(layouts, place[..., :2])
    np.testing.assert_allclose(above[60:80], scene.RADIUS, atol=2e-3)
    for copy in (0, 1):
        together = place[:, copy::2]
        np.testing.assert_allclose(together, np.broadcast_to(together[:, :1], together.shape), atol=1e-4)


@pytest.mark.parametrize("test", [
    loose.test_they_stand_where_they_were_placed_and_stay_there, loose.test_bodies_have_their_places_and_masses,
])  # fmt: skip
def test_places_as_on_newton(test: Callable[..., None], heap: Layout, heaps: dict[str, Recording]) -> None:
    test(heap, heaps, "torch")


@pytest.mark.parametrize("test", [
    loose.test_a_ball_opens_the_gate_that_it_hits, loose.test_saplings_spring_back,
])  # fmt: skip
def test_joints_as_on_newton(test: Callable[..., None], heaped: Program, heaps: dict[str, Recording]) -> None:
    test(heaped, heaps, "torch")


@pytest.mark.parametrize("test", [
    loose.test_robots_of_a_file_are_repeated, loose.test_what_is_soft_is_seen_and_not_felt,
])  # fmt: skip
def test_files_and_bushes_as_on_newton(
    test: Callable[..., None], heaped: Program, heap: Layout, heaps: dict[str, Recording]
) -> None:
    test(heaped, heap, heaps, "torch")


def test_what_can_be_pushed_is_pushed_and_put_back(heaps: dict[str, Recording]) -> None:
    crates = heaps["torch"].probes["loose_target/pose"]
    assert (crates[..., 0, 0].max(axis=0) - crates[0, :, 0, 0] > 0.15).all(), "the one in its way"
    assert abs(crates[..., 1, :2] - crates[0, :, 1, :2]).max() < 0.02, "and not the other"
    stones = heaps["torch"].probes["loose_stones/pose"]
    assert (stones[..., 2] - stones[0, ..., 2]).min() > -0.1, "stones do not sink"
    loose.test_a_reset_puts_them_back(heaps, "torch")


@pytest.mark.parametrize(
    ("rays", "body", "box"), [("row", "loose_target/pose", loose.CRATE), ("column", "leaf", loose.LEAF)]
)
def test_rays_see_what_moves(
    rays: str, body: str, box: tuple[Any, Any], heaped: Program, heap: Layout, heaps: dict[str, Recording]
) -> None:
    loose.test_rays_see_what_moves(heaped, heap, heaps, "torch", rays, body, box)
