"""Where robots and objects begin, as resets of others read it: ``cup.pos = tray.pos + (0, 0, 5 cm)``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stripe_dsl.check.report import Reporter
from stripe_dsl.check.values import Base
from stripe_dsl.ir.graph import Node, walk
from stripe_dsl.ir.program import Reset
from stripe_dsl.ir.resets import BEGIN, reset_order
from stripe_dsl.ir.types import Kind, Type
from stripe_dsl.syntax import ast
from stripe_dsl.text import and_list

if TYPE_CHECKING:
    from stripe_dsl.check.expressions import Lowering

FRAMES = {"pos": "env", "rot": "world", "lin_vel": "world", "ang_vel": "world", "yaw": ""}
"""What a reset may read, and in which frame: the one that resets set it in."""


def begin_of(low: Lowering, base: Base, expr: ast.Field, frame: str | None, type: Type) -> Node | None:
    """A quantity of a robot's base or of an object at the start of the episode, after its own resets."""
    name, span = expr.name, expr.span
    low.reads_begins = True
    if name not in FRAMES or base.model.fixed_base:
        what = "the base is fixed to the world" if base.model.fixed_base else f"`{name}` follows from the state"
        known = and_list([f".{item}" for item in FRAMES])
        help = f"a reset may read {known} of objects and of bases that move, and `default`"
        low.report.error("E0505", f"a reset sets the state and cannot read it: {what}", span, help)
        return None
    if (frame or "") != FRAMES[name]:
        help = f"write `{expr.object.span.text}.{name}@{FRAMES[name]}`"
        low.report.error("E0406", f"a reset knows `{name}` in the frame `{FRAMES[name]}` alone", span, help)
        return None
    if name == "yaw":
        rot = low.reading.read(base.robot, f"{BEGIN}rot", (), Type(Kind.QUAT, frame="world"), span)
        return low.graph.add("euler", (rot,), type=type, attr="yaw", span=span)
    return low.reading.read(base.robot, f"{BEGIN}{name}", (), type, span)


def check_order(resets: list[Reset], report: Reporter) -> None:
    """Reports things that begin where each other begins."""
    names = list(dict.fromkeys(reset.robot for reset in resets))
    others = {node.read.entity for reset in resets for node in walk([reset.value]) if node.read and node.read.entity}
    _, circle = reset_order([*names, *sorted(others - set(names))], resets)
    if not circle:
        return
    for reset in resets:
        for node in walk([reset.value]):
            read = node.read
            if reset.robot == circle[0] and read and read.entity == circle[1] and read.quantity.startswith(BEGIN):
                chain = " -> ".join(circle)
                message = f"where `{circle[0]}` begins follows from itself: {chain}"
                help = "write `default` for where it stands by itself, or draw a number for all: `state shift = +-5 cm`"
                report.error("E0210", message, node.span or reset.span, help)
                return
