"""Sensors of a checked task: where they sit and how they measure. All numbers are in SI units.

Which readings a task uses follows from the ``read`` nodes of its expressions; a back end turns on what they need.
"""

from __future__ import annotations

from dataclasses import dataclass

from stripe_dsl.source import Span


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Sensor:
    """A sensor in the scene.

    Attributes:
        name: key in the scene, and the entity of its ``read`` nodes.
        kind: ``joint_wrench`` or ``contacts``.
        robot: the robot that carries it.
        bodies: the bodies that it measures; empty for all.
        settings: what its kind adds; ``None`` for a kind without any.
    """

    name: str
    kind: str
    robot: str
    bodies: tuple[str, ...] = ()
    settings: ContactSettings | None = None
    span: Span | None = None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ContactSettings:
    """Contacts of the bodies of a robot.

    Attributes:
        history: physics steps whose forces are kept; ``None``: as many as a reading needs.
        threshold: normal force above which a body touches something [N]; ``None``: any.
    """

    history: int | None
    threshold: float | None
