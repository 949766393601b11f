"""Reading what has points: each of a mesh, segment of a cable or grain, or the mean of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from stripe_dsl.check.quantities import CABLE, GRAINS, SOFT, Quantity
from stripe_dsl.check.values import CableValue, GrainsValue, SoftValue
from stripe_dsl.ir.graph import Node
from stripe_dsl.ir.types import Type
from stripe_dsl.source import Span

if TYPE_CHECKING:
    from stripe_dsl.check.reading import Reading

POINTED: dict[type[SoftValue], dict[str, Quantity]] = {SoftValue: SOFT, CableValue: CABLE, GrainsValue: GRAINS}
"""What can be read of each."""

MEANS = {
    "soft.pos": "soft.points",
    "soft.lin_vel": "soft.velocities",
    "cable.pos": "cable.points",
    "cable.lin_vel": "cable.velocities",
}
"""What is the mean of what."""


def read_points(reading: Reading, owner: SoftValue, key: str, type: Type, span: Span) -> Node:
    """A quantity of an object that can be deformed: of each point, or the mean of them."""
    name, _, frame = key.partition("@")
    each = MEANS.get(name)
    if each is None:
        return reading.placed(owner.name, key, (), replace(type, axis=owner.axis), span)
    add, world = reading.low.graph.add, replace(type, frame="world")
    points = reading.read(owner.name, f"{each}@world", (), replace(world, axis=owner.axis), span)
    middle = add("mean", (points,), type=world, span=span)
    if frame != "env":
        return middle
    return add("sub", (middle, reading.read("", "env.origin", (), world, span)), type=type, span=span)
