"""Parses ``.stripe`` text, and the expressions inside YAML, to the tree of :mod:`stripe_dsl.syntax.ast`."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Any

from stripe_dsl.diagnostics.model import Diagnostic, sort_diagnostics
from stripe_dsl.source import SourceFile, Span
from stripe_dsl.syntax.ast import Broken, Expr, Statement
from stripe_dsl.syntax.build import Token
from stripe_dsl.syntax.grammar import load_grammar

if TYPE_CHECKING:
    from lark.lexer import ContextualLexer
    from lark.parsers.lalr_parser_state import ParserState

_lock = threading.Lock()  # the builder of the cached grammar serves one parse at a time


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


def _parse(source: SourceFile, start: int, end: int, rule: str) -> tuple[Any, list[Diagnostic]]:
    with _lock:
        run = Run(source, start, end, rule)
        try:
            return run.parse(), sort_diagnostics(run.diagnostics)
        except SyntaxFault:
            return None, [Diagnostic("E0101", "TODO", Span(source, run.token.start, run.token.end))]


class SyntaxFault(Exception):
    """The parser cannot take ``run.token``, or nothing can be made of the text at ``run.position``."""


# After these a line end does not close the statement.
CONTINUING = frozenset(
    "COMMA DOT DOT_DOT AT EQUAL PLUS_EQUAL STAR_EQUAL PLUS_MINUS PLUS MINUS STAR SLASH CARET LESS LESS_EQUAL GREATER "
    "GREATER_EQUAL EQUAL_EQUAL NOT_EQUAL AND OR NOT IF ELSE WHERE LBRACE _NEWLINE _SEMICOLON".split()
)
OPENING = frozenset("LBRACE LPAR LPAR_TOUCHING LSQB LSQB_TOUCHING BAR_OPEN".split())
CLOSING = frozenset("RBRACE RPAR RSQB BAR_CLOSE".split())

_BLANK = re.compile(r"[ \t\n\r\f]*")
_COLOR = re.compile(r"#[0-9A-Fa-f]{6}\b")


class Run:
    """One parse: steps through the text, and feeds the parser.

    Attributes:
        position: offset of the next character to read.
        token: the last token fed, or about to be fed.
        open: the brackets that are open, outermost first.
    """

    def __init__(self, source: SourceFile, start: int, end: int, rule: str) -> None:
        from lark.utils import TextSlice

        lark, builder = load_grammar()
        self.source = source
        self.text = source.text
        self.end = end
        self.position = start
        self.diagnostics: list[Diagnostic] = []
        self.token = Token("_NEWLINE", "", start, start)
        self.open: list[Token] = []
        builder.source = source
        builder.diagnostics = self.diagnostics
        interactive = lark.parse_interactive("", start=rule)
        self.state: ParserState[int] = interactive.parser_state
        self.lexer: ContextualLexer = interactive.lexer_thread.lexer
        self._slice = TextSlice(self.text, 0, end)

    def parse(self) -> Any:
        """The value of the start rule.

        Raises:
            SyntaxFault: the text does not follow the grammar.
        """
        while (token := self.next_token()).type != "$END":
            self.feed(token)
        self.token = token
        return self.finish(token)

    def feed(self, token: Token) -> None:
        """Hands one token to the parser."""
        from lark.exceptions import UnexpectedToken

        self.token = token
        try:
            self.state.feed_token(token)
        except UnexpectedToken:
            raise SyntaxFault from None
        if token.type in OPENING:
            self.open.append(token)
        elif token.type in CLOSING:
            self.open.pop()

    def finish(self, token: Token) -> Any:
        """Feeds the end of the text."""
        from lark.exceptions import UnexpectedToken

        try:
            return self.state.feed_token(token, is_end=True)
        except UnexpectedToken:
            raise SyntaxFault from None

    def next_token(self) -> Token:
        """Reads the next token that the parser could take; a line end only where it closes a statement."""
        newline = self._skip_blank()
        previous = self.token
        if newline >= 0 and previous.type not in CONTINUING and (not self.open or self.open[-1].type == "LBRACE"):
            return Token("_NEWLINE", "\n", newline, newline + 1)
        start = self.position
        if start >= self.end:
            return Token("$END", "", self.end, self.end)
        lexer = self.lexer.lexers[self.state.state_stack[-1]]
        found = lexer.match(self._slice, start) or self.match_anywhere(start)
        text, type_ = found
        end = self.position = start + len(text)
        token = Token(type_, text, start, end)
        convert = lexer.callback.get(type_)
        return convert(token) if convert else token

    def match_anywhere(self, start: int) -> tuple[str, str]:
        """What stands at ``start``, though the parser has no use for it there."""
        lexer = self.lexer.root_lexer
        found = lexer.match(self._slice, start)
        if found is None:
            self.token = Token("?", self.text[start : start + 1], start, start + 1)
            raise SyntaxFault
        return found

    def _skip_blank(self) -> int:
        """Steps over white space and comments; gives the offset of the first line end there, or -1."""
        text, position, first = self.text, self.position, -1
        while True:
            blank = _BLANK.match(text, position, self.end)
            assert blank is not None
            if first < 0:
                first = text.find("\n", position, blank.end())
            position = blank.end()
            if position >= self.end or text[position] != "#":
                break
            # `color #126B12`: not a comment
            if self.token.value == "color" and first < 0 and _COLOR.match(text, position, self.end):
                break
            end_of_line = text.find("\n", position, self.end)
            position = self.end if end_of_line < 0 else end_of_line
        self.position = position
        return first
