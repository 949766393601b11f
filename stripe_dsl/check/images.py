"""What a value is in the mirror: which member takes the place of which, and with what sign."""

from __future__ import annotations

from dataclasses import dataclass

from stripe_dsl.check.rows import Rows, spread, times
from stripe_dsl.ir.graph import Node


@dataclass(frozen=True, slots=True)
class Image:
    """What a value is in the mirror: member ``i`` is ``signs[i]`` times member ``perm[i]``.

    Attributes:
        perm: places of members; ``(0,)`` for a single value.
        signs: by member and component.
    """

    perm: tuple[int, ...]
    signs: Rows

    @property
    def even(self) -> bool:
        """Whether no sign changes."""
        return all(sign == 1.0 for row in self.signs for sign in row)


class NoImageError(Exception):
    """An expression whose image is not known; the text ends the sentence ``… has no mirror image: ``."""


def shaped(image: Image, node: Node, *others: Image) -> Image:
    """An image in the shape of a result, times the signs of other operands."""
    count = len(node.type.axis) if node.type.axis is not None else 1
    images = [image, *others]
    if not images[0].signs or node.type.components != len(image.signs[0]):
        width = max(len(each.signs[0]) for each in images)
    else:
        width = node.type.components
    count = max(count, *(len(each.perm) for each in images))
    perms = {each.perm for each in images if len(each.perm) > 1}
    if len(perms) > 1:
        raise NoImageError(f"the lists of `{text(node)}` change places in different ways")
    perm = next(iter(perms), tuple(range(count)))
    tables = [spread(each.signs, count, width) for each in images]
    signs = tuple(tuple(times(table[i][k] for table in tables) for k in range(width)) for i in range(count))
    return Image(perm, signs)


def text(node: Node) -> str:
    """An expression as it is written."""
    return " ".join(node.span.text.split()) if node.span is not None else node.op
