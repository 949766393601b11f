"""Expressions to typed nodes: names resolved, shapes, units and frames checked on the way."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from math import pi

from stripe_dsl.check.arithmetic import Arithmetic
from stripe_dsl.check.quantities import BASE, BODY, EPISODE, JOINT, SENSORS, Quantity
from stripe_dsl.check.report import Reporter
from stripe_dsl.check.scope import Scope
from stripe_dsl.check.tunables import Role, Tunables
from stripe_dsl.check.values import (
    Base,
    BodySet,
    Episode,
    JointSet,
    RangeValue,
    RobotValue,
    SensorReading,
    SensorValue,
    Value,
    describe,
)
from stripe_dsl.diagnostics import Annotation
from stripe_dsl.ir.graph import Attr, Graph, Node, Read
from stripe_dsl.ir.types import BOOL, Kind, Type
from stripe_dsl.robots.model import JointType
from stripe_dsl.source import Span
from stripe_dsl.syntax import ast
from stripe_dsl.text import and_list, did_you_mean
from stripe_dsl.units import DIMENSIONLESS, Dimension, UnitError, parse_unit

ARITHMETIC = {"+": "add", "-": "sub", "*": "mul", "/": "div"}
PARTS = {
    "x": (0,), "y": (1,), "z": (2,),
    "xy": (0, 1), "xz": (0, 2), "yz": (1, 2),
}  # fmt: skip
KNOWN_AT_RESET = ("joint.default_", "joint.lower", "joint.upper", "joint.vel_limit", "root.default_")
"""Quantities that a reset may read: those that do not change."""


class Phase(StrEnum):
    """When an expression is evaluated."""

    CONSTANT = "constant"
    TERMINATE = "terminate"
    REWARD = "reward"
    OBSERVE = "observe"
    RESET = "reset"
    ACTION = "action"


class Lowering:
    """Lowers the expressions of one task into one graph."""

    def __init__(self, scope: Scope, report: Reporter) -> None:
        self.scope = scope
        self.report = report
        self.graph = Graph()
        self.math = Arithmetic(self.graph, report)
        self.tunables = Tunables()
        self.phase = Phase.CONSTANT
        self.lets: dict[str, Node | None] = {}
        self.params: dict[str, Node | None] = {}
        self.terms: dict[str, Node | None] = {}
        self._open: list[str] = []
        self.default: Node | None = None
        """What ``default`` means where no operand beside it says so: the target of a reset."""

    # entry points

    def number(self, expr: ast.Expr, role: Role | None = None) -> Node | None:
        """The node of an expression that has to be a value; anything else is reported."""
        value = self.value(expr, role)
        if value is None or isinstance(value, Node):
            return value
        if isinstance(value, RangeValue):
            where = "only in `reset`, `noise` and `clip`" if self.phase is not Phase.RESET else "in parentheses"
            self.report.error("E0307", "a range stands where one value is wanted", expr.span, f"ranges stand {where}")
        else:
            self.report.error(
                "E0213", f"{describe(value)} has no value of its own", expr.span, f"read one of {self._fields_of(value)}"
            )
        return None

    def value(self, expr: ast.Expr, role: Role | None = None) -> Value | None:
        """What an expression stands for; ``None`` after a mistake was reported."""
        match expr:
            case ast.Number():
                return self._number(expr, role)
            case ast.Name():
                return self._name(expr)
            case ast.Field():
                return self._field(expr)
            case ast.Frame():
                return self._frame(expr)
            case ast.Index():
                return self._index(expr)
            case ast.Unary():
                return self._unary(expr, role)
            case ast.Binary():
                return self._binary(expr)
            case ast.Norm():
                return self._norm(expr)
            case ast.If():
                return self._if(expr)
            case ast.Where():
                return self._where(expr)
            case ast.Range():
                return self.range(expr)
            case ast.Tuple():
                return self._tuple(expr, role)
            case ast.Call():
                from stripe_dsl.check.functions import call

                return call(self, expr)
            case ast.Broken():
                return None
            case ast.String():
                self.report.error("E0309", "a string has no value in an expression", expr.span)
            case ast.List():
                self.report.error("E0309", "a list in brackets stands only after a set of bodies", expr.span)
            case _:
                self.report.error("E0309", "this has no value in an expression", expr.span)
        return None

    # leaves

    def unit(self, text: str, span: Span | None) -> tuple[float, Dimension] | None:
        """Scale and dimension of a unit; an unknown one is reported."""
        if not text:
            return 1.0, DIMENSIONLESS
        try:
            unit = parse_unit(text)
        except UnitError as problem:
            helps = (f"did you mean `{problem.suggestion}`?",) if problem.suggestion else ()
            self.report.error("E0108", f"unknown unit `{text}`", span, *helps)
            return None
        return unit.scale, unit.dimension

    def _number(self, expr: ast.Number, role: Role | None) -> Node | None:
        unit = self.unit(expr.unit, expr.unit_span or expr.span)
        if unit is None:
            return None
        scale, dim = unit
        value = expr.value * scale
        type = Type(dim=dim)
        if self.tunables.wants(expr, role):
            path = self.tunables.add(value, dim, role, expr.span)
            return self.graph.add("tunable", type=type, attr=path, span=expr.span)
        return self.math.const(value, type, expr.span)

    def _tuple(self, expr: ast.Tuple, role: Role | None) -> Node | None:
        unit = self.unit(expr.unit, expr.unit_span or expr.span)
        if unit is None:
            return None
        scale, dim = unit
        if len(expr.items) not in (2, 3):
            self.report.error("E0303", f"a vector has two or three parts, not {len(expr.items)}", expr.span)
            return None
        literal = all(isinstance(_plain(item), ast.Number) for item in expr.items)
        with self.tunables.paused():
            nodes = [self.number(item) for item in expr.items]
        parts: list[Node] = []
        for item, node in zip(expr.items, nodes, strict=True):
            if node is None:
                return None
            if node.type.dim.is_none and expr.unit and node.op == "const" and isinstance(node.attr, int | float):
                node = self.math.const(float(node.attr) * scale, Type(dim=dim), node.span)
            if not node.type.is_scalar or node.type.is_bool:
                self.report.error("E0302", f"a part of a vector is one number, not {node.type.describe()}", item.span)
                return None
            parts.append(node)
        dims = {node.type.dim for node in parts if not (node.op == "const" and node.attr == 0)} or {dim}
        if len(dims) > 1:
            words = and_list([str(item) for item in dims])
            self.report.error("E0401", f"the parts of a vector have different units: {words}", expr.span)
            return None
        kind = Kind.VEC2 if len(parts) == 2 else Kind.VEC3
        type = Type(kind, dim=dims.pop())
        if literal:
            value = tuple(float(node.attr) for node in parts)  # type: ignore[arg-type]
            if self.tunables.active and any(value):
                path = self.tunables.add(value, type.dim, role or Role.OFFSET, expr.span)
                return self.graph.add("tunable", type=type, attr=path, span=expr.span)
            return self.math.const(value, type, expr.span)
        return self.graph.add("vec", parts, type=type, span=expr.span)

    def _name(self, expr: ast.Name) -> Value | None:
        name = expr.id
        self.scope.used.add(name)
        if name in ("true", "false"):
            return self.math.const(name == "true", BOOL, expr.span)
        if name == "pi":
            return self.math.const(pi, Type(dim=parse_unit("rad").dimension), expr.span)
        if name == "default":
            if self.default is not None:
                return self.default
            help = "write it beside a joint position, as in `joints.pos - default`"
            self.report.error("E0201", "`default` has no meaning here", expr.span, help)
            return None
        if name in self.scope.lets:
            return self._let(expr)
        if name in self.scope.actions:
            return self._action(expr, previous=False)
        if name in self.scope.params:
            return self._param(expr)
        if name == "failed" or name in self.scope.terminations:
            return self._termination(expr)
        entity = self.scope.entity(name)
        if entity is not None:
            return entity
        if name in self.scope.unknown_sets:
            return None
        self._unknown(expr)
        return None

    def _unknown(self, expr: ast.Name) -> None:
        from stripe_dsl.check.functions import FUNCTIONS

        if expr.id in FUNCTIONS:
            self.report.error("E0209", f"`{expr.id}` is a function", expr.span, f"call it: `{expr.id}(…)`")
            return
        helps = did_you_mean(expr.id, self.scope.known_names())
        if not helps and len(self.scope.robots) == 1:
            robot = next(iter(self.scope.robots.values()))
            names = [*robot.model.joint_names, *robot.model.body_names]
            if expr.id in names:
                word = "joint" if expr.id in robot.model.joint_names else "body"
                helps = (f'name it in the robot: `{word} {expr.id} = "{expr.id}"`',)
        self.report.error("E0201", f"unknown name `{expr.id}`", expr.span, *helps)

    def _cycle(self, name: str, span: Span) -> bool:
        if name not in self._open:
            return False
        chain = " -> ".join([*self._open[self._open.index(name) :], name])
        self.report.error("E0210", f"`{name}` is defined by itself: {chain}", span, "break the circle at one of them")
        return True

    def _let(self, expr: ast.Name) -> Node | None:
        name = expr.id
        if name not in self.lets:
            if self._cycle(name, expr.span):
                return None
            self._open.append(name)
            phase, default = self.phase, self.default
            self.phase, self.default = Phase.REWARD, None
            with self.tunables.term("let", name):
                self.lets[name] = self.number(self.scope.lets[name].node)  # type: ignore[index]
            self.phase, self.default = phase, default
            self._open.pop()
        node = self.lets[name]
        if node is not None:
            self.check_phase(node, expr.span)
        return node

    def _param(self, expr: ast.Name) -> Value | None:
        name = expr.id
        if name not in self.params:
            if self._cycle(name, expr.span):
                return None
            self._open.append(name)
            with self.tunables.paused():
                self.params[name] = self.number(self.scope.params[name].node)
            self._open.pop()
        node = self.params[name]
        if node is None or not self.tunables.active or node.op != "const" or isinstance(node.attr, bool):
            return node
        path = self.tunables.param(name, node)
        return self.graph.add("tunable", type=node.type, attr=path, span=node.span)

    def _action(self, expr: ast.Name, *, previous: bool) -> Node | None:
        action = self.scope.actions[expr.id]
        type = Type(axis=action.axis)
        node = self.graph.add("read", type=type, read=Read("", f"action.{action.name}"), span=expr.span)
        return node if previous or self.check_phase(node, expr.span) else None

    def previous_action(self, expr: ast.Name) -> Node:
        """``prev(legs)``: in an observation the last action, in a reward the one before the action just applied."""
        self.scope.used.add(expr.id)
        node = self._action(expr, previous=True)
        assert node is not None
        return self.graph.add("prev", (node,), type=node.type, span=expr.span)

    def _termination(self, expr: ast.Name) -> Node | None:
        name = expr.id
        if name == "failed":
            node = self.graph.add("read", type=BOOL, read=Read("", "env.failed"), span=expr.span)
        elif name == "timeout":
            node = self.graph.add("read", type=BOOL, read=Read("", "env.timeout"), span=expr.span)
        else:
            node = self.graph.add("read", type=BOOL, read=Read("", f"term.{name}"), span=expr.span)
        return node if self.check_phase(node, expr.span) else None

    def check_phase(self, root: Node, span: Span) -> bool:
        """Whether everything that ``root`` reads is known in this phase; else it is reported at ``span``."""
        for node in _now(root):
            if node.read is None:
                continue
            quantity = node.read.quantity
            notes = (Annotation(node.span, "read here"),) if node.span not in (None, span) else ()
            if self.phase is Phase.RESET and not quantity.startswith(KNOWN_AT_RESET):
                self.report.error(
                    "E0505",
                    "a reset sets the state and cannot read it",
                    span,
                    "use `default`, ranges, limits and parameters",
                    notes=notes,
                )
                return False
            if quantity.startswith("action.") and self.phase in (Phase.OBSERVE, Phase.RESET):
                name = quantity.removeprefix("action.")
                self.report.error(
                    "E0504",
                    f"the action `{name}` is not known yet when it is to be chosen",
                    span,
                    f"write `prev({name})` for the last action",
                    notes=notes,
                )
                return False
            if quantity.startswith(("env.failed", "env.timeout", "term.")) and self.phase is not Phase.REWARD:
                word = quantity.split(".")[1]
                self.report.error(
                    "E0505", f"`{word}` is known only in rewards, not in `{self.phase}`", span, notes=notes
                )
                return False
        return True

    # fields, frames, sets

    def read(self, entity: str, quantity: str, names: tuple[str, ...], type: Type, span: Span | None) -> Node:
        """A node that reads the simulation."""
        return self.graph.add("read", type=type, read=Read(entity, quantity, names), span=span)

    def _field(self, expr: ast.Field, frame: str | None = None, frame_span: Span | None = None) -> Value | None:
        owner = self.value(expr.object)
        if owner is None:
            return None
        name = expr.name
        if isinstance(owner, Node):
            return self._part(expr, owner)
        if isinstance(owner, RobotValue):
            member = self.scope.member(owner, name)
            if member is None:
                if name in self.scope.unknown_sets:
                    return None
                known = [*owner.sets, "joints", "bodies", "base"]
                message = f"robot `{owner.name}` has no `{name}`"
                self.report.error("E0213", message, expr.name_span, *did_you_mean(name, known, listing=True))
            return member
        table = self._table(owner)
        quantity = table.get(name)
        if quantity is None:
            message = f"{describe(owner)} has no `{name}`"
            helps = did_you_mean(name, table, listing=True)
            if name in PARTS:
                helps = (f"read a quantity first: {and_list(list(table))}",)
            self.report.error("E0213", message, expr.name_span, *helps)
            return None
        return self._quantity(expr, owner, quantity, frame, frame_span)

    def _table(self, owner: Value) -> dict[str, Quantity]:
        match owner:
            case JointSet():
                return JOINT
            case BodySet():
                return BODY
            case Base():
                return BASE
            case SensorValue():
                return SENSORS[owner.kind]
            case SensorReading():
                return SENSORS[owner.sensor.kind]
            case Episode():
                return EPISODE
        return {}

    def _fields_of(self, value: Value) -> str:
        table = list(self._table(value))
        if isinstance(value, RobotValue):
            table = [*value.sets, "joints", "bodies", "base"]
        return and_list([f".{name}" for name in table])

    def _quantity(
        self, expr: ast.Field, owner: Value, quantity: Quantity, frame: str | None, frame_span: Span | None
    ) -> Node | None:
        span = expr.span
        if frame is None and quantity.frames:
            frame = quantity.default
            if not frame:
                known = and_list([f"@{item}" for item in quantity.frames])
                text = f"{expr.span.text}@{quantity.frames[0]}"
                message = f"`{expr.name}` needs a frame"
                self.report.error("E0405", message, expr.name_span, f"write one of {known}, as in `{text}`")
                return None
        elif frame is not None and not quantity.frames:
            self.report.error("E0406", f"`{expr.name}` has no frame", frame_span, "remove the `@`")
            return None
        elif frame is not None and frame not in quantity.frames:
            known = and_list([f"@{item}" for item in quantity.frames])
            message = f"`{expr.name}` cannot be read in the frame `{frame}`"
            helps = did_you_mean(frame, quantity.frames) or (f"it can be read in {known}",)
            self.report.error("E0406", message, frame_span, *helps)
            return None
        key = f"{quantity.read}@{frame}" if quantity.frames else quantity.read
        vector = quantity.kind in (Kind.VEC3, Kind.QUAT)
        type = Type(quantity.kind, None, quantity.dim, frame if vector else None)
        match owner:
            case JointSet():
                dim = self._joint_dimension(owner, quantity, expr)
                if dim is None:
                    return None
                return self.read(owner.robot, key, owner.names, Type(axis=owner.axis, dim=dim), span)
            case BodySet():
                return self.placed(owner.robot, key, owner.names, replace(type, axis=owner.axis), span)
            case Base():
                return self._base(owner, key, type, frame, span)
            case SensorValue():
                bodies = BodySet(owner.robot.name, owner.robot.model, owner.robot.model.body_names, "bodies")
                return self.read(owner.name, key, bodies.names, replace(type, axis=bodies.axis), span)
            case SensorReading():
                bodies = owner.bodies
                return self.read(owner.sensor.name, key, bodies.names, replace(type, axis=bodies.axis), span)
            case Episode():
                return self.read("", key, (), type, span)
        return None

    def _base(self, base: Base, key: str, type: Type, frame: str | None, span: Span) -> Node:
        rot_type = Type(Kind.QUAT, frame="world")

        def rot() -> Node:
            return self.read(base.robot, "root.rot@world", (), rot_type, span)

        name = key.split("@")[0]
        if name in ("root.roll", "root.pitch", "root.yaw"):
            return self.graph.add("euler", (rot(),), type=type, attr=name.removeprefix("root."), span=span)
        if name in ("root.forward", "root.up"):
            axis: Attr = (1.0, 0.0, 0.0) if name == "root.forward" else (0.0, 0.0, 1.0)
            local = self.math.const(axis, Type(Kind.VEC3, frame="body"), span)
            world = self.graph.add("rotate", (rot(), local), type=replace(type, frame="world"), span=span)
            return self.to_frame(world, frame or "world", base, span) or world
        if frame == "heading":
            world = self.read(base.robot, f"{name}@world", (), replace(type, frame="world"), span)
            return self.to_frame(world, "heading", base, span) or world
        return self.placed(base.robot, key, (), type, span)

    def placed(self, entity: str, key: str, names: tuple[str, ...], type: Type, span: Span) -> Node:
        """A read; in the frame ``env`` it is the position in the world less the environment's origin."""
        if type.frame != "env":
            return self.read(entity, key, names, type, span)
        world = self.read(entity, key.replace("@env", "@world"), names, replace(type, frame="world"), span)
        origin = self.read("", "env.origin", (), replace(type, axis=None, frame="world"), span)
        return self.graph.add("sub", (world, origin), type=type, span=span)

    def _joint_dimension(self, joints: JointSet, quantity: Quantity, expr: ast.Field) -> Dimension | None:
        kinds = {joints.model.joint(name).type is JointType.PRISMATIC for name in joints.names}
        if kinds == {True}:
            return quantity.prismatic
        if len(kinds) == 2 and quantity.dim != quantity.prismatic:
            sliding = [name for name in joints.names if joints.model.joint(name).type is JointType.PRISMATIC]
            self.report.error(
                "E0409",
                f"`{joints.label}` holds revolute and prismatic joints, so `{expr.name}` has no single unit",
                expr.span,
                f"name the two kinds apart: {and_list(sliding)} is prismatic",
            )
            return None
        return quantity.dim

    def _part(self, expr: ast.Field, owner: Node) -> Node | None:
        indices = PARTS.get(expr.name)
        if not owner.type.is_vector or indices is None:
            if owner.type.is_vector:
                known = "`.x`, `.y`, `.z`, `.xy`, `.xz`, `.yz`"
                helps: tuple[str, ...] = (f"a vector has the parts {known}",)
            elif indices is not None:
                helps = ("only vectors have parts",)
            else:
                helps = ()
            self.report.error("E0304", f"{owner.type.describe()} has no part `{expr.name}`", expr.name_span, *helps)
            return None
        if max(indices) >= owner.type.components:
            self.report.error("E0304", f"a vec2 has no part `{expr.name}`", expr.name_span, "its parts are `.x`, `.y`")
            return None
        kind = Kind.FLOAT if len(indices) == 1 else Kind.VEC2
        if len(indices) == owner.type.components:
            return owner
        frame = owner.type.frame if kind is not Kind.FLOAT else None
        type = replace(owner.type, kind=kind, frame=frame)
        return self.graph.add("part", (owner,), type=type, attr=expr.name, span=expr.span)

    def _frame(self, expr: ast.Frame) -> Value | None:
        if isinstance(expr.object, ast.Field):
            with_frame = self._field(expr.object, expr.frame, expr.frame_span)
            if not (isinstance(with_frame, Node) and with_frame.op == "part"):
                return with_frame
        value = self.number(expr.object)
        if value is None:
            return None
        if value.type.kind is not Kind.VEC3 or value.type.frame is None:
            self.report.error("E0406", f"{value.type.describe()} has no frame to change", expr.frame_span)
            return None
        robot = next(iter(self.scope.robots.values()))
        result = self.to_frame(value, expr.frame, Base(robot.name, robot.model, "base"), expr.span)
        if result is None:
            message = f"a vector in the {value.type.frame} frame cannot be turned into `{expr.frame}`"
            known = ("world", "body", "heading")
            helps = did_you_mean(expr.frame, known) or ("vectors turn between @world, @body and @heading",)
            self.report.error("E0406", message, expr.frame_span, *helps)
        return result

    def to_frame(self, vector: Node, frame: str, base: Base, span: Span) -> Node | None:
        """A vector in the axes of another frame; ``None`` where there is no such turn."""
        source = vector.type.frame
        if source == frame:
            return vector
        turns = ("world", "body", "heading")
        if source not in turns or frame not in turns:
            return None

        def rotation(name: str) -> Node:
            rot = self.read(base.robot, "root.rot@world", (), Type(Kind.QUAT, frame="world"), span)
            return rot if name == "body" else self.graph.add("yaw_only", (rot,), type=rot.type, span=span)

        if source != "world":
            type = replace(vector.type, frame="world")
            vector = self.graph.add("rotate", (rotation(source), vector), type=type, span=span)
        if frame != "world":
            type = replace(vector.type, frame=frame)
            vector = self.graph.add("rotate_inverse", (rotation(frame), vector), type=type, span=span)
        return vector

    def _index(self, expr: ast.Index) -> Value | None:
        owner = self.value(expr.object)
        sets = [self.value(item) for item in expr.items]
        if owner is None or any(item is None for item in sets):
            return None
        if not isinstance(owner, SensorValue):
            self.report.error("E0303", f"{describe(owner)} is not indexed", expr.span, "only sensors are: `touch[feet]`")
            return None
        names: list[str] = []
        labels: list[str] = []
        for item, value in zip(expr.items, sets, strict=True):
            if isinstance(value, Base):
                value = BodySet(value.robot, value.model, (value.model.root_body,), value.label, single=True)
            if not isinstance(value, BodySet):
                self.report.error("E0303", "a sensor is read at bodies of its robot", item.span)
                return None
            names += [name for name in value.names if name not in names]
            labels.append(value.label)
        single = len(sets) == 1 and (isinstance(sets[0], Base) or getattr(sets[0], "single", False))
        bodies = BodySet(owner.robot.name, owner.robot.model, tuple(names), ", ".join(labels), single)
        return SensorReading(owner, bodies)

    # operators

    def _unary(self, expr: ast.Unary, role: Role | None) -> Value | None:
        value = self.value(expr.operand, role)
        if isinstance(value, RangeValue) and expr.op == "-":
            low, high = self.negate(value.high, expr.span), self.negate(value.low, expr.span)
            return RangeValue(low, high)
        node = value if isinstance(value, Node) or value is None else self.number(expr.operand)
        if node is None:
            return None
        if expr.op == "not":
            if not self.math.condition(node, expr.operand.span):
                return None
            return self.math.unary("not", node, node.type, expr.span)
        if not self.math.numeric(node, expr.span, "write `not` to negate a condition"):
            return None
        return self.negate(node, expr.span)

    def negate(self, node: Node, span: Span | None) -> Node:
        """``-x``; a constant is folded."""
        if node.op == "const" and isinstance(node.attr, int | float) and not isinstance(node.attr, bool):
            return self.math.const(-node.attr, node.type, span)
        return self.math.unary("neg", node, node.type, span)

    def _binary(self, expr: ast.Binary) -> Value | None:
        if expr.op in ("and", "or"):
            a, b = self.number(expr.left), self.number(expr.right)
            if a is None or b is None:
                return None
            return self.math.logic(expr.op, a, b, expr.span, expr.left.span, expr.right.span)
        if expr.op == "^":
            base = self.number(expr.left)
            with self.tunables.paused():
                exponent = self.number(expr.right)
            if base is None or exponent is None:
                return None
            return self.math.power(base, exponent, expr.span, expr.right.span)
        left_role, right_role = _roles(expr.op)
        left, right = self._operands(expr, left_role, right_role)
        if left is None or right is None:
            return None
        if isinstance(left, RangeValue) or isinstance(right, RangeValue):
            return self._with_range(expr, left, right)
        a = left if isinstance(left, Node) else self.number(expr.left)
        b = right if isinstance(right, Node) else self.number(expr.right)
        if a is None or b is None:
            return None
        return self._arithmetic(expr, a, b)

    def _arithmetic(self, expr: ast.Binary, a: Node, b: Node) -> Node | None:
        if expr.op in ("+", "-"):
            return self.math.additive(ARITHMETIC[expr.op], a, b, expr.span, expr.left.span, expr.right.span)
        if expr.op in ("*", "/"):
            return self.math.multiply(ARITHMETIC[expr.op], a, b, expr.span)
        return self.math.compare(expr.op, a, b, expr.span)

    def _operands(self, expr: ast.Binary, left_role: Role, right_role: Role) -> tuple[Value | None, Value | None]:
        """Both sides; ``default`` beside a joint position or velocity is that joint's default."""
        sides = (expr.left, expr.right)
        for index, side in enumerate(sides):
            if isinstance(side, ast.Name) and side.id == "default" and self.default is None:
                other = self.value(sides[1 - index], left_role)
                if other is None:
                    return None, None
                default = self._default_of(other, side)
                return (default, other) if index == 0 else (other, default)
        return self.value(expr.left, left_role), self.value(expr.right, right_role)

    def _default_of(self, other: Value, expr: ast.Name) -> Node | None:
        if isinstance(other, Node) and other.read is not None and other.read.quantity in ("joint.pos", "joint.vel"):
            quantity = other.read.quantity.replace("joint.", "joint.default_")
            return self.read(other.read.entity, quantity, other.read.names, other.type, expr.span)
        self.report.error(
            "E0201", "`default` stands beside a joint position or velocity", expr.span, "as in `joints.pos - default`"
        )
        return None

    def _with_range(self, expr: ast.Binary, left: Value, right: Value) -> Node | None:
        """A range inside arithmetic: drawn at random, which only a reset may do."""
        if self.phase is not Phase.RESET:
            side = expr.left if isinstance(left, RangeValue) else expr.right
            self.report.error(
                "E0307",
                "a range stands where one value is wanted",
                side.span,
                "random values are drawn in `reset`; to keep a value within bounds write `clip(x, low, high)`",
            )
            return None
        a = self.draw(left, expr.left.span) if isinstance(left, RangeValue) else left
        b = self.draw(right, expr.right.span) if isinstance(right, RangeValue) else right
        if not isinstance(a, Node) or not isinstance(b, Node):
            return None
        if expr.op not in ("+", "-", "*", "/"):
            self.report.error("E0307", "a range cannot be compared", expr.span)
            return None
        return self._arithmetic(expr, a, b)

    def draw(self, value: RangeValue, span: Span | None, type: Type | None = None) -> Node:
        """A uniform draw from a range, one for every element of ``type``."""
        type = type or (replace(self.default.type, dim=value.low.type.dim) if self.default else value.low.type)
        return self.graph.add("uniform", (value.low, value.high), type=type, span=span)

    def range(self, expr: ast.Range) -> RangeValue | None:
        """``low..high``: both ends in one unit, in order."""
        with self.tunables.paused():
            low, high = self.number(expr.low), self.number(expr.high)
        if low is None or high is None:
            return None
        if low.op == "const" and low.type.dim.is_none and isinstance(expr.high, ast.Number) and expr.high.unit:
            plain = _plain(expr.low)
            if isinstance(plain, ast.Number) and not plain.unit:
                unit = self.unit(expr.high.unit, expr.high.unit_span)
                if unit is None:
                    return None
                low = self.math.const(float(low.attr) * unit[0], high.type, low.span)  # type: ignore[arg-type]
        adapted = self.math.same_unit("lt", low, high, expr.span)
        if adapted is None:
            return None
        low, high = adapted
        for node, side in ((low, expr.low), (high, expr.high)):
            if not node.type.is_scalar or node.type.is_bool:
                self.report.error("E0302", f"the end of a range is one number, not {node.type.describe()}", side.span)
                return None
        if low.op == high.op == "const" and float(low.attr) > float(high.attr):  # type: ignore[arg-type]
            self.report.error(
                "E0308", "the range is empty: its lower end is above its upper end", expr.span, "swap the two ends"
            )
            return None
        if self.tunables.active and low.op == high.op == "const":
            pair = (float(low.attr), float(high.attr))  # type: ignore[arg-type]
            path = self.tunables.add(pair, low.type.dim, Role.RANGE, expr.span)
            low = self.graph.add("tunable", type=low.type, attr=f"{path}[0]", span=low.span)
            high = self.graph.add("tunable", type=high.type, attr=f"{path}[1]", span=high.span)
        return RangeValue(low, high)

    def _norm(self, expr: ast.Norm) -> Node | None:
        node = self.number(expr.operand)
        if node is None or not self.math.numeric(node, expr.span, "count conditions with `count(…)`"):
            return None
        return self.norm(node, expr.span)

    def norm(self, node: Node, span: Span) -> Node:
        """Length of a vector, absolute value of a number, root of the sum of squares of a list of numbers."""
        type = replace(node.type, kind=Kind.FLOAT, frame=None)
        if node.type.is_vector:
            return self.graph.add("norm", (node,), type=type, span=span)
        if node.type.axis is not None:
            return self.graph.add("list_norm", (node,), type=replace(type, axis=None), span=span)
        return self.graph.add("abs", (node,), type=type, span=span)

    def _if(self, expr: ast.If) -> Node | None:
        then, condition = self.number(expr.then), self.number(expr.condition)
        otherwise = self.number(expr.otherwise) if expr.otherwise is not None else None
        if then is None or condition is None or not self.math.condition(condition, expr.condition.span):
            return None
        if expr.otherwise is None:
            otherwise = self.math.zero_like(then)
        return None if otherwise is None else self.math.select(condition, then, otherwise, expr.span)

    def _where(self, expr: ast.Where) -> Node | None:
        value, condition = self.number(expr.value), self.number(expr.condition)
        if value is None or condition is None or not self.math.condition(condition, expr.condition.span):
            return None
        if value.type.axis is None and condition.type.axis is None:
            message = "`where` picks elements of a list, and there is none here"
            self.report.error("E0301", message, expr.span, "write `x if condition` for one value")
            return None
        return self.math.select(condition, value, self.math.zero_like(value), expr.span)


def _plain(expr: ast.Expr) -> ast.Expr:
    return expr.operand if isinstance(expr, ast.Unary) and expr.op == "-" else expr


def _roles(op: str) -> tuple[Role, Role]:
    if op in ("<", "<=", ">", ">=", "==", "!="):
        return Role.THRESHOLD, Role.THRESHOLD
    if op == "/":
        return Role.FACTOR, Role.SCALE
    return (Role.FACTOR, Role.FACTOR) if op == "*" else (Role.OFFSET, Role.OFFSET)


def _now(root: Node) -> list[Node]:
    """The nodes that are evaluated now: all but what stands inside ``prev``."""
    out: list[Node] = []
    stack, seen = [root], set()
    while stack:
        node = stack.pop()
        if node.id in seen:
            continue
        seen.add(node.id)
        out.append(node)
        if node.op != "prev":
            stack.extend(node.args)
    return out


__all__ = ["Lowering", "Phase"]
