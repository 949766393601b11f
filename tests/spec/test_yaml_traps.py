"""YAML's own surprises: what it would make of a value, and files that are no YAML."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from marked import check, yaml_document

from stripe_dsl.spec.values import Expression
from stripe_dsl.syntax import ast


def params(text: str) -> dict[str, Expression]:
    document, diagnostics = yaml_document(f"param: {text}")
    assert diagnostics == []
    return {str(name): value for name, value in document.param.items()}


def test_words_stay_words() -> None:
    """The Norway problem: ``no``, ``on`` and ``y`` are names like any other, as keys and as values."""
    found = params("{no: yes, on: off, y: n, Null_: no}")
    assert {name: value.node.id for name, value in found.items()} == {  # type: ignore[attr-defined]
        "no": "yes", "on": "off", "y": "n", "Null_": "no",
    }  # fmt: skip


def test_numbers_are_those_of_the_language() -> None:
    """Not octal, and a date is no date."""
    found = params("{a: 010, b: 16, c: 1e3, d: 2001-01-01}")
    assert [found[name].node.value for name in "abc"] == [10.0, 16.0, 1000.0]  # type: ignore[attr-defined]
    assert isinstance(found["d"].node, ast.Binary)


def test_sexagesimal_is_no_number() -> None:
    check("param: {a: 1«:»30, b: «1_000», c: «0x10»}", "E0107", "E0106", "E0106")


def test_booleans() -> None:
    document, diagnostics = yaml_document(
        "task: {A: {terminate: {timeout: true, fallen: , off: 'true'}}}\n"
        "robot: {a: {actuator: {x: {implicit: true}, y: {implicit}, z: {implicit: false}}}}"
    )
    assert diagnostics == []
    (task,) = document.task.values()
    assert [value.node.id for value in task.terminate.values()] == ["true"] * 3  # type: ignore[attr-defined]
    (robot,) = document.robot.values()
    assert [actuator.implicit for actuator in robot.actuator.values()] == [True, True, False]


def test_yes_is_not_true() -> None:
    check("robot: {a: {self_collision: «yes»}}", "E0309")
    check("robot: {a: {self_collision: «True»}}", "E0309")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: |«s»lider.pos| > 3 m\n", "a value that begins with `|` or `>` is a block of text in YAML"),
        ("a:\n«\t»b: 1\n", "a tab cannot indent YAML"),
        ("a: b«:» c\n", "this `:` stands where no value can begin"),
        ("a: 1\n b«:» 2\n", "this `:` stands where no value can begin"),
        ("a: [1, t«[»b]]\n", "`,` or `]` is missing here"),
        ("a: {b: 1\nc«:» 2\n", "`,` or `}` is missing here"),
        ("a: [1, 2«»\n", "`,` or `]` is missing here"),
        ('a: "x\nb: 1«»\n', "a quoted text is not closed"),
        ("a: «@»x\n", "a value cannot begin with this character"),
        ("a: «`»x`\n", "a value cannot begin with this character"),
        ("a: «%»x\n", "a value cannot begin with this character"),
        ('a: "\\«d»"\n', "this escape is unknown between double quotes"),
        ("a: 'x' «y»\n", "a quoted value goes on after its quotes"),
        ("- a\n«b»: 1\n", "this line fits no block above it"),
        ("a:\n  - b\n «c»: 1\n", "this line fits no block above it"),
        ("a: «-» b\n", "a list with `-` begins on a line of its own"),
        ("a: *x«*»2\n", "`*` and `&` mark repeated values in YAML"),
        ("{a: 1}«}»\n", "nothing can follow here"),
        ("a: b«\x00»c\n", "the character U+0000 may not stand in YAML"),
        ("a: «\ud800»\n", "the character U+D800 may not stand in YAML"),
    ],
)
def test_malformed(text: str, message: str) -> None:
    (item,) = check(text, "E0109")
    assert item.message == message


def test_help_shows_the_quoted_value() -> None:
    (item,) = check("task:\n  A:\n    terminate:\n      off: |«s»lider.pos| > 3 m\n", "E0109")
    assert item.helps == ("put the value in quotes: `'|slider.pos| > 3 m'`",)


def test_what_is_not_closed_is_shown() -> None:
    (item,) = check('param: {}\ntask: "x\n\nb: 1«»', "E0109")
    assert [(note.span.line, note.span.text) for note in item.notes] == [(2, '"')]


def test_second_document() -> None:
    check("param: {a: 1}\n«---»\nparam: {b: 1}\n", "E0109")


@pytest.mark.parametrize("text", ["", "\n", "# nothing\n", "---\n", "~\n", "param:\n", "{}"])
def test_empty(text: str) -> None:
    document, diagnostics = yaml_document(text)
    assert diagnostics == []
    assert document.param == {}
    assert document.task == {}


def test_commas_inside_brackets() -> None:
    """YAML takes ``(0, 0, 2)`` apart between braces; one diagnostic says so, and nothing follows from it."""
    (item,) = check("robot: {a: {spawn: {at: «(0, 0, 2) m», facing: yaw}}}", "E0109")
    assert item.helps == ('put the value in quotes: `"(0, 0, 2) m"`',)
    check("task: {A: {observe: {policy: [«max(a, b)», c]}}}", "E0109")


def test_commas_between_braces_only() -> None:
    document, diagnostics = yaml_document("robot:\n  a:\n    spawn:\n      at: (0, 0, 2) m\n")
    assert diagnostics == []
    (robot,) = document.robot.values()
    assert robot.spawn is not None
    assert isinstance(robot.spawn.at, Expression)
    assert isinstance(robot.spawn.at.node, ast.Tuple)


# ---- aliases and tags


def test_aliases_repeat_values() -> None:
    document, diagnostics = yaml_document(
        "task:\n  A: {let: &lets {v: 1 m, w: 2 m}}\n  B: {let: *lets}\n  C: {let: {<<: *lets, v: 3 m}}\n"
    )
    assert diagnostics == []
    lets = [
        {str(name): value.node.value for name, value in task.let.items()}  # type: ignore[attr-defined]
        for task in document.task.values()
    ]
    assert lets == [{"v": 1.0, "w": 2.0}, {"v": 1.0, "w": 2.0}, {"v": 3.0, "w": 2.0}]


def test_merging_several_keeps_the_first() -> None:
    document, diagnostics = yaml_document(
        "task:\n  A: {let: &a {v: 1}}\n  B: {let: &b {v: 2, w: 2}}\n  C: {let: {<<: [*a, *b]}}\n"
    )
    assert diagnostics == []
    lets = list(document.task.values())[2].let
    assert {str(name): value.node.value for name, value in lets.items()} == {"v": 1.0, "w": 2.0}  # type: ignore[attr-defined]


def test_mistakes_in_a_repeated_value_are_reported_once() -> None:
    check("task:\n  A: {let: &lets {v: 1 + «$»}}\n  B: {let: *lets}\n", "E0107")


def test_wrong_aliases() -> None:
    check("param: {a: «*nothing»}", "E0109")
    check("task: {A: {let: {<<: «3»}}}", "E0309")


def test_alias_inside_its_own_value() -> None:
    check("task: &x {A: {let: «*x»}}", "E0109")


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("param: {a: «!!int» 3}", ["E0109"]),
        ("param: {a: «!mine» 3}", ["E0109"]),
        ("param: {a: &x «!!str» 3}", ["E0109"]),
        ("param: «!!map» {a: 3}", ["E0109"]),
        ('param: {a: «!!python/object/apply:os.system» «["true"]»}', ["E0109", "E0309"]),
    ],
)
def test_tags_are_refused(text: str, codes: list[str]) -> None:
    check(text, *codes)


def test_nothing_is_constructed(tmp_path: Path) -> None:
    target = tmp_path / "made"
    _, diagnostics = yaml_document(f'param: {{a: !!python/object/apply:os.mkdir ["{target}"]}}')
    assert [item.code for item in diagnostics] == ["E0109", "E0309"]
    assert not target.exists()


def laughs(levels: int, width: int) -> str:
    lines = ["task:", "  A0: &a0 {let: {v: 1 + $}}"]
    maps = [f"  A{level}: &a{level} {{<<: [{', '.join([f'*a{level - 1}'] * width)}]}}" for level in range(1, levels)]
    return "\n".join(lines + maps) + "\n"


def test_a_billion_laughs_end() -> None:
    start = time.perf_counter()
    _, diagnostics = yaml_document(laughs(12, 10))
    assert time.perf_counter() - start < 2
    assert "E0109" in [item.code for item in diagnostics]
    assert any(item.message == "aliases repeat their values too often" for item in diagnostics)


def test_a_billion_laughs_in_lists_end() -> None:
    items = "\n".join(f"  - &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 20))
    start = time.perf_counter()
    _, diagnostics = yaml_document(f"x:\n  - &l0 [lol]\n{items}\nparam: {{a: *l19}}\n")
    assert time.perf_counter() - start < 2
    assert [item.code for item in diagnostics] == ["E0206", "E0309"]


def test_deep_nesting_ends() -> None:
    start = time.perf_counter()
    check("a: " + "[" * 99 + "«[»" + "[" * 5000 + "]" * 5100, "E0109")
    check("{a: " * 100 + "«[»" + "[" * 5000, "E0109")
    assert time.perf_counter() - start < 2


def test_pyyaml_is_not_imported_for_stripe_files() -> None:
    code = "import sys, stripe_dsl.spec.modules, stripe_dsl.spec.read, stripe_dsl.spec.yaml\n"
    code += "sys.exit('yaml' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
