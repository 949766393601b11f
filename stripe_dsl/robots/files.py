"""One robot file to its model: picks the reader by the file's ending and keeps what was read in the cache."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from stripe_dsl.robots import cache, locate
from stripe_dsl.robots.errors import RobotFileError
from stripe_dsl.robots.model import RobotModel


def read_file(path: Path, prim: str | None = None, variants: Mapping[str, str] = MappingProxyType({})) -> RobotModel:
    """Read the robot in a file that is known to exist, through the cache.

    Args:
        path: a USD, URDF or MJCF file, by its ending.
        prim: which prim (USD) or body (MJCF) to take.
        variants: USD variants to select, by the name of their set.

    Raises:
        RobotFileError: if it cannot be read as a robot.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RobotFileError(f'"{path}" cannot be read: {error.strerror}', code="E0601") from None
    suffix = path.suffix.lower()
    entry = cache.entry_path(content, suffix, prim, variants)
    model = cache.load(entry, path)
    if model is None:
        model, parts = _read(path, suffix, prim, variants)
        if parts is not None:
            cache.store(entry, model, path, parts)
    return model


def parts(path: Path, prim: str | None = None) -> tuple[Path, ...] | None:
    """The other files that a robot is read from, besides the meshes of URDF and MJCF; ``None`` if some are missing."""
    return _read(path, path.suffix.lower(), prim, {})[1]


def _read(
    path: Path, suffix: str, prim: str | None, variants: Mapping[str, str]
) -> tuple[RobotModel, tuple[Path, ...] | None]:
    """The model and the other files it was read from; ``None`` if it should not be cached."""
    if suffix in (".usd", ".usda", ".usdc", ".usdz"):
        from stripe_dsl.robots import usd

        reading = usd.read_with_layers(path, prim, variants)
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
