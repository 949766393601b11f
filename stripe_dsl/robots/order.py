"""The order in which Newton puts the joints and bodies of an articulation.

Newton's USD importer hands the joints to its builder depth first from the root; among the joints that leave one body
the order of their prim paths decides (element by element, upper case before lower case). A body is inserted when the
first joint that touches it is, parent before child.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

WORLD = ""


class NotATreeError(ValueError):
    """The joints do not form one tree from parent to child.

    Attributes:
        joint: index of a joint that breaks the tree; ``None`` when the graph is in several pieces.
    """

    def __init__(self, message: str, joint: int | None = None) -> None:
        super().__init__(message)
        self.joint = joint


@dataclass(frozen=True, slots=True)
class TreeOrder:
    """Indices of the joints and names of the bodies in Newton's order."""

    joints: tuple[int, ...]
    bodies: tuple[str, ...]


def path_key(path: str) -> tuple[str, ...]:
    """Sort key that orders prim paths as USD does."""
    return tuple(path.split("/"))


def depth_first(edges: Sequence[tuple[str, str]]) -> TreeOrder:
    """Order a joint tree.

    Args:
        edges: parent and child body of every joint, already in the order of the joints' prim paths. The world is
            :data:`WORLD`.

    Raises:
        NotATreeError: if a body has two parents, or there is not exactly one root, or there is a cycle.
    """
    outgoing: dict[str, list[int]] = {}
    parents: dict[str, int] = {}
    for index, (parent, child) in enumerate(edges):
        if child in parents:
            raise NotATreeError(f"two joints lead to body {child!r}", index)
        parents[child] = index
        outgoing.setdefault(parent, []).append(index)
    roots = [body for body in dict.fromkeys(parent for parent, _ in edges) if body not in parents]
    if len(roots) != 1:
        raise NotATreeError(f"{len(roots)} bodies have no parent: {', '.join(root or 'the world' for root in roots)}")

    joints: list[int] = []
    pending = list(reversed(outgoing[roots[0]]))
    while pending:
        index = pending.pop()
        joints.append(index)
        pending.extend(reversed(outgoing.get(edges[index][1], ())))
    if len(joints) != len(edges):
        missing = next(index for index in range(len(edges)) if index not in set(joints))
        raise NotATreeError(f"the joints form a loop at body {edges[missing][0]!r}", missing)
    return TreeOrder(tuple(joints), bodies_along(edges[index] for index in joints))


def bodies_along(edges: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Bodies in the order in which joints first touch them, without the world."""
    touched = dict.fromkeys(body for edge in edges for body in edge)
    touched.pop(WORLD, None)
    return tuple(touched)
