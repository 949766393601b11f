"""What resets read of one another: where robots and objects begin an episode, and in which order that is known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from stripe_dsl.ir.graph import walk
from stripe_dsl.ir.program import Program, Reset
from stripe_dsl.ir.reach import Reach

BEGIN = "root.begin_"
"""What quantities begin with that other resets set: ``root.begin_pos`` [m] in the environment, ``root.begin_rot``,
``root.begin_lin_vel`` [m/s] and ``root.begin_ang_vel`` [rad/s] in the world."""


def goals_as_resets(reaches: Iterable[Reach]) -> list[Reset]:
    """What is to be reached, in the form of resets of the robots that reach it."""
    return [
        Reset(item.robot, "joint.pos", item.joints, "", goal, item.span) for item in reaches for _, goal in item.goals
    ]


def lines_of(program: Program) -> list[Reset]:
    """All that is evaluated when an episode begins."""
    return [*program.resets, *goals_as_resets(program.reaches)]


def begins_read(resets: Iterable[Reset]) -> dict[str, tuple[str, ...]]:
    """Quantities that resets read of where others begin, by the robot or object that they belong to."""
    found: dict[str, set[str]] = {}
    for node in walk(reset.value for reset in resets):
        if node.read is not None and node.read.quantity.startswith(BEGIN):
            found.setdefault(node.read.entity, set()).add(node.read.quantity)
    return {entity: tuple(sorted(quantities)) for entity, quantities in found.items()}


def reset_order(names: Sequence[str], resets: Sequence[Reset]) -> tuple[list[str], list[str]]:
    """Names of robots and objects, each behind those whose beginning it reads, in the given order as far as that goes.

    Returns:
        The order, and the names of a circle where there is one (its first name again at the end); those are left out.
    """
    wanted = {name: set(begins_read(reset for reset in resets if reset.robot == name)) for name in names}
    order: list[str] = []
    left = list(names)
    while left:
        ready = next((name for name in left if wanted[name] <= set(order)), None)
        if ready is None:
            return order, _circle(wanted, left)
        order.append(ready)
        left.remove(ready)
    return order, []


def _circle(wanted: dict[str, set[str]], left: Sequence[str]) -> list[str]:
    """A way through ``wanted`` that ends where it began."""
    way = [left[0]]
    while True:
        following = next(name for name in left if name in wanted[way[-1]])
        if following in way:
            return [*way[way.index(following) :], following]
        way.append(following)
