"""What a formatter keeps of a text: statements and blocks of tokens, with the comments and blank lines between."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from stripe_dsl.syntax.token import Token

_GAP = re.compile(r"\n|#[^\n]*")


@dataclass(slots=True)
class Comment:
    """A comment: its text, whether it has a line of its own, whether a blank line stands before it."""

    text: str
    own_line: bool
    blank: bool


@dataclass(slots=True)
class Piece:
    """A token of a statement, with what stands between it and the one before.

    Attributes:
        comments: comments there.
        newline: a line ends there.
        blank: a blank line stands directly before.
        spaces: blanks directly before, on the same line.
        fresh: a line end closed a statement there.
    """

    token: Token
    comments: list[Comment]
    newline: bool
    blank: bool
    spaces: int
    fresh: bool


@dataclass(slots=True)
class Line:
    """A statement.

    Attributes:
        parts: its tokens and blocks.
        comments: comments above it.
        trailing: the comment behind it.
        blank: a blank line stands directly before it.
        joined: it stands behind a ``;`` on the line of the statement before.
    """

    parts: list[Piece | Block] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    trailing: str = ""
    blank: bool = False
    joined: bool = False


@dataclass(slots=True)
class Block:
    """Braces and what they hold.

    Attributes:
        lines: the statements.
        trailing: the comment behind ``{``.
        last: comments before ``}``.
        one_line: nothing in it ends a line.
        spaces: blanks before ``{``.
    """

    spaces: int = 0
    lines: list[Line] = field(default_factory=list)
    trailing: str = ""
    last: list[Comment] = field(default_factory=list)
    one_line: bool = True


def read_layout(text: str, tokens: Sequence[Token]) -> Block:
    """Groups the tokens of a text without mistakes; the whole file is a block without braces."""
    return _Reader(_pieces(text, tokens)).block(0)


def _pieces(text: str, tokens: Sequence[Token]) -> list[Piece]:
    pieces, position, fresh = [], 0, False
    for token in tokens:
        if token.type == "_NEWLINE":
            fresh = True
            continue
        comments, newlines = [], 2 if position == 0 else 0
        last = position
        for found in _GAP.finditer(text, position, token.start):
            last = found.end()
            if found.group() == "\n":
                newlines += 1
            else:
                own = newlines > 0
                comments.append(Comment(found.group().rstrip(), own, newlines > 1 and (position > 0 or bool(comments))))
                newlines = 0
        newline = newlines > 0 or bool(comments)
        spaces = token.start - last if not newline else 0
        pieces.append(Piece(token, comments, newline, newlines > 1 and (position > 0 or bool(comments)), spaces, fresh))
        position, fresh = token.end, False
    return pieces


class _Reader:
    def __init__(self, pieces: list[Piece]) -> None:
        self.pieces = pieces
        self.next = 0

    def block(self, spaces: int) -> Block:
        """Reads up to the ``}`` or the end, and steps over it."""
        block = Block(spaces)
        semicolon = False
        pending: list[Comment] = []
        while True:
            piece = self.pieces[self.next]
            block.one_line = block.one_line and not piece.newline
            comments = piece.comments
            if comments and not comments[0].own_line:
                self._trail(block, comments[0].text, pending)
                comments = comments[1:]
            pending += comments
            if piece.token.type in ("RBRACE", "$END"):
                block.last = pending
                self.next += 1
                return block
            if piece.token.type == "_SEMICOLON":
                semicolon = not piece.newline
                self.next += 1
                continue
            joined = semicolon and not piece.newline and bool(block.lines)
            line = Line(comments=pending, blank=piece.blank, joined=joined)
            block.lines.append(line)
            pending, semicolon = [], False
            block.one_line = self._statement(line) and block.one_line

    @staticmethod
    def _trail(block: Block, text: str, pending: list[Comment]) -> None:
        if block.lines and not block.lines[-1].trailing and not pending:
            block.lines[-1].trailing = text
        elif not block.lines and not block.trailing and not pending:
            block.trailing = text
        else:
            pending.append(Comment(text, True, False))

    def _statement(self, line: Line) -> bool:
        """Reads a statement; says whether it is all on one line."""
        one_line = True
        while True:
            piece = self.pieces[self.next]
            if piece.token.type in ("RBRACE", "$END", "_SEMICOLON") or (line.parts and piece.fresh):
                return one_line
            if line.parts:
                one_line = one_line and not piece.newline
            self.next += 1
            if piece.token.type != "LBRACE":
                line.parts.append(piece)
                continue
            if piece.newline and line.parts:  # `a = # comment` and then `{`: comments move into the block
                line.parts.append(block := self.block(1))
                block.last = piece.comments + block.last
                block.one_line = False
            else:
                line.parts.append(block := self.block(piece.spaces))
            one_line = one_line and block.one_line
