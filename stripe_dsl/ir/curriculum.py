"""Settings of a checked task that change as training goes on."""

from __future__ import annotations

from dataclasses import dataclass

from stripe_dsl.ir.graph import Node
from stripe_dsl.source import Span


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Schedule:
    """What a setting becomes as training goes on; it begins with its own value.

    Attributes:
        path: of the tunable that changes, a number or a range.
        last: path of the tunable with what it becomes.
        over: path of the tunable with the control steps from and to which it changes along a line; of the one after
            which it has changed where ``at_once``. Empty where it goes with the level.
    """

    path: str
    last: str
    over: str
    at_once: bool
    span: Span | None = None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Ending:
    """How an episode has to end.

    Attributes:
        kind: ``failed``, ``end`` (by one condition), ``above`` or ``below`` (the mean of a reward term per second),
            ``condition`` (one that holds in its last step).
        name: of the termination, the truncation or the reward term; ``timeout``; empty for ``failed``.
        bound: path of the tunable that the mean is compared with.
        condition: evaluated with the rewards; ``None`` for other kinds.
    """

    kind: str
    name: str = ""
    bound: str = ""
    condition: Node | None = None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Level:
    """How far an environment has come: a number that goes up and down by one with the ends of its episodes.

    Attributes:
        range: path of the tunable with the first level and the last.
        start: path of the tunable with the lowest and the highest level that an environment begins with; empty where
            all begin with the first.
    """

    range: str
    up: Ending | None
    down: Ending | None
    start: str = ""
    span: Span | None = None

    @property
    def conditions(self) -> dict[str, Node]:
        """The conditions that move an environment ``up`` or ``down``, by this word."""
        ways = {"up": self.up, "down": self.down}
        return {way: end.condition for way, end in ways.items() if end is not None and end.condition is not None}
