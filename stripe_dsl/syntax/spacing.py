"""Spaces between the tokens of one line."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from stripe_dsl.syntax.ast import Binary, Expr, Option, Statement
from stripe_dsl.syntax.token import Token

_TIGHT_BEFORE = frozenset(
    ("COMMA", "COLON", "DOT", "AT", "DOT_DOT", "CARET", "RPAR", "RSQB", "BAR_CLOSE", "LPAR_TOUCHING", "LSQB_TOUCHING")
)
_TIGHT_AFTER = frozenset(
    ("DOT", "AT", "DOT_DOT", "CARET", "LPAR", "LPAR_TOUCHING", "LSQB", "LSQB_TOUCHING", "BAR_OPEN")
)
_QUANTITY = re.compile(r"(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)[ \t]*")


@dataclass(slots=True)
class Marks:
    """Offsets that only the tree tells.

    Attributes:
        joining: operators between two operands; any other minus is a sign.
        options: the first option of a statement.
    """

    joining: set[int] = field(default_factory=set)
    options: set[int] = field(default_factory=set)


def find_marks(statements: Iterable[Statement]) -> Marks:
    """Walks the tree."""
    marks = Marks()
    stack: list[Any] = list(statements)
    while stack:
        node = stack.pop()
        if isinstance(node, tuple):
            stack.extend(node)
            continue
        if isinstance(node, Binary):
            marks.joining.add(node.op_span.start)
        elif isinstance(node, Statement) and node.options:
            marks.options.add(node.options[0].span.start)
        if isinstance(node, Expr | Statement | Option):
            stack.extend(getattr(node, name) for name in _fields(type(node)))
    return marks


def _fields(kind: type) -> list[str]:
    names = [name for base in kind.__mro__ for name in getattr(base, "__slots__", ())]
    return [name for name in names if not name.endswith("span") and name not in ("source",)]


def spaced(before: Token, token: Token, marks: Marks) -> bool:
    """Whether a space stands between two tokens of a line."""
    if before.type in _TIGHT_AFTER or token.type in _TIGHT_BEFORE:
        return False
    return before.type not in ("MINUS", "PLUS_MINUS") or before.start in marks.joining


def token_text(token: Token) -> str:
    """A token as it is written: one space between a number and its unit."""
    return _QUANTITY.sub(r"\1 ", token.value, count=1) if token.type == "QUANTITY" else token.value
