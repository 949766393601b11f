"""What is learned: actions, observations, rewards, terminations and resets."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from stripe_dsl.check.constants import Settings
from stripe_dsl.check.expressions import Lowering
from stripe_dsl.check.phase import Phase
from stripe_dsl.check.scope import ActionValue
from stripe_dsl.check.tunables import Role
from stripe_dsl.check.values import JointSet, describe, varies
from stripe_dsl.diagnostics import Annotation
from stripe_dsl.ir.graph import Node
from stripe_dsl.ir.program import Action, Group, Noise, Observation, Reward, Termination
from stripe_dsl.ir.types import Kind, Type
from stripe_dsl.robots.model import JointType
from stripe_dsl.source import Span
from stripe_dsl.spec.document import Item, RewardSpec, TaskSpec
from stripe_dsl.spec.values import Expression, Text
from stripe_dsl.syntax import ast
from stripe_dsl.text import and_list, did_you_mean
from stripe_dsl.units import ANGLE, ANGULAR_SPEED, DIMENSIONLESS, FORCE, LENGTH, SPEED, TORQUE, Dimension

ACTION_KINDS: dict[str, tuple[Dimension, Dimension]] = {
    "effort": (TORQUE, FORCE),
    "position": (ANGLE, LENGTH),
    "velocity": (ANGULAR_SPEED, SPEED),
}
"""Kinds of joint actions, with the dimension of their command for revolute and prismatic joints."""


class Terms:
    """Lowers the terms of one task."""

    def __init__(self, lowering: Lowering, settings: Settings) -> None:
        self.low = lowering
        self.settings = settings
        self.report = lowering.report
        self.tunables = lowering.tunables

    # actions

    def declare_action(self, name: Text, item: Item) -> tuple[JointSet, str] | None:
        """Makes the name of an action known to expressions."""
        node = item.value.node
        known = list(ACTION_KINDS)
        if not (isinstance(node, ast.Call) and isinstance(node.function, ast.Name)):
            if not isinstance(node, ast.Broken):
                self.report.error(
                    "E0309",
                    "an action is written `effort(joints)`, `position(joints)` or `velocity(joints)`",
                    node.span,
                )
            return None
        kind = node.function.id
        if kind not in ACTION_KINDS:
            helps = did_you_mean(kind, known) or (f"kinds of actions are {and_list(known)}",)
            self.report.error("E0208", f"there is no action `{kind}`", node.function.span, *helps)
            return None
        if len(node.args) != 1:
            self.report.error(
                "E0209",
                f"`{kind}` takes 1 set of joints, not {len(node.args)}",
                node.span,
                "name both in the robot: `joints both = …`",
            )
            return None
        joints = self.low.value(node.args[0])
        if joints is None:
            return None
        if not isinstance(joints, JointSet):
            self.report.error(
                "E0309", f"`{kind}` drives joints, not {describe(joints)}", node.args[0].span, f"as in `{kind}(joints)`"
            )
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
        angular, linear = ACTION_KINDS[kind]
        dim = linear if sliding == {True} else angular
        self.low.scope.actions[str(name)] = ActionValue(str(name), joints.axis, dim)
        return joints, kind

    def action(self, name: Text, item: Item, joints: JointSet, kind: str) -> Action | None:
        """One action term: ``offset + scale * clip(action)``."""
        dim = self.low.scope.actions[str(name)].dim
        self.low.phase = Phase.ACTION
        with self.tunables.term("action", str(name)):
            scale = self.sized(item.scale, dim, "scale", joints, Role.SCALE)
            if item.scale is None:
                scale = self.low.math.const(1.0, Type(dim=dim))
            offset = self.offset(item, dim, joints, kind)
            clip = self.clip(item.clip, DIMENSIONLESS) if item.clip is not None else None
        for key in ("noise", "without"):
            option: Expression | None = getattr(item, key)
            if option is not None:
                self.report.error(
                    "E0206", f"an action has no option `{key}`", option.span, "it has `scale`, `offset` and `clip`"
                )
        if scale is None:
            return None
        return Action(str(name), kind, joints.robot, joints.names, scale, offset, clip, item.span)

    def offset(self, item: Item, dim: Dimension, joints: JointSet, kind: str) -> Node | None:
        """The offset of an action; ``default`` is the default joint position."""
        if item.offset is None:
            return None
        node = item.offset.node
        if isinstance(node, ast.Name) and node.id == "default":
            if kind != "position":
                self.report.error(
                    "E0201", f"`default` has no meaning for `{kind}`", node.span, "it is a joint position"
                )
                return None
            type = Type(axis=joints.axis, dim=dim)
            return self.low.reading.read(joints.robot, "joint.default_pos", joints.names, type, node.span)
        return self.sized(item.offset, dim, "offset", joints, Role.OFFSET)

    def sized(self, value: Expression | None, dim: Dimension, key: str, joints: JointSet, role: Role) -> Node | None:
        """A value in the unit of the command, one number or one for each joint."""
        if value is None:
            return None
        node = self.low.number(value.node, role)
        if node is None or not self.settings.check_unit(node, dim, key, value.span):
            return None
        if node.type.kind is not Kind.FLOAT or node.type.axis not in (None, joints.axis):
            self.report.error(
                "E0301", f"`{key}` is one number or one for each joint, not {node.type.describe()}", value.span
            )
            return None
        return node

    def clip(self, value: Expression, dim: Dimension) -> str | None:
        """Path of a range that a value is cut to."""
        with self.tunables.paused():
            pair = self.settings.pair(value, dim, "clip")
        return self.tunables.add(pair, dim, Role.CLIP, value.span) if pair is not None else None

    # observations

    def groups(self, spec: dict[Text, list[Item]]) -> dict[str, Group]:
        """All observation groups by name, in source order; one may include another one, wherever it stands."""
        done: dict[str, Group] = {}

        def make(name: Text, open_: tuple[str, ...]) -> Group:
            if name not in done:
                done[str(name)] = self.group(name, spec, make, (*open_, str(name)))
            return done[str(name)]

        for name in spec:
            make(name, ())
        return {str(name): done[str(name)] for name in spec}

    def group(
        self,
        name: Text,
        spec: dict[Text, list[Item]],
        make: Callable[[Text, tuple[str, ...]], Group],
        open_: tuple[str, ...],
    ) -> Group:
        """One observation group; ``make`` gives those that it includes, ``open_`` are those that include it."""
        self.low.phase = Phase.OBSERVE
        out: list[Observation] = []
        names: set[str] = set()
        for item in spec[name]:
            node = item.value.node
            if not (isinstance(node, ast.Name) and (node.id in spec or item.without is not None)):
                entry = self.observation(str(name), item, names)
                out += [entry] if entry is not None else []
                continue
            other = next((key for key in spec if key == node.id), None)
            if other is None:
                helps = did_you_mean(node.id, spec, listing=True)
                self.report.error("E0201", f"there is no observation group `{node.id}`", node.span, *helps)
            elif node.id in open_:
                chain = " -> ".join([*open_[open_.index(node.id) :], node.id])
                self.report.error("E0210", f"observation groups include each other: {chain}", node.span, "remove one")
            else:
                entries = self.included(node, item, make(other, open_))
                out += [replace(entry, name=_unique(entry.name, names)) for entry in entries]
        if not spec[name]:
            self.report.error("E0214", f"observation group `{name}` is empty", name.span, "add what it observes")
        return Group(str(name), tuple(out), name.span)

    def included(self, node: ast.Name, item: Item, group: Group) -> tuple[Observation, ...]:
        """``policy without noise``: the entries of another group."""
        if item.without is None:
            return group.items
        word = item.without.node
        if not (isinstance(word, ast.Name) and word.id == "noise"):
            message, help = "a group is included `without noise`, or as it is", f"write `{node.id} without noise`"
            self.report.error("E0309", message, word.span, help)
        return tuple(replace(entry, noise=None) for entry in group.items)

    def observation(self, group: str, item: Item, names: set[str]) -> Observation | None:
        """One entry: the value, then noise, clip and scale, in this order."""
        node = self.low.number(item.value.node)
        if node is None:
            return None
        if node.type.is_bool:
            node = self.low.math.as_float(node)
        if item.name is not None and item.name in names:
            self.report.error("E0202", f"`{item.name}` is defined twice", item.name.span, "rename one of them")
        name = _unique(item.name or slug(item.value.span.text), names)
        if not varies(node):
            self.report.error("W0003", f"the observation `{name}` never changes", item.value.span, "remove it")
        with self.tunables.term("observe", f"{group}_{name}"):
            noise = self.noise(item.noise, node) if item.noise is not None else None
            clip = self.clip(item.clip, node.type.dim) if item.clip is not None else None
            scale = None
            if item.scale is not None:
                with self.tunables.paused():
                    number = self.low.number(item.scale.node)
                    value = self.settings.number(item.scale, number.type.dim, "scale") if number is not None else None
                if value is not None and number is not None:
                    scale = self.tunables.add(value, number.type.dim, Role.SCALE, item.scale.span)
        if item.offset is not None:
            self.report.error("E0206", "an observation has no option `offset`", item.offset.span)
        return Observation(name, node, noise, clip, scale, item.span)

    def noise(self, value: Expression, node: Node) -> Noise | None:
        """``+-0.1 m/s`` is uniform, ``gaussian(0.1 m/s)`` normal; both in the unit of the value."""
        expr = value.node
        dim = node.type.dim
        with self.tunables.paused():
            if isinstance(expr, ast.Call) and isinstance(expr.function, ast.Name):
                if expr.function.id != "gaussian" or len(expr.args) != 1:
                    help = "noise is a range, as in `+-0.1`, or `gaussian(0.1)`"
                    self.report.error("E0208", f"there is no noise `{expr.span.text}`", expr.span, help)
                    return None
                std = self.settings.number(Expression(expr.args[0]), dim, "noise")
                kind, amount = "gaussian", std
            else:
                kind, amount = "uniform", self.settings.pair(value, dim, "noise")
        if amount is None:
            return None
        return Noise(kind, self.tunables.add(amount, dim, Role.NOISE, value.span))

    # rewards and terminations

    def rewards(self, spec: RewardSpec | None) -> tuple[Reward, ...]:
        """All reward terms, those per second first."""
        if spec is None:
            return ()
        out = [self.reward(name, value, True) for name, value in spec.per_second.items()]
        out += [self.reward(name, value, False) for name, value in spec.once.items()]
        return tuple(term for term in out if term is not None)

    def reward(self, name: Text, value: Expression, per_second: bool) -> Reward | None:
        """``weight * value``: the leading number is the weight and may carry any unit."""
        self.low.phase = Phase.REWARD
        weight, rest = split_weight(value.node)
        with self.tunables.term("reward", str(name)):
            number = 1.0
            dim, span = DIMENSIONLESS, value.span
            if weight is not None:
                with self.tunables.paused():
                    literal = self.low.number(weight)
                if literal is not None:
                    number, dim, span = float(literal.attr), literal.type.dim, weight.span  # type: ignore[arg-type]
                if number == 0:
                    self.report.error(
                        "W0004",
                        f"the weight of `{name}` is zero",
                        weight.span,
                        f"remove the term, or write `{name} = none` to drop an inherited one",
                    )
            path = self.tunables.add(number, dim, Role.WEIGHT, span)
            node = self.low.number(rest) if rest is not None else self.low.math.const(1.0)
        if node is None:
            return None
        if not node.type.is_scalar:
            self.not_scalar(f"the reward `{name}`", node, rest.span if rest is not None else value.span)
            return None
        return Reward(str(name), path, self.low.math.as_float(node), per_second, name.span)

    def not_scalar(self, what: str, node: Node, span: Span) -> None:
        """Reports a value that is not one number for each environment."""
        if node.type.is_vector and node.type.axis is None:
            help = "take its length `|v|`, or a part `v.x`"
        elif node.type.is_bool:
            help = "reduce it with `any(…)` or `all(…)`"
        else:
            help = "reduce it with `sum(…)`, `mean(…)`, `max(…)` or `|…|`"
        self.report.error("E0302", f"{what} has to be one value, not {node.type.describe()}", span, help)

    def terminations(self, spec: TaskSpec) -> tuple[tuple[Termination, ...], bool]:
        """What ends an episode, failures first, and whether its time does."""
        timeout = next((name for name in spec.terminate if name == "timeout"), None)
        if timeout is not None:
            node = spec.terminate[timeout].node
            if not (isinstance(node, ast.Name) and node.id in ("true", "false")):
                self.report.error(
                    "E0217",
                    "`timeout` is a word of the language: the end of the episode's time",
                    timeout.span,
                    "write it alone, and give the term another name",
                )
        for name in spec.truncate:
            if name in spec.terminate and name != "timeout":
                notes = (Annotation(name.span, "here too"),) if name.span is not None else ()
                first = next(other for other in spec.terminate if other == name)
                message = f"`{name}` is a failure and truncates too"
                self.report.error("E0202", message, first.span, "an episode ends in one way: remove one", notes=notes)
        ends = [
            *((name, value, False) for name, value in spec.terminate.items() if name != "timeout"),
            *((name, value, True) for name, value in spec.truncate.items()),
        ]
        out = [self.termination(name, value, truncates) for name, value, truncates in ends]
        return tuple(term for term in out if term is not None), timeout is not None

    def termination(self, name: Text, value: Expression, truncates: bool) -> Termination | None:
        """A condition that ends the episode."""
        if name in ("failed", "timeout"):
            meaning = "that any failure holds" if name == "failed" else "the end of the episode's time"
            help = "write it in `terminate`" if name == "timeout" else "give it another name"
            self.report.error("E0217", f"`{name}` means {meaning}, and cannot name one", name.span, help)
            return None
        self.low.phase = Phase.TERMINATE
        with self.tunables.term("terminate", str(name)):
            node = self.low.number(value.node)
        if node is None or not self.low.math.condition(node, value.span):
            return None
        if not node.type.is_scalar:
            self.not_scalar(f"the termination `{name}`", node, value.span)
            return None
        if not varies(node):
            help = "compare something that the simulation changes, such as a joint position"
            self.report.error("E0507", f"the termination `{name}` never changes", value.span, help)
            return None
        return Termination(str(name), node, truncates, name.span)


def split_weight(expr: ast.Expr) -> tuple[ast.Number | None, ast.Expr | None]:
    """The leading number of a product, and the rest; ``-x`` has the weight -1."""
    match expr:
        case ast.Number():
            return expr, None
        case ast.Unary(op="-"):
            weight, rest = split_weight(expr.operand)
            if weight is None:
                return ast.Number(Span(expr.span.source, expr.span.start, expr.span.start + 1), -1.0), expr.operand
            return replace(weight, value=-weight.value), rest
        case ast.Binary(op="*" | "/"):
            weight, rest = split_weight(expr.left)
            if weight is None:
                return None, expr
            if rest is None:
                if expr.op == "*":
                    return weight, expr.right
                one = ast.Number(weight.span, 1.0)
                return weight, replace(expr, left=one)
            return weight, replace(expr, left=rest, span=rest.span.to(expr.right.span))
        case ast.If(otherwise=None):
            weight, rest = split_weight(expr.then)
            if weight is None or rest is None:
                return None, expr
            return weight, replace(expr, then=rest)
    return None, expr


def slug(text: str) -> str:
    """An identifier made of the words of an expression: ``base.lin_vel@body`` is ``base_lin_vel_body``."""
    words = re.sub(r"[^A-Za-z0-9_]+", "_", text).strip("_").lower()
    words = re.sub(r"_+", "_", words)
    if not words or words[0].isdigit():
        words = f"value_{words}".rstrip("_")
    return words[:40].rstrip("_")


def _unique(name: str, taken: set[str]) -> str:
    candidate, number = str(name), 2
    while candidate in taken:
        candidate, number = f"{name}_{number}", number + 1
    taken.add(candidate)
    return candidate
