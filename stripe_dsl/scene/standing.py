"""From places to instances: turned, sunk to the ground, with their looks; and what the layers below see of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from stripe_dsl.ir.assets import Asset, Choice
from stripe_dsl.ir.scene import Layer, Species
from stripe_dsl.scene import pose
from stripe_dsl.scene.extents import Extent, Looks, Measure, touched, uniform
from stripe_dsl.scene.grid import Points
from stripe_dsl.scene.ground import Ground
from stripe_dsl.scene.placements import Instances
from stripe_dsl.scene.poisson import Floats, Ints
from stripe_dsl.scene.surroundings import Crowd

type Streams = Callable[..., np.random.Generator]


@dataclass
class Rows:
    """What has a place, before it is turned."""

    points: Points
    scale: Floats
    choice: Ints
    species: Ints
    group: Ints
    age: Floats | None = None
    dead: NDArray[np.bool_] | None = None
    first: Floats | None = None
    z: Floats | None = None


def stand(layer: Layer, looks: list[Looks], rows: Rows, ground: Ground, measure: Measure, random: Streams) -> Instances:
    """Turns, sinks and dresses what has been placed.

    Args:
        layer: that it is of.
        looks: of the layer's species.
        rows: what has a place.
        ground: what it stands on.
        measure: sizes of assets.
        random: the layer's random numbers for a use.
    """
    count = len(rows.points)
    order: dict[str, int] = {}
    assets: list[Asset] = []
    asset, variety = np.zeros(count, dtype=np.int32), np.zeros(count, dtype=np.int32)
    rotation, tint, sunk = np.tile((0.0, 0.0, 0.0, 1.0), (count, 1)), np.zeros(count), np.zeros(count)
    footprint, crown, base = np.zeros(count), np.zeros(count), np.zeros(count)
    normals = ground.normal_at(rows.points)
    for index, species in enumerate(layer.species):
        mine = np.flatnonzero(rows.species == index)
        living = looks[index]
        wood = Looks.of(species.dead, species, measure) if species.dead else None
        choices = [*living.choices, *(wood.choices if wood else ())]
        extents = [*living.extents, *(wood.extents if wood else ())]
        prints = np.concatenate([living.footprints, wood.footprints if wood else np.empty(0)])
        for choice in choices:
            if choice.asset.name not in order:
                order[choice.asset.name] = len(assets)
                assets.append(choice.asset)
        which = rows.choice[mine]
        scale = rows.scale[mine]
        asset[mine] = np.array([order[choice.asset.name] for choice in choices], dtype=np.int32)[which]
        shapes = np.array([choice.asset.grown.variety if choice.asset.grown else 1 for choice in choices])[which]
        use = random(species.name, "looks")
        variety[mine] = np.minimum((use.random(len(mine)) * shapes).astype(np.int32), shapes - 1)
        tint[mine] = uniform(use, species.pose.tint, len(mine))
        footprint[mine] = prints[which] * scale
        crown[mine] = np.array([size.radius for size in extents])[which] * scale
        tall = np.array([size.height for size in extents])[which] * scale
        base[mine] = np.array(list(map(_base, choices, extents, [species] * len(choices))))[which] * scale
        turn = random(species.name, "pose")
        sunk[mine] = uniform(turn, species.pose.sink, len(mine)) * tall
        if species.pose.depth[1] > 0:
            sunk[mine] += uniform(turn, species.pose.depth, len(mine))
        first = rows.first[mine] if rows.first is not None else None
        rotation[mine] = pose.rotations(turn, species.pose, normals[mine], first)
        fallen = np.array([_lies(choice.asset) for choice in choices])[which]
        if rows.dead is not None and (fallen & rows.dead[mine]).any():  # a log lies on the ground, also on a slope
            logs = mine[fallen & rows.dead[mine]]
            flat = replace(species.pose, align=1.0, lean=(0.0, 0.0))
            rotation[logs] = pose.rotations(random(species.name, "fallen"), flat, normals[logs])
    z = pose.heights(ground, rows.points, rotation, base, sunk)
    if rows.z is not None:
        z = np.where(np.isnan(rows.z), z, rows.z)
    return Instances(
        layer=layer,
        assets=tuple(assets),
        position=np.column_stack([rows.points, z]),
        rotation=rotation,
        scale=rows.scale,
        asset=asset,
        variety=variety,
        species=rows.species.astype(np.int32),
        age=np.full(count, np.nan) if rows.age is None else rows.age,
        dead=np.zeros(count, dtype=np.bool_) if rows.dead is None else rows.dead,
        tint=tint,
        footprint=footprint,
        crown=crown,
        sunk=sunk,
        group=rows.group.astype(np.int32),
    )


def _base(choice: Choice, size: Extent, species: Species) -> float:
    """Radius of the disc that stands on the ground, at scale 1 [m]."""
    solid = touched(choice.asset, species.solid)
    if solid.kind in ("trunk", "cylinder") and solid.radius is not None:
        return min(solid.radius, size.radius)
    return size.base


def _lies(asset: Asset) -> bool:
    return asset.grown is not None and asset.grown.kind == "log"


def crowd(instances: Instances, size: tuple[float, float]) -> Crowd:
    """What a layer tells those that follow."""
    touches = np.array([species.solid.touches for species in instances.layer.species], dtype=np.bool_)
    return Crowd(
        instances.position[:, :2],
        instances.footprint,
        instances.crown,
        touches[instances.species] if len(instances) else np.empty(0, dtype=np.bool_),
        size,
    )
