"""What follows from heights and drainage: slope, aspect, normals, moisture, distances.

Fields have shape (ny, nx) on a ``Grid``; x is east and y is north.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from stripe_dsl.scene.grid import Field

_DRY, _WET = 1.0, 1000.0
"""Upslope area per metre of width that counts as dry and as wet [m]: that of a crest and that of a stream."""
_STEEP = np.pi / 4
"""Slope from which on no water is held [rad]."""


def gradients(height: Field, cell: float) -> tuple[Field, Field]:
    """How the ground rises to the east and to the north, from central differences; one-sided at the edges."""
    return np.asarray(np.gradient(height, cell, axis=1)), np.asarray(np.gradient(height, cell, axis=0))


def slope(height: Field, cell: float) -> Field:
    """Angle between the ground and the horizontal [rad], 0..pi/2."""
    east, north = gradients(height, cell)
    return np.arctan(np.sqrt(east**2 + north**2))


def aspect(height: Field, cell: float) -> Field:
    """The direction in which the ground falls [rad], clockwise from north, 0..2 pi: 0 is north (+y), pi/2 is east (+x).

    Level ground has 0.
    """
    east, north = gradients(height, cell)
    return np.where((east == 0) & (north == 0), 0.0, np.arctan2(-east, -north) % (2 * np.pi))


def north(height: Field, cell: float) -> Field:
    """How much the ground leans to the north, -1..1: sin(slope) cos(aspect), the north component of the normal.

    It is 0 on level ground and 1 on a wall that faces north.
    """
    return normals(height, cell)[..., 1]


def normals(height: Field, cell: float) -> NDArray[np.float64]:
    """Unit vectors that stand on the ground, shape (ny, nx, 3), in the scene's frame."""
    east, north = gradients(height, cell)
    up = 1 / np.sqrt(1 + east**2 + north**2)
    return np.stack((-east * up, -north * up, up), axis=-1)


def wetness(area: Field, cell: float, spread: float) -> Field:
    """How much water comes from above, 0..1: the logarithm of the upslope area per metre of width.

    It is 0 up to 1 m and 1 from 1 km on, which are a crest and a stream; the logarithm is that of the topographic
    wetness index (K. J. Beven, M. J. Kirkby, 1979).

    Args:
        area: upslope area [m^2].
        spread: standard deviation of how far water seeps sideways [m].
    """
    wet = np.clip(np.log(area / cell / _DRY) / np.log(_WET / _DRY), 0, 1)
    return ndimage.gaussian_filter(wet, spread / cell, mode="nearest") if spread > 0 else wet


def moisture(
    wet: Field, steepness: Field, lean: Field, *, flow: float = 0.5, slope: float = 0.3, north: float = 0.2
) -> Field:
    """How moist the ground is, 0..1: a weighted mean of three terms of 0..1 each.

    These are the water from above; level ground, which holds it (1 where level, 0 from 45 deg on); and ground that
    leans to the north, away from the sun (0.5 where level).

    Args:
        wet: what ``wetness`` gives.
        steepness: what ``slope`` gives [rad].
        lean: what ``north`` gives.
        flow, slope, north: weights of the three; a negative ``north`` is for the southern hemisphere.

    Raises:
        ValueError: if all weights are zero, or one of ``flow`` and ``slope`` is negative.
    """
    total = flow + slope + abs(north)
    if min(flow, slope) < 0 or total <= 0:
        raise ValueError("weights of moisture must be positive, and not all zero")
    shade = (1 + np.copysign(1.0, north) * lean) / 2
    return (flow * wet + slope * np.clip(1 - steepness / _STEEP, 0, 1) + abs(north) * shade) / total


def distance(mask: NDArray[np.bool_], cell: float) -> Field:
    """Distance to the nearest vertex of a mask [m], 0 on it, infinite where the mask is empty."""
    if not mask.any():
        return np.full(mask.shape, np.inf)
    return np.asarray(ndimage.distance_transform_edt(~mask, sampling=cell))


def signed_distance(mask: NDArray[np.bool_], cell: float) -> Field:
    """Distance to the outline of a mask [m], negative within; the outline runs halfway between vertices."""
    outside, inside = distance(mask, cell), distance(~mask, cell)
    return np.where(mask, cell / 2 - inside, outside - cell / 2)
