"""The committed packages are what the examples compile to, and generated code is clean, stands alone and is safe."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import tokenize
import tomllib
from collections.abc import Sequence
from io import StringIO
from pathlib import Path

import pytest

from stripe_dsl.emit.output import Package, write
from stripe_dsl.emit.package import BACKENDS
from stripe_dsl.ir.ops import OPS
from stripe_dsl.pipeline import compile_file
from tests.sim.upstream import make_assets

ROOT = Path(__file__).parents[1]
GENERATED = ROOT / "generated"
EXAMPLES = sorted((ROOT / "examples").glob("*.stripe"))
NAMES = [path.stem for path in EXAMPLES]


BAKED = (".usdc", ".npz", ".heights", ".field")
"""Files of scenes: not in the repository, and what floats round to in them differs between computers."""


TORCH_ALONE = ("shifting",)
"""Tasks of tests that the Warp environment cannot do."""


def snapshot(folder: Path) -> dict[str, bytes]:
    """Contents of the files of a package, without what Python leaves behind and without baked scenes."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts and path.suffix not in BAKED
    }


def packages_of(path: Path, out: Path, backends: Sequence[str] = BACKENDS) -> list[Package]:
    packages, diagnostics = compile_file(path, out, backends=backends, bake=False)
    assert not [item for item in diagnostics if item.severity == "error"], diagnostics
    return packages


def test_every_example_has_its_package_and_the_reverse() -> None:
    assert NAMES
    made = [package.folder.name for path in EXAMPLES for package in packages_of(path, GENERATED)]
    present = [path.name for path in GENERATED.iterdir() if path.is_dir() and path.name != "__pycache__"]
    assert sorted(made) == sorted(present)


@pytest.mark.parametrize("example", EXAMPLES, ids=NAMES)
def test_recompiling_gives_the_same_bytes(example: Path) -> None:
    for package in packages_of(example, GENERATED):
        assert {path: text.encode() for path, text in package.files.items()} == snapshot(package.folder)


@pytest.mark.parametrize("seed", ["1", "4242"])
def test_neither_hash_seed_nor_working_directory_matter(tmp_path: Path, seed: str) -> None:
    """Compiled in other processes, from another folder, into another one."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for example in EXAMPLES:
        subprocess.run(
            [Path(sys.executable).with_name("stripec"), "compile", example, "--out", tmp_path / "out"],
            cwd=elsewhere,
            env={**os.environ, "PYTHONHASHSEED": seed, "LC_ALL": "C", "TZ": "Asia/Tokyo"},
            capture_output=True,
            check=True,
            timeout=120,
        )
    for folder in sorted((tmp_path / "out").iterdir()):
        assert snapshot(folder) == snapshot(GENERATED / folder.name)
    assert len(list((tmp_path / "out").iterdir())) == len(list(GENERATED.glob("*/manifest.json")))


def test_the_linter_and_the_formatter_have_nothing_to_say(tmp_path: Path) -> None:
    ruff = [sys.executable, "-m", "ruff"]
    common = ["--isolated", "--line-length", "120", "--target-version", "py312", "--no-cache", str(GENERATED)]
    lint = subprocess.run(
        [*ruff, "check", "--select", "E,F,I,UP,B", *common], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert lint.returncode == 0, lint.stdout
    formatted = subprocess.run(
        [*ruff, "format", "--check", *common], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert formatted.returncode == 0, formatted.stdout + formatted.stderr


def test_no_generated_code_has_names_without_use_or_meaning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The linter reads what the tasks of the tests compile to: undefined names, and imports and variables without use,
    are seen here before a simulator stumbles over them. No variable is called by its operator alone."""
    monkeypatch.setenv("ISAACSIM_ASSET_ROOT", str(make_assets(tmp_path / "assets")))
    sources = [
        path for folder in ("sim", "vocabulary") for path in (ROOT / "tests" / folder / "tasks").glob("*.stripe")
    ]
    for number, source in enumerate(sources):
        out = tmp_path / "out" / f"{number}_{source.stem}"
        for package in packages_of(source, out, ("torch",) if source.stem in TORCH_ALONE else BACKENDS):
            write(package)
    assert len(list((tmp_path / "out").rglob("env_warp.py"))) >= len(sources) - len(TORCH_ALONE)
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", "--output-format", "concise"]
    found = subprocess.run(
        [*command, "--select", "F401,F811,F821,F841", "out"], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert found.returncode == 0, found.stdout + found.stderr
    named = re.compile(rf"\b(?:{'|'.join(OPS)})_value(?:_\d+)?\b")
    for path in [*(tmp_path / "out").rglob("env*.py"), *GENERATED.rglob("env*.py")]:
        assert named.findall(path.read_text()) == [], path


@pytest.mark.parametrize("path", sorted(GENERATED.rglob("*.py")), ids=lambda path: str(path.relative_to(GENERATED)))
def test_generated_code_imports_isaac_lab_torch_and_the_standard_library_only(path: Path) -> None:
    allowed = sys.stdlib_module_names | {"isaaclab", "torch", "warp", "numpy", "newton", "gymnasium", "pxr"}
    allowed |= {f"isaaclab_{name}" for name in ("rl", "tasks", "newton", "ov", "physx", "experimental")}
    for node in ast.walk(ast.parse(path.read_text())):
        names = (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom) and node.level == 0
            else []
        )
        assert {name.partition(".")[0] for name in names} <= allowed


