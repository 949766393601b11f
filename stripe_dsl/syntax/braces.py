"""Which braces of a text are unbalanced, judged by its indentation."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

# A text without its closing quote ends with the line, but takes no `}` or `;` there along.
_OPEN = r'"[^\n]*?(?=[\s;}]*(?:\n|\Z))'
_STRING = rf'"(?:[^"\\\n]|\\.)*"|{_OPEN}'
OPEN_STRING = re.compile(_OPEN)
# `color #126B12` holds no comment, and `color #333` was not meant to hold one.
_COLOR = r"\bcolor[ \t]+#[0-9A-Fa-f]{3,8}\b"
_PIECE = re.compile(_STRING + rf'|{_COLOR}|#[^\n]*|[{{}}()\[\]]|\n|[^\s"#{{}}()\[\]]+')
_SKIP = re.compile(_STRING + rf"|{_COLOR}|#[^\n]*|[{{}}()\[\];\n]")
_PAIRS = {")": "(", "]": "["}


@dataclass(slots=True)
class Braces:
    """What a scan found.

    Attributes:
        unclosed: offsets of ``{`` without a partner → where its ``}`` was to be expected.
        extra: offsets of ``}`` without a partner.
        partners: offsets of ``(`` and ``[`` → offset of what closes them.
    """

    unclosed: dict[int, int] = field(default_factory=dict)
    extra: set[int] = field(default_factory=set)
    partners: dict[int, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Open:
    offset: int
    indent: int
    line: int


def scan_braces(text: str, start: int, end: int) -> Braces:
    """Finds the braces that have no partner. Indentation counts only in a text whose braces do not balance."""
    pieces = [(found.start(), found.group()) for found in _PIECE.finditer(text, start, end)]
    surplus = sum((piece == "{") - (piece == "}") for _, piece in pieces)
    found = _pair(pieces, text, end, surplus)
    if len(found.unclosed) - len(found.extra) != surplus or (surplus == 0 and (found.unclosed or found.extra)):
        found = _pair(pieces, text, end, 0)
    found.partners = _partners(pieces)
    return found


def _pair(pieces: list[tuple[int, str]], text: str, end: int, surplus: int) -> Braces:
    found = Braces(extra=_surplus_in_lines(pieces, text, -surplus) if surplus < 0 else set())
    stack: list[_Open] = []
    line, indent, fresh = 0, 0, True
    for offset, piece in pieces:
        if piece == "\n":
            line, fresh = line + 1, True
            continue
        if piece.startswith("#"):
            continue
        first, fresh = fresh, False
        if first:
            indent = offset - (text.rfind("\n", 0, offset) + 1)
            if surplus > 0:
                _close_deeper(stack, found, piece, offset, indent, line)
        if piece == "{":
            stack.append(_Open(offset, indent, line))
        elif piece == "}" and offset not in found.extra:
            deeper = surplus < 0 and first and stack and stack[-1].line < line and indent > stack[-1].indent
            if not stack or deeper:
                found.extra.add(offset)
            else:
                stack.pop()
    for item in stack:
        found.unclosed[item.offset] = end
    return found


def _surplus_in_lines(pieces: list[tuple[int, str]], text: str, surplus: int) -> set[int]:
    """Braces that close too much, and give themselves away by what stands around them on their line.

    Inside parentheses; in the middle of a statement; on a line that closes more than it opens.
    """
    extra: list[int] = []
    partners = _partners([(offset, piece) for offset, piece in pieces if piece not in ("{", "}")])
    line: list[tuple[int, str]] = []
    inside = -1
    for offset, piece in [*pieces, (-1, "\n")]:
        if piece == "\n":
            closers = [at for at, brace in line if brace == "}" and at not in extra]
            opened = sum(brace == "{" for _, brace in line)
            if opened and len(closers) > opened:
                closers.sort(key=lambda at: (text[at + 1 : at + 2] in ("", " ", "\n", ";", "}"), -at))
                extra += closers[: len(closers) - opened]
            line = []
        elif piece in ("{", "}"):
            if piece == "}" and not any(brace == "{" for _, brace in line):
                follows = text[offset + 1 :].lstrip(" \t")[:1]
                if offset < inside or follows not in ("", "\n", ";", "}", "#"):
                    extra.append(offset)
            line.append((offset, piece))
        elif piece in ("(", "["):
            inside = max(inside, partners.get(offset, -1))
    return set(extra[:surplus])


def _close_deeper(stack: list[_Open], found: Braces, piece: str, offset: int, indent: int, line: int) -> None:
    """A line no deeper than the one that opened a block cannot be inside it."""
    while stack and stack[-1].line < line:
        inside = stack[-1].indent < indent
        closes = piece == "}" and (stack[-1].indent == indent or not any(item.indent == indent for item in stack))
        if inside or closes:
            return
        found.unclosed[stack.pop().offset] = offset


def _partners(pieces: list[tuple[int, str]]) -> dict[int, int]:
    partners: dict[int, int] = {}
    stack: list[tuple[str, int]] = []
    for offset, piece in pieces:
        if piece in ("(", "[", "{"):
            stack.append((piece, offset))
        elif piece == "}":
            while stack and stack.pop()[0] != "{":
                pass
        elif piece in _PAIRS:
            inner = [bracket for bracket, _ in stack]
            last = len(inner) - inner[::-1].index("{") if "{" in inner else 0
            if _PAIRS[piece] in inner[last:]:
                while True:
                    bracket, opened = stack.pop()
                    if bracket == _PAIRS[piece]:
                        partners[opened] = offset
                        break
    return partners


def skip_statement(text: str, start: int, end: int, braces: Braces) -> tuple[int, int]:
    """Looks for the end of a statement.

    Returns:
        The offset of the line end, ``;`` or ``}`` that ends it (or ``end``), and that of its first ``{`` (or -1).
        Blocks are stepped over, and brackets that are closed somewhere.
    """
    depth, brace, beyond = 0, -1, start
    for found in _SKIP.finditer(text, start, end):
        offset, piece = found.start(), found.group()
        if offset < beyond or offset in braces.extra:
            continue
        if piece == "{":
            brace = offset if brace < 0 else brace
            if offset in braces.unclosed:
                beyond = braces.unclosed[offset]
                if depth == 0:
                    return len(text[:beyond].rstrip()), brace
            else:
                depth += 1
        elif piece == "}":
            if depth == 0:
                return offset, brace
            depth -= 1
        elif piece in ("(", "[") and depth == 0:
            beyond = braces.partners.get(offset, offset)
        elif piece in ("\n", ";") and depth == 0:
            return offset, brace
    return end, brace
