"""Names, paths and words of the language in YAML files."""

from __future__ import annotations

import re

from stripe_dsl.spec.blocks import Block
from stripe_dsl.spec.builder import Builder
from stripe_dsl.spec.document import Document, FunctionSpec, RandomizeSpec, RewardSpec, TaskSpec
from stripe_dsl.spec.fields import Shape, Slot, is_entry
from stripe_dsl.spec.nothing import ENTRIES, INHERITED
from stripe_dsl.spec.scene import LightSpec
from stripe_dsl.spec.values import Text
from stripe_dsl.spec.yaml_nodes import Node, Scalar
from stripe_dsl.syntax import ast
from stripe_dsl.syntax.parser import parse_expression

NAME_PATTERN = "^(?!(?:and|or|not|if|else|where)$)[A-Za-z_][A-Za-z0-9_]*$"
"""What a name looks like, for the JSON schema too."""

_NAME = re.compile(NAME_PATTERN.removesuffix("$"))
_NEED_VALUES = ("param", "let")  # written `name = value`: the name alone says nothing


def check_name(builder: Builder, model: type[Block], slot: Slot, name: Text) -> None:
    """Reports keys that could not stand in a ``.stripe`` file."""
    assert name.span is not None
    if model is RandomizeSpec and slot.attribute == "every" and slot.inner is not None and slot.inner.inner:
        check_place(builder, name, "every", path=False)
    elif model is RandomizeSpec or (model is TaskSpec and slot.attribute in ("reset", "curriculum")):
        check_place(builder, name, slot.attribute if model is TaskSpec else "randomize")
    elif model in (Document, FunctionSpec, TaskSpec, RewardSpec) and not _NAME.fullmatch(name):
        help_ = "a name is made of letters, digits and `_`, and begins with no digit"
        builder.error("E0220", f"`{name}` is not a name", name.span, help_)


def check_place(builder: Builder, name: Text, block: str, *, path: bool = True) -> None:
    """Reports a key of ``reset`` or ``randomize`` that is no path such as ``slider.pos``, or no expression."""
    span = name.span
    assert span is not None
    if span.text != name:
        builder.error("E0309", f"a key of `{block}` is written without escapes", span)
        return
    node, diagnostics = parse_expression(span.source, span.start, span.end)
    builder.diagnostics.extend(diagnostics)
    if path and not diagnostics and not isinstance(node, ast.Name | ast.Field | ast.Frame | ast.Index):
        builder.error("E0309", f"a key of `{block}` names what is set, such as `slider.pos`", span)


def takes_bare_names(model: type[Block], slot: Slot) -> bool:
    """Whether a name without a value says something in this map: ``light: [dome]``, ``terminate: {timeout: }``."""
    inner = slot.inner
    if inner is None or model is Document or (inner.shape is Shape.EXPRESSION and slot.attribute in _NEED_VALUES):
        return False
    return inner.shape is Shape.EXPRESSION or (inner.shape is Shape.BLOCK and not is_entry(inner))


def removes(model: type[Block], slot: Slot, node: Node) -> bool:
    """Whether the word ``none`` stands in place of a block that a task may inherit."""
    if not (isinstance(node, Scalar) and node.value == "none" and not node.null):
        return False
    if slot.shape is Shape.MAP:
        return slot.attribute in ENTRIES and model in (TaskSpec, RewardSpec, RandomizeSpec)
    return slot.shape is Shape.ITEMS or (slot.shape is Shape.BLOCK and (model in INHERITED or slot.block is LightSpec))
