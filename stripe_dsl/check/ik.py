"""Differential inverse kinematics: joints are told where to go so that a body reaches a point or a pose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stripe_dsl.check.rotations import IDENTITY, rotation
from stripe_dsl.check.scope import ActionValue
from stripe_dsl.check.tunables import Given, Role
from stripe_dsl.check.values import Base, BodySet, JointSet, describe
from stripe_dsl.ir.graph import Node, Read
from stripe_dsl.ir.program import Action
from stripe_dsl.ir.types import Axis, Kind, Type
from stripe_dsl.robots.model import JointType, RobotModel
from stripe_dsl.source import Span
from stripe_dsl.spec.blocks import Item
from stripe_dsl.spec.read import StatementReader
from stripe_dsl.spec.values import Expression, Text
from stripe_dsl.syntax import ast
from stripe_dsl.text import and_list, did_you_mean
from stripe_dsl.units import ANGLE, DIMENSIONLESS, LENGTH, Dimension

if TYPE_CHECKING:
    from stripe_dsl.check.actions import Actions

PLACE = ("x", "y", "z")
TARGETS: dict[str, tuple[str, ...]] = {
    "position": PLACE,
    "relative_position": PLACE,
    "pose": (*PLACE, "quat_x", "quat_y", "quat_z", "quat_w"),
    "relative_pose": (*PLACE, "turn_x", "turn_y", "turn_z"),
}
"""What the agent's numbers are, in order, by the word that is written."""

METHODS = ("dls", "transpose")
SINGULAR = ("pinv", "svd", "adaptive_dls")
"""Isaac Lab's other methods, which need singular values."""


@dataclass(frozen=True, slots=True)
class Reached:
    """What an ``ik`` moves.

    Attributes:
        body: the body that is to get somewhere.
        joints: those that it is told by.
        target: a key of ``TARGETS``.
    """

    robot: str
    model: RobotModel
    body: str
    joints: JointSet
    target: str

    @property
    def turns(self) -> bool:
        """Whether the rotation matters."""
        return self.target.endswith("pose")

    @property
    def relative(self) -> bool:
        """Whether the target begins where the body is."""
        return self.target.startswith("relative")


def declare_ik(actions: Actions, name: Text, item: Item, node: ast.Call) -> Reached | None:
    """Makes the name of the action known to expressions; ``None`` after a mistake."""
    report = actions.report
    if not 1 <= len(node.args) <= 2 or node.keywords:
        message = f"`ik` takes a body, and the joints that move it, not {len(node.args)} values"
        report.error("E0209", message, node.span, "as in `ik(hand)` or `ik(hand, arm)`")
        return None
    values = [actions.low.value(arg) for arg in node.args]
    if any(value is None for value in values):
        return None
    body = values[0]
    if not (isinstance(body, BodySet) and len(body.names) == 1):
        assert body is not None
        what = "its base, which no joint moves" if isinstance(body, Base) and not body.single else describe(body)
        report.error("E0309", f"`ik` moves one body of a robot, not {what}", node.args[0].span, "as in `ik(hand)`")
        return None
    joints = _joints(actions, body, values[1] if len(values) == 2 else None, node)
    target = _target(actions, item)
    if joints is None or target is None:
        return None
    axis = Axis("command", body.robot, TARGETS[target], f"{target.replace('_', ' ')} of {body.label}")
    actions.low.scope.actions[str(name)] = ActionValue(str(name), Type(axis=axis), DIMENSIONLESS)
    return Reached(body.robot, body.model, body.names[0], joints, target)


def _joints(actions: Actions, body: BodySet, given: object, node: ast.Call) -> JointSet | None:
    """The joints that are told: those given, or all between the base and the body."""
    report, model = actions.report, body.model
    between, whole = chain(model, body.names[0])
    if given is None:
        if not whole:
            message = f"a fixed joint lies between `{body.label}` and the base, so its joints are not known"
            report.error("E0309", message, node.args[0].span, f"write which move it, as in `ik({body.label}, arm)`")
            return None
        if not between:
            report.error("E0309", f"no joint moves `{body.label}`", node.args[0].span, "name a body that hangs on one")
            return None
        joints = JointSet(body.robot, model, between, "joints")
    elif isinstance(given, JointSet) and given.robot == body.robot:
        joints = JointSet(given.robot, model, given.names, given.label)
        others = [name for name in joints.names if whole and name not in between]
        if others:
            verb = "does" if len(others) == 1 else "do"
            help = f"those that do are {and_list(list(between), 6)}"
            message = f"{and_list(others, 3)} {verb} not move `{body.label}`"
            report.error("E0309", message, node.args[1].span, help)
            return None
    else:
        message = f"`ik` moves the body by joints of `{body.robot}`"
        report.error("E0309", message, node.args[1].span, f"as in `ik({body.label}, joints)`")
        return None
    balls = [name for name in joints.names if model.joint(name).type is JointType.BALL]
    if balls:
        help = "leave it out: name the other joints"
        report.error("E0309", f"`ik` cannot drive the ball joint of `{balls[0]}`", node.span, help)
        return None
    return joints


