"""What a sensor of contacts can feel at all: bodies that collide, and something that they may touch."""

from __future__ import annotations

from collections.abc import Sequence

from stripe_dsl.check.report import Reporter
from stripe_dsl.check.scope import Scope
from stripe_dsl.check.values import BodySet, SensorValue
from stripe_dsl.ir.robots import Robot
from stripe_dsl.source import Span
from stripe_dsl.text import and_list

SHOWN = 4
"""How many names of bodies a message lists."""
MENDS = {
    "primitives": "a shape that is not `visual`",
    "urdf": "a `<collision>` in the file",
    "mjcf": "a geom in the file whose `contype` and `conaffinity` are not both 0",
    "usd": "a shape with PhysicsCollisionAPI in the file",
}
"""What makes a body collide, by the format that it is written in."""


def touchable(bodies: BodySet, report: Reporter, span: Span, told: Sequence[str] = ()) -> bool:
    """Whether one of some bodies collides at least; else it is reported.

    Those of a set that do not are worth a warning. A set of all bodies names none of them, and has no warning.

    Args:
        told: bodies that were named before.
    """
    bare = bodies.model.untouched(bodies.names)
    if not bare:
        return True
    message = f"nothing can touch {and_list(bare, SHOWN)} of `{bodies.robot}`: no shape of {_them(bare)} collides"
    help = f"name other bodies, or give {_them(bare)} {MENDS[bodies.model.format]}"
    if len(bare) == len(bodies.names):
        report.error("E0309", message, span, help)
        return False
    if set(bodies.names) != set(bodies.model.body_names) and not set(bare) <= set(told):
        report.error("W0019", message, span, help)
    return True


def felt(sensor: SensorValue, bodies: BodySet, report: Reporter, span: Span) -> bool:
    """As :func:`touchable`, of what is read of a sensor: what it was made of has its own warning."""
    every = set(sensor.bodies.names) == set(sensor.bodies.model.body_names)
    return touchable(bodies, report, span, told=() if every else sensor.bodies.names)


def anything_beside(scope: Scope, robots: Sequence[Robot], robot: str, report: Reporter, span: Span) -> None:
    """Warns where a robot of a scene without ground has nothing to touch: nothing else, and not itself.

    Args:
        robots: those of the task.
        robot: whose contacts are measured.
    """
    itself = any(item.name == robot and item.self_collision for item in robots)
    if itself or len(scope.robots) > 1 or scope.objects or scope.soft or scope.unknown_sets:
        return
    message = f"`{robot}` has nothing to touch: the scene has no ground, and there is nothing else"
    report.error("W0019", message, span, "add `ground plane` to the scene")


def _them(names: Sequence[str]) -> str:
    return "them" if len(names) > 1 else "it"
