"""The environment class: what its methods hold, as data for ``env.py.jinja``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from stripe_dsl.emit.cfg import origin
from stripe_dsl.emit.identifiers import literal, safe_identifier
from stripe_dsl.emit.layout import layout, layout_item
from stripe_dsl.emit.naming import Names, describe, tunable_path
from stripe_dsl.emit.substitution import (
    Substitution,
    is_previous_action,
    memory_operands,
    now,
    shareable,
    views_simulation,
)
from stripe_dsl.emit.torch.context import ATTRIBUTES_OF_THE_BASE_CLASS, BODY, EnvContext
from stripe_dsl.emit.torch.expressions import Block, Expression, TorchWriter
from stripe_dsl.emit.torch.leaves import Attribute, Leaves, tunable_text
from stripe_dsl.emit.values import Precedence, Spread, Value, suffixed
from stripe_dsl.ir.graph import Node, walk
from stripe_dsl.ir.program import Action, Group, Observation, Program, Reset
from stripe_dsl.source import Span


def env_context(program: Program) -> EnvContext:
    """The contents of ``env.py``."""
    return _EnvWriter(program).write()


class _EnvWriter:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.names = Names([*ATTRIBUTES_OF_THE_BASE_CLASS, "robot", *(sensor.name for sensor in program.sensors)])
        self.leaves = Leaves(program, self.names)
        lets = {let.value.id: local_name(let.name) for let in program.lets}
        reserved = ["cfg", "data", "robot", "policy", "rewards", "failed", "fresh", "env_ids", "size", "self", "torch"]
        self.noisy = {
            (group.name, item.name): self.names.unique(f"{local_name(group.name)}_{item.name}")
            for group in program.groups
            for item in group.items
            if item.noise is not None
        }
        terms = [*program.terminations, *program.groups, *program.actions]
        reserved += [*self.noisy.values(), *(local_name(term.name) for term in terms)]
        self.writer = TorchWriter(lets, reserved)
        self.context = EnvContext(program)
        self.graph = Substitution(program)
        self.seen: dict[int, str] = {}
        """Attributes that hold what the last observation saw of operands of ``prev``, by id."""

    def write(self) -> EnvContext:
        context, program = self.context, self.program
        context.class_name = f"{safe_identifier(program.name)}Env"
        context.robots = [(attribute, robot) for robot, attribute in self.leaves.robots.items()]
        self.share()
        self.remember()
        self.actions()
        self.dones()
        self.rewards()
        self.observations()
        self.resets()
        context.sensors = [(self.leaves.sensors[s.name], s.name, s.kind) for s in program.sensors]
        context.constants = [(name, literal(names)) for names, name in self.leaves.constants.items()]
        context.attributes = [*self.leaves.attributes]
        context.attributes += [Attribute(item.name, item.text) for item in self.writer.constants]
        context.needs_columns = any(item.text.startswith("columns(") for item in context.attributes)
        context.math_imports = sorted(self.writer.imports)
        context.needs_math = "math" in self.writer.modules
        context.uses_time = self.leaves.uses_time
        return context

    # values that several methods share

    def share(self) -> None:
        """Named values that more than one method needs become attributes, computed by ``_compute_values``."""
        program = self.program
        lets = {let.value.id: let for let in program.lets if let.value.args and shareable(let.value)}
        memory = memory_operands(program)
        methods: list[Sequence[Node]] = [
            [*(term.value for term in program.terminations), *(term.value for term in program.rewards)],
            [*(item.value for group in program.groups for item in group.items), *memory],
        ]
        seen: dict[int, int] = {}
        for roots in methods:
            for node in now(roots):
                if node.id in lets:
                    seen[node.id] = seen.get(node.id, 0) + 1
        done = now([term.value for term in program.terminations])
        rewards = now([term.value for term in program.rewards])
        both = {node.id for node in done} & {node.id for node in rewards}
        shared = [let for key, let in lets.items() if seen.get(key, 0) > 1 or key in both]
        shared.sort(key=lambda let: let.value.id)
        for let in shared:
            attribute = self.names.unique(f"_{let.name}")
            root = self.graph.apply(let.value)
            block = self.block([root], {}, "self.actions")
            self.line_comment(self.context.value_lines, let.span)
            text = block.results[0].for_all()
            before = list(block.assignments)
            if before and before[-1].target == text:
                text, before = before[-1].text, before[:-1]
            for assignment in before:
                self.statement(self.context.value_lines, f"{assignment.target} = ", assignment.text)
            self.statement(self.context.value_lines, f"self.{attribute} = ", text)
            leaf = self.graph.replace(let.value, f"value.{let.name}")
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
            self.context.memories.append(Attribute(attribute, text, comment))
            self.seen[operand.id] = self.names.unique(f"_seen_{wish}")
            self.context.seen.append((attribute, self.seen[operand.id]))
        self.context.keeps_previous_actions = any(
            is_previous_action(node) for node in walk(term.value for term in self.program.rewards)
        ) or any(is_previous_action(node) for node in walk(term.value for term in self.program.terminations))

    # methods

    def actions(self) -> None:
        lines = self.context.action_lines
        self.context.aliases_action = self.aliases_action
        start = 0
        for action in self.program.actions:
            self.line_comment(lines, action.span)
            columns = _columns(start, len(action.joints), self.program)
            start += len(action.joints)
            robot = self.leaves.robots[action.robot]
            target = local_name(action.name)
            self.statement(lines, f"{target} = ", self.command(action, columns))
            ids = self.leaves.command_ids(action)
            setter = f"self.{robot}.actuators.target_command.set_{action.kind}_index"
            self.statement(lines, "", f"{setter}(value={target}, joint_ids={ids})")

    def command(self, action: Action, columns: str) -> str:
        """``offset + scale * clip(action)``."""
        cfg = {"action": "cfg"} if self.aliases_action else {}
        text = columns
        if action.clip is not None:
            text = f"{columns}.clamp(*{tunable_text(action.clip, cfg)})"
        roots = [action.scale] + ([action.offset] if action.offset is not None else [])
        block = self.writer.block(roots, self.leaves.step(cfg, previous_actions="self._previous_actions"))
        self.emit_block(self.context.action_lines, block)
        scale, *offset = [_column(result) for result in block.results]
        if not (action.scale.op == "const" and action.scale.attr == 1.0):
            text = f"{scale.within(Precedence.PRODUCT)} * {text}"
        if offset:
            text = f"{offset[0].within(Precedence.SUM)} + {text}"
        return text

    @property
    def aliases_action(self) -> bool:
        return sum(item.group == "action" for item in self.program.tunables) > 1

    def dones(self) -> None:
        lines, program = self.context.done_lines, self.program
        self.alias(lines, "terminate", (term.value for term in program.terminations))
        roots = [self.graph.apply(term.value) for term in program.terminations]
        block = self.block(roots, {"terminate": "cfg"}, "self._previous_actions")
        self.emit_block(lines, block)
        self.context.terms = [local_name(term.name) for term in program.terminations]
        for term, name, result in zip(program.terminations, self.context.terms, block.results, strict=True):
            self.line_comment(lines, term.span)
            self.statement(lines, f"{name} = ", result.for_all())

    def rewards(self) -> None:
        lines, program = self.context.reward_lines, self.program
        self.alias(lines, "reward", (term.value for term in program.rewards), force=bool(program.rewards))
        values = [self.graph.apply(term.value) for term in program.rewards]
        bare = [value.args[0] if value.op == "float" else value for value in values]
        block = self.block(bare, {"reward": "cfg"}, "self._previous_actions")
        self.emit_block(lines, block)
        texts: list[str] = []
        for term, result in zip(program.rewards, block.results, strict=True):
            weight = tunable_text(term.weight, {"reward": "cfg"})
            if result.value.spread is Spread.BATCHED:
                texts.append(f"{weight} * {result.value.within(Precedence.UNARY)}")
            else:
                inner = result.for_all()
                texts.append(f"{weight} * {inner}")
        first = [text for text, term in zip(texts, program.rewards, strict=True) if term.per_second]
        second = [text for text, term in zip(texts, program.rewards, strict=True) if not term.per_second]
        if not texts:
            self.statement(lines, "rewards = ", "torch.zeros(self.num_envs, 0, device=self.device)")
            return
        if first and second:
            self.stack(lines, "per_second = ", first, program.rewards[0].span)
            self.stack(lines, "once = ", second, program.rewards[len(first)].span)
            lines.append(" " * BODY + "rewards = torch.cat((per_second * self.step_dt, once), dim=-1)")
        elif first:
            self.stack(lines, "rewards = self.step_dt * ", first, program.rewards[0].span)
        else:
            self.stack(lines, "rewards = ", second, program.rewards[0].span)

    def stack(self, lines: list[str], prefix: str, texts: Sequence[str], span: Span | None) -> None:
        """``torch.stack((…), dim=-1)`` with one term a line."""
        self.line_comment(lines, span)
        self.columns(lines, prefix, "stack", texts)

    def columns(self, lines: list[str], prefix: str, function: str, texts: Sequence[str]) -> None:
        """``torch.stack`` or ``torch.cat`` along the last dimension, one column a line where they are several."""
        if len(texts) == 1:
            self.statement(lines, prefix, f"torch.{function}(({texts[0]},), dim=-1)")
            return
        pad = " " * BODY
        lines += [f"{pad}{prefix}torch.{function}(", f"{pad}    ("]
        lines += [layout_item(text, BODY + 8) for text in texts]
        lines += [f"{pad}    ),", f"{pad}    dim=-1,", f"{pad})"]

    def observations(self) -> None:
        lines, program = self.context.observe_lines, self.program
        items = [item for group in program.groups for item in group.items]
        roots = [self.graph.apply(item.value) for item in items]
        memory = memory_operands(program)
        self.alias(lines, "observe", (), force=any(i.noise or i.clip or i.scale for i in items))
        kept = {node.args[0].id for node in now([*roots, *memory]) if node.op == "prev"} & {node.id for node in memory}
        operands = [self.graph.apply(node) for node in memory]
        if kept:
            self.refresh(lines, memory, operands, kept)
        block = self.block([*roots, *operands], {"observe": "cfg"}, "self.actions")
        self.emit_block(lines, block)
        done = iter(block.results)
        for group in program.groups:
            self.group(lines, group, [next(done) for _ in group.items])
        for node, operand, result in zip(memory, operands, done, strict=True):
            # a view of the simulator's own buffer would change under the memory
            copy = ".clone()" if views_simulation(operand) else ""
            self.statement(lines, f"self.{self.seen[node.id]} = ", f"{result.for_all()}{copy}")

    def refresh(self, lines: list[str], memory: Sequence[Node], operands: Sequence[Node], kept: set[int]) -> None:
        """What an observation remembers of an episode that has just begun is the present."""
        lines.append(" " * BODY + "# an episode that has just begun has no past")
        lines.append(" " * BODY + "fresh = self.episode_length_buf == 0")
        for node, operand in zip(memory, operands, strict=True):
            if node.id in kept:
                block = self.block([operand], {"observe": "cfg"}, "self.actions")
                self.emit_block(lines, block)
                attribute = self.leaves.previous[node.id]
                mask = "fresh" + "".join("[:, None]" if i == 0 else "[..., None]" for i in range(len(node.type.shape)))
                text = f"torch.where({mask}, {block.results[0].for_all()}, self.{attribute})"
                self.statement(lines, f"self.{attribute} = ", text)

    def group(self, lines: list[str], group: Group, results: Sequence[Expression]) -> None:
        """Concatenates the entries of one group."""
        self.line_comment(lines, group.span)
        pairs = list(zip(group.items, results, strict=True))
        columns = [self.entry(lines, group, item, result) for item, result in pairs]
        flat = all(not item.value.type.shape for item in group.items)
        name = local_name(group.name)
        if len(columns) == 1 and not flat:
            self.statement(lines, f"{name} = ", self.flat(group.items[0], columns[0]))
            return
        texts = [
            value.text if flat else self.flat(item, value) for item, value in zip(group.items, columns, strict=True)
        ]
        self.columns(lines, f"{name} = ", "stack" if flat else "cat", texts)

    def flat(self, item: Observation, value: Value) -> str:
        """An entry with one row of columns for each environment."""
        dims = len(item.value.type.shape)
        if dims == 1:
            return value.text
        return f"{value.atom}.unsqueeze(-1)" if dims == 0 else f"{value.atom}.flatten(1)"

    def entry(self, lines: list[str], group: Group, item: Observation, result: Expression) -> Value:
        """One entry, with noise, clip and scale."""
        cfg = {"observe": "cfg"}
        value = result.value if result.value.spread is Spread.BATCHED else Value(result.for_all())
        if item.noise is not None:
            name = self.noisy[group.name, item.name]
            self.statement(lines, f"{name} = ", value.text)
            amount = tunable_text(item.noise.tunable, cfg)
            if item.noise.kind == "uniform":
                self.writer.imports.add("sample_uniform")
                noise = f"sample_uniform(*{amount}, {name}.shape, self.device)"
            else:
                noise = f"{amount} * torch.randn_like({name})"
            value = Value(f"{name} + {noise}", Precedence.SUM)
        if item.clip is not None:
            value = Value(f"{value.atom}.clamp(*{tunable_text(item.clip, cfg)})")
        if item.scale is not None:
            factor = tunable_text(item.scale, cfg)
            value = Value(f"{factor} * {value.within(Precedence.UNARY)}", Precedence.PRODUCT)
        return value

    def resets(self) -> None:
        needs = self.context.reset_needs
        self.context.reset_lines = {robot.name: [] for robot in self.program.robots}
        for reset in self.program.resets:
            lines = self.context.reset_lines[reset.robot]
            needs.add("cfg" if _has_tunable(reset.value) else "")
            needs |= {node.read.quantity for node in walk([reset.value]) if node.read is not None}
            needs.add(reset.quantity)
            self.line_comment(lines, reset.span)
            block = self.writer.block([reset.value], self.leaves.reset({"reset": "cfg"}), "len(env_ids)")
            self.emit_block(lines, block)
            value = block.results[0].value
            self.assign(lines, reset, replace(value, text=_starred(value.text)))
        needs.discard("")

    def assign(self, lines: list[str], reset: Reset, value: Value) -> None:
        """Writes a drawn value into the state that is sent to the simulator."""
        columns = {"x": "0", "y": "1", "z": "2", "xy": "0:2", "yz": "1:3", "xz": "0:3:2", "": ":3"}
        text = value.text
        single = not reset.value.type.shape and len(reset.joints) == 1
        wide = len(reset.parts) != 1 and reset.quantity != "root.yaw" and not single
        if wide and not reset.value.type.shape and value.spread is not Spread.HOST:
            text = f"{value.atom}[:, None]"
        match reset.quantity:
            case "joint.pos" | "joint.vel":
                ids = self.leaves.index(reset.robot, "joint", reset.joints, single=single)
                name = "joint_pos" if reset.quantity == "joint.pos" else "joint_vel"
                self.statement(lines, f"{name}[:, {ids}] = ", text)
            case "root.pos":
                self.statement(lines, f"root_pose[:, {columns[reset.parts]}] = ", text)
            case "root.lin_vel":
                self.statement(lines, f"root_vel[:, {columns[reset.parts]}] = ", text)
            case "root.ang_vel":
                shifted = {"x": "3", "y": "4", "z": "5", "xy": "3:5", "yz": "4:6", "xz": "3::2", "": "3:"}
                self.statement(lines, f"root_vel[:, {shifted[reset.parts]}] = ", text)
            case "root.yaw":
                self.writer.imports |= {"quat_from_euler_xyz", "quat_mul", "euler_xyz_from_quat"}
                self.statement(lines, "turn = ", f"{value.within(Precedence.SUM)} - default_yaw")
                zero = "torch.zeros_like(turn)"
                turned = f"quat_mul(quat_from_euler_xyz({zero}, {zero}, turn), default_root_pose[:, 3:])"
                self.statement(lines, "root_pose[:, 3:] = ", turned)

    # lines

    def block(self, roots: Sequence[Node], cfg: Mapping[str, str], previous_actions: str) -> Block:
        return self.writer.block(roots, self.leaves.step(cfg, previous_actions=previous_actions))

    def emit_block(self, lines: list[str], block: Block) -> None:
        for assignment in block.assignments:
            self.statement(lines, f"{assignment.target} = ", assignment.text)

    def statement(self, lines: list[str], prefix: str, text: str) -> None:
        lines.append(layout(prefix, text, BODY))

    def alias(self, lines: list[str], group: str, roots: object, *, force: bool = False) -> None:
        """``cfg = self.cfg.reward`` where the method reads that group."""
        nodes = walk(roots)  # type: ignore[arg-type]
        if force or any(node.op == "tunable" and tunable_path(node.attr)[0].startswith(f"{group}.") for node in nodes):
            lines.append(f"{' ' * BODY}cfg = self.cfg.{group}")

    def line_comment(self, lines: list[str], span: Span | None) -> None:
        """``# cartpole.stripe:28``, once where several lines come from one."""
        if span is None:
            return
        text = f"{' ' * BODY}# {origin(span)}"
        if text not in lines[-2:]:
            lines.append(text)


def _has_tunable(node: Node) -> bool:
    return any(item.op == "tunable" for item in walk([node]))


def _columns(start: int, width: int, program: Program) -> str:
    total = sum(len(action.joints) for action in program.actions)
    return "self.actions" if width == total else f"self.actions[:, {start}:{start + width}]"


def _starred(text: str) -> str:
    """``sample_uniform(cfg.x[0], cfg.x[1], …`` as ``sample_uniform(*cfg.x, …``."""
    return re.sub(r"sample_uniform\(([\w.]+)\[0\], \1\[1\], ", r"sample_uniform(*\1, ", text)


def _column(result: Expression) -> Value:
    """One number for each environment as a column beside those of joints; others as they are."""
    value = result.value
    return value if result.shape or value.host else suffixed(value, "[:, None]")


def _quoted(node: Node) -> str:
    return " ".join(node.span.text.split()) if node.span is not None else "x"


def local_name(name: str) -> str:
    """A name of the file as a local variable."""
    reserved = ("cfg", "data", "env_ids", "fresh", "rewards", "torch", "self", "once", "per_second", "log", "turn")
    return safe_identifier(f"{name}_" if name in reserved else name)


__all__ = ["EnvContext", "env_context", "local_name"]
