"""In which order robots and objects begin, where some begin at others."""

from __future__ import annotations

import pytest

from stripe_dsl.ir.graph import Graph, Read
from stripe_dsl.ir.program import Reset
from stripe_dsl.ir.resets import begins_read, reset_order
from stripe_dsl.ir.types import Kind, Type

POINT = Type(Kind.VEC3, frame="env")


def resets(lines: str) -> list[Reset]:
    """``b<a c<b``: `b` begins where `a` does, and `c` where `b` does."""
    graph = Graph()
    found = []
    for line in lines.split():
        name, _, other = line.partition("<")
        value = graph.add("read", type=POINT, read=Read(other, "root.begin_pos" if other else "root.default_pos"))
        found.append(Reset(name, "root.pos", (), "", value))
    return found


@pytest.mark.parametrize(
    ("lines", "order"),
    [
        ("", "abcd"),
        ("a<b", "bacd"),
        ("a<b b<c c<d", "dcba"),
        ("b<a c<a d<", "abcd"),
        ("a<d b<d c<a", "dabc"),
    ],
)
def test_each_stands_behind_what_it_reads(lines: str, order: str) -> None:
    assert reset_order("abcd", resets(lines)) == ([*order], [])


@pytest.mark.parametrize(
    ("lines", "order", "circle"),
    [("a<a", "bcd", "aa"), ("a<b b<a", "cd", "aba"), ("d<a a<b b<c c<b", "", "bcb"), ("b<c c<d d<b", "a", "bcdb")],
)
def test_a_circle_is_found(lines: str, order: str, circle: str) -> None:
    assert reset_order("abcd", resets(lines)) == ([*order], [*circle])


def test_what_is_read_is_known_by_its_owner() -> None:
    assert begins_read(resets("a<b c<b d<")) == {"b": ("root.begin_pos",)}
