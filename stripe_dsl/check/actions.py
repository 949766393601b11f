"""Actions: what the numbers that an agent chooses do to its robots."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from stripe_dsl.check.action_kinds import (
    IK_OPTIONS,
    JOINT_ACTIONS,
    OPTIONS,
    OTHERWISE,
    WRENCH_ACTIONS,
    written_otherwise,
    wrong_arguments,
)
from stripe_dsl.check.binary import binary, bounds
from stripe_dsl.check.constants import Settings
from stripe_dsl.check.delays import arrival
from stripe_dsl.check.expressions import Lowering
from stripe_dsl.check.phase import Phase
from stripe_dsl.check.scope import ActionValue
from stripe_dsl.check.tunables import Role
from stripe_dsl.check.values import JointSet, describe
from stripe_dsl.ir.graph import Node, Read
from stripe_dsl.ir.program import Action
from stripe_dsl.ir.types import Kind, Type
from stripe_dsl.robots.match import PatternError, match_names
from stripe_dsl.robots.model import JointType
from stripe_dsl.source import Span
from stripe_dsl.spec.blocks import Item
from stripe_dsl.spec.read import StatementReader
from stripe_dsl.spec.values import Expression, Text
from stripe_dsl.syntax import ast
from stripe_dsl.text import and_list, did_you_mean, plural
from stripe_dsl.units import DIMENSIONLESS, Dimension

if TYPE_CHECKING:  # most tasks have neither
    from stripe_dsl.check.ik import Reached
    from stripe_dsl.check.wrenches import Pushed


class Actions:
    """Lowers the actions of one task."""

    def __init__(self, lowering: Lowering, settings: Settings) -> None:
        self.low = lowering
        self.settings = settings
        self.report = lowering.report
        self.tunables = lowering.tunables
        self.said: dict[str, Node | str] = {}
        """What the present action says, by key."""

    def declare(self, name: Text, item: Item) -> tuple[JointSet | Pushed | Reached, str] | None:
        """Makes the name of an action known to expressions."""
        node = item.value.node
        known = [*JOINT_ACTIONS, *WRENCH_ACTIONS, "ik"]
        node, frame = (node.object, node) if isinstance(node, ast.Frame) else (node, None)
        if not (isinstance(node, ast.Call) and isinstance(node.function, ast.Name)):
            if not isinstance(node, ast.Broken):
                self.report.error(
                    "E0309",
                    "an action is written `effort(joints)`, `position(joints)` or `velocity(joints)`",
                    node.span,
                    written_otherwise(node),
                )
            return None
        kind = node.function.id
        if kind in known and (wrong := wrong_arguments(node, kind)) is not None:
            self.report.error(*wrong)
            return None
        if kind in WRENCH_ACTIONS:
            from stripe_dsl.check.wrenches import declare_wrench

            pushed = declare_wrench(self, name, node, kind, frame)
            return (pushed, kind) if pushed is not None else None
        if frame is not None:
            message = f"`{kind}` has no frame"
            self.report.error("E0406", message, frame.frame_span, "only a `wrench` can be given `@world`")
            return None
        if kind not in known:
            helps = (f"write `{OTHERWISE[kind]}`",) if kind in OTHERWISE else did_you_mean(kind, known)
            helps = helps or (f"kinds of actions are {and_list(known)}",)
            self.report.error("E0208", f"there is no action `{kind}`", node.function.span, *helps)
            return None
        if kind == "ik":
            from stripe_dsl.check.ik import declare_ik

            reached = declare_ik(self, name, item, node)
            return (reached, kind) if reached is not None else None
        if len(node.args) != 1:
            self.report.error(
                "E0209",
                f"`{kind}` takes 1 set of joints, not {len(node.args)}",
                node.span,
                "name both in the robot: `joints both = …`",
            )
            return None
        self.low.names.wanted = "joints"
        joints = self.low.value(node.args[0])
        self.low.names.wanted = ""
        if joints is None:
            return None
        if not isinstance(joints, JointSet):
            self.report.error(
                "E0309", f"`{kind}` drives joints, not {describe(joints)}", node.args[0].span, f"as in `{kind}(joints)`"
            )
            return None
        if not joints.names:
            message, help = f"robot `{joints.robot}` has no joint that moves", "push its bodies: `thrust(base)`"
            self.report.error("E0203", message, node.args[0].span, help)
            return None
        learned = [each for each in joints.names if each in self.low.scope.learned.get(joints.robot, ())]
        if learned and kind in ("effort", "velocity"):
            message = f"`{learned[0]}` has a learned actuator, which follows positions alone"
            self.report.error("E0309", message, node.args[0].span, "write `position(…) scale … offset default`")
            return None
        sliding = {joints.model.joint(joint).type is JointType.PRISMATIC for joint in joints.names}
        if len(sliding) == 2:
            self.report.error(
                "E0409",
                f"`{joints.label}` holds revolute and prismatic joints",
                node.args[0].span,
                "write one action for each kind",
            )
            return None
        dim = JOINT_ACTIONS[kind].dims[sliding == {True}]
        type = Type() if kind == "binary" else Type(axis=joints.axis)
        self.low.scope.actions[str(name)] = ActionValue(str(name), type, dim)
        return joints, kind

    def action(self, name: Text, item: Item, joints: JointSet | Pushed | Reached, kind: str) -> Action | None:
        """One action term: its command as an expression of the agent's numbers."""
        self.low.phase = Phase.ACTION
        if not isinstance(joints, JointSet):
            return self.of_bodies(name, item, joints, kind)
        self.options(item, kind, JOINT_ACTIONS[kind].options)
        declared = self.low.scope.actions[str(name)]
        raw = self.raw(declared)
        self.said = {}
        with self.tunables.term("action", str(name)):
            match kind:
                case "binary":
                    command = binary(self, item, joints, declared.dim, raw)
                case "position_to_limits":
                    command = self.to_limits(item, joints, declared.dim, raw)
                case _:
                    command = self.affine(item, joints, kind, declared.dim, raw)
            if command is not None and item.smooth is not None:
                command = self.smoothed(name, item.smooth, joints, kind, command)
            delay = arrival(self, item) if item.delay is not None else ""
        if command is None:
            return None
        current = kind == "relative_position"
        target = JOINT_ACTIONS[kind].target
        return Action(
            name=str(name),
            kind=target,
            robot=joints.robot,
            joints=joints.names,
            raw=raw,
            command=command,
            form=kind,
            settings=self.said,
            each_step=current or bool(delay),
            remembers=item.smooth is not None,
            delay=delay,
            span=item.span,
        )

    def options(self, item: Item, kind: str, known: tuple[str, ...]) -> None:
        """Reports keys that this kind of action does not have."""
        for key in type(item).model_fields:
            value = getattr(item, key)
            if key in ("value", "name") or value is None or key in known:
                continue
            if isinstance(value, Expression | Text):
                has = and_list(known)
                what = f"`{kind}` has no option `{key}`" if key in OPTIONS else f"an action has no option `{key}`"
                self.report.error("E0206", what, value.span, f"it has {has}")

    # commands

    def raw(self, action: ActionValue) -> Node:
        """The agent's own numbers."""
        return self.low.graph.add("read", type=action.type, read=Read("", f"action.{action.name}"))

    def of_bodies(self, name: Text, item: Item, moved: Pushed | Reached, kind: str) -> Action | None:
        """An action that is given of bodies and not of joints."""
        from stripe_dsl.check.ik import Reached, ik_action
        from stripe_dsl.check.wrenches import wrench_action

        self.options(item, kind, WRENCH_ACTIONS.get(kind, IK_OPTIONS))
        if isinstance(moved, Reached):
            return ik_action(self, name, item, moved)
        return wrench_action(self, name, item, moved, kind)

    def affine(self, item: Item, joints: JointSet | Pushed, kind: str, dim: Dimension, raw: Node) -> Node | None:
        """``offset + scale * clip(action)``, within ``limit``; around the present position where it is relative."""
        type = Type(axis=joints.axis, dim=dim)
        if item.scale is None:  # the agent's number is the command in SI units
            raw = self.low.graph.add("read", type=type, read=raw.read)
        scale = self.sized(item.scale, dim, "scale", joints, Role.SCALE)
        offset = self.offset(item.offset, dim, joints, kind)
        if (scale is None and item.scale is not None) or (offset is None and item.offset is not None):
            return None
        value = self.clipped(raw, item.clip, DIMENSIONLESS, Role.CLIP)
        if scale is not None:
            self.said["scale"] = scale
            value = self.low.graph.add("mul", (scale, value), type=type, span=item.span)
        if offset is not None:
            self.said["offset"] = offset
            value = self.low.graph.add("add", (offset, value), type=type, span=item.span)
        value = self.clipped(value, item.limit, dim, Role.LIMIT)
        if kind == "relative_position" and isinstance(joints, JointSet):
            current = self.low.reading.read(joints.robot, "joint.pos", joints.names, type, item.value.span)
            value = self.low.graph.add("add", (current, value), type=type, span=item.value.span)
        return value

    def to_limits(self, item: Item, joints: JointSet, dim: Dimension, raw: Node) -> Node | None:
        """-1 is a joint's lower soft limit and 1 the upper one, as in upstream's ``JointPositionToLimitsAction``."""
        if not self.limited(item, joints):
            return None
        low, math, span = self.low, self.low.math, item.value.span
        type = Type(axis=joints.axis, dim=dim)
        scale = self.sized(item.scale, DIMENSIONLESS, "scale", joints, Role.SCALE)
        if scale is None and item.scale is not None:
            return None
        value = self.clipped(raw, item.clip, DIMENSIONLESS, Role.CLIP)
        if scale is not None:
            self.said["scale"] = scale
            value = low.graph.add("mul", (scale, value), type=raw.type, span=span)
        value = low.graph.add("clip", (value, math.const(-1.0), math.const(1.0)), type=raw.type, span=span)
        lower, upper = self.limits(joints, type, span)
        width = low.graph.add("sub", (upper, lower), type=type, span=span)
        half = low.graph.add("mul", (width, math.const(0.5)), type=type, span=span)
        total = low.graph.add("add", (lower, upper), type=type, span=span)
        middle = low.graph.add("mul", (total, math.const(0.5)), type=type, span=span)
        scaled = low.graph.add("mul", (value, half), type=type, span=span)
        return low.graph.add("add", (middle, scaled), type=type, span=span)

    def limits(self, joints: JointSet, type: Type, span: Span) -> tuple[Node, Node]:
        """Soft limits of the joints' positions."""
        read = self.low.reading.read
        lower = read(joints.robot, "joint.lower", joints.names, type, span)
        return lower, read(joints.robot, "joint.upper", joints.names, type, span)

    def limited(self, item: Item, joints: JointSet) -> bool:
        """Whether every joint has limits; one without is reported."""
        free = [name for name in joints.names if not all(map(isfinite, bounds(joints, name)))]
        if free:
            message = f"{and_list(free, 3)} of `{joints.robot}` {'has' if len(free) == 1 else 'have'} no limits"
            help = "write `position(…) scale … offset default`, which needs none"
            self.report.error("E0309", message, item.value.span, help)
        return not free

    def numbers(
        self, numbers: tuple[float, ...], dim: Dimension, joints: JointSet | Pushed, role: Role, span: Span
    ) -> Node:
        """A field of the cfg with a number for each joint or body."""
        path = self.tunables.add(numbers if joints.axis is not None else numbers[0], dim, role, span)
        return self.low.graph.add("tunable", type=Type(axis=joints.axis, dim=dim), attr=path, span=span)

    def smoothed(self, name: Text, value: Expression, joints: JointSet, kind: str, command: Node) -> Node | None:
        """``smooth * command + (1 - smooth) * last target``: a moving average that begins at the joints' positions."""
        with self.tunables.paused():
            weight = self.settings.number(value, DIMENSIONLESS, "smooth")
        if weight is None:
            return None
        if not 0 < weight <= 1:
            help = "1 takes the new command alone, smaller numbers keep more of the last target"
            self.report.error("E0309", "`smooth` lies above 0 and is at most 1", value.span, help)
            return None
        low, type, span = self.low, command.type, value.span
        path = self.said["smooth"] = self.tunables.add(weight, DIMENSIONLESS, Role.SMOOTH, span)
        share = low.graph.add("tunable", type=Type(), attr=path, span=span)
        rest = low.graph.add("sub", (low.math.const(1.0), share), type=Type(), span=span)
        last = low.graph.add("read", type=type, read=Read("", f"target.{name}"), span=span)
        new = low.graph.add("mul", (share, command), type=type, span=span)
        old = low.graph.add("mul", (rest, last), type=type, span=span)
        mean = low.graph.add("add", (new, old), type=type, span=span)
        if kind == "position_to_limits":
            mean = low.graph.add("clip", (mean, *self.limits(joints, type, span)), type=type, span=span)
        return mean

    # parts of a command

    def clipped(self, value: Node, bounds: Expression | None, dim: Dimension, role: Role) -> Node:
        """A value within a range of the cfg."""
        if bounds is None:
            return value
        with self.tunables.paused():
            pair = self.settings.pair(bounds, dim, str(role))
        if pair is None:
            return value
        path = self.said[str(role)] = self.tunables.add(pair, dim, role, bounds.span)
        ends = [self.low.graph.add("tunable", type=Type(dim=dim), attr=(path, end), span=bounds.span) for end in (0, 1)]
        return self.low.graph.add("clip", (value, *ends), type=value.type, span=bounds.span)

    def offset(self, value: Expression | None, dim: Dimension, joints: JointSet | Pushed, kind: str) -> Node | None:
        """The offset of an action; ``default`` is the default joint position."""
        if value is None:
            return None
        node = value.node
        if isinstance(node, ast.Name) and node.id == "default":
            if kind != "position" or not isinstance(joints, JointSet):
                self.report.error(
                    "E0201", f"`default` has no meaning for `{kind}`", node.span, "it is a joint position"
                )
                return None
            type = Type(axis=joints.axis, dim=dim)
            return self.low.reading.read(joints.robot, "joint.default_pos", joints.names, type, node.span)
        return self.sized(value, dim, "offset", joints, Role.OFFSET)

    def sized(
        self, value: Expression | None, dim: Dimension, key: str, joints: JointSet | Pushed, role: Role
    ) -> Node | None:
        """A value in the unit of the command, one number or one for each joint."""
        if value is None:
            return None
        if isinstance(value.node, ast.Braces):
            if not isinstance(joints, JointSet) and joints.axis is None:
                self.report.error("E0309", f"`{key}` is one number for one body", value.span, "as in `scale 10 N`")
                return None
            numbers = self.by_joint(value, value.node, dim, key, joints)
            return self.numbers(numbers, dim, joints, role, value.span) if numbers is not None else None
        node = self.low.number(value.node, role)
        if node is None or not self.settings.check_unit(node, dim, key, value.span):
            return None
        if node.type.kind is not Kind.FLOAT or node.type.axis not in (None, joints.axis):
            self.report.error(
                "E0301", f"`{key}` is one number or one for each joint, not {node.type.describe()}", value.span
            )
            return None
        return node

    def by_joint(
        self, value: Expression, braces: ast.Braces, dim: Dimension, key: str, joints: JointSet | Pushed
    ) -> tuple[float, ...] | None:
        """``{ ".*_hip" 0.25 rad; ".*_knee" 0.5 rad }``: a number for each joint or body, by pattern."""
        reader = StatementReader()
        entries = reader.entries(braces.body)
        self.report.diagnostics += reader.diagnostics
        numbers: dict[str, float] = {}
        wrong = bool(reader.diagnostics)
        with self.tunables.paused():
            for pattern, number in entries.items():
                found = self.settings.number(number, dim, key)
                matched = self.matching(pattern, joints, numbers)
                wrong = wrong or found is None or not matched
                numbers |= dict.fromkeys(matched, found or 0.0)
        missing = [name for name in joints.names if name not in numbers]
        if missing and not wrong:
            what = plural(len(missing), "joint" if isinstance(joints, JointSet) else "body")
            message = f"`{key}` says nothing of {what} of `{joints.label}`"
            self.report.error("E0214", message, value.span, f"add {and_list(missing, 4)}")
        return None if missing or wrong else tuple(numbers[name] for name in joints.names)

    def matching(self, pattern: Text, joints: JointSet | Pushed, taken: dict[str, float]) -> list[str]:
        """The members of a set that a pattern matches; none, and those that another one matches, are reported."""
        if isinstance(joints, JointSet):
            labels = {joints.model.joint(name).alias or name: name for name in joints.names}
        else:
            labels = {name: name for name in joints.names}
        try:
            found = [labels[label] for label in match_names(str(pattern), tuple(labels))]
        except PatternError as problem:
            helps = (problem.hint,) if problem.hint else ()
            self.report.error("E0219", problem.reason, pattern.span, *helps)
            return []
        twice = [name for name in found if name in taken]
        if not found:
            help = f"they are {and_list(list(labels), 6)}"
            code, what = ("E0203", "joint") if isinstance(joints, JointSet) else ("E0204", "body")
            self.report.error(code, f'no {what} of `{joints.label}` matches "{pattern}"', pattern.span, help)
        elif twice:
            message = f"`{twice[0]}` has a number already"
            what = "joint" if isinstance(joints, JointSet) else "body"
            self.report.error("E0202", message, pattern.span, f"let each {what} match one pattern")
        return [name for name in found if name not in taken]
