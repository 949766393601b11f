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
    ACTION = "action"


KNOWN_AT_RESET = ("joint.default_", "joint.lower", "joint.upper", "joint.vel_limit", "root.default_", "soft.default_")
"""Quantities that a reset may read: those that do not change."""
