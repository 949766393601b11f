"""What a checked task draws anew while it runs, beside the state that episodes begin with."""

from __future__ import annotations

from dataclasses import dataclass

from stripe_dsl.source import Span


@dataclass(frozen=True, slots=True)
class Picture:
    """A file that things are covered with.

    Attributes:
        reference: as it is written.
        file: on this machine.
    """

    reference: str
    file: str


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Change:
    """A property or a state that is drawn anew, for every environment, member and component.

    Attributes:
        robot: whose it is; of a texture it may be an object, without names; empty for gravity.
        quantity: ``body.mass``, ``body.inertia``, ``body.com``, ``shape.friction``, ``shape.texture``,
            ``joint.stiffness``, ``joint.damping``, ``joint.friction``, ``joint.armature``, ``joint.lower``,
            ``joint.upper``, ``env.gravity``; ``body.force`` and ``body.torque`` (in the body's frame); or a state:
            ``joint.pos``, ``joint.vel``, ``root.pos``, ``root.lin_vel``, ``root.ang_vel`` (in the world).
        names: joints or bodies, in order; empty for the base's state and for gravity.
        parts: vector parts (``"xy"``); empty for all.
        operation: ``set``; ``add`` to or ``scale`` what is there. Of a property that is the value after startup, so
            that changes do not add up; of a state the present one.
        distribution: ``uniform`` between two values, ``log_uniform``, ``gaussian`` with mean and deviation, or
            ``pictures``, all of them equally likely.
        range: path of the tunable that holds the two numbers; of pictures, how wide they are [m].
        least: the smallest value that it may get; ``None`` for any.
    """

    robot: str
    quantity: str
    names: tuple[str, ...]
    parts: str
    operation: str
    distribution: str
    range: str
    least: float | None = None
    span: Span | None = None
    pictures: tuple[Picture, ...] = ()

    @property
    def is_state(self) -> bool:
        """Whether it moves the robot, rather than changing what it is made of."""
        return self.quantity in STATES


WRENCH = ("body.force", "body.torque")
"""Quantities of a :class:`Change` that act until they are drawn again, and are zero when an episode begins."""

TEXTURE = "shape.texture"
"""Quantity of a :class:`Change` of what cameras see on a body."""

STATES = ("joint.pos", "joint.vel", "root.pos", "root.lin_vel", "root.ang_vel")
"""Quantities of a :class:`Change` that belong to the state."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Interval:
    """Changes that come again and again, in each environment at its own times.

    Attributes:
        period: path of the tunable with the shortest and the longest time between two of them [s].
    """

    period: str
    changes: tuple[Change, ...]
    span: Span | None = None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Randomize:
    """What is drawn anew: once at the start, when an episode begins, and at intervals."""

    startup: tuple[Change, ...] = ()
    reset: tuple[Change, ...] = ()
    intervals: tuple[Interval, ...] = ()

    @property
    def pushed(self) -> tuple[str, ...]:
        """Robots on which forces or torques act."""
        return tuple(dict.fromkeys(change.robot for change in self.later if change.quantity in WRENCH))

    @property
    def textures(self) -> tuple[Change, ...]:
        """Changes of what cameras see."""
        return tuple(change for change in (*self.startup, *self.reset) if change.quantity == TEXTURE)

    @property
    def later(self) -> tuple[Change, ...]:
        """All that is drawn while the simulation runs."""
        return (*self.reset, *(change for interval in self.intervals for change in interval.changes))


NOTHING_DRAWN = Randomize()
"""Of a task without ``randomize``."""
