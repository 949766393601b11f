"""What can be wrong with a robot file, as data a diagnostic is made of."""

from __future__ import annotations


class RobotFileError(Exception):
    """A robot that cannot be read, for a reason its user can do something about.

    Attributes:
        reason: one sentence fragment without a full stop, fit for the head of a diagnostic.
        hint: what to do about it; ``None`` when there is nothing better to say than the reason.
    """

    def __init__(self, reason: str, hint: str | None = None) -> None:
        super().__init__(reason if hint is None else f"{reason} ({hint})")
        self.reason = reason
        self.hint = hint


class RobotUnavailableError(RobotFileError):
    """The reference is sound, yet the file is not on this machine (a remote asset and no local copy).

    Joint and body names cannot be known then, so a checker warns and goes on; every other :class:`RobotFileError` is
    the user's mistake.
    """
