"""Cuts text into tokens. What the parser could take at a place decides between terminals that look alike."""

from __future__ import annotations

import re
from collections.abc import Mapping

from stripe_dsl.syntax.grammar import Tables
from stripe_dsl.syntax.token import CONTINUING, Token

_BLANK = re.compile(r"[ \t\n\r\f]*")
_COLOR = re.compile(r"#[0-9A-Fa-f]{3,8}\b")  # no comment, also where there are too many digits, or too few
_ALONE = 3  # terminals of this priority and up are tried first, and only where the parser takes them


class Scanner:
    """The regular expressions of the terminals, made once for all parses."""

    def __init__(self, tables: Tables) -> None:
        patterns, self.alone = [], []
        name = next(item for item in tables.terminals if item.name == "NAME")
        name_pattern = re.compile(name.pattern)
        self.words: dict[str, str] = {}
        self.alike: dict[str, list[str]] = {}
        for item in tables.terminals:
            text = re.sub(r"\\(.)", r"\1", item.pattern)
            if item.priority >= _ALONE:
                self.alone.append((item.name, re.compile(item.pattern)))
            elif item.fixed and name_pattern.fullmatch(text):
                self.words[text] = item.name
            elif item.fixed and text in self.alike:
                self.alike[text].append(item.name)
            else:
                if item.fixed:
                    self.alike[text] = [item.name]
                boundary = r"\b" if item.fixed and text.isalpha() else ""
                patterns.append(f"(?P<{item.name}>{item.pattern}{boundary})")
        self.alike = {text: names for text, names in self.alike.items() if len(names) > 1}
        self.master = re.compile("|".join(patterns))


class Lexer:
    """Reads one text.

    Attributes:
        position: offset of the next character to read.
    """

    def __init__(self, scanner: Scanner, text: str, start: int, end: int) -> None:
        self.scanner = scanner
        self.text = text
        self.end = end
        self.position = start

    def next_token(self, previous: Token, in_brackets: bool, expected: Mapping[str, int]) -> Token | None:
        """The next token.

        Args:
            previous: the token before.
            in_brackets: inside ``( )``, ``[ ]`` or ``| |``, where a line end closes nothing.
            expected: terminals that the parser could take.

        Returns:
            The token, ``_NEWLINE`` for a line end that closes a statement; ``None`` where no terminal fits, with
            ``position`` at the place.
        """
        newline = self._skip_blank(previous.value == "color" and "COLOR" in expected)
        if newline >= 0 and not in_brackets and previous.type not in CONTINUING:
            return Token("_NEWLINE", "\n", newline, newline + 1)
        start = self.position
        if start >= self.end:
            return Token("$END", "", self.end, self.end)
        for name, pattern in self.scanner.alone:
            if name in expected:
                found = pattern.match(self.text, start, self.end)
                if found:
                    self.position = found.end()
                    return Token(name, found.group(), start, self.position)
        found = self.scanner.master.match(self.text, start, self.end)
        if found is None:
            return None
        kind, value = found.lastgroup or "", found.group()
        if kind == "NAME":
            keyword = self.scanner.words.get(value)
            if keyword is not None and (keyword in expected or "NAME" not in expected):
                kind = keyword
        elif value in self.scanner.alike and kind not in expected:
            kind = next((other for other in self.scanner.alike[value] if other in expected), kind)
        self.position = found.end()
        return Token(kind, value, start, self.position)

    def _skip_blank(self, colored: bool) -> int:
        """Steps over white space and comments; gives the offset of the first line end there, or -1.

        Args:
            colored: a colour may stand here, as in ``color #126B12``.
        """
        text, position, first = self.text, self.position, -1
        while True:
            blank = _BLANK.match(text, position, self.end)
            assert blank is not None
            if first < 0:
                first = text.find("\n", position, blank.end())
            position = blank.end()
            if position >= self.end or text[position] != "#":
                break
            if colored and first < 0 and _COLOR.match(text, position, self.end):
                break
            end_of_line = text.find("\n", position, self.end)
            position = self.end if end_of_line < 0 else end_of_line
        self.position = position
        return first
