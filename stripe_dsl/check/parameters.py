"""What the parameters of functions take: their types, and whether an argument is of one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from stripe_dsl.check.arithmetic import is_zero, unit_words
from stripe_dsl.check.quantities import SENSORS
from stripe_dsl.check.scope import ActionValue
from stripe_dsl.check.values import (
    Base,
    BodySet,
    JointSet,
    RangeValue,
    RobotValue,
    SensorReading,
    SensorValue,
    Value,
    describe,
)
from stripe_dsl.diagnostics import Annotation
from stripe_dsl.ir.graph import Node, Read
from stripe_dsl.ir.types import Axis, Kind, Type
from stripe_dsl.source import Span
from stripe_dsl.spec.values import Expression, Text
from stripe_dsl.syntax import ast
from stripe_dsl.text import did_you_mean
from stripe_dsl.units import ANGLE, DIMENSIONLESS, Dimension, usual_units

if TYPE_CHECKING:
    from stripe_dsl.check.expressions import Lowering

KINDS: dict[str, tuple[Kind, bool]] = {
    "number": (Kind.FLOAT, False),
    "numbers": (Kind.FLOAT, True),
    "condition": (Kind.BOOL, False),
    "conditions": (Kind.BOOL, True),
    "vec2": (Kind.VEC2, False),
    "vec2s": (Kind.VEC2, True),
    "vec3": (Kind.VEC3, False),
    "vec3s": (Kind.VEC3, True),
    "rotation": (Kind.QUAT, False),
    "rotations": (Kind.QUAT, True),
}
"""Words for values, with whether they are lists over a set."""

THINGS: dict[str, Callable[[object], bool]] = {
    "joint": lambda value: isinstance(value, JointSet) and value.single,
    "joints": lambda value: isinstance(value, JointSet) and not value.single,
    "body": lambda value: isinstance(value, BodySet) and value.single,
    "bodies": lambda value: isinstance(value, BodySet) and not value.single,
    "base": lambda value: isinstance(value, Base),
    "robot": lambda value: isinstance(value, RobotValue),
    "action": lambda value: isinstance(value, ActionValue),
    "sensor": lambda value: isinstance(value, SensorValue | SensorReading),
    "range": lambda value: isinstance(value, RangeValue),
}
"""Words for what a name stands for beside a value. Kinds of sensors are words, too."""

_MEASURED = ("number", "numbers", "vec2", "vec2s", "vec3", "vec3s", "range")
_FRAMED = ("vec3", "vec3s")
FRAMES = ("world", "body", "heading", "env", "joint")


@dataclass(frozen=True, slots=True)
class Wanted:
    """The type of a parameter.

    Attributes:
        word: a key of :data:`KINDS` or :data:`THINGS`, or a kind of sensor.
        dims: units that its values may have.
        frame: the frame of its vectors; ``None`` where any will do.
    """

    word: str
    dims: tuple[Dimension, ...] = (DIMENSIONLESS,)
    frame: str | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """What a parameter holds while a function is checked on its own, where its type does not say enough."""


type Argument = Value | ActionValue | Unknown


def words() -> list[str]:
    """Every word for a type."""
    return [*KINDS, *THINGS, *SENSORS]


def read_type(low: Lowering, type: Expression | None) -> Wanted | None:
    """The type that a parameter states; ``None`` for one that takes anything, and after a mistake was reported."""
    if type is None:
        return None
    node, units = type.node, ()
    if isinstance(node, ast.Typed):
        node, units = node.kind, node.units
    frame = None
    if isinstance(node, ast.Frame):
        node, frame = node.object, node
    if isinstance(node, ast.Index) and isinstance(node.object, ast.Name):
        inside = ", ".join(item.span.text for item in node.items)
        help = f"put a space before the unit: `{node.object.id} [{inside}]`"
        low.report.error("E0309", f"`{node.span.text}` is no type", node.span, help)
        return None
    if not isinstance(node, ast.Name) or node.id not in words():
        text = node.id if isinstance(node, ast.Name) else node.span.text
        if not isinstance(node, ast.Broken):
            low.report.error(
                "E0309", f"there is no type `{text}`", node.span, *did_you_mean(text, words(), listing=True)
            )
        return None
    if frame is not None and (node.id not in _FRAMED or frame.frame not in FRAMES):
        if node.id not in _FRAMED:
            low.report.error("E0406", f"a {node.id} has no frame", frame.frame_span, f"remove `@{frame.frame}`")
        else:
            helps = did_you_mean(frame.frame, FRAMES, listing=True)
            low.report.error("E0406", f"there is no frame `{frame.frame}`", frame.frame_span, *helps)
        return None
    if units and node.id not in _MEASURED:
        low.report.error("E0309", f"a {node.id} has no unit", units[0].span, "remove the brackets")
        return None
    dims = [low.unit(unit.id, unit.span) for unit in units]
    if any(dim is None for dim in dims):
        return None
    found = tuple(dim[1] for dim in dims if dim is not None)
    return Wanted(node.id, found or (DIMENSIONLESS,), frame.frame if frame is not None else None)


def placeholder(low: Lowering, name: str, wanted: Wanted | None) -> Argument:
    """What stands for a parameter while its function is checked on its own."""
    if wanted is None or wanted.word not in KINDS:
        return Unknown()
    kind, several = KINDS[wanted.word]
    axis = Axis("joint", "", ("a", "b"), "its elements") if several else None
    measured = kind not in (Kind.BOOL, Kind.QUAT)
    type = Type(kind, axis, wanted.dims[0] if measured else DIMENSIONLESS, wanted.frame)
    return low.graph.add("read", type=type, read=Read("", f"argument.{name}"))


class Fitting:
    """Compares one argument with the parameter that takes it."""

    def __init__(self, low: Lowering, function: str, name: Text, span: Span) -> None:
        self.low = low
        self.function = function
        self.name = name
        self.span = span

    def fit(self, value: Argument, wanted: Wanted) -> Argument | None:
        """The argument, a plain zero with its unit; ``None`` after a mistake was reported."""
        if isinstance(value, Unknown):
            return value
        if wanted.word not in KINDS:
            return self._thing(value, wanted)
        if isinstance(value, ActionValue):  # as an expression has it: one number a joint
            value = self.low.graph.add("read", type=value.type, read=Read("", f"action.{value.name}"), span=self.span)
        if not isinstance(value, Node):
            self.error("E0309", wanted, what(value))
            return None
        kind, several = KINDS[wanted.word]
        if value.type.kind is not kind or (value.type.axis is not None) != several:
            code = "E0306" if value.type.is_bool and kind is Kind.FLOAT and not several else "E0309"
            self.error(code, wanted, value.type.describe(), *self._shape_help(value, several))
            return None
        if kind in (Kind.BOOL, Kind.QUAT):
            return value
        fitted = self._unit(value, wanted)
        if fitted is None or wanted.frame is None:
            return fitted
        if (fitted.type.frame or "").rpartition(".")[2] == wanted.frame:  # `left.body` is the frame of a body, too
            return fitted
        if fitted.type.frame is None:  # a vector of numbers: the type says in which frame they are
            type = replace(fitted.type, frame=wanted.frame)
            return self.low.graph.add(fitted.op, fitted.args, type=type, attr=fitted.attr, span=fitted.span)
        help = f"write `({self.span.text})@{wanted.frame}`" if fitted.type.frame in ("world", "body", "heading") else ""
        self.error("E0404", wanted, f"one in the {fitted.type.frame} frame", *([help] if help else []))
        return None

    def _thing(self, value: Argument, wanted: Wanted) -> Argument | None:
        if wanted.word == "bodies" and isinstance(value, Base):
            value = BodySet(value.robot, value.model, (value.model.root_body,), value.label)
        elif wanted.word in ("joints", "bodies") and isinstance(value, JointSet | BodySet) and value.single:
            value = replace(value, single=False)  # one is a set of one
        known = THINGS.get(wanted.word)
        if known is None:
            fits = isinstance(value, SensorValue | SensorReading) and _sensor(value).kind == wanted.word
        else:
            fits = known(value)
        if not fits:
            self.error("E0309", wanted, what(value))
            return None
        if isinstance(value, RangeValue):
            low, high = self._unit(value.low, wanted), self._unit(value.high, wanted)
            return RangeValue(low, high) if low is not None and high is not None else None
        return value

    def _shape_help(self, value: Node, several: bool) -> tuple[str, ...]:
        if value.type.is_bool:
            return ("multiply it by 1 to count it",)
        if value.type.axis is not None and not several:
            return ("reduce the list with `sum(…)`, `mean(…)`, `max(…)` or `|…|`",)
        if value.type.is_vector:
            return ("take its length `|v|`, or a part such as `v.x` or `v.xy`",)
        return ()

    def _unit(self, value: Node, wanted: Wanted) -> Node | None:
        if value.type.dim in wanted.dims:
            return value
        if is_zero(value):
            return self.low.math.retype(value, wanted.dims[0])
        missing = value.type.dim.is_none and wanted.dims == (ANGLE,)
        units = usual_units(wanted.dims[0])
        plain = value.op in ("const", "tunable") and value.type.dim.is_none
        helps = (f"give the number its unit: `{self.span.text} {units[0] if units else wanted.dims[0]}`",)
        self.error("E0407" if missing else "E0403", wanted, unit_words(value.type.dim), *(helps if plain else ()))
        return None

    def error(self, code: str, wanted: Wanted, found: str, *helps: str) -> None:
        """Reports an argument, and shows the parameter."""
        notes = (Annotation(self.name.span, "the parameter"),) if self.name.span is not None else ()
        message = f"`{self.name}` of `{self.function}` is {type_words(wanted)}, not {found}"
        self.low.report.error(code, message, self.span, *helps, notes=notes)


def what(value: Argument) -> str:
    """Words for an argument."""
    if isinstance(value, ActionValue):
        return f"the action `{value.name}`"
    return describe(value) if not isinstance(value, Unknown) else "something"


def type_words(wanted: Wanted) -> str:
    """``a number [m/s]``, ``a list of numbers [rad/s] or [m/s]``, ``a sensor of contacts``."""
    if wanted.word in KINDS:
        kind, several = KINDS[wanted.word]
        singular = {Kind.FLOAT: "number", Kind.BOOL: "condition", Kind.QUAT: "rotation"}.get(kind, str(kind.value))
        text = f"a list of {singular}s" if several else f"a {singular}"
        text += f"@{wanted.frame}" if wanted.frame is not None else ""
        units = [f"[{dim}]" for dim in wanted.dims if not dim.is_none]
        if not units and kind is Kind.FLOAT:
            return f"a list of plain {singular}s" if several else "a plain number"
        return " ".join([text, " or ".join(units)]).rstrip()
    plain = {"joints": "a set of joints", "bodies": "a set of bodies", "joint": "one joint", "body": "one body"}
    if wanted.word in plain:
        return plain[wanted.word]
    if wanted.word in SENSORS:
        return f"a sensor `{wanted.word}`"
    return {"action": "an action", "base": "the base of a robot"}.get(wanted.word, f"a {wanted.word}")


def _sensor(value: SensorValue | SensorReading) -> SensorValue:
    return value.sensor if isinstance(value, SensorReading) else value
