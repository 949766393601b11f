"""Memory in Warp: statements that keep the operands of ``prev``, update states and renew them."""

from __future__ import annotations

from collections.abc import Sequence

from stripe_dsl.emit.cfg import origin
from stripe_dsl.emit.identifiers import remark
from stripe_dsl.emit.naming import describe
from stripe_dsl.emit.values import Precedence, Value
from stripe_dsl.emit.warp.kernel import Kernel
from stripe_dsl.emit.warp.leaves import Leaves, array, column, dtype
from stripe_dsl.emit.warp.module import Attribute, Module
from stripe_dsl.ir.graph import Node, walk
from stripe_dsl.ir.memory import batches
from stripe_dsl.ir.ops import DRAWS
from stripe_dsl.ir.program import Program, State
from stripe_dsl.ir.types import Type


class Memory:
    """Buffers of one module, and what its kernels do with them.

    Args:
        operands: what ``prev`` refers to, without actions.
    """

    def __init__(self, program: Program, module: Module, leaves: Leaves, operands: Sequence[Node]) -> None:
        self.program = program
        self.module = module
        self.leaves = leaves
        self.operands = operands

    def buffers(self) -> list[Attribute]:
        """A buffer for every operand of ``prev`` that is no action, and for every state."""
        found: list[Attribute] = []
        for operand in self.operands:
            let = next((let.name for let in self.program.lets if let.value is operand), None)
            wish = f"prev_{let or describe(operand, {})}"
            source = let or (" ".join(operand.span.text.split()) if operand.span is not None else "x")
            name = self.module.own(wish)
            comment = f"``prev({remark(source)})``: its value at the last observation"
            found.append(Attribute(name, _zeros(operand.type), comment))
            self.leaves.memories[operand.id] = name
        for state in self.program.states:
            name = self.module.own(state.name)
            found.append(Attribute(name, _zeros(state.type), f"``{remark(state.source)}``"))
            self.leaves.states[state.name] = name
        return found

    def update(self, kernel: Kernel) -> None:
        """What states become after the physics."""
        for state in self.program.states:
            if state.update is not None:
                kernel.comment(origin(state.span))
                kernel.wishes.setdefault(state.update.id, f"new_{state.name}")
                kernel.compute([state.update])
                self.store(kernel, self.leaves.states[state.name], state.type, state.update)

    def begin_early(self, kernel: Kernel) -> None:
        """What states begin with that resets read, in the kernel that resets."""
        for state in self.program.states:
            if state.early:
                kernel.wishes.setdefault(state.initial.id, f"new_{state.name}")
                kernel.comment(origin(state.span))
                kernel.plan([state.initial])
                kernel.compute([state.initial])
                self.begin(kernel, [state])

    def renew(self, kernel: Kernel) -> None:
        """What states become after the resets."""
        for batch in batches([state for state in self.program.states if not state.early]):
            self.renew_batch(kernel, batch)

    def renew_batch(self, kernel: Kernel, batch: Sequence[State]) -> None:
        """States that are renewed at once. What is drawn is drawn only where it is wanted."""
        roots = [state.initial for state in batch]
        for state in batch:
            kernel.wishes.setdefault(state.initial.id, f"new_{state.name}")
        condition = batch[0].renew
        draws = any(node.op in DRAWS for node in walk(roots))
        if condition is None:
            text = "fresh"
        elif condition.op == "const":
            text = ""
        else:
            kernel.compute([condition])
            value = Value(kernel.name(condition)) if kernel.is_long(condition) else kernel.value(condition)
            text = f"fresh or {value.within(Precedence.AND)}"
        if not draws:
            kernel.compute(roots)
        if not text:
            self.begin(kernel, batch)
            return
        with kernel.branch(text):
            if draws:
                kernel.compute(roots)
            self.begin(kernel, batch)

    def begin(self, kernel: Kernel, batch: Sequence[State]) -> None:
        """Writes what states begin with."""
        for state in batch:
            kernel.comment(origin(state.span))
            self.store(kernel, self.leaves.states[state.name], state.type, state.initial)

    def remember(self, kernel: Kernel) -> None:
        """Keeps the operands of ``prev``; one that reads another's memory first."""
        if self.operands:
            kernel.comment("what the next step remembers")
        for operand in reversed(self.operands):
            self.store(kernel, self.leaves.memories[operand.id], operand.type, operand)

    def store(self, kernel: Kernel, attribute: str, type: Type, node: Node) -> None:
        """Writes a value, the same one for all members of a list where it is single."""
        name = kernel.parameter(f"self.{attribute}", array(type), attribute.strip("_"))
        if type.axis is None:
            kernel.statement(f"{name}[env] = ", kernel.value(node).text)
            return
        with kernel.loop(type.axis, [node]) as loop:
            loop.line(f"{name}[env, {column(0, type, loop)}] = {loop.value(node).text}")


def wants_fresh(states: Sequence[State]) -> bool:
    """Whether :meth:`Memory.renew` asks which episodes have just begun."""
    left = [state for state in states if not state.early]
    return any(state.renew is None or state.renew.op != "const" for state in left)


def draws(states: Sequence[State]) -> bool:
    """Whether :meth:`Memory.renew` draws random numbers."""
    return any(node.op in DRAWS for node in walk([state.initial for state in states if not state.early]))


def _zeros(type: Type) -> str:
    size = f"(self.num_envs, {len(type.axis)})" if type.axis is not None else "self.num_envs"
    return f"wp.zeros({size}, dtype={dtype(type)}, device=self.device)"
