"""Collects diagnostics while a pass runs."""

from __future__ import annotations

from stripe_dsl.diagnostics import Annotation, Diagnostic
from stripe_dsl.source import Span


class Reporter:
    """A list of diagnostics with a short way to add one."""

    def __init__(self) -> None:
        self.diagnostics: list[Diagnostic] = []

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
        self.diagnostics.append(Diagnostic(code, message, span, label=label, helps=helps, notes=notes))

    @property
    def failed(self) -> bool:
        """Whether there is any error among them."""
        return any(item.severity == "error" for item in self.diagnostics)
