"""The formatter changes the layout and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stripe_dsl.source import SourceFile
from stripe_dsl.syntax.ast import Statement
from stripe_dsl.syntax.format import format_source
from stripe_dsl.syntax.parser import parse_file
from stripe_dsl.syntax.unparse import unparse_statement
from syntax.dump import dump_text
from syntax.strategies import damaged, files

DATA = sorted((Path(__file__).parent / "data").glob("*.stripe"))
TEXTS = [file.read_text() for file in DATA]


def comments(text: str) -> list[str]:
    """The comments of a text, in order."""
    found = re.findall(r'"(?:[^"\\\n]|\\.)*"|(?:color +)(#[0-9A-Fa-f]{6}\b)|(#[^\n]*)', text)
    return [comment.rstrip() for _, comment in found if comment]


def check(text: str) -> None:
    once = format_source(text)
    assert dump_text(once) == dump_text(text)
    assert format_source(once) == once
    assert comments(once) == comments(text)


@pytest.mark.parametrize("text", TEXTS, ids=[file.stem for file in DATA])
def test_golden(text: str) -> None:
    check(text)


@given(files(), st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_random_files(tree: Statement, random: object) -> None:
    text = unparse_statement(tree)
    check(text)
    check(_loosen(text, random))


def _loosen(text: str, random: object) -> str:
    """Puts blanks, line ends and comments where they change nothing."""
    out = []
    for line in text.split("\n"):
        choice = random.random()  # type: ignore[attr-defined]
        if choice < 0.15:
            out.append("   # a comment")
        elif choice < 0.3:
            out += ["", "  ", ""]
        spaced = re.sub(r" (?=[=+*])", "   ", line) if '"' not in line else line
        out.append("\t" + spaced + ("  # behind" if choice > 0.8 else " ;" if choice > 0.6 else ""))
    return "\n".join(out).replace("} ;", "}")


@given(damaged(TEXTS))
@settings(max_examples=150, deadline=None)
def test_damaged_files(text: str) -> None:
    once = format_source(text)
    if parse_file(SourceFile("test", text))[1]:
        assert once == text.replace("\r\n", "\n").replace("\r", "\n")
    else:
        check(text)


@pytest.mark.parametrize(
    ("text", "formatted"),
    [
        ("", ""),
        ("\n\n# only\n\n\n# comments  \n", "# only\n\n# comments\n"),
        ("task T{sim{physics 120Hz;control   60 Hz}}", "task T { sim { physics 120 Hz; control 60 Hz } }\n"),
        ("robot r{ }", "robot r { }\n"),
        ("robot r {\n\n\n  a 1\n\n\n\n  b 2\n\n}", "robot r {\n  a 1\n\n  b 2\n}\n"),
        ("robot r { a 1\n b 2 }", "robot r {\n  a 1\n  b 2\n}\n"),
        ("robot r {\n a 1; b 2 }", "robot r {\n  a 1; b 2\n}\n"),
        ("robot r { # why\n a 1 # one\n # last\n}", "robot r {  # why\n  a 1  # one\n  # last\n}\n"),
        ("robot r {\n x  -1 .. 1m/s\n}", "robot r {\n  x -1..1 m/s\n}\n"),
        ("robot r {\n x 1\n longer  2\n}", "robot r {\n  x      1\n  longer 2\n}\n"),
        ("robot r {\n x 1\n longer 2\n}", "robot r {\n  x 1\n  longer 2\n}\n"),
        ("task T { reset { a.b=default+( -1..1 m )\n c+=-x } }",
         "task T {\n  reset {\n    a.b = default + (-1..1 m)\n    c   += -x\n  }\n}\n"),
        ("task T { reward once {\n a=1*b\n long=-0.25*|c|\n} }",
         "task T {\n  reward once {\n    a    =  1    * b\n    long = -0.25 * |c|\n  }\n}\n"),
        ("task T { observe p {\n a noise +-1\n b\n a.b noise +-2 m clip -1..1\n} }",
         "task T {\n  observe p {\n    a    noise +-1\n    b\n    a.b  noise +-2 m clip -1..1\n  }\n}\n"),
        ("task T { reset { a = f(1, # one\n 2\n) } }",
         "task T {\n  reset {\n    a = f(1,  # one\n        2\n    )\n  }\n}\n"),
    ],
)  # fmt: skip
def test_layout(text: str, formatted: str) -> None:
    assert format_source(text) == formatted
    assert format_source(formatted) == formatted


def test_long_line_is_broken_at_its_block() -> None:
    text = "task T { train ppo { " + "; ".join(f"key{i} 128 128 128" for i in range(8)) + " } }"
    formatted = format_source(text)
    assert formatted.splitlines()[:3] == ["task T {", "  train ppo {", "    key0 128 128 128"]
    check(text)


def test_mistakes_come_back() -> None:
    text = "task  T { reword { } }"
    assert format_source(text) == text


def test_functions() -> None:
    text = (
        "fn near( x:number [m],w : number [m or m/s]=1 m)=exp(-x^2/w^2)\n"
        "fn f()=1;fn ff(v:vec3@body [m])=|v|\n"
        "fn long(\nx,\n  y,\n) =\nx+y\n"
    )
    assert format_source(text) == (
        "fn near(x: number [m], w: number [m or m/s] = 1 m) = exp(-x^2 / w^2)\n"
        "fn f() = 1; fn ff(v: vec3@body [m]) = |v|\n"
        "fn long(\n    x,\n    y,\n) =\n    x + y\n"
    )
