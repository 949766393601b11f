"""Values that somebody else gives for the parameters of a file: ``--set``, and the task that uses a scene."""

from __future__ import annotations

from stripe_dsl.check.arithmetic import is_zero, unit_words
from stripe_dsl.check.expressions import Lowering
from stripe_dsl.check.report import Reporter
from stripe_dsl.check.scope import Scope
from stripe_dsl.ir.graph import Node
from stripe_dsl.spec.values import Expression
from stripe_dsl.syntax import ast


def given_values(scope: Scope, report: Reporter) -> None:
    """Reports values from ``--set``, and those that a task gives its scene, that are not what the parameter is."""
    given = dict(scope.params)
    for name, default in scope.overridden.items():
        nodes = []
        for value in (default, given[name]):
            params = {**given, **scope.overridden}
            nodes.append(Lowering(Scope(params=params, incomplete=True), Reporter()).value(value.node))
        old, new = nodes
        if not (isinstance(old, Node) and isinstance(new, Node)):
            continue
        span = given[name].span
        if old.type.kind is not new.type.kind:
            what = f"the parameter `{name}` is {old.type.describe()}, not {new.type.describe()}"
            report.error("E0309", what, span, f"it is `{default.span.text}` in the file")
        elif is_zero(new):
            scope.params[name] = Expression(ast.Number(span, 0.0, str(old.type.dim)))
            continue
        elif old.type.dim != new.type.dim:
            what = f"the parameter `{name}` is {unit_words(old.type.dim)}, not {unit_words(new.type.dim)}"
            report.error("E0403", what, span, f"it is `{default.span.text}` in the file")
        else:
            continue
        scope.params[name] = default
