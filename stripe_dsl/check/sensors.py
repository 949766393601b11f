"""The sensors of a task: which kind each is, what it measures, and the settings of its kind."""

from __future__ import annotations

from collections.abc import Sequence

from stripe_dsl.check.cameras import camera
from stripe_dsl.check.constants import Settings
from stripe_dsl.check.expressions import Lowering
from stripe_dsl.check.quantities import CARRIED, SENSORS
from stripe_dsl.check.rays import Rays
from stripe_dsl.check.rotations import rotation
from stripe_dsl.check.touching import anything_beside, touchable
from stripe_dsl.check.values import Base, BodySet, RobotValue, SensorValue, Value, describe
from stripe_dsl.ir.robots import Robot
from stripe_dsl.ir.sensors import ContactSettings, MountSettings, Partner, RaySettings, Sensor, SensorSettings
from stripe_dsl.spec.document import SensorSpec
from stripe_dsl.spec.values import Expression, Text
from stripe_dsl.syntax import ast
from stripe_dsl.text import and_list, did_you_mean
from stripe_dsl.units import FORCE, LENGTH

KEYS: dict[str, tuple[str, ...]] = {
    "joint_wrench": (),
    "contacts": ("history", "threshold", "against"),
    "height_scan": ("size", "spacing", "above", "at", "reach"),
    "lidar": ("channels", "vertical", "horizontal", "step", "at", "facing", "reach"),
    "imu": ("at", "facing"),
    "camera": ("size", "fov", "at", "facing", "reach"),
}
"""Keys of each kind of sensor."""

EXAMPLES = {
    "joint_wrench": "joint_wrench(robot)",
    "contacts": "contacts(bodies)",
    "height_scan": "height_scan(base)",
    "lidar": "lidar(base)",
    "imu": "imu(base)",
    "camera": "camera(base)",
}
"""How each kind is written."""


