"""Scenes for the tests of placing, written as the records that checking makes."""

from __future__ import annotations

from dataclasses import replace
from math import pi, radians

import numpy as np

from stripe_dsl.ir import rules, scene
from stripe_dsl.ir.assets import Asset, Choice, Grown, Part, Pose, Solid
from stripe_dsl.ir.terrain import Moisture, Surface, Terrain
from stripe_dsl.scene.grid import Grid
from stripe_dsl.scene.ground import Ground
from stripe_dsl.scene.layout import Layout, build_layout

BROWN = (0.4, 0.3, 0.2)
TERRAIN = Terrain(
    name="ground",
    cell=0.5,
    relief=(),
    terraces=None,
    drainage=None,
    micro=None,
    moisture=Moisture(),
    surface=Surface(friction=(1.0, 1.0), restitution=0.0, color=BROWN, label="ground"),
)
LIFE = scene.Growth(lifespan=85, mature=20, decline=70, seeds=2, reach=7)


def rolling(size: tuple[float, float], cell: float = 0.5, height: float = 3.0) -> Ground:
    """Hills of 20 m wavelength, ``height`` from valley to peak."""
    grid = Grid.of(size, cell)
    x, y = grid.coordinates()
    return Ground(grid, height / 4 * (np.sin(x * 2 * pi / 20) + np.cos(y * 2 * pi / 20)))


def flat(size: tuple[float, float], cell: float = 0.5) -> Ground:
    """Level ground at height 0."""
    grid = Grid.of(size, cell)
    return Ground(grid, np.zeros(grid.shape))


def conifer(name: str = "pine", height: float = 8.0, radius: float = 1.2) -> Asset:
    grown = Grown(
        kind="conifer",
        height=height,
        radius=radius,
        length=0,
        trunk=0.15,
        color=(0.1, 0.4, 0.1),
        bark=BROWN,
        rough=0.1,
        variety=3,
    )
    return Asset(name=name, label="tree", grown=grown, radius=radius, height=height)


def ball(name: str, radius: float = 0.4, label: str | None = None) -> Asset:
    part = Part(kind="sphere", radius=radius, at=(0, 0, radius), color=BROWN)
    return Asset(name=name, label=label or name, parts=(part,), radius=radius, height=2 * radius)


def species(
    name: str,
    *assets: Asset | Choice,
    density: float | None = None,
    count: tuple[int, int] | None = None,
    spacing: float = 1.0,
    rule: tuple[rules.Rule, ...] = (),
    solid: Solid = Solid(kind="hull"),  # noqa: B008
    pose: Pose = Pose(yaw=(-pi, pi)),  # noqa: B008
    **more,
) -> scene.Species:
    choices = tuple(one if isinstance(one, Choice) else Choice(asset=one, weight=1 / len(assets)) for one in assets)
    return scene.Species(
        name=name,
        choices=choices,
        density=density,
        count=count,
        spacing=spacing,
        rules=rule,
        label=name,
        solid=solid,
        pose=pose,
        **more,
    )


def layer(name: str, *kinds: scene.Species, kind: str = "scatter", **more) -> scene.Layer:
    return scene.Layer(name=name, kind=kind, species=kinds, label=more.pop("label", name), **more)


def described(
    *layers: scene.Layer, size: tuple[float, float] = (50.0, 50.0), zones: tuple[scene.Zone, ...] = (), **more
) -> scene.Scene:
    names = (*(zone.name for zone in zones), *(one.name for one in layers))
    spawn = scene.Spawn(at=(size[0] / 2, size[1] / 2))
    return scene.Scene(
        name=more.pop("name", "wood"),
        size=size,
        seed=more.pop("seed", 7),
        variants=1,
        spawn=spawn,
        terrain=TERRAIN,
        zones=zones,
        layers=layers,
        order=more.pop("order", names),
        **more,
    )


def placed(what: scene.Scene, ground: Ground | None = None, variant: int = 0) -> Layout:
    return build_layout(what, variant, ground=ground or flat(what.size))


def avoid(target: str, distance: float = 0.0) -> rules.Avoid:
    return rules.Avoid(text=f"avoid {target} by {distance:g} m", target=target, distance=distance)


def below(name: str, limit: float) -> rules.Limit:
    return rules.Limit(text=f"{name} < {limit:g}", name=name, below=True, one=0.8 * limit, zero=limit)


def pine_forest(years: int = 70, size: tuple[float, float] = (50.0, 50.0)) -> scene.Scene:
    """The forest of the design: two species, rocks in groups, grass around the trees, a start and a trail."""
    zones = (
        scene.Circle(name="start", center=(size[0] / 2, size[1] / 2), radius=6.0),
        scene.Path(name="trail", points=((5.0, 5.0), (25.0, 20.0), (45.0, 45.0)), width=1.5),
    )
    apart = (avoid("start", 4.0), avoid("trail", 1.0))
    pose = Pose(yaw=(-pi, pi), scale=(0.8, 1.2), lean=(0.0, radians(3)))
    wet = rules.Gauss(text="moisture 0.16 +- 0.26", name="moisture", mean=0.16, std=0.26)
    tree = {"solid": Solid(kind="trunk", radius=0.1), "pose": pose, "growth": LIFE}
    pine = species(
        "pine",
        conifer(),
        density=0.05,
        spacing=1.8,
        rule=(*apart, wet, below("slope", radians(38))),
        dead=(Choice(asset=ball("snag", label="snag"), weight=1.0),),
        dead_share=0.2,
        **tree,
    )
    birch = species(
        "birch", conifer("birch"), density=0.03, spacing=1.6, rule=(*apart, wet, below("slope", radians(22))), **tree
    )
    rocks = species(
        "rocks",
        Choice(asset=ball("rock"), weight=0.55),
        Choice(asset=ball("stump", 0.3), weight=0.35),
        Choice(asset=ball("log", 0.5), weight=0.10),
        density=0.005,
        spacing=1.8,
        rule=(avoid("canopy", 0.5), avoid("start", 1.0)),
        pose=Pose(yaw=(-pi, pi), scale=(0.7, 1.5), align=1.0, sink=(0.2, 0.2)),
    )
    grass = species(
        "grass",
        ball("tuft", 0.1),
        density=1.0,
        spacing=0.3,
        solid=Solid(kind="visual"),
        rule=(
            rules.Fade(text="fade canopy 0.5 m to 2 m", target="canopy", none=0.5, full=2.0),
            below("slope", radians(35)),
        ),
    )
    return described(
        layer("canopy", pine, birch, kind="trees", years=years, needs=("start", "trail")),
        layer("rocks", rocks, cluster=scene.Cluster(count=(3, 6), radius=2.0), needs=("canopy", "start")),
        layer("grass", grass, kind="cover", budget=20_000, needs=("canopy",)),
        size=size,
        zones=zones,
    )


def with_layer(what: scene.Scene, more: scene.Layer) -> scene.Scene:
    """The scene with another layer, placed before all others where it can be."""
    zones = tuple(zone.name for zone in what.zones)
    order = (*zones, more.name, *what.order[len(zones) :])
    return replace(what, layers=(more, *what.layers), order=order)
