"""The shape of the package: which way imports go, what stays light, how long modules are, what is documented."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "stripe_dsl"
MODULES = sorted(PACKAGE.rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))

STAGES = (
    "text",
    "dimensions",
    "units",
    "source",
    "diagnostics",
    "syntax",
    "spec",
    "robots",
    "ir",
    "check",
    "scene",
    "emit",
    "pipeline",
    "runtime",
    "cli",
)
"""A module imports from its own stage and from those before it."""

SIMULATOR = {"torch", "warp", "newton", "gymnasium", "rsl_rl", "mujoco", "mujoco_warp"}
LONGEST = 400


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path) -> Iterator[str]:
    """Dotted names that a module imports, at its top or inside functions."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(path)}:{node.lineno}: imports are absolute"
            assert node.module is not None
            if node.module == "stripe_dsl":
                yield from (f"stripe_dsl.{alias.name}" for alias in node.names)
            else:
                yield node.module


def stage(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def each_module() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("path", MODULES, ids=name_of)


def test_every_stage_is_known() -> None:
    assert {stage(path) for path in MODULES} - {"__init__"} == set(STAGES)


@each_module()
def test_imports_go_one_way(path: Path) -> None:
    if stage(path) == "__init__":
        assert not list(imports(path)), "importing the package imports nothing"
        return
    place = STAGES.index(stage(path))
    for name in imports(path):
        if name.startswith("stripe_dsl."):
            assert STAGES.index(name.split(".")[1]) <= place, f"{name_of(path)} imports {name}"


def test_the_compiler_does_not_use_the_runtime() -> None:
    """Only the commands that run something do, and the runtime needs nothing of the compiler."""
    for path in MODULES:
        others = {name.split(".")[1] for name in imports(path) if name.startswith("stripe_dsl.")} - {stage(path)}
        if stage(path) == "runtime":
            assert not others, f"{name_of(path)} imports {others}"
        elif stage(path) != "cli":
            assert "runtime" not in others, name_of(path)


@each_module()
def test_only_the_runtime_imports_the_simulator(path: Path) -> None:
    if stage(path) == "runtime":
        return
    found = {name.partition(".")[0] for name in imports(path)}
    assert not found & SIMULATOR
    assert not {name for name in found if name.startswith("isaaclab")}


@each_module()
def test_only_commands_and_the_runtime_print(path: Path) -> None:
    if stage(path) in ("cli", "runtime"):
        return
    calls = [node.func for node in ast.walk(tree(path)) if isinstance(node, ast.Call)]
    assert "print" not in {call.id for call in calls if isinstance(call, ast.Name)}


@pytest.mark.parametrize("path", MODULES + TESTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_modules_are_short(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= LONGEST


@each_module()
def test_what_is_public_has_a_docstring(path: Path) -> None:
    """Functions and classes of a module; methods that are called by the name of a rule need none."""
    public = [
        node
        for node in tree(path).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_")
    ]
    assert [node.name for node in public if ast.get_docstring(node) is None] == []


@each_module()
def test_modules_say_what_they_are_for(path: Path) -> None:
    if path != PACKAGE / "__init__.py":
        assert ast.get_docstring(tree(path))


@pytest.mark.parametrize("example", ["cartpole", "ant", "pendulum"])
def test_checking_imports_little(example: str) -> None:
    """On a warm cache, so that the check of a file stays quick: no simulator, no USD, no template engine, no Typer."""
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from stripe_dsl.cli.report import check\n"
        f"assert check([Path({str(ROOT / 'examples' / f'{example}.stripe')!r})]) == 0\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))\n"
    )
    runs = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.splitlines()[-1]
        for _ in range(2)
    ]
    loaded = set(runs[1].split())  # the first run fills the caches
    assert "pydantic" in loaded
    templates = set() if example == "pendulum" else {"jinja2"}  # a robot written in the file is authored from one
    assert not loaded & {"pxr", "typer", "rich", "lark", "yaml", *templates, *SIMULATOR}
    assert not {name for name in loaded if name.startswith("isaaclab")}
