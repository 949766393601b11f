"""Choosing between the environment in torch and the one in Warp, on the compiled cartpole's real configuration."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stripe_dsl.emit.output import write
from stripe_dsl.pipeline import compile_file
from stripe_dsl.runtime import register
from stripe_dsl.runtime.backend import Choice, check_backend, choose_backend
from stripe_dsl.runtime.problem import Problem
from stripe_dsl.runtime.register import register_package
from tests.runtime.packages import write_package

CARTPOLE = Path(__file__).parents[2] / "examples" / "cartpole.stripe"


@pytest.fixture(autouse=True)
def _forget_packages() -> Iterator[None]:
    yield
    for entry in list(register._registered.values()):
        register._forget(entry)


def cartpole(out: Path, *backends: str) -> Path:
    packages, _ = compile_file(CARTPOLE, out, backends=backends)
    assert write(*packages) == []
    return packages[0].folder


def configuration(package: Path, physics: str | None = None) -> Any:
    from stripe_dsl.runtime.config import load_config

    (task_id,) = register_package(package)
    config, problems = load_config(task_id, device="cpu", physics=physics)
    assert config is not None, problems
    return config.env


@pytest.mark.sim
def test_newton_runs_in_warp(tmp_path: Path) -> None:
    both = cartpole(tmp_path, "torch", "warp")
    cfg = configuration(both)
    assert choose_backend(both, None, cfg, "cpu") == Choice(
        "warp", "the faster one on a CPU; --backend torch for the other"
    )
    on_gpu = choose_backend(both, None, cfg, "cuda:0")
    assert str(on_gpu) == "back end warp, the faster one on a GPU; --backend torch for the other"
    for backend in ("torch", "warp"):
        for device in ("cpu", "cuda:0"):
            assert choose_backend(both, backend, cfg, device) == Choice(backend, "as asked for")


@pytest.mark.sim
@pytest.mark.parametrize("backend", ["torch", "warp"])
def test_the_only_one_is_taken_everywhere(tmp_path: Path, backend: str) -> None:
    package = cartpole(tmp_path, backend)
    cfg = configuration(package)
    for device in ("cpu", "cuda:0"):
        assert choose_backend(package, None, cfg, device) == Choice(backend, "the only one of this package")


@pytest.mark.sim
@pytest.mark.parametrize("physics", ["ovphysx", "isaacsim_physx"])
def test_gravity_of_each_environment_needs_newton(tmp_path: Path, physics: str) -> None:
    packages, _ = compile_file(Path(__file__).parents[1] / "sim" / "tasks" / "puck.stripe", tmp_path)
    assert write(*packages) == []
    package = packages[0].folder
    problem = choose_backend(package, None, configuration(package, physics), "cpu")
    assert isinstance(problem, Problem)
    assert problem.message == "gravity is drawn for each environment, and PhysX has one for all of them"
    assert problem.help == ("leave `--physics` out to run on Newton", "or leave `gravity` out of `randomize`")
    assert isinstance(choose_backend(package, None, configuration(package), "cpu"), Choice)


@pytest.mark.sim
def test_warp_needs_newton(tmp_path: Path) -> None:
    both = cartpole(tmp_path / "both", "torch", "warp")
    cfg = configuration(both, physics="isaacsim_physx")
    choice = choose_backend(both, None, cfg, "cuda:0")
    assert isinstance(choice, Choice)
    assert choice.backend == "torch"
    assert choose_backend(both, "torch", cfg, "cuda:0") == Choice("torch", "as asked for", newton=False)
    problem = choose_backend(both, "warp", cfg, "cuda:0")
    assert isinstance(problem, Problem)
    assert problem.message == "the Warp environment needs Newton, and the physics of this run is PhysxCfg"
    assert any("--backend torch" in hint for hint in problem.help)
    alone = cartpole(tmp_path / "alone", "warp")
    problem = choose_backend(alone, None, cfg, "cuda:0")
    assert isinstance(problem, Problem)
    assert not any("--backend torch" in hint for hint in problem.help), "there is none"


def test_an_environment_that_is_not_there(tmp_path: Path) -> None:
    package = write_package(tmp_path / "alpha_task", "Stripe-Alpha")
    assert check_backend(package, None) is None
    assert check_backend(package, "torch") is None
    problem = check_backend(package, "warp")
    assert problem is not None
    assert problem.message == "the package alpha_task has no Warp environment"
    assert "--backend warp" in problem.help[0]
