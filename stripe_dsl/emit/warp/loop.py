"""The body of a loop over the members of a set, in a Warp kernel."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stripe_dsl.emit.layout import layout
from stripe_dsl.emit.naming import describe
from stripe_dsl.emit.values import Value, call
from stripe_dsl.emit.warp.operators import EMITTERS, VECTORS, constant, is_cheap
from stripe_dsl.ir.graph import Node, walk
from stripe_dsl.ir.types import Axis, Kind

if TYPE_CHECKING:
    from stripe_dsl.emit.warp.kernel import Kernel

LONG = 90
"""Characters beyond which an operand gets a variable of its own."""

INDENT = 4


@dataclass(slots=True)
class Loop:
    """The body of a loop over the members of a set; ``i`` counts them.

    Attributes:
        kernel: where it stands.
        axis: the set.
        roots: values that are wanted in it.
        index: place of the member that is meant: ``i``, or where ``pick`` maps it to.
        depth: of its lines; 1 where each member has a thread of its own, and no loop is written.
    """

    kernel: Kernel
    axis: Axis
    roots: Sequence[Node] = ()
    index: str = "i"
    depth: int = 2
    lines: list[str] = field(default_factory=list)
    _asked: Counter[tuple[str, str]] = field(default_factory=Counter)
    _values: dict[int, Value] = field(default_factory=dict)
    _members: dict[str, str] = field(default_factory=dict)
    _uses: dict[int, int] = field(default_factory=dict)
    _operands: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        lists = [node for node in walk(self.roots) if node.type.axis is not None]
        operands = [arg for node in lists for arg in self.kernel.operands(node)]
        self._operands.update(arg.id for arg in operands)
        for used in [*self.roots, *operands]:
            self._uses[used.id] = self._uses.get(used.id, 0) + 1

    def line(self, target: str, text: str = "") -> None:
        """Adds a statement to the body: ``target = `` and a value, which may be long, or all in one."""
        if not text:
            target, _, text = target.partition(" = ")
            target += " = "
        self.lines.append(layout(target, text, self.depth * INDENT))

    def value(self, node: Node, /) -> Value:
        """The value of one member, or of a single value."""
        if node.type.axis is None:
            return self.kernel.value(node)
        if node.id not in self._values:
            value = EMITTERS[node.op](self, node)
            named = self.kernel.let(node) is not None and node.op not in ("const", "tunable")
            long = node.id in self._operands and len(value.text) > LONG
            shared = (self._uses.get(node.id, 0) > 1 or long) and not is_cheap(value)
            if named or shared:
                value = self._bind(node, value)
            self._values[node.id] = value
        return self._values[node.id]

    def name(self, node: Node, /) -> str:
        """A variable that holds the operand."""
        if node.type.axis is None:
            return self.kernel.name(node)
        value = self.value(node)
        if not value.text.isidentifier():
            value = self._values[node.id] = self._bind(node, value)
        return value.text

    def operand(self, node: Node) -> str:
        """The text of a number, the name of a variable that holds a vector."""
        return self.name(node) if node.type.components > 1 else self.value(node).text

    def helper(self, name: str, /) -> str:
        """A small function that the module then defines."""
        return self.kernel.module.helper(name)

    def constant(self, node: Node, /) -> Value:
        """The member of a list of constants."""
        assert node.type.axis is not None
        values = _members(node.attr, node.type.shape)
        if len(set(values)) == 1:
            return constant(values[0])
        name = self.kernel.let(node) or "values"
        if all(map(math.isfinite, _numbers(values))):
            name = self.kernel.module.constant(values, name)
        else:  # Warp writes no infinity into a constant
            function = "wp.vector" if node.type.components == 1 else "wp.matrix_from_rows"
            name = self.kernel.local(call(function, [constant(value) for value in values]).text, name)
        if node.type.kind is Kind.QUAT:  # the row of a matrix is no rotation
            return call(VECTORS[4], [Value(f"{name}[{self.index}, {place}]") for place in range(4)])
        return Value(f"{name}[{self.index}]")

    def leaf(self, node: Node, /) -> Value:
        """A value that comes from outside the kernel."""
        return self.kernel.leaf(node, self)

    def picked(self, node: Node, /) -> Value:
        """The member that ``pick`` maps this one to."""
        assert isinstance(node.attr, tuple)
        (operand,) = node.args
        assert operand.type.axis is not None
        places = [int(place) for place in node.attr]  # type: ignore[arg-type]
        start = places[0]
        if places == list(range(start, start + len(places))):
            index = f"{self.index} + {start}" if start else self.index
        else:
            index = f"{self.kernel.module.constant(places, 'places')}[{self.index}]"
        inner = Loop(self.kernel, operand.type.axis, [operand], index, self.depth, self.lines, self._asked)
        return inner.value(operand)

    def stacked(self, node: Node, /) -> Value:
        """The member of a list that is written out member by member."""
        texts = [self.kernel.value(arg).text for arg in node.args]
        return Value(f"{self.kernel.local(f'wp.vector({", ".join(texts)})', 'members')}[{self.index}]")

    def square_sum(self, node: Node, /) -> Value | None:
        """The sum of squares under a ``list_norm``, where it was computed."""
        return self.kernel.square_sum(node) if node.type.axis is None else None

    def step(self) -> Value:
        """The control step [s]."""
        return self.kernel.step()

    def member(self, array: str, wish: str) -> str:
        """A variable that holds the present element of an array of indices."""
        key = f"{array}[{self.index}]"
        if key not in self._members:
            self._members[key] = self.unique(wish, "int")
            self.lines.append(f"{' ' * INDENT * self.depth}{self._members[key]} = {key}")
        return self._members[key]

    def _bind(self, node: Node, value: Value) -> Value:
        let = self.kernel.let(node)
        known = {key: item.text for key, item in self._values.items() if item.text.isidentifier()}
        name = self.unique(let or describe(node, known, self.kernel.module.owners), node.type.kind)
        self.lines.append(layout(f"{name} = ", value.text, INDENT * self.depth))
        return Value(name)

    def unique(self, wish: str, kind: str) -> str:
        """A name that is free in this loop."""
        number = self._asked[wish, kind]
        self._asked[wish, kind] += 1
        return self.kernel.in_loops(wish, kind, number)


def _members(value: object, shape: tuple[int, ...]) -> list[object]:
    """The members of a constant list; one value stands for all."""
    size = shape[0]
    if not isinstance(value, tuple) or (len(shape) > 1 and not isinstance(value[0], tuple)):
        return [value] * size
    return list(value) if len(value) == size else list(value) * size


def _numbers(value: object) -> Iterator[float]:
    """All numbers in tuples and lists."""
    if isinstance(value, tuple | list):
        for item in value:
            yield from _numbers(item)
    else:
        yield float(value)  # type: ignore[arg-type]
