"""What the agent sees: the groups of observations, their entries, and what is done to each value."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from stripe_dsl.check.arithmetic import unit_words
from stripe_dsl.check.constants import Settings, fold
from stripe_dsl.check.expressions import Lowering
from stripe_dsl.check.phase import Phase
from stripe_dsl.check.tunables import Role
from stripe_dsl.check.values import varies
from stripe_dsl.ir.graph import Node
from stripe_dsl.ir.observations import Group, Noise, Observation
from stripe_dsl.spec.blocks import Item
from stripe_dsl.spec.values import Expression, Text
from stripe_dsl.syntax import ast
from stripe_dsl.text import did_you_mean
from stripe_dsl.units import DIMENSIONLESS, Dimension, usual_units

LONGEST_HISTORY = 1000
"""Values of an entry that a group may hold at once: more is a mistake, and would need all memory there is."""


class Observations:
    """Lowers the observation groups of one task."""

    def __init__(self, lowering: Lowering, settings: Settings) -> None:
        self.low = lowering
        self.settings = settings
        self.report = lowering.report
        self.tunables = lowering.tunables

    def groups(self, spec: dict[Text, list[Item]]) -> dict[str, Group]:
        """All observation groups by name, in source order; one may include another one, wherever it stands."""
        done: dict[str, Group] = {}

        def make(name: Text, open_: tuple[str, ...]) -> Group:
            if name not in done:
                done[str(name)] = self.group(name, spec, make, (*open_, str(name)))
            return done[str(name)]

        for name in spec:
            make(name, ())
        return {str(name): done[str(name)] for name in spec}

    def group(
        self,
        name: Text,
        spec: dict[Text, list[Item]],
        make: Callable[[Text, tuple[str, ...]], Group],
        open_: tuple[str, ...],
    ) -> Group:
        """One observation group; ``make`` gives those that it includes, ``open_`` are those that include it."""
        self.low.phase = Phase.OBSERVE
        out: list[Observation] = []
        names: set[str] = set()
        for item in spec[name]:
            node = item.value.node
            if isinstance(node, ast.Name) and node.id not in spec and node.id in self.low.scope.commands:
                entries = [self.observation(str(name), part, names) for part in self.command(node, item)]
                out += [entry for entry in entries if entry is not None]
                continue
            if not (isinstance(node, ast.Name) and (node.id in spec or item.without is not None)):
                entry = self.observation(str(name), item, names)
                out += [entry] if entry is not None else []
                continue
            other = next((key for key in spec if key == node.id), None)
            if other is None:
                helps = did_you_mean(node.id, spec, listing=True)
                self.report.error("E0201", f"there is no observation group `{node.id}`", node.span, *helps)
            elif node.id in open_:
                chain = " -> ".join([*open_[open_.index(node.id) :], node.id])
                self.report.error("E0210", f"observation groups include each other: {chain}", node.span, "remove one")
            else:
                entries = self.included(node, item, make(other, open_))
                out += [replace(entry, name=_unique(entry.name, names)) for entry in entries]
        if not spec[name]:
            self.report.error("E0214", f"observation group `{name}` is empty", name.span, "add what it observes")
        size = None
        if self.low.scope.sensors:
            from stripe_dsl.check.cameras import picture

            size = picture(name, out, spec[name], self.low.scope.sensors, self.report)
        return Group(str(name), tuple(out), name.span, size)

    def command(self, node: ast.Name, item: Item) -> list[Item]:
        """A whole command is one entry for each of its fields."""
        self.low.scope.used.add(node.id)
        words = self.low.scope.commands[node.id].whole
        name = str(item.name or node.id)
        return [
            item.model_copy(
                update={
                    "name": Text(f"{name}_{word}" if len(words) > 1 else name, node.span),
                    "value": Expression(ast.Field(node.span, node, word, node.span)),
                }
            )
            for word in words
        ]

    def included(self, node: ast.Name, item: Item, group: Group) -> tuple[Observation, ...]:
        """``policy without noise history 3``: the entries of another group."""
        for key in ("noise", "bias", "clip", "scale", "offset", "encoder", "size"):
            option: Expression | Text | None = getattr(item, key)
            if option is not None:
                message = f"a group that is included takes no `{key}`: its entries have their own"
                self.report.error("E0206", message, option.span, "it takes `without noise` and `history`")
        items = group.items
        if item.history is not None:
            history = self.history(item.history)
            encoded = next((entry for entry in items if entry.encoder is not None), None)
            if encoded is not None:
                message = f"`{encoded.name}` is what a network makes of a picture, and has no past"
                self.report.error("E0206", message, item.history.span, "include the group without `history`")
            items = tuple(replace(entry, history=history) for entry in items)
        if item.without is None:
            return items
        word = item.without.node
        if not (isinstance(word, ast.Name) and word.id == "noise"):
            message, help = "a group is included `without noise`, or as it is", f"write `{node.id} without noise`"
            self.report.error("E0309", message, word.span, help)
        return tuple(replace(entry, noise=None, bias=None) for entry in items)

    def observation(self, group: str, item: Item, names: set[str]) -> Observation | None:
        """One entry: the value, then noise, bias, clip, scale and history or encoder, in this order."""
        node = self.low.number(item.value.node)
        if node is None:
            return None
        if node.type.is_bool:
            node = self.low.math.as_float(node)
        if item.name is not None and item.name in names:
            self.report.error("E0202", f"`{item.name}` is defined twice", item.name.span, "rename one of them")
        name = _unique(item.name or slug(item.value.span.text), names)
        if not varies(node):
            self.report.error("W0003", f"the observation `{name}` never changes", item.value.span, "remove it")
        with self.tunables.term("observe", f"{group}_{name}"):
            noise = self.noise(item.noise, node, Role.NOISE) if item.noise is not None else None
            bias = self.noise(item.bias, node, Role.BIAS) if item.bias is not None else None
            clip = None
            if item.clip is not None and not self.clips_what_is_scaled(item, node):
                clip = clip_range(self.settings, item.clip, node.type.dim)
            scale = None
            if item.scale is not None:
                with self.tunables.paused():
                    number = self.low.number(item.scale.node)
                    value = self.settings.number(item.scale, number.type.dim, "scale") if number is not None else None
                if value is not None and number is not None:
                    scale = self.tunables.add(value, number.type.dim, Role.SCALE, item.scale.span)
        if item.offset is not None:
            self.report.error("E0206", "an observation has no option `offset`", item.offset.span)
        history = self.history(item.history) if item.history is not None else 1
        network = None
        if item.encoder is not None or item.size is not None:
            from stripe_dsl.check.encoders import encoder  # few tasks have one

            network = encoder(item, node, self.settings, self.low.scope)
        return Observation(name, node, noise, bias, clip, scale, history, str(item.value), item.span, network)

    def clips_what_is_scaled(self, item: Item, node: Node) -> bool:
        """Whether the bounds of ``clip`` are those of the scaled number, which it comes before; that is reported."""
        assert item.clip is not None
        if item.scale is None or node.type.dim.is_none or re.search(r"[A-Za-z%]", item.clip.span.text):
            return False
        with self.tunables.paused():
            pair = self.settings.pair(item.clip, DIMENSIONLESS, "clip")
            scale = fold(number) if (number := self.low.number(item.scale.node)) is not None else None
        if pair is None or not isinstance(scale, float) or scale == 0 or not any(pair):
            return False
        low, high = sorted(bound / scale for bound in pair)
        message = f"`clip` wants {unit_words(node.type.dim)}, not a plain number: it comes before `scale`"
        help = f"write `clip {low:g}..{high:g} {usual_units(node.type.dim)[0]}`"
        self.report.error("E0403", message, item.clip.span, help)
        return True

    def history(self, value: Expression) -> int:
        """How many of its last values an entry holds."""
        with self.tunables.paused():
            length = self.settings.whole(value, "history", 1)
        if length > LONGEST_HISTORY:
            message = f"`history` is a number of control steps up to {LONGEST_HISTORY}"
            self.report.error("E0309", message, value.span, f"it is {length} here")
            return 1
        return length

    def noise(self, value: Expression, node: Node, role: Role) -> Noise | None:
        """``+-0.1 m/s`` is uniform, ``gaussian(0.1 m/s)`` normal; both in the unit of the value."""
        expr = value.node
        dim = node.type.dim
        with self.tunables.paused():
            if isinstance(expr, ast.Call) and isinstance(expr.function, ast.Name):
                if expr.function.id != "gaussian" or len(expr.args) != 1:
                    help = f"{role} is a range, as in `+-0.1`, or `gaussian(0.1)`"
                    self.report.error("E0208", f"there is no {role} `{expr.span.text}`", expr.span, help)
                    return None
                std = self.settings.number(Expression(expr.args[0]), dim, str(role))
                kind, amount = "gaussian", std
            else:
                kind, amount = "uniform", self.settings.pair(value, dim, str(role))
        if amount is None:
            return None
        return Noise(kind, self.tunables.add(amount, dim, role, value.span))


def clip_range(settings: Settings, value: Expression, dim: Dimension) -> str | None:
    """Path of a range that a value is cut to."""
    tunables = settings.lowering.tunables
    with tunables.paused():
        pair = settings.pair(value, dim, "clip")
    return tunables.add(pair, dim, Role.CLIP, value.span) if pair is not None else None


def slug(text: str) -> str:
    """An identifier made of the words of an expression: ``base.lin_vel@body`` is ``base_lin_vel_body``."""
    words = re.sub(r"[^A-Za-z0-9_]+", "_", text).strip("_").lower()
    words = re.sub(r"_+", "_", words)
    if not words or words[0].isdigit():
        words = f"value_{words}".rstrip("_")
    return words[:40].rstrip("_")


def _unique(name: str, taken: set[str]) -> str:
    candidate, number = str(name), 2
    while candidate in taken:
        candidate, number = f"{name}_{number}", number + 1
    taken.add(candidate)
    return candidate
