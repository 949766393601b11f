"""What the methods of a generated class have in common: constants, values that several need, and memory."""

from __future__ import annotations

from collections.abc import Sequence

from stripe_dsl.emit.identifiers import remark
from stripe_dsl.emit.naming import Names, describe
from stripe_dsl.emit.substitution import Substitution, is_previous_action, memory_operands, now, shareable
from stripe_dsl.emit.torch.expressions import TorchWriter
from stripe_dsl.emit.torch.leaves import Attribute, Leaves
from stripe_dsl.emit.torch.lines import Lines
from stripe_dsl.ir.graph import Node, walk
from stripe_dsl.ir.program import Let, Program

CONSTANT_QUANTITIES = ("joint.lower", "joint.upper", "joint.default_pos", "joint.default_vel", "env.place")
"""What the simulation never changes. Limits of velocities are no such thing: they appear with the first step."""

POSITIONS = ("root.pos@world", "body.pos@world")


class Sharing:
    """Puts leaves in place of what methods share, so that each value is computed once and read from an attribute.

    Attributes:
        constants: statements of ``__init__``.
        values: statements of ``_compute_values``: values that observations share with terminations and rewards.
        ends: statements before the terminations: values that only terminations and rewards share.
        ending: what ``_compute_dones`` computes.
        memories: buffers of what ``prev`` refers to.
        seen: attributes that hold what the last observation saw of operands of ``prev``, by id.
    """

    def __init__(
        self, program: Program, names: Names, leaves: Leaves, writer: TorchWriter, graph: Substitution
    ) -> None:
        self.program = program
        self.names = names
        self.leaves = leaves
        self.writer = writer
        self.graph = graph
        self.constants = Lines()
        self.values = Lines()
        self.ends = Lines()
        self.memories: list[Attribute] = []
        self.seen: dict[int, str] = {}
        self.updates = [state.update for state in program.states if state.update is not None]
        self.dones = [*self.updates, *(term.value for term in program.terminations)]
        self.rewards = [term.value for term in (*program.rewards, *program.metrics)]
        self.rewards += program.level.conditions.values() if program.level is not None else ()
        self.ending = [*self.dones]
        self.observed = [*program.observing, *memory_operands(program)]

    def write(self) -> None:
        """Replace what is shared, in the order in which one may stand in another."""
        self.place()
        self.keep_constants()
        self.share()
        self.remember()
        self.keep_states()

    def place(self) -> None:
        """Positions in the frame of the environment are read as one quantity, not as a difference."""
        for node in walk([*self.dones, *self.rewards, *self.observed]):
            if node.op != "sub" or any(arg.read is None for arg in node.args):
                continue
            world, origin = (arg.read for arg in node.args)
            if world and origin and world.quantity in POSITIONS and origin.quantity == "env.origin":
                leaf = self.graph.replace(node, f"value.place_{node.id}")
                self.leaves.placed[leaf.id] = world

    def keep_constants(self) -> None:
        """Limits and defaults of joints, and what is computed from them alone, are read once."""
        commands = [action.command for action in self.program.actions]
        found = _constants([*commands, *self.dones, *self.rewards, *self.observed])
        block = self.writer.block(found, self.leaves.step({}, previous_actions="", at_once=True))
        self.constants.block(block)
        for node, result in zip(found, block.results, strict=True):
            name = next((let.name for let in self.program.lets if let.value is node), None)
            attribute = self.names.unique(f"_{name or self.constant_name(node)}")
            self.constants.statement(f"self.{attribute} = ", result.for_all())
            self.stand_for(node, attribute)

    def constant_name(self, node: Node) -> str:
        """``joints_lower``, ``joints_range`` and ``joints_middle``; else what the operators say."""
        reads = [each for each in walk([node]) if each.read is not None]
        names = [self.leaves.source(each.read, single=each.type.axis is None)[1] for each in reads if each.read]
        if node.read is not None:
            return names[0]
        label, _, end = names[0].rpartition("_")
        if sorted(names) == [f"{label}_lower", f"{label}_upper"] and end in ("lower", "upper"):
            if node.op == "sub" and node.args[0] is reads[names.index(f"{label}_upper")]:
                return f"{label}_range"
            if node.op == "mul" and node.args[0].op == "add" and node.args[1].attr == 0.5:
                return f"{label}_middle"
        return describe(node, {each.id: name for each, name in zip(reads, names, strict=True)})

    def share(self) -> None:
        """Named values that more than one method needs become attributes."""
        dones, rewards, observed = ({node.id for node in now(roots)} for roots in self.methods())
        for let in self.named():
            observes = let.value.id in observed
            if let.value.id in (dones | rewards if observes else dones & rewards):
                self.assign(self.values if observes else self.ends, let)
                self.ending.append(let.value)

    def methods(self) -> list[Sequence[Node]]:
        """What each method computes."""
        return [self.dones, self.rewards, self.observed]

    def named(self) -> list[Let]:
        """Named values that cost something, arguments before their users."""
        lets = {let.value.id: let for let in self.program.lets if let.value.args and shareable(let.value)}
        return [lets[key] for key in sorted(lets) if key not in self.graph.map]

    def assign(self, lines: Lines, let: Let) -> None:
        """``self._name = …``."""
        attribute = self.names.unique(f"_{let.name}")
        lines.comment(let.span)
        root = self.graph.apply(let.value)
        block = self.writer.block([root], self.leaves.step({}, previous_actions="self.actions"))
        text = block.results[0].for_all()
        before = list(block.assignments)
        if before and before[-1].target == text:
            text, before = before[-1].text, before[:-1]
        for assignment in before:
            lines.statement(f"{assignment.target} = ", assignment.text)
        lines.statement(f"self.{attribute} = ", text)
        self.stand_for(let.value, attribute)

    def stand_for(self, node: Node, attribute: str) -> None:
        leaf = self.graph.replace(node, f"value.{attribute}")
        self.leaves.values[leaf.id] = attribute

    def remember(self) -> None:
        """A buffer for every operand of ``prev`` that is no action."""
        for operand in memory_operands(self.program):
            name = next((let.name for let in self.program.lets if let.value is operand), None)
            wish = name or describe(operand, {})
            attribute = self.names.unique(f"_prev_{wish}")
            self.leaves.previous[operand.id] = attribute
            shape = ", ".join(["self.num_envs", *map(str, operand.type.shape)])
            dtype = ", dtype=torch.bool" if operand.type.is_bool else ""
            comment = f"``prev({name or _quoted(operand)})``: its value at the last observation"
            text = f"torch.zeros({shape}{dtype}, device=self.device)"
            self.memories.append(Attribute(attribute, text, comment))
            self.seen[operand.id] = self.names.unique(f"_seen_{wish}")

    def keep_states(self) -> None:
        """A buffer for every state."""
        for state in self.program.states:
            attribute = self.names.unique(f"_{state.name}")
            self.leaves.states[state.name] = attribute
            shape = ", ".join(["self.num_envs", *map(str, state.type.shape)])
            dtype = ", dtype=torch.bool" if state.type.is_bool else ""
            text = f"torch.zeros({shape}{dtype}, device=self.device)"
            self.memories.append(Attribute(attribute, text, f"``{remark(state.source)}``"))

    @property
    def keeps_previous_actions(self) -> bool:
        """Whether a termination or a reward asks for the action before the last."""
        return any(is_previous_action(node) for node in walk([*self.dones, *self.rewards]))


def _constants(roots: Sequence[Node]) -> list[Node]:
    """The largest expressions of constant quantities, without those of literals alone."""
    nodes = now(roots)
    constant: dict[int, bool] = {}
    reads: set[int] = set()
    for node in nodes:
        if node.read is not None:
            constant[node.id] = node.read.quantity in CONSTANT_QUANTITIES
        else:
            inner = [arg for arg in node.args if node.op != "prev"]
            constant[node.id] = node.op == "const" or (bool(inner) and all(constant[arg.id] for arg in inner))
        if constant[node.id] and (node.read is not None or any(arg.id in reads for arg in node.args)):
            reads.add(node.id)
    users = [arg for node in nodes if not constant[node.id] and node.op != "prev" for arg in node.args]
    found = {node.id: node for node in [*users, *roots] if node.id in reads}
    return [found[key] for key in sorted(found)]


def _quoted(node: Node) -> str:
    return " ".join(node.span.text.split()) if node.span is not None else "x"
