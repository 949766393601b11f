"""Randomisation: which properties are drawn anew, from what, and when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stripe_dsl.check.constants import Settings
from stripe_dsl.check.expressions import Lowering
from stripe_dsl.check.observations import slug
from stripe_dsl.check.phase import Phase
from stripe_dsl.check.tunables import Role
from stripe_dsl.check.values import Base, BodySet, JointSet, RobotValue, describe
from stripe_dsl.ir.randomize import STATES, TEXTURE, WRENCH, Change, Interval, Randomize
from stripe_dsl.ir.robots import Robot
from stripe_dsl.robots.match import match_names
from stripe_dsl.robots.model import JointType
from stripe_dsl.source import Span
from stripe_dsl.spec.document import RandomizeSpec
from stripe_dsl.spec.values import Expression, Text, Update
from stripe_dsl.syntax import ast
from stripe_dsl.text import and_list, did_you_mean
from stripe_dsl.units import (
    ACCELERATION,
    ANGLE,
    ANGULAR_DAMPING,
    ANGULAR_SPEED,
    ANGULAR_STIFFNESS,
    DAMPING,
    DIMENSIONLESS,
    FORCE,
    INERTIA,
    LENGTH,
    MASS,
    SPEED,
    STIFFNESS,
    TIME,
    TORQUE,
    Dimension,
)

OPERATIONS = {"=": "set", "+=": "add", "*=": "scale"}
PARTS = ("x", "y", "z", "xy", "xz", "yz")
LEAST_MASS = 1e-6
"""The smallest mass that a body may get [kg]; upstream's value."""
LEAST_FRICTION = 0.01
"""The smallest coefficient of friction: on ground without any, a box with 0.001 ends in nan, one with 0.01 slides."""


@dataclass(frozen=True, slots=True)
class Property:
    """Something that can be drawn anew.

    Attributes:
        quantity: key that back ends know.
        dim: its dimension; of revolute joints.
        prismatic: of prismatic joints.
        operations: the ones that make sense.
        least: the smallest value that it may have.
        vector: whether it has three components.
        local: whether these are along the axes of the body, not of the world.
    """

    quantity: str
    dim: Dimension
    doc: str
    prismatic: Dimension | None = None
    operations: tuple[str, ...] = ("=", "+=", "*=")
    least: float | None = None
    vector: bool = False
    local: bool = False


BODY: dict[str, Property] = {
    "mass": Property("body.mass", MASS, "mass; the inertia changes in proportion", least=LEAST_MASS),
    "inertia": Property(
        "body.inertia", INERTIA, "inertia: `+=` on the diagonal, `*=` all of it", operations=("+=", "*=")
    ),
    "com": Property(
        "body.com", LENGTH, "centre of mass, in the body's frame", operations=("=", "+="), vector=True, local=True
    ),
    "force": Property(
        "body.force",
        FORCE,
        "force at the centre of mass, in the body's frame, until drawn again",
        operations=("=",),
        vector=True,
        local=True,
    ),
    "torque": Property(
        "body.torque",
        TORQUE,
        "torque, in the body's frame, until drawn again",
        operations=("=",),
        vector=True,
        local=True,
    ),
    "friction": Property("shape.friction", DIMENSIONLESS, "friction of each of its shapes", least=LEAST_FRICTION),
    "texture": Property(TEXTURE, DIMENSIONLESS, "picture on each of its shapes, also of an object", operations=("=",)),
}
JOINT: dict[str, Property] = {
    "stiffness": Property(
        "joint.stiffness", ANGULAR_STIFFNESS, "stiffness of implicit actuators", STIFFNESS, least=0.0
    ),
    "damping": Property("joint.damping", ANGULAR_DAMPING, "damping of implicit actuators", DAMPING, least=0.0),
    "friction": Property("joint.friction", TORQUE, "dry friction", FORCE, least=0.0),
    "armature": Property("joint.armature", INERTIA, "armature", MASS, least=0.0),
    "lower": Property("joint.lower", ANGLE, "lower limit of the position", LENGTH),
    "upper": Property("joint.upper", ANGLE, "upper limit of the position", LENGTH),
    "pos": Property("joint.pos", ANGLE, "position", LENGTH),
    "vel": Property("joint.vel", ANGULAR_SPEED, "velocity", SPEED),
}
ROOT: dict[str, Property] = {
    "pos": Property("root.pos", LENGTH, "position, in the environment", operations=("=", "+="), vector=True),
    "lin_vel": Property("root.lin_vel", SPEED, "linear velocity, in the world", vector=True),
    "ang_vel": Property("root.ang_vel", ANGULAR_SPEED, "angular velocity, in the world", vector=True),
}
EXAMPLES = "as in `base.mass`, `joints.stiffness`, `bodies.friction`, `gravity.z` or `base.lin_vel.xy`"
"""Help where something else stands."""
GRAVITY = Property("env.gravity", ACCELERATION, "gravity of each environment", vector=True)

