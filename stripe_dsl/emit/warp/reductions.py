"""What a loop over a set does to reduce it: how the result begins, takes in a member, and is finished."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stripe_dsl.emit.identifiers import literal
from stripe_dsl.emit.values import Precedence, Value, call, infix
from stripe_dsl.emit.warp.operators import VECTORS
from stripe_dsl.ir.graph import Node

if TYPE_CHECKING:
    from stripe_dsl.emit.warp.kernel import Kernel
    from stripe_dsl.emit.warp.loop import Loop


def begin(node: Node) -> str:
    """What a reduction begins with; ``wp.float32(…)`` makes a variable that a loop may change."""
    kind = VECTORS.get(node.type.components, "wp.float32")
    match node.op:
        case "damped":
            return "wp.mat33(0.0)" if node.type.components == 3 else "wp.spatial_matrix(0.0)"
        case "list_max":
            return f"{kind}(-wp.inf)"
        case "list_min":
            return f"{kind}(wp.inf)"
        case "any":
            return "wp.bool(False)"
        case "all":
            return "wp.bool(True)"
        case _:
            return f"{kind}(0.0)"


def take_in(node: Node, total: str, loop: Loop) -> tuple[str, str]:
    """How the result takes in one more member: ``total += ``, and the member."""
    operand = node.args[0]
    match node.op:
        case "damped":
            column = loop.name(operand)
            return f"{total} += ", f"wp.outer({column}, {column})"
        case "list_max" | "list_min":
            function = loop.helper("maximum" if node.op == "list_max" else "minimum")
            return f"{total} = ", _by_component(function, node, total, loop.operand(operand))
        case "any":
            return f"{total} = ", infix("or", Precedence.OR, Value(total), loop.value(operand)).text
        case "all":
            return f"{total} = ", infix("and", Precedence.AND, Value(total), loop.value(operand)).text
        case "count":
            return f"{total} += ", call("float", [loop.value(operand)]).text
        case "list_norm":
            return f"{total} += ", _by_component(loop.helper("square"), node, loop.operand(operand))
        case _:
            return f"{total} += ", loop.value(operand).text


def finish(node: Node, total: str, kernel: Kernel) -> Value:
    """The value, after the loop."""
    axis = node.args[0].type.axis
    assert axis is not None
    match node.op:
        case "damped":
            error, damping = node.args[1:]
            return call(kernel.helper("damped_solution"), [Value(total), kernel.value(error), kernel.value(damping)])
        case "mean":
            return Value(f"{total} / {literal(float(len(axis)))}", Precedence.PRODUCT)
        case "list_norm":
            return Value(_by_component("wp.sqrt", node, total))
        case _:
            return Value(total)


def _by_component(function: str, node: Node, *operands: str) -> str:
    """A function of numbers, for each component of vectors."""
    size = node.type.components
    if size == 1:
        return f"{function}({', '.join(operands)})"
    parts = [f"{function}({', '.join(f'{operand}[{place}]' for operand in operands)})" for place in range(size)]
    return f"{VECTORS[size]}({', '.join(parts)})"