def test_no_generated_file_needs_the_compiler() -> None:
    for folder in GENERATED.iterdir():
        for name, content in snapshot(folder).items():
            assert b"stripe_dsl" not in content, name
            assert str(ROOT).encode() not in content, name


def test_the_manifest_describes_the_package() -> None:
    for manifest in GENERATED.glob("*/manifest.json"):
        found = json.loads(manifest.read_text())
        assert set(found["files"]) == set(snapshot(manifest.parent)) - {"manifest.json"}
        code = (manifest.parent / "__init__.py").read_text()
        assert f'id="{found["task"]}"' in code
        cfg = (manifest.parent / "env_cfg.py").read_text()
        for width, key in (
            (found["actions"][-1]["columns"][1], "action_space"),
            (found["observations"]["policy"][-1]["columns"][1], "observation_space"),
        ):
            assert f"    {key}: int = {width}\n" in cfg


# ---- what a user writes stays text -------------------------------------------------------------------------------

NASTY = {
    "quotes": 'it\'s "quoted"',
    "triple quotes": '""" + __import__("os").abort() + """',
    "single triple": "''' + exit() + '''",
    "newline": "one\nimport os; os.abort()\n",
    "carriage return": "one\rimport os; os.abort()\r",
    "other line ends": "a\x0bb\x0cc\x1cd\x85e\u2028f\u2029g",
    "backslash": "ends in \\",
    "escapes": "\\x41 \\n \\N{BULLET} \\u0041",
    "braces": "{x} {0} %s %(x)s",
    "template": "{{ 7 * 7 }}{% raw %}{# gone #}",
    "call": "__import__('os').abort()",
    "comment": "# noqa: all",
    "unicode": "żółw 机器人 🤖",
    "toml": '"]\n[project.entry-points."isaaclab.tasks"]\nevil = "os"',
    "right to left": "a\u202egnp.exe",
}


def yaml_task(**places: str) -> str:
    """A pendulum as YAML, which takes any text in its strings: JSON is YAML."""
    document = {
        "robot": {
            "pendulum": {
                "link": {
                    "stand": {"box": "(0.1, 0.1, 0.1) m", "fixed": True},
                    "rod": {"capsule": {"radius": "2 cm", "length": "0.6 m"}, "mass": "0.5 kg"},
                },
                "joint": {"hinge": {"type": "revolute", "parent": "stand", "child": "rod", "axis": "y"}},
                "actuator": {
                    "drive": {"implicit": True, "effort": "1 N*m", "joints": [places.get("pattern", "hinge")]},
                },
            }
        },
        "task": {
            places.get("task", "Swing"): {
                "robot": "pendulum",
                "sim": {"physics": "120 Hz", "control": "30 Hz", "episode": "8 s", "envs": "16", "spaced": "2 m"},
                "action": {"torque": "effort(hinge) scale 1 N*m"},
                "observe": {"policy": ["hinge.pos", "hinge.vel"]},
                "reward": {"per_second": {places.get("term", "upright"): "1.0 * cos(hinge.pos)"}},
                "terminate": {"timeout": True},
                "train": {"algorithm": "ppo", "steps": "8", "iterations": "2"},
            }
        },
    }
    return json.dumps(document, indent=2)


def harmless(package: Package) -> None:
    """Every file parses, nothing in it calls or names what the nasty texts try to, and no string is a template's."""
    for name, text in package.files.items():
        if name.endswith(".toml"):
            points = tomllib.loads(text)["project"]["entry-points"]["isaaclab.tasks"]
            assert points == {package.folder.name: package.folder.name}
        if not name.endswith(".py"):
            continue
        tree = ast.parse(text)
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        assert not names & {"os", "exit", "__import__", "evil"}, name
        imports = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
        assert "os" not in imports
        compile(text, name, "exec")
        list(tokenize.generate_tokens(StringIO(text).readline))


@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY.keys())
@pytest.mark.parametrize("place", ["pattern", "task", "term"])
def test_texts_in_the_place_of_names(tmp_path: Path, place: str, text: str) -> None:
    """A name that is no identifier, a pattern that is none: refused, in words, or kept as text."""
    path = tmp_path / "task.stripe.yaml"
    written = f"hinge|{re.escape(text)}" if place == "pattern" else text
    path.write_text(yaml_task(**{place: written}), encoding="utf-8")
    packages, diagnostics = compile_file(path, tmp_path / "out")
    assert bool(packages) != any(item.severity == "error" for item in diagnostics)
    for package in packages:
        harmless(package)
    assert bool(packages) == (place == "pattern"), "a pattern is any text, and no such name is an identifier"


