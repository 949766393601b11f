"""How a diagnostic looks. The wanted text stands here; properties say what holds for every text and span."""

from __future__ import annotations

import re
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from stripe_dsl.diagnostics import Annotation, Diagnostic
from stripe_dsl.diagnostics.text import MAX_COLUMNS, render, render_all, shown, summary
from stripe_dsl.source import SourceFile, Span

GO2 = SourceFile(
    "examples/go2.stripe",
    "\n" * 28 + 'robot go2 {\n  usd "go2.usd"\n  joint ankles = ".*_foot_joint"\n  joint ankles = "a"\n}\n',
)


def span_of(source: SourceFile, text: str, nth: int = 0) -> Span:
    start = -1
    for _ in range(nth + 1):
        start = source.text.index(text, start + 1)
    return Span(source, start, start + len(text))


def plain(diagnostic: Diagnostic) -> str:
    return render(diagnostic, color=False) + "\n"


def test_one_place_with_help() -> None:
    item = Diagnostic(
        "E0203",
        'no joint matches ".*_foot_joint" on robot go2',
        span_of(GO2, '".*_foot_joint"'),
        "matches 0 of 12 joints",
        ('did you mean ".*_calf_joint"? it matches 4',),
    )
    assert (
        plain(item)
        == """\
error[E0203]: no joint matches ".*_foot_joint" on robot go2
  --> examples/go2.stripe:31:18
   |
31 |   joint ankles = ".*_foot_joint"
   |                  ^^^^^^^^^^^^^^^ matches 0 of 12 joints
   |
   = help: did you mean ".*_calf_joint"? it matches 4
   = note: stripec explain E0203
"""
    )


def test_a_second_place_in_the_same_file() -> None:
    item = Diagnostic(
        "E0202",
        "joint ankles is defined twice",
        span_of(GO2, "ankles", 1),
        "again here",
        notes=(Annotation(span_of(GO2, "ankles"), "first defined here"),),
    )
    assert (
        plain(item)
        == """\
error[E0202]: joint ankles is defined twice
  --> examples/go2.stripe:32:9
   |
31 |   joint ankles = ".*_foot_joint"
   |         ------ first defined here
32 |   joint ankles = "a"
   |         ^^^^^^ again here
   |
   = note: stripec explain E0202
"""
    )


def test_places_far_apart_and_on_one_line() -> None:
    source = SourceFile("a.stripe", "robot r {\n  one\n  two\n  three\n  slider.pos + pole.pos\n}")
    item = Diagnostic(
        "E0401",
        "cannot add m and rad",
        span_of(source, "+"),
        "",
        notes=(
            Annotation(span_of(source, "slider.pos"), "this is m"),
            Annotation(span_of(source, "pole.pos"), "this is rad"),
            Annotation(span_of(source, "r {"), "of this robot"),
        ),
    )
    assert (
        plain(item)
        == """\
error[E0401]: cannot add m and rad
 --> a.stripe:5:14
  |
1 | robot r {
  |       --- of this robot
...
5 |   slider.pos + pole.pos
  |              ^
  |   ---------- this is m
  |                -------- this is rad
  |
  = note: stripec explain E0401
"""
    )


def test_one_line_between_two_places_is_shown_instead_of_dots() -> None:
    source = SourceFile("a.stripe", "first\nmiddle\nlast\n")
    item = Diagnostic("E0202", "twice", span_of(source, "last"), notes=(Annotation(span_of(source, "first")),))
    assert "1 | first\n  | -----\n2 | middle\n3 | last\n  | ^^^^\n" in plain(item)


def test_a_second_file() -> None:
    other = SourceFile("robots/go2.stripe", "robot go2 {\n}\n")
    item = Diagnostic(
        "W0002",
        "go2 hides an imported name",
        span_of(GO2, "go2"),
        notes=(Annotation(span_of(other, "go2"), "the other one"),),
    )
    assert (
        plain(item)
        == """\
warning[W0002]: go2 hides an imported name
  --> examples/go2.stripe:29:7
   |
29 | robot go2 {
   |       ^^^
  ::: robots/go2.stripe:1:7
   |
 1 | robot go2 {
   |       --- the other one
   |
   = note: stripec explain W0002
"""
    )