def chain(model: RobotModel, body: str) -> tuple[tuple[str, ...], bool]:
    """Joints between the base and a body, the base's first, and whether the way to the base is known."""
    hung: dict[str, list[str]] = {}
    for joint in model.joints:
        hung.setdefault(joint.child, []).append(joint.name)
    found: list[str] = []
    while body in hung:
        found += reversed(hung[body])
        body = model.joint(hung[body][0]).parent
    return tuple(reversed(found)), body in ("", model.root_body)


def _target(actions: Actions, item: Item) -> str | None:
    if item.target is None:
        help = "write `target relative_position`, or " + and_list(list(TARGETS))
        actions.report.error("E0214", "`ik` does not say `target`: what the agent's numbers are", item.value.span, help)
        return None
    before = len(actions.report.diagnostics)
    word = actions.settings.word(item.target, "target", tuple(TARGETS), "position")
    return word if len(actions.report.diagnostics) == before else None


def ik_action(actions: Actions, name: Text, item: Item, reached: Reached) -> Action | None:
    """The action: what is to be reached, and the command that gets there.

    The command is upstream's (``isaaclab.controllers.DifferentialIKController``): the joints' positions and the steps
    of damped least squares, J^T (J J^T + d^2)^-1 e, or of the transpose, k J^T e. It is computed in the world.
    """
    writer = IkWriter(actions, str(name), reached, item)
    before = len(actions.report.diagnostics)
    actions.said = {}
    with actions.tunables.term("action", str(name)):
        goals = writer.goals()
        command = writer.command()
    if len(actions.report.diagnostics) > before:
        return None
    return Action(
        name=str(name),
        kind="position",
        robot=reached.robot,
        joints=reached.joints.names,
        raw=actions.raw(actions.low.scope.actions[str(name)]),
        command=command,
        form="ik",
        settings=actions.said,
        each_step=True,
        bodies=(reached.body,),
        goals=goals,
        named=tuple(writer.called.items()),
        span=item.span,
    )


VEC = Type(Kind.VEC3, frame="world")
QUAT = Type(Kind.QUAT, frame="world")


