"""Columns: neighbouring lines with their ``=``, weights, options, keys or braces one below the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from stripe_dsl.syntax.layout import Block, Line, Piece
from stripe_dsl.syntax.spacing import Marks

_ASSIGN = ("EQUAL", "PLUS_EQUAL", "STAR_EQUAL")
_OPEN, _CLOSE = ("LPAR", "LPAR_TOUCHING", "LSQB", "LSQB_TOUCHING"), ("RPAR", "RSQB")


@dataclass(slots=True)
class Row:
    """A statement on one line.

    Attributes:
        cells: the texts of its parts, each with the space before it.
        parts: the parts.
    """

    line: Line
    cells: list[str]
    parts: list[Piece | Block]

    @property
    def text(self) -> str:
        """The whole line."""
        return "".join(self.cells)

    def add(self, space: str, text: str, part: Piece | Block) -> None:
        """Appends a part."""
        self.cells.append(space + text)
        self.parts.append(part)

    def width(self, number: int) -> int:
        """Columns before part ``number``."""
        return sum(map(len, self.cells[:number]))


Finder = Callable[[Row], int]
"""Number of the part to be aligned, or -1."""


def align(entries: list[list[Row]], indent: int, width: int, kind: str, marks: Marks) -> list[str]:
    """The texts of neighbouring lines, each of one or more statements, aligned where that is the custom.

    Args:
        entries: lines of statements.
        indent: blanks before each.
        width: columns that no line may exceed for the sake of alignment.
        kind: keyword of the block: rewards have weights, observations have options.
        marks: offsets of the first options.
    """
    firsts = [rows[0] for rows in entries]
    plain = [list(row.cells) for row in firsts]
    for run in _runs(firsts, _assignment):
        _pad(run, _assignment)
        if kind == "reward":
            _pad_signs(run)
            _pad([row for row in run if _weight(row) >= 0], _weight)
    if kind == "observe":
        _pad([row for row in firsts if _option(row, marks) > 0], lambda row: _option(row, marks), gap=1)
    for finder in (_brace, _value):
        for run in _runs(firsts, finder):
            if any(_spaces(row, finder(row)) > 1 for row in run):
                _pad(run, finder)
    texts = [_joined(rows) for rows in entries]
    for row, cells in zip(firsts, plain, strict=True):
        row.cells = cells
    unaligned = [_joined(rows) for rows in entries]
    room = width - indent
    if any(len(before) <= room < len(after) for before, after in zip(unaligned, texts, strict=True)):
        texts = unaligned
    out = []
    for rows, text in zip(entries, texts, strict=True):
        trailing = rows[-1].line.trailing
        out.append(" " * indent + text + (f"  {trailing}" if trailing else ""))
    return out


def _joined(rows: list[Row]) -> str:
    return "; ".join(row.text for row in rows)


def _runs(rows: list[Row], finder: Finder) -> list[list[Row]]:
    """Neighbours that have the part."""
    runs: list[list[Row]] = [[]]
    for row in rows:
        if finder(row) > 0:
            runs[-1].append(row)
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if len(run) > 1]


def _pad(run: list[Row], finder: Finder, gap: int = 0) -> None:
    widest = max((row.width(finder(row)) for row in run), default=0) + (gap if len(run) > 1 else 0)
    for row in run:
        number = finder(row)
        row.cells[number] = " " * (widest - row.width(number)) + row.cells[number]


def _pad_signs(run: list[Row]) -> None:
    """A blank in the place of the minus that other weights have."""
    signed = [_is(row, _assignment(row) + 1, "MINUS") for row in run]
    if any(negative and _weight(row) >= 0 for row, negative in zip(run, signed, strict=True)):
        for row, negative in zip(run, signed, strict=True):
            if not negative and _weight(row) >= 0:
                number = _assignment(row) + 1
                row.cells[number] = " " + row.cells[number]


def _assignment(row: Row) -> int:
    if _is(row, 0, "FN"):  # a line of its own each, and as long as its parameters
        return -1
    depth = 0
    for number, part in enumerate(row.parts):
        if isinstance(part, Block):
            return -1
        depth += (part.token.type in _OPEN) - (part.token.type in _CLOSE)
        if depth == 0 and part.token.type in _ASSIGN:
            return number
    return -1


def _weight(row: Row) -> int:
    """The ``*`` in ``name = -1.5 * …``."""
    number = _assignment(row) + 1
    number += _is(row, number, "MINUS")
    return number + 1 if _is(row, number, "NUMBER", "QUANTITY") and _is(row, number + 1, "STAR") else -1


def _option(row: Row, marks: Marks) -> int:
    for number, part in enumerate(row.parts):
        if isinstance(part, Piece) and part.token.start in marks.options:
            return number
    return -1


def _brace(row: Row) -> int:
    """The block at the end of a line without ``=``."""
    return len(row.parts) - 1 if isinstance(row.parts[-1], Block) and _assignment(row) < 0 else -1


def _value(row: Row) -> int:
    """What follows the key, in a line without ``=`` and block."""
    if len(row.parts) < 2 or any(isinstance(part, Block) for part in row.parts) or _assignment(row) >= 0:
        return -1
    key, value = row.parts[0], row.parts[1]
    assert isinstance(key, Piece)
    assert isinstance(value, Piece)
    return 1 if key.token.type in ("NAME", "STRING") and row.cells[1].startswith(" ") else -1


def _spaces(row: Row, number: int) -> int:
    return row.parts[number].spaces


def _is(row: Row, number: int, *kinds: str) -> bool:
    part = row.parts[number] if number < len(row.parts) else None
    return isinstance(part, Piece) and part.token.type in kinds
