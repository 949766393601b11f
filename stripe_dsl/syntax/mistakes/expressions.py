"""Mistakes inside expressions and values."""

from __future__ import annotations

from stripe_dsl.source import Span
from stripe_dsl.syntax.describe import CLOSERS, describe, has_value_end
from stripe_dsl.syntax.mistakes.common import ASSIGNMENTS, COMPARISONS, ENDS, OPERATORS, hole, in_property, skip
from stripe_dsl.syntax.recover import Recovery
from stripe_dsl.syntax.token import CONTINUING, Token


def spaced_call(run: Recovery, token: Token) -> bool:
    """``exp (x)``."""
    touching = f"{token.type}_TOUCHING"
    before = run.token
    if token.type not in ("LPAR", "LSQB") or before.type != "NAME" or not run.accepts(touching):
        return False
    if not run.same_line(before.end, token.start):
        return False
    message = f"a space separates `{before.value}` from its `{token.value}`"
    helps = (f"write `{before.value}{token.value}`",)
    run.report("E0101", message, Span(run.source, before.end, token.start), helps=helps)
    run.feed(Token(touching, token.value, token.start, token.end))
    return True


def plus_minus(run: Recovery, token: Token) -> bool:
    """``a +- b`` in an expression."""
    if token.type != "PLUS_MINUS" or not run.accepts("PLUS"):
        return False
    helps = ("for a range around a value write `a + (+-b)`", "for a difference write `a - b`")
    run.report("E0101", "`+-` starts a range and joins nothing", run.span(token), helps=helps)
    run.feed(Token("PLUS", "+", token.start, token.start))
    run.feed(token)
    return True


def chain(run: Recovery, token: Token) -> bool:
    """``a < b < c``, ``a..b..c``, ``a if b where c``."""
    if token.type in COMPARISONS and run.accepts("AND"):
        first = next((step.token for step in reversed(run.steps) if step.token.type in COMPARISONS), None)
        if first is None:
            return False
        middle = run.text[first.end : run.token.end].strip()
        helps = (f"write `… {first.value} {middle} and {middle} {token.value} …`",)
        run.report("E0101", "comparisons do not chain", run.span(token), helps=helps)
        run.feed(Token("AND", "and", token.start, token.start))
        run.feed(Token("BROKEN", "", token.start, token.start))
        run.feed(token)
        return True
    if token.type in ("DOT_DOT", "IF", "WHERE") and has_value_end(run.token) and not run.accepts("NUMBER"):
        if not (run.accepts("AND") or run.accepts("_SEMICOLON") or run.in_brackets):
            return False
        if in_property(run):
            return False
        what = "a range has two ends" if token.type == "DOT_DOT" else f"a second `{token.value}` needs parentheses"
        run.report("E0101", what, run.span(token), helps=("put the part before it into parentheses",))
        return skip(run, token.start)
    return False


def stray_equal(run: Recovery, token: Token) -> bool:
    """``if a = b``, ``a + b = 3``."""
    if token.type not in ASSIGNMENTS:
        return False
    if run.accepts("EQUAL_EQUAL") and (run.in_brackets or any(step.token.type == "EQUAL" for step in run.steps)):
        helps = ("compare with `==`",)
        run.report("E0101", f"unexpected `{token.value}` inside an expression", run.span(token), helps=helps)
        run.feed(Token("EQUAL_EQUAL", "==", token.start, token.end))
        return True
    if run.accepts("EQUAL_EQUAL"):
        helps = ("compare with `==`",)
        message = f"only a name or a path stands left of `{token.value}`"
        run.report("E0101", message, run.span(token), helps=helps)
        return skip(run, token.start)
    return False


