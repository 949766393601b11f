"""The mistakes people make, and how parsing goes on behind them.

Each recogniser looks at a token that the parser cannot take, and at what stands before it. One that recognises its
mistake reports it, mends it if it can (or drops the statement), and returns ``True``. The first that does, counts.
Examples of each stand in ``grammar/syntax_errors.toml``.
"""

from __future__ import annotations

from collections.abc import Callable

from stripe_dsl.syntax.describe import describe, expectation
from stripe_dsl.syntax.mistakes.expressions import (
    chain,
    dangling_operator,
    missing_operand,
    missing_operator,
    operator_in_property,
    plus_minus,
    spaced_call,
    stray_equal,
)
from stripe_dsl.syntax.mistakes.foreign import (
    comment,
    decimal_comma,
    foreign_keyword,
    foreign_operator,
    hyphen,
    option_with_equal,
)
from stripe_dsl.syntax.mistakes.functions import function_head
from stripe_dsl.syntax.mistakes.structure import (
    bracket_for_brace,
    missing_block,
    missing_separator,
    misspelt_keyword,
    stray_bar,
    stray_brace,
    stray_comma,
    unclosed_bracket,
    unknown_block,
    unnamed,
    wrong_closer,
)
from stripe_dsl.syntax.mistakes.text import read_text, stray_point, unknown_unit
from stripe_dsl.syntax.recover import Recovery
from stripe_dsl.syntax.token import Token

__all__ = ["MISTAKES", "mend", "read_text"]

MISTAKES: tuple[Callable[[Recovery, Token], bool], ...] = (
    bracket_for_brace,
    stray_brace,
    comment,
    foreign_operator,
    stray_point,
    decimal_comma,
    foreign_keyword,
    misspelt_keyword,
    unknown_block,
    unnamed,
    wrong_closer,
    function_head,
    unclosed_bracket,
    stray_bar,
    option_with_equal,
    hyphen,
    missing_separator,
    unknown_unit,
    spaced_call,
    plus_minus,
    chain,
    dangling_operator,
    stray_equal,
    missing_block,
    missing_operand,
    missing_operator,
    operator_in_property,
    stray_comma,
)


def mend(run: Recovery, token: Token) -> None:
    """Handles a token that the parser cannot take. The token has been read, and not fed."""
    for mistake in MISTAKES:
        if mistake(run, token):
            return
    run.report("E0101", f"unexpected {describe(token, run)}", run.span(token), expectation(run))
    run.skip(token.start)
