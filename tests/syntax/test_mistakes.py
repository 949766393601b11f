"""Every example in ``grammar/syntax_errors.toml`` is reported as the one mistake it is."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator

import pytest

from stripe_dsl.check.action_kinds import JOINT_ACTIONS, WRENCH_ACTIONS
from stripe_dsl.check.goals import RECIPES
from stripe_dsl.check.quantities import SENSORS
from stripe_dsl.diagnostics import Diagnostic
from stripe_dsl.source import SourceFile
from stripe_dsl.syntax.grammar import grammar_folder
from stripe_dsl.syntax.mistakes.common import KINDS
from stripe_dsl.syntax.parser import parse_file

MISTAKES = tomllib.loads((grammar_folder() / "syntax_errors.toml").read_text(encoding="utf-8"))["mistake"]
FRAMES = {
    "text": "{}",
    "body": "task T {{\n{}\n}}\n",
    "terms": "task T {{\n  reward per second {{\n{}\n  }}\n}}\n",
    "settings": "task T {{\n  sim {{\n{}\n  }}\n}}\n",
}


def examples() -> Iterator[object]:
    for mistake in MISTAKES:
        for kind, frame in FRAMES.items():
            for number, example in enumerate(mistake.get(kind, ())):
                yield pytest.param(mistake, frame.format(example), id=f"{mistake['what']}-{kind}{number}")


def parse(text: str) -> list[Diagnostic]:
    return parse_file(SourceFile("test.stripe", text))[1]


@pytest.mark.parametrize(("mistake", "marked"), list(examples()))
def test_example(mistake: dict[str, str], marked: str) -> None:
    start = marked.index("«")
    end = marked.index("»") - 1
    text = marked.replace("«", "").replace("»", "")
    diagnostics = parse(text)
    assert [(item.code, item.message) for item in diagnostics] == [(mistake["code"], mistake["message"])]
    (found,) = diagnostics
    assert found.span is not None
    assert (found.span.start, found.span.end) == (start, end)
    if "help" in mistake:
        assert mistake["help"] in found.helps


def test_the_kinds_of_what_is_defined_are_those_of_the_checks() -> None:
    assert set(KINDS["ACTION"]) == {*JOINT_ACTIONS, *WRENCH_ACTIONS, "ik"}
    assert set(KINDS["SENSOR"]) == set(SENSORS)
    assert set(KINDS["COMMAND"]) == set(RECIPES)
