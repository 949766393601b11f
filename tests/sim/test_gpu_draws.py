"""What is drawn at random or changes with time, on a CUDA device: by the tests of the CPU, on runs of the GPU.

Those of them are left out that compare every bit of two runs. ``tests/gpu.py`` says how to try this file on a CPU.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stripe_dsl.ir.program import Program
from stripe_dsl.pipeline import check_file
from tests.gpu import GPU

from . import test_commands as commands
from . import test_curriculum as curriculum
from . import test_randomize as randomize
from . import test_tools as tools
from . import test_warp_draws as draws
from . import test_warp_vs_torch as both
from .recorder import Recording, Run, record
from .replay import entries

pytestmark = [pytest.mark.sim, pytest.mark.gpu]

MANY = 512
"""Environments whose observations are compared in distribution."""
PATIENCE = 600.0
"""Seconds for the runs of one task: a bare machine compiles its kernels in the first process."""
backends = pytest.mark.parametrize("backend", ["torch", "warp"])


def recorded(source: Path, folder: Path, runs: Mapping[str, Run]) -> dict[str, Recording]:
    """Runs on the GPU."""
    return record(source, folder, {name: replace(run, device=GPU) for name, run in runs.items()}, timeout=PATIENCE)


def one_of(*checks: Callable[..., None]) -> pytest.MarkDecorator:
    """Each of some tests of another file."""
    return pytest.mark.parametrize("check", checks, ids=lambda check: check.__name__.removeprefix("test_"))


# ---- noise, commands, resets and pushes of the examples -------------------------------------------------------------


@pytest.mark.parametrize("name", ["walk", "showcase", "forest_walk"])
def test_examples_have_one_distribution(name: str, tmp_path: Path) -> None:
    source = both.EXAMPLES[name].source
    (program,) = check_file(source).programs
    torch = Run(inside=False, steps=both.DRAWN, num_envs=MANY, shuffle=())
    runs = recorded(source, tmp_path, {"torch": torch, "warp": replace(torch, backend="warp", seed=4)})
    both.assert_one_distribution(program, runs["torch"], runs["warp"])


@pytest.fixture(scope="module")
def memory() -> Program:
    (program,) = check_file(draws.SOURCE).programs
    return program


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recording]:
    return recorded(draws.SOURCE, tmp_path_factory.mktemp("memory"), draws.many_runs())


def test_memory_has_one_distribution(memory: Program, many: dict[str, Recording]) -> None:
    draws.test_resets_and_noise_have_the_same_distributions(memory, many)


@backends
def test_memory_draws_by_its_seed(memory: Program, many: dict[str, Recording], backend: str) -> None:
    seen = many[backend].finish
    for group in ("policy", "critic"):
        np.testing.assert_array_equal(seen[f"first {group}"], seen[f"again {group}"])
    for one in draws.SEEDS:
        for two in draws.SEEDS:
            draws.test_resets_draw_anew(memory, many, backend, one, two)


# ---- commands -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def commanded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recording]:
    """Torch seen from inside, Warp as trainings replay it."""
    runs = {"torch": commands.RANDOM, "warp": replace(commands.RANDOM, backend="warp", inside=False)}
    return recorded(commands.SOURCE, tmp_path_factory.mktemp("commands"), runs)


@backends
@one_of(
    commands.test_a_fixed_period_is_as_many_steps,
    commands.test_without_a_period_a_command_lasts_an_episode,
    commands.test_draws_fill_their_ranges,
    commands.test_some_stand_still,
    commands.test_most_turn_to_their_heading,
    commands.test_a_goal_is_seen_from_the_heading_of_the_base,
    commands.test_a_pose_is_given_in_the_frame_of_the_base,
)
def test_commands(check: Callable[..., None], commanded: dict[str, Recording], backend: str) -> None:
    (program,) = check_file(commands.SOURCE).programs
    run = commanded[backend]
    check(run, {name: value for (_, name), value in entries(program, run).items()})


# ---- properties -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pucks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recording]:
    return recorded(randomize.TASKS / "puck.stripe", tmp_path_factory.mktemp("puck"), by_chance(randomize.puck_runs()))


@pytest.fixture(scope="module")
def sleds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recording]:
    return recorded(randomize.TASKS / "sled.stripe", tmp_path_factory.mktemp("sled"), by_chance(randomize.sled_runs()))


def by_chance(runs: Mapping[str, Run]) -> dict[str, Run]:
    """Without those whose bits are compared."""
    return {name: run for name, run in runs.items() if not name.endswith("-fixed")}


@backends
@one_of(
    randomize.test_masses_differ_from_one_environment_to_the_next,
    randomize.test_friction_stops_a_puck,
    randomize.test_what_a_reset_draws_changes_with_the_episode,
    randomize.test_intervals_have_times_of_their_own,
    randomize.test_a_push_changes_the_velocity_by_what_was_drawn,
    randomize.test_friction_at_intervals_starts_from_startup,
)
def test_pucks(check: Callable[..., None], pucks: dict[str, Recording], backend: str) -> None:
    check(pucks, backend)


@backends
@one_of(
    randomize.test_a_push_of_a_motor_is_answered_by_mass,
    randomize.test_centre_of_mass_and_limits,
    randomize.test_joints_are_moved_within_their_limits,
)
def test_sleds(check: Callable[..., None], sleds: dict[str, Recording], backend: str) -> None:
    check(sleds, backend)


@backends
def test_critics_of_pucks_and_sleds(pucks: dict[str, Recording], sleds: dict[str, Recording], backend: str) -> None:
    randomize.test_a_critic_reads_what_was_drawn(pucks, sleds, backend)
    randomize.test_both_back_ends_start_from_the_same_draws(pucks, sleds)


# ---- settings that change -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lessons(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recording]:
    runs = by_chance(curriculum.lesson_runs())
    return recorded(curriculum.SOURCE, tmp_path_factory.mktemp("lessons"), runs)


@backends
@one_of(
    curriculum.test_a_weight_changes_along_a_line,
    curriculum.test_a_threshold_changes_at_once,
    curriculum.test_a_range_of_a_reset_grows,
    curriculum.test_noise_changes_at_once,
    curriculum.test_a_command_asks_for_more,
    curriculum.test_an_action_gets_stronger,
)
def test_lessons(check: Callable[..., None], lessons: dict[str, Recording], backend: str) -> None:
    check(lessons[backend])


@pytest.fixture(scope="module")
def climbs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recording]:
    return recorded(curriculum.CLIMBING, tmp_path_factory.mktemp("climbing"), curriculum.climbing_runs())


@backends
@one_of(
    curriculum.test_levels_go_with_the_ends_of_episodes,
    curriculum.test_settings_go_with_the_mean_of_the_levels,
)
def test_climbing(check: Callable[..., None], climbs: dict[str, Recording], backend: str) -> None:
    check(backend, climbs)


# ---- what acts in every physics step --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recording]:
    return recorded(tools.SOURCE, tmp_path_factory.mktemp("tools"), tools.tool_runs())


@backends
@one_of(
    tools.test_commands_arrive_late,
    tools.test_forces_change_the_momentum,
    tools.test_torques_turn,
    tools.test_a_body_begins_where_it_is_brought,
    tools.test_delays_are_drawn_for_each_episode,
    tools.test_a_shelf_stays_and_bears,
)
def test_tools(check: Callable[..., None], worked: dict[str, Recording], backend: str) -> None:
    check(worked, backend)


def test_tools_of_a_graph(worked: dict[str, Recording]) -> None:
    """The recorded step, which nobody looks into."""
    tools.test_a_shelf_stays_and_bears(worked, "recorded")
