"""Resets: what the state is set to when an episode begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from stripe_dsl.check.actions import Actions
from stripe_dsl.check.constants import Settings
from stripe_dsl.check.draws import any_rotation, is_any
from stripe_dsl.check.expressions import Lowering
from stripe_dsl.check.observations import slug
from stripe_dsl.check.phase import Phase
from stripe_dsl.check.values import Base, CableValue, GrainsValue, JointSet, RangeValue, SoftValue, describe
from stripe_dsl.diagnostics import Annotation
from stripe_dsl.ir.graph import Node
from stripe_dsl.ir.program import Reset
from stripe_dsl.ir.types import Kind, Type
from stripe_dsl.spec.values import Expression, Text
from stripe_dsl.syntax import ast
from stripe_dsl.units import ANGLE, ANGULAR_SPEED, DIMENSIONLESS, LENGTH, SPEED

if TYPE_CHECKING:
    from stripe_dsl.ir.reach import Reach


class Resets:
    """Lowers the lines of a ``reset`` block."""

    def __init__(self, lowering: Lowering, settings: Settings, actions: Actions) -> None:
        self.low = lowering
        self.actions = actions
        self.reaches: list[Reach] = []
        """Lines that say where a body is to be, instead of what its joints are."""
        self.settings = settings
        self.report = lowering.report
        self.tunables = lowering.tunables
        self.turned: dict[str, ast.Field] = {}
        """By robot or object: its `yaw` or `rot`, by which it is turned."""

    def all(self, lines: Mapping[Text, Expression]) -> list[Reset]:
        """The lines of a task."""
        resets = [reset for target, value in lines.items() if (reset := self.reset(target, value)) is not None]
        if self.low.reads_begins:
            from stripe_dsl.check.begins import check_order
            from stripe_dsl.ir.resets import goals_as_resets

            check_order([*resets, *goals_as_resets(self.reaches)], self.report)
        return resets

    @property
    def goals(self) -> list[Node]:
        """Where bodies are to be."""
        return [goal for item in self.reaches for _, goal in item.goals]

    def reset(self, target: Text, value: Expression) -> Reset | None:
        """``slider.pos = default + (-1..1 m)``: a state at the start of an episode."""
        from stripe_dsl.syntax.parser import parse_expression

        if target.span is None:
            return None
        expr, problems = parse_expression(target.span.source, target.span.start, target.span.end)
        if problems:
            self.report.diagnostics.extend(problems)
            return None
        self.low.phase = Phase.RESET
        parts = ""
        inner = expr
        if isinstance(expr, ast.Field) and expr.name in ("x", "y", "z", "xy", "xz", "yz"):
            parts, inner = expr.name, expr.object
        frame = inner.frame if isinstance(inner, ast.Frame) else ""
        if isinstance(inner, ast.Frame):
            inner = inner.object
        if not isinstance(inner, ast.Field):
            self.report.error(
                "E0309",
                "a reset sets the position or velocity of joints or of the base",
                expr.span,
                "as in `joints.pos = default`",
            )
            return None
        owner = self.low.value(inner.object)
        if owner is None:
            return None
        if isinstance(owner, JointSet) and inner.name in ("pos", "vel"):
            return self.joint_reset(owner, inner, target, value)
        if isinstance(owner, Base) and inner.name in ("pos", "rot", "lin_vel", "ang_vel", "yaw"):
            return self.base_reset(owner, inner, parts, frame, target, value)
        if isinstance(owner, SoftValue) and inner.name == "pos":
            from stripe_dsl.check.soft import soft_reset  # few tasks have one

            return soft_reset(self, owner, parts, frame, inner, target, value)
        of = {
            SoftValue: "`.pos`",
            CableValue: "`.pos`",
            GrainsValue: "`.pos`",
            JointSet: "`.pos` and `.vel`",
            Base: "`.pos`, `.yaw`, `.rot`, `.lin_vel` and `.ang_vel`",
        }
        known = of.get(type(owner), "")
        helps = (f"a reset sets {known}",) if known else ("a reset sets joints and the base",)
        self.report.error("E0213", f"a reset cannot set `{inner.name}` of {describe(owner)}", inner.name_span, *helps)
        return None

    def joint_reset(self, joints: JointSet, expr: ast.Field, target: Text, value: Expression) -> Reset | None:
        """Positions or velocities of joints."""
        if is_ik(value.node) and expr.name == "pos":
            from stripe_dsl.check.reach import reach  # few resets bring a body somewhere

            found = reach(self, joints, target, value)
            self.reaches += [found] if found is not None else []
            return None
        current = self.low.number(expr)
        if current is None:
            return None
        quantity = f"joint.{expr.name}"
        default = self.low.reading.read(
            joints.robot, f"joint.default_{expr.name}", joints.names, current.type, expr.span
        )
        node = self.drawn(target, value, default)
        if node is None or not self.fits(node, current.type, value, target):
            return None
        return Reset(joints.robot, quantity, joints.names, "", node, target.span)

    def base_reset(
        self, base: Base, expr: ast.Field, parts: str, frame: str, target: Text, value: Expression
    ) -> Reset | None:
        """Pose or velocity of the base, in the environment's frame."""
        if base.model.fixed_base:
            self.report.error(
                "E0606",
                f"the base of `{base.robot}` is fixed to the world",
                expr.span,
                "its place is `spawn at (x, y, z) m`",
            )
            return None
        if not self.turns_once(base, expr):
            return None
        dims = {"pos": LENGTH, "yaw": ANGLE, "rot": DIMENSIONLESS, "lin_vel": SPEED, "ang_vel": ANGULAR_SPEED}
        dim = dims[expr.name]
        if frame not in ("", "world", "env"):
            help = f"write `{expr.span.text} = …`"
            self.report.error("E0406", f"a reset speaks of the world, not of the frame `{frame}`", expr.span, help)
            return None
        one = {"yaw": Kind.FLOAT, "rot": Kind.QUAT}.get(expr.name, Kind.VEC3)
        if parts and one is not Kind.VEC3:
            what = "a number" if one is Kind.FLOAT else "a rotation"
            self.report.error("E0304", f"`{expr.name}` is {what} and has no part `{parts}`", target.span)
            return None
        kind = one if not parts else (Kind.VEC2 if len(parts) == 2 else Kind.FLOAT)
        frame = {"pos": "env", "yaw": ""}.get(expr.name, "world")
        type = Type(kind, None, dim, frame if kind is not Kind.FLOAT else None)
        whole = replace(type, kind=one, frame=frame or None)
        default = self.low.reading.read(base.robot, f"root.default_{expr.name}", (), whole, expr.span)
        if parts:
            default = self.low.graph.add("part", (default,), type=type, attr=parts, span=expr.span)
        node = self.drawn(target, value, default)
        if node is None or not self.fits(node, type, value, target):
            return None
        return Reset(base.robot, f"root.{expr.name}", (), parts, node, target.span)

    def turns_once(self, base: Base, expr: ast.Field) -> bool:
        """Whether no other line turns the base; if not, that is reported."""
        if expr.name not in ("yaw", "rot"):
            return True
        first = self.turned.setdefault(base.robot, expr)
        if first.name != expr.name:
            message = f"`{first.name}` and `{expr.name}` of {describe(base)} both say how it is turned"
            helps = (
                "write `rot = rpy(…, …, any)`, whose last angle is that about the vertical",
                f"where one is inherited, remove it: `{first.span.text} = none`",
            )
            notes = (Annotation(first.span, "turned here too"),)
            self.report.error("E0309", message, expr.span, *helps, notes=notes)
        return first.name == expr.name

    def drawn(self, target: Text, value: Expression, default: Node) -> Node | None:
        """The new value; ranges are drawn for every element of the target."""
        self.low.default = default
        with self.tunables.term("reset", slug(target)):
            node = value.node
            whole = default.type.kind is Kind.QUAT and is_any(node)
            found = any_rotation(self.low, value.span) if whole else self.low.value(node)
            if isinstance(found, RangeValue):
                found = self.low.draw(found, value.span)
        self.low.default = None
        if isinstance(found, Node) and not self.low.names.check_phase(found, value.span):
            return None
        if found is None or isinstance(found, Node):
            return found
        self.report.error(
            "E0309", f"a value is wanted here, not {describe(found)}", value.span, "as in `default` or `-1..1 m`"
        )
        return None

    def fits(self, node: Node, wanted: Type, value: Expression, target: Text) -> bool:
        """Whether a reset's value has the unit and shape of its target."""
        if node.type.is_bool:
            help = f"say what it decides, as in `1 if {value.span.text} else 0`"
            self.report.error("E0306", f"`{target}` wants a number, not a condition", value.span, help)
            return False
        if Kind.QUAT in (wanted.kind, node.type.kind) and wanted.kind is not node.type.kind:
            helps = ("as in `any` or `compose(default, rpy(+-5 deg, +-5 deg, any))`",) * (wanted.kind is Kind.QUAT)
            message = f"`{target}` wants {wanted.describe()}, not {node.type.describe()}"
            self.report.error("E0301", message, value.span, *helps)
            return False
        if not self.settings.check_unit(node, wanted.dim, target, value.span):
            return False
        if node.type.kind is not wanted.kind and node.type.kind is not Kind.FLOAT:
            helps = (
                ("a range is written `low..high`",) if wanted.kind is Kind.FLOAT and node.type.kind is Kind.VEC2 else ()
            )
            message = f"`{target}` wants {wanted.describe()}, not {node.type.describe()}"
            self.report.error("E0301", message, value.span, *helps)
            return False
        if node.type.axis is not None and node.type.axis != wanted.axis:
            self.report.error("E0301", f"`{target}` wants {wanted.describe()}, not {node.type.describe()}", value.span)
            return False
        return True


def is_ik(expr: ast.Expr) -> bool:
    """Whether this calls ``ik``."""
    return isinstance(expr, ast.Call) and isinstance(expr.function, ast.Name) and expr.function.id == "ik"
