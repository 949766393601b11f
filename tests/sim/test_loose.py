"""What moves in a scene, and what cannot be felt, on the real simulator: bodies that are pushed, things with joints (of
links and from a file), bushes, and rays that see all of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stripe_dsl.ir.program import Program
from stripe_dsl.pipeline import check_file
from stripe_dsl.scene.layout import Layout
from stripe_dsl.scene.made import make
from stripe_dsl.scene.measure import measure
from stripe_dsl.scene.stage import rotation_matrices

from .recorder import Array, Recording, Run, record
from .replay import assert_replayed, assert_replayed_from_outside, entries

pytestmark = pytest.mark.sim

SOURCE = Path(__file__).parent / "tasks" / "loose.stripe"
BODIES = {"gates": ("post", "leaf"), "saplings": ("root",), "pendulums": ("rail", "cart", "pole2")}
CRATE = np.full(3, 0.15), np.array([0, 0, 0.15])
LEAF = np.array([0.025, 0.5, 0.4]), np.zeros(3)
"""Halves of the edges of two boxes, and their middles in the frames of their bodies [m]."""


@pytest.fixture(scope="module")
def program() -> Program:
    (program,) = check_file(SOURCE).programs
    return program


@pytest.fixture(scope="module")
def layout(program: Program) -> Layout:
    assert program.scene is not None
    made, _ = make(program.scene, 0, measure)
    assert made is not None
    return made.layout


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recording]:
    """By back end; episodes end at different times."""
    probes: dict[str, Any] = {"probe": f"{__name__}:poses", "finish": f"{__name__}:masses"}
    torch = Run(steps=90, num_envs=3, **probes)
    wanted = {"torch": torch, "warp": replace(torch, backend="warp", inside=False)}
    return record(SOURCE, tmp_path_factory.mktemp("loose"), wanted, timeout=500)


@pytest.fixture(params=["torch", "warp"])
def backend(request: pytest.FixtureRequest) -> str:
    return request.param


def poses(env: Any) -> dict[str, Any]:
    """Where bodies of the layers are, by names without the number of the thing."""
    found = {}
    for layer, bodies in BODIES.items():
        data = env.scene.articulations[f"loose_{layer}"].data
        for body in bodies:
            columns = [place for place, item in enumerate(data.body_names) if item.startswith(f"{body}_")]
            found[body] = data.body_link_pose_w.torch[:, columns].cpu().numpy().copy()
    for name, item in env.scene.rigid_object_collections.items():
        found[f"{name}/pose"] = item.data.body_link_pose_w.torch.cpu().numpy().copy()
        found[f"{name}/vel"] = item.data.body_com_vel_w.torch.cpu().numpy().copy()
    return found


def masses(env: Any) -> dict[str, Any]:
    """Of what can be pushed in each environment."""
    return {name: item.data.body_mass.torch for name, item in env.scene.rigid_object_collections.items()}


def columns(program: Program, recording: Recording) -> dict[str, Array]:
    return {name: value for (_, name), value in entries(program, recording).items()}


def since(fresh: Array) -> Array:
    """Steps since an episode began, ``(T + 1, N)``."""
    rows = np.arange(len(fresh))[:, None]
    return rows - np.maximum.accumulate(np.where(fresh, rows, 0), axis=0)


# things with joints


def test_they_stand_where_they_were_placed_and_stay_there(
    layout: Layout, runs: dict[str, Recording], backend: str
) -> None:
    for layer, body, up in (("gates", "post", 0.0), ("saplings", "root", 0.0), ("pendulums", "rail", 1.5)):
        found, pose = layout.layers[layer], runs[backend].probes[body]
        at = np.broadcast_to(found.position + (0, 0, up), pose[..., :3].shape)
        np.testing.assert_allclose(pose[..., :3], at, atol=1e-4)
        turned = abs((pose[..., 3:] * found.rotation).sum(axis=-1))
        np.testing.assert_allclose(turned, 1.0, atol=1e-4)


def test_a_ball_opens_the_gate_that_it_hits(program: Program, runs: dict[str, Recording], backend: str) -> None:
    run = runs[backend]
    seen, fresh = columns(program, run), run.fresh
    opened = seen["open"]
    assert (opened[fresh] == 0).all(), "each episode begins with both closed"
    assert (abs(opened[..., 0]).max(axis=0) > 0.5).all(), "the one in its way"
    assert abs(opened[..., 1]).max() < 0.05, "and not the other, far from it"
    leaf, post = run.probes["leaf"][..., 0, :3], run.probes["post"][..., 0, :3]
    away = np.linalg.norm((leaf - post)[..., :2] - (0, 0.08), axis=-1)
    np.testing.assert_allclose(away, 0.52, atol=0.005, err_msg="it turns about its hinge")
    assert (seen["touch_peak"][..., 0].max(axis=0) > 10).all(), "the ball is felt"
    assert abs(seen["touch_peak"][..., 1]).max() == 0


def test_contacts_tell_what_is_touched(program: Program, runs: dict[str, Recording], backend: str) -> None:
    """The leaf is stopped by a block; the stand is on the ground, and on one class of it alone."""
    run = runs[backend]
    seen = columns(program, run)
    stopped = seen["stopped_peak"]
    assert (stopped[..., 0].max(axis=0) > 10).all()
    assert stopped[..., 1].max() == 0
    hit = stopped[..., 0] > 1
    assert (seen["open"][..., 0][hit] < -0.5).all(), "once it is wide open"
    rows = {
        name: seen[name].reshape(len(stopped), 3, -1) for name in ("floor_normal_force", "path_force", "bump_touching")
    }
    weight = rows["floor_normal_force"][since(run.fresh) > 20][:, 2]
    np.testing.assert_allclose(weight, 5.2 * 9.81, rtol=0.25, err_msg="it trembles")
    assert abs(np.median(weight) - 5.2 * 9.81) < 1
    assert not rows["path_force"].any()
    assert not rows["bump_touching"].any()


def test_saplings_spring_back(program: Program, runs: dict[str, Recording], backend: str) -> None:
    run = runs[backend]
    bend, fresh = columns(program, run)["saplings_joints_pos"], run.fresh
    begun = bend[fresh]
    assert abs(begun).max() < np.deg2rad(10) + 1e-5
    assert np.ptp(begun) > np.deg2rad(8), "each is drawn for itself"
    settled = since(fresh) > 40
    assert settled.any()
    assert abs(bend[settled]).max() < np.deg2rad(1), "upright again after a second"


def test_robots_of_a_file_are_repeated(
    program: Program, layout: Layout, runs: dict[str, Recording], backend: str
) -> None:
    """Carts begin where they are drawn and are pulled to the middle of their rails; poles fall, and turn about them."""
    run = runs[backend]
    seen = columns(program, run)
    slid = seen["slid"]
    begun = slid[run.fresh]
    assert np.ptp(begun) > 0.1, "each is drawn for itself"
    assert abs(begun).max() <= 0.3 + 1e-6
    late = since(run.fresh) > 45
    assert late.any()
    assert abs(slid[late]).max() < 0.1
    found = layout.layers["pendulums"]
    along = rotation_matrices(found.rotation)[:, :, 1]
    at = found.position + (0, 0, 1.5) + slid[..., None] * along
    np.testing.assert_allclose(run.probes["cart"][..., :3], at, atol=1e-4)
    away = np.linalg.norm(run.probes["pole2"][..., :3] - run.probes["cart"][..., :3], axis=-1)
    np.testing.assert_allclose(away[run.fresh], np.hypot(0.11, 1.5), atol=1e-4)
    assert away.min() < 1.4, "the double pendulum folds"
    for name, body in (("carts", "cart"), ("tips", "pole2")):
        np.testing.assert_allclose(seen[name].reshape(*away.shape, 3), run.probes[body][..., :3], atol=1e-5)


def test_contacts_of_robots_of_a_file(program: Program, runs: dict[str, Recording], backend: str) -> None:
    """A stand is dropped onto the rail of one of two: both feel the same, and the other rail nothing."""
    run = runs[backend]
    seen = columns(program, run)
    held, leans = seen["held_force"].reshape(-1, 3, 2, 3), seen["leans_force"].reshape(-1, 3, 3)
    assert (leans[..., 2].max(axis=0) > 30).all()
    np.testing.assert_allclose(held[:, :, 0], -leans, atol=1e-3)
    assert not held[:, :, 1].any()
    early = since(run.fresh)
    height = seen["perched"].reshape(-1, 3, 3)[..., 2]
    assert (height[(early > 0) & (early < 15)] > 1.4).all(), "the rail carries it"


# what can be pushed


def test_bodies_have_their_places_and_masses(layout: Layout, runs: dict[str, Recording], backend: str) -> None:
    run = runs[backend]
    for name in ("target", "stones"):
        found, pose = layout.layers[name], run.probes[f"loose_{name}/pose"][0]
        assert pose.shape == (3, len(found), 7)
        np.testing.assert_allclose(
            pose[..., :2], np.broadcast_to(found.position[:, :2], pose[..., :2].shape), atol=1e-5
        )
        risen = pose[..., 2] - found.position[:, 2]
        assert (risen > -1e-4).all() and (risen < 0.15).all(), "out of the ground, and no more"
    np.testing.assert_allclose(run.finish["loose_target"], 1.0, rtol=1e-5)
    stones = run.finish["loose_stones"] / layout.layers["stones"].scale ** 3
    assert (stones > 2).all() and (stones < 4).all() and np.ptp(stones[0]) > 0.1


def test_a_ball_pushes_what_it_hits(program: Program, runs: dict[str, Recording], backend: str) -> None:
    run = runs[backend]
    crates, stones = run.probes["loose_target/pose"], run.probes["loose_stones/pose"]
    assert (crates[..., 0, 0].max(axis=0) - crates[0, :, 0, 0] > 0.15).all(), "the one in its way"
    assert abs(crates[..., 1, :2] - crates[0, :, 1, :2]).max() < 0.02, "and not the other"
    assert abs(stones[..., :2] - stones[0, ..., :2]).max() < 0.35, "stones may tip over, and lie where they were put"
    assert (stones[..., 2] - stones[0, ..., 2]).min() > -0.1, "they do not sink"


def test_a_reset_puts_them_back(runs: dict[str, Recording], backend: str) -> None:
    """In the environments whose episode ends, and in no others."""
    run = runs[backend]
    fresh = run.fresh
    assert fresh[1:].any(axis=1).sum() > 2, "at several times"
    for name in ("target", "stones"):
        pose, velocity = run.probes[f"loose_{name}/pose"], run.probes[f"loose_{name}/vel"]
        assert (pose[fresh] == pose[0, 0]).all()
        assert (velocity[fresh] == 0).all()
    crate = run.probes["loose_target/pose"][..., 0, 0]
    ends = fresh[1:] & (crate[:-1] > crate[0] + 0.1)
    assert ends.any()
    others = ends.any(axis=1)[:, None] & ~fresh[1:]
    assert abs(np.diff(crate, axis=0)[others]).max() < 0.1, "the others go on"


# rays


def test_what_is_soft_is_seen_and_not_felt(
    program: Program, layout: Layout, runs: dict[str, Recording], backend: str
) -> None:
    """A robot stands in a hedge and a ball flies through it; rays from above hit its top."""
    run = runs[backend]
    seen, age = columns(program, run), since(run.fresh)
    shot = seen["shot_pos"][..., 0]
    assert shot[age == 0].max() < 2.3, "it begins before the hedge"
    assert (shot[age >= 20] > 3.3).all(), "and comes out behind it"
    early = (age[1:] > 0) & (age[1:] < 18)
    assert (np.diff(shot, axis=0)[early] > 0.05).all(), "as fast as before"
    hits = seen["hits"].reshape(len(age), 3, -1, 3)
    assert (abs(hits[..., 0] - 3) < 0.2).all()
    ground = layout.layers["hedge"].position[0, 2]
    np.testing.assert_allclose(hits[..., 2], ground + 0.8, atol=0.02)
    assert (seen["gravity"][..., 2] < -0.97).all()
    assert abs(seen["place"][..., :2] - (3, 12.2)).max() < 0.05, "it is not thrown out"


@pytest.mark.parametrize(("rays", "body", "box"), [("row", "loose_target/pose", CRATE), ("column", "leaf", LEAF)])
def test_rays_see_what_moves(
    program: Program, layout: Layout, runs: dict[str, Recording], backend: str,
    rays: str, body: str, box: tuple[Array, Array],
) -> None:  # fmt: skip
    """Each ray hits what its own environment has there now, or the ground: also at a reset, and not the ball."""
    run, (half, middle) = runs[backend], box
    pose = run.probes[body][..., 0, :].copy()
    turn = rotation_matrices(pose[..., 3:].reshape(-1, 4)).reshape(*pose.shape[:2], 3, 3)
    pose[..., :3] += turn @ middle
    hits = columns(program, run)[rays].reshape(*run.fresh.shape, -1, 3)
    top = height_of_box(hits[..., :2], pose, half)
    ground = layout.ground.height_at(hits[..., :2].reshape(-1, 2)).reshape(hits.shape[:-1])
    others = hits[..., 0] > 4.8 if rays == "column" else np.zeros(hits.shape[:-1], bool)
    # an edge is hit or missed by a millimetre
    near = height_of_box(hits[..., :2], pose, half + 0.01)
    clear = (np.isfinite(top) | ~np.isfinite(near)) & ~others
    inner = np.isfinite(height_of_box(hits[..., :2], pose, half - 0.01))
    expected = np.where(inner, np.maximum(top, ground), ground)
    sure = clear & (inner | ~np.isfinite(near))
    assert sure.mean() > 0.8
    np.testing.assert_allclose(hits[..., 2][sure], expected[sure], atol=0.005)
    seen = inner.any(axis=-1)
    assert seen[run.fresh].all(), "at the start of each episode"
    moved = np.linalg.norm(pose[..., :3] - pose[0, :, :3], axis=-1) > 0.2
    assert moved.any()
    if rays == "row":
        assert seen[moved].any(), "where it was pushed to"
    else:
        assert not seen[moved].all(), "an open gate leaves the rays through"


def height_of_box(points: Array, pose: Array, half: Array) -> Array:
    """Height at which a ray straight down meets a box, minus infinity where it does not.

    Args:
        points: where the rays are, shape (T, N, R, 2).
        pose: of the middle of the box, shape (T, N, 7).
        half: of its edges, shape (3,).
    """
    turn = rotation_matrices(pose[..., 3:].reshape(-1, 4)).reshape(*pose.shape[:2], 3, 3)
    start = np.concatenate([points - pose[..., None, :2], np.zeros((*points.shape[:-1], 1))], axis=-1)
    origin = np.einsum("tnji,tnrj->tnri", turn, start)
    up = turn[..., 2, :][:, :, None, :]
    with np.errstate(divide="ignore", invalid="ignore"):
        one, other = (-half - origin) / up, (half - origin) / up
    low, high = np.minimum(one, other).max(axis=-1), np.maximum(one, other).min(axis=-1)
    return np.where(low <= high, high + pose[..., None, 2], -np.inf)


# all of it


def test_what_is_read_of_them(program: Program, runs: dict[str, Recording]) -> None:
    """Joints, bodies, the distance to the layer, and to zones at several points: as the reference computes them."""
    assert_replayed(program, runs["torch"], absolute=1e-4, loose={})
    assert_replayed_from_outside(program, runs["warp"], absolute=1e-4, loose={})


def test_the_back_ends_are_equal(runs: dict[str, Recording]) -> None:
    torch, warp = runs["torch"], runs["warp"]
    for name in ("post", "leaf", "root", "rail"):
        np.testing.assert_allclose(warp.probes[name][:20], torch.probes[name][:20], atol=1e-5, err_msg=name)
    for name in ("loose_target", "loose_stones"):
        ours, theirs = (run.probes[f"{name}/pose"][:20] for run in (warp, torch))
        np.testing.assert_array_equal(ours[0], theirs[0])
        np.testing.assert_allclose(ours, theirs, atol=0.01, err_msg=name)  # they tremble on triangles
