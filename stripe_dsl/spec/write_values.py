"""Leaves of the document model as ``.stripe`` text."""

from __future__ import annotations

import re

from stripe_dsl.spec.blocks import Entry
from stripe_dsl.spec.document import FunctionSpec
from stripe_dsl.spec.fields import slots
from stripe_dsl.spec.values import Expression
from stripe_dsl.syntax import ast
from stripe_dsl.syntax.unparse import quote, unparse

_WORD = re.compile(r"(?!(?:and|or|not|if|else|where)$)[A-Za-z_][A-Za-z0-9_]*")


def is_word(text: str) -> bool:
    """Whether a text is a name of the language."""
    return _WORD.fullmatch(text) is not None


def name_or_string(text: str) -> str:
    """A name as it is, anything else as a string."""
    return str(text) if is_word(text) else quote(text)


def key_of(text: str) -> str:
    """The left side of ``=`` in a block of entries: a path as it is, anything else as a string."""
    from stripe_dsl.source import SourceFile
    from stripe_dsl.syntax.parser import parse_expression

    if is_word(text):
        return str(text)
    node, diagnostics = parse_expression(SourceFile("<key>", str(text)), 0, len(text))
    if not diagnostics and is_path(node) and unparse(node) == text:
        return str(text)
    return quote(text)


def is_path(node: ast.Expr) -> bool:
    """``name``, ``a.b``, ``a@frame``, ``a[b]``, ``f(x)``."""
    match node:
        case ast.Name():
            return True
        case ast.Field() | ast.Frame() | ast.Index():
            return is_path(node.object)
        case ast.Call():
            return is_path(node.function)
    return False


def argument(node: ast.Expr) -> str | None:
    """A value as it stands after a key; ``None`` where it has operators, which a key's value may not have."""
    match node:
        case ast.Number() | ast.String() | ast.Tuple() | ast.List():
            return unparse(node)
        case ast.Range(low=ast.Number(), high=ast.Number()):
            return unparse(node)
    return unparse(node) if is_path(node) else None


def words(expression: Expression) -> str:
    """One of several values after a key."""
    return argument(expression.node) or f"({expression})"


def reference_name(reference: Expression) -> str:
    """The name that ``robot robots.go2`` gives: the last part."""
    return reference.node.name if isinstance(reference.node, ast.Field) else str(reference)


def item_line(item: Entry, *, observed: bool) -> str | None:
    """``joints.vel noise +-1.5 rad/s``; ``None`` where one line cannot say everything.

    Args:
        observed: it is an entry of an ``observe`` block, where ``name = …`` gives a name and ``offset`` has no meaning.
    """
    parts = [str(item.value)]
    for key, slot in slots(type(item)).items():
        value = getattr(item, slot.attribute)
        if value is None or key == "value":
            continue
        if key == "name" and observed and is_word(value):
            parts.insert(0, f"{value} =")
        elif isinstance(value, Expression) and not (observed and key == "offset"):
            parts.append(f"{key} {value}")
        elif isinstance(value, str) and not (observed and key == "name"):
            parts.append(f"{key} {quote(value)}")
        else:
            return None
    return " ".join(parts)


def signature(name: str, function: FunctionSpec) -> str:
    """``track(v: vec2 [m/s], std: number [m/s] = 0.5 m/s)``."""
    texts = []
    for parameter, spec in function.takes.items():
        text = f"{parameter}: {spec.type}" if spec.type is not None else str(parameter)
        texts.append(text if spec.default is None else f"{text} = {spec.default}")
    return f"{name}({', '.join(texts)})"
