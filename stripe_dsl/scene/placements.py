"""What comes out of placing: where everything stands, and what could not be placed and why."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from stripe_dsl.ir.assets import Asset
from stripe_dsl.ir.scene import Layer, Spot
from stripe_dsl.scene.poisson import HEXAGONAL_LIMIT, RANDOM_LIMIT
from stripe_dsl.scene.rules import Share, percent

type Floats = NDArray[np.float64]
type Ints = NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Instances:
    """What stands in a layer, n instances in a fixed order. Frame: the scene's, z up.

    Attributes:
        layer: as it was described.
        assets: what they look like; ``asset`` counts in it.
        position: of their origins, shape (n, 3) [m].
        rotation: quaternions (x, y, z, w) of unit length, shape (n, 4).
        scale: factor for all lengths, shape (n,).
        asset: which of the assets, shape (n,).
        variety: which of a grown asset's shapes, shape (n,).
        species: which of the layer's species, shape (n,).
        age: of grown trees, of the dead when they died; NaN for all others, shape (n,) [years].
        dead: shape (n,).
        tint: relative change of brightness, shape (n,).
        footprint: radius of the circle about the position that contains what is solid, shape (n,) [m].
        crown: radius of the circle that contains all of it, shape (n,) [m].
        sunk: how far below the ground it stands by its pose, shape (n,) [m].
        group: number of the cluster, -1 for none, shape (n,).
    """

    layer: Layer
    assets: tuple[Asset, ...]
    position: Floats
    rotation: Floats
    scale: Floats
    asset: Ints
    variety: Ints
    species: Ints
    age: Floats
    dead: NDArray[np.bool_]
    tint: Floats
    footprint: Floats
    crown: Floats
    sunk: Floats
    group: Ints

    def __len__(self) -> int:
        return len(self.position)


@dataclass(frozen=True, slots=True)
class Report:
    """How placing a species went.

    Attributes:
        layer, species: their names.
        asked: how many were wanted: of a density its product with the suitability over the ground.
        placed: how many stand; of trees that grew, after the first seeding.
        grown: how many living ones stand after growing, of trees that grew.
        thinned: how many a cover's budget left out before placing.
        room: share of the ground that suits: the mean suitability, 0..1.
        shares: what each rule takes of the ground.
    """

    layer: str
    species: str
    asked: int
    placed: int
    grown: int | None = None
    thinned: int = 0
    room: float = 1.0
    shares: tuple[Share, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """What a scene asks for and cannot have.

    Attributes:
        kind: ``packing`` (more than the spacing can hold, found before sampling), ``many`` (more than is placed at
            all), ``nowhere`` (no ground suits), ``short`` (fewer than wanted), ``spot`` (a place that the file names
            and a rule excludes), ``outside`` (such a place beyond the scene) or ``extinct`` (no tree lives at the end).
        layer: that it is about.
        species: its name; the layer's, where it has but one.
        asked, placed: instances.
        limiting: the rule that took most of the ground, where one did.
        limit: of ``packing`` and ``many``: the most instances that can stand.
        spacing: of ``packing`` and ``short``: the least distance of two [m].
        spot: of ``spot`` and ``outside``.
        warning: the layer is placed as well as it goes (``best effort``).
    """

    kind: str
    layer: Layer
    species: str
    asked: int = 0
    placed: int = 0
    limiting: Share | None = None
    limit: int = 0
    spacing: float = 0.0
    spot: Spot | None = None
    warning: bool = field(default=False)

    @property
    def name(self) -> str:
        """Of the layer, and of the species where it has several."""
        return self.layer.name if len(self.layer.species) == 1 else f"{self.layer.name}.{self.species}"

    @property
    def message(self) -> str:
        """One sentence: ``rocks: 7 of 12 placed; avoid canopy by 0.5 m excluded 68 %``."""
        reason = self.limiting.text if self.limiting is not None else ""
        match self.kind:
            case "packing":
                return (
                    f"{self.name}: {self.asked} asked for, but at a spacing of {self.spacing:g} m no more than "
                    f"{self.limit} have room: placed at random {RANDOM_LIMIT / self.spacing**2:.3g} /m2, in the "
                    f"densest grid {HEXAGONAL_LIMIT / self.spacing**2:.3g} /m2"
                )
            case "many":
                return f"{self.name}: {self.asked} asked for; a layer holds {self.limit} of a kind at most"
            case "nowhere":
                return f"{self.name}: no place in the scene suits; {reason or 'its rules exclude each other'}"
            case "spot":
                assert self.spot is not None
                rule = self.limiting.rule.text if self.limiting is not None else "its rules"
                return f"{self.name}: the place at {_at(self.spot)} is excluded by `{rule}`"
            case "outside":
                assert self.spot is not None
                return f"{self.name}: the place at {_at(self.spot)} is outside of the scene"
            case "extinct":
                return f"{self.name}: none of {self.asked} trees or of their seeds lives after {self.layer.years} years"
            case _:
                why = reason or f"the spacing of {self.spacing:g} m leaves no room"
                return f"{self.name}: {self.placed} of {self.asked} placed; {why}"


def _at(spot: Spot) -> str:
    return f"({spot.at[0]:g}, {spot.at[1]:g}) m"


def described(report: Report) -> str:
    """One line of a report: ``rocks: 12 of 12; avoid canopy by 0.5 m excluded 68 %, slope < 30 deg 4 %``."""
    taking = sorted((share for share in report.shares if share.excluded >= 0.0005), key=lambda share: -share.excluded)
    name = report.layer if report.layer == report.species else f"{report.layer}.{report.species}"
    line = f"{name}: {report.placed} of {report.asked}"
    if report.grown is not None:
        line += f" seeded, {report.grown} after growing"
    if report.thinned:
        line += f" ({report.thinned} more were thinned out)"
    if taking:
        first, *rest = taking
        line += "; " + ", ".join([first.text, *(f"{share.rule.text} {percent(share.excluded)}" for share in rest)])
    return line
