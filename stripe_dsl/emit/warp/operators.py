"""What each operator of the graph is inside a Warp kernel. One table, :data:`EMITTERS`, holds a writer for each.

A kernel works on one environment a thread, and on one member of a list in each turn of a loop, so every operand here
is a number, a condition, a ``wp.vec2``, ``wp.vec3``, ``wp.quat`` or ``wp.spatial_vector``. What Warp does otherwise
than the reference (``asin`` outside of its domain, the sign of zero, remainders of negative numbers, the smaller of a
number and nan) is written as a small ``@wp.func``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Protocol

from stripe_dsl.emit.identifiers import literal
from stripe_dsl.emit.values import Precedence, Value, call, infix, prefix, unscaled
from stripe_dsl.ir.graph import Node
from stripe_dsl.ir.types import Kind

VECTORS = {2: "wp.vec2", 3: "wp.vec3", 4: "wp.quat", 6: "wp.spatial_vector"}
"""Warp's type of an element with so many components."""


class Scope(Protocol):
    """What a writer may ask of the kernel that it writes into."""

    def value(self, node: Node, /) -> Value:
        """The operand, one member of it inside a loop over its list."""
        ...

    def name(self, node: Node, /) -> str:
        """A local variable that holds the operand, for operands that are written more than once."""
        ...

    def helper(self, name: str, /) -> str:
        """A function of :data:`~stripe_dsl.emit.warp.helpers.HELPERS` that the module then defines."""
        ...

    def constant(self, node: Node, /) -> Value:
        """The member of a constant list: a subscript of a module constant."""
        ...

    def leaf(self, node: Node, /) -> Value:
        """A ``read``, ``tunable``, ``prev`` or draw."""
        ...

    def step(self) -> Value:
        """The control step [s]."""
        ...

    def square_sum(self, node: Node, /) -> Value | None:
        """The sum of squares under a ``list_norm``, where it is at hand."""
        ...

    def picked(self, node: Node, /) -> Value:
        """The member of a list at the place that ``pick`` maps the present one to."""
        ...

    def stacked(self, node: Node, /) -> Value:
        """The member of a list that is written out member by member."""
        ...


type Emitter = Callable[[Scope, Node], Value]


def _components(node: Node) -> int:
    return node.type.components


def _operands(scope: Scope, node: Node) -> list[Value]:
    return [scope.value(arg) for arg in node.args]


def constant(value: object) -> Value:
    """A number, a condition, or a vector or rotation of numbers."""
    if isinstance(value, tuple):
        return call(VECTORS[len(value)], [constant(part) for part in value])
    if isinstance(value, bool):
        return Value(literal(value))
    number = float(value)  # type: ignore[arg-type]
    text = literal(number) if math.isfinite(number) else f"wp.{abs(number)}"
    text = f"-{text}" if number == -math.inf else text
    return Value(text, Precedence.UNARY if text.startswith("-") else Precedence.ATOM)


def is_cheap(value: Value) -> bool:
    """Whether a text may be written twice: a name, a number, or an element or field of one that is in a register."""
    return _CHEAP.fullmatch(value.text) is not None


_CHEAP = re.compile(r"-?(\d[\d.]*(e[+-]?\d+)?|[^\W\d]\w*(\.\w+)*(\[\w+\])?)")


def each(emit: Callable[[Scope, Node, list[Value]], Value]) -> Emitter:
    """An element-wise operator that Warp has for numbers alone: of vectors, component by component."""

    def apply(scope: Scope, node: Node) -> Value:
        size = _components(node)
        if size == 1:
            return emit(scope, node, _operands(scope, node))
        # what stands in every component has a name, so that it is computed, or drawn, once
        once = [
            scope.value(arg) if is_cheap(scope.value(arg)) and _components(arg) == 1 else Value(scope.name(arg))
            for arg in node.args
        ]
        parts = []
        for place in range(size):
            operands = [
                Value(f"{value.text}[{place}]") if _components(arg) > 1 else value
                for arg, value in zip(node.args, once, strict=True)
            ]
            parts.append(emit(scope, node, operands))
        return call(VECTORS[size], parts)

    return apply


