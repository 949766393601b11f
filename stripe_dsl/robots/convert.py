"""URDF and MJCF files to the USD stage that a generated package ships: bodies, shapes as geometry, joints and limits.

Isaac Lab's own importers need Isaac Sim. A robot that was converted needs its file no more.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from stripe_dsl.robots.author import mechanism_usda
from stripe_dsl.robots.mechanism import prim_name
from stripe_dsl.robots.model import RobotModel


@dataclass(frozen=True, slots=True)
class Converted:
    """A robot as USD.

    Attributes:
        stage: text of the stage.
        left_out: what the file says and the stage does not, for a user to know.
    """

    stage: str
    left_out: tuple[str, ...]


def convert(model: RobotModel, name: str, *, self_collisions: bool = False) -> Converted:
    """Bring the robot that ``model`` was read from to USD. The same file gives the same bytes.

    Args:
        model: a URDF or MJCF robot; ``fixed_base`` says whether its root is fixed to the world.
        name: of the default prim.
        self_collisions: whether its bodies collide with each other.

    Raises:
        RobotFileError: if the file, or a mesh that it names, cannot be read, or holds what USD or the simulator lacks.
    """
    if model.format == "urdf":
        from stripe_dsl.robots.urdf_mechanism import mechanism
    else:
        from stripe_dsl.robots.mjcf_mechanism import mechanism
    path = Path(model.source)
    made, left_out = mechanism(path, prim_name(name), model)
    made = replace(made, self_collisions=self_collisions)
    # what shapes are drawn with may be said of many of them
    origin = re.sub(r'[^ -~]|["\\]', "_", path.name)
    return Converted(mechanism_usda(made, f"Made from {origin}"), tuple(dict.fromkeys(left_out)))
