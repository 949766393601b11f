"""Collects diagnostics while a pass runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from stripe_dsl.diagnostics import Annotation, Diagnostic
from stripe_dsl.source import Span

CALLS = 3
"""Calls that a diagnostic shows, the innermost first."""


class Reporter:
    """A list of diagnostics with a short way to add one."""

    def __init__(self) -> None:
        self.diagnostics: list[Diagnostic] = []
        self._calls: list[Annotation] = []

    @contextmanager
    def within(self, call: Annotation | None) -> Iterator[None]:
        """What is reported inside stands in a function, and shows the call too."""
        if call is not None:
            self._calls.append(call)
        try:
            yield
        finally:
            if call is not None:
                self._calls.pop()

    def error(
        self,
        code: str,
        message: str,
        span: Span | None,
        *helps: str,
        label: str = "",
        notes: tuple[Annotation, ...] = (),
    ) -> None:
        """Adds a diagnostic (a warning, for ``W`` codes)."""
        notes = (*notes, *reversed(self._calls[-CALLS:]))
        self.diagnostics.append(Diagnostic(code, message, span, label=label, helps=helps, notes=notes))

    @property
    def failed(self) -> bool:
        """Whether there is any error among them."""
        return any(item.severity == "error" for item in self.diagnostics)
