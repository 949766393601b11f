"""One scene with a terrain: its block to the record that synthesis takes."""

from __future__ import annotations

from math import atan2

from stripe_dsl.check.constants import Settings
from stripe_dsl.check.rotations import rotation
from stripe_dsl.check.scenes.assets import Assets
from stripe_dsl.check.scenes.layers import Layers
from stripe_dsl.check.scenes.names import LAYERS, collect
from stripe_dsl.check.scenes.spots import Spots
from stripe_dsl.check.scenes.terrain import TerrainCheck
from stripe_dsl.check.scenes.words import Pair, in_metres, point
from stripe_dsl.check.scenes.zones import Zones
from stripe_dsl.check.world import NEEDS_TERRAIN, first_span
from stripe_dsl.ir.program import Light
from stripe_dsl.ir.scene import Scene, Spawn
from stripe_dsl.ir.terrain import Tiles
from stripe_dsl.spec.modules import Module
from stripe_dsl.spec.scene import SceneSpec
from stripe_dsl.units import LENGTH

SIDE = 10_000.0
"""Longest side [m]."""


def terrain_scene(
    name: str, spec: SceneSpec, module: Module, settings: Settings, lights: tuple[Light, ...]
) -> Scene | None:
    """The record of a scene with a terrain; ``None`` after a mistake was reported.

    Args:
        module: the file that defines the scene.
    """
    report = settings.report
    before = len(report.diagnostics)
    if spec.ground is not None:
        help = "remove `ground`, or `terrain`"
        report.error("E0202", "a scene has either `ground plane` or a `terrain`", spec.ground.span, help)
    first, *others = spec.terrain
    for other in others:
        report.error("E0202", "a scene has one terrain", other.span, "put all of it into one block")
    block = spec.terrain[first]
    tiled = block.tiles is not None
    if tiled:
        for key in NEEDS_TERRAIN:
            if key not in ("seed", "shared") and getattr(spec, key):
                span = first_span(getattr(spec, key)) or spec.span
                help = "a ground of tiles is made by Isaac Lab when the simulator starts"
                report.error("E0309", f"`{key}` has no place on `tiles`", span, help)
    size = _size(spec, settings, tiled=tiled)
    spawn = _spawn(spec, settings, size)
    names = collect(spec, report)
    terrain = TerrainCheck(first, block, settings, names, size).run()
    if terrain.tiles is not None:
        size = _of_tiles(terrain.tiles)
    drawn = Zones(settings, names, size, spawn)
    zones = [zone for key, item in spec.zone.items() if (zone := drawn.zone(key, item)) is not None]
    water = [item for key, value in spec.water.items() if (item := drawn.water(key, value)) is not None]
    assets = Assets(settings, {**module.document.asset, **spec.asset}, module)
    spots = Spots(settings, {zone.name: zone for zone in zones}, size)
    read = Layers(settings, names, assets, spots, size)
    layers = {}
    for kind in LAYERS:
        for key, item in getattr(spec, kind).items():
            layers[str(key)] = read.layer(kind, key, item)
    for key, item in spec.asset.items():
        assets.block(str(key), item)  # one that nobody uses is checked all the same
    maps = tuple(drawn.map(key, item) for key, item in spec.map.items())
    wanted = [drawn.requirement(phrase, [str(key) for key in spec.map]) for phrase in spec.require]
    order = names.ordered()
    variants = settings.whole(spec.variants, "variants", 1)
    seed = settings.whole(spec.seed, "seed", 0, least=0)
    if spec.shared and spec.variants is not None:
        report.error("E0309", "a scene is `shared` or has `variants`", spec.variants.span, "keep one of them")
    if any(item.severity == "error" for item in report.diagnostics[before:]):
        return None
    return Scene(
        name=name,
        size=size,
        seed=seed,
        variants=variants,
        spawn=spawn,
        terrain=terrain,
        zones=tuple(zones),
        water=tuple(water),
        layers=tuple(layer for key in names.kinds if (layer := layers.get(key)) is not None),
        maps=maps,
        requires=tuple(item for item in wanted if item is not None),
        lights=lights,
        order=order,
        boxes=spec.boxes,
        span=spec.span,
    )


def check_assets(module: Module, settings: Settings) -> None:
    """Checks the ``asset`` blocks of a file."""
    assets = Assets(settings, module.document.asset, module)
    for name, item in module.document.asset.items():
        assets.block(str(name), item)


def _size(spec: SceneSpec, settings: Settings, *, tiled: bool) -> Pair:
    """``size 50 m x 50 m``."""
    if spec.size is None:
        if not tiled:
            settings.report.error("E0214", "the scene does not say its `size`", spec.span, "add `size 50 m x 50 m`")
        return 50.0, 50.0
    found = settings.pair_of(spec.size, LENGTH, "size")
    if found is None:
        return 50.0, 50.0
    if min(found) <= 0 or max(found) > SIDE:
        settings.report.error("E0309", f"the sides of a scene are above zero and at most {SIDE:g} m", spec.size.span)
        return 50.0, 50.0
    return found


def _of_tiles(tiles: Tiles) -> Pair:
    """All tiles together; rows lie along x as Isaac Lab has them."""
    return tiles.rows * tiles.size, tiles.columns * tiles.size


def _spawn(spec: SceneSpec, settings: Settings, size: Pair) -> Spawn:
    """``spawn at (25, 25) m facing 90 deg``; the middle where nothing is said."""
    middle = (size[0] / 2, size[1] / 2)
    if spec.spawn is None:
        return Spawn(at=middle)
    at = middle
    if spec.spawn.at is not None:
        found = point(settings, in_metres(spec.spawn.at), "at")
        at = middle if found is None else found
        if not all(0 <= value <= length for value, length in zip(at, size, strict=True)):
            help = f"it reaches from (0, 0) to ({size[0]:g}, {size[1]:g}) m"
            where = f"({at[0]:g}, {at[1]:g}) m"
            settings.report.error("E0706", f"{where} is outside of the scene", spec.spawn.at.span, help)
            at = middle
    x, y, z, w = rotation(settings, spec.spawn.facing)
    return Spawn(at=at, yaw=2 * atan2(z, w) if not (x or y) else 0.0)
