"""Unparsed trees parse to themselves, with no parentheses to spare."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from stripe_dsl.source import SourceFile
from stripe_dsl.syntax.ast import Expr, Statement
from stripe_dsl.syntax.parser import parse_expression, parse_file, parse_item
from stripe_dsl.syntax.unparse import number_text, quote, unparse, unparse_statement
from syntax.dump import dump, dump_statement, dump_text
from syntax.strategies import definitions, expressions, files, lines


def expression(text: str) -> Expr:
    tree, diagnostics = parse_expression(SourceFile("test", text), 0, len(text))
    assert diagnostics == [], (text, diagnostics)
    return tree


@given(expressions)
@settings(max_examples=150, deadline=None)
def test_expression_round_trip(tree: Expr) -> None:
    text = unparse(tree)
    assert dump(expression(text)) == dump(tree), text


@given(lines | definitions)
@settings(max_examples=80, deadline=None)
def test_line_round_trip(tree: Statement) -> None:
    text = unparse_statement(tree)
    found, diagnostics = parse_item(SourceFile("test", text), 0, len(text))
    assert diagnostics == [], text
    assert dump_statement(found) == dump_statement(tree), text


@given(files())
@settings(max_examples=60, deadline=None)
def test_file_round_trip(tree: Statement) -> None:
    text = unparse_statement(tree)
    assert dump_text(text) == "".join(f"{line}\n" for line in dump_statement(tree)), text


@pytest.mark.parametrize(
    "text",
    [
        "1.5 * exp(-|goal.xy - v.xy|^2 / (0.5 m/s)^2)",
        "a - (b - c)",
        "a - b - c",
        "(a + b) * c",
        "a * (b / c)",
        "-a^2",
        "(-a)^2",
        "(-2)^2",
        "2^-1",
        "a^b^c",
        "(a^b)^c",
        "not a and b or c",
        "not (a and b)",
        "1 * not failed",
        "1 * not (a > b)",
        "(a if b) + 1",
        "a if b else c if d",
        "(a..b)..c",
        "default + (-1..1 m)",
        "a + +-b",
        "(0, 0, 2) m",
        "(|a|).x",
        "((a, b) m).x",
        "||a| - |b||",
        "x where y > 2 m",
        'touch["a\\"\\\\b"].force@world',
        "{ xy +-0.5 m; yaw any }",
        "f(a, k = 2 %)",
        "[a, b][1]",
        "(a < b) < c",
    ],
)
def test_no_needless_parentheses(text: str) -> None:
    assert unparse(expression(text)) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.0, "1"), (0.5, "0.5"), (2.5e-7, "2.5e-7"), (1e22, "1e22"), (-3.0, "-3"), (4096.0, "4096"), (1e-05, "1e-5")],
)
def test_number_text(value: float, text: str) -> None:
    assert number_text(value) == text
    assert float(text) == value


def test_quote() -> None:
    assert quote('a"b\\c\nd') == '"a\\"b\\\\c\\nd"'


def test_statement_forms() -> None:
    text = """import "a.stripe" as a
task B extends a.A {
  robot go2 = robots.go2
  command goal = velocity {
    x -1..1 m/s
    heading any gain 0.5 /s
  }
  let v = base.lin_vel@body
  observe critic {
    policy without noise
    v noise +-0.1 m/s clip -1..1 m/s
  }
  reset {
    override a.b += 2 m
    slider.pos = default
  }
  scene {
    zone start = circle 6 m at spawn
    slope < 38 deg
    must slope < 38 deg
    moisture 0.16 +- 0.26
    pose {
      ".*_leg" 0 deg
    }
    friction 0.6..0.8 / 0.4..0.6
    near 2, +-1
  }
  curriculum {
    terrain level up if a > b, down if c
  }
  terminate { }
}"""
    statements, diagnostics = parse_file(SourceFile("test", text))
    assert diagnostics == []
    assert "\n".join(unparse_statement(item) for item in statements) == text


@pytest.mark.parametrize(
    "text",
    ["fn f() = 1", "fn near(x: number [m], w: vec3@body [m or m/s] = (1, 0, 0) m, other, n = 2) = x + n * |w|"],
)
def test_functions(text: str) -> None:
    (statement,), diagnostics = parse_file(SourceFile("test", text))
    assert diagnostics == []
    assert unparse_statement(statement) == text
