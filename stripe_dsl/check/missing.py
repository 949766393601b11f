"""What a term needs and the task or its robot lacks: a sensor, a command, a set, limits, a base that moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from stripe_dsl.check.quantities import BASE, BODY, JOINT, SENSORS, Quantity
from stripe_dsl.check.values import Base, BodySet, CommandValue, JointSet, RobotValue, Value
from stripe_dsl.ir.graph import Node
from stripe_dsl.source import Span
from stripe_dsl.text import and_list

if TYPE_CHECKING:
    from stripe_dsl.check.expressions import Lowering

MOVING = ("root.lin_vel", "root.link_lin_vel", "root.ang_vel")
"""What a base that is fixed to the world lacks."""
SHOWN = 4
"""How many names of joints or bodies a help lists."""
COMMANDS = {
    **dict.fromkeys(("xy", "standing"), "velocity { x -1..1 m/s; y -1..1 m/s; yaw -1..1 rad/s; every 10 s }"),
    **dict.fromkeys(("way", "reached"), "position { x -5..5 m; y -5..5 m; success 0.5 m }"),
}
"""Commands by fields that only they have."""


IMPLICIT = {
    "joint.vel_limit": "compare the speed with a number, as in `25 rad/s`",
    **dict.fromkeys(
        ("joint.stiffness", "joint.damping"), "such an actuator computes by itself, and its gains never change"
    ),
}
"""What the simulation has of implicit actuators alone, and is always zero of others; what to do about it."""


def to_add(name: str, wanted: str, robots: Mapping[str, RobotValue]) -> tuple[str, ...]:
    """Helps for an unknown name.

    Args:
        name: the name.
        wanted: what is asked of it: a quantity that is read, the kind of a parameter, ``[]`` for an index of a sensor.
        robots: those of the task.
    """
    for robot in reversed(list(robots.values())):
        word = "joint" if name in robot.model.joint_names else "body"
        if name in (*robot.model.joint_names, *robot.model.body_names):
            return (f'name it in robot `{robot.name}`: `{word} {name} = "{name}"`',)
    if wanted in COMMANDS:
        return (f"add `command {name} = {COMMANDS[wanted]}`",)
    return (*sensor_for(name, wanted, robots), *set_for(name, wanted, robots))


def sensor_for(name: str, wanted: str, robots: Mapping[str, RobotValue]) -> tuple[str, ...]:
    """The sensor to add."""
    from stripe_dsl.check.sensors import EXAMPLES

    if wanted in BASE or wanted in JOINT:
        return ()
    own = [kind for kind, table in SENSORS.items() if wanted in table or wanted == kind]
    # both measure forces; contacts are what is meant more often
    own.sort(key=lambda kind: (name not in kind, kind != "contacts"))
    example = EXAMPLES[own[0]].replace("(robot)", f"({next(iter(robots), 'robot')})") if own else ""
    return (f"add `sensor {name} = {example}`",) if own else ()


def set_for(name: str, wanted: str, robots: Mapping[str, RobotValue]) -> tuple[str, ...]:
    """The joints or bodies to name in the robot block, where they can be those of one robot only."""
    if len(robots) != 1:
        return ()
    (robot,) = robots.values()
    if wanted == "pos":
        return (f'name it in robot `{robot.name}`, as in `joints {name} = "…"` or `bodies {name} = "…"`',)
    if wanted in ("[]", "bodies", "body") or (wanted in BODY and wanted not in JOINT):
        word, members = "bodies", robot.model.body_names
    elif wanted in ("joints", "joint") or (wanted in JOINT and wanted not in BODY):
        word, members = "joints", robot.model.joint_names
    else:
        return ()
    word = {"body": "body", "joint": "joint"}.get(wanted, word)
    few = and_list(list(members), SHOWN)
    return (f'name them in robot `{robot.name}`, as in `{word} {name} = "{pattern_for(name, members)}"`: it has {few}',)


def pattern_for(name: str, members: Sequence[str]) -> str:
    """What a set of that name would match: ``.*foot`` for ``feet``, where members are called so; ``…`` else."""
    one = {"feet": "foot", "calves": "calf"}.get(name, name.removesuffix("s"))
    found = [member for member in members if one in member]
    if len(one) < 3 or not found:
        return "…"
    return f".*{one}" if all(member.endswith(one) for member in found) else f".*{one}.*"


def measured_by(low: Lowering, owner: Value, name: str, text: str) -> tuple[str, ...]:
    """The sensor that measures what is read of bodies or a base, as ``feet.force``; empty where there is none.

    Args:
        text: how the owner is written.
    """
    if not isinstance(owner, BodySet | Base) or (isinstance(owner, Base) and owner.single):
        return ()
    if name in SENSORS["contacts"]:
        made = [sensor for sensor in low.scope.sensors.values() if sensor.kind == "contacts"]
        names = owner.names if isinstance(owner, BodySet) else (owner.model.root_body,)
        for sensor in made:
            if sensor.robot == owner.robot and set(names) <= set(sensor.bodies.names):
                return (f"a sensor measures it: read `{sensor.name}[{text}].{name}`",)
        new = "contacts" if "touch" in low.scope.sensors else "touch"
        return (f"a sensor measures it: add `sensor {new} = contacts({text})`, and read `{new}[{text}].{name}`",)
    if name in SENSORS["imu"] and (isinstance(owner, Base) or owner.single):
        return (f"a sensor measures it: add `sensor felt = imu({text})`, and read `felt.{name}`",)
    return ()


def has(low: Lowering, owner: Value, quantity: Quantity, span: Span) -> bool:
    """Whether a robot has what is read of it; else it is reported."""
    if isinstance(owner, Base) and owner.model.fixed_base and quantity.read in MOVING:
        message = f"the base of `{owner.robot}` is fixed to the world, and never moves"
        word = quantity.read.removeprefix("root.")
        help = f'read a body, as in `tip.{word}@world` with `body tip = "…"` in the robot'
        low.report.error("E0606", message, span, help)
        return False
    if isinstance(owner, JointSet) and quantity.read in IMPLICIT:
        explicit = [name for name in owner.names if name in low.scope.explicit.get(owner.robot, ())]
        if explicit:
            name = quantity.read.removeprefix("joint.")
            message = f"only implicit actuators have a `{name}`, not {and_list(explicit, SHOWN)} of `{owner.robot}`"
            low.report.error("E0214", message, span, IMPLICIT[quantity.read])
            return False
    return True


def have_limits(low: Lowering, ends: Sequence[Node], span: Span) -> bool:
    """Whether the limits that something is scaled between are finite; else it is reported."""
    for node in ends:
        if node.op != "read" or node.read is None or node.read.quantity not in ("joint.lower", "joint.upper"):
            continue
        model = low.scope.model(node.read.entity)
        free = [name for name in node.read.names if not model.joint(name).is_limited]
        if free:
            message = f"`rescale` needs limits, and there are none for {and_list(free, SHOWN)} of `{node.read.entity}`"
            help = "leave them out, or give the joint `limits` where the file defines it"
            low.report.error("E0214", message, span, help)
            return False
    return True


def help_with(field: str, owner: CommandValue) -> tuple[str, ...]:
    """What to do where a command or a part of the scene has no such field, but might have."""
    if field == "time_left":
        return ("it is never drawn anew in an episode: say when, as in `every 10 s`",)
    if field == "distance" and owner.kind == "place":
        return ("there is more than one robot: say of what, as in `spawn.distance(object.pos)`",)
    return ()
