"""Pieces of torch source text: how tightly they bind and which environments they speak of."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from stripe_dsl.ir.graph import Node
from stripe_dsl.ir.types import Type

ISAACLAB_FUNCTIONS = (
    "axis_angle_from_quat",
    "euler_xyz_from_quat",
    "normalize",
    "quat_apply",
    "quat_apply_inverse",
    "quat_conjugate",
    "quat_error_magnitude",
    "quat_from_angle_axis",
    "quat_from_euler_xyz",
    "quat_mul",
    "quat_unique",
    "sample_uniform",
    "wrap_to_pi",
    "yaw_quat",
)
"""What generated code may import from ``isaaclab.utils.math``."""


class Precedence(IntEnum):
    """Python's operators, the loosest first."""

    TERNARY = 0
    OR = 1
    AND = 2
    NOT = 3
    COMPARISON = 4
    BIT_OR = 5
    BIT_AND = 6
    SUM = 7
    PRODUCT = 8
    UNARY = 9
    POWER = 10
    ATOM = 11


class Spread(IntEnum):
    """How much of the batch a value holds."""

    HOST = 0
    """A Python number or condition, equal in all environments."""
    SINGLE = 1
    """A tensor ``(1, *type.shape)``, equal in all environments."""
    BATCHED = 2
    """A tensor ``(N, *type.shape)``."""


@dataclass(frozen=True, slots=True)
class Value:
    """Source text of a node's value.

    Attributes:
        text: an expression.
        precedence: of its outermost operator.
        spread: which environments it speaks of.
        cheap: computing it again costs no kernel, so it needs no variable.
    """

    text: str
    precedence: Precedence = Precedence.ATOM
    spread: Spread = Spread.BATCHED
    cheap: bool = False

    @property
    def host(self) -> bool:
        """A Python number or condition."""
        return self.spread is Spread.HOST

    @property
    def atom(self) -> str:
        """The text as an operand of anything."""
        return self.within(Precedence.ATOM)

    def within(self, precedence: Precedence) -> str:
        """The text as an operand that needs at least this precedence, in parentheses where it binds looser."""
        return self.text if self.precedence >= precedence else f"({self.text})"


def widest(values: Sequence[Value]) -> Spread:
    """The spread of what is computed from the values."""
    return max((value.spread for value in values), default=Spread.HOST)


def host(text: str) -> Value:
    """A literal number or condition, or one of the cfg."""
    return Value(text, Precedence.UNARY if text.startswith("-") else Precedence.ATOM, Spread.HOST)


def call(function: str, args: Sequence[Value], **keywords: str) -> Value:
    """``function(args, keyword=…)``."""
    texts = [arg.text for arg in args] + [f"{name}={text}" for name, text in keywords.items()]
    return Value(f"{function}({', '.join(texts)})", spread=widest(args))


def infix(symbol: str, precedence: Precedence, left: Value, right: Value) -> Value:
    """``left symbol right`` with the fewest parentheses that keep the order of evaluation.

    ``a + -b`` becomes ``a - b``, which is the same number.
    """
    if symbol in "+-" and right.text.startswith("-") and right.precedence in (Precedence.UNARY, Precedence.PRODUCT):
        symbol = "-" if symbol == "+" else "+"
        right = Value(right.text[1:], Precedence.PRODUCT, right.spread)
        # the minus needed parentheses around -b, whose sign goes the same way, and around a product
        inner = _grouped(right.text)
        if isinstance(inner, ast.UnaryOp) and isinstance(inner.op, ast.USub):
            return infix(symbol, precedence, left, Value(right.text[1:-1], Precedence.UNARY, right.spread))
        if isinstance(inner, ast.BinOp) and isinstance(inner.op, (ast.Mult, ast.Div, ast.Mod)):
            return infix(symbol, precedence, left, Value(right.text[1:-1], Precedence.PRODUCT, right.spread))
    below = Precedence(precedence + 1)
    # Comparisons chain in Python, so neither side of one may be another.
    outer = below if precedence is Precedence.COMPARISON else precedence
    if symbol == "%" and left.text.startswith("-"):
        outer = Precedence.ATOM  # so that no text of a product that begins with a minus holds a remainder
    text = f"{left.within(outer)} {symbol} {right.within(below)}"
    return Value(text, precedence, widest((left, right)))


def _grouped(text: str) -> ast.expr | None:
    """What stands in the parentheses of a text that is ``(x)`` and nothing else."""
    if not (text.startswith("(") and text.endswith(")")):
        return None
    try:
        return ast.parse(text[1:-1], mode="eval").body
    except SyntaxError:  # the parentheses do not belong together
        return None


def power(base: Value, exponent: Value) -> Value:
    """``base**exponent`` of host values, spaced as the formatter does."""
    simple = all(re.fullmatch(r"-?[\w.]+(e-?\d+)?", value.text) for value in (base, exponent))
    space = "" if simple else " "
    text = f"{base.within(Precedence.ATOM)}{space}**{space}{exponent.within(Precedence.UNARY)}"
    return Value(text, Precedence.POWER, Spread.HOST)


def prefix(symbol: str, precedence: Precedence, operand: Value) -> Value:
    """``-x``, ``~x`` or ``not x``."""
    inner = Precedence.POWER if operand.text.startswith("-") else precedence
    return Value(f"{symbol}{operand.within(inner)}", precedence, operand.spread)


def suffixed(operand: Value, suffix: str) -> Value:
    """``x[…]`` or ``x.method()``."""
    return Value(f"{operand.within(Precedence.ATOM)}{suffix}", Precedence.ATOM, operand.spread)


def aligned(types: Sequence[Type], values: Sequence[Value], *, components: bool | None = None) -> list[Value]:
    """The values with dimensions of size one where others have a list axis or components, so that torch combines them.

    Args:
        types: type of each value.
        values: the values.
        components: whether the last dimension is aligned too; by default where some value has one.
    """
    axis = any(type.axis is not None for type in types)
    if components is None:
        components = any(type.components > 1 for type in types)
    result = []
    for type, value in zip(types, values, strict=True):
        add_axis = axis and type.axis is None
        add_component = components and type.components == 1
        if value.host or not (add_axis or add_component):
            result.append(value)
        elif add_axis:
            result.append(suffixed(value, "[:, None, None]" if add_component else "[:, None]"))
        else:
            result.append(suffixed(value, "[:, None]" if type.axis is None else "[..., None]"))
    return result


def unscaled(node: Node) -> int | None:
    """Which operand of a product it is equal to, as in ``x * 1 m``: the other one says a unit, and code has none."""
    for place, other in ((0, node.args[1]), (1, node.args[0])):
        kept = node.args[place]
        if other.op == "const" and other.attr == 1.0 and not kept.type.is_bool and kept.type.shape == node.type.shape:
            return place
    return None
