"""The compiler counts as many rays as Isaac Lab casts: their number is part of the observation."""

from __future__ import annotations

from math import radians

import numpy as np
import pytest
from isaaclab.sensors import patterns

from stripe_dsl.ir.sensors import RaySettings, in_degrees

ORIGIN = (0.0, 0.0, 0.0)


@pytest.mark.parametrize("spacing", [0.05, 0.1, 0.15, 0.2, 0.125, 1 / 3])
def test_grids(spacing: float) -> None:
    for length, width in np.random.default_rng(0).uniform(0, 3, (60, 2)).round(1):
        settings = RaySettings("grid", ORIGIN, size=(length, width), spacing=spacing)
        starts, _ = patterns.grid_pattern(patterns.GridPatternCfg(resolution=spacing, size=settings.size), "cpu")
        assert settings.rays == len(starts), (length, width)


@pytest.mark.parametrize("step", [0.5, 1.0, 2.0, 7.0, 10.0, 15.0, 22.5])
@pytest.mark.parametrize("horizontal", [(-180, 180), (0, 360), (-90, 90), (-45, 30), (0, 0)])
def test_lidars(horizontal: tuple[float, float], step: float) -> None:
    low, high = map(radians, horizontal)
    settings = RaySettings("lidar", ORIGIN, channels=3, horizontal=(low, high), step=radians(step))
    cfg = patterns.LidarPatternCfg(
        channels=3,
        vertical_fov_range=(-15.0, 15.0),
        horizontal_fov_range=(in_degrees(low), in_degrees(high)),
        horizontal_res=in_degrees(settings.step),
    )
    assert settings.rays == len(patterns.lidar_pattern(cfg, "cpu")[1])
