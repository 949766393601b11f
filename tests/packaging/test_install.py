"""The package as users get it: editable, as a wheel without the simulator, and as a source distribution."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow

NEEDED = (
    "grammar/stripe.lark",
    "grammar/syntax_errors.toml",
    "diagnostics/explain/E0203.md",
    "emit/templates/env.py.jinja",
    "robots/templates/robot.usda.jinja",
    "std/rewards.stripe",
)
"""Files that are no Python code, by their place in the installed package."""


def run(*args: str | Path, cwd: Path, timeout: int = 240) -> str:
    env = {key: value for key, value in os.environ.items() if key not in ("VIRTUAL_ENV", "PYTHONPATH")}
    done = subprocess.run(
        [str(arg) for arg in args], cwd=cwd, env=env, capture_output=True, text=True, timeout=timeout, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sdist")
    run(sys.executable, "-m", "build", "--no-isolation", "--sdist", "--outdir", out, ROOT, cwd=out)
    return next(out.glob("*.tar.gz"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", out, ROOT, cwd=out)
    return next(out.glob("*.whl"))


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_editable_install_finds_its_files(tmp_path: Path) -> None:
    """The environment of these tests is one; the grammar stands beside the package there, not in it."""
    code = (
        "from importlib.resources import files\n"
        "from stripe_dsl.syntax.parser import parse_file\n"
        "from stripe_dsl.source import SourceFile\n"
        "import stripe_dsl\n"
        "print(stripe_dsl.__file__)\n"
        "print(len(parse_file(SourceFile('x.stripe', 'task T { }'))[0]))\n"
    )
    lines = run(sys.executable, "-c", code, cwd=tmp_path).splitlines()
    assert Path(lines[0]) == ROOT / "stripe_dsl/__init__.py"
    assert lines[1] == "1"
    assert not (ROOT / "stripe_dsl/grammar").exists()


def test_the_wheel_holds_what_it_needs_and_no_more(wheel: Path) -> None:
    found = names(wheel)
    assert {f"stripe_dsl/{path}" for path in NEEDED} <= found
    tops = {name.split("/")[0] for name in found}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"stripe_dsl"}
    pages = {path.name for path in (ROOT / "stripe_dsl/diagnostics/explain").glob("*.md")}
    assert {name.rsplit("/", 1)[1] for name in found if "/explain/" in name} == pages
    assert not [name for name in found if "__pycache__" in name or name.endswith(".pyc")]


def test_the_sdist_holds_the_repository_and_nothing_else(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        found = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    assert {"grammar/stripe.lark", "examples/cartpole.stripe", "tests/test_units.py", "LICENSE", "README.md"} <= found
    assert {"generated/cartpole/env.py", "docs/stripe.schema.json"} <= found
    assert not [name for name in found if name.startswith((".venv", "logs", ".stripec", "dist", ".hypothesis"))]
    assert not [name for name in found if "__pycache__" in name or name.endswith((".pt", ".lock"))]


def test_the_sdist_builds_the_same_wheel(sdist: Path, wheel: Path, tmp_path: Path) -> None:
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    source = next(tmp_path.iterdir())
    run(sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", tmp_path / "out", source, cwd=tmp_path)
    other = next((tmp_path / "out").glob("*.whl"))
    with zipfile.ZipFile(wheel) as first, zipfile.ZipFile(other) as second:
        assert set(first.namelist()) == set(second.namelist())
        different = [name for name in first.namelist() if first.read(name) != second.read(name)]
    assert different == []


def test_the_wheel_works_without_the_simulator(wheel: Path, tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", venv, cwd=tmp_path)
    python = venv / "bin/python"
    run(*installer(python), wheel, cwd=tmp_path, timeout=400)
    code = "import importlib.util as u; print([n for n in ('torch', 'isaaclab', 'newton', 'warp') if u.find_spec(n)])"
    assert run(python, "-c", code, cwd=tmp_path).strip() == "[]"

    stripec = venv / "bin/stripec"
    (tmp_path / "pendulum.stripe").write_bytes((ROOT / "examples/pendulum.stripe").read_bytes())
    assert run(stripec, "check", "pendulum.stripe", cwd=tmp_path) == "1 file checked, no errors\n"
    terms = 'import "std/rewards.stripe" as rewards\nfn close(x: number [m]) = rewards.near(x)\n'
    (tmp_path / "terms.stripe").write_text(terms)
    assert run(stripec, "check", "terms.stripe", cwd=tmp_path) == "1 file checked, no errors\n"
    run(stripec, "compile", "pendulum.stripe", cwd=tmp_path)
    for path in sorted((ROOT / "generated/pendulum").rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            made = tmp_path / "generated/pendulum" / path.relative_to(ROOT / "generated/pendulum")
            assert made.read_bytes() == path.read_bytes()
    assert run(stripec, "explain", "E0203", cwd=tmp_path).startswith("# E0203")
    assert run(stripec, "fmt", "--check", "pendulum.stripe", cwd=tmp_path) == ""
    assert "pendulum:" in run(stripec, "convert", "pendulum.stripe", cwd=tmp_path)
    run(stripec, "schema", cwd=tmp_path)

    done = subprocess.run(
        [stripec, "train", "pendulum.stripe"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "stripe-dsl[sim]" in done.stderr


def installer(python: Path) -> list[str | Path]:
    """The command that installs into the environment of ``python``: uv where there is one, else pip."""
    for command in (["uv"], [sys.executable, "-m", "uv"]):
        try:
            subprocess.run([*command, "--version"], capture_output=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            continue
        return [*command, "pip", "install", "--quiet", "--python", python]
    subprocess.run([python, "-m", "ensurepip"], capture_output=True, check=True)
    return [python, "-m", "pip", "install", "--quiet"]
