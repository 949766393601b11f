"""The diagnostic record. Passes return these; only the command line prints them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from stripe_dsl.source import Span

LIMIT = 20
"""Diagnostics shown in one run; the rest are counted."""


class Severity(StrEnum):
    """How bad it is: only errors stop a compile."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Annotation:
    """A second place that matters, such as the first definition of a name defined twice."""

    span: Span
    message: str = ""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One thing that is wrong.

    Attributes:
        code: entry of ``stripe_dsl.diagnostics.codes``; ``W`` codes are warnings, the others errors.
        message: one sentence, lower case, no full stop.
        span: what the carets underline; ``None`` where no text is to blame (a command-line flag).
        label: a few words beside the carets.
        helps: what to do, each a sentence.
        notes: further places.
    """

    code: str
    message: str
    span: Span | None = None
    label: str = ""
    helps: tuple[str, ...] = ()
    notes: tuple[Annotation, ...] = ()

    @property
    def severity(self) -> Severity:
        """Warning for ``W`` codes, error for all others."""
        return Severity.WARNING if self.code.startswith("W") else Severity.ERROR


def sort_diagnostics(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Source order, without repetitions."""

    def key(item: Diagnostic) -> tuple[str, int, int, str]:
        if item.span is None:
            return ("", -1, -1, item.code)
        return (item.span.source.name, item.span.start, item.span.end, item.code)

    seen: set[tuple[object, ...]] = set()
    out: list[Diagnostic] = []
    for item in sorted(diagnostics, key=key):
        mark = (*key(item), item.message)
        if mark not in seen:
            seen.add(mark)
            out.append(item)
    return out
