"""Which environments a package holds, and what becomes of files that a compile no longer makes."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from pathlib import Path

import pytest

from stripe_dsl.emit.output import Package, changes, edited, write
from stripe_dsl.pipeline import compile_file

CARTPOLE = Path(__file__).parents[2] / "examples" / "cartpole.stripe"


def package(out: Path, backends: Sequence[str] = ("torch", "warp")) -> Package:
    packages, diagnostics = compile_file(CARTPOLE, out, backends=backends)
    assert not diagnostics
    return packages[0]


def registration(files: Package) -> dict[str, str]:
    """The entry points of the package, without ``{__name__}``."""
    tree = ast.parse(files.files["__init__.py"])
    (call,) = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    fields = {str(item.arg): item.value for item in call.keywords}
    kwargs = fields["kwargs"]
    assert isinstance(kwargs, ast.Dict)
    pairs = {ast.literal_eval(key): value for key, value in zip(kwargs.keys, kwargs.values, strict=True) if key}
    return {
        key: value.values[-1].value.removeprefix(".")  # type: ignore[union-attr]
        for key, value in {"entry_point": fields["entry_point"], **pairs}.items()
        if key in ("entry_point", "warp_entry_point") and isinstance(value, ast.JoinedStr)
    }


@pytest.mark.parametrize(
    ("backends", "environments", "entry_points"),
    [
        (("torch",), {"env.py"}, {"entry_point": "env:CartpoleEnv"}),
        (
            ("warp",),
            {"env_warp.py"},
            {"entry_point": "env_warp:CartpoleWarpEnv", "warp_entry_point": "env_warp:CartpoleWarpEnv"},
        ),
        (
            ("torch", "warp"),
            {"env.py", "env_warp.py"},
            {"entry_point": "env:CartpoleEnv", "warp_entry_point": "env_warp:CartpoleWarpEnv"},
        ),
    ],
)
def test_a_package_registers_the_environments_that_it_holds(
    tmp_path: Path, backends: tuple[str, ...], environments: set[str], entry_points: dict[str, str]
) -> None:
    files = package(tmp_path, backends)
    assert {path for path in files.files if path.startswith("env") and path != "env_cfg.py"} == environments
    assert registration(files) == entry_points
    # each entry point names a class that is there
    for entry_point in entry_points.values():
        module, _, name = entry_point.partition(":")
        classes = [node.name for node in ast.parse(files.files[f"{module}.py"]).body if isinstance(node, ast.ClassDef)]
        assert name in classes


def test_an_environment_that_was_not_asked_for_is_removed(tmp_path: Path) -> None:
    assert write(package(tmp_path)) == []
    warp = tmp_path / "cartpole" / "env_warp.py"
    assert warp.is_file()
    torch = package(tmp_path, ("torch",))
    assert changes(torch) == ["__init__.py", "env_warp.py", "manifest.json"]
    assert write(torch) == []
    assert not warp.exists()
    assert changes(torch) == []
    assert write(package(tmp_path, ("warp",))) == []
    assert warp.is_file()
    assert not (tmp_path / "cartpole" / "env.py").exists()


def test_one_that_was_edited_is_kept_until_it_is_forced(tmp_path: Path) -> None:
    write(package(tmp_path))
    warp = tmp_path / "cartpole" / "env_warp.py"
    warp.write_text(warp.read_text() + "# mine\n")
    torch = package(tmp_path, ("torch",))
    assert edited(torch) == ["env_warp.py"]
    (problem,) = write(torch)
    assert problem.code == "E0608"
    assert str(warp) in problem.message
    assert "# mine" in warp.read_text()
    assert "warp_entry_point" in (tmp_path / "cartpole" / "__init__.py").read_text(), "nothing else is written"
    assert write(torch, force=True) == []
    assert not warp.exists()


def test_a_file_of_ones_own_is_left_alone(tmp_path: Path) -> None:
    torch = package(tmp_path, ("torch",))
    write(torch)
    own = tmp_path / "cartpole" / "env_warp.py"
    own.write_text("# not generated\n")
    assert edited(torch) == []
    assert write(torch, force=True) == []
    assert own.read_text() == "# not generated\n"


def test_a_long_comment_at_the_head_of_a_task_is_wrapped(tmp_path: Path) -> None:
    source = tmp_path / "long.stripe"
    remark = "Push it about, and " + "do not let the pole fall, " * 12 + 'for """\\ is no end.'
    source.write_text(f'import "{CARTPOLE}" as base\n# {remark}\ntask Long extends base.Cartpole {{}}\n')
    (files,), diagnostics = compile_file(source, tmp_path / "out")
    assert not diagnostics
    for path in ("__init__.py", "env.py", "env_cfg.py", "env_warp.py"):
        tree = ast.parse(files.files[path])
        holders = [node for node in [tree, *tree.body] if isinstance(node, ast.Module | ast.ClassDef)]
        said = [ast.get_docstring(node) or "" for node in holders]
        assert any(" ".join(text.split()).startswith("Push it about") for text in said), path
        assert max(map(len, files.files[path].split("\n"))) <= 120, path
