"""Parses a text that has mistakes: reports each once, and goes on behind it.

It starts where :class:`~stripe_dsl.syntax.parser.Run` gave up, over again and more carefully: every token is tried
before it is fed, so that the stacks still show what stands before a mistake, and every step of a statement is
remembered, so that one can go back. What a mistake is, is known to :mod:`stripe_dsl.syntax.mistakes`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stripe_dsl.diagnostics.model import Annotation, Diagnostic
from stripe_dsl.source import SourceFile, Span
from stripe_dsl.syntax.automaton import Automaton
from stripe_dsl.syntax.braces import scan_braces, skip_statement
from stripe_dsl.syntax.build import Builder
from stripe_dsl.syntax.lexer import Lexer, Scanner
from stripe_dsl.syntax.token import CLOSING, DEEPEST, OPENING, WITH_BLOCK, Token

_LIMIT = 100  # steps without progress: a bug, and no reason to hang
_MOST = 100  # mistakes, after which a text is hardly one in this language


@dataclass(slots=True)
class Step:
    """The parser just before it took ``token``."""

    token: Token
    before: Token
    states: list[int]
    values: list[Any]
    open: list[tuple[Token, int]]


class Recovery:
    """One parse that survives mistakes.

    Attributes:
        token: the last token that the parser took.
        open: brackets that are open, with the depth of the stack inside them.
        steps: the tokens of the current statement, with the parser as it was before each.
        lost: statements have been found in the wrong place, and a brace that is to blame.
        silent: a mistake in this statement has been reported; what follows from it is not.
    """

    def __init__(self, source: SourceFile, start: int, end: int, rule: str, scanner: Scanner) -> None:
        from stripe_dsl.syntax.grammar import load_tables

        self.source = source
        self.text = source.text
        self.end = end
        self.rule = rule
        self.scanner = scanner
        self.builder = Builder(source)
        self.diagnostics = self.builder.diagnostics
        self.lexer = Lexer(scanner, source.text, start, end)
        self.automaton = Automaton(load_tables(), self.builder, rule)
        self.braces = scan_braces(source.text, start, end)
        self.token = Token("_NEWLINE", "", start, start)
        self.open: list[tuple[Token, int]] = []
        self.steps: list[Step] = []
        self.silent = False
        self.lost = False
        # Where a missing brace is put in; of several at one place, the innermost first.
        self._closers = sorted(((at, brace) for brace, at in self.braces.unclosed.items()), key=lambda c: (c[0], -c[1]))
        self._pending: list[Token] = []

    def parse(self) -> Any:
        """The value of the start rule, as far as there is one."""
        from stripe_dsl.syntax.mistakes import mend, read_text

        stuck, furthest = 0, -1
        while self.token.type != "$END":
            stuck, furthest = (0, self.lexer.position) if self.lexer.position > furthest else (stuck + 1, furthest)
            if stuck > _LIMIT:
                return None
            if len(self.open) > DEEPEST:
                self.report("E0101", "blocks and brackets nest too deeply", self.span(self.token))
                return None
            if len(self.diagnostics) >= _MOST:
                message = f"{_MOST} mistakes are enough: what follows is not read"
                self.diagnostics.append(Diagnostic("E0101", message, self.span(self.token)))
                return None
            token = self.next_token() or read_text(self)
            if token is None:
                continue
            if self.automaton.accepts(token.type):
                self.feed(token)
            else:
                mend(self, token)
        return self.automaton.values[-1]

    # ---- tokens

    @property
    def in_brackets(self) -> bool:
        """Inside ``( )``, ``[ ]`` or ``| |``."""
        return bool(self.open) and self.open[-1][0].type != "LBRACE"

    def next_token(self) -> Token | None:
        """The next token, with the braces that are missing and without those that are too many."""
        if self._pending:
            return self._pending.pop(0)
        while True:
            token = self.lexer.next_token(self.token, self.in_brackets, self.automaton.expected())
            at = self.lexer.position if token is None else token.start
            if self._closers and at >= self._closers[0][0] and (token is None or token.type != "_NEWLINE"):
                expected = self._closers[0][0]
                group = [closer for closer in self._closers if closer[0] == expected]
                del self._closers[: len(group)]
                self._report_unclosed([brace for _, brace in group], expected)
                self.lexer.position = at
                self._pending += [Token("RBRACE", "}", at, at) for _ in group[1:]]
                if at < self.end:
                    self._pending.append(Token("_NEWLINE", "", at, at))
                return Token("RBRACE", "}", at, at)
            if token is None or token.type != "RBRACE" or token.start not in self.braces.extra:
                return token
            self.report("E0101", "`}` closes nothing", self.span(token), helps=("remove it",))

    def feed(self, token: Token) -> None:
        """Gives the parser a token that it accepts."""
        automaton = self.automaton
        step = Step(token, self.token, list(automaton.states), list(automaton.values), list(self.open))
        automaton.feed(token)
        self.token = token
        if token.type in OPENING:
            self.open.append((token, len(automaton.states)))
        elif token.type in CLOSING and self.open:
            self.open.pop()
        self.steps.append(step)
        ends = token.type in ("_NEWLINE", "_SEMICOLON", "LBRACE", "RBRACE")
        if ends and all(bracket.type == "LBRACE" for bracket, _ in self.open):
            self.steps.clear()
            self.silent = False

    def made(self, kind: str, value: str = "") -> None:
        """Feeds a token that the text lacks, just after the last one."""
        self.feed(Token(kind, value, self.token.end, self.token.end))

    def back_to(self, step: Step, position: int) -> None:
        """Undoes everything since a step; reading goes on at ``position``."""
        self.automaton.states = list(step.states)
        self.automaton.values = list(step.values)
        self.open = list(step.open)
        self.token = step.before
        del self.steps[next(i for i, item in enumerate(self.steps) if item is step) :]
        self.lexer.position = position
        self._pending.clear()

    def accepts(self, *kinds: str) -> bool:
        """Whether these tokens could stand here, one after the other."""
        return self.automaton.accepts(*kinds)

    def same_line(self, first: int, second: int) -> bool:
        """Whether no line ends between two offsets."""
        return "\n" not in self.text[first:second]

    # ---- reports

    def span(self, first: Token, last: Token | None = None) -> Span:
        """From one token to another."""
        return Span(self.source, first.start, (last or first).end)

    def report(
        self,
        code: str,
        message: str,
        span: Span,
        label: str = "",
        helps: tuple[str, ...] = (),
        notes: tuple[Annotation, ...] = (),
    ) -> None:
        """Adds a diagnostic, unless it only follows from one before."""
        if not self.silent:
            self.diagnostics.append(Diagnostic(code, message, span, label, helps, notes))

    def _report_unclosed(self, braces: list[int], expected: int) -> None:
        """One report for all that were to be closed at one place, at the innermost."""
        brace, *outer = braces
        if expected >= self.end:
            end = len(self.text[: self.end].rstrip())
            note = Annotation(Span(self.source, end, end), "the text ends here")
        else:
            word = self.text[expected : self.end].split(None, 1)[0]
            note = Annotation(Span(self.source, expected, expected + len(word)), "`}` is expected before this")
        span = Span(self.source, brace, brace + 1)
        helps = ("add `}` at the end of the block",)
        others = [Annotation(Span(self.source, at, at + 1), "nor is this one") for at in outer]
        self.diagnostics.append(Diagnostic("E0102", "`{` is never closed", span, "opened here", helps, (*others, note)))

    def forget_unclosed(self, offset: int) -> bool:
        """Takes a ``{`` for the one that is too many: nothing will be put in for it, or for the one around it."""
        inner = [closer for closer in self._closers if closer[1] <= offset]
        if inner:
            self._closers.remove(max(inner, key=lambda closer: closer[1]))
        return bool(inner)

    # ---- giving up on a statement

    def skip(self, start: int) -> None:
        """Steps over the rest of the statement from ``start`` on, and keeps of it what can be kept."""
        for bracket, _ in self._brackets():
            start = max(start, self.braces.partners.get(bracket.start, start))
        end, brace = skip_statement(self.text, start, self.end, self.braces)
        around = [at for at, opened in self._closers if opened < start and at <= end]
        end = max(min(around, default=end), start)
        # Keep the block of a statement whose head is wrong, if there can be one.
        if 0 <= brace < end and self._rewind("LBRACE"):
            end = brace
        elif brace < 0 and self.lacks_block(start) and self._rewind("LBRACE"):
            self.feed(Token("LBRACE", "{", end, end))
            self.drop_surplus(start)
            self.lexer.position = end
            return
        else:
            for at, opened in [closer for closer in self._closers if start <= closer[1] < end]:
                self._report_unclosed([opened], at)
                self._closers.remove((at, opened))
            self._finish(end)
        self.lexer.position = end
        self._pending.clear()
        self.token = Token("BROKEN", "", end, end)
        self.silent = True

    def lacks_block(self, offset: int) -> bool:
        """Whether the statement wants a block, and later a ``}`` closes one that was never opened."""
        head = self.steps[0].token.type if self.steps else ""
        return head in WITH_BLOCK and any(at >= offset for at in self.braces.extra)

    def drop_surplus(self, offset: int) -> None:
        """The first ``}`` after an offset that was one too many is none any more."""
        self.braces.extra.discard(min(at for at in self.braces.extra if at >= offset))

    def _finish(self, end: int) -> None:
        """Makes the stacks ready for what ends a statement at ``end``."""
        if end >= self.end:
            self._rewind("$END" if not any(bracket.type == "LBRACE" for bracket, _ in self.open) else "RBRACE")
        else:
            kinds = {";": "_SEMICOLON", "}": "RBRACE"}
            self._rewind(kinds.get(self.text[end], "_NEWLINE"))

    def _brackets(self) -> list[tuple[Token, int]]:
        """The brackets that the current statement has open."""
        braces = [i for i, (bracket, _) in enumerate(self.open) if bracket.type == "LBRACE"]
        return self.open[braces[-1] + 1 :] if braces else self.open

    def _rewind(self, kind: str) -> bool:
        """Drops as little as possible of the statement, so that ``kind`` can follow; a hole may fill the place."""
        automaton = self.automaton
        inside = [depth for bracket, depth in self.open if bracket.type == "LBRACE"]
        floor = inside[-1] if inside else 1
        if kind == "LBRACE":  # at the start of a statement of an expression block it would be a value
            start = self.steps[0].states if self.steps else automaton.states
            floor = max(floor, len(start)) + 1
        states, values = automaton.states, automaton.values
        for depth in range(len(states), floor - 1, -1):
            automaton.states, automaton.values = states[:depth], values[: depth - 1]
            hole = not self.accepts(kind)
            if hole and not self.accepts("BROKEN", kind):
                continue
            self.open = [(bracket, at) for bracket, at in self.open if at <= depth]
            if hole:
                automaton.feed(Token("BROKEN", "", self.token.end, self.token.end))
            return True
        automaton.states, automaton.values = states, values
        return False
