"""Actions that arrive later, in Warp: what is on its way, by control steps, and how old what arrives is."""

from __future__ import annotations

from stripe_dsl.emit.cfg import origin
from stripe_dsl.emit.identifiers import safe_identifier
from stripe_dsl.emit.warp.kernel import Kernel
from stripe_dsl.emit.warp.leaves import Leaves
from stripe_dsl.emit.warp.module import Attribute, Module
from stripe_dsl.ir.program import Action, Program

SENT = "wp.array3d(dtype=float)"
"""The annotation of an array with a row for each control step and a column for each number of an action."""

_SUBSTEP = "self._substep"


class Delays:
    """Buffers of one module, and what its kernels do with them."""

    def __init__(self, program: Program, module: Module, leaves: Leaves) -> None:
        self.program = program
        self.leaves = leaves
        self.late = [action for action in program.actions if action.delay]
        self.drawn = [action for action in self.late if isinstance(program.tunable(action.delay).value, tuple)]
        """Those whose delay is another one in each episode."""
        self.sent = {action.name: module.own(f"{action.name}_sent") for action in self.late}
        self.steps = {action.name: module.own(f"{action.name}_delay") for action in self.late}

    def buffers(self) -> list[Attribute]:
        """Attributes of the environment."""
        if not self.late:
            return []
        text = "wp.zeros(self.num_envs, dtype=int, device=self.device)"
        found = [Attribute(_SUBSTEP.removeprefix("self."), text, "physics steps of this control step that are over")]
        for action in self.late:
            field = f"self.cfg.action.{safe_identifier(self.program.tunable(action.delay).name)}"
            comment = f"physics steps that ``{action.name}`` takes to arrive"
            if action in self.drawn:
                new = Attribute(self.steps[action.name], text, comment)
                longest = f"round({field}[1] / self.physics_dt)"
            else:
                new = Attribute(self.steps[action.name], f"round({field} / self.physics_dt)", comment)
                longest = f"self.{new.name}"
            slots = f"1 - (-{longest} // self.cfg.decimation)"
            text_of_sent = f"wp.zeros((self.num_envs, {slots}, {action.width}), dtype=float, device=self.device)"
            comment = f"``{action.name}`` of this control step and of those before, as far as they are on their way"
            found += [new, Attribute(self.sent[action.name], text_of_sent, comment)]
        return found

    def begin(self, kernel: Kernel, action: Action, start: int, new: str) -> None:
        """What a control step adds: the present numbers before the others.

        Args:
            new: the argument that holds all present numbers; those of the action begin with the column ``start``.
        """
        kernel.comment(origin(action.span))
        sent = kernel.parameter(f"self.{self.sent[action.name]}", SENT, self.sent[action.name].strip("_"))
        kernel.line(f"for i in range({sent}.shape[2]):")
        kernel.line(f"for k in range({sent}.shape[1] - 1, 0, -1):", 2)
        kernel.line(f"{sent}[env, k, i] = {sent}[env, k - 1, i]", 3)
        kernel.line(f"{sent}[env, 0, i] = {new}[env, {f'{start} + ' if start else ''}i]", 2)
        if action is self.late[-1]:
            kernel.line(f"{kernel.parameter(_SUBSTEP, 'wp.array(dtype=int)', 'substep')}[env] = 0")

    def arrived(self, kernel: Kernel, action: Action) -> str:
        """What arrives in a physics step, as text of an array without its last subscript: ``sent[env, age, ``."""
        kernel.comment(origin(action.span))
        substep = kernel.parameter(_SUBSTEP, "wp.array(dtype=int)", "substep")
        host = f"self.{self.steps[action.name]}"
        wish = self.steps[action.name].strip("_")
        delay = kernel.parameter(host, "wp.array(dtype=int)" if action in self.drawn else "int", wish)
        steps = f"{delay}[env]" if action in self.drawn else delay
        decimation = kernel.parameter("self.cfg.decimation", "int", "decimation")
        age = kernel.names.unique(f"{safe_identifier(action.name)}_age")
        late = f"wp.max({steps} - {substep}[env], 0)"
        kernel.statement(f"{age} = ", f"({late} + {decimation} - 1) // {decimation}")
        sent = kernel.parameter(f"self.{self.sent[action.name]}", SENT, self.sent[action.name].strip("_"))
        return f"{sent}[env, {age}, "

    def end(self, kernel: Kernel) -> None:
        """What the end of the kernel before a physics step counts."""
        if self.late:
            substep = kernel.parameter(_SUBSTEP, "wp.array(dtype=int)", "substep")
            kernel.line(f"{substep}[env] = {substep}[env] + 1")

    def reset(self, kernel: Kernel) -> None:
        """What was on its way is dropped; a new episode has another delay."""
        for action in self.late:
            sent = kernel.parameter(f"self.{self.sent[action.name]}", SENT, self.sent[action.name].strip("_"))
            kernel.comment(f"what was on its way of ``{action.name}`` is dropped")
            kernel.line(f"for k in range({sent}.shape[1]):")
            kernel.line(f"for i in range({sent}.shape[2]):", 2)
            kernel.line(f"{sent}[env, k, i] = 0.0", 3)

    def draw(self, kernel: Kernel) -> None:
        """The delays of a new episode; the kernel has a variable ``rng``."""
        for action in self.drawn:
            wish = self.steps[action.name].strip("_")
            delay = kernel.parameter(f"self.{self.steps[action.name]}", "wp.array(dtype=int)", wish)
            setting = self.leaves.setting(kernel, action.delay)
            step = kernel.parameter("self.physics_dt", "float", "physics_dt")
            low, high = (f"int(wp.round({setting}[{end}] / {step}))" for end in (0, 1))
            kernel.statement(f"{delay}[env] = ", f"wp.randi(rng, {low}, {high} + 1)")