IMPOSSIBLE = {
    "dynamic_friction": "Newton has one coefficient of friction for sliding and sticking, which is `friction`",
    "static_friction": "Newton has one coefficient of friction for sliding and sticking, which is `friction`",
    "restitution": "the contacts of MuJoCo know no restitution, so it would change nothing",
    "scale": "the size of a body is part of the model that Newton builds once for all environments",
    "size": "the size of a body is part of the model that Newton builds once for all environments",
    "color": 'a picture of one colour does it, as in `cube.texture = pictures("red.png", "blue.png")`',
}
"""What Isaac Lab can draw anew on another engine, or in a picture, and why it is not there."""


class Randomization:
    """Lowers a ``randomize`` block."""

    def __init__(self, lowering: Lowering, settings: Settings, robots: Sequence[Robot]) -> None:
        self.low = lowering
        self.settings = settings
        self.report = lowering.report
        self.robots = {robot.name: robot for robot in robots}

    def run(self, spec: RandomizeSpec) -> Randomize:
        """All changes by the time at which they come."""
        self.low.phase = Phase.CONSTANT
        startup = self.changes(spec.at_startup, "startup")
        reset = self.changes(spec.at_reset, "reset")
        intervals = [self.interval(period, members) for period, members in spec.every.items()]
        return Randomize(startup, reset, tuple(item for item in intervals if item is not None and item.changes))

    def changes(self, members: Mapping[Text, Update], when: str) -> tuple[Change, ...]:
        """The changes of one block."""
        found = [self.change(target, value, when) for target, value in members.items()]
        return tuple(change for change in found if change is not None)

    def interval(self, period: Text, members: Mapping[Text, Update]) -> Interval | None:
        """``every 10..15 s { … }``."""
        from stripe_dsl.syntax.parser import parse_expression

        span = period.span
        if span is None:
            return None
        expr, problems = parse_expression(span.source, span.start, span.end)
        self.report.diagnostics.extend(problems)
        changes = self.changes(members, "every")
        value = Expression(expr)
        if problems:
            return None
        if isinstance(expr, ast.Range):
            pair = self.settings.pair(value, TIME, "every")
        else:
            number = self.settings.number(value, TIME, "every")
            pair = (number, number) if number is not None else None
        if pair is None:
            return None
        if pair[0] <= 0:
            self.report.error("E0309", "the time between two draws has to be above zero", span)
            return None
        what = and_list([str(target) for target in members])
        with self.low.tunables.term("randomize", "every"):
            path = self.low.tunables.add(pair, TIME, Role.RANGE, span, f"Time between two draws of `{what}`.")
        return Interval(path, changes, span)

    def change(self, target: Text, value: Update, when: str) -> Change | None:
        """``base.mass += -1..3 kg``."""
        from stripe_dsl.syntax.parser import parse_expression

        if target.span is None or isinstance(value.node, ast.Broken):
            return None
        expr, problems = parse_expression(target.span.source, target.span.start, target.span.end)
        self.report.diagnostics.extend(problems)
        found = self.target(expr) if not problems else None
        if found is None:
            return None
        owner, item, names, parts = found
        if not self.in_time(item, when, target, owner) or not self.operates(item, value, target):
            return None
        if item.quantity == TEXTURE and isinstance(owner, BodySet | Base):
            from stripe_dsl.check.textures import texture

            return texture(self, owner, names, value, target)
        if item.quantity in ("joint.stiffness", "joint.damping") and not self.has_gains(owner, names, item, target):
            return None
        dim = self.dimension(owner, item, target.span)
        if dim is None:
            return None
        numbers = self.numbers(value, dim if value.op != "*=" else DIMENSIONLESS, target, item)
        if numbers is None:
            return None
        distribution, pair = numbers
        operation = OPERATIONS[value.op]
        with self.low.tunables.term("randomize", slug(target)):
            doc = self.doc(str(target), operation, distribution)
            path = self.low.tunables.add(pair, dim if value.op != "*=" else DIMENSIONLESS, Role.RANGE, value.span, doc)
        robot = owner.robot if owner is not None else ""
        return Change(robot, item.quantity, names, parts, operation, distribution, path, item.least, target.span)

    def target(self, expr: ast.Expr) -> tuple[JointSet | BodySet | Base | None, Property, tuple[str, ...], str] | None:
        """What is drawn: its owner, the property, the members and the parts of a vector."""
        parts, inner = "", expr
        if isinstance(expr, ast.Field) and expr.name in PARTS:
            parts, inner = expr.name, expr.object
        if isinstance(inner, ast.Frame):
            name = inner.object.name if isinstance(inner.object, ast.Field) else ""
            local = name in BODY and BODY[name].local
            if inner.frame not in (("body",) if local else ("world", "env")):
                its = "of the body" if local else "of the world"
                message = f"what is drawn here is {its}, not of the frame `{inner.frame}`"
                self.report.error("E0406", message, inner.frame_span, "leave the frame out")
                return None
            inner = inner.object
        if isinstance(inner, ast.Name) and inner.id == "gravity":
            return None, GRAVITY, (), parts
        if not isinstance(inner, ast.Field):
            self.report.error(
                "E0309", "a property of joints, of bodies or of the base stands here", expr.span, EXAMPLES
            )
            return None
        owner = self.low.value(inner.object)
        if owner is None:
            return None
        if not isinstance(owner, JointSet | BodySet | Base):
            message, help = f"nothing of {describe(owner)} can be drawn anew", EXAMPLES
            if isinstance(owner, RobotValue):
                part = "joints" if inner.name in JOINT else "bodies"
                word = inner.name if inner.name in (*JOINT, *BODY) else "mass"
                help = f"say of which of its parts, as in `{owner.name}.{part}.{word}`"
            self.report.error("E0213", message, inner.object.span, help)
            return None
        table = {JointSet: JOINT, BodySet: BODY, Base: ROOT | BODY}[type(owner)]
        item = table.get(inner.name)
        if item is None:
            self.unknown(inner, owner, table)
            return None
        if parts and not item.vector:
            self.report.error("E0304", f"`{inner.name}` is a number and has no part `{parts}`", expr.span)
            return None
        if isinstance(owner, Base) and owner.single and item.quantity == TEXTURE:
            return owner, item, (), parts
        if isinstance(owner, Base) and owner.single:
            help = (
                "a robot of one `link` is as free as an object, and has what can be drawn: `bodies.mass` and the like"
            )
            if item.quantity in STATES:
                help = "`reset` sets where it is and how fast it moves"
            self.report.error("E0213", f"`{inner.name}` of {describe(owner)} cannot be drawn yet", expr.span, help)
            return None
        if isinstance(owner, Base):
            if item.quantity in STATES and owner.model.fixed_base:
                message = f"the base of `{owner.robot}` is fixed to the world"
                self.report.error("E0606", message, expr.span, "joints can be moved: `joints.vel += …`")
                return None
            return owner, item, () if item.quantity in STATES else (owner.model.root_body,), parts
        return owner, item, owner.names, parts

    def unknown(self, expr: ast.Field, owner: JointSet | BodySet | Base, table: Mapping[str, Property]) -> None:
        """Reports a property that is not there, or not on this engine."""
        why = IMPOSSIBLE.get(expr.name) if not isinstance(owner, JointSet) else None
        if why is not None:
            self.report.error("E0615", f"`{expr.name}` cannot be drawn anew", expr.name_span, why)
            return
        helps = did_you_mean(expr.name, table) or (f"what can be drawn anew is {and_list(list(table), 12)}",)
        message = f"no `{expr.name}` of {describe(owner)} can be drawn anew"
        self.report.error("E0213", message, expr.name_span, *helps)

    def in_time(self, item: Property, when: str, target: Text, owner: object) -> bool:
        """Whether a property can change then; if not, that is reported."""
        if item.quantity in STATES and when == "startup":
            message = "the state is set when an episode begins, so what it is before that has no meaning"
            self.report.error("E0515", message, target.span, f"write `{target} = …` in `reset`")
        elif item.quantity in STATES and when == "reset":
            message = "what the state is when an episode begins stands in `reset`"
            self.report.error("E0515", message, target.span, f"write `{target} = …` in `reset`")
        elif item.quantity in WRENCH and when == "startup":
            message = "a force ends with the episode, so what it is before the first one has no meaning"
            self.report.error("E0515", message, target.span, "draw it `at reset`")
        elif item.quantity == TEXTURE and when == "every":
            message = "what a thing looks like stays the same in an episode"
            self.report.error("E0515", message, target.span, "draw it `at reset`")
        elif item.quantity in ("joint.lower", "joint.upper") and when != "startup":
            message = "the limits of joints are read once, so they cannot change while the simulation runs"
            self.report.error("E0515", message, target.span, "draw them `at startup`")
        else:
            return True
        return False

    def has_gains(self, owner: object, names: tuple[str, ...], item: Property, target: Text) -> bool:
        """Whether the simulation has drives whose gains can change; if not, that is reported."""
        robot = self.robots.get(owner.robot) if isinstance(owner, JointSet) else None
        if robot is None or (robot.cfg_reference and not robot.actuators):
            return True
        gain = item.quantity.removeprefix("joint.")
        for actuator in robot.actuators:
            driven = {name for pattern in actuator.joint_patterns for name in match_names(pattern, names)}
            if driven and actuator.kind != "implicit":
                message = f"the actuator `{actuator.name}` computes by itself, so Newton has no gains of it"
                self.report.error("E0615", message, target.span, "gains of implicit actuators can be drawn anew")
                return False
            if driven and not (actuator.stiffness if gain == "stiffness" else actuator.damping):
                message = f"the actuator `{actuator.name}` has no {gain}, so Newton makes no drive for it to act in"
                help = f"give it one in the robot, as in `{gain} 1`, in the unit of the range"
                self.report.error("E0615", message, target.span, help)
                return False
        return True

    def operates(self, item: Property, value: Update, target: Text) -> bool:
        """Whether the operation makes sense for the property; if not, that is reported."""
        if value.op in item.operations:
            return True
        known = and_list([f"{target} {op} …" for op in item.operations])
        self.report.error("E0309", f"`{value.op}` has no meaning for `{target}`", target.span, f"write {known}")
        return False

    def dimension(self, owner: JointSet | BodySet | Base | None, item: Property, span: Span) -> Dimension | None:
        """The dimension of a property, which for joints is that of their kind."""
        if not isinstance(owner, JointSet) or item.prismatic is None:
            return item.dim
        sliding = {owner.model.joint(name).type is JointType.PRISMATIC for name in owner.names}
        if len(sliding) == 2:
            message = f"`{owner.label}` holds revolute and prismatic joints, whose units differ"
            self.report.error("E0409", message, span, "write a line for each kind")
            return None
        return item.prismatic if sliding == {True} else item.dim

    def numbers(
        self, value: Update, dim: Dimension, target: Text, item: Property
    ) -> tuple[str, tuple[float, float]] | None:
        """The distribution and its two numbers."""
        node = value.node
        if isinstance(node, ast.Call) and isinstance(node.function, ast.Name):
            return self.distribution(node, value, dim, target)
        pair = self.settings.pair(value, dim, str(target))
        if pair is None:
            return None
        least = 0.0 if value.op == "*=" and item.least is not None else item.least
        nothing = pair[0] == 0 and bool(item.least)  # no mass, no friction
        if value.op != "+=" and least is not None and (pair[0] < least or nothing):
            help = f"it is at least {item.least:g}" if item.least else "it cannot be negative"
            self.report.error("E0309", f"`{target}` cannot be that small", value.span, help)
            return None
        return "uniform", pair

    def distribution(
        self, node: ast.Call, value: Update, dim: Dimension, target: Text
    ) -> tuple[str, tuple[float, float]] | None:
        """``gaussian(mean, deviation)`` and ``log_uniform(low..high)``."""
        assert isinstance(node.function, ast.Name)
        name, args = node.function.id, [Expression(arg) for arg in node.args]
        if name == "log_uniform" and len(args) == 1:
            pair = self.settings.pair(args[0], dim, "log_uniform")
            if pair is not None and pair[0] <= 0:
                self.report.error("E0309", "`log_uniform` draws numbers above zero", args[0].span)
                return None
            return ("log_uniform", pair) if pair is not None else None
        if name == "gaussian" and len(args) == 2:
            mean = self.settings.number(args[0], dim, "the mean")
            deviation = self.settings.not_negative(args[1], dim, "the deviation")
            return ("gaussian", (mean, deviation)) if mean is not None and deviation is not None else None
        help = f"write `{target} {value.op}` and a range, `gaussian(mean, deviation)` or `log_uniform(low..high)`"
        code = "E0209" if name in ("gaussian", "log_uniform") else "E0208"
        self.report.error(code, f"nothing is drawn with `{node.span.text}`", node.span, help)
        return None

    @staticmethod
    def name(target: Text) -> str:
        """What the fields of a change are called."""
        return slug(target)

    @staticmethod
    def doc(target: str, operation: str, distribution: str) -> str:
        """One line for the field of the cfg."""
        what = {
            "set": f"`{target}`",
            "add": f"what is added to `{target}`",
            "scale": f"the factor on `{target}`",
        }[operation]
        if distribution == "gaussian":
            return f"Mean and standard deviation of {what}."
        return f"Range of {what}" + (", drawn log-uniformly." if distribution == "log_uniform" else ".")
