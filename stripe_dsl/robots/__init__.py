"""Robot files (USD, URDF, MJCF) as one :class:`RobotModel`: joints, types, limits, bodies, masses."""

from __future__ import annotations

from pathlib import Path

from stripe_dsl.robots import files, locate
from stripe_dsl.robots.errors import RobotFileError, RobotUnavailableError
from stripe_dsl.robots.model import JointType, RobotBody, RobotJoint, RobotModel

__all__ = [
    "JointType",
    "RobotBody",
    "RobotFileError",
    "RobotJoint",
    "RobotModel",
    "RobotUnavailableError",
    "load_robot",
]


def load_robot(reference: str, *, prim: str | None = None, relative_to: Path | None = None) -> RobotModel:
    """Read the robot that ``reference`` names; from the cache when its files have not changed.

    Args:
        reference: a file in one of the forms of :func:`stripe_dsl.robots.locate.resolve`, or an articulation cfg of a
            Python package, ``isaaclab_assets.robots.anymal:ANYMAL_C_CFG``.
        prim: which prim of a USD stage to use instead of its default prim, such as ``"/cartpole"``; in an MJCF file,
            which body below the world.
        relative_to: the file that ``reference`` stands in, or its folder.

    Raises:
        RobotUnavailableError: if the file is not on this machine, so that names cannot be known.
        RobotFileError: if there is no such file, or it cannot be read as a robot.
    """
    if is_python_reference(reference):
        from stripe_dsl.robots.isaaclab_cfg import read_cfg

        return read_cfg(reference).read_model(prim)
    return files.read_file(locate.resolve(reference, relative_to), prim)


def is_python_reference(reference: str) -> bool:
    """Whether this is the form ``package.module:NAME``."""
    module, colon, name = reference.partition(":")
    return bool(colon) and name.isidentifier() and all(part.isidentifier() for part in module.split("."))