def test_no_place_at_all_and_help_of_two_lines() -> None:
    item = Diagnostic("E0216", "no parameter 'dnsity'", helps=("did you mean 'density'?\nthe task has: density, seed",))
    assert (
        plain(item)
        == """\
error[E0216]: no parameter 'dnsity'
  = help: did you mean 'density'?
          the task has: density, seed
  = note: stripec explain E0216
"""
    )


def test_several_lines() -> None:
    source = SourceFile("a.stripe", "sim {\n  physics 1 Hz\n\n  x\n}\nafter\n")
    item = Diagnostic("E0214", "sim lacks episode", Span(source, 0, 27), "add it here")
    assert (
        plain(item)
        == """\
error[E0214]: sim lacks episode
 --> a.stripe:1:1
  |
1 | sim {
  | ^^^^^
...
5 | }
  | ^ add it here
  |
  = note: stripec explain E0214
"""
    )
    short = Diagnostic("E0214", "m", Span(source, 8, 25), "here")
    assert "2 |   physics 1 Hz\n  |   ^^^^^^^^^^^^\n3 |\n4 |   x\n  |   ^ here\n" in plain(short)


def test_the_end_of_the_file_gets_a_caret() -> None:
    source = SourceFile("a.stripe", "robot r {\n")
    place = Span(source, len(source.text), len(source.text))
    assert " --> a.stripe:2:1\n  |\n2 |\n  | ^ expected }\n" in plain(Diagnostic("E0102", "m", place, "expected }"))
    after = Span(source, 9, 10)  # the line end itself
    assert "1 | robot r {\n  |          ^\n" in plain(Diagnostic("E0103", "m", after))
    empty = SourceFile("e.stripe", "")
    assert "1 |\n  | ^\n" in plain(Diagnostic("E0101", "m", Span(empty, 0, 0)))


def test_tabs_and_wide_characters_keep_the_carets_in_place() -> None:
    source = SourceFile("a.stripe", '\tname = "森林"\tand\n')
    text = plain(Diagnostic("E0101", "m", span_of(source, "and"), "here"))
    # 4 + `name = "` is 12 columns, the two characters take 4, the quote is column 16, the tab goes on to 20
    assert '1 |     name = "森林"   and\n  | ' + " " * 20 + "^^^ here\n" in text
    inner = plain(Diagnostic("E0101", "m", span_of(source, "林")))
    assert "  | " + " " * 14 + "^^\n" in inner


def test_text_cannot_steer_the_terminal() -> None:
    source = SourceFile("a\x1b[2J.stripe", 'usd "\x1b[31mred\u202e"\n')
    text = render(
        Diagnostic("E0601", "no \x1b[0m file", span_of(source, "red"), "\x1b[5m", helps=("try \x07",)), color=False
    )
    assert not any(unicodedata.category(char) in ("Cc", "Cf") for char in text.replace("\n", ""))


def test_a_very_long_line_shows_the_part_that_matters() -> None:
    source = SourceFile("a.stripe", "x" * 400 + "BAD" + "y" * 400)
    rows = plain(Diagnostic("E0101", "m", span_of(source, "BAD"), "here")).splitlines()
    assert rows[3].startswith("1 | …xxx") and rows[3].endswith("yyy…") and len(rows[3]) <= MAX_COLUMNS + 4
    assert rows[4].index("^^^") == rows[3].index("BAD")


def test_color_paints_and_changes_nothing_else() -> None:
    for code in ("E0203", "W0001"):
        item = Diagnostic(
            code, "message", span_of(GO2, "usd"), "label", ("help",), (Annotation(span_of(GO2, "go2"), "note"),)
        )
        painted = render(item, color=True)
        assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == render(item, color=False)
        assert painted.startswith("\x1b[1;31merror" if code == "E0203" else "\x1b[1;33mwarning")


