"""Observations in Warp: the kernel ``observe``, and what bias and history need in the other kernels.

A history needs no memory of its own: it lies in the group's array, oldest first. ``apply_actions`` moves it by one
step and ``observe`` writes the newest values, so that asking for observations twice in a step gives the same.
"""

from __future__ import annotations

from collections.abc import Mapping

from stripe_dsl.emit.cfg import origin
from stripe_dsl.emit.encoders import Encoding, by_place, encodings
from stripe_dsl.emit.layout import layout
from stripe_dsl.emit.substitution import is_previous_action
from stripe_dsl.emit.values import Precedence, Value, call, infix
from stripe_dsl.emit.warp.kernel import Kernel
from stripe_dsl.emit.warp.leaves import Leaves
from stripe_dsl.emit.warp.loop import LONG, Loop
from stripe_dsl.emit.warp.memory import Memory, draws, wants_fresh
from stripe_dsl.emit.warp.module import Attribute, Module
from stripe_dsl.emit.warp.pictures import is_by_pixel
from stripe_dsl.ir.graph import walk
from stripe_dsl.ir.observations import Group, Noise, Observation
from stripe_dsl.ir.program import Program

FLAT = "wp.array2d(dtype=float)"
"""The annotation of an array with a row of columns for each environment."""


class Observing:
    """Writes what belongs to observations.

    Args:
        groups: attribute of the array of each group.

    Attributes:
        biases: attribute of the bias of an entry, by group and entry.
        buffers: those attributes, for ``__init__``.
        by_pixel: entries of pictures that kernels of their own write.
        encodings: what networks are given, with the attribute of each of these pictures.
    """

    def __init__(self, program: Program, module: Module, leaves: Leaves, groups: Mapping[str, str]) -> None:
        self.program = program
        self.leaves = leaves
        self.groups = groups
        found = encodings(program)
        self.encodings = [(each, module.own(f"{each.name}_picture")) for each in found]
        self.pictures = {place: self.encodings[found.index(each)][1] for place, each in by_place(found).items()}
        # what several groups show of a network is computed once
        again = {(group.name, item.name) for each in found for group, item in each.places[1:]}
        every = [(group, item) for group in program.groups for item in group.items]
        self.items = [(group, item) for group, item in every if (group.name, item.name) not in again]
        self.by_pixel = [pair for pair in self.items if is_by_pixel(*pair)]
        self.by_env = [pair for pair in self.items if not is_by_pixel(*pair)]
        self.starts: dict[tuple[str, str], int] = {}
        for group in program.groups:
            start = 0
            for item in group.items:
                self.starts[group.name, item.name] = start
                start += item.width
        self.columns = dict(self.starts)
        self.starts |= dict.fromkeys(self.pictures, 0)  # pictures that are encoded have arrays of their own
        self.biases = {
            (group.name, item.name): module.own(f"bias_{group.name}_{item.name}")
            for group, item in self.items
            if item.bias is not None
        }
        self.buffers = [
            Attribute(
                self.biases[group.name, item.name],
                f"wp.zeros((self.num_envs, {item.value.type.width}), dtype=float, device=self.device)",
                f"bias of ``{item.name}`` of ``{group.name}`` in the running episode",
            )
            for group, item in self.items
            if item.bias is not None
        ]
        self.buffers += [
            Attribute(
                attribute,
                f"wp.zeros((self.num_envs, {each.places[0][1].value.type.width}), dtype=float, device=self.device)",
                f"the picture that the network of ``{each.places[0][1].name}`` is given",
            )
            for each, attribute in self.encodings
        ]

    @property
    def encoded(self) -> list[tuple[Encoding, str, list[tuple[str, int]]]]:
        """Pictures that networks are given, their attributes, and by group where the numbers begin."""
        return [
            (each, attribute, [(group.name, self.columns[group.name, item.name]) for group, item in each.places])
            for each, attribute in self.encodings
        ]

    @property
    def with_history(self) -> list[tuple[Group, Observation]]:
        """Entries that hold more than the present."""
        return [(group, item) for group, item in self.items if item.history > 1]

    # other kernels

    def move(self, kernel: Kernel) -> None:
        """Before the physics: what is newest becomes what was one step ago."""
        for group, item in self.with_history:
            kernel.comment(f"{item.name}, {origin(item.span)}" if item.span is not None else item.name)
            kernel.line(self.history(kernel, "move_history", group, item))

    def draw(self, kernel: Kernel) -> None:
        """In a reset: the bias of the episode that begins."""
        for group, item in self.items:
            if item.bias is not None:
                kernel.comment(origin(item.span))
                width, bias = item.value.type.width, self.bias(kernel, group, item)
                if width == 1:
                    kernel.statement(f"{bias}[env, 0] = ", self.drawn(kernel, item.bias).text)
                else:
                    kernel.line(f"for i in range({width}):")
                    kernel.lines.append(layout(f"{bias}[env, i] = ", self.drawn(kernel, item.bias).text, 8))

    def bias(self, kernel: Kernel, group: Group, item: Observation) -> str:
        """The argument that holds the bias of an entry."""
        attribute = self.biases[group.name, item.name]
        return kernel.parameter(f"self.{attribute}", FLAT, attribute.strip("_"))

    def drawn(self, kernel: Kernel, noise: Noise) -> Value:
        """One random number."""
        amount = self.leaves.setting(kernel, noise.tunable)
        if noise.kind == "uniform":
            return Value(f"wp.randf(rng, {amount}[0], {amount}[1])")
        return Value(f"{amount} * wp.randn(rng)", Precedence.PRODUCT)

    def history(self, kernel: Kernel, function: str, group: Group, item: Observation) -> str:
        """A call of a helper for the columns of an entry."""
        start, width = self.starts[group.name, item.name], item.value.type.width
        return f"{kernel.helper(function)}({self.target(kernel, group, item)}, env, {start}, {width}, {item.history})"

    def target(self, kernel: Kernel, group: Group, item: Observation) -> str:
        """The argument that holds the columns of a group, or the picture that a network is given."""
        attribute = self.pictures.get((group.name, item.name), self.groups[group.name])
        return kernel.parameter(f"self.{attribute}", FLAT, attribute.strip("_"))

    # the kernel

    def write(self, kernel: Kernel, memory: Memory) -> None:
        """The body of ``observe``."""
        states = self.program.states
        for group, item in self.by_env:
            self.target(kernel, group, item)
        roots = [*(item.value for _, item in self.by_env), *memory.operands]
        kept = any(node.op == "prev" and not is_previous_action(node) for node in walk(roots))
        if kept or self.with_history or wants_fresh(states):
            length = kernel.parameter("self._episode_length_buf_wp", "wp.array(dtype=int)", "episode_length")
            kernel.comment("an episode that has just begun has no past")
            kernel.line(f"fresh = {length}[env] == 0")
        random = ""
        if any(item.noise is not None for _, item in self.items) or draws(states):
            random = kernel.parameter("self._rng", "wp.array(dtype=wp.uint32)", "rng_states")
            kernel.line(f"rng = {random}[env]")
        if any(item.noise is not None for _, item in self.by_pixel):
            kernel.comment("what the noise of the pixels is drawn from")
            kernel.line("wp.randi(rng)")
        kernel.plan([*self.program.renewing, *roots])
        memory.renew(kernel)
        kernel.compute(roots)
        self.outputs(kernel)
        if self.with_history:
            kernel.comment("the first values of an episode stand for those before it")
            kernel.line("if fresh:")
        for group, item in self.with_history:
            kernel.line(self.history(kernel, "fill_history", group, item), 2)
        memory.remember(kernel)
        if random:
            kernel.line(f"{random}[env] = rng")

    def outputs(self, kernel: Kernel) -> None:
        """Writes the entries; one that stands in two groups is computed once."""
        by_value: dict[int, list[tuple[Group, Observation]]] = {}
        for group, item in self.by_env:
            by_value.setdefault(item.value.id, []).append((group, item))
        for entries in by_value.values():
            group, item = entries[0]
            node = item.value
            kernel.comment(f"{item.name}, {origin(item.span)}" if item.span is not None else item.name)
            if node.type.axis is None:
                for owner, entry in entries:
                    self.entry(kernel, None, owner, entry)
                continue
            with kernel.loop(node.type.axis, [node]) as loop:
                if len(entries) > 1 and len(loop.value(node).text) > LONG:
                    loop.name(node)
                for owner, entry in entries:
                    self.entry(kernel, loop, owner, entry)

    def entry(self, kernel: Kernel, loop: Loop | None, group: Group, item: Observation) -> None:
        """The newest values of one entry of one group, with noise, bias, clip and scale."""
        target = self.target(kernel, group, item)
        scope = loop or kernel
        size, width = item.value.type.components, item.value.type.width
        start = self.starts[group.name, item.name] + width * (item.history - 1)
        for part in range(size):
            value = scope.value(item.value) if size == 1 else Value(f"{scope.name(item.value)}[{part}]")
            if item.value.type.is_bool:
                value = call("float", [value])
            places = [_place(first, size, part, loop) for first in (start, 0)]
            if group.picture is not None or item.encoder is not None:  # one channel after another
                places[0] = _place(start + part * (width // size), 1, 0, loop)
            text = self.treated(kernel, group, item, value, places[1]).text
            if loop is None:
                kernel.statement(f"{target}[env, {places[0]}] = ", text)
            else:
                loop.line(f"{target}[env, {places[0]}] = {text}")

    def treated(self, kernel: Kernel, group: Group, item: Observation, value: Value, place: str) -> Value:
        """Noise and bias, then clip, then scale."""
        if item.noise is not None:
            value = infix("+", Precedence.SUM, value, self.drawn(kernel, item.noise))
        if item.bias is not None:
            value = infix("+", Precedence.SUM, value, Value(f"{self.bias(kernel, group, item)}[env, {place}]"))
        if item.clip is not None:
            limits = self.leaves.setting(kernel, item.clip)
            value = call(kernel.helper("clip"), [value, Value(f"{limits}[0]"), Value(f"{limits}[1]")])
        if item.scale is not None:
            value = infix("*", Precedence.PRODUCT, Value(self.leaves.setting(kernel, item.scale)), value)
        return value


def _place(start: int, size: int, part: int, loop: Loop | None) -> str:
    """The column of one component: ``3``, ``i``, ``3 + 2 * i``."""
    if loop is None:
        return str(start + part)
    place = f"{size} * i" if size > 1 else "i"
    return f"{start + part} + {place}" if start + part else place
