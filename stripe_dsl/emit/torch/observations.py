"""Observations in torch: entries with noise, bias, clip, scale and history, and the groups that they make."""

from __future__ import annotations

import re
from collections.abc import Sequence

from stripe_dsl.emit.encoders import by_place, encodings
from stripe_dsl.emit.naming import Names
from stripe_dsl.emit.substitution import Substitution, is_kept, memory_operands, now, views_simulation
from stripe_dsl.emit.torch.context import LOCALS, local_name
from stripe_dsl.emit.torch.expressions import Block, Expression, TorchWriter
from stripe_dsl.emit.torch.leaves import Attribute, Leaves, tunable_text
from stripe_dsl.emit.torch.lines import Lines
from stripe_dsl.emit.torch.memory import States
from stripe_dsl.emit.torch.sharing import Sharing
from stripe_dsl.emit.values import Precedence, Spread, Value
from stripe_dsl.ir.graph import Node
from stripe_dsl.ir.observations import Group, Noise, Observation
from stripe_dsl.ir.program import Program

CFG = {"observe": "cfg"}


class Observing:
    """Writes ``_compute_groups``, and what it needs elsewhere in the class.

    Attributes:
        buffers: attributes of ``__init__``: histories, and the bias of each episode.
        histories: attribute of the history of an entry, by group and entry.
        encoders: attribute and factory of each network that makes numbers of pictures.
    """

    def __init__(
        self,
        program: Program,
        names: Names,
        leaves: Leaves,
        writer: TorchWriter,
        graph: Substitution,
        sharing: Sharing,
        states: States,
    ) -> None:
        self.program = program
        self.leaves = leaves
        self.writer = writer
        self.graph = graph
        self.sharing = sharing
        self.states = states
        self.items = [(group, item) for group in program.groups for item in group.items]
        self.locals = entry_locals(program)
        self.buffers: list[Attribute] = []
        self.histories: dict[tuple[str, str], str] = {}
        self.biases: dict[tuple[str, str], str] = {}
        found = encodings(program)
        self.encodings = by_place(found)
        self.networks = {each.name: names.unique(f"_{each.name}_encoder") for each in found}
        self.encoded: dict[str, Value] = {}
        for group, item in self.items:
            label = f"{group.name}_{item.name}"
            if item.history > 1:
                name = self.histories[group.name, item.name] = names.unique(f"_history_{label}")
                size = f"self.num_envs, {item.history}, {item.value.type.width}"
                comment = f"``{item.name}`` of ``{group.name}`` in the last {item.history} steps, the oldest first"
                self.buffers.append(Attribute(name, f"torch.zeros({size}, device=self.device)", comment))
            if item.bias is not None:
                name = self.biases[group.name, item.name] = names.unique(f"_bias_{label}")
                size = ", ".join(["self.num_envs", *map(str, item.value.type.shape)])
                comment = f"bias of ``{item.name}`` of ``{group.name}`` in the running episode"
                self.buffers.append(Attribute(name, f"torch.zeros({size}, device=self.device)", comment))

    @property
    def encoders(self) -> list[tuple[str, str]]:
        """Attribute and factory of each network that makes numbers of pictures."""
        return [(attribute, f"{name}_encoder") for name, attribute in self.networks.items()]

    @property
    def reads_cfg(self) -> bool:
        """Whether entries read fields of the cfg."""
        return any(item.noise or item.clip or item.scale for _, item in self.items)

    def write(self) -> Lines:
        """The statements behind ``cfg = …``."""
        lines = Lines()
        roots = [self.graph.apply(item.value) for _, item in self.items]
        memory = memory_operands(self.program)
        kept = {node.args[0].id for node in now([*roots, *memory]) if node.op == "prev"} & {node.id for node in memory}
        operands = [self.graph.apply(node) for node in memory]
        if kept or self.histories or self.states.wants_fresh:
            lines.remark("an episode that has just begun has no past")
            lines.statement("fresh = ", "self.episode_length_buf == 0")
        self.states.renew(lines)
        self.refresh(lines, memory, operands, kept)
        block = self.block([*roots, *operands])
        lines.block(block)
        done = iter(block.results)
        for group in self.program.groups:
            self.group(lines, group, [next(done) for _ in group.items])
        for node, operand, result in zip(memory, operands, done, strict=True):
            # a view of the simulator's own buffer would change under the memory
            copy = ".clone()" if views_simulation(operand) else ""
            lines.statement(f"self.{self.sharing.seen[node.id]} = ", f"{result.for_all()}{copy}")
        return lines

    def draws(self) -> Lines:
        """The statements of a reset that draw the bias of the episodes that begin."""
        lines = Lines()
        for group, item in self.items:
            if item.bias is not None:
                lines.comment(item.span)
                amount = tunable_text(item.bias.tunable, {})
                shape = item.value.type.shape
                size = f"({', '.join(['len(env_ids)', *map(str, shape)])})" if shape else "len(env_ids)"
                lines.statement(f"self.{self.biases[group.name, item.name]}[rows] = ", _draw(item.bias, amount, size))
        return lines

    def refresh(self, lines: Lines, memory: Sequence[Node], operands: Sequence[Node], kept: set[int]) -> None:
        """What an observation remembers of an episode that has just begun is the present."""
        for node, operand in zip(memory, operands, strict=True):
            if node.id in kept:
                block = self.block([operand])
                lines.block(block)
                attribute = self.leaves.previous[node.id]
                mask = "fresh" + "".join("[:, None]" if i == 0 else "[..., None]" for i in range(len(node.type.shape)))
                text = f"torch.where({mask}, {block.results[0].for_all()}, self.{attribute})"
                lines.statement(f"self.{attribute} = ", text)

    def block(self, roots: Sequence[Node]) -> Block:
        return self.writer.block(roots, self.leaves.step(CFG, previous_actions="self.actions"))

    def group(self, lines: Lines, group: Group, results: Sequence[Expression]) -> None:
        """Concatenates the entries of one group."""
        lines.comment(group.span)
        pairs = list(zip(group.items, results, strict=True))
        if group.picture is not None:
            self.picture(lines, group, [self.entry(lines, group, item, result) for item, result in pairs])
            return
        columns = [self.entry(lines, group, item, result) for item, result in pairs]
        flat = all(not item.value.type.shape and item.history == 1 for item in group.items)
        name = local_name(group.name)
        if len(columns) == 1 and not flat:
            item = group.items[0]
            # nothing was computed: what the simulator keeps would change under the observation
            treated = item.noise or item.bias or item.clip or item.scale or item.history > 1 or item.encoder
            bare = is_kept(item.value) and not treated
            lines.statement(f"{name} = ", self.flat(item, columns[0]) + (".clone()" if bare else ""))
            return
        texts = [
            value.text if flat else self.flat(item, value) for item, value in zip(group.items, columns, strict=True)
        ]
        lines.columns(f"{name} = ", "stack" if flat else "cat", texts)

    def picture(self, lines: Lines, group: Group, values: Sequence[Value]) -> None:
        """Makes a picture with channels first of values by pixel."""
        parts: list[str] = []
        for item, value in zip(group.items, values, strict=True):
            single = "" if len(group.items) == 1 or item.value.type.components > 1 else ".unsqueeze(1)"
            parts.append(f"{_channels(item, value)}{single}")
        (first, *others) = group.items
        shape = ", ".join(map(str, group.shape))
        joined = f"torch.cat(({', '.join(parts)}), dim=1)" if others else parts[0]
        treated = first.noise or first.clip or first.scale
        bare = not others and is_kept(first.value) and not treated and first.value.type.components == 1
        text = f"{joined}.reshape(-1, {shape})" + (".clone()" if bare else "")
        lines.statement(f"{local_name(group.name)} = ", text)

    def flat(self, item: Observation, value: Value) -> str:
        """An entry with one row of columns for each environment."""
        if item.encoder is not None:
            return value.text
        if item.history > 1:
            return f"{value.atom}.flatten(1)"
        return _rows(value, len(item.value.type.shape))

    def entry(self, lines: Lines, group: Group, item: Observation, result: Expression) -> Value:
        """One entry, with noise, bias, clip, scale and history, or what a network makes of it."""
        encoding = self.encodings.get((group.name, item.name))
        if encoding is not None and encoding.name in self.encoded:
            return self.encoded[encoding.name]
        value = result.value if result.value.spread is Spread.BATCHED else Value(result.for_all())
        if item.noise is not None:
            name = value.text
            if not result.value.cheap:
                name = self.locals[group.name, item.name]
                lines.statement(f"{name} = ", value.text)
            noise = _draw(item.noise, tunable_text(item.noise.tunable, CFG), name, like=True)
            value = Value(f"{name} + {noise}", Precedence.SUM)
        if item.bias is not None:
            bias = f"self.{self.biases[group.name, item.name]}"
            value = Value(f"{value.within(Precedence.SUM)} + {bias}", Precedence.SUM)
        if item.clip is not None:
            value = Value(f"{value.atom}.clamp(*{tunable_text(item.clip, CFG)})")
        if item.scale is not None:
            factor = tunable_text(item.scale, CFG)
            value = Value(f"{factor} * {value.within(Precedence.UNARY)}", Precedence.PRODUCT)
        if item.history > 1:
            history = f"self.{self.histories[group.name, item.name]}"
            rows = _rows(value, len(item.value.type.shape))
            lines.statement(f"{history} = ", f"with_newest({history}, {rows}, fresh)")
            value = Value(history)
        if encoding is not None:
            name = self.locals[encoding.name, "numbers"]
            shape = ", ".join(map(str, encoding.encoder.picture))
            picture = f"{_channels(item, value)}.reshape(-1, {shape})"
            lines.statement(f"{name} = ", f"self.{self.networks[encoding.name]}({picture})")
            value = self.encoded[encoding.name] = Value(name)
        return value


