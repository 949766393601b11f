"""Breaks long lines of generated Python, as the formatter would in the usual cases."""

from __future__ import annotations

import io
import tokenize
from dataclasses import dataclass

WIDTH = 120
_INDENT = 4
_LEVELS = (
    (",",),
    ("if", "else"),
    ("or",),
    ("and",),
    ("<", "<=", ">", ">=", "==", "!=", "in", "is"),
    ("|",),
    ("&",),
    ("+", "-"),
    ("*", "/", "%"),
)
_PLACE = {symbol: place for place, symbols in enumerate(_LEVELS) for symbol in symbols}
_KEYWORDS = {"if", "else", "or", "and", "in", "is", "not", "lambda"}


def layout(prefix: str, expression: str, indent: int = 0, width: int = WIDTH) -> str:
    """A statement in as few lines as its length allows.

    Args:
        prefix: what stands before the expression: ``"return "``, ``"reward = "``, or nothing.
        expression: an expression on one line, spaced as the formatter does.
        indent: columns before the first line.
        width: longest line wanted. A name or literal that is longer stays as it is.

    Returns:
        Lines joined by newlines, without one at the end. The code means the same as ``prefix + expression``.
    """
    flat = f"{' ' * indent}{prefix}{expression}"
    if len(flat) <= width:
        return flat
    return "\n".join(_Layout.of(expression, width).statement(prefix, indent))


def layout_item(expression: str, indent: int, width: int = WIDTH) -> str:
    """One of several items between brackets that stand on lines of their own; a comma follows it."""
    parts = _Layout.of(expression, width)
    return "\n".join(parts.lines(0, len(parts.tokens), indent, ","))


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Layout:
    """Lines for ranges of tokens; a range is two token numbers, the second one excluded."""

    source: str
    tokens: list[_Token]
    partner: dict[int, int]
    width: int

    @classmethod
    def of(cls, expression: str, width: int) -> _Layout:
        tokens, partner, opened = [], {}, []
        for token in tokenize.generate_tokens(io.StringIO(expression).readline):
            if token.type in (tokenize.NEWLINE, tokenize.NL, tokenize.ENDMARKER):
                continue
            if token.string in ("(", "[", "{"):
                opened.append(len(tokens))
            elif token.string in (")", "]", "}"):
                partner[opened.pop()] = len(tokens)
            tokens.append(_Token(token.string, token.start[1], token.end[1]))
        return cls(expression, tokens, partner, width)

    def statement(self, prefix: str, indent: int) -> list[str]:
        """Lines of a statement whose expression does not fit on its own line."""
        end = len(self.tokens)
        cuts = self.cuts(0, end)
        if not cuts and (lines := self.opened(0, end, indent, prefix, "")):
            return lines
        lines = self.two_operands(cuts[0], indent, prefix) if len(cuts) == 1 else []
        if lines and all(len(line) <= self.width for line in lines):
            return lines
        pad = " " * indent
        return [f"{pad}{prefix}(", *self.lines(0, end, indent + _INDENT), f"{pad})"]

    def two_operands(self, cut: int, indent: int, prefix: str) -> list[str]:
        """Lines that open brackets of the operands and need no others; none where that makes the first one too long."""
        end = len(self.tokens)
        last = self.top_level(cut, end)[-1]
        ends_open = self.tokens[last].text == "(" and last + 2 < end  # a call with arguments, or parentheses
        if not ends_open and 0 not in self.partner:
            return []
        before = f"{prefix}{self.text(0, cut + 1)} "
        right = self.opened(cut + 1, end, indent, before, "")
        if right and len(right[0]) <= self.width:
            return right
        left = self.opened(0, cut, indent, prefix, "")
        if not left or len(left[0]) > self.width:
            return []
        before = f"{left.pop().strip()} {self.tokens[cut].text} "
        flat = f"{' ' * indent}{before}{self.text(cut + 1, end)}"
        if len(flat) <= self.width:
            return [*left, flat]
        return [*left, *self.opened(cut + 1, end, indent, before, "")] if right else []

    def lines(self, first: int, end: int, indent: int, tail: str = "") -> list[str]:
        """Lines of a range that stands within brackets, so that it may break at operators."""
        flat = f"{' ' * indent}{self.text(first, end)}{tail}"
        if len(flat) <= self.width:
            return [flat]
        cuts = self.cuts(first, end)
        if not cuts:
            return self.opened(first, end, indent, "", tail) or [flat]
        lines: list[str] = []
        for start, stop in zip([first, *cuts], [*cuts, end], strict=True):
            lines += self.lines(start, stop, indent, tail if stop == end else "")
        return lines

    def items(self, first: int, end: int, indent: int) -> list[str]:
        """Lines of what stands between two brackets."""
        flat = f"{' ' * indent}{self.text(first, end)}"
        commas = [place for place in self.top_level(first, end) if self.tokens[place].text == ","]
        if len(flat) <= self.width and not (commas and commas[-1] == end - 1):
            return [flat]
        if not commas:
            return self.lines(first, end, indent)
        lines: list[str] = []
        starts = [first, *(place + 1 for place in commas)]
        for start, stop in zip(starts, [*commas, end], strict=True):
            if start < stop:
                lines += self.lines(start, stop, indent, ",")
        return lines

    def opened(self, first: int, end: int, indent: int, prefix: str, tail: str) -> list[str]:
        """Lines with one of the brackets opened up; none where the range has no brackets with something inside."""
        pairs = [(place, self.partner[place]) for place in self.top_level(first, end) if place in self.partner]
        pairs = [(place, close) for place, close in pairs if close > place + 1]
        if not pairs:
            return []
        pad = " " * indent
        fitting = [pair for pair in pairs if len(f"{pad}{prefix}{self.text(first, pair[0] + 1)}") <= self.width]
        place, close = fitting[-1] if fitting else pairs[0]
        return [
            f"{pad}{prefix}{self.text(first, place + 1)}",
            *self.items(place + 1, close, indent + _INDENT),
            f"{pad}{self.text(close, end)}{tail}",
        ]

    def cuts(self, first: int, end: int) -> list[int]:
        """Tokens that begin a line when the range breaks at its loosest operators; never the first token."""
        places = [place for place in self.top_level(first, end) if place > first and self.is_operator(place)]
        loosest = min((_PLACE[self.tokens[place].text] for place in places), default=0)
        return [place for place in places if _PLACE[self.tokens[place].text] == loosest]

    def is_operator(self, place: int) -> bool:
        """Whether the token stands between two operands; a sign does not."""
        before = self.tokens[place - 1].text
        operand_before = before in (")", "]", "}") or (before[-1:].isalnum() or before[-1:] in "_\"'.")
        return self.tokens[place].text in _PLACE and operand_before and before not in _KEYWORDS

    def top_level(self, first: int, end: int) -> list[int]:
        """Tokens of the range that stand in none of its brackets; of a pair of brackets, the opening one."""
        places, place = [], first
        while place < end:
            places.append(place)
            place = self.partner.get(place, place) + 1
        return places

    def text(self, first: int, end: int) -> str:
        """Source of the range."""
        return self.source[self.tokens[first].start : self.tokens[end - 1].end]
