"""Numbers in the places of tensors: literals and settings where torch takes no Python number, and vectors of them."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial

from stripe_dsl.emit.identifiers import literal
from stripe_dsl.emit.naming import tunable_path
from stripe_dsl.emit.torch.emitter import Context
from stripe_dsl.emit.values import Precedence, Spread, Value, aligned, host, infix, widest
from stripe_dsl.ir.graph import Node, walk

_BUILT = ("param", "let")
"""Groups of settings that ``__init__`` may read once; a curriculum may change those of others."""


def lifted(context: Context, node: Node, value: Value) -> Value:
    """The value of a node as a tensor: numbers become constants of shape (1,), settings are read at each use."""
    if not value.host:
        return value
    if _may_change(node):  # and its text may go through a variable of the method, which ``__init__`` lacks
        if node.type.is_bool:
            return infix("|", Precedence.BIT_OR, context.constant("(False,)", "no"), value)
        return infix("+", Precedence.SUM, context.constant("(0.0,)", "zero"), value)
    word = {"0.0": "zero", "1.0": "one"}.get(value.text, "number")
    return context.constant(f"({value.text},)", word)


def _may_change(node: Node) -> bool:
    """Whether a setting is in it that is read at each step."""
    paths = [tunable_path(part.attr)[0] for part in walk([node]) if part.op == "tunable"]
    return any(path.partition(".")[0] not in _BUILT for path in paths)


def joined(context: Context, node: Node) -> Value:
    """Numbers side by side: a vector from its components, a list from its members."""
    values = [context.value(arg) for arg in node.args]
    if widest(values) is Spread.HOST and not _may_change(node):
        return context.constant(f"({_tuple(values)},)", "values", node)
    if {value.spread for value in values} == {Spread.BATCHED} and len({arg.type.shape for arg in node.args}) == 1:
        return replace(context.call("torch.stack", host(_tuple(values)), dim="-1"), spread=Spread.BATCHED)
    # Single values take the shape of the others without being copied for every environment.
    parts = aligned([arg.type for arg in node.args], list(map(partial(lifted, context), node.args, values)))
    return context.call("torch.stack", context.call("torch.broadcast_tensors", *parts), dim="-1")


def _tuple(values: list[Value]) -> str:
    return f"({', '.join(value.text for value in values)}{',' if len(values) == 1 else ''})"


def const(context: Context, node: Node) -> Value:
    """A literal, or a tensor of several numbers."""
    if node.type.is_scalar:
        return host(literal(node.attr if node.type.is_bool else float(node.attr)))  # type: ignore[arg-type]
    text = literal(_nested(node.attr, node.type.shape))
    axes = {(1.0, 0.0, 0.0): "x_axis", (0.0, 1.0, 0.0): "y_axis", (0.0, 0.0, 1.0): "z_axis"}
    wish = "values" if node.type.axis is not None else axes.get(node.attr, str(node.type.kind))  # type: ignore[arg-type]
    return context.constant(f"({text},)", wish, node)


def _nested(value: object, shape: tuple[int, ...]) -> object:
    """Tuples of the shape; a value of fewer dimensions is repeated, as NumPy does."""
    if not shape:
        return value if isinstance(value, bool) else float(value)  # type: ignore[arg-type]
    if not isinstance(value, tuple) or _rank(value) < len(shape):
        return (_nested(value, shape[1:]),) * shape[0]
    items = value if len(value) == shape[0] else value * shape[0]
    return tuple(_nested(item, shape[1:]) for item in items)


def _rank(value: object) -> int:
    return 1 + _rank(value[0]) if isinstance(value, tuple) else 0


def tunable(context: Context, node: Node) -> Value:
    """A number of the cfg, or a tensor of several."""
    text = context.leaf(node)
    if node.type.is_scalar:
        return host(text)
    field = re.sub(r"\W.*", "", text.rpartition(".")[2])
    return context.constant(f"({text},)", field or "values", node)
