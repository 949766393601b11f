"""A scene with everything in its place: from its description to ground, zones and instances.

Layers are placed one after the other in the order of what they read. Each use of random numbers has a stream of its
own, so that a layer which nobody reads changes nothing but itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from stripe_dsl.ir import scene as ir
from stripe_dsl.scene.extents import Measure, extent
from stripe_dsl.scene.ground import Ground
from stripe_dsl.scene.layers import Placer
from stripe_dsl.scene.placements import Instances, Problem, Report, described
from stripe_dsl.scene.poisson import Floats
from stripe_dsl.scene.rules import Suitability, holds
from stripe_dsl.scene.standing import crowd
from stripe_dsl.scene.steps import step
from stripe_dsl.scene.streams import variant_seed
from stripe_dsl.scene.surroundings import Crowd, Surroundings, vertices
from stripe_dsl.scene.zones import Raster, Zone, shaped


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """A scene whose instances have been placed.

    Attributes:
        scene: what was asked for.
        variant: which of its variants, from 0.
        ground: heights and the fields that follow from them.
        zones: with water, by name.
        layers: instances of each layer, by name, in the order in which they were placed.
        reports: how it went, one for each species.
        problems: what could not be placed as asked; the layout is complete but for that.
    """

    scene: ir.Scene
    variant: int
    ground: Ground
    zones: Mapping[str, Zone]
    layers: Mapping[str, Instances]
    reports: tuple[Report, ...]
    problems: tuple[Problem, ...]

    @property
    def seed(self) -> int:
        """Of this variant."""
        return variant_seed(self.scene.seed, self.variant)

    @property
    def failed(self) -> bool:
        """Whether something is missing that is not left to ``best effort``."""
        return any(not problem.warning for problem in self.problems)

    @property
    def surroundings(self) -> Surroundings:
        """What a rule may read when all is placed."""
        crowds: dict[str, Crowd] = {name: crowd(found, self.scene.size) for name, found in self.layers.items()}
        return Surroundings(self.ground, dict(self.zones), crowds)

    def suitability(self, layer: str, species: str) -> Floats:
        """How well the ground suits a species, at the vertices of the grid, shape (ny, nx), 0..1."""
        owner = next(one for one in self.scene.layers if one.name == layer)
        kind = next(one for one in owner.species if one.name == species)
        grid, found = self.ground.grid, self.layers[layer]
        mine = found.footprint[found.species == owner.species.index(kind)]
        own = float(mine.mean()) if len(mine) else 0.0
        where = Suitability(kind.rules, self.surroundings, (self.seed, self.scene.name, layer, species), own)
        points = vertices(grid)
        return where(points, np.full(len(points), own)).reshape(grid.shape)

    def text(self) -> str:
        """The reports, a line for each species."""
        return "\n".join(described(report) for report in self.reports)


def build_layout(scene: ir.Scene, variant: int = 0, *, ground: Ground, measure: Measure = extent) -> Layout:
    """Places everything in a scene.

    Args:
        scene: checked, so that all names are known and nothing reads itself.
        variant: which of its variants; :func:`variant_seed` has the seed of each.
        ground: of this variant.
        measure: sizes of assets; those of files have to be read.

    Raises:
        stripe_dsl.scene.rules.RuleError: if a function of the user's cannot be used.
    """
    seed = variant_seed(scene.seed, variant)
    around = Surroundings(ground)
    placer = Placer(seed, scene.name, around, measure)
    zones = {zone.name: zone for zone in scene.zones}
    waters = {water.name: water for water in scene.water}
    layers = {layer.name: layer for layer in scene.layers}
    placed: dict[str, Instances] = {}
    reports: list[Report] = []
    problems: list[Problem] = []
    for name in scene.order or (*zones, *waters, *layers):
        step(f"placing {name}" if name in layers else f"finding {name}")
        if name in zones:
            around.zones[name] = zone_of(zones[name], around, seed, scene.name)
        elif name in waters:
            around.zones[name] = _water(waters[name], around)
        else:
            found, told, wrong = placer.place(layers[name])
            placed[name], around.crowds[name] = found, crowd(found, scene.size)
            reports += told
            problems += wrong
    return Layout(scene, variant, ground, dict(around.zones), placed, tuple(reports), tuple(problems))


def zone_of(zone: ir.Zone, around: Surroundings, seed: int, scene: str) -> Zone:
    """A zone of the language as a shape, or as what its rules leave of the ground."""
    made = shaped(zone)
    if made is not None:
        return made
    assert isinstance(zone, ir.Region)
    return Raster(around.ground.grid, holds(zone.rules, around, (seed, scene, zone.name)) >= 0.5)


def _water(water: ir.Water, around: Surroundings) -> Raster:
    under = around.ground.height < water.level
    if water.zone is not None:
        under &= around.zones[water.zone].mask(around.ground.grid)
    return Raster(around.ground.grid, under)
