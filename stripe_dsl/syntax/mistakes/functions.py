"""Mistakes in the head of a function: its name, its parameters, and the ``=`` before its value."""

from __future__ import annotations

from stripe_dsl.syntax.describe import describe, expectation
from stripe_dsl.syntax.mistakes.common import skip
from stripe_dsl.syntax.recover import Recovery
from stripe_dsl.syntax.token import Token


def function_head(run: Recovery, token: Token) -> bool:
    """``fn f x = 2``, ``fn f(number x) = x``, ``fn f(x) { x }``."""
    if not run.steps or run.steps[0].token.type != "FN":
        return False
    if any(step.token.type == "EQUAL" and not step.open for step in run.steps):
        return False  # the mistake is in its value
    if not run.in_brackets:
        message = "a function is written `fn name(parameters) = value`"
        run.report("E0101", message, run.span(token), expectation(run))
        return skip(run, token.start)
    if run.open[-1][0].start not in run.braces.partners:
        return False  # it is never closed
    help = "a parameter is written `x`, `x: number [m]` or `x: number [m] = 2 m`"
    run.report("E0101", f"unexpected {describe(token, run)}", run.span(token), expectation(run), (help,))
    return skip(run, token.start)
