"""The word ``none`` in place of a block: ``symmetry none``, ``reset = none``, ``observe critic = none``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from stripe_dsl.source import Span
from stripe_dsl.spec.agents import TrainSpec
from stripe_dsl.spec.blocks import Block, Entry, Item
from stripe_dsl.spec.builder import Builder
from stripe_dsl.spec.document import TaskSpec
from stripe_dsl.spec.fields import Shape, Slot
from stripe_dsl.spec.scene import LightSpec
from stripe_dsl.spec.values import Expression, Text, Update
from stripe_dsl.syntax import ast

if TYPE_CHECKING:
    from stripe_dsl.spec.read import StatementReader

EXPRESSION_BLOCKS = ("observe", "reward", "terminate", "truncate", "reset", "curriculum")
"""Keys of a task whose braces hold expressions."""
INHERITED = (TaskSpec, TrainSpec)
"""What has blocks that a task may inherit from another one."""


ENTRIES = (*EXPRESSION_BLOCKS[2:], "per_second", "once", "at_startup", "at_reset", "every")
"""Fields that hold entries by name, all of which ``none`` in their place removes."""


def nothing(builder: Builder, slot: Slot, span: Span) -> Any:
    """What ``none`` in place of a whole block is: one of that kind, or of entries a single one of that name."""
    name, none = Text("none", span), Expression(ast.Name(span, "none"))
    if slot.shape is Shape.ITEMS:
        return [builder.finish(Item, {"value": none}, span)]
    if slot.shape is not Shape.MAP:
        assert slot.block is not None
        block = builder.finish(slot.block, {}, span)
        block._nothing = True
        return block
    assert slot.inner is not None
    if slot.inner.block is not None:
        return {name: builder.finish(slot.inner.block, {"value": none}, span)}
    return {name: Update(none.node) if slot.inner.shape is Shape.UPDATE else none}


def is_nothing(slot: Slot, value: Any) -> bool:
    """Whether the value of a field is what :func:`nothing` makes of ``none``."""
    if isinstance(value, list):
        return len(value) == 1 and isinstance(value[0], Item) and str(value[0].value) == "none"
    if isinstance(value, dict) and slot.attribute in ENTRIES and len(value) == 1:
        ((name, entry),) = value.items()
        inner = entry.value if isinstance(entry, Entry) else entry
        return name == "none" and isinstance(inner, Expression) and str(inner) == "none"
    return isinstance(value, Block) and value.nothing


def removes(
    reader: StatementReader,
    model: type[Block],
    slot: Slot,
    statement: ast.Statement,
    values: dict[str, Any],
    spans: dict[str, Span],
) -> bool:
    """Reads a statement that has no braces where a block belongs; whether it is one.

    ``none`` removes an inherited block. Anything else in place of a block of expressions is reported.
    """
    key, text = statement.key, Text(statement.key, statement.key_span)
    expressions = model is TaskSpec and key in EXPRESSION_BLOCKS
    word = none_of(statement, alone=not expressions)
    if word is None and expressions and statement.body is None:
        words = " ".join([key, *(arg.span.text for arg in statement.args)])
        span = statement.value.span if statement.value is not None else statement.key_span
        help = f"write `{words} {{ … }}`; `{words} = none` removes an inherited one"
        reader.error("E0101", f"`{key}` needs a block", span, help)
        return True
    if word is None or not (expressions or (slot.shape is Shape.BLOCK and model in INHERITED)):
        return False
    if key == "observe" and slot.inner is not None and statement.args:
        group = statement.args[0]
        value = {Text(group.span.text, group.span): nothing(reader, slot.inner, word.span)}
    elif key == "reward" and statement.args:
        line = ast.Statement(word.span, "none", word.span, op="=", value=word)
        reader.reward(
            replace(statement, args=tuple(arg for arg in statement.args if arg is not word), body=(line,)), values
        )
        return True
    else:
        value = nothing(reader, slot, word.span)
    reader.store(values, spans, slot, text, value)
    return True


def named_nothing(reader: Builder, inner: Slot, statement: ast.Statement, args: Sequence[ast.Expr]) -> Any:
    """``light sun = none``; ``None`` for all else. (Entries hold the word as their value.)"""
    word = args[0] if len(args) == 1 and statement.body is None and inner.block is LightSpec else None
    return nothing(reader, inner, word.span) if isinstance(word, ast.Name) and word.id == "none" else None


def none_of(statement: ast.Statement, *, alone: bool) -> ast.Name | None:
    """The word ``none`` where a statement holds it in place of a block."""
    words = [*statement.args, *([statement.value] if statement.value is not None else [])]
    if statement.body is not None or statement.options or not words or (alone and len(words) > 1):
        return None
    return words[-1] if isinstance(words[-1], ast.Name) and words[-1].id == "none" else None
