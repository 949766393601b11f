"""What a task reads of the scene that it stands in: fields of its ground, distances to what stands there, maps.

``ground.height`` is read below the base of the only robot, ``ground.height(feet.pos)`` at points. Zones with a shape
are formulas (:mod:`stripe_dsl.check.places`), all else is baked beside the scene.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any

from stripe_dsl.check.level import SPAWN, Plane, Spawn, flat
from stripe_dsl.check.phase import Phase
from stripe_dsl.check.places import distance, point_in
from stripe_dsl.check.values import CommandValue, RangeValue, describe
from stripe_dsl.ir.graph import Node, walk
from stripe_dsl.ir.rules import SOLID
from stripe_dsl.ir.scene import FREE, POINT, Box, Circle, Region, Scene, Zone
from stripe_dsl.ir.types import Kind, Type
from stripe_dsl.source import SourceFile, Span
from stripe_dsl.syntax import ast
from stripe_dsl.text import did_you_mean
from stripe_dsl.units import ANGLE, AREA, DIMENSIONLESS, LENGTH, Dimension

if TYPE_CHECKING:
    from stripe_dsl.check.expressions import Lowering
    from stripe_dsl.ir.program import Program

GROUND = "ground"
GROUND_FIELDS: dict[str, tuple[str, str, Dimension]] = {
    "height": ("height", "ground.height", LENGTH),
    "normal": ("normal", "ground.height", DIMENSIONLESS),
    "slope": ("value", "ground.slope", ANGLE),
    "north": ("value", "ground.north", DIMENSIONLESS),
    "flow": ("value", "ground.flow", AREA),
    "moisture": ("value", "ground.moisture", DIMENSIONLESS),
}
"""Kind, name of what is baked, and dimension."""
LAYER_FIELDS = {
    "distance": ("nearest", LENGTH),
    "density": ("value", AREA**-1),
    "cover": ("value", DIMENSIONLESS),
}


WIDTH = 0.5
"""Of what a point of a zone is free for, where nothing else is said [m]; as that of `require`."""


class Place:
    """A part of the scene, as expressions see it.

    Args:
        name: of a zone, layer, water or map; ``ground``, or ``solid`` for all that can be touched.
    """

    def __init__(self, low: Lowering, scene: Scene, name: str) -> None:
        self.low, self.name = low, name
        self.table: dict[str, tuple[str, str, Dimension]] = {}
        """Fields that are baked."""
        self.zone: Zone | None = next((zone for zone in scene.zones if zone.name == name), None)
        self.kind = "zone"
        if name == GROUND:
            self.kind = "ground"
            user = {item.name: ("value", f"ground.{item.name}", item.dim) for item in scene.terrain.fields}
            self.table = {**GROUND_FIELDS, **user}
        elif name == SOLID:
            self.kind, self.table = "solid", {"distance": ("nearest", f"{SOLID}.distance", LENGTH)}
        elif any(layer.name == name for layer in scene.layers):
            self.kind = "layer"
            self.table = {key: (kind, f"{name}.{key}", dim) for key, (kind, dim) in LAYER_FIELDS.items()}
        elif any(item.name == name for item in scene.maps):
            self.kind, self.table = "map", {"value": ("value", f"{name}.value", DIMENSIONLESS)}
        elif any(item.name == name for item in scene.water):
            self.kind = "water"
        self.raster = self.kind == "water" or isinstance(self.zone, Region)
        """Whether distances to it are baked: it has no shape."""

    @property
    def names(self) -> list[str]:
        """Of all its fields."""
        return [*self.table] or ["distance", "inside"]

    def read(self, field: str, point: ast.Expr, span: Span, *, several: bool = False) -> Node | None:
        """A field at a point, or at the points of a list, which is known to be one; ``None`` after a mistake."""
        with self.low.tunables.paused():
            if not self.table and not self.raster:
                assert self.zone is not None
                text = distance(self.zone, several=several)
                assert text is not None
                tree, problems = _parsed(text if field == "distance" else f"{text} <= 0 m")
                assert not problems, text
                node = self.low.number(_put(tree, {"point": point}, span))
                if node is not None:
                    self.low.names.of_places.add(node.id)
                return node
            where = self.low.number(point)
        if where is None:
            return None
        where = flat(self.low, where, span)
        if not self.raster:
            return self.sample(where, *self.table[field], span)
        away = self.sample(where, "value", f"{self.name}.distance", LENGTH, span)
        zero = self.low.math.const(0.0, Type(dim=LENGTH), span)
        if field == "distance":
            return self.low.graph.add("max", (away, zero), type=away.type, span=span)
        condition = replace(away.type, kind=Kind.BOOL, dim=DIMENSIONLESS)
        return self.low.graph.add("le", (away, zero), type=condition, span=span)

    def sample(self, where: Node, kind: str, name: str, dim: Dimension, span: Span) -> Node:
        """The node of what is baked under a name."""
        vector = kind == "normal"
        type = Type(Kind.VEC3 if vector else Kind.FLOAT, where.type.axis, dim, "world" if vector else None)
        return self.low.graph.add("sample", (where,), type=type, attr=(kind, name), span=span)


def drawn_point(low: Lowering, zone: Zone, span: Span) -> Node:
    """A point of a zone, evenly spread [m]: by a formula in discs and boxes, else one of those that were baked."""
    shaped = isinstance(zone, Circle | Box)
    return point_in(low, zone, span) if shaped else spot(low, zone.name, None, span)


def place(low: Lowering, name: str) -> Place | Plane | Spawn | None:
    """The part of the scene of that name; ``None`` where there is none, or it is not known how it is read."""
    scene = low.scope.scene
    if name not in low.scope.places:
        return None
    if name == SPAWN:
        return Spawn(low)
    if scene is None:
        return Plane(low)
    return Place(low, scene, name) if scene.terrain.tiles is None else None


def place_value(low: Lowering, name: str, span: Span) -> CommandValue | None:
    """A part of the scene below the base of the only robot; in a reset, points of a zone that are drawn.

    ``None`` where there is no such part, or it has nothing to be read in this phase.
    """
    found = place(low, name)
    if found is None:
        return None
    fields = {"pos": found.position(span)} if isinstance(found, Spawn) else {}
    if low.phase is Phase.RESET:
        if found.zone is None:
            return CommandValue(name, found.kind, fields) if fields else None
        point, free = drawn_point(low, found.zone, span), spot(low, name, WIDTH, span)
        return CommandValue(name, "zone", {"point": point, "free_point": free})
    if len(low.scope.robots) != 1:
        return CommandValue(name, found.kind, fields) if fields else None
    tree, _ = _parsed("base.pos")
    base = _put(tree, {}, span)
    nodes = {field: found.read(field, base, span) for field in found.names}
    fields |= {field: node for field, node in nodes.items() if node is not None}
    return CommandValue(name, found.kind, fields)


def spot(low: Lowering, zone: str, width: float | None, span: Span) -> Node:
    """A point that is drawn from those which were baked for a zone [m], in the frame of the environment.

    Args:
        width: of what can reach it from the spawn, free of solids [m]; ``None`` for any point of the zone.
    """
    ends = low.math.const(0.0, Type(), span), low.math.const(1.0, Type(), span)
    share = low.draw(RangeValue(*ends), span, Type())
    name = POINT if width is None else f"{FREE}_{round(1000 * width)}mm"
    type = Type(Kind.VEC2, dim=LENGTH, frame="env")
    return low.graph.add("spot", (share,), type=type, attr=f"{zone}.{name}", span=span)


def read_at(low: Lowering, expr: ast.Call, found: Place | Plane | Spawn) -> Node | None:
    """``ground.height(feet.pos)``: a field at a point, or at each point of a list; mistakes are reported."""
    assert isinstance(expr.function, ast.Field)
    field, text = expr.function.name, expr.function.span.text
    if field not in found.names:
        helps = did_you_mean(field, found.names, listing=True)
        value = CommandValue(found.name, found.kind, {})
        low.report.error("E0213", f"{describe(value)} has no `{field}`", expr.function.name_span, *helps)
        return None
    if len(expr.args) != 1 or expr.keywords:
        help = f"as in `{text}(base.pos)`; without parentheses it is read below the base"
        low.report.error("E0209", f"`{text}` is read at one point", expr.span, help)
        return None
    point = low.number(expr.args[0])
    if point is None or not _is_point(low, point, expr.args[0], text):
        return None
    if low.phase is Phase.RESET and isinstance(found, Plane):
        assert isinstance(expr.function.object, ast.Name)
        low.names.of_scene(expr.function.object)
        return None
    node = found.read(field, expr.args[0], expr.span, several=point.type.axis is not None)
    return node if node is None or low.names.check_phase(node, expr.span) else None


def _is_point(low: Lowering, point: Node, expr: ast.Expr, text: str) -> bool:
    """Whether a value is a place on the ground; else it is reported."""
    if not point.type.is_vector or point.type.kind is Kind.QUAT:
        message = f"`{text}` is read at a point, not at {point.type.describe()}"
        low.report.error("E0301", message, expr.span, "write a vec2 or a vec3, as in `base.pos` or `(3, 4) m`")
    elif point.type.dim != LENGTH:
        message = f"`{text}` is read at a point in metres, not at {point.type.describe()}"
        low.report.error("E0403", message, expr.span, "as in `base.pos` or `(3, 4) m`")
    elif point.type.frame not in (None, "env"):
        message = f"`{text}` is read at a point in the env frame, not in the {point.type.frame} frame"
        low.report.error("E0404", message, expr.span, "positions are in it where no frame is written, as in `feet.pos`")
    else:
        return True
    return False


def with_fields(program: Program, scene: Scene) -> Program:
    """The program in a scene that holds the fields which its expressions read."""
    roots = [*program.ending, *program.observing, *(action.command for action in program.actions)]
    nodes = list(walk([*roots, *(reset.value for reset in program.resets)]))
    found = {str(node.attr[1]) for node in nodes if node.op == "sample" and isinstance(node.attr, tuple)}
    found |= {str(node.attr) for node in nodes if node.op == "spot"}
    reads = tuple(sorted(found - {"ground.height"}))  # heights are baked with every scene
    return replace(program, scene=replace(scene, reads=reads))


def _parsed(text: str) -> tuple[ast.Expr, list[Any]]:
    from stripe_dsl.syntax.parser import parse_expression

    tree, problems = parse_expression(SourceFile("<scene>", text), 0, len(text))
    return tree, list(problems)


def _put(tree: Any, parts: dict[str, ast.Expr], span: Span) -> Any:
    """A syntax tree with every span in one place, and expressions in place of names."""
    if isinstance(tree, Span):
        return span
    if isinstance(tree, tuple):
        return tuple(_put(item, parts, span) for item in tree)
    if isinstance(tree, ast.Name) and tree.id in parts:
        return parts[tree.id]
    if is_dataclass(tree) and not isinstance(tree, type):
        return replace(tree, **{item.name: _put(getattr(tree, item.name), parts, span) for item in fields(tree)})
    return tree
