"""Points of zones that are drawn once, when a scene is baked: where robots may begin, and goals that they can reach."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy import ndimage

from stripe_dsl.diagnostics import Diagnostic
from stripe_dsl.ir.rules import SOLID
from stripe_dsl.ir.scene import FREE, POINT, SPOTS
from stripe_dsl.scene.grid import Field, Points
from stripe_dsl.scene.layout import Layout
from stripe_dsl.scene.require import SPAWN, Mask, Ways, mask_of, ways_of
from stripe_dsl.scene.streams import stream

_EIGHT = np.ones((3, 3), dtype=bool)
_TRIES = 40


class NoSpotError(Exception):
    """A zone without such a point; the message says why."""


def is_spot(name: str) -> bool:
    """Whether a field that a task reads is a table of points."""
    return name.rpartition(".")[2].startswith((POINT, FREE)) and not name.startswith("ground.")


def spots(name: str, layout: Layout, maps: Mapping[str, Field]) -> Points:
    """``SPOTS`` points of a zone, evenly spread, shape (n, 2) [m].

    Args:
        name: ``clearing.point``, or ``clearing.free_600mm``: free of solids and within reach of the spawn for something
            of that width.
        maps: what ``build_maps`` gives.

    Raises:
        NoSpotError: if there is none.
    """
    zone, _, what = name.rpartition(".")
    random = stream(layout.seed, layout.scene.name, zone, what)
    size = layout.scene.size
    if what == POINT:
        found = layout.zones[zone].draw(random, SPOTS, size)
        if not len(found):
            raise NoSpotError(f"nothing of `{zone}` lies in the scene")
        return found
    width = int(what.removeprefix(f"{FREE}_").removesuffix("mm")) / 1000
    ways = ways_of(layout, maps, "traversability" if "traversability" in maps else None)
    reached = _reached(ways, layout, width)
    if not (reached & mask_of(zone, layout)).any():
        raise NoSpotError(f"no ground of `{zone}` is in reach of the spawn for something {width:g} m wide")
    grid, out = layout.ground.grid, np.empty((0, 2))
    for _ in range(_TRIES):
        darts = layout.zones[zone].draw(random, SPOTS, size)
        column, row = np.rint(darts / grid.cell).astype(np.int64).T
        room = layout.surroundings.distance(SOLID, darts)
        out = np.concatenate((out, darts[reached[row, column] & (room > 0) & (room >= width / 2)]))
        if len(out) >= SPOTS:
            return out[:SPOTS]
    if not len(out):
        raise NoSpotError(f"next to nothing of `{zone}` is free for something {width:g} m wide")
    return out[random.integers(len(out), size=SPOTS)]  # of little ground the same points come again


def no_spots(layout: Layout, maps: Mapping[str, Field]) -> list[Diagnostic]:
    """What a task draws from and finds empty."""
    found = []
    for name in filter(is_spot, layout.scene.reads):
        try:
            spots(name, layout, maps)
        except NoSpotError as problem:
            zone = next(item for item in layout.scene.zones if item.name == name.rpartition(".")[0])
            help = "make room in it, or a way to it: `stripec map` shows what stands where"
            found.append(Diagnostic("E0703", str(problem), zone.span, helps=(help,)))
    return found


def _reached(ways: Ways, layout: Layout, width: float) -> Mask:
    """Vertices to which there is a way from where the scene spawns."""
    label = np.zeros(ways.open.shape, dtype=np.int32)
    ndimage.label(ways.free(width), _EIGHT, output=label)
    begun = np.setdiff1d(label[mask_of(SPAWN, layout)], [0])
    if not len(begun):
        raise NoSpotError(f"there is no room for something {width:g} m wide where the scene spawns")
    return np.isin(label, begun)
