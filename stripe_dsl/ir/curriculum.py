"""Settings of a checked task that change as training goes on."""

from __future__ import annotations

from dataclasses import dataclass

from stripe_dsl.source import Span


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Schedule:
    """What a setting becomes as training goes on; it begins with its own value.

    Attributes:
        path: of the tunable that changes, a number or a range.
        last: path of the tunable with what it becomes.
        over: path of the tunable with the control steps from and to which it changes along a line; of the one after
            which it has changed where ``at_once``.
    """

    path: str
    last: str
    over: str
    at_once: bool
    span: Span | None = None
