"""How each operator is spelt in torch. ``stripe_dsl.ir.reference`` defines what it must compute."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial

from stripe_dsl.emit.identifiers import literal
from stripe_dsl.emit.torch.emitter import Context, Emitter
from stripe_dsl.emit.torch.tensors import const, joined, lifted, tunable
from stripe_dsl.emit.values import (
    Precedence,
    Spread,
    Value,
    aligned,
    host,
    infix,
    power,
    prefix,
    suffixed,
    unscaled,
    widest,
)
from stripe_dsl.ir.graph import Node


def _operands(context: Context, node: Node) -> list[Value]:
    return aligned([arg.type for arg in node.args], [context.value(arg) for arg in node.args])


def _function(name: str, python: str | None) -> Emitter:
    """An element-wise function of tensors; ``python`` is the same for numbers, where it exists."""

    def emit(context: Context, node: Node) -> Value:
        values = _operands(context, node)
        if python is not None and widest(values) is Spread.HOST:
            return context.call(python, *values)
        return context.call(name, *map(partial(lifted, context), node.args, values))

    return emit


def _whole(name: str) -> Emitter:
    """``floor`` or ``ceil``: Python's give an int, which would make an integer tensor of a constant."""

    def emit(context: Context, node: Node) -> Value:
        value = context.value(node.args[0])
        if value.host:
            return context.call("float", context.call(f"math.{name}", value))
        return context.call(f"torch.{name}", value)

    return emit


def _operator(symbol: str, precedence: Precedence) -> Emitter:
    """An element-wise operator that is the same for numbers and tensors."""

    def emit(context: Context, node: Node) -> Value:
        return infix(symbol, precedence, *_operands(context, node))

    return emit


def _logic(symbol: str, precedence: Precedence, word: str, word_precedence: Precedence) -> Emitter:
    """``&`` or ``|`` of tensors, ``and`` or ``or`` of Python conditions."""

    def emit(context: Context, node: Node) -> Value:
        left, right = _operands(context, node)
        if left.host and right.host:
            return infix(word, word_precedence, left, right)
        return infix(symbol, precedence, left, right)

    return emit


def _mul(context: Context, node: Node) -> Value:
    kept = unscaled(node)
    return context.value(node.args[kept]) if kept is not None else _operator("*", Precedence.PRODUCT)(context, node)


def _neg(context: Context, node: Node) -> Value:
    return prefix("-", Precedence.UNARY, context.value(node.args[0]))


def _not(context: Context, node: Node) -> Value:
    value = context.value(node.args[0])
    return prefix("not ", Precedence.NOT, value) if value.host else prefix("~", Precedence.UNARY, value)


def _float(context: Context, node: Node) -> Value:
    value = context.value(node.args[0])
    return context.call("float", value) if value.host else suffixed(value, ".float()")


def _pow(context: Context, node: Node) -> Value:
    base_node = node.args[0]
    if context.absorbed(base_node):  # |v|^2 needs no root
        (vector,) = base_node.args
        squares = context.call("torch.square", context.value(vector))
        return context.call("torch.sum", squares, dim=_axis(vector) if base_node.op == "list_norm" else "-1")
    base, exponent = _operands(context, node)
    if base.host and exponent.host:
        return power(base, exponent)
    if exponent.text in ("2.0", "0.5"):
        return context.call("torch.square" if exponent.text == "2.0" else "torch.sqrt", base)
    return context.call("torch.pow", base, exponent)


def _min(context: Context, node: Node) -> Value:
    return _bounded(context, *_operands(context, node), bound="max")


def _max(context: Context, node: Node) -> Value:
    return _bounded(context, *_operands(context, node), bound="min")


def _bounded(context: Context, left: Value, right: Value, *, bound: str) -> Value:
    """At most ``right`` (bound ``max``) or at least (``min``)."""
    python, tensors = ("min", "torch.minimum") if bound == "max" else ("max", "torch.maximum")
    if left.host and right.host:
        return context.call(python, left, right)
    if left.host:
        left, right = right, left
    if right.host:
        return context.call("torch.clamp", left, **{bound: right.text})
    return context.call(tensors, left, right)


def _clip(context: Context, node: Node) -> Value:
    value, low, high = _operands(context, node)
    # torch.clamp takes both bounds as numbers or both as tensors.
    if value.host or low.host != high.host:
        return _bounded(context, _bounded(context, value, low, bound="min"), high, bound="max")
    return context.call("torch.clamp", value, *_range(low, high))


def _range(low: Value, high: Value) -> list[Value]:
    """Two arguments, or ``*pair`` where they are the two ends of one field."""
    pair = low.text.removesuffix("[0]")
    if low.host and high.text == f"{pair}[1]" != low.text == f"{pair}[0]":
        return [host(f"*{pair}")]
    return [low, high]


def _where(context: Context, node: Node) -> Value:
    values = [context.value(arg) for arg in node.args]
    condition, yes, no = values
    if widest(values) is Spread.HOST:
        parts = [value.within(Precedence.OR) for value in values]
        return Value(f"{parts[1]} if {parts[0]} else {parts[2]}", Precedence.TERNARY, Spread.HOST)
    tensors = [lifted(context, node.args[0], condition), yes, no]
    return context.call("torch.where", *aligned([arg.type for arg in node.args], tensors))


