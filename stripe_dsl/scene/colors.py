"""Colours of maps: ramps for fields, the relief's shade, and colours of layers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stripe_dsl.scene import fields
from stripe_dsl.scene.canvas import Color, Pixels
from stripe_dsl.scene.grid import Field

type Ramp = tuple[str, ...]
"""Colours at equal distances, blended linearly between."""

HEIGHT: Ramp = ("#3c6b58", "#6d9566", "#a9ba7f", "#d8cd9e", "#c6a87f", "#a07f63", "#efe8dc")
SLOPE: Ramp = ("#fbf8ee", "#f5dfa6", "#eda65f", "#cf5a41", "#7c1f3c")
WATER: Ramp = ("#f8f5ec", "#d5e3e6", "#8fbcd8", "#437fb5", "#153e70")
MOISTURE: Ramp = ("#cfa35f", "#ecdcb2", "#b9d4b2", "#589f9b", "#1d5a78")
SUITABILITY: Ramp = ("#f6f2e9", "#dbe5b8", "#95c381", "#3f8f60", "#134d42")
WAY: Ramp = ("#7a2036", "#d06b4c", "#f1cb7d", "#b5d189", "#479860")
LAYERS = ("#2f6b3f", "#7fa53a", "#8a8378", "#b5793c", "#6f5a9b", "#c2556b", "#3b7f9c", "#caa53d")
"""Of layers and species that say no colour of their own, in turn."""
ZONES = ("#d9483b", "#2b6cb0", "#8e44ad", "#d98e04", "#0f8b8d")


def rgb(code: str) -> Color:
    """``#RRGGBB`` as three numbers."""
    return int(code[1:3], 16), int(code[3:5], 16), int(code[5:7], 16)


def ramp(values: Field, colors: Ramp) -> NDArray[np.float64]:
    """Colours of values in 0..1, shape (ny, nx, 3), 0..255."""
    stops = np.linspace(0, 1, len(colors))
    channels = np.array([rgb(code) for code in colors], dtype=np.float64)
    inside = np.clip(values, 0, 1)
    return np.stack([np.interp(inside, stops, channels[:, k]) for k in range(3)], axis=-1)


def shade(height: Field, cell: float, exaggeration: float = 1.0) -> Field:
    """How light the ground is under a sun in the north-west, about 1 where it is level, 0..1.4."""
    normal = fields.normals(height * exaggeration, cell)
    sun = np.array((-0.5, 0.5, 2**-0.5))
    return np.clip(normal @ sun / sun[2], 0, 1.4)


def shaded(colors: NDArray[np.float64], light: Field, strength: float) -> Pixels:
    """Colours with the relief in them, the first row on top (north)."""
    lit = colors * (1 - strength + strength * light[..., None])
    return np.clip(np.round(lit), 0, 255).astype(np.uint8)[::-1]


def of_layer(number: int) -> Color:
    """The colour of the layer or species of that number."""
    return rgb(LAYERS[number % len(LAYERS)])


def mixed(color: Sequence[float]) -> Color:
    """Red, green and blue of 0..1 as a colour."""
    red, green, blue = (min(255, max(0, round(255 * value))) for value in color)
    return red, green, blue
