"""The documents say what is: tables come from the compiler, programs are checked, commands and tests exist."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from stripe_dsl.diagnostics.text import render_all
from stripe_dsl.pipeline import check_file
from tests.docs_tables import PAGE, with_tables

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"(?<! -->\n)^```(\w+)( \w+)?\n(.*?)^```$", re.M | re.S)
FILE = re.compile(r"^<!-- ([\w.]+)(?: \+)? -->\n```stripe\n(.*?)^```$", re.M | re.S)
"""A block that is a file of the page, or with a ``+`` more of one."""

AROUND = {
    "sim": "sim { physics 120 Hz; control 60 Hz; episode 16 s; envs 64 spaced 5 m }",
    "action": "action drive = effort(joints) scale 7.5 N*m",
    "observe policy": "observe policy { joints.pos }",
    "reward": "reward per second { alive = 1.0 * not failed }",
    "terminate": "terminate { timeout }",
}
"""What a part of a task needs beside it, unless the part has it itself."""


def programs(path: Path) -> list[tuple[str, str]]:
    """Language and text of the marked blocks of a document."""
    return [(f"{match[1]}{match[2] or ''}", match[3]) for match in BLOCK.finditer(path.read_text(encoding="utf-8"))]


PROGRAMS = [
    pytest.param(kind, text, id=f"{path.stem}-{number}")
    for path in DOCUMENTS
    for number, (kind, text) in enumerate(programs(path))
    if kind in ("stripe", "stripe task", "yaml")
]


def whole(kind: str, text: str) -> str:
    if kind != "stripe task":
        return text
    robot = (ROOT / "examples/ant.stripe").read_text().partition("task Ant")[0]
    rest = [line for key, line in AROUND.items() if not re.search(rf"^{key}\b", text, re.M)]
    return "\n".join([robot, "task Part {", "robot ant", *rest, text, "}"])


@pytest.mark.parametrize(("kind", "text"), PROGRAMS)
def test_programs_are_right(kind: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / ("page.stripe.yaml" if kind == "yaml" else "page.stripe")
    path.write_text(whole(kind, text), encoding="utf-8")
    (tmp_path / "robots.stripe").write_text("")
    found = [item for item in check_file(path).diagnostics if not item.code.startswith("W")]
    assert not found, render_all(found, color=False)


def test_there_are_programs() -> None:
    kinds = [param.values[0] for param in PROGRAMS]
    assert kinds.count("stripe") >= 3
    assert {"stripe task", "yaml"} <= set(kinds)


def test_tables_are_those_of_the_compiler() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text == with_tables(text), "bring the page up to date: python -m tests.docs_tables"


def test_the_readme_shows_the_real_example() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert (ROOT / "examples/cartpole.stripe").read_text() in readme


@pytest.mark.parametrize(
    ("example", "lines"),
    [("cartpole", 45), ("quadruped_walk", 120), ("quadruped_showcase", 120), ("forest_showcase", 10)],
)
def test_examples_are_as_short_as_promised(example: str, lines: int) -> None:
    assert len((ROOT / f"examples/{example}.stripe").read_text().splitlines()) <= lines


def test_the_readme_shows_real_code() -> None:
    python = [text for kind, text in programs(ROOT / "README.md") if kind == "python"]
    code = (ROOT / "generated/cartpole/env.py").read_text()
    assert python
    assert all(text in code for text in python)


@pytest.fixture
def tutorial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The page, with the files that it has one write in the working directory."""
    text = (ROOT / "docs/tutorial.md").read_text(encoding="utf-8")
    for name, part in FILE.findall(text):
        with (tmp_path / name).open("a", encoding="utf-8") as file:
            file.write(part)
    monkeypatch.chdir(tmp_path)
    return text


def test_the_files_of_the_tutorial_are_right(tutorial: str) -> None:
    assert sorted(path.name for path in Path().iterdir()) == ["balancer.stripe", "drive.stripe"]
    for path in Path().iterdir():
        found = check_file(path)
        assert not found.diagnostics, render_all(found.diagnostics, color=False)
    assert [program.name for program in check_file(Path("drive.stripe")).programs] == ["Drive", "Hills"]


def test_the_tutorial_shows_real_diagnostics(tutorial: str) -> None:
    text = Path("balancer.stripe").read_text()
    Path("balancer.stripe").write_text(text.replace('".*_wheel"', '".*_whel"').replace("pitch / 15 deg", "pitch / 15"))
    assert render_all(check_file(Path("balancer.stripe")).diagnostics, color=False).strip() in tutorial


def test_the_readme_shows_a_real_diagnostic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "examples/cartpole.stripe").read_text()
    monkeypatch.chdir(tmp_path)
    Path("cartpole.stripe").write_text(text.replace('"cart_to_pole"', '"cart_to_pol"').replace("> 3 m", "> 3"))
    shown = render_all(check_file(Path("cartpole.stripe")).diagnostics, color=False)
    assert shown.strip() in (ROOT / "README.md").read_text(encoding="utf-8")


def test_ci_runs_the_command_of_the_readme() -> None:
    commands = re.findall(r"^python -m pip install uv && .*$", (ROOT / "README.md").read_text(), re.M)
    assert len(commands) == 2
    assert f"'{commands[1]}'" in (ROOT / ".ci/run").read_text()


def test_features_name_tests_that_exist() -> None:
    text = (ROOT / "docs/features.md").read_text()
    rows = re.findall(r"^\| ([A-Z]\d\d) \|", text, re.M)
    assert len(rows) >= 30
    assert len(set(rows)) == len(rows), "row ids are unique"
    for test in re.findall(r"`(tests/[^`]+)`", text):
        file, _, function = test.partition("::")
        assert (ROOT / file).exists(), test
        if function:
            name = function.rpartition("::")[2]
            assert re.search(rf"^ *def {name}\(", (ROOT / file).read_text(), re.M), test


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", path.read_text(encoding="utf-8")):
        if not target.startswith("https://"):
            assert (path.parent / target).exists(), target


def test_the_schema_is_json() -> None:
    assert json.loads((ROOT / "docs/stripe.schema.json").read_text())["title"] == "Stripe"
