"""Things of a scene that have joints, on the real simulator: gates that are pushed open and saplings that bend."""

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
from .replay import assert_replayed, assert_replayed_from_outside, entries

pytestmark = pytest.mark.sim

SOURCE = Path(__file__).parent / "tasks" / "gates.stripe"


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
    """By back end; episodes end at different times."""
    wanted = {
        name: Run(backend=name, steps=100, num_envs=4, inside=name == "torch", probe=f"{__name__}:poses")
        for name in ("torch", "warp")
    }
    return record(SOURCE, tmp_path_factory.mktemp("gates"), wanted, timeout=500)


@pytest.fixture(params=["torch", "warp"])
def backend(request: pytest.FixtureRequest) -> str:
    return request.param


def poses(env: Any) -> dict[str, Any]:
    """Where bodies of the layers are, and names of their joints as numbers of what the file calls them."""
    found = {}
    for name in ("loose_gates", "loose_saplings"):
        data = env.scene.articulations[name].data
        for body in ("post", "leaf", "root", "stem"):
            columns = [place for place, item in enumerate(data.body_names) if item.startswith(f"{body}_")]
            if columns:
                found[body] = data.body_link_pose_w.torch[:, columns].cpu().numpy().copy()
    return found


def columns(program: Program, recording: Recording) -> dict[str, Array]:
    return {name: value for (_, name), value in entries(program, recording).items()}


def test_they_stand_where_they_were_placed_and_stay_there(
    layout: Layout, runs: dict[str, Recording], backend: str
) -> None:
    for layer, body in (("gates", "post"), ("saplings", "root")):
        found, pose = layout.layers[layer], runs[backend].probes[body]
        at = np.broadcast_to(found.position, pose[..., :3].shape)
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
        name: seen[name].reshape(len(stopped), 4, -1) for name in ("floor_normal_force", "path_force", "bump_touching")
    }
    resting = ~np.array([run.fresh[max(row - 20, 0) : row + 1].any(axis=0) for row in range(len(stopped))])
    weight = rows["floor_normal_force"][resting][:, 2]
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
    settled = ~np.array([fresh[max(row - 40, 0) : row + 1].any(axis=0) for row in range(len(fresh))])
    assert settled.any()
    assert abs(bend[settled]).max() < np.deg2rad(1), "upright again after a second"


def test_what_is_read_of_them(program: Program, runs: dict[str, Recording]) -> None:
    """Joints, bodies, the distance to the layer, and to zones at several points: as the reference computes them."""
    assert_replayed(program, runs["torch"], absolute=1e-4, loose={})
    warp = runs["warp"]
    warp = replace(warp, terminations=warp.truncated[..., None])  # the timeout is all that there is
    assert_replayed_from_outside(program, warp, absolute=1e-4, loose={})


def test_the_back_ends_are_equal(runs: dict[str, Recording]) -> None:
    torch, warp = runs["torch"], runs["warp"]
    for name in ("post", "leaf", "root"):
        np.testing.assert_allclose(warp.probes[name][:20], torch.probes[name][:20], atol=1e-5, err_msg=name)
