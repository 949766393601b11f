"""Which values methods share and remember, and expressions rewritten to read shared ones from attributes."""

from __future__ import annotations

from collections.abc import Sequence

from stripe_dsl.ir.graph import Graph, Node, Read, walk
from stripe_dsl.ir.program import Program
from stripe_dsl.ir.schedule import schedule


class Substitution:
    """Rewrites expressions so that shared values are read from attributes.

    Args:
        names: names of nodes by their ids; nodes that are rewritten keep theirs.
        owners: what they are part of, likewise.
    """

    def __init__(
        self, program: Program, names: dict[int, str] | None = None, owners: dict[int, str] | None = None
    ) -> None:
        self.graph = Graph()
        self.graph.nodes = [None] * _size(program)  # type: ignore[list-item]
        self.map: dict[int, Node] = {}
        self.names = {} if names is None else names
        self.owners = {} if owners is None else owners

    def replace(self, node: Node, key: str) -> Node:
        """A leaf that stands for ``node`` from now on."""
        leaf = self.graph.add("read", type=node.type, read=Read("", key), span=node.span)
        self.map[node.id] = leaf
        return leaf

    def apply(self, root: Node) -> Node:
        """``root`` with the replaced nodes in place; the operand of ``prev`` stays, since it names a buffer."""
        return self._apply(root, {})

    def _apply(self, node: Node, done: dict[int, Node]) -> Node:
        if node.id in self.map:
            return self.map[node.id]
        if node.id in done:
            return done[node.id]
        result = node
        if node.op != "prev" and node.args:
            args = tuple(self._apply(arg, done) for arg in node.args)
            if any(new is not old for new, old in zip(args, node.args, strict=True)):
                result = self.graph.add(node.op, args, type=node.type, attr=node.attr, read=node.read, span=node.span)
                for known in (self.names, self.owners):
                    if node.id in known:
                        known[result.id] = known[node.id]
        done[node.id] = result
        return result


def _size(program: Program) -> int:
    """A number above the id of every node of the program."""
    roots = [*program.ending, *program.observing, *(term.value for term in (*program.resets, *program.lets))]
    roots += [node for action in program.actions for node in (action.command, *(goal for _, goal in action.goals))]
    return max((node.id for node in walk(roots)), default=0) + 1


def now(roots: Sequence[Node]) -> list[Node]:
    """Nodes computed by a method: all but what stands inside ``prev`` alone."""
    return schedule(roots)


def memory_operands(program: Program) -> list[Node]:
    """Operands of ``prev``, in order of creation, without actions."""
    nodes = walk([*program.ending, *program.observing])
    found = {node.args[0].id: node.args[0] for node in nodes if node.op == "prev" and not is_previous_action(node)}
    return [found[key] for key in sorted(found)]


def shareable(node: Node) -> bool:
    """Whether methods may share a named value: not what remembers, for ``prev`` of an action is another one in an
    observation than in a reward, and states change between the methods; and not a view of the simulator's own buffer,
    which costs nothing."""
    return not views_simulation(node) and not any(each.op in ("prev", "state", "old") for each in now([node]))


def views_simulation(node: Node) -> bool:
    """Whether the value is a quantity of the simulation, or some columns of one."""
    while node.op in ("part", "pick"):
        node = node.args[0]
    return node.read is not None and not node.read.quantity.startswith("value.")


def is_kept(node: Node) -> bool:
    """Whether the value is a buffer that others keep, or some columns of one: what is to last needs a copy."""
    while node.op in ("part", "pick"):
        node = node.args[0]
    return node.op in ("read", "prev", "state", "old")


def is_previous_action(node: Node) -> bool:
    """Whether a node is ``prev`` of an action, which the environment keeps by itself."""
    return node.op == "prev" and node.args[0].read is not None and node.args[0].read.quantity.startswith("action.")
