"""Grains on the real simulator: sand that falls onto a tray, is spilled, and put back where it was."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from stripe_dsl.ir.program import Program
from stripe_dsl.pipeline import check_file
from tests.gpu import GPU

from .recorder import Array, Recording, Run, record
from .replay import assert_replayed, assert_replayed_from_outside, entries

pytestmark = pytest.mark.sim

SOURCE = Path(__file__).parent / "tasks" / "sand.stripe"
QUIET = ("reset.sand_pos_xy=[0.01,0.01]",)
"""Ranges without chance: the heap falls over one edge of the tray."""
LISTS = {"each": 3, "speed": 3}
"""Entries that are lists, with the numbers of a member."""


def upstream(env: Any) -> dict[str, Array]:
    """Isaac Lab's term for what is spilled, of its pouring task, and what it is made of; runs in the worker."""
    import torch
    from isaaclab_tasks.contrib.franka_pour.mdp.terminations import excessive_spill
    from isaaclab_tasks.contrib.franka_pour.pour_env import MPM_COLLIDER_MARGIN, FrankaPourEnv

    origins, sand = env.scene.env_origins, env.scene["object_sand"]
    robot = env.scene["robot"]
    (plate,), _ = robot.find_bodies("plate")
    cup = robot.data.body_link_pose_w.torch[:, plate].clone()
    cup[:, :3] -= origins
    nowhere = cup.clone()
    nowhere[:, 2] += 100.0
    pour: Any = SimpleNamespace(
        _particle_region_cache=None,
        _num_particles=sand.particles_per_object,
        _source_inner_lo_t=torch.tensor([-0.05, -0.05, 0.0], device=env.device),
        _source_inner_hi_t=torch.tensor([0.05, 0.05, 1.0], device=env.device),
        _target_inner_lo_t=torch.zeros(3, device=env.device),
        _target_inner_hi_t=torch.zeros(3, device=env.device),
        particle_pos_e=lambda: sand.data.particle_pos_w.torch - origins[:, None],
        cup_pose_e=lambda: cup,
        target_pose_e=lambda: nowhere,
        cfg=SimpleNamespace(
            particle_count_margin=0.0, spill_table_height=0.01 - MPM_COLLIDER_MARGIN, max_spill_fraction=0.2
        ),
    )
    pour._particle_region_masks = lambda: FrankaPourEnv._particle_region_masks(pour)
    held, _, low = pour._particle_region_masks()
    return {
        "held": held.sum(dim=1).cpu().numpy().copy(),
        "low": low.sum(dim=1).cpu().numpy().copy(),
        "spilled": excessive_spill(pour).cpu().numpy().copy(),
    }


@pytest.fixture(scope="module")
def program() -> Program:
    (program,) = check_file(SOURCE).programs
    return program


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recording]:
    """Torch looked at from inside, Warp as trainings step it; episodes end at different times."""
    torch = Run(steps=36, num_envs=3, shuffle=(8,), overrides=QUIET, probe="tests.sim.test_grains:upstream")
    warp = replace(torch, backend="warp", inside=False)
    return record(SOURCE, tmp_path_factory.mktemp("sand"), {"torch": torch, "warp": warp})


def observed(program: Program, run: Recording) -> dict[str, Array]:
    """Entries by name, lists of grains ``(T + 1, N, grains, 3)``."""
    found = {name: value for (_, name), value in entries(program, run).items()}
    return found | {
        name: found[name].reshape(*found[name].shape[:2], -1, width) for name, width in LISTS.items() if name in found
    }


def test_everything_is_as_the_reference_says(program: Program, runs: dict[str, Recording]) -> None:
    assert_replayed(program, runs["torch"], absolute=1e-5, loose={})
    assert_replayed_from_outside(program, runs["warp"], absolute=1e-5, loose={})


@pytest.mark.gpu
def test_a_gpu_answers_as_the_reference_says(program: Program, tmp_path: Path) -> None:
    """In torch, and in the recorded step of Warp."""
    torch = Run(steps=36, num_envs=16, shuffle=(8,), overrides=QUIET, device=GPU)
    runs = record(SOURCE, tmp_path, {"torch": torch, "warp": replace(torch, backend="warp", inside=False)})
    assert_replayed(program, runs["torch"], absolute=1e-4, loose={})
    assert_replayed_from_outside(program, runs["warp"], absolute=1e-4, loose={})


