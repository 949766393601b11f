"""Settings: expressions that are known when the task is compiled, with the unit that their key wants."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

from stripe_dsl.check.arithmetic import is_zero, unit_words
from stripe_dsl.check.expressions import Lowering
from stripe_dsl.check.values import RangeValue
from stripe_dsl.ir.graph import Node
from stripe_dsl.ir.types import Kind
from stripe_dsl.source import Span
from stripe_dsl.spec.values import Expression
from stripe_dsl.syntax import ast
from stripe_dsl.text import and_list, did_you_mean
from stripe_dsl.units import ANGLE, AREA, DIMENSIONLESS, Dimension, usual_units

type Vector = tuple[float, ...]

_UNARY: dict[str, Callable[[float], float]] = {
    "neg": lambda x: -x,
    "abs": abs,
    "sqrt": math.sqrt,
    "exp": math.exp,
    "log": math.log,
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "asin": math.asin,
    "acos": math.acos,
    "atan": math.atan,
    "tanh": math.tanh,
    "floor": math.floor,
    "ceil": math.ceil,
    "sign": lambda x: (x > 0) - (x < 0),
    "wrap": lambda x: math.remainder(x, 2 * math.pi),
}
_BINARY: dict[str, Callable[[float, float], float]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "pow": lambda a, b: a**b,
    "min": min,
    "max": max,
    "atan2": math.atan2,
    "mod": lambda a, b: a - b * math.floor(a / b),
}


def fold(node: Node) -> float | Vector | bool | None:
    """The value of a node that depends on constants alone; ``None`` for all others, and for 1/0 and its like."""
    if node.op == "const":
        return node.attr  # type: ignore[return-value]
    values = [fold(arg) for arg in node.args]
    if not values or any(value is None for value in values):
        return None
    try:
        if node.op in _UNARY:
            (x,) = values
            return tuple(map(_UNARY[node.op], x)) if isinstance(x, tuple) else float(_UNARY[node.op](x))  # type: ignore[arg-type]
        if node.op in _BINARY:
            return _combine(_BINARY[node.op], *values)  # type: ignore[arg-type]
        if node.op == "vec":
            return tuple(float(value) for value in values)  # type: ignore[arg-type]
    except (ValueError, ZeroDivisionError, OverflowError):
        return None
    return None


def _combine(op: Callable[[float, float], float], a: float | Vector, b: float | Vector) -> float | Vector:
    if isinstance(a, tuple) or isinstance(b, tuple):
        size = len(a) if isinstance(a, tuple) else len(b)  # type: ignore[arg-type]
        left = a if isinstance(a, tuple) else (a,) * size
        right = b if isinstance(b, tuple) else (b,) * size
        return tuple(op(x, y) for x, y in zip(left, right, strict=True))
    return float(op(a, b))


class Settings:
    """Reads the values of keys. Every method reports what does not fit and then returns its fallback."""

    def __init__(self, lowering: Lowering) -> None:
        self.lowering = lowering
        self.report = lowering.report

    def number(self, value: Expression | None, dim: Dimension, key: str, fallback: float | None = None) -> float | None:
        """A number in SI units; ``fallback`` where the key is absent or wrong."""
        if value is None:
            return fallback
        if isinstance(value.node, ast.Range):
            self.report.error("E0307", f"`{key}` is one number, not a range", value.span, "write one of its ends")
            return fallback
        node = self.lowering.number(value.node)
        if node is None:
            return fallback
        if not node.type.is_scalar or node.type.is_bool:
            helps = ("a range is written `low..high`",) if node.type.kind is Kind.VEC2 else ()
            self.report.error("E0309", f"`{key}` is one number, not {node.type.describe()}", value.span, *helps)
            return fallback
        if not self.check_unit(node, dim, key, value.span):
            return fallback
        result = fold(node)
        if result is None or not math.isfinite(float(result)):  # type: ignore[arg-type]
            self.report.error(
                "E0309", f"`{key}` has to be known before the simulation", value.span, "use numbers and parameters"
            )
            return fallback
        return float(result)  # type: ignore[arg-type]

    def check_unit(self, node: Node, dim: Dimension, key: str, span: Span) -> bool:
        """Whether a value has the dimension that its key wants."""
        if node.type.dim == dim or is_zero(node):
            return True
        wanted = unit_words(dim)
        code = "E0407" if dim == ANGLE and node.type.dim.is_none else "E0403"
        units = list(usual_units(dim))
        if key == "count" and node.type.dim == AREA**-1:
            help = f"so many on an area are a `density`: write `density {span.text}`"
        elif dim.is_none:
            help = "remove the unit"
        elif node.type.dim.is_none:
            # nobody means 180 rad
            turns = dim == ANGLE and any(float(number) > math.tau for number in re.findall(r"\d+(?:\.\d+)?", span.text))
            help = f"write a unit, as in `{span.text} {'deg' if turns else units[0]}`"
            if span.text.isidentifier():
                help = f"give `{span.text}` a unit where it is defined, as in `1 {units[0]}`"
        else:
            several = units[:3] if units[0].isidentifier() else units[:1]
            help = f"its unit is `{units[0]}`" if len(several) == 1 else f"usual units are {and_list(several)}"
        self.report.error(code, f"`{key}` wants {wanted}, not {unit_words(node.type.dim)}", span, help)
        return False

    def positive(self, value: Expression | None, dim: Dimension, key: str, fallback: float) -> float:
        """A number above zero."""
        result = self.number(value, dim, key, fallback)
        assert result is not None
        if result <= 0 and value is not None:
            self.report.error("E0309", f"`{key}` has to be above zero", value.span, f"it is {result:g} here")
            return fallback
        return result

    def not_negative(self, value: Expression | None, dim: Dimension, key: str) -> float | None:
        """A number of at least zero, or ``None`` where the key is absent."""
        result = self.number(value, dim, key)
        if result is not None and result < 0 and value is not None:
            self.report.error("E0309", f"`{key}` cannot be negative", value.span, "remove the sign")
            return None
        return result

    def whole(self, value: Expression | None, key: str, fallback: int, *, least: int = 1) -> int:
        """A whole number of at least ``least``."""
        result = self.number(value, DIMENSIONLESS, key, float(fallback))
        assert result is not None
        if value is not None and (result != int(result) or result < least):
            self.report.error(
                "E0309", f"`{key}` is a whole number from {least} up", value.span, f"it is {result:g} here"
            )
            return fallback
        return int(result)

    def vector(self, value: Expression | None, dim: Dimension, key: str, fallback: Vector) -> Vector:
        """A vector of three numbers."""
        if value is None:
            return fallback
        node = self.lowering.number(value.node)
        if node is None:
            return fallback
        if node.type.kind is not Kind.VEC3 or node.type.axis is not None:
            self.report.error(
                "E0303", f"`{key}` is a vector, not {node.type.describe()}", value.span, "write `(x, y, z) m`"
            )
            return fallback
        folded = fold(node)
        zero = isinstance(folded, tuple) and not any(folded) and node.type.dim.is_none
        if not zero and not self.check_unit(node, dim, key, value.span):
            return fallback
        if not isinstance(folded, tuple):
            self.report.error(
                "E0309", f"`{key}` has to be known before the simulation", value.span, "use numbers and parameters"
            )
            return fallback
        return folded

    def pair_of(self, value: Expression, dim: Dimension, key: str) -> tuple[float, float] | None:
        """A vector of two numbers in SI units."""
        node = self.lowering.number(value.node)
        if node is None:
            return None
        if node.type.kind is not Kind.VEC2 or node.type.axis is not None:
            help = f"write `(x, y){'' if dim.is_none else ' m'}`"
            self.report.error("E0303", f"`{key}` is a vec2, not {node.type.describe()}", value.span, help)
            return None
        folded = fold(node)
        if not self.check_unit(node, dim, key, value.span):
            return None
        if not isinstance(folded, tuple):
            help = "use numbers and parameters"
            self.report.error("E0309", f"`{key}` has to be known before the simulation", value.span, help)
            return None
        return folded[0], folded[1]

    def pair(self, value: Expression, dim: Dimension, key: str) -> tuple[float, float] | None:
        """A range in SI units."""
        if isinstance(value.node, ast.Braces):
            help = f"write one, as in `{key} -1..1{'' if dim.is_none else f' {usual_units(dim)[0]}'}`"
            self.report.error("E0307", f"`{key}` is one range for all, not a block", value.span, help)
            return None
        found = self.lowering.value(value.node)
        if found is None:
            return None
        if not isinstance(found, RangeValue):
            self.report.error("E0307", f"`{key}` is a range", value.span, "write `low..high`, or `+-x` for -x..x")
            return None
        if not self.check_unit(found.low, dim, key, value.span):
            return None
        low, high = fold(found.low), fold(found.high)
        if low is None or high is None:
            self.report.error("E0309", f"`{key}` has to be known before the simulation", value.span)
            return None
        return float(low), float(high)  # type: ignore[arg-type]

    def word(self, value: Expression | None, key: str, known: tuple[str, ...], fallback: str) -> str:
        """One of some words."""
        if value is None:
            return fallback
        if isinstance(value.node, ast.Name) and value.node.id in known:
            return value.node.id
        if isinstance(value.node, ast.Broken):
            return fallback
        text = value.node.id if isinstance(value.node, ast.Name) else value.span.text
        helps = did_you_mean(text, known) or ("write " + " or ".join(f"`{word}`" for word in known),)
        self.report.error("E0309", f"`{key}` cannot be `{text}`", value.span, *helps)
        return fallback
