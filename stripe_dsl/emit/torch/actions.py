"""The agent's numbers as commands: what ``_pre_physics_step`` and ``_apply_action`` hold."""

from __future__ import annotations

import re
from collections.abc import Callable

from stripe_dsl.emit.naming import Names
from stripe_dsl.emit.substitution import Substitution
from stripe_dsl.emit.torch.context import EnvContext, local_name
from stripe_dsl.emit.torch.delays import delay_action
from stripe_dsl.emit.torch.expressions import TorchWriter
from stripe_dsl.emit.torch.leaves import Attribute, Leaves
from stripe_dsl.emit.torch.lines import Lines
from stripe_dsl.emit.torch.wrenches import push_bodies
from stripe_dsl.emit.values import Value, suffixed
from stripe_dsl.ir.graph import Node, walk
from stripe_dsl.ir.program import Action, Program


class ActionWriter:
    """Writes the actions of one class."""

    def __init__(
        self,
        program: Program,
        names: Names,
        leaves: Leaves,
        writer: TorchWriter,
        graph: Substitution,
        context: EnvContext,
    ) -> None:
        self.program = program
        self.names = names
        self.leaves = leaves
        self.writer = writer
        self.graph = graph
        self.context = context
        self.aliases = sum(item.group == "action" for item in program.tunables) > 1
        self.total = sum(action.width for action in program.actions)
        self.columns: set[str] = set()
        """Quantities that attributes hold with a column for each joint, of a single joint too."""

    def write(self) -> None:
        """All actions, in the order of their columns."""
        start = 0
        for action in self.program.actions:
            self.action(action, start)
            start += action.width
        self.context.aliases_action = any(re.search(r"(?<![\w.])cfg\.", line) for line in self.context.action_lines)

    def action(self, action: Action, start: int) -> None:
        """One action: its command, and where that is sent."""
        root = self.graph.apply(action.command)
        lines = self.context.action_lines
        if action.remembers:
            target = self.leaves.targets[action.name]
            self.columns.add(f"target.{action.name}")
            text = f"torch.zeros(self.num_envs, {len(action.joints)}, device=self.device)"
            self.context.targets.append(Attribute(target, text, f"the last target of ``{action.name}``"))
        sent = ""
        if action.delay:
            lines.comment(action.span)
            sent = delay_action(action, start, self.program, self.leaves, self.context)
            lines = self.context.drive_lines
        elif action.goals:
            self.goals(action)
            lines = self.context.drive_lines
        elif action.each_step:
            root = self.prepared(action, root, start)
            lines = self.context.drive_lines
        if not sent:
            lines.comment(action.span)
        name = local_name(action.name)
        lines.statement(f"{name} = ", self.value(action, root, start, lines, sent).text)
        if action.remembers:
            lines.statement(f"self.{self.leaves.targets[action.name]} = ", name)
        if action.kind == "wrench":
            push_bodies(action, self.leaves, self.context, lines)
            return
        ids = self.leaves.command_ids(action)
        setter = f"self.{self.leaves.entities[action.robot]}.actuators.target_command.set_{action.kind}_index"
        lines.statement("", f"{setter}(value={name}, joint_ids={ids})")

    def goals(self, action: Action) -> None:
        """What is to be reached, once a control step."""
        lines = self.context.action_lines
        lines.comment(action.span)
        cfg = {"action": "cfg"} if self.aliases else {}
        spell = self.leaves.step(cfg, previous_actions="self._previous_actions", at_once=True)
        block = self.writer.block([self.graph.apply(node) for _, node in action.goals], spell)
        lines.block(block)
        for (part, _), result in zip(action.goals, block.results, strict=True):
            lines.statement(f"self.{self.leaves.goals[f'goal.{action.name}.{part}']} = ", result.for_all())

    def prepared(self, action: Action, root: Node, start: int) -> Node:
        """The command with what does not depend on the state computed before the physics steps, once for all."""
        lines = self.context.action_lines
        for node in _independent(root):
            lines.comment(action.span)
            name = self.names.unique(f"_{local_name(action.name)}_change")
            lines.statement(f"self.{name} = ", self.value(action, node, start, lines).text)
            leaf = self.graph.replace(node, f"value.{name}")
            self.leaves.values[leaf.id] = name
            self.columns.add(f"value.{name}")
        return self.graph.apply(root)

    def value(self, action: Action, root: Node, start: int, lines: Lines, sent: str = "") -> Value:
        """A value with a column for each joint, after statements for what it needs.

        Args:
            sent: the variable that holds the agent's numbers, where these are not the present ones.
        """
        single = all(node.type.axis is None for node in walk([root]))
        aliased = lines is self.context.action_lines
        block = self.writer.block([root], self.leaf(action, start, single=single, aliased=aliased, sent=sent))
        lines.block(block)
        (result,) = block.results
        value = result.value
        return value if single or result.shape or value.host else suffixed(value, "[:, None]")

    def leaf(self, action: Action, start: int, *, single: bool, aliased: bool, sent: str = "") -> Callable[[Node], str]:
        """Leaves of a command; where all speak of one joint each is a column, so that nothing has to become one."""
        cfg = {"action": "cfg"} if self.aliases and aliased else {}
        spell = self.leaves.step(cfg, previous_actions="self._previous_actions", at_once=True)

        def leaf(node: Node) -> str:
            quantity = node.read.quantity if node.read is not None else ""
            if quantity == f"action.{action.name}" and (single or node.type.axis is not None):
                whole = action.width == self.total
                if sent:
                    return sent
                return "self.actions" if whole else f"self.actions[:, {start}:{start + action.width}]"
            narrow = single and node.op != "tunable" and quantity not in self.columns
            return spell(node) + "[:, None]" * narrow

        return leaf


def _independent(root: Node) -> list[Node]:
    """The largest parts of a command that have to be computed and do not depend on the present state."""
    found: list[Node] = []
    stack = [root]
    while stack:
        node = stack.pop()
        reads = [each.read.quantity for each in walk([node]) if each.read is not None]
        if not all(quantity.startswith(("action.", "value.")) for quantity in reads):
            stack.extend(node.args)
        elif node.args and reads:
            found.append(node)
    return found
