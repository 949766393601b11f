"""Warnings: what is allowed, and probably not meant."""

from __future__ import annotations

from collections.abc import Sequence

from stripe_dsl.check.report import Reporter
from stripe_dsl.check.scope import Scope
from stripe_dsl.diagnostics import Diagnostic
from stripe_dsl.spec.elaborate import Task
from stripe_dsl.spec.modules import Module


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
