"""Types of expressions: what one environment's value looks like. The batch of environments is never part of a type."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from stripe_dsl.units import DIMENSIONLESS, Dimension


class Kind(StrEnum):
    """What one element is."""

    BOOL = "condition"
    FLOAT = "number"
    VEC2 = "vec2"
    VEC3 = "vec3"
    QUAT = "rotation"
    TWIST = "twist"
    """Two vec3, a linear and an angular one. Only commands are computed with it: no expression of a file has it."""


COMPONENTS = {Kind.BOOL: 1, Kind.FLOAT: 1, Kind.VEC2: 2, Kind.VEC3: 3, Kind.QUAT: 4, Kind.TWIST: 6}
"""Numbers in one element. Rotations are unit quaternions in (x, y, z, w) order, as in Isaac Lab 3."""


@dataclass(frozen=True, slots=True)
class Axis:
    """The named set that a list runs over. Two lists combine when their axes are equal.

    Attributes:
        kind: ``joint``, ``body`` or the name of another kind of set.
        entity: the articulation or sensor that owns the names.
        names: members in order.
        label: how messages call the set (``go2.feet``); not part of the identity.
    """

    kind: str
    entity: str
    names: tuple[str, ...]
    label: str = ""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Axis) and (self.kind, self.entity, self.names) == (
            other.kind,
            other.entity,
            other.names,
        )

    def __hash__(self) -> int:
        return hash((self.kind, self.entity, self.names))

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True, slots=True)
class Type:
    """Shape, unit and frame of an expression.

    Attributes:
        kind: what one element is.
        axis: the set a list runs over; ``None`` for a single value.
        dim: physical dimension of every component.
        frame: ``world``, ``env``, ``body``, ``heading``; ``None`` for what has no frame and for literal vectors,
            which take the frame they are used in.
    """

    kind: Kind = Kind.FLOAT
    axis: Axis | None = None
    dim: Dimension = DIMENSIONLESS
    frame: str | None = None

    @property
    def is_bool(self) -> bool:
        """A condition or a list of conditions."""
        return self.kind is Kind.BOOL

    @property
    def is_vector(self) -> bool:
        """One or several vec2 or vec3."""
        return self.kind in (Kind.VEC2, Kind.VEC3)

    @property
    def is_scalar(self) -> bool:
        """One number or condition: no list, no vector."""
        return self.axis is None and self.kind in (Kind.FLOAT, Kind.BOOL)

    @property
    def components(self) -> int:
        """Numbers in one element."""
        return COMPONENTS[self.kind]

    @property
    def width(self) -> int:
        """Columns that the value takes in a flat observation."""
        return self.components * (len(self.axis) if self.axis is not None else 1)

    @property
    def shape(self) -> tuple[int, ...]:
        """Array shape of one environment's value."""
        axis = (len(self.axis),) if self.axis is not None else ()
        return axis + ((self.components,) if self.components > 1 else ())

    def with_(self, **changes: object) -> Type:
        """A copy with some attributes replaced."""
        return replace(self, **changes)  # type: ignore[arg-type]

    def describe(self) -> str:
        """Words for a message: ``a number [m]``, ``12 numbers over go2.joints [rad/s]``."""
        words = f"a {self.kind}" if self.axis is None else f"{len(self.axis)} {self.kind}s over {self.axis.label}"
        if not self.dim.is_none:
            words += f" [{self.dim}]"
        if self.frame is not None:
            words += f" @{self.frame}"
        return words


FLOAT = Type()
BOOL = Type(Kind.BOOL)
