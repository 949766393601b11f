"""Reading the simulation: fields of joints, bodies, sensors and the base, parts of vectors, turns between frames."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from stripe_dsl.check.foreign import field_of
from stripe_dsl.check.frames import OWNED
from stripe_dsl.check.missing import has, help_with, measured_by
from stripe_dsl.check.phase import Phase
from stripe_dsl.check.points import POINTED, read_points
from stripe_dsl.check.quantities import (
    BASE,
    BODY,
    CARRIED,
    CONTACTS,
    EPISODE,
    JOINT,
    OBJECT,
    PARTNER,
    SENSORS,
    SIGHT,
    Quantity,
)
from stripe_dsl.check.sights import mask, seen
from stripe_dsl.check.subsets import chosen, members
from stripe_dsl.check.touching import felt
from stripe_dsl.check.values import (
    Base,
    BodySet,
    CommandValue,
    Episode,
    JointSet,
    RobotValue,
    SensorReading,
    SensorValue,
    Sight,
    SoftValue,
    Value,
    describe,
)
from stripe_dsl.ir.graph import Attr, Node, Read
from stripe_dsl.ir.sensors import ContactSettings, Partner, RaySettings
from stripe_dsl.ir.types import Axis, Kind, Type
from stripe_dsl.robots.model import JointType
from stripe_dsl.source import Span
from stripe_dsl.syntax import ast
from stripe_dsl.text import and_list, did_you_mean
from stripe_dsl.units import FORCE, LENGTH, TIME, Dimension

if TYPE_CHECKING:
    from stripe_dsl.check.expressions import Lowering

PARTS = {"x": (0,), "y": (1,), "z": (2,), "xy": (0, 1), "xz": (0, 2), "yz": (1, 2)}
"""Parts of a vector, with the components they take."""

TABLES = {JointSet: JOINT, BodySet: BODY, Sight: SIGHT, Episode: EPISODE, **POINTED}
"""Quantities by what they are read of; those of sensors depend on their kind."""


class Reading:
    """Lowers what follows a name: ``.pos``, ``@body``, ``[feet]``."""

    def __init__(self, low: Lowering) -> None:
        self.low = low

    def read(self, entity: str, quantity: str, names: tuple[str, ...], type: Type, span: Span | None) -> Node:
        """A node that reads the simulation."""
        return self.low.graph.add("read", type=type, read=Read(entity, quantity, names), span=span)

    def field(self, expr: ast.Field, frame: str | None = None, frame_span: Span | None = None) -> Value | None:
        entities = (*self.low.scope.robots, *self.low.scope.objects)
        if isinstance(expr.object, ast.Frame) and expr.object.frame in entities and expr.name in OWNED:
            return self.low.frames.by_name(expr)
        self.low.names.wanted = expr.name
        owner = self.low.value(expr.object)
        self.low.names.wanted = ""
        if owner is None:
            return None
        name = expr.name
        if isinstance(owner, Node):
            return self.part(expr, owner)
        if isinstance(owner, RobotValue):
            member = self.low.scope.member(owner, name)
            if member is None:
                if name in self.low.scope.unknown_sets:
                    return None
                if owner.name in self.low.scope.layers and self.low.names.of_layer(name):
                    found = self.low.names.layer(expr)
                    return self.command(expr, found, frame, frame_span) if found is not None else None
                known = [*owner.sets, "joints", "bodies", "base"]
                message = f"robot `{owner.name}` has no `{name}`"
                self.low.report.error("E0213", message, expr.name_span, *did_you_mean(name, known, listing=True))
            return member
        if isinstance(owner, CommandValue):
            return self.command(expr, owner, frame, frame_span)
        if isinstance(owner, JointSet) and not owner.names:
            message, help = f"robot `{owner.robot}` has no joint that moves", "read its `base` or its `bodies`"
            self.low.report.error("E0203", message, expr.object.span, help)
            return None
        table = self.table(owner)
        quantity = table.get(name)
        if quantity is None:
            message = f"`{name}` is no quantity of {describe(owner)}"
            helps = measured_by(self.low, owner, name, expr.object.span.text) or field_of(name, table)
            helps = helps or did_you_mean(name, table, listing=True)
            if name in PARTS and not field_of(name, table):
                helps = (f"read a quantity first: {and_list(list(table))}",)
            if name == "mask" and isinstance(owner, SensorValue) and owner.camera is not None:
                helps = (f"say of what: `{owner.name}[ground].mask`, or of a robot or an object",)
            if isinstance(owner, SensorValue) and isinstance(self.low.scope.entity(name), BodySet):
                helps = (f"a sensor is read at bodies in brackets: `{owner.name}[{name}]`",)
            if table is PARTNER and name in CONTACTS:
                helps = (f"clocks run for all contacts: read `{name}` of a sensor without `against`",)
            self.low.report.error("E0213", message, expr.name_span, *helps)
            return None
        return self.quantity(expr, owner, quantity, frame, frame_span)

    def command(self, expr: ast.Field, owner: CommandValue, frame: str | None, frame_span: Span | None) -> Node | None:
        """A field of a command."""
        node = owner.fields.get(f"{expr.name}@{frame}" if frame is not None else expr.name)
        plain = owner.fields.get(expr.name)
        if node is None and plain is not None and plain.type.frame == frame:
            node = plain
        if node is None and plain is not None:
            known = [key.partition("@")[2] for key in owner.fields if key.startswith(f"{expr.name}@")]
            known = [f"@{item}" for item in (plain.type.frame, *known) if item]
            helps = (f"it can be read in {and_list(known)}",) if known else (f"remove `@{frame}`",)
            self.low.report.error("E0406", f"`{expr.name}` cannot be read in the frame `{frame}`", frame_span, *helps)
        elif node is None:
            known = [key for key in owner.fields if "@" not in key]
            helps = help_with(expr.name, owner) or did_you_mean(expr.name, known, listing=True)
            self.low.report.error("E0213", f"{describe(owner)} has no `{expr.name}`", expr.name_span, *helps)
        return node

    def table(self, owner: Value) -> dict[str, Quantity]:
        match owner:
            case Base():
                return OBJECT if owner.single else BASE
            case SensorReading():
                return self.table(owner.sensor)
            case SensorValue(contacts=ContactSettings(partner=Partner())):
                return PARTNER
            case SensorValue():
                return SENSORS[owner.kind]
        return TABLES.get(type(owner), {})

    def fields_of(self, value: Value) -> str:
        table = list(value.fields if isinstance(value, CommandValue) else self.table(value))
        if isinstance(value, RobotValue):
            table = [*value.sets, "joints", "bodies", "base"]
        return and_list([f".{name}" for name in table])

    def quantity(
        self, expr: ast.Field, owner: Value, quantity: Quantity, frame: str | None, frame_span: Span | None
    ) -> Node | None:
        span = expr.span
        if not has(self.low, owner, quantity, span):
            return None
        if frame is None and quantity.frames:
            frame = quantity.default
            if not frame:
                known = and_list([f"@{item}" for item in quantity.frames])
                text = f"{expr.span.text}@{quantity.frames[0]}"
                message = f"`{expr.name}` needs a frame"
                self.low.report.error("E0405", message, expr.name_span, f"write one of {known}, as in `{text}`")
                return None
        elif frame is not None and not quantity.frames:
            self.low.report.error("E0406", f"`{expr.name}` has no frame", frame_span, f"remove `@{frame}`")
            return None
        elif frame is not None and frame not in quantity.frames:
            known = and_list([f"@{item}" for item in quantity.frames])
            message = f"`{expr.name}` cannot be read in the frame `{frame}`"
            helps = did_you_mean(frame, quantity.frames) or (f"it can be read in {known}",)
            self.low.report.error("E0406", message, frame_span, *helps)
            return None
        key = f"{quantity.read}@{frame}" if quantity.frames else quantity.read
        vector = quantity.kind in (Kind.VEC3, Kind.QUAT)
        type = Type(quantity.kind, None, quantity.dim, frame if vector else None)
        match owner:
            case JointSet():
                dim = self.joint_dimension(owner, quantity, expr)
                if dim is None:
                    return None
                return self.read(owner.robot, key, owner.names, Type(axis=owner.axis, dim=dim), span)
            case BodySet():
                if frame in ("body", "heading"):
                    return self.from_base(owner, key, frame, replace(type, axis=owner.axis), span)
                return self.placed(owner.robot, key, owner.names, replace(type, axis=owner.axis), span)
            case Base() if self.low.phase is Phase.RESET:
                from stripe_dsl.check.begins import begin_of  # few resets ask where others begin

                return begin_of(self.low, owner, expr, frame, type)
            case Base():
                if vector and frame is not None:
                    type = replace(type, frame=self.low.scope.qualified(owner.robot, frame))
                return self.base(owner, key, type, frame, span)
            case SensorValue() | SensorReading() if vector and frame in OWNED:
                sensor = owner if isinstance(owner, SensorValue) else owner.sensor
                type = replace(type, frame=self.low.scope.qualified(sensor.robot, frame))
                return self.sensor(sensor, owner.bodies, key, type, span)
            case SensorValue():
                return self.sensor(owner, owner.bodies, key, type, span)
            case SensorReading():
                return self.sensor(owner.sensor, owner.bodies, key, type, span)
            case Sight():
                return mask(self.low, owner, type, span)
            case SoftValue():
                return read_points(self, owner, key, type, span)
            case Episode() if key == "env.dt":
                return self.low.memory.step()
            case Episode():
                return self.read("", key, (), type, span)
        return None

    def from_base(self, bodies: BodySet, key: str, frame: str, type: Type, span: Span) -> Node:
        """A quantity of bodies in the axes of the base; positions as seen from it."""
        name = key.split("@", maxsplit=1)[0]
        world = replace(type, frame="world")
        vector = self.read(bodies.robot, f"{name}@world", bodies.names, world, span)
        if name == "body.pos":
            base = self.read(bodies.robot, "root.pos@world", (), replace(world, axis=None), span)
            vector = self.low.graph.add("sub", (vector, base), type=world, span=span)
        turned = self.low.frames.turned(vector, self.low.scope.qualified(bodies.robot, frame), span)
        assert turned is not None
        return turned

    def sensor(self, sensor: SensorValue, bodies: BodySet, key: str, type: Type, span: Span) -> Node:
        """A reading of a sensor at some bodies."""
        if sensor.rays is not None:
            return self.rays(sensor, sensor.rays, key, type, span)
        if key == "partner.touching":
            return self.meeting(sensor, bodies, replace(type, axis=bodies.axis), span)
        if key == "contact.touching":
            time = Type(axis=bodies.axis, dim=TIME)
            touched = self.read(sensor.name, "contact.contact_time", bodies.names, time, span)
            zero = self.low.math.const(0.0, Type(dim=TIME), span)
            return self.low.graph.add("gt", (touched, zero), type=replace(type, axis=bodies.axis), span=span)
        if sensor.kind == "imu":
            return self.read(sensor.name, key, (), type, span)
        if sensor.camera is not None:
            pixels = Axis("pixel", sensor.name, tuple(map(str, range(sensor.camera.pixels))), sensor.name)
            return self.read(sensor.name, key, (), replace(type, axis=pixels), span)
        return self.read(sensor.name, key, bodies.names, replace(type, axis=bodies.axis), span)

    def meeting(self, sensor: SensorValue, bodies: BodySet, type: Type, span: Span) -> Node:
        """Whether bodies touch the partner of a sensor: by more force than its threshold."""
        threshold = sensor.contacts.threshold if sensor.contacts is not None else None
        vector = Type(Kind.VEC3, bodies.axis, FORCE, "world")
        force = self.read(sensor.name, "partner.normal_force@world", bodies.names, vector, span)
        size = self.low.graph.add("norm", (force,), type=Type(axis=bodies.axis, dim=FORCE), span=span)
        least = self.low.math.const(threshold or 0.0, Type(dim=FORCE), span)
        return self.low.graph.add("gt", (size, least), type=type, span=span)

    def rays(self, sensor: SensorValue, settings: RaySettings, key: str, type: Type, span: Span) -> Node:
        """What rays hit, and how high or far that is as seen from the body that carries the sensor."""
        axis = Axis("ray", sensor.name, tuple(map(str, range(settings.rays))), sensor.name)
        if key.startswith("ray.hit"):
            return self.placed(sensor.name, key, (), replace(type, axis=axis), span)
        point, add = Type(Kind.VEC3, None, LENGTH, "world"), self.low.graph.add
        hit = self.read(sensor.name, "ray.hit@world", (), replace(point, axis=axis), span)
        body, single = sensor.bodies, sensor.bodies.names
        is_base = single == (body.model.root_body,)
        names, owner = ((), "root") if is_base else (single, "body")
        place = self.read(body.robot, f"{owner}.pos@world", names, point, span)
        number = Type(axis=axis, dim=LENGTH)
        if key == "ray.height":
            height = add("part", (hit,), type=number, attr="z", span=span)
            own = add("part", (place,), type=Type(dim=LENGTH), attr="z", span=span)
            return add("sub", (height, own), type=number, span=span)
        if any(settings.at):
            rot = self.read(body.robot, f"{owner}.rot@world", names, Type(Kind.QUAT, frame="world"), span)
            offset = self.low.math.const(settings.at, replace(point, frame="body"), span)
            place = add("add", (place, add("rotate", (rot, offset), type=point, span=span)), type=point, span=span)
        way = add("sub", (hit, place), type=replace(point, axis=axis), span=span)
        return add("norm", (way,), type=number, span=span)

    def base(self, base: Base, key: str, type: Type, frame: str | None, span: Span) -> Node:
        if key.startswith("body."):
            return self.read(base.robot, key, (base.model.root_body,), type, span)
        rot_type = Type(Kind.QUAT, frame="world")

        def rot() -> Node:
            return self.read(base.robot, "root.rot@world", (), rot_type, span)

        name, own = key.split("@", maxsplit=1)[0], self.low.scope.qualified(base.robot, "body")
        if key == "root.gravity@world":
            local = self.read(base.robot, "root.gravity@body", (), replace(type, frame=own), span)
            return self.low.graph.add("rotate", (rot(), local), type=type, span=span)
        if name in ("root.roll", "root.pitch", "root.yaw"):
            return self.low.graph.add("euler", (rot(),), type=type, attr=name.removeprefix("root."), span=span)
        if name in ("root.forward", "root.up"):
            axis: Attr = (1.0, 0.0, 0.0) if name == "root.forward" else (0.0, 0.0, 1.0)
            local = self.low.math.const(axis, Type(Kind.VEC3, frame=own), span)
            world = self.low.graph.add("rotate", (rot(), local), type=replace(type, frame="world"), span=span)
            return self.low.frames.turned(world, type.frame or "world", span) or world
        if frame == "heading":
            world = self.read(base.robot, f"{name}@world", (), replace(type, frame="world"), span)
            return self.low.frames.turned(world, type.frame or "world", span) or world
        return self.placed(base.robot, key, (), type, span)

    def placed(self, entity: str, key: str, names: tuple[str, ...], type: Type, span: Span) -> Node:
        """A read; in the frame ``env`` it is the position in the world less the environment's origin."""
        if type.frame != "env":
            return self.read(entity, key, names, type, span)
        world = self.read(entity, key.replace("@env", "@world"), names, replace(type, frame="world"), span)
        origin = self.read("", "env.origin", (), replace(type, axis=None, frame="world"), span)
        return self.low.graph.add("sub", (world, origin), type=type, span=span)

    def joint_dimension(self, joints: JointSet, quantity: Quantity, expr: ast.Field) -> Dimension | None:
        kinds = {joints.model.joint(name).type is JointType.PRISMATIC for name in joints.names}
        if kinds == {True}:
            return quantity.prismatic
        if len(kinds) == 2 and quantity.dim != quantity.prismatic:
            sliding = [name for name in joints.names if joints.model.joint(name).type is JointType.PRISMATIC]
            self.low.report.error(
                "E0409",
                f"`{joints.label}` holds revolute and prismatic joints, so `{expr.name}` has no single unit",
                expr.span,
                f"name the two kinds apart; prismatic: {and_list(sliding)}",
            )
            return None
        return quantity.dim

    def part(self, expr: ast.Field, owner: Node) -> Node | None:
        indices = PARTS.get(expr.name)
        if not owner.type.is_vector or indices is None:
            if owner.type.is_vector:
                known = "`.x`, `.y`, `.z`, `.xy`, `.xz`, `.yz`"
                helps: tuple[str, ...] = (f"a vector has the parts {known}",)
            elif indices is not None:
                helps = ("only vectors have parts",)
            else:
                helps = ()
            self.low.report.error("E0304", f"{owner.type.describe()} has no part `{expr.name}`", expr.name_span, *helps)
            return None
        if max(indices) >= owner.type.components:
            self.low.report.error(
                "E0304", f"a vec2 has no part `{expr.name}`", expr.name_span, "its parts are `.x`, `.y`"
            )
            return None
        kind = Kind.FLOAT if len(indices) == 1 else Kind.VEC2
        if len(indices) == owner.type.components:
            return owner
        frame = owner.type.frame if kind is not Kind.FLOAT else None
        type = replace(owner.type, kind=kind, frame=frame)
        if owner.op == "const" and kind is Kind.FLOAT:
            from stripe_dsl.check.level import part_of_number  # few vectors of numbers are taken apart

            return part_of_number(self.low, owner, indices[0], type, expr.span)
        return self.low.graph.add("part", (owner,), type=type, attr=expr.name, span=expr.span)

    def index(self, expr: ast.Index) -> Value | None:
        owner = self.low.value(expr.object)
        if isinstance(owner, SensorValue) and owner.camera is not None:
            return Sight(owner, classes) if (classes := seen(self.low, expr)) else None
        sets = chosen(self.low, owner, expr)
        if owner is None or any(item is None for item in sets):
            return None
        if not isinstance(owner, SensorValue):
            return members(self.low, owner, expr, sets)
        if owner.kind in CARRIED:
            help = f"read it as a whole, as in `{owner.name}.{next(iter(SENSORS[owner.kind]))}`"
            self.low.report.error("E0303", f"`{owner.name}` has no bodies to be read at", expr.span, help)
            return None
        names: list[str] = []
        labels: list[str] = []
        for item, value in zip(expr.items, sets, strict=True):
            if isinstance(value, Base):
                value = BodySet(value.robot, value.model, (value.model.root_body,), value.label, single=True)
            if not isinstance(value, BodySet):
                assert value is not None
                message = f"a sensor is read at bodies of its robot, not at {describe(value)}"
                help = 'name them in the robot, as in `bodies feet = ".*_foot"`'
                self.low.report.error("E0303", message, item.span, help)
                return None
            names += [name for name in value.names if name not in names]
            labels.append(value.label)
            if not self.measured(owner, value, item.span):
                return None
        single = len(sets) == 1 and (isinstance(sets[0], Base) or getattr(sets[0], "single", False))
        bodies = BodySet(owner.robot, owner.bodies.model, tuple(names), ", ".join(labels), single)
        return SensorReading(owner, bodies)

    def measured(self, sensor: SensorValue, bodies: BodySet, span: Span) -> bool:
        """Whether a sensor measures these bodies; else it is reported."""
        if bodies.robot != sensor.robot:
            message = f"`{sensor.name}` measures `{sensor.robot}`, not `{bodies.robot}`"
            help = f"add a sensor for that robot, as in `sensor {sensor.name}_2 = {sensor.kind}({bodies.robot})`"
        elif missing := [name for name in bodies.names if name not in sensor.bodies.names]:
            message = f"`{sensor.name}` does not measure {and_list(missing)}"
            known = and_list(list(sensor.bodies.names))
            help = f"it measures {known}; let it measure more: `{sensor.kind}({sensor.robot})`"
            if sensor.kind == "joint_wrench":
                help = f"it measures the bodies that hang on a joint: {known}"
        else:
            return sensor.contacts is None or felt(sensor, bodies, self.low.report, span)
        self.low.report.error("E0223", message, span, help)
        return False
