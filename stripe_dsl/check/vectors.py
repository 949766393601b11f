"""Functions of vectors and rotations: products, length, direction, turns."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from stripe_dsl.check.arguments import called
from stripe_dsl.ir.graph import Node
from stripe_dsl.ir.types import Kind, Type
from stripe_dsl.syntax import ast
from stripe_dsl.units import ANGLE, DIMENSIONLESS

if TYPE_CHECKING:
    from stripe_dsl.check.expressions import Lowering


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


# rotations


def _rotations(low: Lowering, expr: ast.Call, args: list[Node]) -> bool:
    for arg, source in zip(args, expr.args, strict=True):
        if arg.type.kind is not Kind.QUAT:
            message = f"`{called(expr)}` takes rotations, not {arg.type.describe()}"
            low.report.error("E0302", message, source.span, _doc(expr))
            return False
    if len({arg.type.axis for arg in args}) > 1:
        message = f"`{called(expr)}` takes two rotations, or two lists over one set"
        low.report.error("E0301", message, expr.span, _doc(expr))
        return False
    return True


def rotate(low: Lowering, expr: ast.Call, args: list[Node]) -> Node | None:
    """``rotate(rot, v)``: a vector in the axes that ``rot`` turns, in the axes of the world."""
    return _turned(low, expr, args, "rotate")


def rotate_back(low: Lowering, expr: ast.Call, args: list[Node]) -> Node | None:
    """``rotate_back(rot, v)``: a vector in the world, in the axes that ``rot`` turns."""
    return _turned(low, expr, args, "rotate_inverse")


def _turned(low: Lowering, expr: ast.Call, args: list[Node], op: str) -> Node | None:
    rotation, vector = args
    if not _rotations(low, replace(expr, args=expr.args[:1]), [rotation]):
        return None
    if vector.type.kind is not Kind.VEC3:
        message = f"`{called(expr)}` takes a vec3, not {vector.type.describe()}"
        low.report.error("E0303", message, expr.args[1].span, _doc(expr))
        return None
    known = (None, "body") if op == "rotate" else (None, "world")
    if vector.type.frame not in known:
        where = "in the axes that the rotation turns" if op == "rotate" else "in the world"
        message = f"`{called(expr)}` takes a vector {where}, not one in the {vector.type.frame} frame"
        low.report.error("E0404", message, expr.args[1].span, _doc(expr))
        return None
    axis = low.math.common_axis(rotation, vector, expr.span)
    if axis is False:
        return None
    own = "body" if rotation.read is not None and rotation.read.quantity == "root.rot@world" else None
    frame = "world" if op == "rotate" else own
    type = Type(Kind.VEC3, axis or None, vector.type.dim, frame)
    return low.graph.add(op, (rotation, vector), type=type, span=expr.span)


def rpy(low: Lowering, expr: ast.Call, args: list[Node]) -> Node | None:
    """``rpy(roll, pitch, yaw)``: the rotation about the fixed axes x, then y, then z."""
    for arg, source in zip(args, expr.args, strict=True):
        is_angle = arg.type.kind is Kind.FLOAT and arg.type.dim == ANGLE
        if not is_angle and not (arg.op == "const" and arg.attr == 0):
            low.report.error("E0402", f"`rpy` takes angles, not {arg.type.describe()}", source.span, _doc(expr))
            return None
    axes = [arg.type.axis for arg in args if arg.type.axis is not None]
    if any(axis != axes[0] for axis in axes):
        low.math.axis_error(axes[0], axes[-1], expr.span)
        return None
    type = Type(Kind.QUAT, axes[0] if axes else None, frame="world")
    return low.graph.add("quat", args, type=type, attr="rpy", span=expr.span)


def compose(low: Lowering, expr: ast.Call, args: list[Node]) -> Node | None:
    """``compose(a, b)``: the rotation b, and then a."""
    if not _rotations(low, expr, args):
        return None
    return low.graph.add("compose", args, type=args[0].type, span=expr.span)


def inverse(low: Lowering, expr: ast.Call, args: list[Node]) -> Node | None:
    """``inverse(rot)``: the rotation back."""
    if not _rotations(low, expr, args):
        return None
    return low.math.unary("quat_conj", args[0], args[0].type, expr.span)


def unique(low: Lowering, expr: ast.Call, args: list[Node]) -> Node | None:
    """``unique(rot)``: of the two quaternions of a rotation the one with w >= 0."""
    if not _rotations(low, expr, args):
        return None
    return low.math.unary("quat_unique", args[0], args[0].type, expr.span)


def angle_between(low: Lowering, expr: ast.Call, args: list[Node]) -> Node | None:
    """``angle_between(a, b)``: how far one rotation is from another, from 0 to 180 deg."""
    if not _rotations(low, expr, args):
        return None
    type = Type(axis=args[0].type.axis, dim=ANGLE)
    return low.graph.add("angle_between", args, type=type, span=expr.span)
