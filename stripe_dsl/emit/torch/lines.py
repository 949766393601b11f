"""Lines of one method of generated code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from stripe_dsl.emit.cfg import origin
from stripe_dsl.emit.layout import layout, layout_item
from stripe_dsl.emit.torch.expressions import Block, read_once
from stripe_dsl.emit.torch.leaves import Attribute
from stripe_dsl.source import Span

BODY = 8
"""Columns before the statements of a method."""


class Lines(list[str]):
    """Source lines, with the ways to add some.

    Args:
        indent: columns before a statement.
    """

    def __init__(self, lines: Iterable[str] = (), *, indent: int = BODY) -> None:
        super().__init__(lines)
        self.indent = indent

    def statement(self, prefix: str, text: str) -> None:
        """``prefix + text`` in as few lines as its length allows."""
        self.append(layout(prefix, text, self.indent))

    def remark(self, text: str) -> None:
        """``# text``."""
        self.append(f"{' ' * self.indent}# {text}")

    def comment(self, span: Span | None, indent: int | None = None) -> None:
        """``# cartpole.stripe:28``, once where several lines come from one."""
        if span is None:
            return
        text = f"{' ' * (self.indent if indent is None else indent)}# {origin(span)}"
        if text not in self[-2:]:
            self.append(text)

    def block(self, block: Block) -> None:
        """The assignments of a block."""
        for assignment in block.assignments:
            self.statement(f"{assignment.target} = ", assignment.text)

    def attributes(self, items: Sequence[Attribute], taken: Sequence[str] = ()) -> None:
        """``self.name = text``; a tensor of which several are columns is read once."""
        assignments, texts = read_once([item.text for item in items], taken)
        for assignment in assignments:
            self.statement(f"{assignment.target} = ", assignment.text)
        for item, text in zip(items, texts, strict=True):
            self.statement(f"self.{item.name} = ", text)

    def columns(
        self, prefix: str, function: str, texts: Sequence[str], spans: Mapping[int, Span | None] | None = None
    ) -> None:
        """``torch.stack`` or ``torch.cat`` along the last dimension, one column a line where they are several.

        Args:
            spans: where the columns from a number on were written, for a comment before that column.
        """
        if len(texts) == 1:
            self.statement(prefix, f"torch.{function}(({texts[0]},), dim=-1)")
            return
        pad = " " * BODY
        self += [f"{pad}{prefix}torch.{function}(", f"{pad}    ("]
        for number, text in enumerate(texts):
            if spans is not None and number in spans:
                self.comment(spans[number], BODY + 8)
            self.append(layout_item(text, BODY + 8))
        self += [f"{pad}    ),", f"{pad}    dim=-1,", f"{pad})"]