def _function(name: str) -> Emitter:
    return each(lambda scope, node, operands: call(name, operands))


def _helper(name: str) -> Emitter:
    return each(lambda scope, node, operands: call(scope.helper(name), operands))


def _operator(symbol: str, precedence: Precedence) -> Emitter:
    return each(lambda scope, node, operands: infix(symbol, precedence, *operands))


def _same(name_or_symbol: str, precedence: Precedence | None = None) -> Emitter:
    """An operator that Warp has for vectors too, where all operands have one size."""
    by_component = _operator(name_or_symbol, precedence) if precedence is not None else _function(name_or_symbol)

    def emit(scope: Scope, node: Node) -> Value:
        if len({_components(arg) for arg in node.args}) > 1:
            return by_component(scope, node)
        operands = _operands(scope, node)
        return call(name_or_symbol, operands) if precedence is None else infix(name_or_symbol, precedence, *operands)

    return emit


def _mul(scope: Scope, node: Node) -> Value:
    kept, operands = unscaled(node), _operands(scope, node)
    if kept is not None:
        return operands[kept]
    if min(map(_components, node.args)) > 1:
        return call("wp.cw_mul", operands)
    return infix("*", Precedence.PRODUCT, *operands)


def _div(scope: Scope, node: Node) -> Value:
    sizes = [_components(arg) for arg in node.args]
    if min(sizes) > 1:
        return call("wp.cw_div", _operands(scope, node))
    if sizes[1] > 1:
        return each(lambda scope, node, operands: infix("/", Precedence.PRODUCT, *operands))(scope, node)
    return infix("/", Precedence.PRODUCT, *_operands(scope, node))


def _neg(scope: Scope, node: Node) -> Value:
    return prefix("-", Precedence.UNARY, scope.value(node.args[0]))


def _not(scope: Scope, node: Node) -> Value:
    return prefix("not ", Precedence.NOT, scope.value(node.args[0]))


def _float(scope: Scope, node: Node) -> Value:
    return call("float", _operands(scope, node))


def _pow(scope: Scope, node: Node) -> Value:
    base, exponent = node.args
    if exponent.op == "const" and exponent.attr == 2:
        if base.op == "norm":
            return call("wp.length_sq", [scope.value(base.args[0])])
        total = scope.square_sum(base) if base.op == "list_norm" else None
        if total is not None:
            return total
        return each(lambda scope, node, operands: call(scope.helper("square"), operands[:1]))(scope, node)
    if exponent.op == "const" and exponent.attr == 0.5:
        return each(lambda scope, node, operands: call("wp.sqrt", operands[:1]))(scope, node)
    return _function("wp.pow")(scope, node)


def _where(scope: Scope, node: Node) -> Value:
    condition, yes, no = node.args
    if _components(yes) != _components(no):
        return each(lambda scope, node, operands: call("wp.where", operands))(scope, node)
    return call("wp.where", [scope.value(condition), scope.value(yes), scope.value(no)])


def _on_vectors(name: str) -> Emitter:
    def emit(scope: Scope, node: Node) -> Value:
        return call(name, _operands(scope, node))

    return emit


def _on_rotations(name: str) -> Emitter:
    def emit(scope: Scope, node: Node) -> Value:
        return call(scope.helper(name), _operands(scope, node))

    return emit


def _euler(scope: Scope, node: Node) -> Value:
    return call(scope.helper(f"{node.attr}_of"), _operands(scope, node))


def _part(scope: Scope, node: Node) -> Value:
    vector = scope.name(node.args[0])
    parts = [Value(f"{vector}[{'xyzw'.index(letter)}]") for letter in str(node.attr)]
    return parts[0] if len(parts) == 1 else call(VECTORS[len(parts)], parts)


def _vec(scope: Scope, node: Node) -> Value:
    return call(VECTORS[_components(node)], _operands(scope, node))


