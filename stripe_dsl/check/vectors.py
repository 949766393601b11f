"""Functions of vectors: products, length, direction."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from stripe_dsl.ir.graph import Node
from stripe_dsl.ir.types import Kind, Type
from stripe_dsl.syntax import ast
from stripe_dsl.units import DIMENSIONLESS

if TYPE_CHECKING:
    from stripe_dsl.check.expressions import Lowering


def called(expr: ast.Call) -> str:
    """The name that a call is made by."""
    return expr.function.id if isinstance(expr.function, ast.Name) else "it"


def _doc(expr: ast.Call) -> str:
    from stripe_dsl.check.functions import FUNCTIONS

    return FUNCTIONS[called(expr)].doc


def _vectors(low: Lowering, expr: ast.Call, args: list[Node]) -> bool:
    for arg, source in zip(args, expr.args, strict=True):
        if not arg.type.is_vector:
            message = f"`{called(expr)}` takes vectors, not {arg.type.describe()}"
            low.report.error("E0303", message, source.span, _doc(expr))
            return False
    return True


def dot(low: Lowering, expr: ast.Call, args: list[Node]) -> Node | None:
    """``dot(a, b)``: the scalar product of two vectors in one frame."""
    a, b = args
    if not _vectors(low, expr, args) or not _alike(low, expr, a, b):
        return None
    axis = low.math.common_axis(a, b, expr.span)
    if axis is False:
        return None
    type = Type(axis=axis or None, dim=a.type.dim * b.type.dim)
    return low.graph.add("dot", (a, b), type=type, span=expr.span)


def cross(low: Lowering, expr: ast.Call, args: list[Node]) -> Node | None:
    """``cross(a, b)``: the vector product of two vec3 in one frame."""
    a, b = args
    if not _vectors(low, expr, args) or not _alike(low, expr, a, b):
        return None
    if a.type.kind is not Kind.VEC3:
        low.report.error("E0303", "`cross` takes vectors of three parts", expr.span, _doc(expr))
        return None
    axis = low.math.common_axis(a, b, expr.span)
    if axis is False:
        return None
    frame = a.type.frame or b.type.frame
    type = Type(Kind.VEC3, axis or None, a.type.dim * b.type.dim, frame)
    return low.graph.add("cross", (a, b), type=type, span=expr.span)


def _alike(low: Lowering, expr: ast.Call, a: Node, b: Node) -> bool:
    """Whether two vectors have one size and one frame."""
    if a.type.kind is not b.type.kind:
        low.report.error("E0301", f"cannot combine {a.type.describe()} and {b.type.describe()}", expr.span)
        return False
    return low.math.common_frame("dot", a, b, expr.span) is not False


def unit_vector(low: Lowering, expr: ast.Call, args: list[Node]) -> Node | None:
    """``unit(v)``: the direction of a vector, a plain number in every part."""
    if not _vectors(low, expr, args):
        return None
    return low.math.unary("unit", args[0], replace(args[0].type, dim=DIMENSIONLESS), expr.span)


def norm(low: Lowering, expr: ast.Call, args: list[Node]) -> Node | None:
    """``norm(x)``: the same as ``|x|``."""
    if not low.math.numeric(args[0], expr.args[0].span, "a condition has no length"):
        return None
    return low.norm(args[0], expr.span)
