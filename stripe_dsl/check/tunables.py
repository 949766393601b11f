"""Numbers that users tune: which literals become fields of the cfg, and what they are called.

A literal becomes a field of its term: ``reward.track_xy`` for the weight, ``terminate.off_track_threshold`` for what a
value is compared with. Plain whole numbers inside a formula (``2 * x``, ``1 - x``), zeros and exponents are part of the
formula and stay in the code.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

from stripe_dsl.ir.graph import Node
from stripe_dsl.ir.program import Tunable, Value
from stripe_dsl.source import Span
from stripe_dsl.syntax import ast
from stripe_dsl.units import Dimension


class Role(StrEnum):
    """What a literal does in its term; the suffix of its field."""

    WEIGHT = ""
    THRESHOLD = "threshold"
    SCALE = "scale"
    FACTOR = "factor"
    OFFSET = "offset"
    LOW = "low"
    HIGH = "high"
    RANGE = "range"
    TIME = "time"
    NOISE = "noise"
    BIAS = "bias"
    CLIP = "clip"
    LIMIT = "limit"
    SMOOTH = "smooth"
    OPEN = "open"
    CLOSE = "close"
    DELAY = "delay"
    CHANCE = "chance"


@dataclass(frozen=True, slots=True)
class Given:
    """The role of a literal that is the argument of a function: its field is called as the parameter is."""

    parameter: str

    def __str__(self) -> str:
        return self.parameter


class Tunables:
    """The tunable numbers of one task, in source order of their terms.

    Attributes:
        items: by path.
    """

    def __init__(self) -> None:
        self.items: dict[str, Tunable] = {}
        self._group = ""
        self._term = ""
        self._paused = 0
        self._weightless = False

    @property
    def owner(self) -> str:
        """The term whose literals are read."""
        return self._term

    @property
    def active(self) -> bool:
        """Whether literals become tunables here."""
        return bool(self._group) and not self._paused

    @contextmanager
    def term(self, group: str, name: str) -> Iterator[None]:
        """Literals inside belong to this term; nothing is paused at its start."""
        before = (self._group, self._term, self._paused)
        self._group, self._term, self._paused = group, name, 0
        try:
            yield
        finally:
            self._group, self._term, self._paused = before

    @contextmanager
    def part(self, word: str) -> Iterator[None]:
        """Literals inside belong to a part of the present term, whose name ends in the word."""
        with self.term(self._group, f"{self._term}_{word}"):
            yield

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Literals inside stay constants."""
        self._paused += 1
        try:
            yield
        finally:
            self._paused -= 1

    def wants(self, number: ast.Number, role: Role | Given | None) -> bool:
        """Whether a literal becomes a tunable."""
        if not self.active or number.value == 0:
            return False
        structural = not number.unit and number.value == int(number.value)
        return isinstance(role, Given) or role in (Role.WEIGHT, Role.THRESHOLD) or not structural

    def add(self, value: Value, dim: Dimension, role: Role | Given | None, span: Span | None, doc: str = "") -> str:
        """The path of a new tunable of the current term; ``doc`` says what it is where the role does not."""
        role = role if role is not None else Role.OFFSET
        suffix = str(role)
        if role is Role.RANGE:
            suffix = "" if self._group in ("reset", "randomize") else "range"
        base = f"{self._term}_{suffix}" if suffix else self._term
        name, number = base, 2
        while f"{self._group}.{name}" in self.items:
            name, number = f"{base}_{number}", number + 1
        return self._store(Tunable(self._group, name, value, dim, doc or self._doc(role), span))

    def param(self, name: str, node: Node) -> str:
        """The path of a parameter that an expression uses."""
        path = f"param.{name}"
        if path not in self.items:
            value: Value = node.attr  # type: ignore[assignment]
            self._store(Tunable("param", name, value, node.type.dim, f"Parameter `{name}`.", node.span))
        return path

    def _store(self, tunable: Tunable) -> str:
        self.items[tunable.path] = tunable
        return tunable.path

    def _doc(self, role: Role | Given) -> str:
        where = f"`{self._term}`"
        if isinstance(role, Given):
            return f"`{role.parameter}` of {where}."
        return {
            Role.WEIGHT: f"Weight of {where}.",
            Role.THRESHOLD: f"Threshold in {where}.",
            Role.SCALE: f"Scale in {where}.",
            Role.FACTOR: f"Factor in {where}.",
            Role.OFFSET: f"Offset in {where}.",
            Role.LOW: f"Lower bound in {where}.",
            Role.HIGH: f"Upper bound in {where}.",
            Role.RANGE: f"Range of {where}.",
            Role.TIME: f"Time in {where}.",
            Role.NOISE: f"Noise on {where}.",
            Role.BIAS: f"Bias of {where}, drawn anew in each episode.",
            Role.CLIP: f"Range that {where} is clipped to.",
            Role.LIMIT: f"Range of the command of {where}.",
            Role.SMOOTH: f"Share of the new command in {where}, the rest is the last one.",
            Role.OPEN: f"Command of {where} where the agent's number is at least zero.",
            Role.CLOSE: f"Command of {where} where the agent's number is negative.",
            Role.DELAY: f"Time that {where} takes to arrive.",
        }[role]