class Sensors:
    """Checks the ``sensor`` statements of one task."""

    def __init__(self, lowering: Lowering, settings: Settings, robots: Sequence[Robot], *, has_ground: bool) -> None:
        self.lowering = lowering
        self.robots = robots
        self.has_ground = has_ground
        self.scope = lowering.scope
        self.report = lowering.report
        self.settings = settings

    def all(self, specs: dict[Text, SensorSpec]) -> tuple[Sensor, ...]:
        """The sensors of a task; each becomes a name that expressions may read."""
        out: list[Sensor] = []
        for name, spec in specs.items():
            found = self.sensor(name, spec)
            if found is not None:
                value, sensor = found
                self.scope.sensors[str(name)] = value
                out.append(sensor)
            else:
                self.scope.unknown_sets.add(str(name))
        return tuple(out)

    def sensor(self, name: Text, spec: SensorSpec) -> tuple[SensorValue, Sensor] | None:
        """One sensor, as a value of expressions and as part of the program."""
        node = spec.value.node
        if isinstance(node, ast.Broken):
            return None
        if not (isinstance(node, ast.Call) and isinstance(node.function, ast.Name)):
            known = and_list([EXAMPLES[kind] for kind in SENSORS])
            self.report.error("E0309", "a sensor is its kind and what it measures", node.span, f"write one of {known}")
            return None
        kind = node.function.id
        if kind not in SENSORS:
            helps = did_you_mean(kind, SENSORS) or (f"kinds of sensors are {and_list(list(SENSORS))}",)
            self.report.error("E0208", f"there is no sensor `{kind}`", node.function.span, *helps)
            return None
        self.keys(kind, spec)
        if node.keywords or len(node.args) != 1:
            self.report.error("E0209", f"`{kind}` takes one value", node.span, f"as in `{EXAMPLES[kind]}`")
            return None
        self.lowering.names.wanted = {"joint_wrench": "", "contacts": "bodies"}.get(kind, "body")
        measured = self.lowering.value(node.args[0])
        self.lowering.names.wanted = ""
        if measured is None:
            return None
        settings: SensorSettings | None = None
        if kind == "joint_wrench":
            value = self.wrench(name, measured, node)
        elif kind == "contacts":
            history = self.settings.whole(spec.history, "history", 1) if spec.history is not None else None
            threshold = self.settings.not_negative(spec.threshold, FORCE, "threshold")
            partner = self.partner(spec.against) if spec.against is not None else None
            if spec.against is not None and partner is None:
                return None
            settings = ContactSettings(history, threshold, partner)
            value = self.contacts(name, measured, settings, node)
        elif kind == "imu":
            at = self.settings.vector(spec.at, LENGTH, "at", (0.0, 0.0, 0.0))
            settings = MountSettings((at[0], at[1], at[2]), rotation(self.settings, spec.facing))
            value = self.carried(name, kind, settings, measured, node)
        elif kind == "camera":
            settings = camera(self.settings, spec)
            value = self.carried(name, kind, settings, measured, node)
        else:
            settings = Rays(self.settings).settings(kind, spec)
            value = self.carried(name, kind, settings, measured, node)
        if value is None:
            return None
        every = set(value.bodies.names) == set(value.bodies.model.body_names)
        bodies = () if every and kind not in CARRIED else value.bodies.names
        if kind == "contacts" and self.known(name, value):
            return None
        return value, Sensor(str(name), kind, value.robot, bodies, settings, spec.span)

    def known(self, name: Text, value: SensorValue) -> bool:
        """Reports a second sensor of the contacts of the same bodies: Isaac Lab keeps one for each expression."""
        for other in self.scope.sensors.values():
            same = set(other.bodies.names) == set(value.bodies.names) and other.contacts is not None
            if same and other.robot == value.robot and partner_of(other) == partner_of(value):
                message = f"`{other.name}` measures the contacts of these bodies already"
                self.report.error("E0202", message, name.span, f"read `{other.name}`, or let one measure other bodies")
                return True
        return False

    def keys(self, kind: str, spec: SensorSpec) -> None:
        """Reports settings that belong to other kinds of sensors."""
        for key in type(spec).model_fields:
            given = getattr(spec, key)
            if key != spec.head and given is not None and key not in KEYS[kind]:
                known = KEYS[kind]
                helps = (f"its keys are {and_list(list(known))}",) if known else ("it has no keys",)
                self.report.error("E0206", f"`{kind}` has no key `{key}`", given.span, *helps)

    def wrench(self, name: Text, measured: Value, node: ast.Call) -> SensorValue | None:
        """The joints of a whole robot."""
        if isinstance(measured, RobotValue):
            model = measured.model
            # a base that floats, or is fixed to the world, hangs on no joint
            hung = {joint.child for joint in model.joints} | set(model.body_names) - {model.root_body}
            names = tuple(body for body in model.body_names if body in hung)
            bodies = BodySet(measured.name, model, names, "bodies with a joint")
            if not names:
                message = f"`joint_wrench` measures what joints carry, and `{measured.name}` has none"
                self.report.error(
                    "E0203", message, node.args[0].span, "`contacts(bodies)` are the forces of what it touches"
                )
                return None
            return SensorValue(str(name), "joint_wrench", measured.name, bodies)
        self.report.error(
            "E0309",
            f"`joint_wrench` measures a robot of the task, not {describe(measured)}",
            node.args[0].span,
            *(f"write `joint_wrench({known})`" for known in self.scope.robots),
        )
        return None

    def partner(self, against: Expression) -> Partner | None:
        """What has to be touched; ``None`` after it was reported that nothing of the kind is there."""
        node = against.node
        if isinstance(node, ast.Name) and node.id == "ground":
            if self.has_ground:
                return Partner("", part="ground")
            self.report.error("E0214", "the scene has no ground to be touched", node.span, "add `ground plane` to it")
            return None
        if isinstance(node, ast.Name) and (part := self.part(node)) is not None:
            return part
        self.lowering.names.wanted = "bodies"
        touched = self.lowering.value(node)
        self.lowering.names.wanted = ""
        match touched:
            case RobotValue(name=name):
                return Partner(name)
            case BodySet(robot=robot, names=names) as bodies:
                return Partner(robot, names) if touchable(bodies, self.report, node.span) else None
            case Base(robot=robot, single=True):
                return Partner(robot)
            case Base() as base:
                return Partner(base.robot, (base.model.root_body,))
            case None:
                return None
            case other:
                message = f"contacts are with a robot, bodies, an object or the ground, not with {describe(other)}"
                help = "as in `against cube`, `against arm.fingers` or `against ground`"
                if self.scope.scene is not None:
                    help = "as in `against cube`, `against ground`, `against solid` or a layer by its name"
                self.report.error("E0309", message, node.span, help)
                return None

    def part(self, node: ast.Name) -> Partner | None:
        """A part of the scene that can be touched; ``None`` where the name means something else."""
        from stripe_dsl.ir.rules import SOLID

        scene, name = self.scope.scene, node.id
        if scene is None or scene.terrain.tiles is not None or name in self.scope.layers:
            return None
        entity = self.scope.entity(name)
        if entity is not None:
            if name in self.scope.places:
                message = f"`{name}` means {describe(entity)} here, and not what the scene calls so"
                self.report.error("W0002", message, node.span, "rename one of them")
            return None
        layer = next((layer for layer in scene.layers if layer.name == name), None)
        known = name == SOLID or layer is not None or any(item.name == name for item in scene.terrain.classes)
        if layer is not None and not any(item.solid.touches for item in layer.species):
            message = f"nothing touches `{name}`: it is only seen"
            self.report.error("E0309", message, node.span, "give the layer a `solid`, as in `solid hull`")
        if name == SOLID and not any(item.solid.touches for layer in scene.layers for item in layer.species):
            help = "give a layer a `solid`, as in `solid hull`"
            self.report.error("E0214", f"nothing in the scene `{scene.name}` is solid", node.span, help)
        return Partner("", part=name) if known else None

    def contacts(self, name: Text, measured: Value, settings: ContactSettings, node: ast.Call) -> SensorValue | None:
        """All bodies of a robot, or some of them."""
        match measured:
            case RobotValue():
                bodies = bodies_of(measured)
            case Base() if not measured.single:
                label = measured.label
                bodies = BodySet(measured.robot, measured.model, (measured.model.root_body,), label, single=True)
            case BodySet():
                bodies = measured
            case _:
                message = f"`contacts` measures bodies, not {describe(measured)}"
                self.report.error("E0309", message, node.args[0].span, "as in `contacts(bodies)` or `contacts(feet)`")
                return None
        if not touchable(bodies, self.report, node.args[0].span):
            return None
        if settings.partner is None and not self.has_ground:
            anything_beside(self.scope, self.robots, bodies.robot, self.report, node.span)
        return SensorValue(str(name), "contacts", bodies.robot, bodies, settings)

    def carried(
        self, name: Text, kind: str, settings: SensorSettings, measured: Value, node: ast.Call
    ) -> SensorValue | None:
        """A sensor on one body, which a robot's name stands for where its base is meant."""
        match measured:
            case RobotValue() | Base(single=False):
                robot, model = (measured.name if isinstance(measured, RobotValue) else measured.robot), measured.model
                body = BodySet(robot, model, (model.root_body,), "base", single=True)
            case BodySet(single=True):
                body = measured
            case _:
                message = f"`{kind}` is carried by one body, not by {describe(measured)}"
                self.report.error("E0309", message, node.args[0].span, f"as in `{EXAMPLES[kind]}`")
                return None
        if isinstance(settings, RaySettings) and not self.has_ground:
            message = f"`{kind}` has nothing to measure: the scene has no ground"
            self.report.error("E0214", message, node.span, "add `ground plane` to the scene")
            return None
        return SensorValue(str(name), kind, body.robot, body, settings)


def partner_of(sensor: SensorValue) -> Partner | None:
    """What a sensor of contacts is filtered by."""
    return sensor.contacts.partner if sensor.contacts is not None else None


def bodies_of(robot: RobotValue) -> BodySet:
    """All bodies of a robot."""
    return BodySet(robot.name, robot.model, robot.model.body_names, "bodies")
