"""Functions over the elements of a list, all of them or those for which a condition holds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from stripe_dsl.check.arguments import called, scalars
from stripe_dsl.check.tunables import Role
from stripe_dsl.ir.graph import Node
from stripe_dsl.ir.types import Kind, Type
from stripe_dsl.syntax import ast

if TYPE_CHECKING:
    from stripe_dsl.check.expressions import Lowering
    from stripe_dsl.check.functions import Rule


def reduction(op: str) -> Rule:
    """The rule of a function over the elements of a list."""
    name = op.removeprefix("list_")

    def rule(low: Lowering, expr: ast.Call, args: list[Node]) -> Node | None:
        x = args[0]
        conditions = op in ("any", "all", "count")
        if x.type.axis is None and op in ("any", "all") and x.type.is_bool and not _holds_list_norm(x):
            return x  # `any(|touch[base].force| > 1 N)` reads alike for one body and for several
        if x.type.axis is None:
            help = "it is one value already" if not x.type.is_vector else "for a vector write `|v|` or `v.x + v.y`"
            if isinstance(expr.args[0], ast.Norm):
                help = f"`|…|` of a list is its length; element by element write `{name}(abs(…))`"
            elif _holds_list_norm(x):
                help = "`|…|` of a list is its length; element by element write `abs(…)`"
            low.report.error("E0301", f"`{name}` takes a list, not {x.type.describe()}", expr.args[0].span, help)
            return None
        if conditions and not low.math.condition(x, expr.args[0].span):
            return None
        if not conditions and not low.math.numeric(x, expr.args[0].span, "write `count(…)` to count conditions"):
            return None
        if x.type.is_vector and op not in ("sum", "mean"):
            low.report.error("E0302", f"`{name}` takes numbers, not {x.type.describe()}", expr.args[0].span)
            return None
        type = replace(x.type, axis=None)
        if op == "count":
            type = Type()
        return low.graph.add(op, (x,), type=type, span=expr.span)

    return rule


def variance(low: Lowering, expr: ast.Call, args: list[Node]) -> Node | None:
    """``variance(list)``: of the sample, over one less than its length, as ``torch.var``."""
    x, math, span = args[0], low.math, expr.span
    mean = reduction("mean")(low, expr, args) if scalars(low, expr, args) else None
    if mean is None or x.type.axis is None:
        return None
    if len(x.type.axis) < 2:
        low.report.error("E0301", "the variance of one value is not defined", expr.args[0].span, "take a larger set")
        return None
    apart = math.additive("sub", x, mean, span, span, span)
    squares = math.power(apart, math.const(2.0), span, span) if apart is not None else None
    if squares is None:
        return None
    total = low.graph.add("sum", (squares,), type=replace(squares.type, axis=None), span=span)
    return math.multiply("div", total, math.const(float(len(x.type.axis) - 1)), span)


def _holds_list_norm(node: Node) -> bool:
    return node.op == "list_norm" or any(_holds_list_norm(arg) for arg in node.args)


def over_where(low: Lowering, expr: ast.Call) -> Node | None:
    """``mean(x where c)``, ``min(…)``, ``max(…)`` over the elements that hold, and zero where none does."""
    from stripe_dsl.check.functions import FUNCTIONS

    name = called(expr)
    if not (len(expr.args) == 1 and isinstance(expr.args[0], ast.Where)):
        args = [low.number(arg, role) for arg, role in zip(expr.args, (Role.LOW, Role.HIGH), strict=False)]
        if any(arg is None for arg in args):
            return None
        return FUNCTIONS[name].rule(low, expr, [arg for arg in args if arg is not None])
    where = expr.args[0]
    picked = low.number(where)
    if picked is None or not low.math.numeric(picked, where.span, "write `count(…)` to count conditions"):
        return None
    condition, value, zero = picked.args
    one_type = replace(picked.type, axis=None)
    if condition.type.axis is None:  # all elements or none
        best = FUNCTIONS[name].rule(low, replace(expr, args=(where.value,)), [value])
        return low.math.select(condition, best, zero, expr.span) if best is not None else None
    count = low.graph.add("count", (condition,), type=Type(), span=expr.span)
    if name == "mean":
        total = low.graph.add("sum", (picked,), type=one_type, span=expr.span)
        members = low.graph.add("max", (count, low.math.const(1.0)), type=Type(), span=expr.span)
        return low.graph.add("div", (total, members), type=one_type, span=expr.span)
    if picked.type.is_vector:
        low.report.error("E0302", f"`{name}` takes numbers, not {picked.type.describe()}", where.span)
        return None
    far = low.math.const(float("inf") if name == "min" else float("-inf"), zero.type)
    filled = low.graph.add("where", (condition, value, far), type=picked.type, span=expr.span)
    best = low.graph.add(f"list_{name}", (filled,), type=one_type, span=expr.span)
    found = low.graph.add("any", (condition,), type=Type(Kind.BOOL), span=expr.span)
    return low.graph.add("where", (found, best, zero), type=one_type, span=expr.span)
