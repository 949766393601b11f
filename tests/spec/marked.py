"""Texts whose expected spans are marked in place: ``let: {v: 1 + «$»}``."""

from __future__ import annotations

from stripe_dsl.diagnostics import Diagnostic
from stripe_dsl.source import SourceFile
from stripe_dsl.spec.document import Document
from stripe_dsl.spec.yaml import read_yaml


def unmark(text: str) -> tuple[str, list[tuple[int, int]]]:
    """The text without marks, and the ranges that they enclose, in order of their start."""
    out: list[str] = []
    open_: list[int] = []
    spans: list[tuple[int, int]] = []
    length = 0
    for char in text:
        if char == "«":
            open_.append(length)
        elif char == "»":
            spans.append((open_.pop(), length))
        else:
            out.append(char)
            length += 1
    assert not open_
    return "".join(out), sorted(spans)


def yaml_document(text: str) -> tuple[Document, list[Diagnostic]]:
    return read_yaml(SourceFile("task.stripe.yaml", text))


def check(text: str, *codes: str) -> list[Diagnostic]:
    """Reads marked YAML; its diagnostics have these codes, one at each mark, in order."""
    plain, spans = unmark(text)
    _, diagnostics = yaml_document(plain)
    found = [(item.code, (item.span.start, item.span.end)) for item in diagnostics if item.span is not None]
    assert found == list(zip(codes, spans, strict=True)), [str(item) for item in diagnostics]
    return diagnostics
