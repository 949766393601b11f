"""What functions ask of the call: its name, and arguments that are numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stripe_dsl.ir.graph import Node
from stripe_dsl.ir.types import Kind
from stripe_dsl.syntax import ast

if TYPE_CHECKING:
    from stripe_dsl.check.expressions import Lowering


def called(expr: ast.Call) -> str:
    """The name that a call is made by."""
    return expr.function.id if isinstance(expr.function, ast.Name) else "it"


def scalars(low: Lowering, expr: ast.Call, args: list[Node]) -> bool:
    """Whether all arguments are numbers or lists of them; else it is reported."""
    for arg, source in zip(args, expr.args, strict=True):
        if not low.math.numeric(arg, source.span, "multiply the condition by a number to count it"):
            return False
        if arg.type.kind is not Kind.FLOAT:
            message = f"`{called(expr)}` takes numbers, not {arg.type.describe()}"
            low.report.error("E0302", message, source.span, "take its length `|v|` or a part `v.x`")
            return False
    return True
