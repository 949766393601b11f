"""Scenes in the document model: ``scene`` blocks."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from stripe_dsl.spec.blocks import Block
from stripe_dsl.spec.values import Expression, Text


class GroundSpec(Block):
    """The ground."""

    head: ClassVar[str] = "kind"
    kind: Expression | None = Field(None, description="plane")
    friction: Expression | None = Field(None, description="static and dynamic, one number for both")
    restitution: Expression | None = None


class LightSpec(Block):
    """A light: ``dome`` from everywhere, ``sun`` from one direction."""

    intensity: Expression | None = None
    color: Expression | None = None
    elevation: Expression | None = None
    azimuth: Expression | None = None


class SceneSpec(Block):
    """What stands around the robot."""

    param: dict[Text, Expression] = Field(default_factory=dict)
    ground: GroundSpec | None = None
    light: dict[Text, LightSpec] = Field(default_factory=dict)
