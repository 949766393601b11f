"""Placing one layer: trees, scatter, cover or places that the file names."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stripe_dsl.ir.scene import Layer, Species
from stripe_dsl.scene import clusters, growth, poisson
from stripe_dsl.scene.extents import Looks, Measure, extent, uniform
from stripe_dsl.scene.placements import Instances, Problem, Report
from stripe_dsl.scene.rules import Suitability
from stripe_dsl.scene.standing import Rows, stand
from stripe_dsl.scene.streams import stream
from stripe_dsl.scene.surroundings import Surroundings

MOST = 2_000_000
"""Instances of one species that are placed at all: a GiB of memory, about."""


@dataclass
class Placer:
    """Places a layer of a scene.

    Attributes:
        seed: of the variant.
        scene: its name.
        around: what stands already.
        measure: sizes of assets.
    """

    seed: int
    scene: str
    around: Surroundings
    measure: Measure = extent

    def place(self, layer: Layer) -> tuple[Instances, list[Report], list[Problem]]:
        """What stands of a layer, how placing it went, and what is wrong."""
        match layer.kind:
            case "trees":
                return self._trees(layer)
            case "place":
                return self._spots(layer)
            case _:
                return self._scatter(layer)

    def random(self, layer: Layer, *use: str) -> np.random.Generator:
        """The random numbers of one use in a layer."""
        return stream(self.seed, self.scene, layer.name, *use)

    def suitability(self, layer: Layer, species: Species, own: float) -> Suitability:
        """How well the ground suits a species whose footprints have about this radius [m]."""
        return Suitability(species.rules, self.around, (self.seed, self.scene, layer.name, species.name), own)

    # ---- how many

    def _wanted(self, layer: Layer, species: Species, where: Suitability) -> int:
        if species.count is not None:
            low, high = species.count
            return int(self.random(layer, species.name, "count").integers(low, high + 1))
        return round((species.density or 0.0) * where.integral)

    def _refused(self, layer: Layer, species: Species, looks: Looks, asked: int) -> Problem | None:
        """A number that the spacing cannot hold, whatever the rules leave."""
        spacing, limit = self._limit(looks)
        if asked > MOST:
            return Problem("many", layer, species.name, asked, 0, limit=MOST)
        if asked <= limit + 2 * np.sqrt(limit) or layer.best_effort:
            return None  # what random placing reaches in a small scene varies by chance
        return Problem("packing", layer, species.name, asked, 0, limit=limit, spacing=spacing)

    def _limit(self, looks: Looks) -> tuple[float, int]:
        """The usual spacing [m], and how many that have it find room in the scene."""
        spacing = float(np.sqrt((looks.weights * looks.spacing**2).sum()))
        return spacing, poisson.most(self.around.size, spacing)

    def _thrown(self, asked: int, looks: Looks) -> int:
        """How many are thrown of those that are asked for: no more than could have room."""
        limit = self._limit(looks)[1]
        return min(asked, int(limit + 4 * np.sqrt(limit)))

    def _short(
        self, layer: Layer, species: Species, where: Suitability, asked: int, placed: int, spacing: float
    ) -> list[Problem]:
        soft = layer.best_effort or layer.kind == "cover"
        if placed < asked:
            limiting = where.limiting
            if limiting is not None and limiting.excluded < 0.05:
                limiting = None  # then it was the spacing
            kind = "nowhere" if where.mean == 0 else "short"
            return [Problem(kind, layer, species.name, asked, placed, limiting, spacing=spacing, warning=soft)]
        if asked == 0 and species.density and where.mean == 0:
            return [Problem("nowhere", layer, species.name, 0, 0, where.limiting, warning=soft)]
        return []

    # ---- kinds of layers

    def _scatter(self, layer: Layer) -> tuple[Instances, list[Report], list[Problem]]:
        species = layer.species[0]
        looks = Looks.of(species.choices, species, self.measure)
        mean_scale = sum(species.pose.scale) / 2
        where = self.suitability(layer, species, float((looks.weights * looks.footprints).sum()) * mean_scale)
        wanted = self._wanted(layer, species, where)
        asked = wanted if layer.budget is None else min(wanted, layer.budget)
        problem = self._refused(layer, species, looks, asked)
        if problem is not None:
            report = Report(layer.name, species.name, asked, 0, room=where.mean, shares=where.shares)
            return self._none(layer), [report], [problem]
        tried = self._thrown(asked, looks)
        choice = looks.drawn(self.random(layer, "assets"), tried)
        scale = uniform(self.random(layer, "scale"), species.pose.scale, tried)
        own, spacing = looks.footprints[choice] * scale, looks.spacing[choice]
        random = self.random(layer, "positions")
        if layer.cluster is not None:
            thrown, group = clusters.sample(
                random, spacing, where, count=layer.cluster.count, spread=layer.cluster.radius, own=own
            )
        else:
            thrown = poisson.sample(random, spacing, where, own=own)
            group = np.full(len(thrown.items), -1)
        items = thrown.items
        rows = Rows(
            points=thrown.points,
            scale=scale[items],
            choice=choice[items],
            species=np.zeros(len(items), dtype=np.int64),
            group=group,
        )
        placed = len(items)
        report = Report(
            layer.name, species.name, asked, placed, thinned=wanted - asked, room=where.mean, shares=where.shares
        )
        problems = self._short(layer, species, where, asked, placed, float(spacing.max(initial=0.0)))
        return self._stand(layer, [looks], rows), [report], problems

    def _trees(self, layer: Layer) -> tuple[Instances, list[Report], list[Problem]]:
        looks = [Looks.of(species.choices, species, self.measure) for species in layer.species]
        own = np.array(
            [float(look.footprints.max()) * one.pose.scale[1] for look, one in zip(looks, layer.species, strict=True)]
        )
        wheres = tuple(
            self.suitability(layer, species, float(radius)) for species, radius in zip(layer.species, own, strict=True)
        )
        asked = [self._wanted(layer, one, where) for one, where in zip(layer.species, wheres, strict=True)]
        problems = [
            problem
            for species, look, count in zip(layer.species, looks, asked, strict=True)
            if (problem := self._refused(layer, species, look, count)) is not None
        ]
        reports = [
            Report(layer.name, one.name, count, 0, room=where.mean, shares=where.shares)
            for one, count, where in zip(layer.species, asked, wheres, strict=True)
        ]
        if problems:
            return self._none(layer), reports, problems
        tried = [self._thrown(count, look) for count, look in zip(asked, looks, strict=True)]
        kinds = np.repeat(np.arange(len(asked)), tried)
        spacing = np.array([one.spacing for one in layer.species])
        thrown = poisson.sample(self.random(layer, "positions"), spacing[kinds], wheres, kinds=kinds, own=own[kinds])
        kinds = kinds[thrown.items]
        placed = np.bincount(kinds, minlength=len(asked))
        problems = [
            problem
            for index, species in enumerate(layer.species)
            for problem in self._short(
                layer, species, wheres[index], asked[index], int(placed[index]), float(spacing.max())
            )
        ]
        stand = growth.Stand(thrown.points, kinds, np.full(len(kinds), np.nan), np.zeros(len(kinds), dtype=np.bool_))
        lives = [species.growth for species in layer.species]
        grown: list[int | None] = [None] * len(asked)
        if layer.years > 0:
            life = [
                growth.Kind(
                    one,
                    float(spacing[index]),
                    wheres[index],
                    float(own[index]),
                    asked[index],
                    species.dead_share,
                    self._wood(species),
                )
                for index, species in enumerate(layer.species)
                if (one := species.growth) is not None
            ]
            assert len(life) == len(lives), "species of a layer that grows have a life"
            ages = growth.first_ages(self.random(layer, "ages"), life, kinds)
            stand = growth.grow(self.random(layer, "growth"), life, thrown.points, kinds, ages, layer.years)
            living = np.bincount(stand.species[~stand.dead], minlength=len(asked))
            grown = [int(count) for count in living]
            problems += [
                Problem("extinct", layer, species.name, asked[index], 0, warning=layer.best_effort)
                for index, species in enumerate(layer.species)
                if asked[index] and not grown[index]
            ]
        rows = self._grown_rows(layer, looks, stand)
        reports = [
            Report(
                layer.name, one.name, asked[i], int(placed[i]), grown[i], room=wheres[i].mean, shares=wheres[i].shares
            )
            for i, one in enumerate(layer.species)
        ]
        return self._stand(layer, looks, rows), reports, problems

    def _wood(self, species: Species) -> float:
        """Radius of the largest footprint of what dead trees of a species leave [m]."""
        if not species.dead:
            return 0.0
        return float(Looks.of(species.dead, species, self.measure).footprints.max()) * species.pose.scale[1]

    def _grown_rows(self, layer: Layer, looks: list[Looks], stand: growth.Stand) -> Rows:
        """Trees with sizes and looks; those of dead ones are behind those of the living in each species' choices."""
        count = len(stand.points)
        scale, choice = np.ones(count), np.zeros(count, dtype=np.int64)
        for index, species in enumerate(layer.species):
            mine = np.flatnonzero(stand.species == index)
            scale[mine] = uniform(self.random(layer, species.name, "scale"), species.pose.scale, len(mine))
            if layer.years > 0 and species.growth is not None:
                scale[mine] *= growth.size(species.growth, stand.ages[mine])
            choice[mine] = looks[index].drawn(self.random(layer, species.name, "assets"), len(mine))
            gone = mine[stand.dead[mine]]
            if len(gone):
                wood = Looks.of(species.dead, species, self.measure)
                choice[gone] = len(species.choices) + wood.drawn(self.random(layer, species.name, "dead"), len(gone))
        return Rows(stand.points, scale, choice, stand.species, np.full(count, -1), stand.ages, stand.dead)

    def _spots(self, layer: Layer) -> tuple[Instances, list[Report], list[Problem]]:
        species = layer.species[0]
        looks = Looks.of(species.choices, species, self.measure)
        count = len(layer.spots)
        choice = looks.drawn(self.random(layer, "assets"), count)
        scale = uniform(self.random(layer, "scale"), species.pose.scale, count)
        points = np.array([spot.at for spot in layer.spots], dtype=np.float64).reshape(-1, 2)
        own = looks.footprints[choice] * scale
        where = self.suitability(layer, species, float(own.mean()) if count else 0.0)
        inside = self.around.ground.grid.contains(points)
        suits = where(points, own)
        luck = self.random(layer, "positions").random(count)
        exact = np.array([spot.exact for spot in layer.spots], dtype=np.bool_)
        stays = inside & np.where(exact, suits > 0, luck < suits)
        problems: list[Problem] = []
        for row in np.flatnonzero(exact & ~stays):
            spot = layer.spots[row]
            if not inside[row]:
                problems.append(Problem("outside", layer, species.name, 1, 0, spot=spot, warning=layer.best_effort))
                continue
            limiting = next(
                (share for share in where.shares if where.excludes(share.rule, points[row], own[row])), None
            )
            problems.append(Problem("spot", layer, species.name, 1, 0, limiting, spot=spot, warning=layer.best_effort))
        kept = np.flatnonzero(stays)
        rows = Rows(
            points[kept], scale[kept], choice[kept], np.zeros(len(kept), dtype=np.int64), np.full(len(kept), -1)
        )
        rows.first = np.array([spot.rotation for spot in layer.spots], dtype=np.float64).reshape(-1, 4)[kept]
        rows.z = np.array([np.nan if spot.z is None else spot.z for spot in layer.spots])[kept]
        report = Report(layer.name, species.name, count, len(kept), room=where.mean, shares=where.shares)
        if count and not len(kept) and not problems:
            problems = self._short(layer, species, where, count, 0, 0.0)
        return self._stand(layer, [looks], rows), [report], problems

    def _none(self, layer: Layer) -> Instances:
        empty = np.empty(0, dtype=np.int64)
        looks = [Looks.of(species.choices, species, self.measure) for species in layer.species]
        return self._stand(layer, looks, Rows(np.empty((0, 2)), np.empty(0), empty, empty, empty))

    def _stand(self, layer: Layer, looks: list[Looks], rows: Rows) -> Instances:
        return stand(layer, looks, rows, self.around.ground, self.measure, lambda *use: self.random(layer, *use))
