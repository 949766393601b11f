"""One mistake is one message: drops the diagnostics that only follow from another one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from stripe_dsl.diagnostics.model import Diagnostic, Severity
from stripe_dsl.source import SourceFile, Span

ABSENCE = frozenset(("E0214", "E0502", "W0001", "W0006", "W0008"))
"""What these miss may stand where something could not be read."""

_BRACE = re.compile(r'"[^"\n]*"|#[^\n]*|(?P<brace>[{}])')
_WORD = re.compile(r"[A-Za-z_]\w*")
_DEFINITION = re.compile(r"\s*(?:robot|object)\b")

type Region = tuple[SourceFile, int, int]


def without_followups(read: Sequence[Diagnostic], checked: Iterable[Diagnostic]) -> list[Diagnostic]:
    """All diagnostics that stand for a mistake of their own.

    Args:
        read: of files that were parsed and put together.
        checked: of what could be read.
    """
    checked = list(checked)
    faults = [item.span for item in read if item.span is not None and item.severity is Severity.ERROR]
    broken = [statement(item.span) for item in read if item.code.startswith("E01") and item.span is not None]
    strange = [statement(item.span) for item in read if item.code == "E0207" and item.span is not None]
    unread = {word for source, start, end in (*broken, *strange) for word in _WORD.findall(source.text, start, end)}
    wrong = [item.span for item in (*read, *checked) if item.span is not None and item.severity is Severity.ERROR]
    undefined = [region for fault in wrong if (region := definition(fault)) is not None]
    missing = {word for source, start, end in undefined for word in _WORD.findall(source.text, start, end)}
    files = {span.source for span in wrong}
    spans = {(span.source, span.start, span.end) for span in wrong}
    unreadable = {(span.source, span.start, span.end) for span in faults}

    def own(item: Diagnostic, *, late: bool) -> bool:
        span = item.span
        if span is None or item.code.startswith("E01"):
            return True
        if any(holds(region, span) for region in broken):
            return False
        if item.severity is Severity.WARNING and (span.source, span.start, span.end) in spans:
            return False
        if item.code == "W0001" and span.source in files:
            return False
        if item.code in ("E0201", "E0213") and (
            span.text in unread or (span.text in missing and not any(holds(region, span) for region in undefined))
        ):
            return False
        if not late:
            return True
        if (span.source, span.start, span.end) in unreadable:
            return False
        causes = wrong if item.severity is Severity.WARNING else faults
        return not (item.code in ABSENCE and any(holds(block(span), fault) for fault in causes))

    return [item for item in read if own(item, late=False)] + [item for item in checked if own(item, late=True)]


def statement(span: Span) -> Region:
    """Roughly the statement around a place: between braces, semicolons and line ends; in YAML also commas."""
    text, ends = span.source.text, ";{}\n"
    if _is_yaml(span.source):
        ends += ","
    start, end = span.start, span.start + 1
    while start > 0 and text[start - 1] not in ends:
        start -= 1
    while end < len(text) and text[end] not in ends:
        end += 1
    return span.source, start, end


def definition(span: Span) -> Region | None:
    """The robot or object around a place, which is not there where it could not be read; not in YAML."""
    text = span.source.text
    if _is_yaml(span.source):
        return None
    opened: list[int] = []
    for found in _BRACE.finditer(text, 0, span.start):
        if found["brace"] == "{":
            opened.append(found.start())
        elif found["brace"] and opened:
            opened.pop()
    for brace in opened:
        source, start, _ = statement(Span(span.source, brace - 1, brace))
        if _DEFINITION.match(text, start):
            return source, start, block(Span(source, brace, brace + 1))[2]
    return None


def block(span: Span) -> Region:
    """The block that begins at a place: to the brace that closes it, or (in YAML always) to the end of the file."""
    text, depth = span.source.text, 0
    for found in _BRACE.finditer(text, span.start) if not _is_yaml(span.source) else ():
        depth += {"{": 1, "}": -1}.get(found["brace"] or "", 0)
        if found["brace"] and depth <= 0:
            return span.source, span.start, found.end()
    return span.source, span.start, len(text)


def holds(region: Region, span: Span) -> bool:
    """Whether a span begins in a region."""
    source, start, end = region
    return span.source is source and start <= span.start < end


def _is_yaml(source: SourceFile) -> bool:
    return source.name.endswith((".yaml", ".yml"))
