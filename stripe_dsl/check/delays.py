"""Delays: commands wait for whole physics steps, on their way to an actuator and inside of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from stripe_dsl.check.report import Reporter
from stripe_dsl.check.tunables import Role
from stripe_dsl.ir.program import Action, Sim, Tunable
from stripe_dsl.ir.robots import Robot
from stripe_dsl.source import Span
from stripe_dsl.spec.blocks import Item
from stripe_dsl.syntax import ast
from stripe_dsl.units import TIME

if TYPE_CHECKING:
    from stripe_dsl.check.actions import Actions


def arrival(actions: Actions, item: Item) -> str:
    """The path of the time that an action takes to arrive, or of the range that it is drawn from.

    Returns:
        Empty after a mistake.
    """
    value = item.delay
    assert value is not None
    if item.smooth is not None:
        message = "`smooth` averages over control steps, and a command with a `delay` changes between them"
        actions.report.error("E0309", message, value.span, "take one of them, or give the actuator a `delay`")
        return ""
    with actions.tunables.paused():
        if isinstance(value.node, ast.Range):
            time = actions.settings.pair(value, TIME, "delay")
        else:
            time = actions.settings.number(value, TIME, "delay")
    if time is None:
        return ""
    if (time[0] if isinstance(time, tuple) else time) < 0:
        actions.report.error("E0309", "`delay` cannot be negative", value.span, "write `0..20 ms` for a range")
        return ""
    path = actions.said["delay"] = actions.tunables.add(time, TIME, Role.DELAY, value.span)
    return path


def check_delays(
    robots: Sequence[Robot], actions: Sequence[Action], tunables: Mapping[str, Tunable], sim: Sim, report: Reporter
) -> None:
    """Reports delays that are no whole number of physics steps."""
    for robot in robots:
        for actuator in robot.actuators:
            _check(f"actuator `{actuator.name}`", [actuator.delay or 0.0], sim, report, actuator.span)
    for action in actions:
        if action.delay:
            time = tunables[action.delay]
            times = time.value if isinstance(time.value, tuple) else [float(time.value)]
            _check(f"action `{action.name}`", times, sim, report, time.span)


def _check(owner: str, times: Sequence[float], sim: Sim, report: Reporter, span: Span | None) -> None:
    step = sim.physics_dt * 1e3
    for time in times:
        steps = time / sim.physics_dt
        if abs(steps - round(steps)) > 1e-3:
            counts = sorted({max(int(steps), 1), int(steps) + 1})
            near = " or ".join(f"`{count * step:.4g} ms`" for count in counts)
            message = f"the delay of {owner} is {steps:.4g} physics steps of {step:.4g} ms"
            report.error("E0518", message, span, f"write a whole number of them, as in {near}")
