"""Diagnostics as data: what is wrong, where, and how to mend it. Renderers stand beside the data."""

from stripe_dsl.diagnostics.model import Annotation, Diagnostic, Severity, sort_diagnostics

__all__ = ["Annotation", "Diagnostic", "Severity", "sort_diagnostics"]
