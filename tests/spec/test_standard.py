"""The standard library: found in the package, hidden by a file of one's own, written as people write."""

from __future__ import annotations

from pathlib import Path

import pytest

from stripe_dsl.diagnostics.text import render_all
from stripe_dsl.pipeline import check_file
from stripe_dsl.spec.modules import STANDARD, Loader
from stripe_dsl.syntax.format import format_source

FILES = sorted(STANDARD.glob("*.stripe"))


def loaded(path: Path, text: str) -> Loader:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    loader = Loader()
    loader.load(path)
    return loader


@pytest.mark.parametrize(
    ("name", "text"),
    [("a.stripe", 'import "std/rewards.stripe" as r\n'), ("a.stripe.yaml", "import: {r: std/rewards.stripe}\n")],
)
def test_found_in_the_package(name: str, text: str, tmp_path: Path) -> None:
    loader = loaded(tmp_path / "deep" / name, text)
    assert loader.diagnostics == []
    imported = loader.modules[(tmp_path / "deep" / name).resolve()].imports["r"]
    assert imported.source.path == STANDARD / "rewards.stripe"
    assert imported.source.name == imported.file_name == "std/rewards.stripe"
    assert "track_velocity" in imported.document.fn


def test_a_file_of_ones_own_comes_first(tmp_path: Path) -> None:
    (tmp_path / "std").mkdir()
    (tmp_path / "std/rewards.stripe").write_text("fn mine(x) = x\n")
    loader = loaded(tmp_path / "a.stripe", 'import "std/rewards.stripe" as r\n')
    assert list(loader.modules[tmp_path / "a.stripe"].imports["r"].document.fn) == ["mine"]


def test_other_paths_stay_with_the_file(tmp_path: Path) -> None:
    loader = loaded(
        tmp_path / "a.stripe", 'import "lib/std/rewards.stripe" as r\nimport "../std/rewards.stripe" as s\n'
    )
    assert [item.code for item in loader.diagnostics] == ["E0601", "E0601"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_files_are_right_and_formatted(path: Path) -> None:
    found = check_file(path).diagnostics
    assert not found, render_all(found, color=False)
    text = path.read_text(encoding="utf-8")
    assert format_source(text) == text


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_function_is_described(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").split("\n")
    assert lines[0].startswith("# ")
    for number, line in enumerate(lines):
        if line.startswith("fn "):
            assert lines[number - 1].startswith("# "), f"{path.name}:{number + 1} has no comment above it"
