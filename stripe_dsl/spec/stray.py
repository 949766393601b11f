"""Values of a property that no key takes: words of another block, units that are none, a range in words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stripe_dsl.spec.blocks import Block
from stripe_dsl.spec.builder import block_name, otherwise
from stripe_dsl.spec.document import TaskSpec
from stripe_dsl.spec.fields import slots
from stripe_dsl.spec.robots import RobotSpec
from stripe_dsl.syntax import ast
from stripe_dsl.text import did_you_mean

if TYPE_CHECKING:
    from stripe_dsl.spec.builder import Builder

_MEASURED = re.compile(r"\d[ \t]*(?P<unit>[A-Za-z][A-Za-z0-9*/^]*)?$")
_VECTOR = re.compile(r"\b(?:at|axis|box|color)(?:[ \t]+[-+]?[\d.]+)+$")
_ROUND = re.compile(r"\b(?P<shape>capsule|cylinder)[ \t]+[-+]?[\d.]+[ \t]*[a-z]*$")
_FORMULA = re.compile(r"[A-Za-z][A-Za-z0-9*/^]*")


def report_stray(reader: Builder, model: type[Block], value: ast.Expr) -> None:
    """Reports a value that no key takes."""
    before = value.span.source.text[: value.span.start].rstrip()
    if isinstance(value, ast.Name):
        if value.id == "extends":
            help = "give what it extends a `param`, and set that where it is used"
            reader.error("E0206", f"only tasks extend one another, {block_name(model)} does not", value.span, help)
            return
        if any(value.id in slots(block) for block in (model, RobotSpec, TaskSpec)):
            help = f"put `;` or a new line before `{value.id}`"
            reader.error("E0103", "two statements on one line", value.span, help)
            return
        if reader.lacking(model, value.id, value.span):
            return
        suggestions = otherwise(model, value.id) or did_you_mean(value.id, list(slots(model)))
        if value.id == "to" and before[-1:].isalnum():
            suggestions = ("a range is written `low..high`",)
        if suggestions or not _unit(reader, value, before):
            suggestions = suggestions or did_you_mean(value.id, reader.words(model), listing=True)
            reader.error("E0206", f"{block_name(model)} has no key `{value.id}`", value.span, *suggestions)
        return
    if _unit(reader, value, before):
        return
    help = "put `;` or a new line before it if it begins another statement"
    if re.search(r"\bto$", before):
        help = "a range is written `low..high`"
    elif isinstance(value, ast.Number) and _VECTOR.search(before):
        help = "a vector is in brackets, as `(1, 2, 3) m`"
    elif (round_shape := _ROUND.search(before)) is not None:
        help = f"write `{round_shape['shape']} radius 5 cm length 50 cm`"
    reader.error("E0101", "unexpected value", value.span, help)


def _unit(reader: Builder, value: ast.Expr, before: str) -> bool:
    """Whether the value was meant for the unit of the number before it, as in ``2 Ns/m`` and ``2 N s/m``."""
    from stripe_dsl.units import UnitError, parse_unit

    number, unit = _MEASURED.search(before), value.span.text
    if number is None or _FORMULA.fullmatch(unit) is None:
        return False
    if number["unit"] is None:
        try:
            parse_unit(unit)
        except UnitError as problem:
            helps = (f"did you mean `{problem.suggestion}`?",) if problem.suggestion else ()
            reader.error("E0108", f"unknown unit `{unit}`", value.span, *helps)
            return True
        return False
    product = f"{number['unit']}*{unit}"
    try:
        parse_unit(product)
    except UnitError:
        return False
    reader.error("E0108", "a unit holds no space", value.span, f"write `{product}`")
    return True
