"""How texts are read, and where their characters are."""

from __future__ import annotations

from pathlib import Path

from stripe_dsl.source import Span, read_source


def test_a_byte_order_mark_and_windows_line_ends_are_no_text(tmp_path: Path) -> None:
    file = tmp_path / "a.stripe"
    file.write_bytes(b"\xef\xbb\xbfrobot a {\r\n}\r\n")
    assert read_source(file).text == "robot a {\n}\n"


def test_a_span_knows_its_line_and_column(tmp_path: Path) -> None:
    file = tmp_path / "a.stripe"
    file.write_text("one\ntwo three\n")
    source = read_source(file)
    span = Span(source, 8, 13)
    assert (span.text, span.line, span.column) == ("three", 2, 5)
