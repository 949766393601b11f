"""A user's mistake as data: what is wrong, and what may help."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """Something that stops a run before or while it happens.

    Attributes:
        message: What is wrong, in one sentence without a full stop at the end.
        help: What the user may do about it, one hint per entry.
    """

    message: str
    help: tuple[str, ...] = ()


class ProblemError(Exception):
    """Carries a problem through code that cannot return it; never reaches the user as a traceback."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


class PackageError(ProblemError):
    """A folder cannot be used as a generated package."""