def _const(scope: Scope, node: Node) -> Value:
    if node.type.axis is not None:
        return scope.constant(node)
    if node.type.kind is Kind.BOOL:
        return constant(bool(node.attr))
    alike = _components(node) > 1 and not isinstance(node.attr, tuple)
    return constant((node.attr,) * _components(node) if alike else node.attr)


def _dt(scope: Scope, node: Node) -> Value:
    return scope.step()


SAMPLERS = {
    "height": "ground_height",
    "normal": "ground_normal",
    "value": "ground_value",
    "nearest": "distance_to_nearest",
}
"""Functions of the generated module of the ground, by kind of field."""


def _sample(scope: Scope, node: Node) -> Value:
    assert isinstance(node.attr, tuple)
    point = scope.name(node.args[0])
    place = [Value("env"), Value(f"{point}[0]"), Value(f"{point}[1]")]
    return call(SAMPLERS[str(node.attr[0])], [scope.leaf(node), *place])


def _spot(scope: Scope, node: Node) -> Value:
    return call("drawn_point", [scope.leaf(node), Value("env"), scope.value(node.args[0])])


def _leaf(scope: Scope, node: Node) -> Value:
    return scope.leaf(node)


EMITTERS: dict[str, Emitter] = {
    "neg": _neg,
    "not": _not,
    "abs": _same("wp.abs"),
    "sign": _helper("sign"),
    "exp": _function("wp.exp"),
    "log": _function("wp.log"),
    "sqrt": _function("wp.sqrt"),
    "sin": _function("wp.sin"),
    "cos": _function("wp.cos"),
    "tan": _function("wp.tan"),
    "asin": _helper("asin"),
    "acos": _helper("acos"),
    "atan": _function("wp.atan"),
    "tanh": _function("wp.tanh"),
    "floor": _function("wp.floor"),
    "ceil": _function("wp.ceil"),
    "wrap": _helper("wrap_to_pi"),
    "float": _float,
    "add": _same("+", Precedence.SUM),
    "sub": _same("-", Precedence.SUM),
    "mul": _mul,
    "div": _div,
    "pow": _pow,
    "min": _helper("minimum"),
    "max": _helper("maximum"),
    "atan2": _function("wp.atan2"),
    "mod": _helper("remainder"),
    "lt": _operator("<", Precedence.COMPARISON),
    "le": _operator("<=", Precedence.COMPARISON),
    "gt": _operator(">", Precedence.COMPARISON),
    "ge": _operator(">=", Precedence.COMPARISON),
    "eq": _operator("==", Precedence.COMPARISON),
    "ne": _operator("!=", Precedence.COMPARISON),
    "and": _operator("and", Precedence.AND),
    "or": _operator("or", Precedence.OR),
    "where": _where,
    "clip": _helper("clip"),
    "norm": _on_vectors("wp.length"),
    "dot": _on_vectors("wp.dot"),
    "cross": _on_vectors("wp.cross"),
    "unit": _on_rotations("unit"),
    "rotate": _on_vectors("wp.quat_rotate"),
    "rotate_inverse": _on_vectors("wp.quat_rotate_inv"),
    "compose": _same("*", Precedence.PRODUCT),
    "angle_between": _on_rotations("angle_between"),
    "rotation_vector": _on_rotations("rotation_vector"),
    "turn": _on_rotations("quat_about"),
    "twist": _on_vectors("wp.spatial_vector"),
    "quat_conj": _on_vectors("wp.quat_inverse"),
    "quat_unique": _on_rotations("quat_unique"),
    "yaw_only": _on_rotations("yaw_only"),
    "euler": _euler,
    "quat": _on_rotations("quat_from_rpy"),
    "part": _part,
    "vec": _vec,
    "pick": lambda scope, node: scope.picked(node),
    "stack": lambda scope, node: scope.stacked(node),
    "sample": _sample,
    "spot": _spot,
    "const": _const,
    "tunable": _leaf,
    "read": _leaf,
    "uniform": _leaf,
    "gaussian": _leaf,
    "prev": _leaf,
    "dt": _dt,
    "state": _leaf,
    "old": _leaf,
}
"""Writers by operator; reductions are loops, which :mod:`~stripe_dsl.emit.warp.kernel` writes."""
