"""What a warm ``stripec check`` loads. Imports are most of its time, and unlike seconds they can be counted."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HEAVY = (
    "email",  # importlib.metadata brings it
    "importlib.metadata",
    "isaaclab",
    "jinja2",
    "lark",
    "newton",
    "numpy",
    "pxr",
    "rich",
    "stripe_dsl.emit",
    "stripe_dsl.runtime",
    "torch",
    "typer",
    "warp",
    "yaml",
)
MOST = 290
"""Modules in all, those of Python's start included; about 285 when this was written."""

SCRIPT = """
import sys
from stripe_dsl.cli.main import main
sys.argv = ["stripec", "check", *sys.argv[1:]]
try:
    main()
except SystemExit as stop:
    assert not stop.code, stop.code
print(*sys.modules)
"""


def loaded(cache: Path, *arguments: str) -> set[str]:
    """Modules that a check has loaded when it ends, the second time it runs."""
    env = os.environ | {"STRIPEC_CACHE": str(cache)}
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, *arguments], cwd=ROOT, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split())


def heavy(modules: set[str]) -> set[str]:
    return {name for name in HEAVY if any(f"{module}.".startswith(f"{name}.") for module in modules)}


@pytest.mark.parametrize("example", ["cartpole", "ant", "pendulum"])
def test_a_check_loads_nothing_heavy(example: str, tmp_path: Path) -> None:
    modules = loaded(tmp_path, f"examples/{example}.stripe")
    assert "stripe_dsl.check.task" in modules
    assert heavy(modules) == set()
    assert len(modules) <= MOST


def test_options_are_read_by_typer(tmp_path: Path) -> None:
    """The counterpart: the list above notices what is loaded."""
    modules = loaded(tmp_path, "examples/pendulum.stripe", "--format", "text")
    assert heavy(modules) >= {"typer"}
    assert "lark" not in modules
