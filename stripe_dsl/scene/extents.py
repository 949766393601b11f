"""How large the things of a layer are, and which of them an instance is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from stripe_dsl.ir.assets import Asset, Choice, Part, Solid
from stripe_dsl.ir.scene import Species
from stripe_dsl.scene.poisson import Floats, Ints


@dataclass(frozen=True, slots=True)
class Extent:
    """How large an asset is at scale 1 [m].

    Attributes:
        radius: of the vertical cylinder about its origin that contains all of it.
        height: from the origin to its top.
        base: radius of the disc that stands on the ground.
    """

    radius: float
    height: float
    base: float


type Measure = Callable[[Asset], Extent]


def extent(asset: Asset) -> Extent:
    """Of an asset that is described by numbers.

    Raises:
        ValueError: if it is a file.
    """
    if asset.radius is None or asset.height is None:
        raise ValueError(f"the size of `{asset.name}` has to be measured")
    if asset.grown is not None:
        base = asset.grown.trunk if asset.grown.trunk > 0 else asset.radius
        return Extent(asset.radius, asset.height, base)
    feet = [part for part in asset.parts if _bottom(part) <= min(map(_bottom, asset.parts)) + 0.02]
    return Extent(asset.radius, asset.height, max((_foot(part) for part in feet), default=asset.radius))


def _bottom(part: Part) -> float:
    tall = {"box": part.size[2], "sphere": 2 * part.radius, "capsule": part.height + 2 * part.radius}
    return part.at[2] - tall.get(part.kind, part.height) / 2


def _foot(part: Part) -> float:
    off = float(np.hypot(part.at[0], part.at[1]))
    return off + (float(np.hypot(*part.size[:2])) / 2 if part.kind == "box" else part.radius)


@dataclass(frozen=True, slots=True)
class Looks:
    """Choices of a species as columns."""

    choices: tuple[Choice, ...]
    weights: Floats
    spacing: Floats
    extents: tuple[Extent, ...]
    footprints: Floats

    @staticmethod
    def of(choices: Sequence[Choice], species: Species, measure: Measure) -> Looks:
        extents = tuple(measure(choice.asset) for choice in choices)
        weights = np.array([choice.weight for choice in choices], dtype=np.float64)
        return Looks(
            tuple(choices),
            weights / weights.sum(),
            np.array([species.spacing if choice.spacing is None else choice.spacing for choice in choices]),
            extents,
            np.array(
                [
                    _footprint(touched(one.asset, species.solid), size)
                    for one, size in zip(choices, extents, strict=True)
                ]
            ),
        )

    def drawn(self, random: np.random.Generator, count: int) -> Ints:
        """Which choice each instance is."""
        return random.choice(len(self.choices), size=count, p=self.weights)


def touched(asset: Asset, solid: Solid) -> Solid:
    """What of an asset can be touched: what its species says, but a log or a stump has no trunk and is its hull."""
    if solid.kind == "trunk" and asset.grown is not None and asset.grown.trunk <= 0:
        return Solid(kind="hull")
    return solid


def _footprint(solid: Solid, size: Extent) -> float:
    if solid.radius is not None:
        return solid.radius
    return size.base if solid.kind == "trunk" else size.radius


def uniform(random: np.random.Generator, pair: tuple[float, float], count: int) -> Floats:
    """Draws from a range, shape (n,)."""
    return random.uniform(*pair, size=count) if pair[0] < pair[1] else np.full(count, float(pair[0]))
