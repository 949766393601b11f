"""What valid programs mean, for tests: the program of a text, and what is in it."""

from __future__ import annotations

from stripe_dsl.ir.graph import Node
from stripe_dsl.ir.observations import Observation
from stripe_dsl.ir.program import Program
from stripe_dsl.pipeline import check_source
from stripe_dsl.source import SourceFile

from .frames import frame


def program(text: str, *, task: str | None = None, **settings: str) -> Program:
    """The one program of a text that has no diagnostics."""
    checked = check_source(SourceFile("test.stripe", text), task=task, settings=settings)
    assert [(str(item.span), item.code, item.message) for item in checked.diagnostics] == []
    (found,) = checked.programs
    return found


def framed(place: str, snippet: str, **settings: str) -> Program:
    """The program around a snippet (see :mod:`tests.language.frames`)."""
    before, after = frame(place, snippet)
    return program(before + snippet + "\n" + after, **settings)


def observations(place: str, snippet: str) -> dict[str, tuple[str, int]]:
    """Type and width of every observation of the group ``policy``."""
    (group,) = framed(place, snippet).groups
    return {item.name: (item.value.type.describe(), item.value.type.width) for item in group.items}


def tunables(found: Program, group: str) -> dict[str, tuple[object, str]]:
    """Value and unit of the tunables of a group."""
    return {
        item.name: (item.value, "" if item.dim.is_none else str(item.dim))
        for item in found.tunables
        if item.group == group
    }


def reads(node: Node) -> set[str]:
    """Quantities that a value depends on."""
    own = {node.read.quantity} if node.read is not None else set()
    return own.union(*(reads(arg) for arg in node.args))


def item(found: Program, name: str) -> Observation:
    """An observation of the group ``policy``."""
    return next(entry for entry in found.groups[0].items if entry.name == name)
