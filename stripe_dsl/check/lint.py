"""Warnings: what is allowed, and probably not meant."""

from __future__ import annotations

from stripe_dsl.check.report import Reporter
from stripe_dsl.check.scope import Scope
from stripe_dsl.spec.elaborate import Task


def lint(task: Task, scope: Scope, report: Reporter, *, timeout: bool) -> None:
    """Unused names, and a task that never ends."""
    for name in task.spec.let:
        if str(name) not in scope.used:
            report.error("W0001", f"`{name}` is never used", name.span, "remove it")
    for name in task.spec.param:
        if str(name) not in scope.used:
            report.error("W0001", f"the parameter `{name}` is never used", name.span, "remove it")
    for name in task.spec.sensor:
        if str(name) not in scope.used:
            report.error("W0001", f"the sensor `{name}` is never read", name.span, "remove it")
    for robot, (spec, module) in task.robots.items():
        if module is not task.module or scope.unknown_sets:
            continue
        for table in (spec.joint, spec.joints, spec.body, spec.bodies):
            for name in table:
                if f"{robot}.{name}" not in scope.used:
                    report.error("W0001", f"`{name}` is never used", name.span, "remove it")
    if not timeout:
        span = next(iter(task.spec.terminate)).span if task.spec.terminate else task.spec.span
        report.error(
            "W0008",
            f"task `{task.name}` has no `timeout`",
            span,
            "add `timeout` to `terminate`: without it an episode only ends by failing",
        )
