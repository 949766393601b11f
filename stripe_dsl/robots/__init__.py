"""Robot files (USD, URDF, MJCF) as one :class:`RobotModel`: joints, types, limits, bodies, masses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from stripe_dsl.robots import cache, locate
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

        path = read_cfg(reference).local_path()
    else:
        path = locate.resolve(reference, relative_to)
    return read_file(path, prim)


def is_python_reference(reference: str) -> bool:
    """Whether this is the form ``package.module:NAME``."""
    module, colon, name = reference.partition(":")
    return bool(colon) and name.isidentifier() and all(part.isidentifier() for part in module.split("."))


def read_file(path: Path, prim: str | None = None) -> RobotModel:
    """Read the robot in a file that is known to exist, through the cache. Raises :class:`RobotFileError`."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RobotFileError(f'"{path}" cannot be read: {error.strerror}') from None
    suffix = path.suffix.lower()
    entry = cache.entry_path(content, suffix, prim)
    model = cache.load(entry, path)
    if model is None:
        model, parts = _read(path, suffix, prim)
        if parts is not None:
            cache.store(entry, model, path, parts)
    return model if model.source == str(path) else replace(model, source=str(path))


def _read(path: Path, suffix: str, prim: str | None) -> tuple[RobotModel, tuple[Path, ...] | None]:
    """The model and the other files it was read from; ``None`` if it should not be cached."""
    if suffix in (".usd", ".usda", ".usdc", ".usdz"):
        from stripe_dsl.robots import usd

        reading = usd.read_with_layers(path, prim)
        return reading.model, reading.layers
    if suffix == ".urdf":
        from stripe_dsl.robots import urdf

        return urdf.read(path, prim), ()
    if suffix in (".xml", ".mjcf"):
        from stripe_dsl.robots import mjcf

        return mjcf.read_with_includes(path, prim)
    raise RobotFileError(
        f'"{path.name}" is not a robot file by its ending', f"known endings: {', '.join(locate.ROBOT_SUFFIXES)}"
    )
