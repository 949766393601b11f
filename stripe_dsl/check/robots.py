"""Robots: the file is read, names are matched against it, actuators and the default pose are worked out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from stripe_dsl.check.actuators import ActuatorCheck
from stripe_dsl.check.constants import Settings
from stripe_dsl.check.report import Reporter
from stripe_dsl.check.rotations import rotation
from stripe_dsl.check.scope import Scope
from stripe_dsl.check.values import BodySet, JointSet, RobotValue
from stripe_dsl.diagnostics import Annotation
from stripe_dsl.ir.robots import Actuator, Robot
from stripe_dsl.robots import RobotFileError, RobotUnavailableError, load_robot
from stripe_dsl.robots.match import PatternError, match_names, suggest_pattern
from stripe_dsl.robots.model import JointType, RobotBody, RobotJoint, RobotModel
from stripe_dsl.source import Span
from stripe_dsl.spec.modules import Module
from stripe_dsl.spec.robots import ActuatorSpec, RobotSpec
from stripe_dsl.spec.values import Expression, Text
from stripe_dsl.text import and_list, did_you_mean, plural
from stripe_dsl.units import ANGLE, DIMENSIONLESS, LENGTH

if TYPE_CHECKING:
    from stripe_dsl.robots.primitives import PrimitiveRobot

FILE_KEYS = ("usd", "urdf", "mjcf", "cfg")


class RobotCheck:
    """Checks one robot block and makes its part of the program.

    Args:
        posed: default joint positions by pattern that the task gives.
        driven: whether its joints are asked for actuators; those of things in a scene swing as they like.
    """

    def __init__(
        self,
        name: Text,
        spec: RobotSpec,
        module: Module,
        settings: Settings,
        scope: Scope,
        posed: Mapping[Text, Expression] | None = None,
        *,
        driven: bool = True,
    ) -> None:
        self.driven = driven
        self.name = name
        self.spec = spec
        self.posed = posed or {}
        self.module = module
        self.settings = settings
        self.scope = scope
        self.report: Reporter = settings.report

    def model(self) -> tuple[RobotModel, PrimitiveRobot | None] | None:
        """The robot's model and, for one made of links, what it is made of; ``None`` after a mistake was reported."""
        spec = self.spec
        given = [key for key in FILE_KEYS if getattr(spec, key) is not None]
        if spec.link:
            if given:
                key: Text = getattr(spec, given[0])
                self.report.error("E0202", "a robot has links or a file, not both", key.span, "remove one of them")
                return None
            if spec.fixed:
                help = "write `fixed` into the link that is its base"
                self.report.error(
                    "E0206", f"robot `{self.name}` is made of links, one of which is fixed", spec.span, help
                )
            from stripe_dsl.check.primitives import author

            return author(self.name, spec, self.settings)
        if not given:
            help = 'name its file, as in `usd "robot.usd"`, or write its `link`s'
            self.report.error("E0214", f"robot `{self.name}` has no model", spec.span, help)
            return None
        if len(given) > 1:
            second: Text = getattr(spec, given[1])
            self.report.error(
                "E0202", f"robot `{self.name}` has two files", second.span, f"keep one of {and_list(given)}"
            )
        reference: Text = getattr(spec, given[0])
        if spec.fixed and given[0] not in ("urdf", "mjcf"):
            self.report.error(
                "E0202", f"the file of robot `{self.name}` says itself whether its base is fixed", reference.span,
                "remove `fixed`, which is for URDF and MJCF files",
            )  # fmt: skip
        try:
            model = load_robot(str(reference), prim=spec.prim, relative_to=self.module.folder)
            return (replace(model, fixed_base=True) if spec.fixed else model), None
        except RobotUnavailableError as problem:
            return self.unavailable(reference, problem)
        except RobotFileError as problem:
            missing = problem.code == "E0601" and "://" not in reference
            helps = (problem.hint,) if problem.hint else ("paths start at the folder of this file",) if missing else ()
            span = spec.prim.span if spec.prim is not None and problem.code == "E0604" else reference.span
            self.report.error(problem.code, problem.reason, span, *helps)
            return None

    def unavailable(self, reference: Text, problem: RobotUnavailableError) -> tuple[RobotModel, None] | None:
        """A model of the names that the file gives, where the robot itself is not on this machine."""
        helps = (problem.hint,) if problem.hint else ()
        joints = [joint.pattern for joint in self.spec.joint.values() if joint.pattern]
        if self.spec.cfg is None or self.spec.joints or not joints:
            self.report.error("E0607", problem.reason, reference.span, *helps)
            return None
        message = f"the joints of `{self.name}` cannot be checked: {problem.reason}"
        self.report.error("W0005", message, reference.span, *helps)
        inf = float("inf")
        made = tuple(
            RobotJoint(str(name), JointType.REVOLUTE, -inf, inf, inf, inf, "", "", (0.0, 0.0, 1.0)) for name in joints
        )
        bodies = tuple(RobotBody(str(name), None) for item in self.spec.body.values() for name in item.patterns)
        root = bodies[0].name if bodies else "base"
        return RobotModel(str(self.name), str(reference), "usd", False, root, made, bodies), None

    def run(self) -> tuple[RobotValue, Robot] | None:
        """The robot as expressions see it, and its part of the program."""
        found = self.model()
        if found is None:
            # names of its sets are known to exist, and are not reported again where they are used
            for table in (self.spec.joint, self.spec.joints, self.spec.body, self.spec.bodies):
                self.scope.unknown_sets.update(str(name) for name in table)
            self.scope.unknown_sets.update((str(self.name), "joints", "bodies", "base"))
            return None
        model, primitives = found
        given = next((value for key in FILE_KEYS if (value := getattr(self.spec, key)) is not None), None)
        for warning in (*model.warnings, *(model.kept_apart if self.spec.self_collision else ())):
            self.report.error("W0016", f"robot `{self.name}`: {warning}", given.span if given else self.spec.span)
        value = RobotValue(str(self.name), model, {})
        self.sets(value)
        actuators = self.actuators(value)
        pose = self.pose(model)
        spawn = self.spec.spawn
        position = self.settings.vector(spawn.at if spawn else None, LENGTH, "at", (0.0, 0.0, 0.0))
        facing = rotation(self.settings, spawn.facing if spawn else None)
        robot = Robot(
            name=str(self.name),
            model=model,
            reference=self.module.qualified(str(self.spec.usd or "")),  # robots of other formats are brought to USD
            cfg_reference=str(self.spec.cfg or ""),
            primitives=primitives,
            prim=model.prim if self.spec.usd else None,
            position=(position[0], position[1], position[2]),
            rotation=facing,
            joint_pos=pose,
            actuators=actuators,
            self_collision=self.spec.self_collision,
            soft_limits=self.soft_limits(),
            sets=tuple((name, members.names) for name, members in value.sets.items()),
            span=self.spec.span,
        )
        return value, robot

    # names

    def match(self, pattern: Text, names: tuple[str, ...], what: str) -> list[str]:
        """The names that a pattern matches; none at all is reported."""
        code = "E0203" if what == "joint" else "E0204"
        if not pattern:  # reported where it was read
            return []
        try:
            found = match_names(str(pattern), names)
        except PatternError as problem:
            helps = (problem.hint,) if problem.hint else ()
            self.report.error("E0219", problem.reason, pattern.span, *helps)
            return []
        if not found:
            proposal = suggest_pattern(str(pattern), names)
            if proposal is not None:
                text, count = proposal
                helps = (f'did you mean "{text}"?' + (f" it matches {count}" if count > 1 else ""),)
            else:
                helps = (f"its {'joints' if what == 'joint' else 'bodies'} are {and_list(names)}",)
            self.report.error(
                code,
                f'no {what} matches "{pattern}" on robot `{self.name}`',
                pattern.span,
                *helps,
                label=f"matches 0 of {plural(len(names), what)}",
            )
        return found

    def joints(self, pattern: Text, model: RobotModel) -> list[str]:
        """The joints whose names in the robot file a pattern matches, by their names in the simulator."""
        names = {joint.alias or joint.name: joint.name for joint in model.joints}
        return [names[found] for found in self.match(pattern, tuple(names), "joint")]

    def patterns(self, patterns: list[Text], found: list[str], model: RobotModel) -> tuple[str, ...]:
        """Patterns as Isaac Lab may have them: names, where the simulator has others than the robot file."""
        aliased = any(joint.alias for joint in model.joints)
        return tuple(map(re.escape, found)) if aliased else tuple(map(str, patterns))

    def sets(self, robot: RobotValue) -> None:
        """The named joints and bodies."""
        model, spec = robot.model, self.spec
        for name, joint in spec.joint.items():
            if joint.pattern is None:
                if self.spec.link and str(name) in model.joint_names:
                    self.add(robot, name, (str(name),), "joint", single=True)
                elif not self.spec.link:
                    self.report.error("E0214", f"`joint {name}` needs a name", name.span, f'write `joint {name} = "…"`')
                continue
            found = self.joints(joint.pattern, model)
            self.add_single(robot, name, joint.pattern, found, "joint")
        for name, members in spec.body.items():
            for pattern in members.patterns[:1]:
                self.add_single(robot, name, pattern, self.match(pattern, model.body_names, "body"), "body")
        for name, members in spec.joints.items():
            self.add_list(robot, name, [self.joints(pattern, model) for pattern in members.patterns], "joint")
        for name, members in spec.bodies.items():
            found_bodies = [self.match(pattern, model.body_names, "body") for pattern in members.patterns]
            self.add_list(robot, name, found_bodies, "body")
        for name in spec.link:
            if name not in robot.sets and name not in ("joints", "bodies", "base") and name in model.body_names:
                self.add(robot, name, (str(name),), "body", single=True)

    def add_single(self, robot: RobotValue, name: Text, pattern: Text, found: list[str], what: str) -> None:
        """``joint name = "…"`` stands for exactly one."""
        if len(found) > 1:
            word = "joints" if what == "joint" else "bodies"
            self.report.error(
                "E0205",
                f'"{pattern}" matches {plural(len(found), what)}, and `{what} {name}` is one',
                pattern.span,
                f"write `{word} {name} = …` for a set, or one of {and_list(found, 4)}",
            )
            self.scope.unknown_sets.add(str(name))
        elif found:
            self.add(robot, name, tuple(found), what, single=True)
        else:
            self.scope.unknown_sets.add(str(name))

    def add_list(self, robot: RobotValue, name: Text, groups: list[list[str]], what: str) -> None:
        """``joints name = "…"`` stands for a list, in the order of the patterns."""
        found = tuple(dict.fromkeys(item for group in groups for item in group))
        if found:
            self.add(robot, name, found, what, single=False)
        else:
            if not groups:
                word = "joints" if what == "joint" else "bodies"
                help = f'write a pattern, as in `{word} {name} = ".*"`, or remove it'
                self.report.error("E0214", f"`{word} {name}` names nothing", name.span, help)
            self.scope.unknown_sets.add(str(name))

    def add(self, robot: RobotValue, name: Text, names: tuple[str, ...], what: str, *, single: bool) -> None:
        """Adds a set to the robot; a name that it has already is reported."""
        if name in robot.sets or name in ("joints", "bodies", "base"):
            self.report.error("E0202", f"`{name}` is defined twice", name.span, "joints and bodies share their names")
            return
        make = JointSet if what == "joint" else BodySet
        robot.sets[str(name)] = make(robot.name, robot.model, names, str(name), single)

    # actuators and pose

    def actuators(self, robot: RobotValue) -> tuple[Actuator, ...]:
        """The actuator groups; a joint belongs to at most one."""
        owners: dict[str, Text] = {}
        out: list[Actuator] = []
        for name, spec in self.spec.actuator.items():
            patterns, joints = self.actuated(robot, name, spec)
            for joint in joints:
                if joint in owners:
                    first = owners[joint]
                    notes = (Annotation(first.span, f"`{joint}` is driven here too"),) if first.span else ()
                    message = f"joint `{joint}` is in two actuator groups, `{first}` and `{name}`"
                    self.report.error("E0215", message, name.span, "a joint has one actuator", notes=notes)
                    break
                owners[joint] = name
            out.append(ActuatorCheck(self, robot.model, name, spec, joints).run(patterns))
        idle = [joint for joint in robot.model.joint_names if joint not in owners]
        if idle and self.driven and not self.scope.unknown_sets and (self.spec.cfg is None or self.spec.actuator):
            verb = "is" if len(idle) == 1 else "are"
            what = f"{plural(len(idle), 'joint')} of `{self.name}` {verb}"
            message = f"{what} in no actuator group: {and_list(idle, 4)}"
            self.report.error(
                "W0006",
                message,
                self.spec.span,
                f'such joints get no drive; add `actuator free {{ implicit; joints "{idle[0]}" }}`',
            )
        return tuple(out)

    def actuated(self, robot: RobotValue, name: Text, spec: ActuatorSpec) -> tuple[tuple[str, ...], list[str]]:
        """Patterns and names of the joints of an actuator group."""
        if spec.joints:
            found = [self.joints(pattern, robot.model) for pattern in spec.joints]
            joints = list(dict.fromkeys(item for group in found for item in group))
            return self.patterns(spec.joints, joints, robot.model), joints
        self.scope.used.add(f"{robot.name}.{name}")
        if name == "joints":
            return (".*",), list(robot.model.joint_names)
        members = robot.sets.get(str(name))
        if isinstance(members, JointSet):
            declared = self.spec.joints.get(name)
            names = list(members.names)
            patterns = self.patterns(declared.patterns, names, robot.model) if declared is not None else members.names
            return patterns, names
        if str(name) not in self.scope.unknown_sets:
            known = [key for key, item in robot.sets.items() if isinstance(item, JointSet)] + ["joints"]
            given, pattern = (name, ".*") if name.isidentifier() else ("drives", name)
            helps = did_you_mean(str(name), known)
            helps = helps or (f'say in it which joints it drives: `actuator {given} {{ joints "{pattern}"; … }}`',)
            self.report.error("E0201", f"no joints of `{self.name}` are called `{name}`", name.span, *helps)
        return (), []

    def soft_limits(self) -> float:
        """Share of the joints' ranges that soft limits leave."""
        value = self.spec.soft_limits
        share = self.settings.number(value, DIMENSIONLESS, "soft_limits") if value is not None else 1.0
        if value is not None and share is not None and not 0.0 < share <= 1.0:
            self.report.error(
                "E0308", f"`soft_limits` is {share:.4g}", value.span, "write more than 0 % and at most 100 %"
            )
        return share if share is not None else 1.0

    def pose(self, model: RobotModel) -> tuple[tuple[str, float], ...]:
        """Default joint positions, checked against the limits: Isaac Lab refuses to start outside them."""
        out: list[tuple[str, float]] = []
        posed: set[str] = set()
        lines = [(*item, frozenset[str]()) for item in self.posed.items()]
        of_task = frozenset(joint for pattern in self.posed for joint in self.joints(pattern, model))
        lines += [(*item, of_task) for item in self.spec.pose.items()]
        for pattern, value, others in lines:
            found = self.joints(pattern, model)
            joints = [name for name in found if name not in others]
            posed.update(joints)
            if not joints:
                continue
            sliding = model.joint(joints[0]).type is JointType.PRISMATIC
            number = self.settings.number(value, LENGTH if sliding else ANGLE, "pose")
            if number is None:
                continue
            for name in joints:
                if not self.within(model, name, number, value.span):
                    break
            texts = self.patterns([pattern], joints, model) if joints == found else map(re.escape, joints)
            out += [(text, number) for text in texts]
        if self.spec.cfg is None and not self.scope.unknown_sets:  # an Isaac Lab cfg has a pose of its own
            for name in model.joint_names:
                if name not in posed and not self.within(model, name, 0.0, self.spec.span):
                    break
        return tuple(out)

    def within(self, model: RobotModel, name: str, position: float, span: Span | None) -> bool:
        """Whether a joint can stand at a position [rad or m]; if not, that is reported."""
        joint = model.joint(name)
        if joint.lower - 1e-6 <= position <= joint.upper + 1e-6:
            return True
        unit = "m" if joint.type is JointType.PRISMATIC else "rad"
        limits = f"{joint.lower:.4g}..{joint.upper:.4g} {unit}"
        if span is self.spec.span:
            middle = (joint.lower + joint.upper) / 2
            message = f"joint `{name}` stands at zero by default, outside its limits {limits}"
            help = f"give it a default position, as in `pose {{ {name} {middle:.3g} {unit} }}`"
        else:
            message, help = f"joint `{name}` cannot stand at {position:.4g} {unit}", f"its limits are {limits}"
        self.report.error("E0310", message, span, help)
        return False
