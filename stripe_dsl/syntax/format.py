"""The one layout of a ``.stripe`` file, as ``stripec fmt`` writes it.

Two spaces for a level, one space around operators that join, none inside parentheses. What stood on one line stays on
one line while it fits; a line that does not fit is broken at the statements of its block, and nowhere else. Comments
and single blank lines stay.

Columns: ``=`` of neighbouring definitions, the weights of rewards and the options of observations are always aligned.
Keys of properties and the braces of one-line blocks are, where the author has begun to.
"""

from __future__ import annotations

from stripe_dsl.source import SourceFile
from stripe_dsl.syntax.align import Row, align
from stripe_dsl.syntax.ast import Statement
from stripe_dsl.syntax.layout import Block, Comment, Line, Piece, read_layout
from stripe_dsl.syntax.spacing import Marks, find_marks, spaced, token_text
from stripe_dsl.syntax.token import Token

WIDTH = 100


def format_source(text: str) -> str:
    """The text in canonical layout; it parses to the same tree. A text with mistakes comes back as it is."""
    from stripe_dsl.syntax.parser import FAULT, Run

    text = text.replace("\r\n", "\n").replace("\r", "\n")
    source = SourceFile("", text)
    run = Run(source, 0, len(text), "file")
    statements = run.parse()
    if statements is FAULT or run.builder.diagnostics:
        return text
    lines = _Writer(find_marks(statements)).file(read_layout(text, run.tokens), statements)
    return "".join(f"{line}\n" for line in lines)


class _Writer:
    def __init__(self, marks: Marks) -> None:
        self.marks = marks

    def file(self, block: Block, statements: tuple[Statement, ...]) -> list[str]:
        lines = self.entries(block, 0, "file")
        return [block.trailing, *lines] if block.trailing else lines

    # ---- on one line

    def row(self, line: Line) -> Row | None:
        """A statement on one line; ``None`` if that cannot be."""
        row = Row(line, [], [])
        before: Token | None = None
        for part in line.parts:
            if isinstance(part, Block):
                inside = self.inline_block(part)
                if inside is None:
                    return None
                space = "" if before is not None and before.type.startswith(("LPAR", "LSQB", "BAR")) else " "
                row.add(space if before else "", inside, part)
                before = _BRACE
                continue
            if (part.newline or part.comments) and before is not None:
                return None
            row.add(" " if before and spaced(before, part.token, self.marks) else "", token_text(part.token), part)
            before = part.token
        return row

    def inline_block(self, block: Block) -> str | None:
        """``{ a; b }``, if it was on one line."""
        if not block.one_line or block.trailing or block.last:
            return None
        texts = []
        for line in block.lines:
            row = self.row(line)
            if row is None or line.trailing or line.comments:
                return None
            texts.append(row.text)
        return f"{{ {'; '.join(texts)} }}" if texts else "{ }"

    # ---- on several

    def entries(self, block: Block, indent: int, kind: str, split: bool = False) -> list[str]:
        """The lines of a block's statements."""
        out: list[str] = []
        pending: list[list[Row]] = []  # neighbouring one-line entries, to be aligned

        def flush() -> None:
            out.extend(align(pending, indent, WIDTH, kind, self.marks))
            pending.clear()

        chains = _chains(block.lines)
        for chain in chains:
            first = chain[0]
            if first.comments or (first.blank and out + [None] * len(pending)):
                flush()
                self._comments(out, first.comments, indent, bool(out))
                if first.blank and out and (out[-1] or first.comments):
                    out.append("")
            rows = [self.row(line) for line in chain]
            whole = [row for row in rows if row is not None]
            fits = len(whole) == len(rows) and indent + sum(len(row.text) + 2 for row in whole) - 2 <= WIDTH
            if fits and not any(line.trailing for line in chain[:-1]) and (len(chain) == 1 or not split):
                pending.append(whole)
                continue
            for line, row in zip(chain, rows, strict=True):
                whole_line = row is not None and not any(isinstance(part, Block) for part in row.parts)
                if row is not None and (whole_line or indent + len(row.text) <= WIDTH):
                    pending.append([row])
                else:
                    flush()
                    out.extend(self.statement(line, indent))
        flush()
        self._comments(out, block.last, indent, bool(out))
        return out

    @staticmethod
    def _comments(out: list[str], comments: list[Comment], indent: int, started: bool) -> None:
        for comment in comments:
            if comment.blank and (started or out) and out and out[-1]:
                out.append("")
            out.append(" " * indent + comment.text)

    def statement(self, line: Line, indent: int) -> list[str]:
        """A statement that takes several lines, or one that is too long."""
        out: list[str] = []
        current, before = " " * indent, None
        for number, part in enumerate(line.parts):
            if isinstance(part, Block):
                space = "" if before is not None and before.type.startswith(("LPAR", "LSQB", "BAR")) else " "
                space = space if before is not None else ""
                inside = self.inline_block(part)
                last = number == len(line.parts) - 1
                if inside is not None and (len(current) + len(space) + len(inside) <= WIDTH or not last):
                    current += space + inside
                else:
                    out.append(f"{current}{space}{{" + (f"  {part.trailing}" if part.trailing else ""))
                    out.extend(self.entries(part, indent + 2, _kind(line), split=inside is not None))
                    current = " " * indent + "}"
                before = _BRACE
                continue
            if before is not None and (part.newline or part.comments):
                closes = part.token.type in ("RPAR", "RSQB", "BAR_CLOSE")
                comments = list(part.comments)
                if comments and not comments[0].own_line:
                    current += "  " + comments.pop(0).text
                out.append(current)
                out.extend(" " * (indent + 4) + comment.text for comment in comments)
                current = " " * (indent if closes else indent + 4)
            elif before is not None and spaced(before, part.token, self.marks):
                current += " "
            current += token_text(part.token)
            before = part.token
        out.append(current + (f"  {line.trailing}" if line.trailing else ""))
        return out


_BRACE = Token("RBRACE", "}", 0, 0)


def _chains(lines: list[Line]) -> list[list[Line]]:
    """Statements that shared a line."""
    chains: list[list[Line]] = []
    for line in lines:
        if line.joined and chains and not line.comments:
            chains[-1].append(line)
        else:
            chains.append([line])
    return chains


def _kind(line: Line) -> str:
    first = line.parts[0]
    return first.token.value if isinstance(first, Piece) else ""
