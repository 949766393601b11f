"""What blocks of the document model have in common, and the entry that observations and actions share.

Modules of models do without ``from __future__ import annotations``: Pydantic would compile several hundred annotations
from their texts in every run.
"""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from stripe_dsl.source import Span
from stripe_dsl.spec.values import Expression, Text

type Words = list[Expression]


class Block(BaseModel):
    """Base of all blocks.

    Class attributes:
        head: field that takes a value standing directly after the keyword (``train ppo``, ``light dome``).
        others: field that takes every key that is none of the others, a map of expressions by name.
        gathers: words whose lines are kept as they are, as phrases: the field that takes each.
        compares: field that takes comparisons (``slope < 38 deg``) and values of other names (``height 1..3 m``,
            ``moisture 0.16 +- 0.26``), as phrases.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", defer_build=True, arbitrary_types_allowed=True, populate_by_name=True
    )
    head: ClassVar[str] = ""
    others: ClassVar[str] = ""
    gathers: ClassVar[Mapping[str, str]] = {}
    compares: ClassVar[str] = ""
    _span: Span | None = PrivateAttr(None)
    _nothing: bool = PrivateAttr(False)

    @property
    def span(self) -> Span | None:
        """Where the block stands: its keyword and name."""
        return self._span

    @property
    def nothing(self) -> bool:
        """Whether it is the word ``none`` in place of a block: an inherited one is removed."""
        return self._nothing


class Entry(Block):
    """An expression with options behind it."""

    head: ClassVar[str] = "value"
    value: Expression


class Item(Entry):
    """An expression with options: an observation or an action."""

    name: Text | None = Field(None, description="name of the entry; made from the expression where absent")
    noise: Expression | None = Field(None, description="a range (uniform) or gaussian(std), in the value's unit")
    bias: Expression | None = Field(None, description="as noise, but drawn once an episode")
    clip: Expression | None = Field(None, description="range that the value is cut to")
    scale: Expression | None = Field(None, description="factor")
    offset: Expression | None = Field(None, description="added after the scale; `default` is the default position")
    history: Expression | None = Field(None, description="number of control steps whose values are kept")
    encoder: Text | None = Field(
        None, description="of a picture: the TorchScript file of a network that makes numbers of it"
    )
    size: Expression | None = Field(None, description="of an encoder: how many numbers it makes of a picture")
    without: Expression | None = Field(
        None, description="`noise`: an included group is taken without its noise and bias"
    )
    limit: Expression | None = Field(None, description="of an action: range that its command is cut to")
    smooth: Expression | None = Field(
        None, description="of an action: share of the new command, the rest is the last one"
    )
    open: Expression | None = Field(None, description="of a binary action: positions where the agent's number is >= 0")
    close: Expression | None = Field(None, description="of a binary action: positions where it is negative")
    axis: Expression | None = Field(
        None, description="of a thrust: x, y, z, -x, -y or -z in the body's frame; z where absent"
    )
    target: Expression | None = Field(
        None, description="of an ik: position, relative_position, pose or relative_pose: what the agent's numbers are"
    )
    at: Expression | None = Field(None, description="of an ik: the point that is moved, in the body's frame")
    facing: Expression | None = Field(None, description="of an ik: rotation of what is moved, in the body's frame")
    method: Expression | None = Field(None, description="of an ik: dls (damped least squares) or transpose")
    damping: Expression | None = Field(None, description="of an ik by dls: a number, 0.01 where absent")
    gain: Expression | None = Field(None, description="of an ik by transpose: a number, 1 where absent")
    delay: Expression | None = Field(
        None, description="of an action: time that it takes to arrive; a range is drawn from in each episode"
    )
