"""Diagnostics for programs: JSON and GitHub annotations."""

from __future__ import annotations

import json
import re
import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from stripe_dsl.diagnostics import Annotation, Diagnostic, render_github, render_json
from stripe_dsl.source import SourceFile, Span

SOURCE = SourceFile("tasks/a.stripe", "robot r {\n  joint a\n  joint a\n}\n")
TWICE = Diagnostic(
    "E0202",
    "joint a is defined twice",
    Span(SOURCE, 28, 29),
    "again",
    ("rename one",),
    (Annotation(Span(SOURCE, 18, 19), "first"),),
)


def test_json_has_every_field() -> None:
    assert json.loads(render_json.render([TWICE])) == [
        {
            "code": "E0202",
            "title": "defined twice",
            "severity": "error",
            "message": "joint a is defined twice",
            "file": "tasks/a.stripe",
            "start": {"line": 3, "column": 9},
            "end": {"line": 3, "column": 10},
            "label": "again",
            "helps": ["rename one"],
            "notes": [
                {
                    "message": "first",
                    "file": "tasks/a.stripe",
                    "start": {"line": 2, "column": 9},
                    "end": {"line": 2, "column": 10},
                }
            ],
        }
    ]


def test_json_without_a_place_and_of_nothing() -> None:
    (item,) = json.loads(render_json.render([Diagnostic("W0005", "m")]))
    assert (item["severity"], item["file"], item["start"], item["end"]) == ("warning", None, None, None)
    assert json.loads(render_json.render([])) == []


def test_json_keeps_source_order_and_shows_all() -> None:
    items = [Diagnostic("E0101", f"m{n}", Span(SOURCE, n, n)) for n in reversed(range(30))]
    assert [item["message"] for item in json.loads(render_json.render(items))] == [f"m{n}" for n in range(30)]


def test_github_annotation() -> None:
    assert render_github.render([TWICE]) == (
        "::error file=tasks/a.stripe,line=3,col=9,endColumn=10,title=E0202::"
        "joint a is defined twice (again)%0Ahelp: rename one"
    )


def test_github_several_lines_have_no_columns_and_no_place_has_no_file() -> None:
    wide = Diagnostic("W0008", "no timeout", Span(SOURCE, 0, len(SOURCE.text) - 1))
    assert render_github.render([wide]) == "::warning file=tasks/a.stripe,line=1,endLine=4,title=W0008::no timeout"
    assert render_github.render([Diagnostic("E0221", "50 % of it")]) == "::error title=E0221::50 %25 of it"


@given(st.text(max_size=30), st.text(max_size=30))
def test_github_text_cannot_break_out_of_its_line(name: str, message: str) -> None:
    line = render_github.render([Diagnostic("E0101", message, Span(SourceFile(name, "x"), 0, 1))])
    match = re.fullmatch(r"::error file=([^,:\r\n]*),line=1,col=1,endColumn=2,title=E0101::([^\r\n]*)", line)
    assert match is not None

    def unescape(text: str) -> str:
        return re.sub(r"%(0D|0A|3A|2C|25)", lambda found: chr(int(found[1], 16)), text)

    assert unescape(match[1]) == name
    assert unescape(match[2]) == message


def test_nothing_heavy_is_imported_to_report_a_mistake() -> None:
    code = (
        "import sys; import stripe_dsl.units, stripe_dsl.diagnostics.text, stripe_dsl.diagnostics.render_github;"
        "print(*sorted({'rich', 'numpy', 'pydantic', 'typer', 'lark', 'pxr', 'difflib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
