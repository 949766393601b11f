"""The typed expression graph. Equal expressions are one node, so common sub-expressions are shared by construction.

The graph knows nothing of a back end. ``stripe_dsl.ir.reference`` defines what every operator means.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from stripe_dsl.ir.types import Type
from stripe_dsl.source import Span

type Attr = float | bool | str | tuple["Attr", ...] | None


@dataclass(frozen=True, slots=True)
class Read:
    """A quantity of the simulation that an expression reads.

    Attributes:
        entity: name of the articulation or sensor in the scene; empty for quantities of the environment.
        quantity: key of the field table (``joint.pos``, ``root.lin_vel@body``, ``env.terminated``).
        names: members of the set, in order; empty for quantities that belong to no set.
    """

    entity: str
    quantity: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One operation. Compare nodes with ``is``: the graph holds one node for each distinct expression.

    Attributes:
        id: number in order of creation; arguments have smaller numbers than their users.
        op: operator, a key of ``stripe_dsl.ir.ops.OPS``.
        args: operands.
        attr: what the operator needs beside its operands: the value of a ``const``, the path of a ``tunable``,
            the letters of a ``part``.
        read: for ``read`` nodes, what is read.
        type: shape, unit and frame of the result.
        span: where the first such expression stands.
    """

    id: int
    op: str
    args: tuple[Node, ...]
    attr: Attr
    read: Read | None
    type: Type
    span: Span | None = field(repr=False, default=None)


class Graph:
    """Makes nodes and keeps each distinct expression once."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self._known: dict[tuple[object, ...], Node] = {}

    def add(
        self,
        op: str,
        args: Iterable[Node] = (),
        *,
        type: Type,
        attr: Attr = None,
        read: Read | None = None,
        span: Span | None = None,
    ) -> Node:
        """The node for this operation, a new one only where none is equal to it."""
        operands = tuple(args)
        key = (op, tuple(node.id for node in operands), attr, read, type)
        node = self._known.get(key)
        if node is None:
            node = Node(len(self.nodes), op, operands, attr, read, type, span)
            self.nodes.append(node)
            self._known[key] = node
        return node


def walk(roots: Iterable[Node]) -> Iterator[Node]:
    """Every node that the roots need, once each, arguments before their users."""
    seen: set[int] = set()
    stack: list[tuple[Node, bool]] = [(root, False) for root in reversed(list(roots))]
    while stack:
        node, ready = stack.pop()
        if ready:
            yield node
        elif node.id not in seen:
            seen.add(node.id)
            stack.append((node, True))
            stack.extend((arg, False) for arg in reversed(node.args) if arg.id not in seen)
