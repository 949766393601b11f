"""Warnings: what is allowed, and probably not meant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from stripe_dsl.check.report import Reporter
from stripe_dsl.check.scope import Scope
from stripe_dsl.check.values import CHANGING, parts_of
from stripe_dsl.diagnostics import Diagnostic
from stripe_dsl.ir.graph import Node
from stripe_dsl.ir.observations import Group
from stripe_dsl.ir.program import Reward, Termination
from stripe_dsl.ir.randomize import Randomize
from stripe_dsl.ir.robots import Robot
from stripe_dsl.spec.elaborate import Task
from stripe_dsl.spec.modules import Module

OF_BASE = ("pos", "rot", "gravity", "lin_vel", "link_lin_vel", "ang_vel")
"""Quantities of a base that stay what they are where it is fixed to the world."""


def lint(task: Task, scope: Scope, report: Reporter, *, timeout: bool) -> None:
    """Names of a task that are never used, and a task that never ends."""
    own = task.module.document.task[task.name]
    for name in own.let:
        if name in task.spec.let and str(name) not in scope.used:
            report.error("W0001", f"`{name}` is never used", name.span, "remove it")
    for name in own.state:
        if name in task.spec.state and str(name) not in scope.used:
            report.error("W0001", f"the state `{name}` is never used", name.span, "remove it")
    for name in own.command:
        if name in task.spec.command and str(name) not in scope.used:
            report.error("W0001", f"the command `{name}` is never read", name.span, "remove it")
    for name in own.param:
        if str(name) not in scope.used:
            report.error("W0001", f"the parameter `{name}` is never used", name.span, "remove it")
    for name in own.sensor:
        if name in task.spec.sensor and str(name) not in scope.used:
            report.error("W0001", f"the sensor `{name}` is never read", name.span, "remove it")
    if not timeout and not task.spec.truncate:
        span = next(iter(task.spec.terminate)).span if task.spec.terminate else task.spec.span
        report.error(
            "W0008",
            f"task `{task.name}` has no `timeout`",
            span,
            "add `timeout` to `terminate`: without it an episode only ends by failing",
        )


def held_still(
    robots: Sequence[Robot],
    groups: Iterable[Group],
    terms: Iterable[Reward | Termination],
    randomize: Randomize,
    report: Reporter,
) -> None:
    """Observations, rewards and terminations that read a base that is fixed to the world, and nothing that changes."""
    fixed = {robot.name: robot.model.root_body for robot in robots if robot.model.fixed_base}
    if not fixed:
        return
    drawn = any(change.quantity == "env.gravity" for change in (*randomize.startup, *randomize.later))
    constant = tuple(name for name in OF_BASE if not (drawn and name == "gravity"))

    def still(node: Node) -> str:
        """The robot whose base is all that a value reads; empty where there is none, or something else changes."""
        found = ""
        for part in parts_of(node):
            read = part.read
            if read is not None and read.quantity != "env.origin":
                owner, _, name = read.quantity.partition("@")[0].partition(".")
                of_base = owner == "root" or (owner == "body" and read.names == (fixed.get(read.entity),))
                if read.entity not in fixed or not of_base or name not in constant:
                    return ""
                found = read.entity
            elif part.op in CHANGING:
                return ""
        return found

    seen = {item.span: item for group in groups for item in group.items if item.span is not None}
    for span, item in seen.items():
        if robot := still(item.value):
            message = f"the observation `{item.name}` never changes: the base of `{robot}` is fixed to the world"
            report.error("W0003", message, span, "remove it, or read a body that moves")
    for term in terms:
        if robot := still(term.value):
            what = "reward" if isinstance(term, Reward) else "termination"
            message = f"the {what} `{term.name}` never changes: the base of `{robot}` is fixed to the world"
            report.error("W0020", message, term.span, "remove it, or read a body that moves")


def unused_sets(module: Module, tasks: Sequence[Task]) -> list[Diagnostic]:
    """Named joints and bodies that none of a file's tasks uses."""
    report = Reporter()
    for spec in module.document.robot.values():
        users = [(task, name) for task in tasks for name, (used, _) in task.robots.items() if used is spec]
        # a joint between links makes the robot; it is there whether a task names it or not
        tables = (
            (spec.joints, spec.body, spec.bodies) if spec.link else (spec.joint, spec.joints, spec.body, spec.bodies)
        )
        for table in tables:
            for name in table:
                if users and not any(f"{robot}.{name}" in task.used for task, robot in users):
                    report.error("W0001", f"`{name}` is never used", name.span, "remove it")
    return report.diagnostics
