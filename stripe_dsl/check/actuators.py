"""Actuator groups: which model drives the joints of a robot, with which gains and limits."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stripe_dsl.check.networks import LEARNED, SCALES, network
from stripe_dsl.ir.robots import Actuator, Gain
from stripe_dsl.robots.model import JointType
from stripe_dsl.source import Span
from stripe_dsl.spec.read import StatementReader
from stripe_dsl.spec.robots import ActuatorSpec
from stripe_dsl.spec.values import Expression, Text
from stripe_dsl.syntax import ast
from stripe_dsl.text import and_list, plural
from stripe_dsl.units import (
    ANGLE,
    ANGULAR_DAMPING,
    ANGULAR_SPEED,
    ANGULAR_STIFFNESS,
    DAMPING,
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

if TYPE_CHECKING:
    from stripe_dsl.check.robots import RobotCheck
    from stripe_dsl.robots.model import RobotModel

KINDS = ("implicit", "ideal_pd", "dc_motor", *LEARNED)
GAINS: dict[str, tuple[Dimension, Dimension]] = {
    "stiffness": (ANGULAR_STIFFNESS, STIFFNESS),
    "damping": (ANGULAR_DAMPING, DAMPING),
    "effort": (TORQUE, FORCE),
    "velocity": (ANGULAR_SPEED, SPEED),
    "saturation": (TORQUE, FORCE),
    "armature": (INERTIA, MASS),
    "friction": (TORQUE, FORCE),
    "viscous": (ANGULAR_DAMPING, DAMPING),
}
"""Keys of an actuator with their dimension for revolute and for prismatic joints."""


class ActuatorCheck:
    """Checks one actuator group, whose joints are known."""

    def __init__(self, robot: RobotCheck, model: RobotModel, name: Text, spec: ActuatorSpec, joints: list[str]) -> None:
        self.robot, self.model, self.name, self.spec, self.joints = robot, model, name, spec, joints
        self.settings, self.report = robot.settings, robot.report
        self.sliding = {model.joint(joint).type is JointType.PRISMATIC for joint in joints}

    def run(self, patterns: tuple[str, ...]) -> Actuator:
        """The group's part of the program."""
        kind = self.kind()
        gains = {key: self.gain(key) for key in GAINS}
        self.fitting(kind)
        if self.spec.delay is not None and isinstance(self.spec.delay.node, ast.Range):
            help = "write one time here, and a range at the action: `position(joints) … delay 0..20 ms`"
            message = "an actuator's `delay` is one time: Newton's motors take the upper end of a range"
            self.report.error("E0309", message, self.spec.delay.span, help)
            delay = None
        else:
            delay = self.settings.not_negative(self.spec.delay, TIME, "delay")
        return Actuator(
            name=str(self.name),
            kind=kind,
            joint_patterns=patterns,
            stiffness=gains["stiffness"],
            damping=gains["damping"],
            effort_limit=gains["effort"],
            velocity_limit=gains["velocity"],
            armature=gains["armature"],
            friction=gains["friction"],
            span=self.spec.span,
            viscous_friction=gains["viscous"],
            saturation=gains["saturation"],
            delay=delay or None,
            effort_at=self.table(),
            network=network(self, kind),
        )

    def kind(self) -> str:
        """The model; ``implicit`` where none is named."""
        named = [kind for kind in KINDS if getattr(self.spec, kind)]
        if len(named) > 1:
            message = f"actuator `{self.name}` is {and_list(named)} at once"
            self.report.error("E0202", message, self.spec.span, "keep one of them")
        return named[0] if named else "implicit"

    def fitting(self, kind: str) -> None:
        """Reports what the model does not have, or lacks."""
        motors = ("dc_motor", *LEARNED)
        others: dict[str, tuple[str, ...]] = {"saturation": motors, "delay": ("ideal_pd",), "effort_at": ("ideal_pd",)}
        others |= dict.fromkeys(("network", "input_order", "input_idx", *SCALES), ("mlp",)) | {"network": LEARNED}
        others |= dict.fromkeys(("stiffness", "damping"), tuple(each for each in KINDS if each not in LEARNED))
        for key, kinds in others.items():
            value: Expression | Text | None = getattr(self.spec, key)
            if value is not None and kind not in kinds:
                message = f"an actuator that is `{kind}` has no `{key}`"
                self.report.error("E0206", message, value.span, f"`{kinds[0]}` has it")
        if kind in motors:
            angular = self.sliding != {True}
            examples = {"effort": "20 N*m", "velocity": "30 rad/s", "saturation": "30 N*m"}
            linear = {"effort": "20 N", "velocity": "3 m/s", "saturation": "30 N"}
            for key in examples:
                if getattr(self.spec, key) is None:
                    example = (examples if angular else linear)[key]
                    message = f"the motor `{self.name}` does not say its `{key}`"
                    self.report.error("E0214", message, self.spec.span, f"add `{key} {example}`")
        if self.spec.effort_at is not None and self.spec.effort is not None:
            message = f"actuator `{self.name}` has two limits of its effort"
            self.report.error("E0202", message, self.spec.effort.span, "keep `effort` or `effort_at`")

    def gain(self, key: str) -> Gain | None:
        """A gain or limit in SI units, in the dimension that the group's joints want."""
        value: Expression | None = getattr(self.spec, key)
        if value is None or not self.joints:
            return None
        if len(self.sliding) == 2 and not isinstance(value.node, ast.Braces):
            message = f"actuator `{self.name}` drives revolute and prismatic joints, so `{key}` has no single unit"
            self.report.error("E0409", message, value.span, "give each kind its own actuator")
            return None
        if isinstance(value.node, ast.Braces):
            return self.by_pattern(key, value.node, value.span)
        return self.at_least(value, key, self.joints[0])

    def at_least(self, value: Expression, key: str, joint: str) -> float | None:
        """A number from 0 up; above it where MuJoCo takes it for a range, which must not be empty."""
        number = self.settings.not_negative(value, self.dimension(key, joint), key)
        if (
            number == 0
            and key == "effort"
            and not any(getattr(self.spec, kind) for kind in KINDS if kind != "implicit")
        ):
            help = "leave it out: a joint without stiffness and damping swings freely"
            self.report.error("E0309", "the `effort` of an implicit actuator is above zero", value.span, help)
            return None
        return number

    def dimension(self, key: str, joint: str) -> Dimension:
        """What a gain of a joint measures."""
        angular, linear = GAINS[key]
        return linear if self.model.joint(joint).type is JointType.PRISMATIC else angular

    def by_pattern(self, key: str, braces: ast.Braces, span: Span) -> Gain | None:
        """``{ ".*_hip" 20 N*m/rad; ".*_knee" 30 N*m/rad }``: each joint of the group by one pattern."""
        reader = StatementReader()
        entries = reader.entries(braces.body)
        self.report.diagnostics += reader.diagnostics
        wrong = bool(reader.diagnostics)
        out: list[tuple[str, float]] = []
        done: set[str] = set()
        for pattern, value in entries.items():
            found = self.robot.joints(pattern, self.model)
            mine = [joint for joint in found if joint in self.joints]
            wrong = wrong or not mine
            if found and not mine:
                help = f"it drives {and_list(self.joints, 6)}"
                self.report.error("E0203", f'"{pattern}" is no joint of actuator `{self.name}`', pattern.span, help)
            twice = [joint for joint in mine if joint in done]
            if twice:
                message = f"`{key}` of `{twice[0]}` is given twice"
                self.report.error("E0202", message, pattern.span, "let each joint match one pattern")
                wrong = True
            done |= set(mine)
            if not mine:
                continue
            number = self.at_least(value, key, mine[0])
            wrong = wrong or number is None
            texts = (
                self.robot.patterns([pattern], found, self.model) if len(mine) == len(found) else map(re.escape, mine)
            )
            out += [(text, number or 0.0) for text in texts]
        missing = [joint for joint in self.joints if joint not in done]
        if missing and not wrong:
            message = f"`{key}` says nothing of {plural(len(missing), 'joint')} of actuator `{self.name}`"
            self.report.error("E0214", message, span, f"add {and_list(missing, 4)}")
        return None if missing or wrong else tuple(out)

    def table(self) -> tuple[tuple[float, float], ...]:
        """``effort_at [(-90 deg, 30 N*m), (0 deg, 45 N*m)]``: positions and the largest efforts there."""
        value = self.spec.effort_at
        if value is None or not self.joints:
            return ()
        items = value.node.items if isinstance(value.node, ast.List) else ()
        if len(items) < 2 or not all(isinstance(item, ast.Tuple) and len(item.items) == 2 for item in items):
            help = "write pairs of a position and an effort: `[(-90 deg, 30 N*m), (0 deg, 45 N*m)]`"
            self.report.error("E0309", "`effort_at` is a list of two pairs or more", value.span, help)
            return ()
        position = LENGTH if self.sliding == {True} else ANGLE
        out: list[tuple[float, float]] = []
        for item in items:
            assert isinstance(item, ast.Tuple)
            where = self.settings.number(Expression(item.items[0]), position, "effort_at")
            effort = self.settings.not_negative(
                Expression(item.items[1]), self.dimension("effort", self.joints[0]), "effort_at"
            )
            if where is None or effort is None:
                return ()
            if out and where <= out[-1][0]:
                self.report.error("E0308", "positions of `effort_at` have to grow", item.span, "sort the pairs")
                return ()
            out.append((where, effort))
        return tuple(out)
