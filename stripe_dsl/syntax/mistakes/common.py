"""What the recognisers of mistakes share."""

from __future__ import annotations

from stripe_dsl.syntax.recover import Recovery
from stripe_dsl.syntax.token import Token

COMPARISONS = frozenset(["LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL", "EQUAL_EQUAL", "NOT_EQUAL"])
OPERATORS = COMPARISONS | frozenset(
    ["PLUS", "MINUS", "STAR", "SLASH", "CARET", "AND", "OR", "DOT_DOT", "IF", "ELSE", "WHERE", "PLUS_MINUS"]
)
OPTION_WORDS = frozenset(["noise", "clip", "scale", "offset", "history", "delay", "without"])
KINDS = {
    "ACTION": (
        "effort",
        "position",
        "velocity",
        "relative_position",
        "position_to_limits",
        "binary",
        "thrust",
        "wrench",
        "ik",
    ),
    "SENSOR": ("contacts", "height_scan", "lidar", "imu", "camera", "joint_wrench"),
    "COMMAND": ("velocity", "position", "pose", "joints", "sample"),
}
"""The words for what a statement defines, by the statement's token."""
ASSIGNMENTS = frozenset(("EQUAL", "PLUS_EQUAL", "STAR_EQUAL"))
ENDS = frozenset(["_NEWLINE", "_SEMICOLON", "RBRACE", "$END"])


def skip(run: Recovery, start: int) -> bool:
    """Drops the rest of the statement."""
    run.skip(start)
    return True


def in_property(run: Recovery) -> bool:
    """In a property, where a value or a block may come, and no operator."""
    return run.accepts("LBRACE") and run.accepts("NUMBER") and not run.accepts("PLUS")


def hole(run: Recovery, token: Token) -> bool:
    """Puts something in the place of a missing value."""
    if not run.accepts("BROKEN", token.type):
        return skip(run, token.start)
    run.made("BROKEN")
    run.lexer.position = token.start
    return True
