"""Parses ``.stripe`` text, and the expressions inside YAML, to the tree of :mod:`stripe_dsl.syntax.ast`."""

from __future__ import annotations

from functools import cache
from typing import Any

from stripe_dsl.diagnostics.model import Diagnostic, sort_diagnostics
from stripe_dsl.source import SourceFile, Span
from stripe_dsl.syntax.ast import Broken, Expr, Statement
from stripe_dsl.syntax.automaton import Automaton
from stripe_dsl.syntax.build import Builder
from stripe_dsl.syntax.grammar import load_tables
from stripe_dsl.syntax.lexer import Lexer, Scanner
from stripe_dsl.syntax.token import CLOSING, DEEPEST, OPENING, Token


def parse_file(source: SourceFile) -> tuple[tuple[Statement, ...], list[Diagnostic]]:
    """Parses a whole file.

    Returns:
        The statements at its top level, those that could be parsed, and what is wrong, in source order.
    """
    tree, diagnostics = _parse(source, 0, len(source.text), "file")
    return tree or (), diagnostics


def parse_expression(source: SourceFile, start: int, end: int) -> tuple[Expr, list[Diagnostic]]:
    """Parses ``source.text[start:end]`` as one expression; spans are those of ``source``."""
    tree, diagnostics = _parse(source, start, end, "expression")
    return tree or Broken(Span(source, start, end)), diagnostics


def parse_item(source: SourceFile, start: int, end: int) -> tuple[Statement, list[Diagnostic]]:
    """Parses ``source.text[start:end]`` as one line of an expression block."""
    tree, diagnostics = _parse(source, start, end, "item")
    if tree is None:
        span = Span(source, start, end)
        tree = Statement(span, "", Span(source, start, start), value=Broken(span))
    return tree, diagnostics


def parse_phrase(source: SourceFile, start: int, end: int) -> tuple[Statement, list[Diagnostic]]:
    """Parses ``source.text[start:end]`` as one line of a property block."""
    tree, diagnostics = _parse(source, start, end, "phrase")
    if tree is None:
        tree = Statement(Span(source, start, end), "", Span(source, start, start))
    return tree, diagnostics


def _parse(source: SourceFile, start: int, end: int, rule: str) -> tuple[Any, list[Diagnostic]]:
    run = Run(source, start, end, rule)
    tree = run.parse()
    if tree is FAULT:
        from stripe_dsl.syntax.recover import Recovery  # only a text with mistakes needs it

        recovery = Recovery(source, start, end, rule, _scanner())
        tree = recovery.parse()
        return tree, sort_diagnostics(recovery.diagnostics)
    return tree, sort_diagnostics(run.builder.diagnostics)


FAULT = object()
"""What :meth:`Run.parse` gives for a text that does not follow the grammar."""


@cache
def _scanner() -> Scanner:
    return Scanner(load_tables())


class Run:
    """One parse, which stops at the first thing that is wrong.

    Attributes:
        token: the last token read.
        open: the brackets that are open, outermost first.
        tokens: all tokens read, for the formatter.
    """

    def __init__(self, source: SourceFile, start: int, end: int, rule: str) -> None:
        self.source = source
        self.builder = Builder(source)
        self.lexer = Lexer(_scanner(), source.text, start, end)
        self.automaton = Automaton(load_tables(), self.builder, rule)
        self.token = Token("_NEWLINE", "", start, start)
        self.open: list[Token] = []
        self.tokens: list[Token] = []

    def parse(self) -> Any:
        """The value of the start rule, or :data:`FAULT`."""
        lexer, automaton, brackets, tokens = self.lexer, self.automaton, self.open, self.tokens
        token = self.token
        while token.type != "$END":
            inside = bool(brackets) and brackets[-1].type != "LBRACE"
            found = lexer.next_token(token, inside, automaton.expected())
            if found is None:
                return FAULT
            self.token = token = found
            tokens.append(token)
            if not automaton.feed(token):
                return FAULT
            if token.type in OPENING:
                brackets.append(token)
                if len(brackets) > DEEPEST:
                    return FAULT
            elif token.type in CLOSING:
                brackets.pop()
        return automaton.values[-1]
