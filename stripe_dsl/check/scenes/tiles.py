"""A ground of Isaac Lab's own sub-terrains."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from stripe_dsl.check.constants import Settings
from stripe_dsl.check.scenes.words import Pair, interval
from stripe_dsl.ir.terrain import Tile, Tiles
from stripe_dsl.spec.terrain import TileSpec, TilesSpec
from stripe_dsl.units import DIMENSIONLESS, LENGTH, Dimension

type Setting = tuple[str, float | int | bool | Pair]


@dataclass(frozen=True, slots=True)
class Form:
    """How a kind of tile becomes a cfg of ``isaaclab.terrains``.

    Attributes:
        settings: fields of the cfg, from the range, the width and the platform that the file says or leaves out.
        range: what is taken where none is written; ``None`` for a kind without a range.
        width, platform: likewise [m]; 0 for a kind that has none.
    """

    cfg: str
    settings: Callable[[Pair, float, float], tuple[Setting, ...]]
    range: Pair | None
    dim: Dimension = LENGTH
    width: float = 0.0
    platform: float = 0.0


def _stairs(height: Pair, width: float, platform: float) -> tuple[Setting, ...]:
    return (
        ("step_height_range", height),
        ("step_width", width),
        ("platform_width", platform),
        ("border_width", 1.0),
    )


def _slope(slope: Pair, width: float, platform: float) -> tuple[Setting, ...]:
    return (("slope_range", slope), ("platform_width", platform), ("border_width", 0.25))


FORMS: dict[str, Form] = {
    "flat": Form("MeshPlaneTerrainCfg", lambda value, width, platform: (), None),
    "stairs": Form("MeshPyramidStairsTerrainCfg", _stairs, (0.05, 0.23), width=0.3, platform=3.0),
    "stairs_down": Form("MeshInvertedPyramidStairsTerrainCfg", _stairs, (0.05, 0.23), width=0.3, platform=3.0),
    "slope": Form("HfPyramidSlopedTerrainCfg", _slope, (0.0, 0.4), DIMENSIONLESS, platform=2.0),
    "slope_down": Form("HfInvertedPyramidSlopedTerrainCfg", _slope, (0.0, 0.4), DIMENSIONLESS, platform=2.0),
    "rough": Form(
        "HfRandomUniformTerrainCfg",
        lambda value, width, platform: (("noise_range", value), ("noise_step", 0.02), ("border_width", 0.25)),
        (0.02, 0.1),
    ),
    "boxes": Form(
        "MeshRandomGridTerrainCfg",
        lambda value, width, platform: (
            ("grid_width", width),
            ("grid_height_range", value),
            ("platform_width", platform),
        ),
        (0.05, 0.2),
        width=0.45,
        platform=2.0,
    ),
    "rails": Form(
        "MeshRailsTerrainCfg",
        lambda value, width, platform: (
            ("rail_thickness_range", (width, width)),
            ("rail_height_range", value),
            ("platform_width", platform),
        ),
        (0.05, 0.2),
        width=0.1,
        platform=2.0,
    ),
    "pit": Form(
        "MeshPitTerrainCfg",
        lambda value, width, platform: (("pit_depth_range", value), ("platform_width", platform)),
        (0.05, 0.4),
        platform=2.0,
    ),
    "gap": Form(
        "MeshGapTerrainCfg",
        lambda value, width, platform: (("gap_width_range", value), ("platform_width", platform)),
        (0.1, 0.6),
        platform=2.0,
    ),
    "waves": Form(
        "HfWaveTerrainCfg",
        lambda value, width, platform: (("amplitude_range", value), ("num_waves", 4), ("border_width", 0.25)),
        (0.02, 0.15),
    ),
    "obstacles": Form(
        "HfDiscreteObstaclesTerrainCfg",
        lambda value, width, platform: (
            ("obstacle_width_range", (width, 2 * width)),
            ("obstacle_height_range", value),
            ("num_obstacles", 40),
            ("platform_width", platform),
        ),
        (0.05, 0.25),
        width=0.5,
        platform=2.0,
    ),
    "stones": Form(
        "HfSteppingStonesTerrainCfg",
        lambda value, width, platform: (
            ("stone_height_max", 0.0),
            ("stone_width_range", (width, width)),
            ("stone_distance_range", value),
            ("platform_width", platform),
        ),
        (0.05, 0.3),
        width=0.4,
        platform=2.0,
    ),
}
"""Kinds of tiles; what a file does not say is as in Isaac Lab's ``ROUGH_TERRAINS_CFG``, where that has the kind."""


def tiles_of(spec: TilesSpec, settings: Settings) -> Tiles:
    """``tiles { stairs 0.05..0.23 m; slope 0..0.4; rows 10; columns 20; size 8 m; curriculum }``."""
    blocks: dict[str, TileSpec] = {name: block for name in FORMS if (block := getattr(spec, name)) is not None}
    if not blocks:
        settings.report.error("E0214", "`tiles` has no kind of tile", spec.span, "add one, as in `stairs 0.05..0.23 m`")
    border = settings.not_negative(spec.border, LENGTH, "border")
    return Tiles(
        kinds=tuple(_tile(name, block, settings) for name, block in blocks.items()),
        rows=settings.whole(spec.rows, "rows", 10),
        columns=settings.whole(spec.columns, "columns", 20),
        size=settings.positive(spec.size, LENGTH, "size", 8.0),
        border=20.0 if border is None else border,
        curriculum=spec.curriculum,
        cell=settings.positive(spec.cell, LENGTH, "cell", 0.1),
        span=spec.span,
    )


def _tile(name: str, spec: TileSpec, settings: Settings) -> Tile:
    form = FORMS[name]
    found = interval(settings, spec.range, form.dim, name, form.range or (0.0, 0.0), least=0.0)
    for key, value, has in (
        ("range", spec.range, form.range is not None),
        ("width", spec.width, form.width > 0),
        ("platform", spec.platform, form.platform > 0),
    ):
        if value is not None and not has:
            settings.report.error("E0206", f"tiles of the kind `{name}` have no `{key}`", value.span, "remove it")
    width = settings.positive(spec.width, LENGTH, "width", form.width)
    platform = settings.positive(spec.platform, LENGTH, "platform", form.platform)
    share = interval(settings, spec.share, DIMENSIONLESS, "share", (1.0, 1.0), least=0.0)[0]
    return Tile(name=name, cfg=form.cfg, share=share, settings=form.settings(found, width, platform), span=spec.span)
