"""The functions of the language: how many arguments each takes, of what shape and unit, and what comes out.

To add one: write its rule here, its operator in ``ir/ops.py`` and ``ir/reference.py``, and its text in each back end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from stripe_dsl.check import memory, vectors
from stripe_dsl.check.arguments import scalars
from stripe_dsl.check.draws import chance, drawn_part, gaussian, is_drawn, shared
from stripe_dsl.check.missing import have_limits
from stripe_dsl.check.reductions import over_where, reduction, variance
from stripe_dsl.check.tunables import Role
from stripe_dsl.check.values import RangeValue, SensorValue, Value
from stripe_dsl.ir.graph import Node
from stripe_dsl.ir.types import Type
from stripe_dsl.syntax import ast
from stripe_dsl.units import ANGLE, DIMENSIONLESS, Dimension, usual_units

if TYPE_CHECKING:
    from stripe_dsl.check.expressions import Lowering

type Rule = Callable[[Lowering, ast.Call, list[Node]], Node | None]


@dataclass(frozen=True, slots=True)
class Function:
    """One function.

    Attributes:
        counts: numbers of arguments it takes.
        rule: types the call and makes its node.
        doc: signature and one sentence, for hover and documentation.
        roles: what literal arguments are, for the names of tunables.
    """

    counts: tuple[int, ...]
    rule: Rule
    doc: str
    roles: tuple[Role | None, ...] = ()


def call(low: Lowering, expr: ast.Call) -> Value | None:
    """The value of a call; mistakes are reported."""
    defined = low.calls.find(expr)
    if defined is not None:
        return low.calls.expand(defined, expr)
    name = expr.function.id if isinstance(expr.function, ast.Name) else ""
    function = FUNCTIONS.get(name)
    part = low.names.called_place(expr)
    if part is not None:
        from stripe_dsl.check.fields import read_at

        return read_at(low, expr, part)
    if function is None:
        if low.frame is None and (
            name in low.scope.lets or name in low.scope.params or (name and low.scope.entity(name) is not None)
        ):
            low.scope.used.add(name)
            help = f"`{name}` is a value: write it without parentheses"
            if isinstance(low.scope.entity(name), SensorValue):
                help = f"a sensor is read at bodies in brackets: `{name}[…]`"
            low.report.error("E0208", f"unknown function `{name}`", expr.function.span, help)
        elif name == "ik":
            help = "it is a line of its own in a reset, `arm.pos = ik(hand, …)`, or an action"
            low.report.error("E0208", "`ik` is no function of an expression", expr.function.span, help)
        else:
            low.calls.unknown(expr, name, list(FUNCTIONS))
        return None
    if expr.keywords:
        low.report.error("E0209", f"`{name}` takes no named arguments", expr.keywords[0][0].span, function.doc)
        return None
    special = SPECIAL.get(name)
    if special is not None and (len(expr.args) in function.counts):
        return special(low, expr)
    if name == "clip" and len(expr.args) == 2:
        return _clip_range(low, expr)
    if len(expr.args) not in function.counts:
        wanted = " or ".join(str(count) for count in function.counts)
        message = f"`{name}` takes {wanted} argument{'s' if wanted != '1' else ''}, not {len(expr.args)}"
        low.report.error("E0209", message, expr.span, function.doc)
        return None
    roles = function.roles or (None,) * len(expr.args)
    args = [low.number(arg, role) for arg, role in zip(expr.args, roles, strict=False)]
    if any(arg is None for arg in args):
        return None
    return function.rule(low, expr, [arg for arg in args if arg is not None])


# rules


def _plain(op: str) -> Rule:
    """Takes and gives a plain number: ``exp``, ``log``, ``tanh``."""

    def rule(low: Lowering, expr: ast.Call, args: list[Node]) -> Node | None:
        if not scalars(low, expr, args):
            return None
        x = args[0]
        if not x.type.dim.is_none:
            message = f"`{op}` takes a plain number, not {_unit(x)}"
            low.report.error("E0402", message, expr.args[0].span, *_scale_help(expr.args[0], x.type.dim))
            return None
        return low.math.unary(op, x, x.type, expr.span)

    return rule


def _scale_help(expr: ast.Expr, dim: Dimension) -> tuple[str, ...]:
    """How to make a plain number of ``expr``: what divides it, as in ``(pitch / 15)^2``, may lack its unit."""
    part, wanted = expr, dim
    while True:
        if isinstance(part, ast.Unary) and part.op == "-":
            part = part.operand
        elif isinstance(part, ast.Binary) and part.op == "^" and isinstance(part.right, ast.Number):
            if not part.right.value:
                break
            wanted, part = wanted ** (1 / Fraction(part.right.value).limit_denominator(12)), part.left
        elif isinstance(part, ast.Binary) and part.op == "/" and isinstance(part.right, ast.Number):
            if part.right.unit:
                break
            unit = "rad" if wanted == ANGLE else next(iter(usual_units(wanted)), str(wanted))
            return (f"give the number that divides its unit: `{part.right.span.text} {unit}`",)
        else:
            break
    return (f"divide by a scale first, as in `x / (1 {dim})`",)


def _of_angle(op: str) -> Rule:
    def rule(low: Lowering, expr: ast.Call, args: list[Node]) -> Node | None:
        if not scalars(low, expr, args):
            return None
        x = args[0]
        if x.type.dim != ANGLE:
            code = "E0407" if x.type.dim.is_none else "E0402"
            message = f"`{op}` takes an angle, not {_unit(x)}"
            source = expr.args[0]
            if isinstance(source, ast.Number) and not source.unit:
                help = f"give the number its unit: `{source.span.text} rad`"
            elif x.type.dim.is_none:
                help = "multiply a plain number by `1 rad` to make it an angle"
            else:
                help = f"divide by a scale first, as in `x / (1 {x.type.dim / ANGLE})`"
            low.report.error(code, message, source.span, help)
            return None
        type = x.type if op == "wrap" else replace(x.type, dim=DIMENSIONLESS)
        return low.math.unary(op, x, type, expr.span)

    return rule


def _to_angle(op: str) -> Rule:
    plain = _plain(op)

    def rule(low: Lowering, expr: ast.Call, args: list[Node]) -> Node | None:
        node = plain(low, expr, args)
        return low.math.unary(op, args[0], replace(node.type, dim=ANGLE), expr.span) if node is not None else None

    return rule


def _keep(op: str) -> Rule:
    """Gives the unit it takes: ``abs``, ``floor``."""

    def rule(low: Lowering, expr: ast.Call, args: list[Node]) -> Node | None:
        if not scalars(low, expr, args):
            return None
        return low.math.unary(op, args[0], args[0].type, expr.span)

    return rule


def _sign(low: Lowering, expr: ast.Call, args: list[Node]) -> Node | None:
    if not scalars(low, expr, args):
        return None
    return low.math.unary("sign", args[0], replace(args[0].type, dim=DIMENSIONLESS), expr.span)


def _sqrt(low: Lowering, expr: ast.Call, args: list[Node]) -> Node | None:
    if not scalars(low, expr, args):
        return None
    return low.math.unary("sqrt", args[0], replace(args[0].type, dim=args[0].type.dim ** 0.5), expr.span)


def _two(op: str, *, angle: bool = False) -> Rule:
    """Two operands of one unit: ``min``, ``max``, ``atan2``, ``mod``."""

    def rule(low: Lowering, expr: ast.Call, args: list[Node]) -> Node | None:
        if not scalars(low, expr, args):
            return None
        adapted = low.math.same_unit("lt", args[0], args[1], expr.span)
        if adapted is None:
            return None
        axis = low.math.common_axis(*adapted, expr.span)
        if axis is False:
            return None
        dim = ANGLE if angle else adapted[0].type.dim
        return low.graph.add(op, adapted, type=Type(axis=axis or None, dim=dim), span=expr.span)

    return rule


def _reduce_or_two(op: str) -> Rule:
    """``min`` and ``max``: of a list, or of two numbers."""
    two, one = _two(op), reduction(f"list_{op}")

    def rule(low: Lowering, expr: ast.Call, args: list[Node]) -> Node | None:
        return (two if len(args) == 2 else one)(low, expr, args)

    return rule


def _clip(low: Lowering, expr: ast.Call, args: list[Node]) -> Node | None:
    x, lower, upper = args
    if not scalars(low, expr, args):
        return None
    first = low.math.same_unit("lt", x, lower, expr.span)
    second = low.math.same_unit("lt", x, upper, expr.span)
    if first is None or second is None:
        return None
    x = first[0] if first[0].type.dim == second[0].type.dim else second[0]  # a literal zero takes a bound's unit
    for a, b in ((x, lower), (x, upper), (lower, upper)):
        if low.math.common_axis(a, b, expr.span) is False:
            return None
    axis = next((node.type.axis for node in (x, lower, upper) if node.type.axis is not None), None)
    return low.graph.add("clip", (x, first[1], second[1]), type=replace(x.type, axis=axis), span=expr.span)


def _rpy(low: Lowering, expr: ast.Call) -> Node | None:
    """``rpy(roll, pitch, yaw)``: its angles are part of the formula, and no settings; a reset may draw them."""
    args: list[Node | None] = []
    for arg, word in zip(expr.args, ("roll", "pitch", "yaw"), strict=True):
        if is_drawn(low, arg):
            args.append(drawn_part(low, arg, word))
            continue
        with low.tunables.paused():
            args.append(low.number(arg))
    known = [arg for arg in args if arg is not None]
    return vectors.rpy(low, expr, known) if len(known) == len(args) else None


def _clip_range(low: Lowering, expr: ast.Call) -> Node | None:
    """``clip(x, low..high)``."""
    x, bounds = low.number(expr.args[0]), low.value(expr.args[1])
    if x is None or bounds is None:
        return None
    if not isinstance(bounds, RangeValue):
        low.report.error("E0307", "a range is wanted here", expr.args[1].span, "write `clip(x, low..high)`")
        return None
    if not low.math.numeric(x, expr.args[0].span, "a condition has no bounds"):
        return None
    first = low.math.same_unit("lt", x, bounds.low, expr.span)
    if first is None:
        return None
    return low.graph.add("clip", (x, bounds.low, bounds.high), type=x.type, span=expr.span)


def _rescale(low: Lowering, expr: ast.Call, args: list[Node]) -> Node | None:
    """``rescale(x, low, high)``: 2 (x - (low + high) / 2) / (high - low), as upstream's ``scale_transform``."""
    x, lower, upper = args
    if not scalars(low, expr, args) or not have_limits(low, [lower, upper], expr.span):
        return None
    math, span = low.math, expr.span
    total = math.additive("add", lower, upper, span, expr.args[1].span, expr.args[2].span)
    width = math.additive("sub", upper, lower, span, expr.args[2].span, expr.args[1].span)
    half = math.multiply("mul", total, math.const(0.5), span) if total is not None else None
    if half is None or width is None:
        return None
    centred = math.additive("sub", x, half, span, expr.args[0].span, span)
    doubled = math.multiply("mul", math.const(2.0), centred, span) if centred is not None else None
    return math.multiply("div", doubled, width, span) if doubled is not None else None


