"""Whatever the text, parsing ends with spans inside it, and the same way each time."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stripe_dsl.source import SourceFile
from stripe_dsl.syntax.ast import Broken
from stripe_dsl.syntax.parser import parse_expression, parse_file, parse_item
from syntax.strategies import damaged

DATA = sorted((Path(__file__).parent / "data").glob("*.stripe"))
TEXTS = [file.read_text() for file in DATA]


def check(text: str) -> int:
    source = SourceFile("test", text)
    statements, diagnostics = parse_file(source)
    places = []
    for item in diagnostics:
        assert item.code.startswith(("E01", "E0207"))
        assert item.message
        assert item.message[0] == item.message[0].lower()
        for span in (item.span, *(note.span for note in item.notes)):
            assert span is not None
            assert 0 <= span.start <= span.end <= len(text)
        assert item.span is not None
        places.append(item.span.start)
    assert places == sorted(places)
    for statement in statements:
        assert 0 <= statement.span.start <= statement.span.end <= len(text)
    return len(diagnostics)


@given(damaged(TEXTS))
@settings(max_examples=200, deadline=None)
def test_damaged_files(text: str) -> None:
    check(text)


@given(st.text(st.sampled_from(list('{}()[]|"#;\n,.=+-*/^<>@ 5eE_%$&!:\\étask reward if where 2 m'))))
@settings(max_examples=150, deadline=None)
def test_soup(text: str) -> None:
    check(text)
    source = SourceFile("test", text)
    for parse in (parse_expression, parse_item):
        node, diagnostics = parse(source, 0, len(text))
        assert 0 <= node.span.start <= node.span.end <= len(text)
        assert all(item.span is not None and item.span.end <= len(text) for item in diagnostics)


@pytest.mark.parametrize("text", TEXTS, ids=[file.stem for file in DATA])
def test_every_deleted_line_end_or_bracket(text: str) -> None:
    """Losing one bracket, brace or bar is one mistake: hardly ever more than one report."""
    places = [place for place, char in enumerate(text) if char in "(){}[]|" and not _in_comment(text, place)]
    counts = [check(text[:place] + text[place + 1 :]) for place in places]
    assert all(count > 0 for count in counts)
    assert sum(count > 1 for count in counts) <= len(counts) * 0.15, counts


def _in_comment(text: str, place: int) -> bool:
    return "#" in text[text.rfind("\n", 0, place) + 1 : place]


@pytest.mark.parametrize("text", TEXTS, ids=[file.stem for file in DATA])
def test_every_truncation(text: str) -> None:
    for place in range(0, len(text), 7):
        check(text[:place])


def test_several_mistakes_in_one_run() -> None:
    text = """task T {
  robt cartpole
  sim { physics 120 * 2; envs 1_000 }
  reward per second {
    a = 1 < 2 < 3
    b = exp(-x
    c = 2 metrs
    d = 3 *
    e = |x
    f = "abc
    good = 1
  }
  gizmo { x 1 }
}
"""
    source = SourceFile("test", text)
    statements, diagnostics = parse_file(source)
    found = [(item.span.line, item.code) for item in diagnostics if item.span is not None]
    assert found == [
        (2, "E0104"),
        (3, "E0101"),
        (3, "E0106"),
        (5, "E0101"),
        (6, "E0102"),
        (7, "E0108"),
        (8, "E0110"),
        (9, "E0111"),
        (10, "E0105"),
        (13, "E0207"),
    ]
    assert statements[0].body is not None
    reward = statements[0].body[2]
    assert reward.body is not None
    assert [item.key for item in reward.body] == ["a", "b", "c", "d", "e", "f", "good"]


@pytest.mark.parametrize(
    "text",
    ["(" * 3000 + "a" + ")" * 3000, "-" * 3000 + "a", "|" * 3000, "a" + " + a" * 3000, "a" + ".a" * 3000, "f(" * 3000],
    ids=lambda text: text[:3],
)
def test_deep_nesting_is_a_mistake(text: str) -> None:
    node, diagnostics = parse_expression(SourceFile("test", text), 0, len(text))
    assert "deeply" in diagnostics[0].message
    assert isinstance(node, Broken)
    check("task T { " * 300 + " }" * 300)


def test_long_is_not_deep() -> None:
    text = "[" + ", ".join(f"f({number}) + {number} m" for number in range(500)) + "]"
    assert parse_expression(SourceFile("test", text), 0, len(text))[1] == []


def test_a_text_of_mistakes_alone_is_given_up() -> None:
    """Each of them is told with what is around it: thousands would take a minute."""
    text = "task T {\n" + "  alive = = 3\n" * 150 + "}\n"
    assert check(text) == 101
    *_, last = parse_file(SourceFile("test", text))[1]
    assert last.message == "100 mistakes are enough: what follows is not read"
    assert check("task T {\n" + "  alive = = 3\n" * 45 + "}\n") == 90
