"""The sheet of maps that says all of a scene: its ground, where layers suit, what stands where, where one can go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import ceil

import numpy as np
from numpy.typing import NDArray

from stripe_dsl.ir.assets import Asset
from stripe_dsl.scene import colors
from stripe_dsl.scene.canvas import Color
from stripe_dsl.scene.grid import Field
from stripe_dsl.scene.layout import Layout
from stripe_dsl.scene.picture import Panel, Sheet, Stand

_ORDER = ("cover", "place", "scatter", "trees")
"""Kinds of layers from what lies low to what stands over it."""
_PALER = 0.4
"""How much white is mixed into the ground's colours."""
_ALIKE = 40.0
"""Distance of two colours that are hard to tell apart, in 0..255 for each channel."""


def overview(layout: Layout, maps: Mapping[str, Field]) -> Sheet:
    """All panels of a scene, in the order in which it is made."""
    scene, ground = layout.scene, layout.ground
    size = f"{scene.size[0]:g} m x {scene.size[1]:g} m"
    relief = f"{np.ptp(ground.height):.2g} m of relief"
    standing = f"{sum(map(len, layout.layers.values())):,} things"
    which = f", variant {layout.variant} of {scene.variants}" if scene.variants > 1 else ""
    subtitle = f"{size}, seed {scene.seed}{which}, grid {100 * ground.grid.cell:.3g} cm, {relief}, {standing}"
    water = _water(layout)
    zones = [(zone.name, layout.zones[zone.name]) for zone in scene.zones]
    stands = list(_stands(layout))
    panels = [*_ground(layout, water)]
    for layer in scene.layers:
        for species in layer.species:
            if species.rules:
                name = layer.name if len(layer.species) == 1 else f"{layer.name}.{species.name}"
                suits = layout.suitability(layer.name, species.name)
                panels.append(Panel(f"Suitability: {name}", suits, colors.SUITABILITY, relief=0.25))
    panels.append(Panel("Layers and zones", relief=0.4, stands=stands, zones=zones, water=water))
    solids = list(_solids(layout))
    for name, values in maps.items():
        panels.append(Panel(f"Map: {name}", values, colors.WAY, relief=0.25, zones=zones, shadows=solids))
    return Sheet(scene.name, subtitle, ground.grid, ground.height, _surface(layout), panels)


def _ground(layout: Layout, water: NDArray[np.bool_]) -> Iterator[Panel]:
    ground = layout.ground
    low, high = float(ground.height.min()), float(ground.height.max())
    flat = high - low < 1e-9
    yield Panel("Height", ground.height, colors.HEIGHT, low, low + 1 if flat else high, "m", contours=True, water=water)
    slope = np.degrees(ground.slope)
    steep = 15.0 * max(1, ceil(float(np.quantile(slope, 0.99)) / 15))
    yield Panel("Slope", slope, colors.SLOPE, 0, steep, "deg", relief=0.25)
    least, most = ground.grid.cell**2, max(float(ground.flow.max()), 4 * ground.grid.cell**2)
    yield Panel("Upslope area", ground.flow, colors.WATER, least, most, "m2", log=True, relief=0.25)
    wettest = 0.1 * ceil(10 * float(ground.moisture.max()))
    yield Panel("Moisture", ground.moisture, colors.MOISTURE, 0, wettest, relief=0.25)
    for name, values in ground.extra.items():
        low, high = float(values.min()), float(values.max())
        yield Panel(name, values, colors.SUITABILITY, low, high if high > low else low + 1, relief=0.25)


def _surface(layout: Layout) -> NDArray[np.float64]:
    """The ground's colours at its vertices, shape (ny, nx, 3)."""
    terrain = layout.scene.terrain
    palette = np.array([terrain.surface.color, *(item.surface.color for item in terrain.classes)]) * 255
    palette = palette + _PALER * (255 - palette)  # so that what stands on it is seen
    classes = layout.ground.classes
    if classes is None:
        return np.broadcast_to(palette[0], (*layout.ground.grid.shape, 3))
    return palette[np.pad(classes, ((0, 1), (0, 1)), mode="edge")]


def _water(layout: Layout) -> NDArray[np.bool_]:
    under = np.zeros(layout.ground.grid.shape, dtype=np.bool_)
    for water in layout.scene.water:
        under |= layout.zones[water.name].mask(layout.ground.grid)
    return under


def _stands(layout: Layout) -> Iterator[Stand]:
    taken: list[Color] = []
    found: list[tuple[int, Stand]] = []
    for layer in sorted(layout.scene.layers, key=lambda layer: -_ORDER.index(layer.kind)):
        here, place = layout.layers[layer.name], _ORDER.index(layer.kind)
        for index, species in enumerate(layer.species):
            mine = (here.species == index) & ~here.dead
            taken.append(_color([choice.asset for choice in species.choices], taken))
            found.append((place, Stand(species.name, here.position[mine, :2], here.crown[mine], taken[-1])))
        if here.dead.any():
            wood = [choice.asset for species in layer.species for choice in species.dead]
            taken.append(_color(wood, taken))
            dead = Stand(f"dead {layer.name}", here.position[here.dead, :2], here.crown[here.dead], taken[-1])
            found.append((place, dead))
    yield from (stand for _, stand in sorted(found, key=lambda item: item[0]))


def _solids(layout: Layout) -> Iterator[Stand]:
    """What one runs into, as large as it is there."""
    for name, crowd in layout.surroundings.crowds.items():
        yield Stand(name, crowd.points[crowd.solid], crowd.footprints[crowd.solid], (0, 0, 0))


def _color(assets: list[Asset], taken: list[Color]) -> Color:
    """That of the first asset with one; lighter, darker or another one where a layer has one like it."""
    own = [asset.grown.color for asset in assets if asset.grown is not None]
    own += [asset.parts[-1].color for asset in assets if asset.parts]
    tones: list[Color] = []
    for red, green, blue in own[:1]:
        tones = [colors.mixed((red, green, blue)), colors.mixed([0.45 * value + 0.55 for value in (red, green, blue)])]
        tones.append(colors.mixed([0.45 * value for value in (red, green, blue)]))
    others = [colors.of_layer(number) for number in range(len(colors.LAYERS))]
    for color in [*tones, *others]:
        if all(sum((a - b) ** 2 for a, b in zip(color, other, strict=True)) > _ALIKE**2 for other in taken):
            return color
    return others[len(taken) % len(others)]
