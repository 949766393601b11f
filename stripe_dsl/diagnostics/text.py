"""Diagnostics for people: message, place, source line, carets, help. Colour is plain ANSI: nothing is imported for it.

A source line is shown as it is, except that tabs become spaces and characters that would move the cursor or turn the
text around are replaced; carets are placed by display columns, so wide characters keep them under the span.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from stripe_dsl.diagnostics.codes import CODES
from stripe_dsl.diagnostics.model import LIMIT, Diagnostic, Severity, sort_diagnostics
from stripe_dsl.source import SourceFile, Span

TAB = 4
MAX_COLUMNS = 140
_MAX_LINES = 4  # of one multi-line span; of a longer one the first and the last line are shown

_RESET = "\x1b[0m"
_BOLD = "\x1b[1m"
_BLUE = "\x1b[1;34m"
_CYAN = "\x1b[1;36m"
_SEVERITY_COLOR = {Severity.ERROR: "\x1b[1;31m", Severity.WARNING: "\x1b[1;33m"}


def render(diagnostic: Diagnostic, *, color: bool) -> str:
    """One diagnostic as a block of lines, without a line end after the last."""
    return "\n".join(_Renderer(diagnostic, color).lines())


def render_all(diagnostics: Iterable[Diagnostic], *, color: bool, limit: int = LIMIT) -> str:
    """All diagnostics in source order, at most ``limit`` of them in full, then the count; empty for none."""
    diagnostics = list(diagnostics)
    chosen, hidden = shown(diagnostics, limit)
    if not chosen:
        return ""
    blocks = [render(item, color=color) for item in chosen]
    if hidden:
        blocks.append(f"… and {hidden} more")
    blocks.append(summary(diagnostics))
    return "\n\n".join(blocks)


def shown(diagnostics: Iterable[Diagnostic], limit: int = LIMIT) -> tuple[list[Diagnostic], int]:
    """What to show in full, in source order, and how many are left. Warnings give way to errors."""
    every = sort_diagnostics(diagnostics)
    kept = sorted(range(len(every)), key=lambda i: (every[i].severity is not Severity.ERROR, i))[:limit]
    return [every[i] for i in sorted(kept)], len(every) - len(kept)


def summary(diagnostics: Iterable[Diagnostic]) -> str:
    """``2 errors, 1 warning``; ``no errors`` for none."""
    every = sort_diagnostics(diagnostics)
    counts = {severity: sum(item.severity is severity for item in every) for severity in Severity}
    parts = [f"{count} {severity}{'s' if count > 1 else ''}" for severity, count in counts.items() if count]
    return ", ".join(parts) or "no errors"


@dataclass(frozen=True, slots=True)
class _Cells:
    """A source line as it is displayed: text, and for every character offset (and the end) its display column."""

    text: str
    columns: list[int]


@dataclass(frozen=True, slots=True)
class _Mark:
    """An underline: the characters of ``span``, drawn with ``sign``."""

    span: Span
    label: str
    sign: str

    @property
    def first(self) -> int:
        return self.span.line

    @property
    def last(self) -> int:
        """The last line with something to underline: a span that ends with blank lines does not reach into them."""
        return self.span.source.position(self.span.start + max(0, len(self.span.text.rstrip()) - 1))[0]

    def lines(self) -> Iterator[int]:
        """Lines that show it."""
        if self.last - self.first < _MAX_LINES:
            yield from range(self.first, self.last + 1)
        else:
            yield from (self.first, self.last)

    def on(self, line: int) -> tuple[int, int] | None:
        """Character range within ``line``; of a span of several lines without indentation and trailing blanks.

        Equal ends are a place between characters, one caret wide. ``None`` where there is nothing to underline.
        """
        source = self.span.source
        text, start = source.line(line), source.line_starts[line - 1]
        low, high = self.span.start - start, min(self.span.end - start, len(text))
        if self.first == self.last:
            return low, max(low, high)
        if line > self.first:
            low = len(text) - len(text.lstrip())
        high = min(high, len(text.rstrip()))
        return (low, high) if high > low else None


class _Renderer:
    def __init__(self, diagnostic: Diagnostic, color: bool) -> None:
        self.diagnostic = diagnostic
        self.color = color
        self.accent = _SEVERITY_COLOR[diagnostic.severity]
        spans = [note.span for note in diagnostic.notes] + ([diagnostic.span] if diagnostic.span else [])
        self.width = max((len(str(_Mark(span, "", "^").last)) for span in spans), default=1)

    def paint(self, style: str, text: str) -> str:
        return f"{style}{text}{_RESET}" if self.color and text else text

    def lines(self) -> Iterator[str]:
        item = self.diagnostic
        message = " ".join(_visible(line) for line in item.message.splitlines())
        yield self.paint(self.accent, f"{item.severity}[{item.code}]") + self.paint(_BOLD, f": {message}")
        blocks = self.blocks()
        for index, (source, marks) in enumerate(blocks):
            arrow = self.paint(_BLUE, " " * self.width + ("-->" if index == 0 else ":::"))
            yield f"{arrow} {_visible(source.name)}:{':'.join(map(str, source.position(marks[0].span.start)))}"
            yield self.gutter()
            yield from self.snippet(source, marks)
        tail = [("help", text) for text in item.helps]
        if item.code in CODES:
            tail.append(("note", f"stripec explain {item.code}"))
        if tail and blocks:
            yield self.gutter()
        for word, text in tail:
            yield from self.tail(word, text)

    def tail(self, word: str, text: str) -> Iterator[str]:
        first, *rest = text.splitlines() or [""]
        yield f"{' ' * self.width} {self.paint(_BLUE, '=')} {self.paint(_CYAN, word)}: {_visible(first)}"
        for line in rest:
            yield f"{' ' * (self.width + len(word) + 5)}{_visible(line)}"

    def blocks(self) -> list[tuple[SourceFile, list[_Mark]]]:
        """Marks by file, the file of the diagnostic first and in it the mark of the diagnostic."""
        item = self.diagnostic
        marks = [_Mark(item.span, item.label, "^")] if item.span else []
        marks += [_Mark(note.span, note.message, "-") for note in item.notes]
        blocks: dict[tuple[str, str], tuple[SourceFile, list[_Mark]]] = {}
        for mark in marks:
            source = mark.span.source
            blocks.setdefault((source.name, source.text), (source, []))[1].append(mark)
        return list(blocks.values())

    def gutter(self, number: int | None = None) -> str:
        text = "" if number is None else str(number)
        return self.paint(_BLUE, f"{text:>{self.width}} |")

    def snippet(self, source: SourceFile, marks: list[_Mark]) -> Iterator[str]:
        previous: int | None = None
        for number in sorted({line for mark in marks for line in mark.lines()}):
            if previous is not None and number == previous + 2:
                yield from self.source_line(_cells(source.line(number - 1)), number - 1, 0)
            elif previous is not None and number > previous + 2:
                yield self.paint(_BLUE, "...")
            previous = number
            here = [mark for mark in marks if number in mark.lines()]
            cells = _cells(source.line(number))
            reach = here[0].on(number)
            cut = _cut(cells, reach[0]) if reach else 0
            yield from self.source_line(cells, number, cut)
            for mark in here:
                yield from self.underline(mark, number, cells, cut)

    def source_line(self, cells: _Cells, number: int, cut: int) -> Iterator[str]:
        text = cells.text[_index_at(cells, cut) :] if cut else cells.text
        if cut:
            text = "…" + text
        if _display_width(text) > MAX_COLUMNS:
            kept = _cells(text)
            text = text[: _index_at(kept, MAX_COLUMNS - 1)] + "…"
        yield f"{self.gutter(number)} {text}".rstrip()

    def underline(self, mark: _Mark, number: int, cells: _Cells, cut: int) -> Iterator[str]:
        reach = mark.on(number)
        if reach is None:
            return
        low, high = reach
        label = _visible(" ".join(mark.label.split())) if number == mark.last else ""
        shift = cut - 1 if cut else 0
        start = _column(cells, low) - shift
        end = _column(cells, high) - shift
        start, end = max(start, 0), min(max(end, start + 1), MAX_COLUMNS)
        if start >= end:  # a second mark on a line too long to show it
            start, end = MAX_COLUMNS - 1, MAX_COLUMNS
        marks = self.paint(self.accent if mark.sign == "^" else _BLUE, mark.sign * (end - start))
        text = self.paint(self.accent if mark.sign == "^" else _BLUE, label)
        yield f"{self.gutter()} {' ' * start}{marks}{' ' if label else ''}{text}"


def _column(cells: _Cells, offset: int) -> int:
    """Display column of a character offset, which may lie just past the end of the line."""
    last = len(cells.columns) - 1
    return cells.columns[offset] if offset <= last else cells.columns[last] + offset - last


def _cells(line: str) -> _Cells:
    """The line with tabs expanded and harmful characters replaced."""
    out: list[str] = []
    columns = [0]
    column = 0
    for char in line:
        text = " " * (TAB - column % TAB) if char == "\t" else _visible(char)
        out.append(text)
        column += _display_width(text)
        columns.append(column)
    return _Cells("".join(out), columns)


def _cut(cells: _Cells, offset: int) -> int:
    """Display column at which a line that is too long begins to be shown, so that ``offset`` is in view."""
    column = _column(cells, offset)
    if cells.columns[-1] <= MAX_COLUMNS or column < MAX_COLUMNS // 2:
        return 0
    wanted = column - MAX_COLUMNS // 4
    return next(edge for edge in cells.columns if edge >= wanted)


def _index_at(cells: _Cells, column: int) -> int:
    """Index into ``cells.text`` of the first character at or after a display column."""
    at = 0
    for index, char in enumerate(cells.text):
        if at >= column:
            return index
        at += _display_width(char)
    return len(cells.text)


def _display_width(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(_char_width(char) for char in text)


def _char_width(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _visible(text: str) -> str:
    """Without characters that steer a terminal (escapes) or reorder text (bidirectional controls)."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_visible_char(char) for char in text)


def _visible_char(char: str) -> str:
    if char < " ":
        return chr(0x2400 + ord(char))
    if char == "\x7f":
        return "\u2421"
    return "\ufffd" if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") else char


__all__ = ["render", "render_all", "shown", "summary"]
