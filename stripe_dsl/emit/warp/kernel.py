"""Turns nodes of the graph into the body of one Warp kernel.

A kernel runs one thread for each environment. Single values become local variables where they are shared or named, and
stand in place otherwise. A list is never stored: it is a loop over its members, and all reductions over one set
that can be known at the same time share one loop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from stripe_dsl.emit.layout import layout
from stripe_dsl.emit.naming import describe
from stripe_dsl.emit.values import Value
from stripe_dsl.emit.warp.loop import INDENT, LONG, Loop
from stripe_dsl.emit.warp.module import GROUPS, WORDS_OF_CPP, Locals, Module
from stripe_dsl.emit.warp.operators import EMITTERS, is_cheap
from stripe_dsl.emit.warp.reductions import begin, finish, take_in
from stripe_dsl.ir.graph import Node, walk
from stripe_dsl.ir.ops import REDUCTIONS
from stripe_dsl.ir.types import Axis


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument of a kernel: its name and type there, and what the launch passes."""

    name: str
    annotation: str
    host: str


class Kernel:
    """One kernel that is being written.

    Args:
        module: what the kernels of a module share.
        leaf: spells a ``read``, ``tunable``, ``prev`` or draw; called with this kernel, the loop that it
            stands in or ``None``, and the node.
        lets: names of named values, by node id.
        reserved: local variables that the caller writes himself.
        remembers: whether ``prev`` needs the present value of its operand as well.
    """

    def __init__(
        self,
        module: Module,
        leaf: Callable[[Kernel, Loop | None, Node], Value],
        lets: Mapping[int, str],
        reserved: Iterable[str] = (),
        *,
        remembers: bool = False,
    ) -> None:
        self.module = module
        self.names = Locals({"env", "i", "k", "wp", *GROUPS, *module.reserved, *reserved})
        self.parameters: dict[str, Parameter] = {}
        self.lines: list[str] = []
        self._leaf = leaf
        self._lets = lets
        self._remembers = remembers
        self._values: dict[int, Value] = {}
        self._known: dict[int, str] = {}
        self._locals: dict[str, str] = {}
        self._squares: dict[int, Value] = {}
        self.wishes: dict[int, str] = {}
        """Names for values that have none, by id of the node."""
        self._uses: dict[int, int] = {}
        self._said = ""
        self._in_loops: dict[tuple[str, str], list[str]] = {}
        self._depth = 0

    def leaf_of(self, leaf: Callable[[Kernel, Loop | None, Node], Value]) -> None:
        """From now on, leaves are spelt by ``leaf``."""
        self._leaf = leaf

    # parameters and lines

    def parameter(self, host: str, annotation: str, wish: str) -> str:
        """The name of the argument that the launch gives as ``host``."""
        if host not in self.parameters:
            settings = wish in GROUPS and host == f"self._{wish}"  # their names are kept for them
            name = wish if settings else self.names.unique(f"{wish}_" if wish in WORDS_OF_CPP else wish)
            self.parameters[host] = Parameter(name, annotation, host)
        return self.parameters[host].name

    def line(self, text: str, depth: int = 1) -> None:
        """Adds a statement."""
        self.lines.append(" " * INDENT * (depth + self._depth) + text)

    def statement(self, prefix: str, text: str) -> None:
        """Adds ``prefix`` and an expression, over several lines where it is long."""
        self.lines.append(layout(prefix, text, INDENT * (1 + self._depth)))

    def comment(self, text: str, depth: int = 1) -> None:
        """Adds a comment, once where several statements come from one place."""
        if text and text != self._said:
            self._said = text
            self.line(f"# {text}", depth)

    def local(self, text: str, wish: str) -> str:
        """A variable that holds ``text``, the same for the same text."""
        if text not in self._locals:
            self._locals[text] = self.names.unique(wish)
            self.statement(f"{self._locals[text]} = ", text)
        return self._locals[text]

    # values

    def plan(self, roots: Sequence[Node]) -> None:
        """Counts how often each value will be wanted, for all roots that :meth:`compute` will be asked for."""
        nodes = self._needed(roots)
        for node in [*roots, *(arg for user in nodes for arg in self.operands(user))]:
            self._uses[node.id] = self._uses.get(node.id, 0) + 1

    def compute(self, roots: Sequence[Node]) -> None:
        """Writes what the roots need of single values and reductions, in an order in which it can be known."""
        nodes = self._needed(roots)
        lists = {arg.id for node in nodes if node.type.axis is not None for arg in self.operands(node)}
        operands = {arg.id for node in nodes for arg in self.operands(node)}
        stages: dict[int, int] = {}
        for node in nodes:
            before = max((stages[arg.id] for arg in self.operands(node)), default=0)
            stages[node.id] = before + (node.op in REDUCTIONS)
        for stage in range(max(stages.values(), default=0) + 1):
            at = [node for node in nodes if stages[node.id] == stage and node.id not in self._values]
            for node in at:
                if node.type.axis is None and node.op not in REDUCTIONS:
                    self._single(node, crosses=node.id in lists, inside=node.id in operands)
            groups: dict[Axis, list[Node]] = {}
            for node in nodes:
                if node.op in REDUCTIONS and stages[node.id] == stage + 1 and node.id not in self._values:
                    axis = node.args[0].type.axis
                    assert axis is not None
                    groups.setdefault(axis, []).append(node)
            for axis, reductions in groups.items():
                self._reduce(axis, reductions, lists)

    def operands(self, node: Node) -> tuple[Node, ...]:
        """Nodes whose present value a node needs: ``prev`` reads what was kept, unless an episode just began."""
        return () if node.op == "prev" and not self._remembers else node.args

    def value(self, node: Node, /) -> Value:
        """The text of a single value that was computed."""
        return self._values[node.id]

    def name(self, node: Node, /) -> str:
        """A variable that holds a single value."""
        value = self._values[node.id]
        if not value.text.isidentifier():
            value = self._values[node.id] = self._bind(node, value)
        return value.text

    def is_long(self, node: Node) -> bool:
        """Whether the text of a single value had better stand in one place only."""
        return len(self._values[node.id].text) > LONG

    def helper(self, name: str, /) -> str:
        """A small function that the module then defines."""
        return self.module.helper(name)

    def constant(self, node: Node, /) -> Value:
        raise AssertionError(f"a list outside of a loop: {node.op}")

    picked = stacked = constant

    def leaf(self, node: Node, /, loop: Loop | None = None) -> Value:
        """A value that comes from outside the kernel, wanted in a loop or outside of all."""
        return self._leaf(self, loop, node)

    def step(self) -> Value:
        """The control step [s]."""
        return Value(self.parameter("self.step_dt", "float", "step_dt"))

    def square_sum(self, node: Node, /) -> Value | None:
        """The sum of squares under a ``list_norm``, where it was computed."""
        return self._squares.get(node.id)

    def let(self, node: Node) -> str | None:
        """The name that the file gives to a node."""
        return self._lets.get(node.id)

    def describe(self, node: Node) -> str:
        """A new name that says what the node is."""
        let = self._lets.get(node.id)
        name = self.names.unique(let or self.wishes.get(node.id) or self._described(node))
        self._known[node.id] = name
        return name

    def _described(self, node: Node) -> str:
        return describe(node, self._known, self.module.owners)

    def uses(self, node: Node) -> int:
        """How many operands refer to the node."""
        return self._uses.get(node.id, 0)

    @contextmanager
    def loop(self, axis: Axis, roots: Sequence[Node] = ()) -> Iterator[Loop]:
        """A loop over the members of a set; what it holds is added when it ends.

        Args:
            roots: values wanted in it, which :meth:`compute` was asked for before.
        """
        loop = Loop(self, axis, roots)
        yield loop
        if loop.lines:
            self.line(f"for i in range({self.module.length(axis)}):")
            pad = " " * INDENT * self._depth
            self.lines += [pad + line.replace("\n", f"\n{pad}") for line in loop.lines]

    @contextmanager
    def branch(self, condition: str) -> Iterator[None]:
        """Statements that run where the condition holds. What they compute is not known behind them."""
        self.line(f"if {condition}:")
        before = [dict(known) for known in (self._values, self._known, self._locals, self._squares)]
        self._depth += 1
        yield
        self._depth -= 1
        self._values, self._known, self._locals, self._squares = before  # type: ignore[assignment]

    def _needed(self, roots: Sequence[Node]) -> list[Node]:
        needed = {root.id for root in roots}
        nodes = list(walk(roots))
        for node in reversed(nodes):
            if node.id in needed:
                needed.update(arg.id for arg in self.operands(node))
        return [node for node in nodes if node.id in needed]

    def _single(self, node: Node, *, crosses: bool, inside: bool) -> None:
        value = EMITTERS[node.op](self, node)
        named = node.id in self._lets and node.op not in ("const", "tunable")
        long = inside and len(value.text) > LONG
        shared = (self.uses(node) > 1 or crosses or long) and not is_cheap(value)
        if named or shared:
            value = self._bind(node, value)
        self._values[node.id] = value

    def _bind(self, node: Node, value: Value) -> Value:
        name = self.describe(node)
        self.statement(f"{name} = ", value.text)
        return Value(name)

    def in_loops(self, wish: str, kind: str, number: int) -> str:
        """The name that loops give to the ``number``-th value of this kind which they would call ``wish``.

        Warp keeps the type of a name from one loop to the next.
        """
        names = self._in_loops.setdefault((wish, kind), [])
        if number == len(names):
            names.append(self.names.unique(wish))
        return names[number]

    def _total(self, node: Node) -> str:
        """What a loop calls the result that it gathers, which :func:`~stripe_dsl.emit.warp.reductions.finish` ends."""
        name = self.wishes.get(node.id) or self._described(node)
        match node.op:
            case "mean":
                return f"{name.removesuffix('_mean')}_sum"
            case "list_norm":
                return f"{name.removesuffix('_norm')}_square_sum"
            case "damped":
                return "gram"
            case _:
                return self._lets.get(node.id) or name

    def _reduce(self, axis: Axis, reductions: Sequence[Node], lists: set[int]) -> None:
        """One loop for several reductions over a set."""
        totals: list[str] = []
        for node in reductions:
            totals.append(self.names.unique(self._total(node)))
            self.statement(f"{totals[-1]} = ", begin(node))
        with self.loop(axis, [node.args[0] for node in reductions]) as loop:
            for node, total in zip(reductions, totals, strict=True):
                loop.line(*take_in(node, total, loop))
        for node, total in zip(reductions, totals, strict=True):
            self._squares[node.id] = Value(total)
            value = finish(node, total, self)
            named = node.id in self._lets and value.text != total
            if (self.uses(node) > 1 or node.id in lists or named) and not is_cheap(value):
                value = self._bind(node, value)
            self._known[node.id] = value.text if value.text.isidentifier() else total
            self._values[node.id] = value
