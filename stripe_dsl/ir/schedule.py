"""The order in which a back end computes the nodes of a graph."""

from __future__ import annotations

from collections.abc import Iterable

from stripe_dsl.ir.graph import Node, walk


def schedule(roots: Iterable[Node]) -> list[Node]:
    """The nodes whose values the roots need in one evaluation, arguments before their users.

    The operand of ``prev`` is not among them unless something else needs it: its value was kept one control step ago.
    """
    roots = list(roots)
    nodes = list(walk(roots))
    needed = {root.id for root in roots}
    for node in reversed(nodes):
        if node.id in needed and node.op != "prev":
            needed.update(arg.id for arg in node.args)
    return [node for node in nodes if node.id in needed]
