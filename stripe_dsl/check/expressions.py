"""Expressions to typed nodes: names resolved, shapes, units and frames checked on the way."""

from __future__ import annotations

from dataclasses import replace
from math import isfinite

from stripe_dsl.check.arithmetic import Arithmetic, is_zero
from stripe_dsl.check.calls import Calls, Frame
from stripe_dsl.check.draws import added_range, drawn_part, is_drawn
from stripe_dsl.check.frames import Frames
from stripe_dsl.check.memory import Memory
from stripe_dsl.check.names import Names
from stripe_dsl.check.phase import DRAWING, Phase
from stripe_dsl.check.reading import Reading
from stripe_dsl.check.report import Reporter
from stripe_dsl.check.scope import Scope
from stripe_dsl.check.tunables import Given, Role, Tunables
from stripe_dsl.check.values import RangeValue, Value, describe
from stripe_dsl.ir.graph import Graph, Node
from stripe_dsl.ir.types import Kind, Type
from stripe_dsl.source import Span
from stripe_dsl.syntax import ast
from stripe_dsl.text import and_list
from stripe_dsl.units import DIMENSIONLESS, Dimension, UnitError, parse_unit

ARITHMETIC = {"+": "add", "-": "sub", "*": "mul", "/": "div"}


class Lowering:
    """Lowers the expressions of one task into one graph."""

    def __init__(self, scope: Scope, report: Reporter) -> None:
        self.scope = scope
        self.report = report
        self.graph = Graph()
        self.math = Arithmetic(self.graph, report)
        self.tunables = Tunables()
        self.phase = Phase.CONSTANT
        self.names = Names(self)
        self.calls = Calls(self)
        self.memory = Memory(self)
        self.reading = Reading(self)
        self.frames = Frames(self)
        self._draws = 0
        self.default: Node | None = None
        """What ``default`` means where no operand beside it says so: the target of a reset."""
        self.shares = False
        """Whether what is drawn is one number for all elements."""
        self.reads_begins = False
        """Whether a reset asks where something else begins."""
        self.frame: Frame | None = None
        """The function whose formula is being lowered."""

    # entry points

    def number(self, expr: ast.Expr, role: Role | Given | None = None, *, drawn: bool = False) -> Node | None:
        """The node of an expression that has to be a value, or a draw from a range; anything else is reported."""
        value = self.value(expr, role)
        if value is None or isinstance(value, Node):
            return value
        if drawn and isinstance(value, RangeValue) and self.phase in DRAWING:
            return self.draw(value, expr.span)
        if isinstance(value, RangeValue):
            help = "ranges stand only in `reset`, `noise` and `clip`"
            if self.phase is Phase.CONSTANT:
                help = "write one of its ends"
            elif self.phase in DRAWING:
                help = "ranges stand in parentheses"
            self.report.error("E0307", "a range stands where one value is wanted", expr.span, help)
        else:
            self.report.error(
                "E0213",
                f"a value is wanted here, not {describe(value)}",
                expr.span,
                f"read one of {self.reading.fields_of(value)}",
            )
        return None

    def value(self, expr: ast.Expr, role: Role | Given | None = None) -> Value | None:
        """What an expression stands for; ``None`` after a mistake was reported."""
        match expr:
            case ast.Number():
                return self._number(expr, role)
            case ast.Name():
                return self.names.name(expr)
            case ast.Field():
                return self.reading.field(expr)
            case ast.Frame():
                return self.frames.frame(expr)
            case ast.Index():
                return self.reading.index(expr)
            case ast.Unary():
                return self._unary(expr, role)
            case ast.Binary():
                return self._binary(expr)
            case ast.Norm():
                return self._norm(expr)
            case ast.If():
                return self._if(expr)
            case ast.Where():
                return self._where(expr)
            case ast.Range():
                return self.range(expr, role)
            case ast.Tuple():
                return self._tuple(expr, role)
            case ast.Call():
                from stripe_dsl.check.functions import call

                return call(self, expr)
            case ast.Broken():
                return None
            case ast.String():
                self.report.error("E0309", "a string has no value in an expression", expr.span, "remove the quotes")
            case ast.List():
                self.report.error("E0309", "a list in brackets stands only after a set of bodies", expr.span)
            case _:
                self.report.error("E0309", "this has no value in an expression", expr.span)
        return None

    # leaves

    def unit(self, text: str, span: Span | None) -> tuple[float, Dimension] | None:
        """Scale and dimension of a unit; an unknown one is reported."""
        if not text:
            return 1.0, DIMENSIONLESS
        try:
            unit = parse_unit(text)
        except UnitError as problem:
            helps = (f"did you mean `{problem.suggestion}`?",) if problem.suggestion else ()
            self.report.error("E0108", f"unknown unit `{text}`", span, *helps)
            return None
        return unit.scale, unit.dimension

    def _number(self, expr: ast.Number, role: Role | Given | None) -> Node | None:
        unit = self.unit(expr.unit, expr.unit_span or expr.span)
        if unit is None:
            return None
        scale, dim = unit
        value = expr.value * scale
        type = Type(dim=dim)
        if not isfinite(expr.value):
            return None  # the parser reported it
        if not isfinite(value):
            self.report.error("E0106", "this number is too large", expr.span, "the largest are near 1e308")
            return None
        if self.tunables.wants(expr, role):
            path = self.tunables.add(value, dim, role, expr.span)
            return self.graph.add("tunable", type=type, attr=path, span=expr.span)
        return self.math.const(value, type, expr.span)

    def _tuple(self, expr: ast.Tuple, role: Role | Given | None) -> Node | None:
        unit = self.unit(expr.unit, expr.unit_span or expr.span)
        if unit is None:
            return None
        scale, dim = unit
        if len(expr.items) not in (2, 3):
            self.report.error("E0303", f"a vector has two or three parts, not {len(expr.items)}", expr.span)
            return None
        literal = all(isinstance(_plain(item), ast.Number) for item in expr.items)
        nodes = [self._part(expr, item, letter) for item, letter in zip(expr.items, "xyz", strict=False)]
        parts: list[Node] = []
        for item, node in zip(expr.items, nodes, strict=True):
            if node is None:
                return None
            if not node.type.is_scalar or node.type.is_bool:
                self.report.error("E0302", f"a part of a vector is one number, not {node.type.describe()}", item.span)
                return None
            parts.append(self._in_unit(node, scale, dim) if expr.unit and node.type.dim.is_none else node)
        dims = list(dict.fromkeys(node.type.dim for node in parts if not is_zero(node))) or [dim]
        if len(dims) > 1:
            words = and_list([str(item) if not item.is_none else "none" for item in dims])
            help = "write the unit behind the parentheses, as in `(1, 2) m`, or at each number"
            self.report.error("E0401", f"the parts of a vector have different units: {words}", expr.span, help)
            return None
        kind = Kind.VEC2 if len(parts) == 2 else Kind.VEC3
        type = Type(kind, dim=dims[0])
        if literal:
            value = tuple(float(node.attr) for node in parts)  # type: ignore[arg-type]
            if self.tunables.active and any(value):
                path = self.tunables.add(value, type.dim, role or Role.OFFSET, expr.span)
                return self.graph.add("tunable", type=type, attr=path, span=expr.span)
            return self.math.const(value, type, expr.span)
        return self.graph.add("vec", parts, type=type, span=expr.span)

    def _in_unit(self, number: Node, scale: float, dim: Dimension) -> Node:
        """A plain number in the unit behind its parentheses."""
        if number.op == "const" and isinstance(number.attr, int | float):
            return self.math.const(float(number.attr) * scale, Type(dim=dim), number.span)
        unit = self.math.const(scale, Type(dim=dim), number.span)
        return self.graph.add("mul", (number, unit), type=replace(number.type, dim=dim), span=number.span)

    def _part(self, expr: ast.Tuple, item: ast.Expr, letter: str) -> Node | None:
        """A part of a vector: a number of the formula, or one that is drawn and has a setting of its own."""
        if not is_drawn(self, item):
            with self.tunables.paused():
                return self.number(item)
        node = drawn_part(self, item, letter)
        if node is not None and expr.unit and node.type.dim.is_none:
            help = f"write it there, as in `(+-1 {expr.unit}, 0, 0)`"
            self.report.error("E0401", "what is drawn carries its own unit", item.span, help)
            return None
        return node

    # operators

    def _unary(self, expr: ast.Unary, role: Role | Given | None) -> Value | None:
        value = self.value(expr.operand, role)
        if isinstance(value, RangeValue) and expr.op == "-":
            low, high = self.negate(value.high, expr.span), self.negate(value.low, expr.span)
            return RangeValue(low, high)
        node = value if isinstance(value, Node) or value is None else self.number(expr.operand)
        if node is None:
            return None
        if expr.op == "not":
            if not self.math.condition(node, expr.operand.span):
                return None
            return self.math.unary("not", node, node.type, expr.span)
        if not self.math.numeric(node, expr.span, "write `not` to negate a condition"):
            return None
        return self.negate(node, expr.span)

    def negate(self, node: Node, span: Span | None) -> Node:
        """``-x``; a constant is folded."""
        if node.op == "const" and isinstance(node.attr, int | float) and not isinstance(node.attr, bool):
            return self.math.const(-node.attr, node.type, span)
        return self.math.unary("neg", node, node.type, span)

    def _binary(self, expr: ast.Binary) -> Value | None:
        if expr.op in ("and", "or"):
            a, b = self.number(expr.left), self.number(expr.right)
            if a is None or b is None:
                return None
            return self.math.logic(expr.op, a, b, expr.span, expr.left.span, expr.right.span)
        if expr.op == "^":
            base = self.number(expr.left)
            with self.tunables.paused():
                exponent = self.number(expr.right)
            if base is None or exponent is None:
                return None
            return self.math.power(base, exponent, expr.span, expr.right.span)
        left_role, right_role = _roles(expr.op)
        left, right = self._operands(expr, left_role, right_role)
        if left is None or right is None:
            return None
        if isinstance(left, RangeValue) or isinstance(right, RangeValue):
            return self._with_range(expr, left, right)
        a = left if isinstance(left, Node) else self.number(expr.left)
        b = right if isinstance(right, Node) else self.number(expr.right)
        if a is None or b is None:
            return None
        return self._arithmetic(expr, a, b)

    def _arithmetic(self, expr: ast.Binary, a: Node, b: Node) -> Node | None:
        if expr.op in ("+", "-"):
            return self.math.additive(ARITHMETIC[expr.op], a, b, expr.span, expr.left.span, expr.right.span)
        if expr.op in ("*", "/"):
            return self.math.multiply(ARITHMETIC[expr.op], a, b, expr.span)
        return self.math.compare(expr.op, a, b, expr.span)

    def _operands(self, expr: ast.Binary, left_role: Role, right_role: Role) -> tuple[Value | None, Value | None]:
        """Both sides; ``default`` beside a joint position or velocity is that joint's default."""
        sides = (expr.left, expr.right)
        for index, side in enumerate(sides):
            if isinstance(side, ast.Name) and side.id == "default" and self.default is None:
                other = self.value(sides[1 - index], left_role)
                if other is None:
                    return None, None
                default = self._default_of(other, side)
                return (default, other) if index == 0 else (other, default)
        return self.value(expr.left, left_role), self.value(expr.right, right_role)

    def _default_of(self, other: Value, expr: ast.Name) -> Node | None:
        if isinstance(other, Node) and other.read is not None and other.read.quantity in ("joint.pos", "joint.vel"):
            quantity = other.read.quantity.replace("joint.", "joint.default_")
            return self.reading.read(other.read.entity, quantity, other.read.names, other.type, expr.span)
        self.report.error(
            "E0201", "`default` stands beside a joint position or velocity", expr.span, "as in `joints.pos - default`"
        )
        return None

    def _with_range(self, expr: ast.Binary, left: Value, right: Value) -> Node | None:
        """A range inside arithmetic: drawn at random, which only a reset may do."""
        if self.phase not in DRAWING:
            side = expr.left if isinstance(left, RangeValue) else expr.right
            self.report.error(
                "E0307",
                "a range stands where one value is wanted",
                side.span,
                "random values are drawn in `reset`; to keep a value within bounds write `clip(x, low, high)`",
            )
            return None
        a = self.draw(left, expr.left.span) if isinstance(left, RangeValue) else left
        b = self.draw(right, expr.right.span) if isinstance(right, RangeValue) else right
        if not isinstance(a, Node) or not isinstance(b, Node):
            return None
        if expr.op not in ("+", "-", "*", "/"):
            self.report.error("E0307", "a range cannot be compared", expr.span)
            return None
        return self._arithmetic(expr, a, b)

    def draw(self, value: RangeValue, span: Span | None, type: Type | None = None) -> Node:
        """A uniform draw from a range, one for every element of ``type``."""
        return self.drawn("uniform", (value.low, value.high), span, type)

    def drawn(self, op: str, numbers: tuple[Node, ...], span: Span | None, type: Type | None = None) -> Node:
        """A draw for every element of ``type``; where that is absent, of what is reset."""
        if type is None:
            type = numbers[0].type
            if self.default is not None and not self.shares and self.default.type.kind is not Kind.QUAT:
                type = replace(self.default.type, dim=type.dim)
        self._draws += 1  # two draws from one range are two numbers
        return self.graph.add(op, numbers, type=type, attr=float(self._draws), span=span)

    def range(self, expr: ast.Range, role: Role | Given | None = None) -> RangeValue | None:
        """``low..high``: both ends in one unit, in order."""
        if added_range(self, expr):
            return None
        with self.tunables.paused():
            low, high = self.number(expr.low), self.number(expr.high)
        if low is None or high is None:
            return None
        if low.op == "const" and low.type.dim.is_none and isinstance(expr.high, ast.Number) and expr.high.unit:
            plain = _plain(expr.low)
            if isinstance(plain, ast.Number) and not plain.unit:
                unit = self.unit(expr.high.unit, expr.high.unit_span)
                if unit is None:
                    return None
                low = self.math.const(float(low.attr) * unit[0], high.type, low.span)  # type: ignore[arg-type]
        adapted = self.math.same_unit("lt", low, high, expr.span)
        if adapted is None:
            return None
        low, high = adapted
        for node, side in ((low, expr.low), (high, expr.high)):
            if not node.type.is_scalar or node.type.is_bool:
                self.report.error("E0302", f"the end of a range is one number, not {node.type.describe()}", side.span)
                return None
        if low.op == high.op == "const" and float(low.attr) > float(high.attr):  # type: ignore[arg-type]
            self.report.error(
                "E0308", "the range is empty: its lower end is above its upper end", expr.span, "swap the two ends"
            )
            return None
        if self.tunables.active and low.op == high.op == "const":
            pair = (float(low.attr), float(high.attr))  # type: ignore[arg-type]
            given = role if isinstance(role, Given) else Role.RANGE
            path = self.tunables.add(pair, low.type.dim, given, expr.span)
            low = self.graph.add("tunable", type=low.type, attr=(path, 0), span=low.span)
            high = self.graph.add("tunable", type=high.type, attr=(path, 1), span=high.span)
        return RangeValue(low, high)

    def _norm(self, expr: ast.Norm) -> Node | None:
        node = self.number(expr.operand)
        if node is None or not self.math.numeric(node, expr.span, "count conditions with `count(…)`"):
            return None
        return self.norm(node, expr.span)

    def norm(self, node: Node, span: Span) -> Node:
        """Length of a vector, absolute value of a number, root of the sum of squares of a list of numbers."""
        type = replace(node.type, kind=Kind.FLOAT, frame=None)
        if node.type.is_vector:
            return self.graph.add("norm", (node,), type=type, span=span)
        if node.type.axis is not None:
            return self.graph.add("list_norm", (node,), type=replace(type, axis=None), span=span)
        return self.graph.add("abs", (node,), type=type, span=span)

    def _if(self, expr: ast.If) -> Node | None:
        then, condition = self.number(expr.then, drawn=True), self.number(expr.condition)
        otherwise = self.number(expr.otherwise, drawn=True) if expr.otherwise is not None else None
        if then is None or condition is None or not self.math.condition(condition, expr.condition.span):
            return None
        if expr.otherwise is None:
            otherwise = self.math.zero_like(then)
        return None if otherwise is None else self.math.select(condition, then, otherwise, expr.span)

    def _where(self, expr: ast.Where) -> Node | None:
        value, condition = self.number(expr.value), self.number(expr.condition)
        if value is None or condition is None or not self.math.condition(condition, expr.condition.span):
            return None
        if value.type.axis is None and condition.type.axis is None:
            message = "`where` picks elements of a list, and there is none here"
            self.report.error("E0301", message, expr.span, "write `x if condition` for one value")
            return None
        return self.math.select(condition, value, self.math.zero_like(value), expr.span)


def _plain(expr: ast.Expr) -> ast.Expr:
    return expr.operand if isinstance(expr, ast.Unary) and expr.op == "-" else expr


def _roles(op: str) -> tuple[Role, Role]:
    if op in ("<", "<=", ">", ">=", "==", "!="):
        return Role.THRESHOLD, Role.THRESHOLD
    if op == "/":
        return Role.FACTOR, Role.SCALE
    return (Role.FACTOR, Role.FACTOR) if op == "*" else (Role.OFFSET, Role.OFFSET)


__all__ = ["Lowering", "Phase"]
