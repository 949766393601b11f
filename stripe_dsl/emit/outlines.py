"""What puts robots and objects onto uneven ground: how low their bodies reach."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stripe_dsl.emit.naming import entity_attributes
from stripe_dsl.emit.scenes import scene_text
from stripe_dsl.ir.objects import RigidObject
from stripe_dsl.ir.program import Program
from stripe_dsl.ir.robots import Robot


@dataclass(frozen=True, slots=True)
class OutlineText:
    """What of a robot or object collides.

    Attributes:
        key: attribute of the environment that holds it, and its name in the generated table.
        jointed: whether it has joints.
        bodies: names of bodies with their corners: x, y, z in the frame of the body, and a radius [m]. An object has
            one body, which needs no name.
    """

    key: str
    jointed: bool
    bodies: tuple[tuple[str, tuple[tuple[float, float, float, float], ...]], ...]


def outlines(program: Program) -> tuple[OutlineText, ...]:
    """All that moves on a terrain and whose shapes are known; a file that is on another computer says nothing of it.

    What is fixed to the world, and what only a reset moves, stays where it was put.
    """
    if scene_text(program) is None:
        return ()
    keys = entity_attributes(program)
    found = [
        OutlineText(keys[robot.name], True, tuple(bodies.items()))
        for robot in program.robots
        if not robot.model.fixed_base and (bodies := robot_corners(robot))
    ]
    things = [_of_object(keys[item.name], item) for item in program.objects if not item.kinematic]
    return (*found, *(item for item in things if item.bodies))


def robot_corners(robot: Robot) -> dict[str, tuple[tuple[float, float, float, float], ...]]:
    """The corners of what collides of a robot, by body; none where its file is on another computer."""
    from stripe_dsl.robots.author import robot_usda
    from stripe_dsl.robots.outline import outline_of_file, outline_of_text  # USD, for scenes alone

    if robot.written:
        text = robot_usda(robot.primitives) if robot.primitives is not None else robot.stage
        return outline_of_text(text) if text else {}
    path = Path(robot.model.source)
    if robot.model.format != "usd" or not path.is_file():
        return {}
    if robot.cfg_reference:
        from stripe_dsl.robots.isaaclab_cfg import read_cfg

        return outline_of_file(path, robot.model.prim, read_cfg(robot.cfg_reference).variants)
    return outline_of_file(path, robot.model.prim)


def _of_object(key: str, item: RigidObject) -> OutlineText:
    from stripe_dsl.robots.outline import outline_of_file, outline_of_shape

    if item.shape is not None:
        return OutlineText(key, False, (("", outline_of_shape(item.shape)),))
    file = item.file
    assert file is not None
    x, y, z = file.scale
    corners = [
        (a * x, b * y, c * z, radius * max(file.scale))
        for body in outline_of_file(Path(file.source), file.prim).values()
        for a, b, c, radius in body
    ]
    return OutlineText(key, False, (("", tuple(corners)),) if corners else ())
