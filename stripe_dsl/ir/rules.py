"""Rules of a scene: where something may be, and how well a place suits it. Numbers are in SI units.

A rule gives a suitability in 0..1 at each point of a scene; those of one layer multiply. A suitability of 0 is a place
where nothing may be. A point of a scene is (x, y) in metres in the scene's frame: x east, y north, the origin in the
south-west corner.

What a rule reads is a *field*, by its name:

=================  =======================================================================================
``height``         of the ground [m], in the scene's frame
``slope``          angle between the ground and the horizontal [rad], 0..pi/2
``aspect``         direction in which the ground falls [rad], clockwise from north: pi/2 is east; -pi..pi
``north``          cosine of the angle between ``aspect`` and north times the sine of ``slope``, -1..1
``flow``           upslope area [m^2]
``moisture``       0..1
``<zone>.distance``, ``<layer>.distance``  to the nearest point of a zone, footprint of a layer or water [m]; 0 inside
``<layer>.density``  instances of a layer for each square metre, within 5 m of the point [1/m^2]
``<layer>.cover``  share of the ground within 5 m of the point that the crowns of a layer cover, 0..1
any other name     a field of the user's (:class:`stripe_dsl.ir.terrain.UserField`), in SI units
=================  =======================================================================================

The *footprint* of an instance is the circle about its position that contains what is solid of it at its own scale
(``Solid.radius`` where that is set, else the asset's at its foot for a trunk and ``Asset.radius`` for others); of a
layer that is not solid it is the circle of ``Asset.radius``.
The *crown* is the circle of ``Asset.radius`` at the instance's scale.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf

from stripe_dsl.source import Span

TERRAIN_FIELDS = ("height", "slope", "aspect", "north", "flow", "moisture")
"""Fields that the ground itself has."""
SOLID = "solid"
"""Name of all solid layers together, where a rule takes the name of a layer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Base of the rules.

    Attributes:
        text: as the file writes it (``avoid canopy by 0.5 m``), to be named in reports.
    """

    text: str
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit(Rule):
    """``slope < 38 deg``, ``moisture > 0.3``: 0 from ``zero`` on, 1 up to ``one``, linear between the two.

    ``<`` has ``one < zero``: suitability 1 for values up to ``one`` (80 % of the limit) and 0 from the limit on, so it
    is never exceeded. ``>`` has ``one > zero``. A hard limit (``must slope < 38 deg``) has ``one == zero``: 1 on the
    allowed side, which ``below`` tells, and 0 at the limit itself and beyond.

    Attributes:
        name: of the field.
        below: allowed are values below the limit, else those above.
    """

    name: str
    below: bool
    one: float
    zero: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Between(Rule):
    """``height 1..3 m``: 1 for values in ``low..high`` (both included), 0 for others."""

    name: str
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauss(Rule):
    """``moisture 0.16 +- 0.26``: exp(-((value - mean) / std)^2 / 2)."""

    name: str
    mean: float
    std: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Near(Rule):
    """``near canopy 1.4 m to 11 m``: 1 where the distance to ``target`` is at most ``full``, 0 from ``none`` on, linear
    between. ``target`` is a zone, a layer, water, or ``solid``."""

    target: str
    full: float
    none: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Fade(Rule):
    """``fade canopy 0.5 m to 2 m``: 0 where the distance to ``target`` is at most ``none``, 1 from ``full`` on, linear
    between."""

    target: str
    none: float
    full: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Avoid(Rule):
    """``avoid start by 4 m``: hard. The *footprint* of the instance keeps ``distance`` [m] to ``target``: its centre is
    at least ``distance`` + its own footprint's radius away from zones, footprints or water. ``distance`` 0 is no
    overlap."""

    target: str
    distance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Within(Rule):
    """``within clearing``: hard. The instance's position is in the zone, or within ``distance`` [m] of it."""

    zone: str
    distance: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Patches(Rule):
    """``patches 40 %, feature 6 m``: low-frequency noise that leaves this share of the ground.

    Attributes:
        share: of the ground that is left, 0..1.
        feature: wavelength of the noise [m].
        edge: width of the step from 0 to 1 as a share of the noise's range, 0..1; 0 is hard.
    """

    share: float
    feature: float
    edge: float = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale(Rule):
    """``suit wetness``: the field itself is the suitability; values are cut to 0..1."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Combine(Rule):
    """``combine python "package.module:function"``: takes the place of the product of the layer's other rules.

    The function is called with keyword arguments: an array of shape (ny, nx) on the scene's grid for each of
    ``names``, and ``suitability``, the product of the other rules. It returns an array of the same shape, in 0..1.
    Hard rules (``avoid``, ``within``, ``must``) hold all the same.
    """

    python: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Around(Rule):
    """``around solid 7 m, penalty 0.45``, of maps: 1 - penalty * max(0, 1 - distance / reach), by the distance."""

    target: str
    reach: float
    penalty: float


@dataclass(frozen=True, slots=True)
class Bounds:
    """``low..high`` with one of both missing as an infinity."""

    low: float = -inf
    high: float = inf