def missing_operand(run: Recovery, token: Token) -> bool:
    """``a *`` and nothing, ``a * / b``, ``* a``, ``noise`` without its value."""
    if not run.accepts("NUMBER") or (has_value_end(run.token) and not _is_option_key(run)):
        return False
    before = run.token
    starts = before.type in ("_NEWLINE", "_SEMICOLON", "LBRACE") or not run.steps
    if starts:
        if token.type == "$END" and run.rule != "file":
            run.report("E0110", "an expression is missing", run.span(token))
            return hole(run, token)
        if token.type not in OPERATORS:
            return False
        helps = ("a line goes on after an operator: end the line above with it",) if before.type == "_NEWLINE" else ()
        run.report("E0110", f"nothing stands before `{token.value}`", run.span(token), helps=helps)
        return hole(run, token)
    if token.type in OPERATORS or token.type in ("COMMA", "EQUAL"):
        message = f"expected a value after `{before.value}`, found `{token.value}`"
        run.report("E0110", message, run.span(token))
        return hole(run, token)
    if token.type in ENDS or token.type in CLOSERS:
        if before.type in ("LPAR", "LSQB", "LPAR_TOUCHING", "LSQB_TOUCHING", "BAR_OPEN"):
            message = f"nothing stands between `{before.value}` and `{token.value}`"
            run.report("E0110", message, run.span(before, token) if token.type in CLOSERS else run.span(before))
        elif _is_option_key(run) and _is_unit(before.value):
            message = "a unit follows a number, a vector or a range of numbers"
            run.report("E0101", message, run.span(before), helps=(f"multiply by `1 {before.value}`",))
        elif _is_option_key(run):
            label = "a value is missing after it, or an operator before it"
            run.report("E0110", f"`{before.value}` has no value", run.span(before), label)
        else:
            run.report("E0110", f"expected a value after `{before.value}`", run.span(before))
        return hole(run, token)
    return False


def dangling_operator(run: Recovery, token: Token) -> bool:
    """``f = 3 *`` and, on the next line, another definition."""
    if token.type not in ASSIGNMENTS or run.in_brackets or not run.steps:
        return False
    path = {"NAME", "DOT", "AT"}
    first = len(run.steps)
    while first > 0 and run.steps[first - 1].token.type in path:
        first -= 1
    if first == len(run.steps) or first == 0:
        return False
    step = run.steps[first]
    before = step.before
    if run.same_line(before.end, step.token.start) or before.type not in CONTINUING:
        return False
    run.report("E0110", f"expected a value after `{before.value}`", run.span(before))
    run.back_to(step, before.end)
    if not run.accepts("BROKEN", "_NEWLINE"):
        return skip(run, before.end)
    run.made("BROKEN")
    run.lexer.position = before.end
    return True


def missing_operator(run: Recovery, token: Token) -> bool:
    """``(a b)``, ``x = a 2``."""
    values = ("NAME", "NUMBER", "QUANTITY", "STRING", "LPAR", "LSQB", "NOT", "BAR_OPEN", "UNIT")
    if token.type not in values or not has_value_end(run.token) or not run.accepts("PLUS"):
        return False
    if run.same_line(run.token.end, token.start):
        found = describe(token, run)
        helps = ("there is no multiplication without `*`",)
        message = f"expected an operator between {describe(run.token, run)} and {found}"
        run.report("E0110", message, run.span(run.token, token), helps=helps)
        return skip(run, token.start)
    return False


def operator_in_property(run: Recovery, token: Token) -> bool:
    """``damping 2 * 5``: a property's value has no operators."""
    if token.type not in OPERATORS or run.in_brackets or not in_property(run):
        return False
    message = "a property's value holds no operators outside parentheses"
    run.report("E0101", message, run.span(token), helps=("put the expression into parentheses",))
    return skip(run, token.start)


def _is_unit(name: str) -> bool:
    from stripe_dsl.units import UNIT_NAMES

    return name in UNIT_NAMES


def _is_option_key(run: Recovery) -> bool:
    """The last token is a word that wants a value: one that stands where an expression was complete."""
    step = run.steps[-1] if run.steps else None
    return (
        step is not None
        and step.token is run.token
        and run.token.type == "NAME"
        and has_value_end(step.before)
        and run.accepts("BROKEN")
        and not run.accepts("PLUS")
    )
