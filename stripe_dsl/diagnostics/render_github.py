"""Diagnostics as GitHub workflow commands, which show up beside the changed lines of a pull request."""

from __future__ import annotations

from collections.abc import Iterable

from stripe_dsl.diagnostics.model import Diagnostic, sort_diagnostics


def render(diagnostics: Iterable[Diagnostic]) -> str:
    """One ``::error`` or ``::warning`` line each, in source order; empty for none."""
    return "\n".join(_command(item) for item in sort_diagnostics(diagnostics))


def _command(diagnostic: Diagnostic) -> str:
    properties: dict[str, str] = {}
    if diagnostic.span is not None:
        source = diagnostic.span.source
        line, column = source.position(diagnostic.span.start)
        end_line, end_column = source.position(diagnostic.span.end)
        properties["file"] = source.name
        properties["line"] = str(line)
        if line == end_line:  # columns are refused together with several lines
            properties["col"] = str(column)
            properties["endColumn"] = str(end_column)
        else:
            properties["endLine"] = str(end_line)
    properties["title"] = diagnostic.code
    body = diagnostic.message
    if diagnostic.label:
        body += f" ({diagnostic.label})"
    body = "\n".join([body, *(f"help: {text}" for text in diagnostic.helps)])
    listed = ",".join(f"{name}={_escape_property(value)}" for name, value in properties.items())
    return f"::{diagnostic.severity} {listed}::{_escape(body)}"


def _escape(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape(text).replace(":", "%3A").replace(",", "%2C")
