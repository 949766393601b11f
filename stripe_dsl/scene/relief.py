"""The parts of a terrain: noise, planes, stairs, hills, craters and heights of a file, each as heights on a grid.

Coordinates are those of the scene: ``xs`` of shape (nx,) and ``ys`` of shape (ny,), in metres; heights have shape
(ny, nx).
"""

from __future__ import annotations

from math import cos, sin, tan

import numpy as np

from stripe_dsl.ir import terrain as ir
from stripe_dsl.scene.grid import Field, Grid
from stripe_dsl.scene.noise import Axis, Noise, fbm, gradient, ridged
from stripe_dsl.scene.rasters import Raster
from stripe_dsl.scene.streams import stream

_CRATER_REACH = 1.5
"""Where the outside of a crater's rim has fallen to the ground, in radii."""


def fractal(part: ir.Fractal, grid: Grid, seed: int, scene: str) -> Field:
    """Noise of one or several octaves, ``part.height`` from its lowest point to its highest, 0 halfway [m]."""
    lattice = _seed(seed, scene, part.name)
    octaves = 1 if part.kind == "noise" else part.octaves

    def raw(xs: Axis, ys: Axis) -> Field:
        if part.kind == "noise":
            return gradient(xs, ys, part.feature, lattice)
        make = ridged if part.kind == "ridged" else fbm
        return make(xs, ys, part.feature, octaves, part.gain, part.lacunarity, lattice)

    finest = part.feature / max(part.lacunarity, 1.0) ** (octaves - 1)
    return Noise(raw, finest, grid.size, part.height)(*_axes(grid))


def micro(part: ir.Micro, grid: Grid, seed: int, scene: str) -> Field:
    """Relief of a few cells, 0 on the average [m]."""
    lattice = _seed(seed, scene, "micro")
    noise = Noise(lambda xs, ys: gradient(xs, ys, part.feature, lattice), part.feature, grid.size, part.height)
    return noise(*_axes(grid))


def incline(part: ir.Incline, grid: Grid) -> Field:
    """A plane that rises in a direction; 0 at its lowest corner [m]."""
    return tan(part.angle) * _ahead(grid, part.toward)


def steps(part: ir.Steps, grid: Grid) -> Field:
    """A step up each ``part.run``; 0 at the lowest corner [m]."""
    return part.height * np.floor(_ahead(grid, part.toward) / part.run + 1e-9)


def hill(part: ir.Hill, grid: Grid) -> Field:
    """A cosine's bump [m]."""
    away = np.minimum(_away(grid, part.center) / part.radius, 1)
    return part.height * (1 + np.cos(np.pi * away)) / 2


def crater(part: ir.Crater, grid: Grid) -> Field:
    """A parabola up to the crest of the rim, and a cosine's slope from there down to the ground [m]."""
    away = _away(grid, part.center) / part.radius
    bowl = (part.depth + part.rim) * away**2 - part.depth
    outside = np.clip((away - 1) / (_CRATER_REACH - 1), 0, 1)
    return np.where(away < 1, bowl, part.rim * (1 + np.cos(np.pi * outside)) / 2)


def heightmap(part: ir.Heightmap, raster: Raster, grid: Grid) -> Field:
    """Heights of a file, stretched over the ground, from 0 to ``part.height`` where that is given [m]."""
    if part.height is None:
        return raster.on(grid)
    low, high = raster.values.min(), raster.values.max()
    return raster.on(grid) * 0.0 if high <= low else (raster.on(grid) - low) * (part.height / (high - low))


def terraced(height: Field, part: ir.Terraces) -> Field:
    """Heights pulled to multiples of ``part.height`` [m], by the share ``part.sharp``.

    Between two levels the ground stays on the lower one, then ramps to the upper one about the middle; at ``sharp`` 0
    the ramp takes all the way and at 1 none of it. What was higher stays at least as high.
    """
    level = np.floor(height / part.height)
    within = height / part.height - level
    width = 1 - part.sharp
    ramp = np.clip((within - 0.5) / width + 0.5, 0, 1) if width > 1e-9 else (within >= 0.5).astype(np.float64)
    return (level + ramp) * part.height


def _axes(grid: Grid) -> tuple[Axis, Axis]:
    rows, columns = grid.shape
    return np.arange(float(columns)) * grid.cell, np.arange(float(rows)) * grid.cell


def _ahead(grid: Grid, toward: float) -> Field:
    """How far each vertex lies in a direction, from the corner that lies furthest back [m]."""
    along = (round(cos(toward), 15), round(sin(toward), 15))
    x, y = grid.coordinates()
    back = min(along[0] * grid.size[0], 0) + min(along[1] * grid.size[1], 0)
    return np.maximum(x * along[0] + y * along[1] - back, 0)


def _away(grid: Grid, center: tuple[float, float]) -> Field:
    """Distance of each vertex from a point [m]."""
    x, y = grid.coordinates()
    return np.hypot(x - center[0], y - center[1])


def _seed(seed: int, scene: str, part: str) -> int:
    return int(stream(seed, scene, "terrain", part).integers(2**63))