def _unit(node: Node) -> str:
    from stripe_dsl.check.arithmetic import unit_words

    return unit_words(node.type.dim)


BOUNDS = (None, Role.LOW, Role.HIGH)

FUNCTIONS: dict[str, Function] = {
    "sum": Function((1,), reduction("sum"), "sum(list): the sum of its elements"),
    "mean": Function((1,), reduction("mean"), "mean(list): the mean of its elements"),
    "variance": Function((1,), variance, "variance(list): of the sample, over one less than its length"),
    "min": Function((1, 2), _reduce_or_two("min"), "min(a, b) or min(list): the smallest"),
    "max": Function((1, 2), _reduce_or_two("max"), "max(a, b) or max(list): the largest"),
    "any": Function((1,), reduction("any"), "any(conditions): whether one of them holds"),
    "all": Function((1,), reduction("all"), "all(conditions): whether all of them hold"),
    "count": Function((1,), reduction("count"), "count(conditions): how many of them hold"),
    "abs": Function((1,), _keep("abs"), "abs(x): element by element"),
    "sign": Function((1,), _sign, "sign(x): -1, 0 or 1"),
    "floor": Function((1,), _keep("floor"), "floor(x): the whole number below"),
    "ceil": Function((1,), _keep("ceil"), "ceil(x): the whole number above"),
    "sqrt": Function((1,), _sqrt, "sqrt(x): square root; the unit is halved too"),
    "exp": Function((1,), _plain("exp"), "exp(x) of a plain number"),
    "log": Function((1,), _plain("log"), "log(x): natural logarithm of a plain number"),
    "tanh": Function((1,), _plain("tanh"), "tanh(x) of a plain number"),
    "sin": Function((1,), _of_angle("sin"), "sin(angle)"),
    "cos": Function((1,), _of_angle("cos"), "cos(angle)"),
    "tan": Function((1,), _of_angle("tan"), "tan(angle)"),
    "wrap": Function((1,), _of_angle("wrap"), "wrap(angle): the equal angle in -180 deg .. 180 deg"),
    "asin": Function((1,), _to_angle("asin"), "asin(x): an angle"),
    "acos": Function((1,), _to_angle("acos"), "acos(x): an angle"),
    "atan": Function((1,), _to_angle("atan"), "atan(x): an angle"),
    "atan2": Function((2,), _two("atan2", angle=True), "atan2(y, x): the angle of the point (x, y)"),
    "mod": Function((2,), _two("mod"), "mod(a, b): a - b * floor(a / b)"),
    "clip": Function((3,), _clip, "clip(x, low, high) or clip(x, low..high)", BOUNDS),
    "rescale": Function((3,), _rescale, "rescale(x, low, high): -1 at low, 1 at high"),
    "norm": Function((1,), vectors.norm, "norm(x): the same as |x|"),
    "dot": Function((2,), vectors.dot, "dot(a, b): scalar product"),
    "cross": Function((2,), vectors.cross, "cross(a, b): vector product"),
    "unit": Function((1,), vectors.unit_vector, "unit(v): v / |v|"),
    "rotate": Function(
        (2,), vectors.rotate, "rotate(rot, v): a vector in the axes of a body with this rotation, in the world"
    ),
    "rotate_back": Function(
        (2,), vectors.rotate_back, "rotate_back(rot, v): a vector in the world, in the axes of such a body"
    ),
    "rpy": Function((3,), vectors.rpy, "rpy(roll, pitch, yaw): a rotation about the axes x, then y, then z"),
    "compose": Function((2,), vectors.compose, "compose(a, b): the rotation b, and then a"),
    "inverse": Function((1,), vectors.inverse, "inverse(rot): the rotation back"),
    "unique": Function((1,), vectors.unique, "unique(rot): of its two quaternions the one with w >= 0"),
    "angle_between": Function((2,), vectors.angle_between, "angle_between(a, b): of two rotations, 0 to 180 deg"),
    "prev": Function((1,), vectors.norm, "prev(x): the value one control step earlier"),
    "delta": Function((1,), vectors.norm, "delta(x): x - prev(x)"),
    "since": Function((1,), vectors.norm, "since(condition): time since it last held; since the episode began, else"),
    "held": Function((2,), vectors.norm, "held(condition, time): whether it has held for that long without a break"),
    "filter": Function((2,), vectors.norm, "filter(x, time): first-order low-pass with this time constant"),
    "gaussian": Function((2,), vectors.norm, "gaussian(mean, deviation): in a reset, a normal draw"),
    "shared": Function((1,), vectors.norm, "shared(low..high): in a reset, one draw for all elements"),
    "chance": Function((1,), vectors.norm, "chance(share): in a reset, a condition that holds so often"),
}
"""By name. Those with memory are lowered by :data:`SPECIAL`."""

SPECIAL: dict[str, Callable[[Lowering, ast.Call], Value | None]] = {
    "rpy": _rpy,
    "gaussian": gaussian,
    "shared": shared,
    "chance": chance,
    "prev": memory.prev,
    "delta": memory.delta,
    "since": memory.since,
    "held": memory.held,
    "filter": memory.smooth,
    "mean": over_where,
    "min": over_where,
    "max": over_where,
}
"""Functions that look at the syntax of their arguments."""
