"""Random numbers in kernels, from the stream of the environment."""

from __future__ import annotations

from stripe_dsl.emit.values import Precedence, Value, call, infix
from stripe_dsl.emit.warp.kernel import Kernel
from stripe_dsl.emit.warp.loop import Loop
from stripe_dsl.emit.warp.operators import VECTORS
from stripe_dsl.ir.graph import Node


def drawn(scope: Kernel | Loop, node: Node) -> Value:
    """The draws of a ``uniform`` or ``gaussian`` node, one for each component."""
    low, high = (scope.value(arg) for arg in node.args)
    size = node.type.components
    if node.op == "gaussian":
        draw = infix("*", Precedence.PRODUCT, high, Value("wp.randn(rng)"))
        if not (node.args[0].op == "const" and node.args[0].attr == 0):
            draw = infix("+", Precedence.SUM, low, draw)
        return draw if size == 1 else call(VECTORS[size], [draw] * size)
    if size == 1:
        return call("wp.randf", [Value("rng"), low, high])
    ends = [scope.name(arg) if arg.type.components > 1 else scope.value(arg).text for arg in node.args]
    places = [
        [f"{end}[{place}]" if arg.type.components > 1 else end for end, arg in zip(ends, node.args, strict=True)]
        for place in range(size)
    ]
    return call(VECTORS[size], [Value(f"wp.randf(rng, {', '.join(pair)})") for pair in places])