def _axis(node: Node) -> str:
    """The dimension of the list; the last one is counted from behind, as is usual."""
    return "1" if node.type.components > 1 else "-1"


def _reduction(name: str) -> Emitter:
    """A function over the list."""

    def emit(context: Context, node: Node) -> Value:
        (operand,) = node.args
        return context.call(name, context.value(operand), dim=_axis(operand))

    return emit


def _count(context: Context, node: Node) -> Value:
    return suffixed(context.call("torch.sum", context.value(node.args[0]), dim="-1"), ".float()")


def _on_vectors(name: str, **keywords: str) -> Emitter:
    """A function on the last dimension."""

    def emit(context: Context, node: Node) -> Value:
        return context.call(name, *_operands(context, node), **keywords)

    return emit


def _on_rotations(name: str) -> Emitter:
    """A function of two rotations, which wants them in one shape."""

    def emit(context: Context, node: Node) -> Value:
        left, right = (context.value(arg) for arg in node.args)
        if left.spread is Spread.SINGLE and right.spread is Spread.BATCHED:
            left = replace(suffixed(left, f".expand_as({right.text})"), spread=Spread.BATCHED)
        elif right.spread is Spread.SINGLE and left.spread is Spread.BATCHED:
            right = replace(suffixed(right, f".expand_as({left.text})"), spread=Spread.BATCHED)
        return context.call(name, left, right)

    return emit


def _dot(context: Context, node: Node) -> Value:
    left, right = _operands(context, node)
    return context.call("torch.sum", infix("*", Precedence.PRODUCT, left, right), dim="-1")


def _turn(context: Context, node: Node) -> Value:
    vector = context.value(node.args[0])
    length = context.call("torch.linalg.norm", vector, dim="-1")
    return context.call("quat_from_angle_axis", length, vector)


def _twist(context: Context, node: Node) -> Value:
    linear, angular = _operands(context, node)
    return replace(context.call("torch.cat", host(f"({linear.text}, {angular.text})"), dim="-1"), spread=Spread.BATCHED)


def _damped(context: Context, node: Node) -> Value:
    return replace(context.call("damped_solution", *map(context.value, node.args)), spread=Spread.BATCHED)


def _yaw_only(context: Context, node: Node) -> Value:
    value = context.value(node.args[0])
    if node.type.axis is not None:  # the function takes a view, which some slices of a list of rotations cannot give
        value = suffixed(value, ".contiguous()")
    return context.call("yaw_quat", value)


def _euler(context: Context, node: Node) -> Value:
    (operand,) = node.args
    value = context.value(operand)
    position = ("roll", "pitch", "yaw").index(str(node.attr))
    if operand.type.axis is None:
        return suffixed(context.call("euler_xyz_from_quat", value), f"[{position}]")
    # The function takes single rotations only: of a list it would read the first four members.
    flat = context.call("euler_xyz_from_quat", suffixed(value, ".reshape(-1, 4)"))
    return suffixed(flat, f"[{position}].view(-1, {len(operand.type.axis)})")


def _quat(context: Context, node: Node) -> Value:
    angles = [lifted(context, arg, context.value(arg)) for arg in node.args]
    return context.call("quat_from_euler_xyz", *aligned([arg.type for arg in node.args], angles))


def _part(context: Context, node: Node) -> Value:
    (operand,) = node.args
    positions = ["xyzw".index(letter) for letter in str(node.attr)]
    before = "[:, " if operand.type.axis is None else "[..., "
    if len(positions) == 1:
        return _view(context.value(operand), f"{before}{positions[0]}]")
    return _members(context, context.value(operand), positions, operand.type.components, before)


def _pick(context: Context, node: Node) -> Value:
    (operand,) = node.args
    assert isinstance(node.attr, tuple)
    assert operand.type.axis is not None
    positions = [int(position) for position in node.attr]  # type: ignore[arg-type]
    return _members(context, context.value(operand), positions, len(operand.type.axis), "[:, ")


def _members(context: Context, value: Value, positions: list[int], size: int, before: str) -> Value:
    """Several positions of one dimension, by a slice where one says it."""
    if positions == list(range(size)):
        return value
    step = positions[1] - positions[0] if len(positions) > 1 else 1
    first, end = positions[0], positions[-1] + 1
    if step > 0 and positions == list(range(first, end, step)):
        every = f":{step}" if step > 1 else ""
        return _view(value, f"{before}{first or ''}:{end if end < size else ''}{every}]")
    # The index is a tensor, for a Python list would be copied to the device at each use.
    index = context.constant(literal(tuple(positions)), "index")
    return suffixed(value, f"{before}{index.text}]")


def _view(value: Value, subscript: str) -> Value:
    return replace(suffixed(value, subscript), cheap=value.cheap)


def _read(context: Context, node: Node) -> Value:
    text = context.leaf(node)
    return Value(text, cheap=re.fullmatch(r"(self\.)?\w+", text) is not None)


