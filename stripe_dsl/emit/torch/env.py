"""The environment class: what its methods hold, as data for ``env.py.jinja``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from stripe_dsl.emit.identifiers import literal, safe_identifier
from stripe_dsl.emit.layout import WIDTH, layout
from stripe_dsl.emit.naming import Names, owners, tunable_path
from stripe_dsl.emit.outlines import OutlineText
from stripe_dsl.emit.scenes import ground_import
from stripe_dsl.emit.substitution import Substitution, now
from stripe_dsl.emit.torch.actions import ActionWriter
from stripe_dsl.emit.torch.context import ATTRIBUTES_OF_THE_BASE_CLASS, LOCALS, OWN_ATTRIBUTES, EnvContext, local_name
from stripe_dsl.emit.torch.curriculum import Following
from stripe_dsl.emit.torch.deformables import CableReset, SoftReset
from stripe_dsl.emit.torch.expressions import Block, TorchWriter
from stripe_dsl.emit.torch.helpers import DAMPED_SOLUTION
from stripe_dsl.emit.torch.leaves import Attribute, Leaves, tunable_text
from stripe_dsl.emit.torch.lines import Lines
from stripe_dsl.emit.torch.memory import States
from stripe_dsl.emit.torch.observations import Observing, entry_locals
from stripe_dsl.emit.torch.operators import SAMPLERS
from stripe_dsl.emit.torch.randomize import Randomization, friction_helpers
from stripe_dsl.emit.torch.reach import goal_name
from stripe_dsl.emit.torch.resets import RESET_LOCALS, RobotReset, begin_name
from stripe_dsl.emit.torch.sharing import Sharing
from stripe_dsl.emit.values import Precedence, Spread
from stripe_dsl.ir.graph import Node, walk
from stripe_dsl.ir.program import Program
from stripe_dsl.ir.resets import begins_read, lines_of, reset_order

_WORTH_COMPILING = 6
"""Operators from which on a compiled method is faster: it checks its inputs at each call."""


def env_context(program: Program, outlined: Sequence[OutlineText] = ()) -> EnvContext:
    """The contents of ``env.py``.

    Args:
        outlined: what has to be kept out of the ground.
    """
    return _EnvWriter(program, outlined).write()


class _EnvWriter:
    def __init__(self, program: Program, outlined: Sequence[OutlineText]) -> None:
        self.program = program
        sensors = [sensor.name for sensor in program.sensors]
        self.names = Names([*ATTRIBUTES_OF_THE_BASE_CLASS, *OWN_ATTRIBUTES, "METRICS", "robot", *sensors])
        self.leaves = Leaves(program, self.names)
        lets = {key: local_name(name) for key, name in program.names.items()}
        terms = [*program.terminations, *program.groups, *program.actions]
        reserved = [
            *LOCALS,
            *RESET_LOCALS,
            *(
                begin_name(name, quantity)
                for name, found in begins_read(lines_of(program)).items()
                for quantity in found
            ),
            *(goal_name(item, part) for item in program.reaches for part, _ in item.goals),
            "robot",
            "policy",
            "failed",
            "size",
            *entry_locals(program).values(),
            *(f"{state.group}_due" for state in program.states if state.group),
            *(f"{local_name(action.name)}_{what}" for action in program.actions for what in ("age", "sent")),
            *(local_name(term.name) for term in terms),
        ]
        self.writer = TorchWriter(lets, reserved, owners=owners(program))
        self.context = EnvContext(program)
        self.context.outlines = {item.key: self.names.unique(f"_{item.key}_outline") for item in outlined}
        self.graph = Substitution(program, self.writer.lets, self.writer.owners)
        self.sharing = Sharing(program, self.names, self.leaves, self.writer, self.graph)
        self.states = States(program, self.leaves, self.writer, self.graph)

    def write(self) -> EnvContext:
        context, program = self.context, self.program
        context.class_name = f"{safe_identifier(program.name)}Env"
        context.robots = [(self.leaves.entities[robot.name], robot.name) for robot in program.robots]
        context.objects = [(self.leaves.entities[item.name], item.name) for item in program.objects]
        context.soft = [(self.leaves.entities[item.name], item.name) for item in (*program.soft, *program.grains)]
        context.cables = [(self.leaves.entities[item.name], item.name) for item in program.cables]
        self.sharing.write()
        ActionWriter(program, self.names, self.leaves, self.writer, self.graph, context).write()
        self.dones()
        self.rewards()
        self.metrics()
        self.levels()
        self.leaves.observing()
        self.observations()
        self.resets()
        self.randomization()
        if program.curriculum or program.level:
            context.curriculum = Following(program, self.names)
        context.sensors = [(self.leaves.sensors[s.name], s.name, s.kind) for s in program.sensors]
        context.constants = [(name, literal(names)) for names, name in self.leaves.constants.items()]
        context.attributes = [*self.leaves.attributes]
        context.attributes += [Attribute(item.name, item.text) for item in self.writer.constants]
        context.needs_columns = any(item.text.startswith("columns(") for item in context.attributes)
        context.constant_lines = self.sharing.constants
        context.value_lines = self.sharing.values
        context.memories = [*self.sharing.memories, *context.memories]
        context.seen = [(self.leaves.previous[key], name) for key, name in self.sharing.seen.items()]
        context.keeps_previous_actions = self.sharing.keeps_previous_actions
        context.state_lines = self.reads(self.leaves.state)
        context.observed_lines = self.reads(self.leaves.observed)
        work = {
            "_compute_dones": _operations(self.sharing.ending),
            "_get_rewards": _operations(self.sharing.rewards) + len(program.rewards),
            # TorchScript is compiled already
            "_compute_groups": 0 if context.encoders else _operations(self.sharing.observed),
        }
        context.compiled = [name for name, count in work.items() if count >= _WORTH_COMPILING]
        wrenches = [action for action in program.actions if action.kind == "wrench"]
        if wrenches:
            # what the function that hands them to Isaac Lab has to do
            world = any(action.world for action in wrenches)
            self.writer.imports |= {"quat_apply"} if world else set()
            context.wrenches = (
                "forces",
                *["torques"] * any(not action.axis for action in wrenches),
                *["world"] * world,
            )
        context.math_imports = _imports("isaaclab.utils.math", sorted(self.writer.imports | self.leaves.imports))
        log_uniform = any(change.distribution == "log_uniform" for change in program.randomize.later)
        context.needs_math = "math" in self.writer.modules or log_uniform
        context.uses_time = self.leaves.uses_time
        commands = walk([item.command for item in (*program.actions, *program.reaches)])
        context.damped = DAMPED_SOLUTION if any(node.op == "damped" for node in commands) else ""
        context.fields = self.leaves.fields
        context.spots = self.leaves.spots
        stepping = walk([*program.ending, *program.observing])
        context.samples = bool(self.leaves.sampled) or any(node.op == "spot" for node in stepping)
        used = {SAMPLERS[kind] for kind in self.leaves.sampled}
        used |= {"depth_in_ground"} if context.outlines else set()
        reset = [str(line) for lines in context.reset_lines.values() for line in lines]
        used |= {"height_at"} if any("height_at(" in line for line in reset) else set()
        used |= {"ground_points", "point_of"} if context.spots else set()
        options = {"fields": bool(context.fields), "outlines": bool(context.outlines)}
        context.ground_imports = ground_import(program, used, **options)
        context.looks = any(".data.output[" in item.text for item in (*self.leaves.state, *self.leaves.observed))
        return context

    def reads(self, items: Sequence[Attribute]) -> Lines:
        """What is read of the simulation, as attributes."""
        lines = Lines()
        lines.attributes(items)
        return lines

    # methods

    def dones(self) -> None:
        lines, program = self.context.done_lines, self.program
        lines += self.sharing.ends
        self.states.update(lines)
        self.alias(lines, "terminate", (term.value for term in program.terminations))
        roots = [self.graph.apply(term.value) for term in program.terminations]
        block = self.block(roots, {"terminate": "cfg"}, "self._previous_actions")
        lines.block(block)
        ends = [local_name(term.name) for term in program.terminations]
        for term, name, result in zip(program.terminations, ends, block.results, strict=True):
            lines.comment(term.span)
            lines.statement(f"{name} = ", result.for_all())
        ends += ["timeout"] * program.timeout
        self.context.ends = ends
        self.context.terminated = _any_column(ends[: program.failures], f":{program.failures}")
        self.context.truncated = _any_column(ends[program.failures :], f"{program.failures}:")

    def rewards(self) -> None:
        lines, program = self.context.reward_lines, self.program
        if not program.rewards:
            lines.statement("rewards = ", "torch.zeros(self.num_envs, 0, device=self.device)")
            return
        timed = any(term.per_second for term in program.rewards)
        lines.statement("cfg, dt = " if timed else "cfg = ", "self.cfg.reward" + ", self.step_dt" * timed)
        values = [self.graph.apply(term.value) for term in program.rewards]
        bare = [value.args[0] if value.op == "float" else value for value in values]
        block = self.block(bare, {"reward": "cfg"}, "self._previous_actions")
        lines.block(block)
        texts: list[str] = []
        for term, result in zip(program.rewards, block.results, strict=True):
            weight = tunable_text(term.weight, {"reward": "cfg"}) + " * dt" * term.per_second
            batched = result.value.spread is Spread.BATCHED
            texts.append(f"{weight} * {result.value.within(Precedence.UNARY) if batched else result.for_all()}")
        # a comment where rewards per second begin, and another where the others do
        begins = {term.per_second: number for number, term in reversed([*enumerate(program.rewards)])}
        spans = {number: program.rewards[number].span for number in begins.values()}
        if len(spans) == 1 or len(texts) == 1:
            lines.comment(program.rewards[0].span)
            spans = {}
        lines.columns("rewards = ", "stack", texts, spans)

    def metrics(self) -> None:
        """What is logged of the commands."""
        lines, program = self.context.metric_lines, self.program
        if program.metrics:
            block = self.block([self.graph.apply(item.value) for item in program.metrics], {}, "self._previous_actions")
            lines.comment(program.metrics[0].span)
            lines.block(block)
            lines.columns("self._metrics = ", "stack", [result.for_all() for result in block.results])

    def levels(self) -> None:
        """Conditions that move an environment up or down when its episode ends."""
        lines, level = self.context.metric_lines, self.program.level
        if level is not None and level.conditions:
            roots = [self.graph.apply(node) for node in level.conditions.values()]
            block = self.block(roots, {}, "self._previous_actions")
            lines.comment(level.span)
            lines.block(block)
            for way, result in zip(level.conditions, block.results, strict=True):
                lines.statement(f"self._level_{way} = ", result.for_all())

    def observations(self) -> None:
        context = self.context
        writer = Observing(self.program, self.names, self.leaves, self.writer, self.graph, self.sharing, self.states)
        lines = writer.write()
        reads_cfg = writer.reads_cfg or any(re.search(r"(?<![\w.])cfg\.", line) for line in lines)
        self.alias(context.observe_lines, "observe", (), force=reads_cfg)
        context.observe_lines += lines
        context.memories += writer.buffers
        context.histories = [*writer.histories.values()]
        context.encoders = writer.encoders
        context.bias_lines = writer.draws()

    def resets(self) -> None:
        self.states.begin(self.context.reset_start)
        # whole vectors are constants of the environment, and not read where it resets
        roots = [*(reset.value for reset in lines_of(self.program)), *(item.command for item in self.program.reaches)]
        drawn = [node for node in walk(roots) if node.op == "tunable"]
        reads = any(node.type.is_scalar and tunable_path(node.attr)[0].startswith("reset.") for node in drawn)
        self.alias(self.context.reset_start, "reset", (), force=reads)
        items = {item.name: item for item in (*self.program.robots, *self.program.objects)}
        for robot in map(items.__getitem__, reset_order([*items], lines_of(self.program))[0]):
            outline = self.context.outlines.get(self.leaves.entities[robot.name], "")
            writer = RobotReset(self.program, robot, self.leaves, self.writer, outline)
            self.context.reset_lines[robot.name] = writer.write()
        for item in (*self.program.soft, *self.program.grains):
            self.context.reset_lines[item.name] = SoftReset(self.program, item, self.leaves, self.writer).write()
        for item in self.program.cables:
            self.context.reset_lines[item.name] = CableReset(self.program, item, self.leaves, self.writer).write()

    def randomization(self) -> None:
        context, drawn = self.context, Randomization(self.program, self.leaves, self.names)
        context.draw_reset_lines, context.draw_time_lines = drawn.reset(), drawn.intervals()
        context.timer_lines, context.calm_lines = drawn.timers(), drawn.calm()
        context.drawn_attributes, context.textures = drawn.attributes, drawn.textures
        drawn_ever = (*self.program.randomize.startup, *self.program.randomize.later)
        context.own_gravity = any(change.quantity == "env.gravity" for change in drawn_ever)
        context.pushed = any(change.quantity == "body.force" for change in self.program.randomize.later)
        context.friction = friction_helpers(self.program, self.program.randomize.later)
        context.needs_newton = any(change.quantity == "env.gravity" for change in self.program.randomize.later)

    # lines

    def block(self, roots: Sequence[Node], cfg: Mapping[str, str], previous_actions: str) -> Block:
        return self.writer.block(roots, self.leaves.step(cfg, previous_actions=previous_actions))

    def alias(self, lines: Lines, group: str, roots: Iterable[Node], *, force: bool = False) -> None:
        """``cfg = self.cfg.reward`` where the method reads that group."""
        nodes = walk(roots)
        if force or any(node.op == "tunable" and tunable_path(node.attr)[0].startswith(f"{group}.") for node in nodes):
            lines.statement("cfg = ", f"self.cfg.{group}")


def _operations(roots: Sequence[Node]) -> int:
    """How many operators a method computes, without those that only pick from what is there."""
    return sum(node.op not in ("read", "const", "tunable", "prev", "part", "pick") for node in now(roots))


def _imports(module: str, names: Sequence[str]) -> str:
    """The import of some names, over several lines where one is too short; nothing without names."""
    short = f"from {module} import {', '.join(names)}"
    if len(short) <= WIDTH:
        return short if names else ""
    return layout(f"from {module} import ", f"({', '.join(names)},)")


def _any_column(names: Sequence[str], columns: str) -> str:
    """Whether one of some terminations holds: the only one itself, several by their columns of all of them."""
    if not names:
        return "torch.zeros_like(self.reset_terminated)"
    return names[0] if len(names) == 1 else f"self._terminations[:, {columns}].any(dim=-1)"


__all__ = ["EnvContext", "env_context", "local_name"]
