"""What a reset draws besides uniform numbers for each element: normal ones, shared ones, angles and rotations."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import pi
from typing import TYPE_CHECKING

from stripe_dsl.check.arithmetic import is_zero, unit_words
from stripe_dsl.check.phase import DRAWING, Phase
from stripe_dsl.check.tunables import Role
from stripe_dsl.check.values import RangeValue, describe, varies
from stripe_dsl.ir.graph import Node
from stripe_dsl.ir.types import BOOL, Kind, Type
from stripe_dsl.source import Span
from stripe_dsl.syntax import ast
from stripe_dsl.units import ANGLE, DIMENSIONLESS

if TYPE_CHECKING:
    from stripe_dsl.check.expressions import Lowering


def gaussian(low: Lowering, expr: ast.Call) -> Node | None:
    """``gaussian(mean, deviation)``: a normal draw for every element of what is reset."""
    if not _in_reset(low, expr):
        return None
    with low.tunables.paused():
        mean, deviation = (low.number(arg) for arg in expr.args)
    if mean is None or deviation is None:
        return None
    for node, arg in ((mean, expr.args[0]), (deviation, expr.args[1])):
        if not node.type.is_scalar or node.type.is_bool or varies(node):
            words = node.type.describe() if not varies(node) else "a value that is known later"
            low.report.error("E0309", f"`gaussian` takes two numbers, not {words}", arg.span)
            return None
    if is_zero(mean):  # a literal zero fits every unit
        mean = low.math.const(0.0, deviation.type, mean.span)
    if mean.type.dim != deviation.type.dim:
        message = f"the mean is {unit_words(mean.type.dim)} and the deviation {unit_words(deviation.type.dim)}"
        low.report.error("E0401", message, expr.span, "give both one unit, as in `gaussian(0 rad, 0.1 rad)`")
        return None
    if mean.op == deviation.op == "const":
        pair = (float(mean.attr), float(deviation.attr))  # type: ignore[arg-type]
        if pair[1] < 0:
            low.report.error("E0309", "the deviation cannot be negative", expr.args[1].span)
            return None
        if low.tunables.active:
            doc = f"Mean and standard deviation of `{low.tunables.owner}`."
            path = low.tunables.add(pair, mean.type.dim, Role.RANGE, expr.span, doc)
            mean, deviation = (low.graph.add("tunable", type=mean.type, attr=(path, end)) for end in (0, 1))
    return low.drawn("gaussian", (mean, deviation), expr.span)


def shared(low: Lowering, expr: ast.Call) -> Node | None:
    """``shared(low..high)``: one draw for all elements of what is reset."""
    if not _in_reset(low, expr):
        return None
    with single(low):
        value = low.value(expr.args[0])
        node = low.draw(value, expr.span) if isinstance(value, RangeValue) else value
    if node is None or (isinstance(node, Node) and node.op in ("uniform", "gaussian")):
        return node
    message = f"`shared` takes what is drawn, not {describe(node)}"
    low.report.error("E0309", message, expr.args[0].span, "as in `shared(-1..1 rad)` or `shared(gaussian(0 m, 1 m))`")
    return None


def chance(low: Lowering, expr: ast.Call) -> Node | None:
    """``chance(30 %)``: a condition that holds in this share of draws, one for each environment."""
    if not _in_reset(low, expr):
        return None
    with low.tunables.paused():
        share = low.number(expr.args[0])
    if share is None:
        return None
    if share.op != "const" or not isinstance(share.attr, int | float) or not share.type.dim.is_none:
        message = f"`chance` takes a share, not {share.type.describe() if not varies(share) else 'what is known later'}"
        low.report.error("E0309", message, expr.args[0].span, "as in `chance(30 %)`")
        return None
    if not 0 <= share.attr <= 1:
        low.report.error("E0309", "a share lies between 0 % and 100 %", expr.args[0].span, f"it is {share.attr:g} here")
        return None
    if low.tunables.active:
        doc = f"How often `{expr.span.text}` of `{low.tunables.owner}` holds."
        path = low.tunables.add(float(share.attr), DIMENSIONLESS, Role.CHANCE, expr.span, doc)
        share = low.graph.add("tunable", type=Type(), attr=path, span=expr.span)
    ends = (low.math.const(0.0, Type()), low.math.const(1.0, Type()))
    drawn = low.drawn("uniform", ends, expr.span, Type())
    return low.graph.add("lt", (drawn, share), type=BOOL, span=expr.span)


@contextmanager
def single(low: Lowering) -> Iterator[None]:
    """What is drawn inside is one number, whatever is reset."""
    before, low.shares = low.shares, True
    try:
        yield
    finally:
        low.shares = before


def added_range(low: Lowering, expr: ast.Range) -> bool:
    """Reports ``default + -45..45 deg``, in which the sum is the lower end of the range."""
    first, high = expr.low, expr.high
    if not (isinstance(first, ast.Binary) and first.op in ("+", "-") and isinstance(high, ast.Number) and high.unit):
        return False
    right = first.right.operand if isinstance(first.right, ast.Unary) else first.right
    if not (isinstance(right, ast.Number) and not right.unit):  # with units it is a range of two sums
        return False
    text = f"{first.left.span.text} {first.op} ({first.right.span.text}..{high.span.text})"
    low.report.error("E0307", "a range that is added stands in parentheses", expr.span, f"write `{text}`")
    return True


def any_angle(low: Lowering, span: Span | None) -> RangeValue:
    """``any`` in a reset: an angle all around, a range as any other."""
    one = Type(dim=ANGLE)
    if not low.tunables.active:
        return RangeValue(*(low.math.const(end, one, span) for end in (-pi, pi)))
    path = low.tunables.add((-pi, pi), ANGLE, Role.RANGE, span)
    return RangeValue(*(low.graph.add("tunable", type=one, attr=(path, end), span=span) for end in (0, 1)))


def is_drawn(low: Lowering, expr: ast.Expr) -> bool:
    """Whether an angle of ``rpy(…)`` or a part of a vector is drawn: a range, ``any`` or ``gaussian(…)``."""
    called = isinstance(expr, ast.Call) and isinstance(expr.function, ast.Name) and expr.function.id == "gaussian"
    return low.phase in DRAWING and (called or is_any(expr) or isinstance(expr, ast.Range))


def drawn_part(low: Lowering, expr: ast.Expr, word: str) -> Node | None:
    """A drawn angle of ``rpy(…)`` or part of a vector. Its numbers are settings that end in the word, as in
    ``env.reset.base_rot_roll``."""
    with single(low), low.tunables.part(word):
        value = low.value(expr)
        if isinstance(value, RangeValue):
            return low.draw(value, expr.span)
    return value if isinstance(value, Node) else None


def is_any(expr: ast.Expr) -> bool:
    """Whether this is the word `any`."""
    return isinstance(expr, ast.Name) and expr.id == "any"


def any_rotation(low: Lowering, span: Span | None) -> Node:
    """``base.rot = any``: all rotations are equally likely.

    With angles about the fixed axes x, y and z, the volume of rotations goes with the cosine of the angle about y, so
    its sine is uniform, and so are the other two angles.
    """
    one = Type()
    ends = tuple(low.math.const(end, one, span) for end in (-1.0, 1.0))
    pitch = low.graph.add("asin", (low.drawn("uniform", ends, span, one),), type=Type(dim=ANGLE), span=span)
    with low.tunables.paused():
        roll, yaw = (low.draw(any_angle(low, span), span, Type(dim=ANGLE)) for _ in range(2))
    return low.graph.add("quat", (roll, pitch, yaw), type=Type(Kind.QUAT, frame="world"), attr="rpy", span=span)


def _in_reset(low: Lowering, expr: ast.Call) -> bool:
    if low.phase is Phase.BEGIN or (low.phase is Phase.RESET and low.default is not None):
        return True
    help = "random values are drawn in `reset`; `noise gaussian(…)` is that of an observation"
    low.report.error("E0307", f"nothing is drawn with `{expr.span.text}` here", expr.span, help)
    return False
