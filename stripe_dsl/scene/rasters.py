"""Fields of files: PNG, TIFF and other pictures of one channel, and NPY arrays, stretched over the ground."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from stripe_dsl.scene.grid import Field, Grid, Points

if TYPE_CHECKING:
    from PIL import Image

_CHANNELS = {"1": 1, "L": 1, "LA": 2, "I": 1, "F": 1, "RGB": 3, "RGBA": 4}
MOST_VALUES = 100_000_000
_NO_DATA = 42113
"""The tag of a TIFF in which GDAL writes the value that stands for none, as text."""


class RasterError(Exception):
    """A file that gives no field.

    Attributes:
        reason: one sentence.
        hint: what to do about it; empty for nothing.
    """

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint


@dataclass(frozen=True, slots=True, eq=False)
class Raster:
    """Values in rows that go north: the first one lies along the southern edge of the ground, the last one along the
    northern, with the outermost values at the corners."""

    values: Field

    def on(self, grid: Grid) -> Field:
        """The values at the vertices of a grid; bilinear between."""
        x, y = grid.coordinates()
        points = np.stack((x.ravel(), y.ravel()), axis=1)
        return self.at(points, grid.size).reshape(grid.shape)

    def at(self, points: Points, size: tuple[float, float]) -> Field:
        """The values at points of a scene of that size [m], shape (n,)."""
        rows, columns = self.values.shape
        unit = Grid((columns - 1.0, rows - 1.0), 1.0)
        return unit.sample(self.values, points / size * (columns - 1, rows - 1))


def read_raster(path: Path) -> Raster:
    """The field of a file. The first row of a picture is the northern edge, that of an NPY the southern.

    Raises:
        RasterError: if the file is missing, broken or has more than one channel, or if a value is no number or stands
            for none.
    """
    if not path.is_file():
        raise RasterError(f'there is no file "{path.name}"')
    values = _array(path) if path.suffix.lower() == ".npy" else _picture(path)
    if values.ndim != 2 or min(values.shape) < 2:
        shape = " x ".join(map(str, values.shape)) or "one number"
        raise RasterError(f'"{path.name}" has the shape {shape}', "a field has at least 2 x 2 values")
    if not np.isfinite(values).all():
        missing = int((~np.isfinite(values)).sum())
        raise RasterError(f'{missing} of {values.size} values of "{path.name}" are no numbers', "fill the holes first")
    return Raster(values)


def _array(path: Path) -> Field:
    try:
        values = np.load(path, allow_pickle=False)
        return np.asarray(values, dtype=np.float64)
    except (ValueError, OSError, EOFError, TypeError) as problem:
        raise RasterError(f'"{path.name}" is no NPY array of numbers: {problem}') from None


def _picture(path: Path) -> Field:
    from PIL import Image

    try:
        with Image.open(path) as picture:
            if picture.width * picture.height > MOST_VALUES:
                raise RasterError(f'"{path.name}" has {picture.width} x {picture.height} pixels', "make it smaller")
            mode = "I" if picture.mode.startswith("I;16") else picture.mode
            values = np.array(picture.convert("RGB") if mode == "P" else picture, dtype=np.float64)
            hole = _hole(picture)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as problem:
        raise RasterError(f'"{path.name}" is no picture that can be read: {problem}') from None
    count = _CHANNELS.get(mode, 3)
    if count > 1:
        colors = values[..., : 3 if count >= 3 else 1]
        if (colors != colors[..., :1]).any():
            hint = "a field is grey, best of 16 bits: one number for each pixel"
            raise RasterError(f'"{path.name}" is a picture in colour', hint)
        values = colors[..., 0]
    if hole is not None:
        values[np.isclose(values, hole, rtol=1e-6, atol=0.0)] = np.nan
    return np.ascontiguousarray(values[::-1])


def _hole(picture: Image.Image) -> float | None:
    """The value that stands for none in a GeoTIFF; ``None`` where the file names no such value."""
    try:
        return float(str(getattr(picture, "tag_v2", {}).get(_NO_DATA)).rstrip("\0"))
    except ValueError:
        return None


def write_heights(height: Field, path: Path) -> tuple[float, float]:
    """Writes heights as a PNG of 16 bits, the northern row first: 0 is the lowest point and 65535 the highest.

    Returns:
        Both of them [m]; level ground is all 0.

    Raises:
        OSError: if the file cannot be written.
    """
    from PIL import Image

    low, high = float(height.min()), float(height.max())
    share = (height - low) / (high - low) if high > low else np.zeros_like(height)
    Image.fromarray(np.round(share[::-1] * 65535).astype(np.uint16)).save(path, format="PNG")
    return low, high