def entry_locals(program: Program) -> dict[tuple[str, str], str]:
    """Local variables for entries that noise is added to, by group and entry, and for what networks make of them."""
    terms = [*program.terminations, *program.groups, *program.actions]
    names = Names([*LOCALS, *(local_name(term.name) for term in terms)])
    noisy = {
        (group.name, item.name): names.unique(f"{local_name(group.name)}_{item.name}")
        for group in program.groups
        for item in group.items
        if item.noise is not None
    }
    return noisy | {(each.name, "numbers"): names.unique(f"{each.name}_numbers") for each in encodings(program)}


def _channels(item: Observation, value: Value) -> str:
    """The values of a picture, one channel after another."""
    return f"{value.atom}.mT" if item.value.type.components > 1 else value.atom


def _draw(noise: Noise, amount: str, shape: str, *, like: bool = False) -> str:
    """Random numbers: of a shape, or of the shape of the tensor of that name."""
    if like:
        new, normal = f"torch.empty_like({shape})", f"torch.randn_like({shape})"
    else:
        new, normal = f"torch.empty({shape}, device=self.device)", f"torch.randn({shape}, device=self.device)"
    return f"{new}.uniform_(*{amount})" if noise.kind == "uniform" else f"{amount} * {normal}"


def _rows(value: Value, dims: int) -> str:
    """A value of so many dimensions for each environment, with one row of columns for each."""
    if dims == 1:
        return value.text
    if dims == 2:
        return f"{value.atom}.flatten(1)"
    column = re.fullmatch(r"([\w.]+\[:, )(\d+)\]", value.text)
    if column is not None:
        return f"{column[1]}{column[2]}:{int(column[2]) + 1}]"
    return f"{value.atom}.unsqueeze(-1)"
