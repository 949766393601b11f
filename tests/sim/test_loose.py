"""What can be pushed and what cannot be felt, on the real simulator: bodies of each environment, and none at all."""

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

from .recorder import Array, Recording, Run, record
from .replay import entries

pytestmark = pytest.mark.sim

SOURCE = Path(__file__).parent / "tasks" / "loose.stripe"


@pytest.fixture(scope="module")
def program() -> Program:
    (program,) = check_file(SOURCE).programs
    return program


@pytest.fixture(scope="module")
def layout(program: Program) -> Layout:
    assert program.scene is not None
    made, _ = make(program.scene, 0)
    assert made is not None
    return made.layout


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recording]:
    """By back end; episodes of ``staggered`` runs end at different times."""
    probes: dict[str, Any] = {"probe": f"{__name__}:bodies", "finish": f"{__name__}:masses"}
    calm = Run(steps=100, num_envs=4, inside=False, shuffle=(), **probes)
    wanted = {
        "torch": calm,
        "warp": replace(calm, backend="warp"),
        "staggered torch": replace(calm, shuffle=(0,)),
        "staggered warp": replace(calm, backend="warp", shuffle=(0,)),
    }
    return record(SOURCE, tmp_path_factory.mktemp("loose"), wanted, timeout=500)


@pytest.fixture(params=["torch", "warp"])
def backend(request: pytest.FixtureRequest) -> str:
    return request.param


def bodies(env: Any) -> dict[str, Any]:
    """Poses and velocities of what can be pushed."""
    names = ("loose_target", "loose_stones")
    data = {name: env.scene.rigid_object_collections[name].data for name in names}
    poses = {f"{name}/pose": item.body_link_pose_w.torch.cpu().numpy().copy() for name, item in data.items()}
    return poses | {f"{name}/vel": item.body_com_vel_w.torch.cpu().numpy().copy() for name, item in data.items()}


def masses(env: Any) -> dict[str, Any]:
    """Of the bodies of each environment."""
    return {name: item.data.body_mass.torch for name, item in env.scene.rigid_object_collections.items()}


def columns(program: Program, recording: Recording) -> dict[str, Array]:
    return {name: value for (_, name), value in entries(program, recording).items()}


def test_bodies_have_their_places_and_masses(layout: Layout, runs: dict[str, Recording], backend: str) -> None:
    run = runs[backend]
    for name in ("target", "stones"):
        found, pose = layout.layers[name], run.probes[f"loose_{name}/pose"][0]
        assert pose.shape == (4, len(found), 7)
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
    crates = run.probes["loose_target/pose"]
    assert (crates[55, :, 0, 0] - crates[0, :, 0, 0] > 0.15).all(), "the one in its way"
    assert abs(crates[55, :, 1, :2] - crates[0, :, 1, :2]).max() < 0.02, "and not the other"
    stones = run.probes["loose_stones/pose"]
    assert abs(stones[55, ..., :2] - stones[0, ..., :2]).max() < 0.15, "stones lie where they were put"
    assert (stones[55, ..., 2] - stones[0, ..., 2]).min() > -0.05, "they may tip over, and do not sink"
    assert columns(program, run)["ball_pos"][55, :, 0].max() > 4


def test_a_reset_puts_them_back(runs: dict[str, Recording], backend: str) -> None:
    """In the environments whose episode ends, and in no others."""
    run = runs[f"staggered {backend}"]
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


def test_what_is_soft_is_seen_and_not_felt(program: Program, layout: Layout, runs: dict[str, Recording]) -> None:
    """A robot stands in a hedge and a ball flies through it; rays from above hit its top."""
    run = runs["torch"]
    seen = columns(program, run)
    ball = seen["ball_pos"][:55, :, 0]
    assert ball[0].max() < 2.3, "it begins before the hedge"
    assert (ball[20:] > 3.3).all(), "and comes out behind it"
    assert (np.diff(ball[:18], axis=0) > 0.05).all(), "as fast as before"
    hits = seen["hits"].reshape(101, 4, -1, 3)
    assert (abs(hits[..., 0] - 3) < 0.2).all()
    ground = layout.layers["hedge"].position[0, 2]
    np.testing.assert_allclose(hits[..., 2], ground + 0.8, atol=0.02)
    assert (seen["gravity"][..., 2] < -0.97).all()
    assert abs(seen["place"][..., :2] - (3, 6.2)).max() < 0.05, "it is not thrown out"


def test_the_back_ends_are_equal(runs: dict[str, Recording]) -> None:
    torch, warp = runs["torch"], runs["warp"]
    for name in torch.states:
        np.testing.assert_array_equal(warp.states[name], torch.states[name], err_msg=name)
    for name in torch.probes:
        np.testing.assert_array_equal(warp.probes[name], torch.probes[name], err_msg=name)
    np.testing.assert_allclose(warp.groups["policy"], torch.groups["policy"], atol=1e-5)
