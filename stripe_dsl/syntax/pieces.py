"""What the builder makes of rules that are no nodes: blocks, keywords of calls, what follows ``=`` in a property."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stripe_dsl.source import Span
from stripe_dsl.syntax.ast import Expr, Name, Option, Statement, Tuple, parts

DEPTH = 100
"""Levels of an expression. Later passes recurse, and a text of a machine's making must not break them."""


@dataclass(frozen=True, slots=True)
class Block:
    """``{ … }``."""

    span: Span
    body: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Keyword:
    """``name = value`` in a call."""

    name: Name
    value: Expr


@dataclass(frozen=True, slots=True)
class Rest:
    """What stands right of ``=`` in a property block."""

    span: Span
    values: tuple[Expr, ...]


def split_rest(rest: Rest) -> tuple[Expr, tuple[Option, ...]]:
    """Pairs of word and value after the first value are options; any other values are one bare list."""
    first, *others = rest.values
    if not others:
        return first, ()
    keys, values = others[0::2], others[1::2]
    if len(keys) == len(values) and all(isinstance(key, Name) for key in keys):
        return first, tuple(
            Option(key, value, key.span.to(value.span))
            for key, value in zip(keys, values, strict=True)
            if isinstance(key, Name)
        )
    return Tuple(first.span.to(others[-1].span), rest.values), ()


def is_deep(expr: Expr) -> bool:
    """Whether an expression has more than ``DEPTH`` levels."""
    level: list[Any] = [expr]
    for _ in range(DEPTH):
        level = [part for node in level for part in parts(node)]
        if not level:
            return False
    return True
