"""Inverse kinematics of a reset: joints that are turned until a body is somewhere."""

from __future__ import annotations

from dataclasses import dataclass

from stripe_dsl.ir.graph import Node
from stripe_dsl.source import Span


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Reach:
    """What a reset line ``arm.pos = ik(hand, …)`` says.

    After all resets, ``command`` is computed ``steps`` times, from the state that it left the time before, and cut to
    the limits of the joints.

    Attributes:
        name: in settings and generated code.
        joints: joints that are turned, in order.
        body: the body that is to get somewhere.
        goals: ``pos`` [m] and, where the rotation matters, ``rot``: in the world, evaluated with the resets.
        command: positions of the joints [rad or m]; reads the state and ``goal.<name>.<part>``.
        named: parts of the command that generated code gives a name.
    """

    name: str
    robot: str
    joints: tuple[str, ...]
    body: str
    goals: tuple[tuple[str, Node], ...]
    command: Node
    steps: int
    named: tuple[tuple[str, Node], ...] = ()
    span: Span | None = None
