from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from gymnasium.envs.registration import registry

from stripe_dsl.runtime import register
from stripe_dsl.runtime.list import list_tasks
from stripe_dsl.runtime.problem import PackageError
from stripe_dsl.runtime.register import (
    find_packages,
    is_package,
    package_backends,
    register_package,
    registered_packages,
)
from tests.runtime.packages import registration, write_package


@pytest.fixture(autouse=True)
def _forget_packages() -> Iterator[None]:
    """Find and leave no module and no task: tests that ran before in this process may have registered some."""
    _forget_all()
    yield
    _forget_all()


def _forget_all() -> None:
    for entry in list(register._registered.values()):
        register._forget(entry)


def test_registers_under_the_name_of_the_folder(tmp_path: Path) -> None:
    package = write_package(tmp_path / "alpha_task", "Stripe-Alpha")
    assert register_package(package) == ["Stripe-Alpha"]
    assert registry["Stripe-Alpha"].entry_point == "alpha_task.env:Env"
    assert registered_packages() == {"Stripe-Alpha": package}
    # the entry points resolve, and the other folders beside the package do not become importable
    from importlib import import_module

    assert import_module("alpha_task.env").Env.__name__ == "Env"
    assert str(tmp_path) not in sys.path


def test_a_second_call_returns_the_same_ids(tmp_path: Path) -> None:
    package = write_package(tmp_path / "alpha_task", "Stripe-Alpha")
    first = register_package(package)
    module = sys.modules["alpha_task"]
    assert register_package(package) == first
    assert sys.modules["alpha_task"] is module


def test_a_package_of_the_same_name_replaces_the_first(tmp_path: Path) -> None:
    register_package(write_package(tmp_path / "one" / "alpha_task", "Stripe-One"))
    second = write_package(tmp_path / "two" / "alpha_task", "Stripe-Two")
    assert register_package(second) == ["Stripe-Two"]
    assert "Stripe-One" not in registry
    assert Path(str(sys.modules["alpha_task"].__file__)).parent == second


def test_two_packages_may_register_the_same_id(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    register_package(write_package(tmp_path / "alpha_task", "Stripe-Same"))
    assert register_package(write_package(tmp_path / "beta_task", "Stripe-Same")) == ["Stripe-Same"]
    assert registry["Stripe-Same"].entry_point == "beta_task.env:Env"
    assert not recwarn.list


@pytest.mark.parametrize("name", ["numpy", "json"])
def test_a_library_is_not_shadowed(tmp_path: Path, name: str) -> None:
    library = sys.modules.get(name)
    with pytest.raises(PackageError) as caught:
        register_package(write_package(tmp_path / name, "Stripe-Shadow"))
    assert "an installed library has that name" in caught.value.problem.message
    assert sys.modules.get(name) is library


def test_what_cannot_be_registered(tmp_path: Path) -> None:
    def message(folder: Path) -> str:
        with pytest.raises(PackageError) as caught:
            register_package(folder)
        return caught.value.problem.message

    assert "there is no folder" in message(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    assert "is not a generated package" in message(tmp_path / "empty")
    assert "is not a Python module name" in message(write_package(tmp_path / "two words", "Stripe-Words"))
    silent = "# gym.register( env_cfg_entry_point\n"
    assert "registers no task" in message(write_package(tmp_path / "silent_task", "", init=silent))
    broken = registration("Stripe-Broken") + "1 / 0\n"
    assert "ZeroDivisionError" in message(write_package(tmp_path / "broken_task", "", init=broken))
    # a package that failed half way leaves nothing behind
    assert "Stripe-Broken" not in registry
    assert "broken_task" not in sys.modules


def test_finding_packages(tmp_path: Path) -> None:
    beta = write_package(tmp_path / "beta_task", "Stripe-Beta")
    alpha = write_package(tmp_path / "alpha_task", "Stripe-Alpha")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "__init__.py").write_text("raise RuntimeError('not ours')\n")
    assert find_packages(tmp_path) == [alpha, beta]
    assert find_packages(alpha) == [alpha]
    assert find_packages(tmp_path / "nowhere") == []
    assert not is_package(tmp_path / "other")


@pytest.mark.parametrize("backends", [("torch",), ("warp",), ("torch", "warp")])
def test_the_back_ends_of_a_package(tmp_path: Path, backends: tuple[str, ...]) -> None:
    package = write_package(tmp_path / "alpha_task", "Stripe-Alpha", backends=backends)
    assert is_package(package)
    assert package_backends(package) == backends
    assert register_package(package) == ["Stripe-Alpha"]
    spec = registry["Stripe-Alpha"]
    assert spec.entry_point == f"alpha_task.{'env' if 'torch' in backends else 'env_warp'}:Env"
    assert spec.kwargs.get("warp_entry_point") == ("alpha_task.env_warp:Env" if "warp" in backends else None)
    (task,), problems = list_tasks([package])
    assert task.backends == backends
    assert problems == []


def test_a_back_end_is_what_is_registered_and_there(tmp_path: Path) -> None:
    own = write_package(tmp_path / "alpha_task", "Stripe-Alpha")
    (own / "env_warp.py").write_text("# somebody's own\n")
    assert package_backends(own) == ("torch",)
    half = write_package(tmp_path / "beta_task", "Stripe-Beta", backends=("torch", "warp"))
    (half / "env_warp.py").unlink()
    assert package_backends(half) == ("torch",)
    (half / "env.py").unlink()
    assert package_backends(half) == ()
    assert not is_package(half)
    assert package_backends(tmp_path / "nowhere") == ()


def test_listing_tasks(tmp_path: Path) -> None:
    write_package(tmp_path / "beta_task", "Stripe-Beta")
    alpha = write_package(tmp_path / "alpha_task", "Stripe-Alpha", summary="Balance a pole.")
    write_package(tmp_path / "broken_task", "", init="# gym.register( env_cfg_entry_point\n1 / 0\n")
    tasks, problems = list_tasks([tmp_path])
    assert [task.task_id for task in tasks] == ["Stripe-Alpha", "Stripe-Beta"]
    assert tasks[0].package == alpha
    assert tasks[0].env == "alpha_task.env:Env"
    assert tasks[0].env_cfg == "alpha_task.env_cfg:EnvCfg"
    assert tasks[0].agents == ("rsl_rl",)
    assert tasks[0].summary == "Balance a pole."
    assert ["ZeroDivisionError" in problem.message for problem in problems] == [True]


def test_listing_imports_neither_torch_nor_isaaclab(tmp_path: Path) -> None:
    write_package(tmp_path / "alpha_task", "Stripe-Alpha")
    code = (
        "import sys; from pathlib import Path; from stripe_dsl.runtime.list import list_tasks\n"
        f"tasks, problems = list_tasks([Path({str(tmp_path)!r})])\n"
        "print(tasks[0].task_id, problems, 'torch' in sys.modules, 'isaaclab' in sys.modules)"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["Stripe-Alpha", "[]", "False", "False"]
