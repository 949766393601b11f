"""What writes one operator, and what it may ask of the block that it writes into."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from stripe_dsl.emit.values import Value
from stripe_dsl.ir.graph import Node


class Context(Protocol):
    """What an emitter may ask of the block that it writes into."""

    def value(self, node: Node) -> Value:
        """The value of a node that was written before."""
        ...

    def absorbed(self, node: Node) -> bool:
        """Whether the node has no text of its own because its only user writes both in a shorter way."""
        ...

    def leaf(self, node: Node, /) -> str:
        """Source text of a ``read``, ``tunable`` or ``prev`` node."""
        ...

    def constant(self, text: str, wish: str, node: Node | None = None) -> Value:
        """A tensor that is made once from the tuple that ``text`` spells; named as the node where that has a name."""
        ...

    def call(self, function: str, *args: Value, **keywords: str) -> Value:
        """A call of ``torch.…``, ``math.…``, a builtin or a function of ``isaaclab.utils.math``; notes the import."""
        ...

    def drawn(self, distribution: str, numbers: list[Value], shape: tuple[int, ...]) -> Value:
        """Draws for every environment that the block works on: ``uniform`` between two numbers, or ``gaussian``
        with mean and deviation, 0 and 1 where ``numbers`` is empty."""
        ...


type Emitter = Callable[[Context, Node], Value]
