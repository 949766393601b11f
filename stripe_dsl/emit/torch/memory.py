"""States in torch: statements that update them after the physics, and that renew them after the resets."""

from __future__ import annotations

from stripe_dsl.emit.substitution import Substitution, is_kept
from stripe_dsl.emit.torch.expressions import Expression, TorchWriter
from stripe_dsl.emit.torch.leaves import Leaves, tunable_text
from stripe_dsl.emit.torch.lines import Lines
from stripe_dsl.emit.values import Precedence, Spread
from stripe_dsl.ir.graph import Node
from stripe_dsl.ir.memory import batches
from stripe_dsl.ir.program import Program, State


class States:
    """Writes the states of one program, in the order in which one may read another."""

    def __init__(self, program: Program, leaves: Leaves, writer: TorchWriter, graph: Substitution) -> None:
        self.states = program.states
        self.leaves = leaves
        self.writer = writer
        self.graph = graph

    def update(self, lines: Lines) -> None:
        """What states become, before the terminations are computed."""
        for state in self.states:
            if state.update is not None:
                lines.comment(state.span)
                (result,) = self.block(lines, [state.update], "self._previous_actions")
                lines.statement(f"self.{self.attribute(state)} = ", self.whole(state.update, result))

    def begin(self, lines: Lines) -> None:
        """Numbers that episodes begin with, and what resets read, in ``_reset_idx``."""
        for state in self.states:
            if state.early:
                self.begin_early(lines, state)
            elif self.is_number(state):
                lines.comment(state.span)
                (result,) = self.block(lines, [state.initial], "self.actions")
                lines.statement("", f"index_fill_(self.{self.attribute(state)}, rows, {result.text})")

    def begin_early(self, lines: Lines, state: State) -> None:
        """What a state begins with that resets read."""

        def leaf(node: Node) -> str:
            if node.op == "state":
                return f"self.{self.leaves.states[str(node.attr)]}[rows]"
            return tunable_text(node.attr, {})

        lines.comment(state.span)
        block = self.writer.block([state.initial], leaf, "len(env_ids)")
        lines.block(block)
        (result,) = block.results
        target = f"self.{self.attribute(state)}"
        if result.value.spread is Spread.HOST:
            lines.statement("", f"index_fill_({target}, rows, {result.text})")
        else:
            lines.statement(f"{target}[rows] = ", result.text)

    def renew(self, lines: Lines) -> None:
        """What states become after the resets, before the observations are computed."""
        for batch in batches([state for state in self.states if not (state.early or self.is_number(state))]):
            lines.comment(batch[0].span)
            condition = batch[0].renew
            roots = [state.initial for state in batch]
            *results, mask = self.block(lines, [*roots, condition or batch[0].initial], "self.actions")
            name = "fresh"
            if condition is not None and not self.always(condition):
                name = f"{batch[0].group}_due"
                lines.statement(f"{name} = ", f"fresh | {mask.value.within(Precedence.BIT_AND)}")
            for state, result in zip(batch, results, strict=True):
                target = f"self.{self.attribute(state)}"
                if condition is not None and self.always(condition):
                    lines.statement(f"{target} = ", self.whole(state.initial, result))
                    continue
                where = name + "".join("[:, None]" if i == 0 else "[..., None]" for i in range(len(state.type.shape)))
                value = result.text
                if result.value.spread is not Spread.HOST and len(result.shape) < len(state.type.shape):
                    value = f"{result.value.atom}[:, None]"
                lines.statement(f"{target} = ", f"torch.where({where}, {value}, {target})")

    @property
    def wants_fresh(self) -> bool:
        """Whether :meth:`renew` asks which episodes have just begun."""
        left = [state for state in self.states if not (state.early or self.is_number(state))]
        return any(state.renew is None or not self.always(state.renew) for state in left)

    def is_number(self, state: State) -> bool:
        """Whether the state begins with a number that is known when the environment is made, and is never renewed."""
        node = state.initial
        return state.renew is None and node.op in ("const", "tunable") and node.type.is_scalar

    def always(self, condition: Node) -> bool:
        """Whether a state is made anew at every observation."""
        return condition.op == "const" and condition.attr is True

    def attribute(self, state: State) -> str:
        """The attribute that holds it."""
        return self.leaves.states[state.name]

    def whole(self, node: Node, result: Expression) -> str:
        """A tensor of its own, for all environments."""
        return result.for_all() + (".clone()" if is_kept(self.graph.apply(node)) else "")

    def block(self, lines: Lines, roots: list[Node], previous_actions: str) -> tuple[Expression, ...]:
        """The values of some nodes, after statements for what they share."""
        leaf = self.leaves.step({}, previous_actions=previous_actions)
        block = self.writer.block([self.graph.apply(root) for root in roots], leaf)
        lines.block(block)
        return block.results
