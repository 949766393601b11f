"""Where a reset may put a joint, from the numbers in it, against the joint's limits."""

from __future__ import annotations

from collections.abc import Sequence

from stripe_dsl.check.report import Reporter
from stripe_dsl.ir.graph import Node
from stripe_dsl.ir.program import Reset, Tunable
from stripe_dsl.ir.robots import Robot
from stripe_dsl.robots.match import match_names
from stripe_dsl.robots.model import JointType

type Interval = tuple[float, float]


def check_limits(
    resets: Sequence[Reset], robots: Sequence[Robot], tunables: dict[str, Tunable], report: Reporter
) -> None:
    """Warns of joint positions that their limits do not allow."""
    for reset in resets:
        robot = next((robot for robot in robots if robot.name == reset.robot), None)
        if robot is None or reset.quantity != "joint.pos":
            continue
        for name in reset.joints:
            joint = robot.model.joint(name)
            found = _interval(reset.value, robot, name, tunables)
            if found is None or (joint.lower - 1e-6 <= found[0] and found[1] <= joint.upper + 1e-6):
                continue
            unit = "m" if joint.type is JointType.PRISMATIC else "rad"
            reach = f"{found[0]:.4g}..{found[1]:.4g} {unit}" if found[0] < found[1] else f"{found[0]:.4g} {unit}"
            message = f"this puts joint `{name}` at {reach}, outside its limits"
            report.error("W0007", message, reset.span, f"its limits are {joint.lower:.4g}..{joint.upper:.4g} {unit}")
            break


def _interval(node: Node, robot: Robot, joint: str, tunables: dict[str, Tunable]) -> Interval | None:
    """The smallest and the largest value of a node for one joint; ``None`` where it cannot be told."""
    if node.op == "const" and isinstance(node.attr, int | float):
        return float(node.attr), float(node.attr)
    if node.op == "tunable":
        path, end = node.attr if isinstance(node.attr, tuple) else (node.attr, 0)
        value = tunables[str(path)].value
        number = value if isinstance(value, int | float) else value[1 if end == 1 else 0]
        return float(number), float(number)
    if node.op == "read" and node.read is not None:
        model = robot.model.joint(joint)
        known = {"joint.lower": model.lower, "joint.upper": model.upper, "joint.default_pos": _default(robot, joint)}
        here = known.get(node.read.quantity) if joint in node.read.names else None
        return (here, here) if here is not None else None
    ends = [_interval(arg, robot, joint, tunables) for arg in node.args]
    if any(end is None for end in ends):
        return None
    match node.op, [end for end in ends if end is not None]:
        case "uniform", [low, high]:
            return low[0], high[1]
        case "neg", [a]:
            return -a[1], -a[0]
        case "add", [a, b]:
            return a[0] + b[0], a[1] + b[1]
        case "sub", [a, b]:
            return a[0] - b[1], a[1] - b[0]
        case "mul", [a, b]:
            products = [x * y for x in a for y in b]
            return min(products), max(products)
    return None


def _default(robot: Robot, joint: str) -> float:
    values = [value for pattern, value in robot.joint_pos if match_names(pattern, (joint,))]
    return values[-1] if values else 0.0
