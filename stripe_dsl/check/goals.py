"""Kinds of commands: what each draws, the fields that can be read, and what is logged.

Derived fields and metrics are formulas of the language. ``goal`` in them stands for the command, ``base`` for the base
of its robot.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stripe_dsl.check.values import BodySet, JointSet, describe
from stripe_dsl.ir.graph import Node
from stripe_dsl.ir.types import BOOL, Kind, Type
from stripe_dsl.spec.values import Expression, Text
from stripe_dsl.syntax import ast
from stripe_dsl.text import did_you_mean
from stripe_dsl.units import ANGLE, ANGULAR_SPEED, FREQUENCY, LENGTH, SPEED

if TYPE_CHECKING:
    from stripe_dsl.check.commands import Draft


@dataclass(frozen=True, slots=True)
class Recipe:
    """A kind of command.

    Attributes:
        keys: settings that it takes beside ``every``.
        ranges: what may be drawn; empty for anything.
        takes: what stands in its parentheses, for messages; empty for nothing but a robot.
        make: defines the fields of a draft; ``False`` after a mistake was reported.
    """

    keys: tuple[str, ...]
    ranges: tuple[str, ...]
    takes: str
    make: Callable[[Draft], bool]


def velocity(draft: Draft) -> bool:
    """As ``UniformVelocityCommand``: a velocity in the plane, and a yaw rate that is drawn or turns to a heading."""
    spec, report = draft.spec, draft.low.report
    frame = draft.of.settings.word(spec.frame, "frame", ("body", "heading"), "body")
    turns = "heading" in spec.ranges
    for key in ("gain", "heading_share"):
        value = getattr(spec, key)
        if value is not None and not turns:
            report.error("E0206", f"`{key}` speaks of a heading, and there is none", value.span, "add `heading any`")
            return False
    if spec.heading_share is not None and "yaw" not in spec.ranges:
        help = "add its range, as in `yaw -1..1 rad/s`"
        report.error("E0214", "draws that follow no heading need a `yaw`", spec.heading_share.span, help)
        return False
    standing = draft.chance("standing")
    x, y = draft.draw("x", SPEED), draft.draw("y", SPEED)
    if x is None or y is None:
        return False
    flat = Type(Kind.VEC2, dim=SPEED, frame=frame)
    xy = draft.state("xy", draft.unless(standing, draft.node("vec", x, y, type=flat)))
    for part in ("x", "y"):
        draft.fields[part] = draft.node("part", xy, type=Type(dim=SPEED), attr=part)
    if standing is not None:
        draft.state("standing", standing)
    if not (_turn_to_heading(draft) if turns else _turn(draft, standing)):
        return False
    draft.whole = ("xy", "yaw")
    draft.mean("error_vel_xy", f"|goal.xy - base.lin_vel@{frame}.xy|")
    draft.mean("error_vel_yaw", "|goal.yaw - base.ang_vel@body.z|")
    return True


def _turn(draft: Draft, standing: Node | None) -> bool:
    """A yaw rate that is drawn."""
    yaw = draft.draw("yaw", ANGULAR_SPEED)
    if yaw is not None:
        draft.state("yaw", draft.unless(standing, yaw))
    return yaw is not None


def _turn_to_heading(draft: Draft) -> bool:
    """A yaw rate in proportion to the angle that is missing to a heading, as the agent last saw it."""
    heading = draft.draw("heading", ANGLE)
    gain = draft.number("gain", FREQUENCY)
    follows = draft.chance("heading_share")
    drawn = draft.draw("yaw", ANGULAR_SPEED) if "yaw" in draft.spec.ranges else None
    if heading is None or ("yaw" in draft.spec.ranges and drawn is None):
        return False
    draft.state("heading", heading)
    follows = draft.state("follows", follows) if follows is not None else None
    drawn_yaw = draft.state("drawn_yaw", drawn) if drawn is not None and follows is not None else None
    draft.fields.pop("drawn_yaw", None)  # `yaw` is what counts
    missing = draft.formula("wrap(goal.heading - base.yaw)")
    rate = Type(dim=ANGULAR_SPEED)
    gain = gain if gain is not None else draft.low.math.const(1.0, Type(dim=FREQUENCY))
    yaw = draft.node("mul", gain, missing, type=rate)
    if drawn is not None:
        low, high = drawn.args if drawn.op == "uniform" else (drawn, drawn)
        yaw = draft.node("clip", yaw, low, high, type=rate)
    if follows is not None and drawn_yaw is not None:
        yaw = draft.node("where", follows, yaw, drawn_yaw, type=rate)
    draft.state("yaw", draft.unless(draft.fields.get("standing"), yaw), always=True)
    return True


def position(draft: Draft) -> bool:
    """As ``UniformPose2dCommand``: a point in the frame of the environment, and a heading to have there."""
    spec = draft.spec
    if spec.within is not None:
        point = _within(draft, spec.within)
        return point is not None and _go(draft, point)
    if spec.width is not None:
        draft.low.report.error("E0206", "`width` speaks of a zone", spec.width.span, "add `within clearing`")
        return False
    around = draft.of.settings.word(spec.around, "around", ("origin", "base"), "origin")
    letters = "xyz" if "z" in spec.ranges else "xy"
    parts = [draft.draw(letter, LENGTH) for letter in letters]
    drawn = [part for part in parts if part is not None]
    if len(drawn) < len(parts):
        return False
    kind = Kind.VEC3 if len(letters) == 3 else Kind.VEC2
    place = Type(kind, dim=LENGTH, frame="env")
    point = draft.node("vec", *drawn, type=place)
    if around == "base":
        point = draft.node("add", draft.formula("base.pos" if kind is Kind.VEC3 else "base.pos.xy"), point, type=place)
    return _go(draft, point)


def _within(draft: Draft, zone: Expression) -> Node | None:
    """A point of a zone that can be reached; ``None`` after a mistake was reported."""
    from stripe_dsl.check.fields import WIDTH, spot  # scenes with a terrain alone

    low, spec, node = draft.low, draft.spec, zone.node
    for key in ("x", "y", "z", "around"):
        value = spec.ranges.get(Text(key)) if key != "around" else spec.around
        if value is not None:
            low.report.error("E0206", f"a goal within a zone has no `{key}`", value.span, "remove it, or `within`")
            return None
    scene = low.scope.scene
    zones = [item.name for item in scene.zones] if scene is not None and scene.terrain.tiles is None else []
    if not isinstance(node, ast.Name) or node.id not in zones:
        helps = did_you_mean(zone.span.text, zones, listing=True) or ("the scene of the task has no zones",)
        low.report.error("E0201", f"there is no zone `{zone.span.text}`", zone.span, *helps)
        return None
    width = draft.of.settings.positive(spec.width, LENGTH, "width", WIDTH)
    return spot(low, node.id, width, zone.span)


def _go(draft: Draft, point: Node) -> bool:
    """The fields of a goal at a point, and what is logged of it."""
    spec, kind = draft.spec, point.type.kind
    letters = "xyz" if kind is Kind.VEC3 else "xy"
    draft.state("pos", point)
    ahead = "(goal.pos.x - base.pos.x) * cos(base.yaw) + (goal.pos.y - base.pos.y) * sin(base.yaw)"
    aside = "(goal.pos.y - base.pos.y) * cos(base.yaw) - (goal.pos.x - base.pos.x) * sin(base.yaw)"
    way = [draft.formula(text) for text in (ahead, aside, "goal.pos.z - base.pos.z")[: len(letters)]]
    draft.fields["way"] = draft.node("vec", *way, type=Type(kind, dim=LENGTH, frame="heading"))
    draft.fields["distance"] = draft.formula("|goal.pos.xy - base.pos.xy|")
    draft.whole = ("way",)
    draft.log("error_pos", draft.fields["distance"])
    if "heading" in spec.ranges:
        heading = draft.draw("heading", ANGLE)
        if heading is None:
            return False
        draft.state("heading", heading)
        draft.fields["turn"] = draft.formula("wrap(goal.heading - base.yaw)")
        draft.whole = ("way", "turn")
        draft.log("error_heading", draft.formula("|goal.turn|"))
    return _success(draft, "distance")


def _success(draft: Draft, error: str) -> bool:
    """Whether the goal is reached now, and the share of episodes in which it ever was."""
    least = draft.number("success", LENGTH)
    if least is not None:
        draft.fields["reached"] = draft.node("lt", draft.fields[error], least, type=BOOL)
        draft.ever("success_rate", draft.fields["reached"])
    return True


def pose(draft: Draft) -> bool:
    """As ``UniformPoseCommand``: a position, and a rotation where an angle is named, in the frame of the base."""
    (arg,) = draft.args
    body = draft.low.value(arg)
    if not (isinstance(body, BodySet) and body.single):
        if body is not None:
            help = 'name it in the robot, as in `body hand = "right_hand"`'
            draft.low.report.error("E0309", f"`pose` takes one body, not {describe(body)}", arg.span, help)
        return False
    draft.robot = body.robot
    name, ranges = arg.span.text, draft.spec.ranges
    place = Type(Kind.VEC3, dim=LENGTH, frame="body")
    parts = [draft.draw(letter, LENGTH) for letter in "xyz"]
    angles = [draft.draw(word, ANGLE) for word in ("roll", "pitch", "yaw")]
    drawn = [part for part in (*parts, *angles) if part is not None]
    if len(drawn) < 6:
        return False
    pos = draft.state("pos", draft.node("vec", *drawn[:3], type=place))
    base = draft.formula("base.rot")
    world = Type(Kind.VEC3, dim=LENGTH, frame="world")
    turned = draft.node("rotate", base, pos, type=world)
    draft.fields["pos@world"] = draft.node("add", draft.formula("base.pos@world"), turned, type=world)
    env = Type(Kind.VEC3, dim=LENGTH, frame="env")
    draft.fields["pos@env"] = draft.node("add", draft.formula("base.pos@env"), turned, type=env)
    draft.fields["distance"] = draft.formula(f"|{name}.pos@world - goal.pos@world|")
    draft.whole = ("pos",)
    draft.log("position_error", draft.fields["distance"])
    if any(word in ranges for word in ("roll", "pitch", "yaw")):
        rot = draft.state("rot", draft.node("quat", *drawn[3:], type=Type(Kind.QUAT, frame="body"), attr="rpy"))
        there = draft.node("compose", base, rot, type=base.type)
        left = draft.node("angle_between", there, draft.formula(f"{name}.rot"), type=Type(dim=ANGLE))
        draft.fields["turn"] = left
        draft.whole = ("pos", "rot")
        draft.log("orientation_error", left)
    return _success(draft, "distance")


def joints(draft: Draft) -> bool:
    """Positions of joints, drawn from a range or around their defaults, within their limits."""
    (arg,) = draft.args
    target = draft.low.value(arg)
    if not isinstance(target, JointSet):
        if target is not None:
            draft.low.report.error("E0309", f"`joints` takes joints, not {describe(target)}", arg.span)
        return False
    draft.robot = target.robot
    ranges = draft.spec.ranges
    if len(ranges) > 1:
        help = "write `pos` for a range of positions, or `offset` for one around the defaults"
        draft.low.report.error("E0206", "`joints` takes `pos` or `offset`, not both", draft.spec.value.span, help)
        return False
    name = arg.span.text
    default, lower, upper = (draft.formula(f"{name}.{word}") for word in ("default", "lower", "upper"))
    (field,) = ranges
    drawn = draft.draw(str(field), default.type.dim, default.type)
    if drawn is None:
        return False
    if field == "offset":
        drawn = draft.node("add", default, drawn, type=default.type)
    draft.state("pos", draft.node("clip", drawn, lower, upper, type=default.type))
    draft.whole = ("pos",)
    one = "|{}|" if target.single else "mean(abs({}))"
    draft.log("error_pos", draft.formula(one.format(f"goal.pos - {name}.pos")))
    return True


def sample(draft: Draft) -> bool:
    """Numbers of the task's own."""
    for name, value in draft.spec.ranges.items():
        dim = draft.of.dimension(value)
        drawn = draft.draw(str(name), dim) if dim is not None else None
        if drawn is None:
            return False
        draft.state(str(name), drawn)
    draft.whole = tuple(map(str, draft.spec.ranges))
    return True


RECIPES: dict[str, Recipe] = {
    "velocity": Recipe(("standing", "gain", "heading_share", "frame"), ("x", "y", "yaw", "heading"), "", velocity),
    "position": Recipe(("around", "within", "width", "success"), ("x", "y", "z", "heading"), "", position),
    "pose": Recipe(("success",), ("x", "y", "z", "roll", "pitch", "yaw"), "a body of a robot", pose),
    "joints": Recipe((), ("pos", "offset"), "joints of a robot", joints),
    "sample": Recipe((), (), "", sample),
}
"""By the word that a file writes."""