class IkWriter:
    """Writes the expressions of one action, or of a reset."""

    def __init__(self, actions: Actions, name: str, reached: Reached, item: Item) -> None:
        self.actions, self.name, self.reached, self.item = actions, name, reached, item
        self.span = item.value.span
        self.called: dict[str, Node] = {}
        """Parts that have a name in generated code."""
        with actions.tunables.paused():
            self.at = actions.settings.vector(item.at, LENGTH, "at", (0.0, 0.0, 0.0))
            self.facing = rotation(actions.settings, item.facing)
        if item.facing is not None and not reached.turns:
            message = f"`facing` means nothing to a {reached.target.replace('_', ' ')}"
            actions.report.error("E0309", message, item.facing.span, "remove it, or let the target be a pose")

    def node(self, op: str, *args: Node, type: Type = VEC) -> Node:
        """An operator."""
        return self.actions.low.graph.add(op, args, type=type, span=self.span)

    def read(self, entity: str, quantity: str, names: tuple[str, ...] = (), type: Type = VEC) -> Node:
        """A quantity of the simulation."""
        return self.actions.low.graph.add("read", type=type, read=Read(entity, quantity, names), span=self.span)

    def const(self, value: tuple[float, ...], type: Type) -> Node:
        """A constant vector or rotation."""
        return self.actions.low.graph.add("const", type=type, attr=value, span=self.span)

    # where the body is

    def rot(self) -> Node:
        """Rotation of what is moved, in the world."""
        quat = self.read(self.reached.robot, "body.rot@world", (self.reached.body,), QUAT)
        turned = self.facing != IDENTITY
        quat = self.node("compose", quat, self.const(self.facing, QUAT), type=QUAT) if turned else quat
        self.called["rotation"] = quat
        return quat

    def arm(self) -> Node:
        """From the body's frame to the point that is moved, in the world."""
        quat = self.read(self.reached.robot, "body.rot@world", (self.reached.body,), QUAT)
        self.called["lever"] = self.node("rotate", quat, self.const(self.at, VEC))
        return self.called["lever"]

    def pos(self) -> Node:
        """The point that is moved, in the world."""
        place = self.read(self.reached.robot, "body.pos@world", (self.reached.body,))
        self.called["point"] = self.node("add", place, self.arm()) if any(self.at) else place
        return self.called["point"]

    # where it is to get

    def goals(self) -> tuple[tuple[str, Node], ...]:
        """Position and rotation that are to be reached, in the world."""
        reached = self.reached
        numbers = self.read("", f"action.{self.name}", PLACE)
        base = self.read(reached.robot, "root.rot@world", (), QUAT)
        change = self.scaled(self.clipped(numbers), LENGTH, "position")
        if reached.relative:
            self.no_offset()
            place = self.node("add", self.pos(), self.node("rotate", base, change))
        else:
            if self.item.offset is not None:
                with self.actions.tunables.paused():
                    vector = self.actions.settings.vector(self.item.offset, LENGTH, "offset", (0.0, 0.0, 0.0))
                path = self.actions.tunables.add(vector, LENGTH, Role.OFFSET, self.item.offset.span)
                offset = self.actions.low.graph.add("tunable", type=VEC, attr=path, span=self.item.offset.span)
                self.actions.said["offset"] = path
                change = self.node("add", offset, change)
            place = self.node("add", self.read(reached.robot, "root.pos@world"), self.node("rotate", base, change))
        if not reached.turns:
            return (("pos", place),)
        numbers = self.read("", f"action.{self.name}", TARGETS[reached.target][3:], VEC if reached.relative else QUAT)
        numbers = self.clipped(numbers)
        if reached.relative:
            turn = self.called["spin"] = self.node("rotate", base, self.scaled(numbers, ANGLE, "rotation"))
            rot = self.node("compose", self.node("turn", turn, type=QUAT), self.rot(), type=QUAT)
        else:
            rot = self.node("compose", base, self.node("unit", numbers, type=QUAT), type=QUAT)
        return (("pos", place), ("rot", rot))

    def clipped(self, numbers: Node) -> Node:
        """The agent's numbers, within `clip`."""
        if "clip" not in self.actions.said:
            return self.actions.clipped(numbers, self.item.clip, DIMENSIONLESS, Role.CLIP)
        path = str(self.actions.said["clip"])
        graph, span = self.actions.low.graph, self.span
        ends = [graph.add("tunable", type=Type(), attr=(path, end), span=span) for end in (0, 1)]
        return graph.add("clip", (numbers, *ends), type=numbers.type, span=span)

    def no_offset(self) -> None:
        if self.item.offset is not None:
            message = f"`{self.reached.target}` begins where the body is, and has no `offset`"
            self.actions.report.error("E0309", message, self.item.offset.span, "remove it, or write `target position`")

    def scaled(self, numbers: Node, dim: Dimension, part: str) -> Node:
        """Numbers by the `scale` of their part."""
        actions = self.actions
        value = self.parts().get(part)
        if value is None:
            return numbers
        with actions.tunables.paused():
            node = actions.low.number(value.node)
            if node is None:
                return numbers
            several = node.type.kind is Kind.VEC3
            found = (
                actions.settings.vector(value, dim, "scale", (1.0, 1.0, 1.0))
                if several
                else actions.settings.number(value, dim, "scale")
            )
        if found is None:
            return numbers
        both = self.reached.target == "relative_pose"
        role = Given(f"{part}_scale") if both else Role.SCALE
        path = actions.tunables.add(found, dim, role, value.span, f"Scale of the {part} in `{self.name}`.")
        actions.said[f"{part}_scale" if both else "scale"] = path
        factor = actions.low.graph.add("tunable", type=VEC if several else Type(), attr=path, span=value.span)
        return self.node("mul", factor, numbers)

    def parts(self) -> dict[str, Expression]:
        """The `scale` by part: of a relative pose both have one, in braces; of others the position."""
        scale, report = self.item.scale, self.actions.report
        if scale is None:
            return {}
        braces = isinstance(scale.node, ast.Braces)
        if self.reached.target != "relative_pose":
            if braces:
                report.error("E0309", "`scale` is a length, or one along each axis", scale.span, "as in `scale 5 cm`")
                return {}
            return {"position": scale}
        example = "write `scale { position 5 cm; rotation 0.1 rad }`"
        if not isinstance(scale.node, ast.Braces):
            self.once("E0309", "a position and a rotation have a `scale` each", scale.span, example)
            return {}
        reader = StatementReader()
        entries = reader.entries(scale.node.body)
        if reader.diagnostics:
            report.diagnostics += [item for item in reader.diagnostics if item not in report.diagnostics]
            return {}
        for key in entries:
            if key not in ("position", "rotation"):
                helps = did_you_mean(str(key), ("position", "rotation")) or (example,)
                self.once("E0206", f"`scale` of an ik has no key `{key}`", key.span, *helps)
        return {str(key): value for key, value in entries.items()}

    def once(self, code: str, message: str, span: Span | None, *helps: str) -> None:
        """Reports what both parts would say."""
        if not any(item.code == code and item.message == message for item in self.actions.report.diagnostics):
            self.actions.report.error(code, message, span, *helps)

    # how it gets there

    def command(self) -> Node:
        """Positions that the joints are told."""
        reached, at = self.reached, any(self.at)
        axis = reached.joints.axis
        number, vectors, twists = Type(axis=axis, dim=ANGLE), Type(Kind.VEC3, axis), Type(Kind.TWIST, axis)
        goal = self.read("", f"goal.{self.name}.pos")
        error = self.node("sub", goal, self.pos())
        if reached.turns:
            error = self.node("twist", error, self.missing(), type=Type(Kind.TWIST))
        if at or not reached.turns:
            columns = self.jacobian("linear", vectors)
            if at:
                turning = self.called["turning"] = self.jacobian("angular", vectors)
                columns = self.node("add", columns, self.node("cross", turning, self.arm(), type=vectors), type=vectors)
                columns = self.node("twist", columns, turning, type=twists) if reached.turns else columns
        else:
            columns = self.jacobian("twist", twists)
        weights = self.weighed(columns, error)
        self.called |= {"columns": columns, "error": error, "weights": weights}
        steps = self.node("dot", columns, weights, type=number)
        present = self.read(reached.robot, "joint.pos", reached.joints.names, number)
        return self.node("add", present, steps, type=number)

    def jacobian(self, part: str, type: Type) -> Node:
        """Columns of the Jacobian of the body's frame, one for each joint, in the world."""
        quantity = f"jacobian.{part}@world:{self.reached.body}"
        return self.read(self.reached.robot, quantity, self.reached.joints.names, type)

    def missing(self) -> Node:
        """The rotation that is missing to the goal, as a vector in the world [rad]."""
        goal = self.read("", f"goal.{self.name}.rot", (), QUAT)
        turn = self.node("compose", goal, self.node("quat_conj", self.rot(), type=QUAT), type=QUAT)
        return self.node("rotation_vector", turn)

    def weighed(self, columns: Node, error: Node) -> Node:
        """What the steps of the joints are the products of with the columns."""
        actions, item = self.actions, self.item
        word = item.method.span.text if item.method is not None else ""
        if item.method is not None and word in SINGULAR:
            message = f"`{word}` needs singular values, which are not computed in a recorded step"
            help = "write `damping 0.01`, which differs near singular postures alone, where it keeps steps small"
            actions.report.error("E0309", message, item.method.span, help)
            return error
        method = actions.settings.word(item.method, "method", METHODS, "dls")
        key, value, fallback = ("damping", item.damping, 0.01) if method == "dls" else ("gain", item.gain, 1.0)
        other, unused = ("gain", item.gain) if method == "dls" else ("damping", item.damping)
        if unused is not None:
            message = f"the method `{method}` has no `{other}`"
            actions.report.error("E0309", message, unused.span, f"it has `{key}`")
        with actions.tunables.paused():
            number = actions.settings.positive(value, DIMENSIONLESS, key, fallback)
        path = actions.said[key] = actions.tunables.add(
            number, DIMENSIONLESS, Given(key), value.span if value is not None else self.span
        )
        setting = actions.low.graph.add("tunable", type=Type(), attr=path, span=self.span)
        if method == "dls":
            return self.node("damped", columns, error, setting, type=error.type)
        return self.node("mul", setting, error, type=error.type)
