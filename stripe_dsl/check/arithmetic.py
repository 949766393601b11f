"""Typing rules of operators: shapes, units and frames of the result, or what does not fit.

Every rule takes operands that were lowered already and returns the new node, or ``None`` after it reported a mistake.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from stripe_dsl.check.report import Reporter
from stripe_dsl.ir.graph import Attr, Graph, Node
from stripe_dsl.ir.types import BOOL, FLOAT, Axis, Kind, Type
from stripe_dsl.source import Span
from stripe_dsl.units import ANGLE, DIMENSIONLESS, Dimension, usual_units

WORDS = {"add": "add", "sub": "subtract", "lt": "compare", "le": "compare", "gt": "compare", "ge": "compare"}
COMPARISONS = {"<": "lt", "<=": "le", ">": "gt", ">=": "ge", "==": "eq", "!=": "ne"}


class Arithmetic:
    """Builds typed nodes."""

    def __init__(self, graph: Graph, report: Reporter) -> None:
        self.graph = graph
        self.report = report
        self.beginnings: dict[str, str] = {}
        """What states begin with that are becoming something, where that is a number without a unit."""

    # leaves and conversions

    def const(self, value: Attr, type: Type = FLOAT, span: Span | None = None) -> Node:
        """A constant, in SI units."""
        return self.graph.add("const", type=type, attr=value, span=span)

    def unary(self, op: str, x: Node, type: Type, span: Span | None = None, attr: Attr = None) -> Node:
        """An operation on one operand whose type was worked out already."""
        return self.graph.add(op, (x,), type=type, attr=attr, span=span)

    def as_float(self, x: Node) -> Node:
        """A condition as 1 or 0; numbers stay."""
        return self.unary("float", x, replace(x.type, kind=Kind.FLOAT), x.span) if x.type.is_bool else x

    def numeric(self, x: Node, span: Span, help: str) -> bool:
        """Whether an operand is a number, a vector or a list of them; conditions and rotations are reported."""
        if x.type.is_bool:
            self.report.error("E0306", "a condition stands where a number is wanted", span, help)
            return False
        if x.type.kind is Kind.QUAT:
            help = "read `.roll`, `.pitch` or `.yaw` of the base, or turn a vector with `@body`"
            self.report.error("E0302", f"{x.type.describe()} stands where a number is wanted", span, help)
            return False
        return True

    # binary operators

    def additive(self, op: str, a: Node, b: Node, span: Span, a_span: Span, b_span: Span) -> Node | None:
        """``a + b`` and ``a - b``."""
        help = "multiply it by a number to count it, as in `2 * (x > 1)`"
        if not (self.numeric(a, a_span, help) and self.numeric(b, b_span, help)):
            return None
        adapted = self.same_unit(op, a, b, span)
        if adapted is None:
            return None
        a, b = adapted
        if a.type.kind is not b.type.kind:
            what = f"cannot {WORDS[op]} {a.type.describe()} and {b.type.describe()}"
            self.report.error("E0301", what, span, f"both sides of `{'+' if op == 'add' else '-'}` have one shape")
            return None
        axis = self.common_axis(a, b, span)
        if axis is False:
            return None
        frame = self.common_frame(op, a, b, span)
        if frame is False:
            return None
        type = Type(a.type.kind, axis or None, a.type.dim, frame or None)
        if _nothing(b) and (a.type == type or a.op == "part"):
            return a if a.type == type else self.graph.add("part", a.args, type=type, attr=a.attr, span=a.span)
        if _nothing(a) and op == "add" and b.type == type:
            return b
        return self.graph.add(op, (a, b), type=type, span=span)

    def multiply(self, op: str, a: Node, b: Node, span: Span) -> Node | None:
        """``a * b`` and ``a / b``. A condition counts as 1 or 0 in a product."""
        if op == "div" and b.type.is_bool:
            self.report.error("E0306", "cannot divide by a condition", span, "write `x if condition`")
            return None
        a, b = self.as_float(a), self.as_float(b)
        if b.type.kind is not Kind.FLOAT and (a.type.kind is not Kind.FLOAT or op == "div"):
            if op == "div":
                self.report.error("E0303", f"cannot divide by {b.type.describe()}", span, "divide by its length `|v|`")
            else:
                what = f"cannot multiply {a.type.describe()} and {b.type.describe()}"
                self.report.error("E0301", what, span, "write `dot(a, b)` or `cross(a, b)`")
            return None
        axis = self.common_axis(a, b, span)
        if axis is False:
            return None
        kind, frame = (a.type.kind, a.type.frame) if a.type.kind is not Kind.FLOAT else (b.type.kind, b.type.frame)
        if kind is Kind.QUAT:
            self.report.error("E0301", "a rotation is not multiplied by a number", span)
            return None
        dim = a.type.dim * b.type.dim if op == "mul" else a.type.dim / b.type.dim
        return self.graph.add(op, (a, b), type=Type(kind, axis or None, dim, frame), span=span)

    def power(self, x: Node, exponent: Node, span: Span, exponent_span: Span) -> Node | None:
        """``x ^ exponent`` with a constant, plain exponent."""
        if not self.numeric(x, span, "a condition has no powers"):
            return None
        if x.type.kind is not Kind.FLOAT:
            message = f"cannot raise {x.type.describe()} to a power"
            self.report.error("E0302", message, span, "take its length first: `|v|^2`")
            return None
        if exponent.op != "const" or not isinstance(exponent.attr, int | float) or not exponent.type.dim.is_none:
            self.report.error(
                "E0408", "an exponent is a plain number", exponent_span, "the unit of the result depends on it"
            )
            return None
        dim = x.type.dim ** float(exponent.attr)
        return self.graph.add("pow", (x, exponent), type=replace(x.type, dim=dim), span=span)

    def compare(self, symbol: str, a: Node, b: Node, span: Span) -> Node | None:
        """``a < b`` and its kin: a condition, or a list of them."""
        op = COMPARISONS[symbol]
        if a.type.is_bool and b.type.is_bool and op in ("eq", "ne"):
            axis = self.common_axis(a, b, span)
            return None if axis is False else self.graph.add(op, (a, b), type=Type(Kind.BOOL, axis or None), span=span)
        for x in (a, b):
            if not self.numeric(x, span, "combine conditions with `and`, `or` and `not`"):
                return None
            if x.type.kind is not Kind.FLOAT:
                self.report.error(
                    "E0302", f"cannot compare {x.type.describe()}", span, "compare its length `|v|` or a part `v.x`"
                )
                return None
        adapted = self.same_unit("lt", a, b, span)
        if adapted is None:
            return None
        a, b = adapted
        axis = self.common_axis(a, b, span)
        return None if axis is False else self.graph.add(op, (a, b), type=Type(Kind.BOOL, axis or None), span=span)

    def logic(self, op: str, a: Node, b: Node, span: Span, a_span: Span, b_span: Span) -> Node | None:
        """``and``, ``or``."""
        if not (self.condition(a, a_span) and self.condition(b, b_span)):
            return None
        axis = self.common_axis(a, b, span)
        return None if axis is False else self.graph.add(op, (a, b), type=Type(Kind.BOOL, axis or None), span=span)

    def condition(self, x: Node, span: Span) -> bool:
        """Whether ``x`` is a condition; a number is reported."""
        if x.type.is_bool:
            return True
        self.report.error("E0305", f"a condition is wanted here, not {x.type.describe()}", span, "compare it: `x > 0`")
        return False

    def select(self, condition: Node, a: Node, b: Node, span: Span) -> Node | None:
        """``a if condition else b``."""
        if a.type.is_bool != b.type.is_bool:
            a, b = self.as_float(a), self.as_float(b)
        adapted = self.same_unit("where", a, b, span)
        if adapted is None:
            return None
        a, b = adapted
        if a.type.kind is not b.type.kind:
            what = f"both outcomes have to be of one shape, not {a.type.describe()} and {b.type.describe()}"
            self.report.error("E0301", what, span)
            return None
        frame = self.common_frame("where", a, b, span)
        axis = self.common_axis(a, b, span)
        if frame is False or axis is False:
            return None
        if condition.type.axis is not None:
            if axis is not None and axis != condition.type.axis:
                self.axis_error(axis, condition.type.axis, span)
                return None
            axis = condition.type.axis
        type = Type(a.type.kind, axis or None, a.type.dim, frame or None)
        return self.graph.add("where", (condition, a, b), type=type, span=span)

    def zero_like(self, x: Node) -> Node:
        """Zero with the unit, frame and kind of ``x``, for one element."""
        if x.type.is_bool:
            return self.const(False, BOOL)
        value: Attr = (0.0,) * x.type.components if x.type.components > 1 else 0.0
        return self.const(value, replace(x.type, axis=None))

    # agreement of operands

    def same_unit(self, op: str, a: Node, b: Node, span: Span) -> tuple[Node, Node] | None:
        """The operands, a literal zero taking the other's unit; unlike units are reported."""
        if a.type.dim == b.type.dim:
            return a, b
        if is_zero(a):
            return self.retype(a, b.type.dim), b
        if is_zero(b):
            return a, self.retype(b, a.type.dim)
        verb = WORDS.get(op, "mix")
        joiner = {"add": "to", "sub": "from", "compare": "with"}.get(verb if verb == "compare" else op, "with")
        left, right = (b, a) if op in ("sub", "add") else (a, b)
        message = f"cannot {verb} {unit_words(left.type.dim)} {joiner} {unit_words(right.type.dim)}"
        self.report.error(
            "E0401" if not self._missing_angle(a, b) else "E0407",
            message,
            span,
            *self._unit_help(a, b),
            label=f"{unit_words(a.type.dim)} and {unit_words(b.type.dim)}",
        )
        return None

    def _missing_angle(self, a: Node, b: Node) -> bool:
        return {a.type.dim, b.type.dim} == {ANGLE, DIMENSIONLESS}

    def _unit_help(self, a: Node, b: Node) -> tuple[str, ...]:
        for x, other in ((a, b), (b, a)):
            begins = self.beginnings.get(str(x.attr)) if x.op == "old" else None
            if x.type.dim.is_none and (x.op in ("const", "tunable") or begins is not None):
                units = usual_units(other.type.dim)
                unit = units[0] if units else str(other.type.dim)
                if other.type.dim == ANGLE:
                    unit = "rad"
                if begins is not None:
                    return (f"let `{x.attr}` begin with its unit: write `{begins} {unit}`",)
                text = x.span.text if x.span is not None else "the number"
                return (f"give the number its unit: `{text} {unit}`",)
        return ()

    def retype(self, x: Node, dim: Dimension) -> Node:
        """A constant with another dimension."""
        return self.const(x.attr, replace(x.type, dim=dim), x.span)

    def common_axis(self, a: Node, b: Node, span: Span) -> Axis | Literal[False] | None:
        """The axis of the result; ``False`` after two different sets were reported."""
        first, second = a.type.axis, b.type.axis
        if first is None or second is None or first == second:
            return first if first is not None else second
        self.axis_error(first, second, span)
        return False

    def axis_error(self, first: Axis, second: Axis, span: Span) -> None:
        """Reports two lists over different sets."""
        if len(first) != len(second):
            message = f"a list of {len(first)} over `{first.label}` meets a list of {len(second)} over `{second.label}`"
        else:
            message = f"lists over different sets: `{first.label}` and `{second.label}`"
        self.report.error("E0301", message, span, "lists combine element by element over one set; reduce one of them")

    def common_frame(self, op: str, a: Node, b: Node, span: Span) -> str | Literal[False] | None:
        """The frame of a sum or difference; ``False`` after a mixture was reported.

        ``env`` is a position relative to the environment's origin, with the axes of ``world``: two of them differ by
        a vector in ``world``, and a position moved by a vector in ``world`` is a position again.
        """
        first, second = a.type.frame, b.type.frame
        if not (a.type.is_vector or a.type.kind is Kind.QUAT):
            return None
        if first is None or second is None:
            # a literal beside a position is a position
            return "world" if op == "sub" and "env" in (first, second) else first or second
        if first == second:
            return "world" if op == "sub" and first == "env" else first
        if {first, second} == {"env", "world"} and (op == "add" or first == "env"):
            return "env"
        self.report.error(
            "E0404",
            f"a vector in the {first} frame meets one in the {second} frame",
            span,
            f"bring both to one frame, as in `(…)@{first}`",
            label=f"@{first} and @{second}",
        )
        return False


def is_zero(x: Node) -> bool:
    """A plain zero, which may stand for zero of any unit."""
    return x.op == "const" and x.attr == 0 and x.type.dim.is_none and x.type.kind is Kind.FLOAT


def _nothing(x: Node) -> bool:
    """A zero of any unit, as the height of a plane is: a sum is the same without it."""
    if x.op == "mul":
        return _nothing(x.args[1])
    return x.op == "const" and not any(x.attr if isinstance(x.attr, tuple) else (x.attr,))


def unit_words(dim: Dimension) -> str:
    """``a plain number``, ``an angle [rad]``, ``[kg*m/s]``."""
    if dim.is_none:
        return "a plain number"
    if dim.name:
        article = "an" if dim.name[0] in "aeiou" else "a"
        return f"{article} {dim.name} [{dim}]"
    return f"[{dim}]"
