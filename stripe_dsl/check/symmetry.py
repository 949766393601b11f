"""Symmetry of a task: which joints mirror to which, and the columns of observations and actions in the mirror."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from math import isclose

from stripe_dsl.check.constants import Settings
from stripe_dsl.check.images import Image, NoImageError
from stripe_dsl.check.mirror import POLAR, Mirror
from stripe_dsl.ir.agent import Columns, Symmetry, Train
from stripe_dsl.ir.observations import Group
from stripe_dsl.ir.program import Action, Robot, State, Tunable
from stripe_dsl.robots.model import RobotJoint
from stripe_dsl.source import Span
from stripe_dsl.spec.agents import SymmetrySpec
from stripe_dsl.syntax import ast
from stripe_dsl.units import DIMENSIONLESS

type Entry = tuple[str, tuple[int, ...], tuple[int, ...]]
"""Name, places and signs of the columns of one observation or action."""


def check_symmetry(
    spec: SymmetrySpec,
    settings: Settings,
    train: Train,
    robots: Sequence[Robot],
    groups: Sequence[Group],
    actions: Sequence[Action],
    tunables: Sequence[Tunable],
    states: Sequence[State] = (),
) -> Symmetry | None:
    """The symmetry of a task; ``None`` where it has none, which is reported."""
    return _Check(spec, settings, train, robots, groups, actions, tunables, states).run()


class _Check:
    def __init__(
        self,
        spec: SymmetrySpec,
        settings: Settings,
        train: Train,
        robots: Sequence[Robot],
        groups: Sequence[Group],
        actions: Sequence[Action],
        tunables: Sequence[Tunable],
        states: Sequence[State],
    ) -> None:
        self.spec = spec
        self.settings = settings
        self.report = settings.report
        self.train = train
        self.robots = robots
        self.groups = groups
        self.actions = actions
        self.tunables = tunables
        self.states = states
        self.before = len(self.report.diagnostics)

    def run(self) -> Symmetry | None:
        spec, settings, report = self.spec, self.settings, self.report
        plane = settings.word(spec.plane, "plane", tuple(POLAR), "xz")
        loss = settings.not_negative(spec.loss, DIMENSIONLESS, "loss")
        if self.train.actor.recurrent or self.train.critic.recurrent:
            help = "remove `lstm` and `gru`, or the symmetry"
            report.error("E0420", "rsl_rl has no symmetry for recurrent networks", spec.span, help)
        if len(self.robots) != 1:
            report.error("E0420", "a symmetry is that of one robot", spec.span, f"the task has {len(self.robots)}")
        if len(report.diagnostics) > self.before:
            return None
        mirror = self.mirror(self.robots[0], plane)
        if mirror is None:
            return None
        seen = {*self.train.actor_sees, *self.train.critic_sees}
        seen |= set(self.train.rnd.sees) if self.train.rnd is not None else set()
        columns = {group.name: self.group(group, mirror) for group in self.groups if group.name in seen}
        action = self.action(mirror)
        if len(report.diagnostics) > self.before:
            return None
        augment = spec.augment or loss is None
        return Symmetry(columns, action, augment, loss or 0.0, spec.span)

    # the robot

    def mirror(self, robot: Robot, plane: str) -> Mirror | None:
        swaps = self.swaps()
        partners: dict[tuple[str, str], str] = {}
        for kind, names in (("joint", robot.model.joint_names), ("body", robot.model.body_names)):
            for name in names:
                partners[kind, name] = _swapped(name, swaps)
        joints = {joint.name: joint for joint in robot.model.joints}
        signs: dict[str, float] = {}
        for name, joint in joints.items():
            partner = joints.get(partners["joint", name])
            if partner is None:
                missing = partners["joint", name]
                message = f"the partner of joint `{name}` would be `{missing}`, which is not there"
                help = "`swap` says which parts of names change places"
                self.report.error("E0420", message, self.spec.span, help)
                return None
            if partner.name not in signs:
                signs[name] = signs[partner.name] = self.sign(joint, partner, plane)
        if len(self.report.diagnostics) > self.before:
            return None

        def constant(quantity: str, name: str) -> float | None:
            joint = joints[name]
            if quantity == "joint.default_pos" and (robot.placed or not robot.cfg_reference):
                return _default(robot, name)
            if quantity == "joint.vel_limit" or robot.cfg_reference:
                return None
            return joint.lower if quantity == "joint.lower" else joint.upper

        values = {item.path: item.value for item in self.tunables}
        action_joints = {action.name: action.joints for action in self.actions}
        states = {
            state.name: (state.source.removeprefix(f"{state.group}."), state.initial)
            for state in self.states
            if state.group and state.source.startswith(f"{state.group}.")
        }
        return Mirror(plane, partners, signs, constant, values, action_joints, states)

    def swaps(self) -> dict[str, str]:
        """Parts of names by what takes their place, both ways."""
        out: dict[str, str] = {}
        for left, value in self.spec.swap.items():
            if not isinstance(value.node, ast.String | ast.Name):
                self.report.error("E0309", "`swap` takes parts of names", value.span, 'as in `swap { "left" "right" }`')
                continue
            right = value.node.value if isinstance(value.node, ast.String) else value.node.id
            out |= {str(left): right, right: str(left)}
        return out

    def sign(self, joint: RobotJoint, partner: RobotJoint, plane: str) -> float:
        """Whether the partner turns the same way (1) or the other (-1), seen in the mirror."""
        flipped = [any(re.fullmatch(text, each.name) for text in self.spec.flip) for each in (joint, partner)]
        if self.spec.flip:
            sign = -1.0 if all(flipped) else 1.0
            known = flipped[0] == flipped[1]
        else:
            image = [factor * part for factor, part in zip(POLAR[plane], joint.axis, strict=True)]
            if joint.type.is_angular:
                image = [-part for part in image]
            along = sum(a * b for a, b in zip(image, partner.axis, strict=True))
            sign, known = (1.0 if along > 0 else -1.0), isclose(abs(along), 1.0, abs_tol=1e-3)
        limits = (partner.lower, partner.upper) if sign > 0 else (-partner.upper, -partner.lower)
        fits = all(
            a == b or isclose(a, b, rel_tol=1e-3, abs_tol=1e-3)
            for a, b in zip((joint.lower, joint.upper), limits, strict=True)
        )
        if not (known and fits):
            what = "limits" if known else "axes"
            message = f"the {what} of joints `{joint.name}` and `{partner.name}` are no mirror images"
            help = 'name the joints that turn the other way in the mirror: `flip ".*_hip_joint"`'
            self.report.error("E0420", message, self.spec.span, help)
        return sign

    # columns

    def group(self, group: Group, mirror: Mirror) -> Columns:
        entries: list[Entry] = []
        start = 0
        for item in group.items:
            try:
                if item.encoder is not None:
                    raise NoImageError("a network makes its numbers")
                image = mirror.image(item.value)
                low, high = mirror.tunables[item.clip] if item.clip is not None else (-1.0, 1.0)  # type: ignore[misc]
                if low != -high and not image.even:
                    raise NoImageError("the bounds of its `clip` are not the same on both sides")
            except NoImageError as problem:
                self.no_image(f"the observation `{item.name}` of `{group.name}`", problem, item.span)
                continue
            steps = range(start, start + item.width, item.value.type.width)
            entries.append(_entry(item.name, image, steps))
            start += item.width
        return Columns(tuple(entries))

    def action(self, mirror: Mirror) -> Columns:
        entries: list[Entry] = []
        start = 0
        for action in self.actions:
            try:
                if action.kind == "wrench":
                    raise NoImageError("it pushes bodies")
                if action.goals:
                    raise NoImageError("it moves a body by all of its joints")
                image = mirror.over_joints(action.joints)
                made = mirror.image(action.command)
                if (made.perm, made.signs) != (image.perm, image.signs):
                    raise NoImageError("its targets change otherwise")
            except NoImageError as problem:
                self.no_image(f"the action `{action.name}`", problem, action.span)
                continue
            entries.append(_entry(action.name, image, (start,)))
            start += action.width
        return Columns(tuple(entries))

    def no_image(self, what: str, problem: NoImageError, span: Span | None) -> None:
        help = "leave it out of the groups that the agent sees, or leave out the symmetry"
        self.report.error("E0420", f"{what} has no mirror image: {problem}", span, help)


def _entry(name: str, image: Image, starts: Iterable[int]) -> Entry:
    """The columns of a value at each of some places."""
    width = len(image.signs[0])
    places = [start + member * width + part for start in starts for member in image.perm for part in range(width)]
    signs = tuple(int(sign) for row in image.signs for sign in row)
    return name, tuple(places), signs * (len(places) // len(signs))


def _swapped(name: str, swaps: dict[str, str]) -> str:
    if not swaps:
        return name
    words = sorted(swaps, key=len, reverse=True)
    return re.sub("|".join(map(re.escape, words)), lambda match: swaps[match[0]], name)


def _default(robot: Robot, name: str) -> float:
    found = 0.0
    for pattern, value in robot.joint_pos:
        if re.fullmatch(pattern, name):
            found = value
    return found