def test_the_back_ends_are_equal(runs: dict[str, Recording]) -> None:
    ours, warp = runs["torch"], runs["warp"]
    np.testing.assert_array_equal(warp.fresh, ours.fresh)
    np.testing.assert_allclose(warp.groups["policy"], ours.groups["policy"], atol=1e-3)


@pytest.mark.parametrize("backend", ["torch", "warp"])
def test_an_episode_begins_as_it_was_spawned(backend: str, program: Program, runs: dict[str, Recording]) -> None:
    """Where it was drawn to and at rest, in the environments alone whose episode begins; and goes on as the first."""
    run, (sand,) = runs[backend], program.grains
    seen, fresh = observed(program, run), run.fresh
    assert fresh[1:].any(axis=1).sum() > 0
    assert not fresh[1:].all(axis=1).any()
    grid = np.stack(np.meshgrid(*[0.01 * (np.arange(n) - (n - 1) / 2) for n in sand.counts], indexing="ij"), axis=-1)
    places = np.array(sand.position) + (0.01, 0.01, 0.0) + grid.reshape(-1, 3)
    np.testing.assert_allclose(seen["each"][fresh], np.broadcast_to(places, seen["each"][fresh].shape), atol=1e-5)
    assert not seen["speed"][fresh].any()
    moved = np.abs(np.diff(seen["each"], axis=0)).max(axis=(2, 3))
    assert moved[~fresh[1:]].max() < 0.05, "nobody else is put back"
    age = ages(run)
    falls = [seen["each"][age == step] for step in (1, 3)]
    for each in falls:
        assert len(each) > 4
        np.testing.assert_allclose(each, each[:1].repeat(len(each), axis=0), atol=1e-4)


def ages(run: Recording) -> Array:
    """Steps since the beginning of the episode, ``(T + 1, N)``."""
    age: Array = np.zeros(run.fresh.shape, int)
    for step in range(1, len(age)):
        age[step] = np.where(run.fresh[step], 0, age[step - 1] + 1)
    return age


@pytest.mark.parametrize("backend", ["torch", "warp"])
def test_it_falls_onto_the_tray_which_gives_way(backend: str, program: Program, runs: dict[str, Recording]) -> None:
    """Most of it lies on the tray, which sinks by what that weighs; the rest falls over an edge, onto the ground."""
    run, (sand,) = runs[backend], program.grains
    seen, age = observed(program, run), ages(run)
    each, late = seen["each"], age >= 15
    assert late.sum() > 3
    assert each[..., 2].min() > -0.01, "nothing falls through the ground"
    held = seen["held"][late][:, 0]
    assert 0.3 < held.min() < held.max() < 0.6
    # 200 N/m carry the plate, of 0.5 kg, and what lies on it; the target moves by 1 cm, which shows after a while
    sinks = -seen["spring_pos"][late][:, 0]
    rest = (0.5 + sand.mass * held) * 9.81 / 200
    np.testing.assert_allclose(sinks, rest, atol=0.006)
    assert (sinks - 0.5 * 9.81 / 200).mean() > 0.003, "the tray feels it"


@pytest.mark.parametrize("backend", ["torch", "warp"])
def test_what_is_spilled_is_what_upstream_says(backend: str, program: Program, runs: dict[str, Recording]) -> None:
    """``excessive_spill``, and the masks that it counts, of Isaac Lab's pouring task."""
    run, (sand,) = runs[backend], program.grains
    seen = observed(program, run)
    np.testing.assert_allclose(seen["held"][..., 0] * sand.points, run.probes["held"], atol=1e-3)
    np.testing.assert_allclose(seen["spilt"][..., 0] * sand.points, run.probes["low"], atol=1e-3)
    np.testing.assert_array_equal(seen["spilt"][..., 0] > 0.2, run.probes["spilled"])
    assert 0.0 < run.probes["spilled"].mean() < 1.0
