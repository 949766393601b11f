"""What the agent sees: groups of observations and their entries."""

from __future__ import annotations

from dataclasses import dataclass

from stripe_dsl.ir.graph import Node
from stripe_dsl.source import Span


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Noise:
    """Additive noise: ``uniform`` with a range, ``gaussian`` with a standard deviation; ``tunable`` is its path."""

    kind: str
    tunable: str


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Encoder:
    """A network that makes numbers of a picture.

    Attributes:
        reference: its TorchScript file as it is written.
        file: the file on this machine.
        picture: what it is given of each environment: channels, rows and columns.
        size: how many numbers it gives.
    """

    reference: str
    file: str
    picture: tuple[int, int, int]
    size: int


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Observation:
    """One entry of a group. Applied in this order, as upstream does: noise and bias, clip, scale, history.

    Attributes:
        noise: added, drawn anew in each step; in the unit of the value.
        bias: added, drawn once an episode for each element; in the unit of the value.
        clip: tunable path of the bounds, in the unit of the value.
        scale: tunable path of the factor.
        history: number of control steps whose values the entry holds, the oldest first and each of them whole, as
            upstream's ``CircularBuffer``. The first value of an episode stands for those before it.
        encoder: what makes numbers of the value, which is a picture then, after its noise, clip and scale.
        source: the value as it is written in the file.
    """

    name: str
    value: Node
    noise: Noise | None
    bias: Noise | None
    clip: str | None
    scale: str | None
    history: int = 1
    source: str = ""
    span: Span | None = None
    encoder: Encoder | None = None

    @property
    def width(self) -> int:
        """Columns of the entry in its group."""
        return self.encoder.size if self.encoder is not None else self.value.type.width * self.history


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Group:
    """An observation group: entries in order, concatenated.

    Attributes:
        picture: rows and columns, where the entries have a value for each pixel. The group is then a picture with a
            channel for each number of a pixel, and its columns are those of one channel after another.
    """

    name: str
    items: tuple[Observation, ...]
    span: Span | None = None
    picture: tuple[int, int] | None = None

    @property
    def width(self) -> int:
        """Columns of the group."""
        return sum(item.width for item in self.items)

    @property
    def channels(self) -> int:
        """Numbers of each pixel of a picture."""
        return sum(item.value.type.components for item in self.items)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one environment's observation: ``(width,)``, of a picture ``(channels, rows, columns)``."""
        return (self.width,) if self.picture is None else (self.channels, *self.picture)
