"""A task with every example at once is emitted as Python that binds every name it uses."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from stripe_dsl.emit.package import package_files

from .bench import program
from .cases import CASES
from .test_memory import RESETS


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    observed = [case.text for case in CASES if case.phase == "observe"]
    # a base is turned by its `rot` or by its `yaw`
    resets = [case for case in RESETS if not case.text.startswith("base.yaw")]
    task = program(
        observe="; ".join(f"case_{index} = {text}" for index, text in enumerate(observed)),
        reward="; ".join(
            f"case_{index} = {case.text}"
            for index, case in enumerate(CASES)
            if case.phase == "reward" or case.type.is_scalar
        ),
        reset="; ".join({case.text.split(" = ")[0]: case.text for case in resets}.values()),
    )
    return package_files(task, tmp_path_factory.mktemp("bench") / "bench")


def test_names_are_bound(files: dict[str, str], tmp_path: Path) -> None:
    for name, text in files.items():
        if name.endswith(".py"):
            ast.parse(text)
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(text)
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "F", "--no-cache", str(tmp_path)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout


def test_nothing_waits_for_the_device(files: dict[str, str]) -> None:
    """No method of a step reads a tensor on the host."""
    tree = ast.parse(files["env.py"])
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    methods = {call.attr for call in calls if isinstance(call, ast.Attribute)}
    assert not methods & {"item", "cpu", "tolist", "numpy", "nonzero", "any_", "synchronize"}
    assert "bool" not in {call.id for call in calls if isinstance(call, ast.Name)}
    # a mask as an index asks how many elements it picks
    step = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name != "_reset_idx"]
    assert not [node for method in step for node in ast.walk(method) if isinstance(node, ast.While)]
