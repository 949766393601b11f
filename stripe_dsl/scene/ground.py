"""The ground of a scene with all that is known of it, as layers, zones and maps read it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from stripe_dsl.ir.rules import TERRAIN_FIELDS
from stripe_dsl.scene import fields, surface
from stripe_dsl.scene.drainage import Drainage, drain
from stripe_dsl.scene.grid import Field, Grid, Points


@dataclass(frozen=True)
class Wetting:
    """What makes ground moist: weights of the water from above, of ground that is level and of such that faces north.

    Attributes:
        spread: how far water seeps sideways [m], a standard deviation.
    """

    flow: float = 0.5
    slope: float = 0.3
    north: float = 0.2
    spread: float = 0.5


@dataclass(eq=False)
class Ground:
    """Heights on a grid, and the fields that follow from them; each is computed when it is first asked for.

    Attributes:
        grid: where the vertices are.
        height: [m], shape (ny, nx).
        wetting: what makes it moist.
        classes: number of the class of each cell, shape (ny - 1, nx - 1); 0 where there is but one.
        extra: fields of the user's, by name.
    """

    grid: Grid
    height: Field
    wetting: Wetting = Wetting()
    classes: NDArray[np.uint8] | None = None
    extra: dict[str, Field] = field(default_factory=dict)

    @cached_property
    def slope(self) -> Field:
        """Angle to the horizontal [rad]."""
        return fields.slope(self.height, self.grid.cell)

    @cached_property
    def aspect(self) -> Field:
        """The direction in which the ground falls [rad], clockwise from north; 0 where it is level."""
        return fields.aspect(self.height, self.grid.cell)

    @cached_property
    def north(self) -> Field:
        """How much the ground leans to the north, -1..1."""
        return self.normal[..., 1]

    @cached_property
    def normal(self) -> NDArray[np.float64]:
        """Unit vectors that stand on the ground, shape (ny, nx, 3)."""
        return fields.normals(self.height, self.grid.cell)

    @cached_property
    def drainage(self) -> Drainage:
        """How the water runs off."""
        return drain(self.height, self.grid.cell)

    @property
    def flow(self) -> Field:
        """The area that drains through each vertex, its own included [m^2]."""
        return self.drainage.area

    @cached_property
    def moisture(self) -> Field:
        """How moist the ground is, 0..1."""
        cell, wetting = self.grid.cell, self.wetting
        wet = fields.wetness(self.flow, cell, wetting.spread)
        return fields.moisture(wet, self.slope, self.north, flow=wetting.flow, slope=wetting.slope, north=wetting.north)

    def named(self, name: str) -> Field:
        """A field by its name in the language, or one of the user's.

        Raises:
            KeyError: if there is none of that name.
        """
        if name in self.extra:
            return self.extra[name]
        if name not in TERRAIN_FIELDS:
            raise KeyError(name)
        return getattr(self, name)

    def height_at(self, points: Points) -> NDArray[np.float64]:
        """Heights at points [m], shape (n,), on the triangles that the simulator collides with."""
        return surface.heights_at(self.height, self.grid, points)

    def normal_at(self, points: Points) -> NDArray[np.float64]:
        """Unit vectors that stand on the triangles at points, shape (n, 3)."""
        return surface.normals_at(self.height, self.grid, points)

    def slope_at(self, points: Points) -> NDArray[np.float64]:
        """Slope of the triangles at points [rad], shape (n,)."""
        return np.arccos(np.clip(self.normal_at(points)[:, 2], -1, 1))