def _prev(context: Context, node: Node) -> Value:
    return Value(context.leaf(node), cheap=True)


def _dt(context: Context, node: Node) -> Value:
    return host("self.step_dt")


def _uniform(context: Context, node: Node) -> Value:
    bounds = aligned([*(arg.type for arg in node.args), node.type], [*map(context.value, node.args), host("")])[:2]
    return context.drawn("uniform", _range(*bounds), node.type.shape)


def _gaussian(context: Context, node: Node) -> Value:
    numbers = aligned([*(arg.type for arg in node.args), node.type], [*map(context.value, node.args), host("")])[:2]
    if all(number.host for number in numbers):
        return context.drawn("gaussian", _range(*numbers), node.type.shape)
    share = context.drawn("gaussian", [], node.type.shape)
    return infix("+", Precedence.SUM, numbers[0], infix("*", Precedence.PRODUCT, numbers[1], share))


SAMPLERS = {"height": "height_at", "normal": "normal_at", "value": "value_at", "nearest": "distance_at"}
"""Functions of the generated module of the ground, by kind of field."""


def _sample(context: Context, node: Node) -> Value:
    """A function of the field, of the environments of the points, and of the points."""
    (point,) = node.args
    assert isinstance(node.attr, tuple)
    copies = "self._envs" if point.type.axis is None else "self._envs[:, None]"
    points = context.value(point)
    return Value(f"{SAMPLERS[str(node.attr[0])]}({context.leaf(node)}, {copies}, {points.text})")


def _spot(context: Context, node: Node) -> Value:
    share = lifted(context, node.args[0], context.value(node.args[0]))
    return Value(f"point_of({context.leaf(node)}, {share.text})")


EMITTERS: dict[str, Emitter] = {
    "neg": _neg,
    "not": _not,
    "abs": _function("torch.abs", "abs"),
    "sign": _function("torch.sign", None),
    "exp": _function("torch.exp", "math.exp"),
    "log": _function("torch.log", "math.log"),
    "sqrt": _function("torch.sqrt", "math.sqrt"),
    "sin": _function("torch.sin", "math.sin"),
    "cos": _function("torch.cos", "math.cos"),
    "tan": _function("torch.tan", "math.tan"),
    "asin": _function("torch.asin", "math.asin"),
    "acos": _function("torch.acos", "math.acos"),
    "atan": _function("torch.atan", "math.atan"),
    "tanh": _function("torch.tanh", "math.tanh"),
    "floor": _whole("floor"),
    "ceil": _whole("ceil"),
    "wrap": _function("wrap_to_pi", None),
    "float": _float,
    "add": _operator("+", Precedence.SUM),
    "sub": _operator("-", Precedence.SUM),
    "mul": _mul,
    "div": _operator("/", Precedence.PRODUCT),
    "pow": _pow,
    "min": _min,
    "max": _max,
    "atan2": _function("torch.atan2", "math.atan2"),
    "mod": _operator("%", Precedence.PRODUCT),
    "lt": _operator("<", Precedence.COMPARISON),
    "le": _operator("<=", Precedence.COMPARISON),
    "gt": _operator(">", Precedence.COMPARISON),
    "ge": _operator(">=", Precedence.COMPARISON),
    "eq": _operator("==", Precedence.COMPARISON),
    "ne": _operator("!=", Precedence.COMPARISON),
    "and": _logic("&", Precedence.BIT_AND, "and", Precedence.AND),
    "or": _logic("|", Precedence.BIT_OR, "or", Precedence.OR),
    "where": _where,
    "clip": _clip,
    "sum": _reduction("torch.sum"),
    "mean": _reduction("torch.mean"),
    "list_max": _reduction("torch.amax"),
    "list_min": _reduction("torch.amin"),
    "any": _reduction("torch.any"),
    "all": _reduction("torch.all"),
    "count": _count,
    "list_norm": _reduction("torch.linalg.norm"),
    "norm": _on_vectors("torch.linalg.norm", dim="-1"),
    "dot": _dot,
    "cross": _on_vectors("torch.cross", dim="-1"),
    "unit": _on_vectors("normalize"),
    "rotate": _on_vectors("quat_apply"),
    "rotate_inverse": _on_vectors("quat_apply_inverse"),
    "compose": _on_rotations("quat_mul"),
    "damped": _damped,
    "rotation_vector": _on_vectors("axis_angle_from_quat"),
    "turn": _turn,
    "twist": _twist,
    "angle_between": _on_rotations("quat_error_magnitude"),
    "quat_conj": _on_vectors("quat_conjugate"),
    "quat_unique": _on_vectors("quat_unique"),
    "yaw_only": _yaw_only,
    "euler": _euler,
    "quat": _quat,
    "part": _part,
    "vec": joined,
    "pick": _pick,
    "stack": joined,
    "sample": _sample,
    "spot": _spot,
    "const": const,
    "tunable": tunable,
    "read": _read,
    "uniform": _uniform,
    "gaussian": _gaussian,
    "prev": _prev,
    "dt": _dt,
    "state": _prev,
    "old": _prev,
}
"""Writers by operator."""
