"""When an expression is evaluated, and what is known then."""

from __future__ import annotations

from enum import StrEnum


class Phase(StrEnum):
    """When an expression is evaluated."""

    CONSTANT = "constant"
    STATE = "state"
    TERMINATE = "terminate"
    REWARD = "reward"
    OBSERVE = "observe"
    RESET = "reset"
    BEGIN = "begin"
    ACTION = "action"


DRAWING = (Phase.RESET, Phase.BEGIN)
"""Where random numbers are drawn: in resets, and in what states begin with."""

KNOWN_AT_RESET = ("joint.default_", "joint.lower", "joint.upper", "joint.vel_limit", "root.default_", "soft.default_")
KNOWN_AT_RESET += ("root.begin_", "env.place")
"""Quantities that a reset may read: those that do not change, and where other things begin."""

ENDINGS = ("env.failed", "env.timeout", "term.")
"""How an episode ends: known to rewards alone, and never of a step before."""
