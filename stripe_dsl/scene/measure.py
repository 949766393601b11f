"""How large assets are whose size a file says, and what is said of those that cannot be used."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from stripe_dsl.diagnostics import Diagnostic
from stripe_dsl.ir.assets import Asset, Solid
from stripe_dsl.ir.scene import Scene
from stripe_dsl.ir.terrain import File
from stripe_dsl.robots import RobotFileError
from stripe_dsl.robots.copied import size as robot_size
from stripe_dsl.robots.mechanism import Pose
from stripe_dsl.scene.assets import things_of
from stripe_dsl.scene.extents import Extent, extent
from stripe_dsl.scene.files import AssetFileError


def measure(asset: Asset) -> Extent:
    """How large an asset is at scale 1; that of a file is read.

    Raises:
        AssetFileError: if the file gives no triangles, or nothing of its robot collides.
    """
    if asset.robot is not None:
        try:
            x, y, z, w = asset.robot.rotation
            return Extent(*robot_size(asset.robot.model, Pose(asset.robot.position, (w, x, y, z))))
        except RobotFileError as problem:
            raise AssetFileError(problem.reason, problem.hint or "", asset.name) from None
    if asset.file is None:
        return extent(asset)
    path = asset.file.path
    size = _of_file(path, path.stat().st_mtime_ns if path.exists() else 0)
    return Extent(size.radius * asset.scale, size.height * asset.scale, size.base * asset.scale)


@cache
def _of_file(path: Path, _changed: int) -> Extent:
    asset = Asset(name=path.stem, label="", file=File(path.name, path))
    (thing,) = things_of(asset, Solid(kind="visual"), 0, "")
    points = np.concatenate([piece.mesh.points for piece in thing.pieces])
    reach = np.linalg.norm(points[:, :2], axis=1)
    foot = points[:, 2] <= points[:, 2].min() + 0.02
    return Extent(thing.radius, thing.height, float(reach[foot].max()))


def broken_asset(problem: AssetFileError, scene: Scene) -> Diagnostic:
    """An asset that cannot be used, where it stands in the file if that is known."""
    species = [item for layer in scene.layers for item in layer.species]
    assets = [choice.asset for item in species for choice in (*item.choices, *item.dead)]
    span = next((item.span for item in assets if item.name == problem.asset and item.span is not None), scene.span)
    return Diagnostic("E0617", problem.reason, span, helps=(problem.hint,) if problem.hint else ())
