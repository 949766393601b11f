"""Fields of a scene as tasks read them: what :mod:`stripe_dsl.ir.rasters` samples, at the vertices of the grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from stripe_dsl.ir.rasters import Raster
from stripe_dsl.ir.rules import SOLID
from stripe_dsl.scene.grid import Field
from stripe_dsl.scene.layout import Layout
from stripe_dsl.scene.made import Made
from stripe_dsl.scene.spots import is_spot, spots
from stripe_dsl.scene.surroundings import Circles, vertices

FAR = 1e6
"""How far away what is nowhere counts as being [m]."""


def sampled(name: str, layout: Layout, maps: Mapping[str, Field]) -> NDArray[np.float64]:
    """One field of one variant, shape (ny, nx); (ny, nx, 3) for distances to circles: x, y, radius [m].

    Args:
        name: ``ground.slope``, ``canopy.distance``, ``traversability.value`` …
        maps: what ``build_maps`` gives.
    """
    owner, _, what = name.rpartition(".")
    around, grid = layout.surroundings, layout.ground.grid
    if owner == "ground":
        return layout.ground.named(what)
    if owner in maps:
        return maps[owner]
    if owner in layout.zones:
        return np.clip(layout.zones[owner].field(grid), -FAR, FAR)
    if what != "distance":
        return around.raster(name)
    crowds = around.crowds
    chosen = [item.solids for item in crowds.values()] if owner == SOLID else [crowds[owner].circles]
    nowhere = Circles(np.full((1, 2), FAR), np.ones(1))
    centers = np.concatenate([nowhere.centers, *(item.centers for item in chosen)])
    radii = np.concatenate([nowhere.radii, *(item.radii for item in chosen)])
    which = Circles(centers, radii).nearest(vertices(grid))
    return np.concatenate([centers[which], radii[which, None]], axis=1).reshape(*grid.shape, 3)


def rasters(made: Sequence[Made]) -> dict[str, Raster]:
    """All that a scene's ``reads`` name, and the heights of its ground, of all its variants.

    Points of zones have the shape (variants, n, 2).
    """
    scene, cell = made[0].layout.scene, made[0].layout.ground.grid.cell
    found = {
        name: np.stack([(spots if is_spot(name) else sampled)(name, item.layout, item.maps) for item in made])
        for name in ("ground.height", *scene.reads)
    }
    return {name: Raster(values, cell) for name, values in found.items()}