def test_the_summary_counts() -> None:
    error, warning = Diagnostic("E0203", "a"), Diagnostic("W0001", "b")
    assert summary([error, warning, Diagnostic("E0204", "c")]) == "2 errors, 1 warning"
    assert summary([warning]) == "1 warning"
    assert summary([]) == "no errors"
    assert summary([error, error]) == "1 error", "the same diagnostic twice is one"


def test_all_errors_in_source_order_then_the_rest_is_counted() -> None:
    source = SourceFile("a.stripe", "\n" * 40)
    items = [Diagnostic("E0101", f"number {n}", Span(source, n, n)) for n in range(33)]
    warnings = [Diagnostic("W0001", "early warning", Span(source, 0, 0))]
    text = render_all([*reversed(items), *warnings], color=False)
    assert re.findall(r"number (\d+)", text) == [str(n) for n in range(20)]
    assert "early warning" not in text, "warnings give way to errors"
    assert text.endswith("\n\n… and 14 more\n\n33 errors, 1 warning")
    chosen, hidden = shown([*items[:3], *warnings])
    assert [item.code for item in chosen] == ["E0101", "W0001", "E0101", "E0101"] and hidden == 0
    assert render_all([], color=False) == ""


SOURCES = st.text(alphabet=st.sampled_from("ab {}=\t\n森é"), max_size=80)


@st.composite
def places(draw: st.DrawFn) -> Span:
    text = draw(SOURCES)
    start = draw(st.integers(0, len(text)))
    return Span(SourceFile("f", text), start, draw(st.integers(start, len(text))))


def columns_of(line: str) -> tuple[str, list[int]]:
    """An independent account of display columns: every character padded to the columns that it takes."""
    grid, where = "", []
    for char in line:
        where.append(len(grid))
        grid += " " * (4 - len(grid) % 4) if char == "\t" else char + "\0" * (unicodedata.east_asian_width(char) == "W")
    return grid, [*where, len(grid)]


@given(places())
def test_carets_lie_exactly_under_the_span(span: Span) -> None:
    rows = render(Diagnostic("E0101", "m", span, ""), color=False).splitlines()
    width = max(len(match[1]) for row in rows if (match := re.match(r" *(\d+) \|", row)))
    source = span.source
    number, marked = 0, {}
    for row in rows[3:]:
        if match := re.match(r" *(\d+) \|", row):
            number = int(match[1])
            shown_line = row[width + 3 :]
            assert shown_line == columns_of(source.line(number))[0].replace("\0", "").rstrip()
        elif "^" in row:
            body = row[width + 3 :]
            marked[number] = {column for column, char in enumerate(body) if char == "^"}
    wanted: dict[int, set[int]] = {}
    several = "\n" in span.text.rstrip()
    for offset in range(span.start, span.end):
        line, column = source.position(offset)
        text = source.line(line)
        if source.text[offset] == "\n" or (line > span.line and not several):
            continue
        if several and (not text[column - 1 :].strip() or (line > span.line and not text[:column].strip())):
            continue  # indentation and trailing blanks of a span of several lines
        _, where = columns_of(text)
        wanted.setdefault(line, set()).update(range(where[column - 1], where[column]))
    for line, carets in marked.items():
        if line in wanted:
            assert carets == wanted[line]
        else:  # a place between characters, or a line end
            assert len(carets) == 1
            assert carets == {columns_of(source.line(line))[1][span.column - 1]}
    left_out = {line for line in wanted if span.line + 3 < max(wanted) and line not in (span.line, max(wanted))}
    assert set(wanted) - left_out <= set(marked), "all of it is underlined; of a long span the first and the last line"


@given(places())
def test_the_label_is_always_shown(span: Span) -> None:
    assert render(Diagnostic("E0101", "m", span, "LABEL"), color=False).count("LABEL") == 1


@given(places(), st.text(max_size=20), st.text(max_size=20))
def test_without_color_there_is_no_escape(span: Span, message: str, label: str) -> None:
    item = Diagnostic("E0101", message, span, label, (message,), (Annotation(span, label),))
    assert "\x1b" not in render(item, color=False)
