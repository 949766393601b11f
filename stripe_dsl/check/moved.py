"""Tasks that stand in another scene than the one they were written for: what in them counts places and heights from 0.

The origin of a scene with a terrain is its corner, and its ground is not at height 0. An expression that a task of a
plane compares with numbers is then about something else, and nothing stops. Found are positions in the graph: a
difference of two of them is the same in every scene, and so is what reads the ground, the spawn or a zone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import hypot, tan
from typing import TYPE_CHECKING

from stripe_dsl.check.report import Reporter
from stripe_dsl.check.values import varies
from stripe_dsl.diagnostics import Annotation
from stripe_dsl.ir.graph import Node, walk
from stripe_dsl.ir.scene import Scene
from stripe_dsl.ir.terrain import Crater, Fractal, Heightmap, Hill, Incline, Steps
from stripe_dsl.source import Span
from stripe_dsl.spec.elaborate import Task

if TYPE_CHECKING:
    from stripe_dsl.check.expressions import Lowering
    from stripe_dsl.ir.observations import Group
    from stripe_dsl.ir.program import Reward, Termination

PLACES = ("root.pos@world", "body.pos@world")
SAME = ("neg", "part", "pick", "sum", "mean", "list_min", "list_max", "prev", "where", "vec", "mul", "div", "twist")
"""Of a coordinate they give one that is counted from the same point."""
COMPARED = ("lt", "le", "gt", "ge", "eq", "ne")
LIMITED = ("min", "max", "clip")
SIZES = ("abs", "norm", "list_norm", "pow", "atan2")
"""Of what is counted from a corner they give what nobody means."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a value is counted from.

    Attributes:
        xy: it is a place of the scene's frame, or a part of one.
        z: it is a height of that frame.
        shifted: a number was added, so that it is counted from a point that the task names.
    """

    xy: bool = False
    z: bool = False
    shifted: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """A place or height at a node where it meets numbers; one that is the whole expression meets none."""

    node: Node
    seen: Seen
    whole: bool = False


NOTHING = Seen()


class Moved:
    """Looks through the expressions of one task."""

    def __init__(self, task: Task, scene: Scene, lowering: Lowering, report: Reporter) -> None:
        self.task, self.scene, self.report = task, scene, report
        self.known, self.tunables = lowering.names.of_places, lowering.tunables.items
        self.low = lowest(scene)
        self.given = bool(task.headers) and task.headers[0][1]
        """Whether the scene is another one than the task itself names: that of the command line."""

    def run(self, terms: Iterable[Reward | Termination], groups: Iterable[Group]) -> None:
        """Warns of what counts places or heights from where this scene has neither robots nor ground."""
        entries = {item.span: item for group in groups for item in group.items}  # those of included groups once
        for item in (*terms, *entries.values()):
            self.look(item.name, item.value, item.span)

    def look(self, name: str, root: Node, span: Span | None) -> None:
        """Warns of one term or observation."""
        nodes = list(walk((root,)))
        if span is None or any(node.id in self.known or node.op == "sample" for node in nodes):
            return
        xy, z = False, False
        moved = self.task.is_moved(span)
        for item in self.found(nodes, root):
            away = moved or (item.node.span is not None and self.task.is_moved(item.node.span))
            from_corner = item.node.op in SIZES and not item.seen.shifted
            xy = xy or (item.seen.xy and not item.whole and (away or from_corner))
            z = z or (item.seen.z and (away or not item.whole) and self.low != 0.0)
        notes: tuple[Annotation, ...] = ()
        where = self.task.spec.scene
        if where is not None and where.span is not None and where.span.source is span.source and not self.given:
            notes = (Annotation(where.span, "the scene"),)
        if xy:
            x, y = self.scene.spawn.at
            self.report.error(
                "W0025",
                f"`{name}` counts places from the corner of `{self.scene.name}`, and robots spawn at ({x:g}, {y:g}) m",
                span,
                "count them from there, as in `spawn.distance` or `base.pos.xy - spawn.pos`",
                notes=notes,
            )
        if z:
            self.report.error(
                "W0025",
                f"`{name}` counts heights from 0, and the ground of `{self.scene.name}` is higher and lower than that",
                span,
                "count them from the ground, as in `feet.pos.z - ground.height(feet.pos)`",
                notes=notes,
            )

    def found(self, nodes: list[Node], root: Node) -> Iterator[Found]:
        """Where places and heights meet numbers; the root is there where it is one itself."""
        seen: dict[int, Seen] = {}
        for node in nodes:
            args = [seen[arg.id] for arg in node.args]
            given = [arg for arg, each in zip(node.args, args, strict=True) if each is not NOTHING]
            merged = Seen(*(any(getattr(each, key) for each in args) for key in ("xy", "z", "shifted")))
            seen[node.id] = NOTHING
            if node.read is not None:
                seen[node.id] = Seen(xy=True, z=True) if node.read.quantity in PLACES else NOTHING
            elif not given:
                continue
            elif node.op in ("add", "sub"):
                seen[node.id] = self.difference(node, args)
            elif node.op in COMPARED:
                if len(given) == 1 and self.numbers(node, given) and not self.below_all(node, args):
                    yield Found(node, merged)
            elif node.op == "part":
                letters = str(node.attr)
                xy, z = merged.xy and any(letter in "xy" for letter in letters), merged.z and "z" in letters
                seen[node.id] = Seen(xy, z, merged.shifted) if xy or z else NOTHING
            elif node.op in LIMITED:
                if self.numbers(node, given) and len(given) < len(node.args):
                    yield Found(node, merged)
                seen[node.id] = merged
            elif node.op in SAME:
                seen[node.id] = merged
            elif node.op not in ("float", "dot", "cross", "rotate", "rotate_inverse", "and", "or", "not"):
                yield Found(node, merged)
        if seen[root.id] is not NOTHING:
            yield Found(root, seen[root.id], whole=True)

    def difference(self, node: Node, args: list[Seen]) -> Seen:
        """Of a sum or a difference: two places differ by the same in every scene."""
        a, b = args
        if NOTHING not in args:
            return NOTHING if node.op == "sub" else a
        other = node.args[1] if b is NOTHING else node.args[0]
        if other.read is not None and other.read.quantity == "env.origin":
            return a
        if varies(other):  # a goal, or what is remembered
            return NOTHING
        place = a if b is NOTHING else b
        return Seen(place.xy, place.z, shifted=True)

    def numbers(self, node: Node, given: list[Node]) -> bool:
        """Whether all other operands are numbers."""
        return all(arg in given or not varies(arg) for arg in node.args)

    def below_all(self, node: Node, args: list[Seen]) -> bool:
        """``base.pos.z < -5 m``, where no ground is that low: what fell off the edge."""
        first = args[0] is not NOTHING
        if node.op not in (("lt", "le") if first else ("gt", "ge")) or not (args[0] if first else args[1]).z:
            return False
        number = node.args[1] if first else node.args[0]
        path = number.attr if isinstance(number.attr, str) else ""
        value = self.tunables[path].value if number.op == "tunable" and path else number.attr
        return isinstance(value, int | float) and self.low is not None and value < self.low


def lowest(scene: Scene) -> float | None:
    """A height that no ground of the scene is below [m], 0 only where all of it is level; ``None`` for unknown ones."""
    terrain, low = scene.terrain, 0.0
    if terrain.mesh is not None:
        return None
    for part in terrain.relief:
        match part:
            case Fractal() | Hill():
                low -= abs(part.height)
            case Crater():
                low -= part.depth
            case Incline():
                low -= abs(tan(part.angle)) * hypot(*scene.size)
            case Steps():
                low -= abs(part.height) * hypot(*scene.size) / part.run
            case Heightmap():
                return None
    if terrain.drainage is not None:
        low *= 1.0 + terrain.drainage.carve
    return low - (terrain.micro.height if terrain.micro is not None else 0.0)
