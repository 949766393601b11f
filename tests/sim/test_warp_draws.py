"""What is drawn at random has the same distributions in both back ends, and each draws anew, by its seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stripe_dsl.ir.graph import Read
from stripe_dsl.ir.program import Program
from stripe_dsl.pipeline import check_file

from .compare import distance
from .recorder import Array, Recording, Run, record
from .replay import entries

pytestmark = pytest.mark.sim

SOURCE = Path(__file__).parent / "tasks" / "memory.stripe"
MANY = 512
SEEDS = {"first": 11, "second": None, "again": 11, "other": 12}


def draws(env: Any) -> Mapping[str, Any]:
    """Observations after resets with :data:`SEEDS` and three steps; runs in the worker."""
    import torch

    found = {}
    still = torch.zeros(env.num_envs, env.cfg.action_space, device=env.device)
    for name, seed in SEEDS.items():
        observations, _ = env.reset(seed=seed)
        found |= {f"{name} {group}": value.clone() for group, value in observations.items()}
        for _ in range(3):
            observations = env.step(still)[0]
        found |= {f"{name} later {group}": value.clone() for group, value in observations.items()}
    return found


@pytest.fixture(scope="module")
def memory() -> Program:
    (program,) = check_file(SOURCE).programs
    return program


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recording]:
    return record(SOURCE, tmp_path_factory.mktemp("many"), many_runs())


def many_runs() -> dict[str, Run]:
    """Of many environments by back end, with everything drawn at random."""
    torch = Run(inside=False, steps=45, num_envs=MANY, finish="tests.sim.test_warp_draws:draws")
    return {"torch": torch, "warp": replace(torch, backend="warp", seed=4)}


def starts(recording: Recording) -> dict[str, Array]:
    """What resets drew, one number for each episode."""
    first = recording.fresh
    found = {}
    for quantity, joint in (
        ("joint.pos", "rail"),
        ("joint.pos", "shoulder"),
        ("joint.pos", "elbow"),
        ("joint.vel", "shoulder"),
    ):
        (value,) = [
            value if value.ndim == 2 else value[..., read.names.index(joint)]
            for read, value in recording.at_observation.items()
            if isinstance(read, Read) and read.quantity == quantity and joint in read.names
        ]
        found[f"{joint} {quantity}"] = value[first]
    return found


def noise(program: Program, recording: Recording) -> dict[str, Array]:
    """What was added to observations, scaled; that of the rail as it is at the starts: clipped and scaled."""
    columns = entries(program, recording)
    found = {name: columns["policy", name] - columns["critic", name] for name in ("shoulder", "elbow")}
    return found | {"rail": columns["policy", "rail"][recording.fresh]}


def test_resets_and_noise_have_the_same_distributions(memory: Program, many: dict[str, Recording]) -> None:
    # positions come rounded out of the engine; what is clamped to a limit is one number in both
    theirs = starts(many["torch"]) | noise(memory, many["torch"])
    for name, ours in (starts(many["warp"]) | noise(memory, many["warp"])).items():
        assert ours.size > MANY
        assert distance(np.round(ours, 5), np.round(theirs[name], 5)) < 1.0, name
        # the measure sees a shift by a fraction of the spread
        assert distance(ours + 0.4 * ours.std(), theirs[name]) > 1.0, name


@pytest.mark.parametrize("backend", ["torch", "warp"])
def test_a_seed_repeats_a_run(many: dict[str, Recording], backend: str) -> None:
    seen = many[backend].finish
    for group in ("policy", "critic"):
        np.testing.assert_array_equal(seen[f"first {group}"], seen[f"again {group}"])
        np.testing.assert_allclose(seen[f"first later {group}"], seen[f"again later {group}"], atol=1e-5)


@pytest.mark.parametrize("backend", ["torch", "warp"])
@pytest.mark.parametrize("one", SEEDS)
@pytest.mark.parametrize("two", SEEDS)
def test_resets_draw_anew(memory: Program, many: dict[str, Recording], backend: str, one: str, two: str) -> None:
    """Different environments, the entries of one reset, successive resets and other seeds have nothing in common."""
    columns = ["shoulder", "elbow", "rail", "lead"]
    starts = {item.name: index for index, item in enumerate(memory.groups[0].items)}
    assert [starts[name] for name in columns[:3]] == [0, 1, 2], "single columns stand first"
    seen = many[backend].finish

    def drawn(name: str) -> Array:
        policy, critic = seen[f"{name} policy"], seen[f"{name} critic"]
        # two positions and the noise of two entries
        return np.stack([critic[:, 0], critic[:, 2], policy[:, 0] - critic[:, 0], policy[:, 1] - critic[:, 1]])

    ours, theirs = drawn(one), drawn(two)
    assert len(np.unique(ours[0])) > 0.99 * MANY
    bound = 5 / np.sqrt(MANY)
    related = np.corrcoef(ours, theirs)[:4, 4:]
    if one == two or {one, two} == {"first", "again"}:
        related = related - np.eye(4)
    assert abs(related).max() < bound
    # nor does an environment draw what another one drew
    if one != two and {one, two} != {"first", "again"}:
        assert np.intersect1d(ours[0], theirs[0]).size < 3
