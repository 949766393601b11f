"""Tokens."""

from __future__ import annotations


class Token:
    """A piece of text and the terminal it is.

    Attributes:
        type: name of the terminal in ``grammar/stripe.lark``; ``$END`` at the end of the text.
        value: the text; for a corrected keyword the right spelling.
        start: offset of the first character.
        end: offset after the last one.
    """

    __slots__ = ("end", "start", "type", "value")

    def __init__(self, type: str, value: str, start: int, end: int) -> None:
        self.type = type
        self.value = value
        self.start = start
        self.end = end

    def __repr__(self) -> str:
        return f"Token({self.type}, {self.value!r}, {self.start}, {self.end})"


# fmt: off
# After these a line end does not close the statement.
CONTINUING = frozenset((
    "COMMA", "DOT", "DOT_DOT", "AT", "EQUAL", "PLUS_EQUAL", "STAR_EQUAL", "PLUS_MINUS", "PLUS", "MINUS", "STAR",
    "SLASH", "CARET", "LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL", "EQUAL_EQUAL", "NOT_EQUAL", "AND", "OR", "NOT",
    "IF", "ELSE", "WHERE", "LBRACE", "COLON", "_NEWLINE", "_SEMICOLON",
))
OPENING = frozenset(("LBRACE", "LPAR", "LPAR_TOUCHING", "LSQB", "LSQB_TOUCHING", "BAR_OPEN"))
CLOSING = frozenset(("RBRACE", "RPAR", "RSQB", "BAR_CLOSE"))

# Brackets and braces inside each other.
DEEPEST = 100

# Statements that are nothing without a block.
WITH_BLOCK = frozenset((
    "TASK", "ROBOT", "OBJECT", "SCENE", "ASSET", "OBSERVE", "REWARD", "TERMINATE", "TRUNCATE", "RESET", "CURRICULUM",
))

# They start the statements of a task, and so are no options of the statement before.
STATEMENT_WORDS = frozenset((
    "action", "sensor", "command", "observe", "reward", "terminate", "reset", "randomize", "curriculum", "train",
    "let", "param", "require", "sim", "scene", "robot", "object", "task", "import", "state", "truncate", "fn",
))
# fmt: on
