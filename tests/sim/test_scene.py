"""Scenes on the real simulator: robots stand on their ground, rays see it, and nothing passes through what is solid."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stripe_dsl.ir.graph import Read
from stripe_dsl.ir.program import Program
from stripe_dsl.pipeline import check_file
from stripe_dsl.scene.bake import parts_of, variant_origins
from stripe_dsl.scene.layout import Layout
from stripe_dsl.scene.made import make
from stripe_dsl.scene.spots import spots
from stripe_dsl.scene.stage import instanced
from tests.gpu import GPU

from .compare import without_chance
from .recorder import Array, Recording, Run, record
from .replay import assert_replayed, entries

pytestmark = pytest.mark.sim

SOURCE = Path(__file__).parent / "tasks" / "yard.stripe"
RADIUS = 0.05  # of the balls [m]
FOOT = 0.022  # radius of the robot's feet [m]


@pytest.fixture(scope="module")
def program() -> Program:
    (program,) = check_file(SOURCE, task="Yard").programs
    return program


@pytest.fixture(scope="module")
def layouts(program: Program) -> list[Layout]:
    assert program.scene is not None
    return [made.layout for variant in range(2) if (made := make(program.scene, variant)[0]) is not None]


@pytest.fixture(scope="module")
def runs(program: Program, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recording]:
    """By back end, with resets at random; ``calm`` without chance."""
    torch = Run(steps=90, num_envs=4, shuffle=(), task="Yard")
    calm = replace(torch, steps=60, amplitude=0.0, inside=False, overrides=without_chance(program))
    wanted = {
        "torch": replace(torch, finish="tests.sim.test_scene:touching"),
        "warp": replace(torch, backend="warp", inside=False),
        "goals torch": replace(torch, steps=40, num_envs=16, task="Goals", inside=False),
        "goals warp": replace(torch, steps=40, num_envs=16, task="Goals", inside=False, backend="warp"),
        "floor torch": replace(torch, steps=60, task="Felt", amplitude=0.0),
        "floor warp": replace(torch, steps=60, task="Felt", amplitude=0.0, inside=False, backend="warp"),
        "calm torch": calm,
        "calm warp": replace(calm, backend="warp"),
    }
    return record(SOURCE, tmp_path_factory.mktemp("yard"), wanted, timeout=1500)


def touching(env: Any) -> dict[str, Any]:
    """Contacts as the package's broad phase leaves them and as Newton's does, in a few moments of a run."""
    import torch
    from isaaclab_newton.physics import NewtonManager
    from newton.geometry import BroadPhaseExplicit

    pipeline, contacts = NewtonManager._collision_pipeline, NewtonManager._contacts
    phases = {"generated": pipeline.broad_phase, "newton": BroadPhaseExplicit()}
    found: dict[str, list[Array]] = {name: [] for name in phases}
    for _ in range(4):
        for name, phase in phases.items():
            pipeline.broad_phase = phase
            pipeline.collide(NewtonManager.backend.state_0, contacts)
            count = int(contacts.rigid_contact_count.numpy()[0])
            columns = (contacts.rigid_contact_shape0, contacts.rigid_contact_shape1, contacts.rigid_contact_point0)
            table = np.column_stack([column.numpy()[:count] for column in columns])
            found[name].append(table[np.lexsort(table.T)])
        pipeline.broad_phase = phases["generated"]
        for _ in range(8):
            env.step(env.actions)
    return {name: torch.from_numpy(np.concatenate(tables)) for name, tables in found.items()}


@pytest.fixture(params=["torch", "warp"])
def recording(request: pytest.FixtureRequest, runs: dict[str, Recording]) -> Recording:
    return runs[request.param]


def heights(layouts: list[Layout], points: Array) -> Array:
    """The ground's height at points of the environments' frames, shape (T, N, ..., 2)."""
    shape = points.shape[:-1]
    out = np.zeros(shape)
    for env in range(shape[1]):
        found = layouts[env % 2].ground.height_at(points[:, env].reshape(-1, 2))
        out[:, env] = found.reshape(out[:, env].shape)
    return out


def columns(program: Program, recording: Recording) -> dict[str, Array]:
    return {name: value for (_, name), value in entries(program, recording).items()}


def test_environments_stand_on_copies_in_turn(program: Program, recording: Recording) -> None:
    assert program.scene is not None
    origins = np.array(variant_origins(program.scene))
    assert origins[1, 0] > 12
    found = recording.at_observation[Read("", "env.origin")]
    np.testing.assert_allclose(found[..., :2], np.broadcast_to(origins[[0, 1, 0, 1]], found[..., :2].shape))


def test_the_reference_agrees(program: Program, runs: dict[str, Recording]) -> None:
    assert_replayed(program, runs["torch"], absolute=2e-5, loose={})


def test_robots_begin_on_the_ground_and_stand(program: Program, layouts: list[Layout], recording: Recording) -> None:
    """At the same height above it wherever a reset puts them, or higher where a foot would be below a slope then."""
    assert recording.fresh[1:].any()
    seen = columns(program, recording)
    above = seen["place"][..., 2] - heights(layouts, seen["place"][..., :2])
    soles = seen["soles"].reshape(*recording.fresh.shape, 4, 3)
    upright = np.stack(
        [[layouts[i % 2].ground.normal_at(row)[:, 2] for row in soles[:, i, :, :2]] for i in range(4)], 1
    )
    clear = (soles[..., 2] - FOOT / upright - heights(layouts, soles[..., :2]))[recording.fresh].min(axis=-1)
    begun = above[recording.fresh]
    lifted = begun > 0.33 + 1e-4
    assert lifted.sum() >= 3
    fallen = seen["fallen_pos"][..., 2] - heights(layouts, seen["fallen_pos"][..., :2])
    np.testing.assert_allclose(fallen[recording.fresh], 1.0, atol=1e-4, err_msg="what is clear of it stays so")
    beside = seen["fallen_pos"][recording.fresh][:, :2]  # 2 m before and 1 m to the left of a spawn that faces north
    np.testing.assert_allclose(beside, np.broadcast_to([5, 8], beside.shape), atol=1e-5)
    np.testing.assert_allclose(begun[~lifted], 0.33, atol=1e-4)
    np.testing.assert_allclose(clear[lifted], 0.0, atol=2e-5)
    assert clear.min() > -2e-5
    places = seen["place"][recording.fresh]
    assert (abs(places[:, :2] - 6) <= 0.5001).all()
    assert np.ptp(heights(layouts, seen["place"][..., :2])) > 0.02
    later = ~recording.fresh
    assert above[later].min() > 0.2
    assert seen["gravity"][later][:, 2].max() < -0.8
    feet = seen["feet"].reshape(*later.shape, 4, 3)[..., 2].sum(axis=-1)
    weight = feet[30:80].mean()
    assert weight > 20, "they carry the robot"


def test_what_is_read_of_the_scene(program: Program, layouts: list[Layout], recording: Recording) -> None:
    """Heights, slopes and distances are those of the scene that was made."""
    seen = columns(program, recording)
    shape = recording.fresh.shape
    soles = seen["soles"].reshape(*shape, 4, 3)
    np.testing.assert_allclose(seen["level"], heights(layouts, soles[..., :2]), atol=2e-5)
    for env in range(shape[1]):
        layout, place = layouts[env % 2], seen["place"][:, env, :2]
        np.testing.assert_allclose(seen["lean"][:, env], layout.ground.normal_at(place), atol=2e-4)
        dropped = seen["dropped_pos"][:, env, :2]
        stone = layout.layers["stone"]
        away = np.linalg.norm(dropped - stone.position[0, :2], axis=-1) - stone.footprint[0]
        np.testing.assert_allclose(seen["rock"][:, env, 0], np.maximum(away, 0), atol=1e-4)
        feet = soles[:, env, :, :2].reshape(-1, 2)
        exact = layout.surroundings.distance("solid", feet)
        np.testing.assert_allclose(seen["near_by"][:, env].ravel(), exact, atol=1e-4)
        assert (abs(seen["steep"][:, env, 0] - layout.ground.slope_at(place)) < 0.15).all()
    assert np.ptp(seen["way"]) > 0
    assert (seen["low"] >= 0).all()


def test_rays_hit_the_ground(program: Program, layouts: list[Layout], recording: Recording) -> None:
    seen = columns(program, recording)
    points = seen["points"].reshape(*recording.fresh.shape, -1, 3)
    np.testing.assert_allclose(points[..., 2], heights(layouts, points[..., :2]), atol=2e-3)
    assert np.ptp(points[..., 2], axis=-1).max() > 0.02
    np.testing.assert_allclose(seen["near"], points[..., 2] - seen["place"][..., 2:], atol=1e-4)


def test_nothing_passes_through_what_is_solid(program: Program, layouts: list[Layout], recording: Recording) -> None:
    """A ball of 10 cm, at 9 m/s against a wall, at 20 m/s against a trunk, from 1.5 m onto a boulder and from 1 m onto
    the ground. The wall is a mesh: at 9 m/s the ball moves by 4.5 cm in a physics step, nearly its radius, and faster
    ones may pass. Trunk and boulder are hulls, and solid all through: ten centimetres in a step are not too much."""
    seen = columns(program, recording)
    balls = {name: seen[f"{name}_pos"] for name in ("thrown", "struck", "dropped", "fallen")}
    for name, place in balls.items():
        above = place[..., 2] - heights(layouts, place[..., :2])
        assert above.min() > 0.3 * RADIUS, f"{name} gives way a little where it lands, and no more"
    wall, trunk = balls["thrown"], balls["struck"]
    assert wall[..., 0].max() < 9 - 0.15, "its middle stays before the wall"
    assert wall[..., 0].max() > 8.7, "it reached the wall"
    assert trunk[..., 1].max() < 9, "its middle stays before the middle of the trunk"
    assert trunk[..., 1].max() > 8.7, "it reached the trunk"
    stone = layouts[0].layers["stone"]
    assert float(stone.footprint[0]) > 0.3
    first = balls["dropped"][: recording.fresh[1:].argmax() or None]
    landed = first[..., 2] - heights(layouts, first[..., :2])
    resting = landed[25:32].min(axis=0)
    assert (resting > 0.3).any() or resting.max() > RADIUS, "it fell onto the boulder"


def test_the_broad_phase_leaves_out_nothing_that_touches(runs: dict[str, Recording]) -> None:
    seen = runs["torch"].finish
    assert len(seen["newton"]) > 60
    np.testing.assert_array_equal(seen["generated"], seen["newton"])


def on_the_floor(task: str, recording: Recording) -> dict[str, Array]:
    """What was observed where the ground is level: solid all through, seen by rays, and stood upon."""
    (felt,) = check_file(SOURCE, task=task).programs
    if recording.after_step:
        assert_replayed(felt, recording, absolute=2e-5, loose={})
    seen = columns(felt, recording)
    shot = seen["shot_pos"][..., 2]
    assert shot[0].min() > 0.9
    assert shot.min() > 0.3 * RADIUS, "at 40 m/s, four times its own size in a physics step"
    assert recording.fresh[1:].any()
    assert abs(seen["level"]).max() == 0
    points = seen["points"].reshape(*recording.fresh.shape, -1, 3)
    np.testing.assert_allclose(points[..., 2], 0.0, atol=1e-5)
    soles = seen["soles"].reshape(*recording.fresh.shape, 4, 3)[..., 2]
    np.testing.assert_allclose(soles[30:55], FOOT, atol=4e-3, err_msg="it stands")
    return seen


@pytest.mark.parametrize("backend", ["torch", "warp"])
def test_level_ground_is_a_box(backend: str, runs: dict[str, Recording]) -> None:
    seen = on_the_floor("Felt", runs[f"floor {backend}"])
    carried = seen["carried"].reshape(*seen["shot_pos"].shape[:2], 4, 3)[30:55]
    weight = carried[..., 2].sum(axis=-1)
    assert weight.min() > 20
    assert np.ptp(weight) < 0.3 * weight.mean(), "contacts with the ground are told from others"
    assert not seen["hindered"].any()


@pytest.mark.gpu
def test_a_gpu_stops_them_as_well(program: Program, layouts: list[Layout], tmp_path: Path) -> None:
    """There the package makes the groups of threads that look up triangles small and many."""
    torch = Run(steps=90, num_envs=4, shuffle=(), task="Yard", device=GPU)
    floor = replace(torch, steps=60, task="Felt", amplitude=0.0)
    wanted = {
        "torch": replace(torch, finish="tests.sim.test_scene:touching"),
        "warp": replace(torch, backend="warp", inside=False),
        "floor torch": floor,
        "floor warp": replace(floor, backend="warp", inside=False),
    }
    runs = record(SOURCE, tmp_path, wanted)
    for backend in ("torch", "warp"):
        test_robots_begin_on_the_ground_and_stand(program, layouts, runs[backend])
        test_rays_hit_the_ground(program, layouts, runs[backend])
        test_nothing_passes_through_what_is_solid(program, layouts, runs[backend])
        test_level_ground_is_a_box(backend, runs)
    seen = {name: {tuple(pair) for pair in table[:, :2].tolist()} for name, table in runs["torch"].finish.items()}
    assert len(seen["newton"]) > 10
    assert seen["generated"] == seen["newton"], "the same shapes touch each other"


@pytest.mark.parametrize("backend", ["torch", "warp"])
def test_goals_and_beginnings_are_points_of_zones(
    layouts: list[Layout], runs: dict[str, Recording], backend: str
) -> None:
    """Those that were baked for the copy which the environment stands on, and not always the same."""
    (goals,) = check_file(SOURCE, task="Goals").programs
    assert goals.scene is not None
    recording = runs[f"goals {backend}"]
    seen = columns(goals, recording)
    for name, mask, values in (
        ("hollow.free_400mm", np.ones_like(recording.fresh), seen["at"]),
        ("bend.free_500mm", recording.fresh, seen["place"][..., :2]),
    ):
        for copy in (0, 1):
            table = spots(name, layouts[copy], {})
            points = values[:, copy::2][mask[:, copy::2]]
            nearest = np.linalg.norm(points[:, None] - table, axis=-1).min(axis=1)
            assert nearest.max() < 1e-5
            assert len(np.unique(points.round(4), axis=0)) > 8
    stand, boom = seen["stand"], seen["boom"].reshape(*recording.fresh.shape, 2, 3)
    np.testing.assert_allclose(stand[..., :2], np.broadcast_to([9.5, 3.0], stand[..., :2].shape), atol=1e-5)
    np.testing.assert_allclose(seen["under"], heights(layouts, stand[..., :2])[..., None], atol=2e-5)
    np.testing.assert_allclose(stand[..., 2], seen["under"][..., 0] + 0.05, atol=2e-5, err_msg="on the ground")
    np.testing.assert_allclose(boom[..., 2] - stand[..., 2:], np.broadcast_to([0, 0.4], boom[..., 2].shape), atol=1e-3)
    assert abs(stand[:, 0, 2] - stand[:, 1, 2]).min() > 0.01, "of each copy"
    changed = np.any(np.diff(seen["at"], axis=0) != 0, axis=-1).mean()
    assert 0.08 < changed < 0.3, "every 0.1 to 0.2 s, and at resets"


@pytest.mark.parametrize("backend", ["torch", "warp"])
def test_rays_hit_what_collides_apart(layouts: list[Layout], runs: dict[str, Recording], backend: str) -> None:
    """Rays from above, at the surface of the boulder's hull: the lowest of the planes that bound it from above."""
    (goals,) = check_file(SOURCE, task="Goals").programs
    assert goals.scene is not None
    seen = columns(goals, runs[f"goals {backend}"])["over"]
    hits = seen.reshape(*seen.shape[:2], 9, 3)[20]
    for copy, layout in enumerate(layouts):
        placed = next(layer for layer in parts_of(layout)[1] if layer.name == "stone")
        solid = placed.things[placed.kind[0]].solid
        assert placed.apart and solid is not None
        points, triangles = instanced(solid, placed.rotation, placed.scale, placed.position)
        a, b, c = (points[triangles[:, corner]].astype(float) for corner in range(3))
        normal = np.cross(b - a, c - a)
        normal, a = normal[normal[:, 2] > 1e-9], a[normal[:, 2] > 1e-9]
        for ray in hits[copy]:
            planes = a[:, 2] - (normal[:, :2] * (ray[:2] - a[:, :2])).sum(axis=1) / normal[:, 2]
            assert ray[2] == pytest.approx(planes.min(), abs=2e-3)
            assert ray[2] > layout.ground.height_at(ray[None, :2])[0] + 0.15, "above the ground"


def test_copies_of_one_variant_are_one(program: Program, runs: dict[str, Recording]) -> None:
    """Without chance, environments on the same copy are equal, and those on another one are not."""
    seen = columns(program, runs["calm torch"])["place"]
    np.testing.assert_allclose(seen[:, 0], seen[:, 2], atol=1e-4)
    assert abs(seen[:, 0] - seen[:, 1]).max() > 0.01


def test_the_back_ends_are_equal(runs: dict[str, Recording]) -> None:
    torch, warp = runs["calm torch"], runs["calm warp"]
    for name in torch.states:
        np.testing.assert_array_equal(warp.states[name], torch.states[name], err_msg=name)
    np.testing.assert_allclose(warp.groups["policy"], torch.groups["policy"], atol=1e-5)
