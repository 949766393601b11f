"""Frames of vectors: which one is meant, and turns between them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from stripe_dsl.check.values import Value, parts_of
from stripe_dsl.ir.graph import Node
from stripe_dsl.ir.types import Kind, Type
from stripe_dsl.source import Span
from stripe_dsl.syntax import ast
from stripe_dsl.text import and_list, did_you_mean

if TYPE_CHECKING:
    from stripe_dsl.check.expressions import Lowering

OWNED = ("body", "heading")
"""Frames that belong to a base or an object."""


class Frames:
    """Lowers ``@body``, and turns vectors."""

    def __init__(self, low: Lowering) -> None:
        self.low = low

    def frame(self, expr: ast.Frame) -> Value | None:
        """``base.lin_vel@body``: a quantity read in a frame, or a vector turned into it."""
        if isinstance(expr.object, ast.Field):
            with_frame = self.low.reading.field(expr.object, expr.frame, expr.frame_span)
            if not (isinstance(with_frame, Node) and with_frame.op == "part"):
                return with_frame
        value = self.low.number(expr.object)
        if value is None:
            return None
        if value.type.kind is not Kind.VEC3 or value.type.frame is None:
            message = f"{value.type.describe()} cannot be turned into another frame"
            if value.type.kind is Kind.VEC3:
                help = "it has no frame: a vector of numbers takes the frame of what it is combined with"
            else:
                help = "only a vec3 can: turn it first and take the part then, as in `(v@world).xy`"
            self.low.report.error("E0406", message, expr.frame_span, help)
            return None
        frame = self.meant(expr, value)
        if frame is None:
            return None
        result = self.turned(value, frame, expr.span)
        if result is None:
            message = f"a vector in the {value.type.frame} frame cannot be turned into `{expr.frame}`"
            known = ("world", "body", "heading")
            helps = did_you_mean(expr.frame, known) or ("vectors turn between @world, @body and @heading",)
            self.low.report.error("E0406", message, expr.frame_span, *helps)
        return result

    def meant(self, expr: ast.Frame, value: Node) -> str | None:
        """The frame that is meant by ``(v)@body``: of the only robot, else of what the vector was read from."""
        scope = self.low.scope
        if expr.frame not in OWNED:
            return expr.frame
        owner, _, kind = (value.type.frame or "").rpartition(".")
        read = {node.read.entity for node in parts_of(value) if node.read is not None}
        owners = {owner} if owner else read & {*scope.robots, *scope.objects}
        alone = next(iter(scope.robots)) if len(scope.robots) == 1 else None
        if not owner and (kind in OWNED or alone in owners or (alone is not None and not owners)):
            return expr.frame  # of the only robot
        if len(owners) == 1 and (owner or alone is None):
            return scope.qualified(owners.pop(), expr.frame)
        known = [*scope.robots, *scope.objects]
        message = f"the frame `{expr.frame}` of which one: {and_list(known)}?"
        help = f"write it with its name, as in `@{known[-1]}.{expr.frame}`"
        self.low.report.error("E0406", message, expr.frame_span, help)
        return None

    def by_name(self, expr: ast.Field) -> Value | None:
        """``(v)@cube.body``: the axes of a robot's base or of an object by name."""
        frame = expr.object
        assert isinstance(frame, ast.Frame)
        value = self.low.number(frame.object)
        if value is None:
            return None
        wanted = self.low.scope.qualified(frame.frame, expr.name)
        result = self.turned(value, wanted, expr.span) if value.type.kind is Kind.VEC3 else None
        if result is None:
            message = f"{value.type.describe()} cannot be turned into the frame `{frame.frame}.{expr.name}`"
            self.low.report.error(
                "E0406", message, expr.name_span, "only a vec3 turns, between world, body and heading"
            )
        return result

    def turned(self, vector: Node, frame: str, span: Span) -> Node | None:
        """A vector in the axes of another frame; ``None`` where there is no such turn."""
        source = vector.type.frame
        if source == frame:
            return vector
        if source is None or not all(name == "world" or name.rpartition(".")[2] in OWNED for name in (source, frame)):
            return None

        def rotation(name: str) -> Node:
            owner, _, kind = name.rpartition(".")
            entity = owner or next(iter(self.low.scope.robots))
            rot = self.low.reading.read(entity, "root.rot@world", (), Type(Kind.QUAT, frame="world"), span)
            return rot if kind == "body" else self.low.graph.add("yaw_only", (rot,), type=rot.type, span=span)

        if source != "world":
            type = replace(vector.type, frame="world")
            vector = self.low.graph.add("rotate", (rotation(source), vector), type=type, span=span)
        if frame != "world":
            type = replace(vector.type, frame=frame)
            vector = self.low.graph.add("rotate_inverse", (rotation(frame), vector), type=type, span=span)
        return vector
