"""Statements of ``.stripe`` files whose words could be read in two ways."""

from __future__ import annotations

from stripe_dsl.source import SourceFile
from stripe_dsl.spec.document import Document
from stripe_dsl.spec.modules import read


def document_of(text: str) -> Document:
    document, diagnostics = read(SourceFile("task.stripe", text))
    assert diagnostics == []
    return document


def test_a_value_after_equals_is_no_key() -> None:
    """``scale`` is a key of an action, and may all the same be the name of what is sent."""
    task = document_of("task A { action push = scale scale 2 }").task["A"]  # type: ignore[index]
    item = task.action["push"]  # type: ignore[index]
    assert (str(item.value), str(item.scale)) == ("scale", "2")


def test_several_patterns_keep_their_order() -> None:
    for text in ('"b" "a" "c"', '["b", "a", "c"]'):
        robot = document_of(f"robot a {{ joints legs = {text} }}").robot["a"]  # type: ignore[index]
        assert robot.joints["legs"].patterns == ["b", "a", "c"]  # type: ignore[index]