@pytest.mark.parametrize(
    "name", ["self", "print", "match", "Torch", "json", "None", "lambda", "__class__", "żółw", "x" * 300]
)
@pytest.mark.parametrize("place", ["task", "term"])
def test_names_that_python_has_a_use_for(tmp_path: Path, place: str, name: str) -> None:
    path = tmp_path / "task.stripe.yaml"
    path.write_text(yaml_task(**{place: name}), encoding="utf-8")
    packages, diagnostics = compile_file(path, tmp_path / "out")
    assert bool(packages) != any(item.severity == "error" for item in diagnostics)
    for package in packages:
        harmless(package)
        assert package.folder.name not in {"self", "print", "match", "torch", "json"}


@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY.keys())
def test_texts_in_comments_of_a_task(tmp_path: Path, text: str) -> None:
    source = (ROOT / "examples/pendulum.stripe").read_text()
    comment = "".join(f"# {line}\n" for line in text.split("\n"))
    path = tmp_path / "task.stripe"
    path.write_text(source.replace("task Pendulum", f"{comment}task Pendulum"), encoding="utf-8", newline="")
    packages, diagnostics = compile_file(path, tmp_path / "out")
    # some of the characters end a line, and what follows is then no comment: that is reported
    assert bool(packages) != any(item.severity == "error" for item in diagnostics)
    for package in packages:
        harmless(package)
        assert write(package) == []


@pytest.mark.parametrize("text", [value for value in NASTY.values() if "/" not in value], ids=ascii)
def test_texts_in_names_of_files(tmp_path: Path, text: str) -> None:
    path = tmp_path / f"{text}.stripe"
    path.write_text((ROOT / "examples/pendulum.stripe").read_text(), encoding="utf-8")
    for package in packages_of(path, tmp_path / "out"):
        harmless(package)
        assert write(package) == []


def test_robot_files_with_nasty_names(tmp_path: Path) -> None:
    """A joint whose name holds quotes, backslashes and braces has a prim's name, and a file's is a remark."""
    joint = "a'b\"{{ x }}\\"
    robot = tmp_path / "it's {{ 1 }} \".urdf"
    quoted = joint.replace('"', "&quot;")
    robot.write_text(
        '<robot name="r"><link name="base"/><link name="arm"/>'
        f'<joint name="{quoted}" type="revolute"><parent link="base"/><child link="arm"/><axis xyz="0 1 0"/>'
        '<limit lower="-1" upper="1" effort="1" velocity="1"/></joint></robot>'
    )
    path = tmp_path / "task.stripe"
    path.write_text(
        "robot r {\n"
        f"  urdf {json.dumps(robot.name)}\n"
        '  joint hinge = ".*"\n'
        "  actuator hinge { implicit; effort 1 N*m }\n"
        "}\n"
        + (ROOT / "examples/pendulum.stripe").read_text().partition("\n}\n")[2].replace("robot pendulum", "robot r")
    )
    packages, diagnostics = compile_file(path, tmp_path / "out")
    assert packages, diagnostics
    for package in packages:
        harmless(package)
        strings = [
            node.value
            for node in ast.walk(ast.parse(package.files["env_cfg.py"] + package.files["env.py"]))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]
        assert "a_b____x____" in strings
        stage = package.files["assets/r.usda"]
        assert "Made from it's {{ 1 }} _.urdf;" in stage
        assert 'PhysicsRevoluteJoint "a_b____x____"' in stage


def test_an_observation_is_no_view_of_the_simulation(tmp_path: Path) -> None:
    """A group of one bare quantity is copied: the simulator would change what the agent has already seen."""
    source = tmp_path / "swing.stripe"
    source.write_text(
        """robot pendulum {
  link stand { box (0.1, 0.1, 0.1) m; fixed }
  link rod   { capsule radius 2 cm length 0.6 m at (0, 0, 0.3) m; mass 0.5 kg }
  joint hinge { type revolute; parent stand; child rod; axis y }
  actuator hinge { implicit; effort 1 N*m }
}
task Swing {
  robot pendulum
  sim { physics 120 Hz; control 30 Hz; episode 8 s; envs 16 spaced 2 m }
  action torque = effort(hinge) scale 1 N*m
  observe policy { joints.vel }
  reward per second { upright = 1.0 * cos(hinge.pos) }
  terminate { timeout }
}
"""
    )
    packages, diagnostics = compile_file(source, tmp_path)
    assert diagnostics == []
    assert re.search(r"^ *policy = .*\.clone\(\)$", packages[0].files["env.py"], re.M)
