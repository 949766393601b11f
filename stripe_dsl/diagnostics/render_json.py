"""Diagnostics for programs: a JSON list, in source order, all of them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from stripe_dsl.diagnostics.codes import CODES
from stripe_dsl.diagnostics.model import Diagnostic, sort_diagnostics
from stripe_dsl.source import Span


def render(diagnostics: Iterable[Diagnostic]) -> str:
    """The list as JSON text.

    Lines and columns count from 1, columns in characters, and ``end`` is just after the last one. ``file``, ``start``
    and ``end`` are null where no text is to blame.
    """
    return json.dumps([as_object(item) for item in sort_diagnostics(diagnostics)], indent=2, ensure_ascii=False)


def as_object(diagnostic: Diagnostic) -> dict[str, Any]:
    """One diagnostic as plain data."""
    code = CODES.get(diagnostic.code)
    return {
        "code": diagnostic.code,
        "title": code.title if code else None,
        "severity": str(diagnostic.severity),
        "message": diagnostic.message,
        **_place(diagnostic.span),
        "label": diagnostic.label,
        "helps": list(diagnostic.helps),
        "notes": [{"message": note.message, **_place(note.span)} for note in diagnostic.notes],
    }


def _place(span: Span | None) -> dict[str, Any]:
    if span is None:
        return {"file": None, "start": None, "end": None}
    start, end = (
        dict(zip(("line", "column"), span.source.position(offset), strict=True)) for offset in (span.start, span.end)
    )
    return {"file": span.source.name, "start": start, "end": end}
