from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.runtime.packages import write_package

CODE = """
import stripe_dsl.runtime.discover as discover
from gymnasium.envs.registration import registry
import sys
print(discover.task_ids, [task for task in registry if task.startswith("Stripe-")], "torch" in sys.modules)
print(sorted(discover.failures.values()))
"""


def discover(cwd: Path, tasks: str | None = None) -> tuple[list[str], str]:
    """Import the entry point in a process of its own; returns its output lines and its standard error."""
    env = {key: value for key, value in os.environ.items() if key != "STRIPE_TASKS"}
    env["PYTHONPATH"] = str(Path(__file__).parents[2])
    if tasks is not None:
        env["STRIPE_TASKS"] = tasks
    done = subprocess.run([sys.executable, "-c", CODE], cwd=cwd, env=env, capture_output=True, text=True, check=True)
    return done.stdout.splitlines(), done.stderr


def test_packages_in_generated_are_registered(tmp_path: Path) -> None:
    write_package(tmp_path / "generated" / "alpha_task", "Stripe-Alpha")
    write_package(tmp_path / "generated" / "beta_task", "Stripe-Beta")
    lines, errors = discover(tmp_path)
    assert lines == ["['Stripe-Alpha', 'Stripe-Beta'] ['Stripe-Alpha', 'Stripe-Beta'] False", "[]"]
    assert errors == ""


def test_the_variable_names_packages_and_folders_of_packages(tmp_path: Path) -> None:
    write_package(tmp_path / "generated" / "unwanted_task", "Stripe-Unwanted")
    alpha = write_package(tmp_path / "alpha_task", "Stripe-Alpha")
    write_package(tmp_path / "more" / "beta_task", "Stripe-Beta")
    lines, _ = discover(tmp_path, os.pathsep.join((str(alpha), str(tmp_path / "more"))))
    assert lines[0].startswith("['Stripe-Alpha', 'Stripe-Beta'] ")


def test_the_first_of_two_packages_of_one_name_is_taken(tmp_path: Path) -> None:
    one = write_package(tmp_path / "one" / "alpha_task", "Stripe-One")
    two = write_package(tmp_path / "two" / "alpha_task", "Stripe-Two")
    lines, _ = discover(tmp_path, os.pathsep.join((str(one), str(two))))
    assert lines[0].startswith("['Stripe-One'] ['Stripe-One']")
    assert "comes first" in lines[1]


def test_nothing_to_find_is_silent(tmp_path: Path) -> None:
    assert discover(tmp_path) == (["[] [] False", "[]"], "")


def test_a_broken_package_does_not_stop_the_others(tmp_path: Path) -> None:
    write_package(tmp_path / "generated" / "alpha_task", "Stripe-Alpha")
    write_package(tmp_path / "generated" / "broken_task", "", init="# gym.register( env_cfg_entry_point\n1 / 0\n")
    lines, errors = discover(tmp_path)
    assert lines[0].startswith("['Stripe-Alpha'] ")
    assert "ZeroDivisionError" in lines[1]
    assert errors == ""  # nobody asked for it by name


def test_what_the_variable_names_in_vain_is_reported(tmp_path: Path) -> None:
    broken = write_package(tmp_path / "broken_task", "", init="# gym.register( env_cfg_entry_point\n1 / 0\n")
    lines, errors = discover(tmp_path, os.pathsep.join((str(broken), str(tmp_path / "nowhere"))))
    assert lines[0].startswith("[] ")
    assert "ZeroDivisionError" in errors
    assert "nowhere, which holds no generated package" in errors
