"""What can be wrong with a robot file, as data a diagnostic is made of."""

from __future__ import annotations


class RobotFileError(Exception):
    """A robot that cannot be read, for a reason its user can do something about.

    Attributes:
        reason: one sentence fragment without a full stop, fit for the head of a diagnostic.
        hint: what to do about it; ``None`` when there is nothing better to say than the reason.
        code: the diagnostic that it becomes.
    """

    def __init__(self, reason: str, hint: str | None = None, code: str = "E0602") -> None:
        super().__init__(reason if hint is None else f"{reason} ({hint})")
        self.reason = reason
        self.hint = hint
        self.code = code


class RobotUnavailableError(RobotFileError):
    """The reference is sound, yet the file is not on this machine (a remote asset and no local copy).

    Joint and body names cannot be known then, so a checker warns and goes on; every other :class:`RobotFileError` is
    the user's mistake.
    """
