"""A sheet of maps of a scene: its ground, where layers may stand, where they stand, and where one can go.

Drawn without a simulator, to PNG or SVG. North is up; all panels have one scale.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stripe_dsl.scene import colors
from stripe_dsl.scene.canvas import Canvas, Color, PngCanvas, SvgCanvas, darker
from stripe_dsl.scene.contours import contour, levels, round_number
from stripe_dsl.scene.grid import Field, Grid, Points
from stripe_dsl.scene.zones import Shape, Zone

type _Place = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""From points of the scene to points of the sheet, shape (..., 2)."""

_PAPER: Color = (255, 255, 255)
_INK: Color = (38, 42, 46)
_GREY: Color = (122, 126, 130)
_LINE: Color = (176, 178, 180)
_MARGIN, _HEADER, _GAP_X, _GAP_Y = 30.0, 64.0, 44.0, 40.0
_TITLE, _LEGEND = 24.0, 58.0
_LONGEST = 350.0
"""Points of a panel's longer side."""
_PIXELS = 560
"""Values of a raster along that side."""


@dataclass(frozen=True, eq=False)
class Stand:
    """Things of one kind that stand in the scene.

    Attributes:
        name: of the layer or species.
        points: shape (n, 2) [m].
        radii: of crowns, or of whatever is seen from above, shape (n,) [m].
        color: of its discs.
    """

    name: str
    points: Points
    radii: NDArray[np.float64]
    color: Color


@dataclass(frozen=True, eq=False)
class Panel:
    """One map.

    Attributes:
        title: what it shows.
        field: values at the grid's vertices; ``None``: the plain ground.
        ramp: colours from ``low`` to ``high``.
        low, high: values of the ends of the ramp.
        unit: of the values, for the legend.
        log: the ramp is one of logarithms.
        relief: how strong the relief shows through, 0..1.
        contours: with lines of equal height.
        stands: discs on it.
        shadows: the same, all dark, with no legend.
        zones: outlines on it, with their names.
        water: vertices under water.
    """

    title: str
    field: Field | None = None
    ramp: colors.Ramp = colors.HEIGHT
    low: float = 0.0
    high: float = 1.0
    unit: str = ""
    log: bool = False
    relief: float = 0.5
    contours: bool = False
    stands: Sequence[Stand] = ()
    shadows: Sequence[Stand] = ()
    zones: Sequence[tuple[str, Zone]] = ()
    water: NDArray[np.bool_] | None = None


@dataclass(frozen=True, eq=False)
class Sheet:
    """Maps of one scene.

    Attributes:
        title: name of the scene.
        subtitle: a line of facts.
        grid: where the fields have their values.
        height: of the ground [m].
        ground: colours of the plain ground, shape (ny, nx, 3) in 0..255.
    """

    title: str
    subtitle: str
    grid: Grid
    height: Field
    ground: NDArray[np.float64]
    panels: list[Panel] = field(default_factory=list)


def draw(sheet: Sheet, path: Path) -> None:
    """Writes a sheet as PNG or SVG, by the file's ending.

    Raises:
        ValueError: if the ending is another one.
        OSError: if the file cannot be written.
    """
    layout = _Layout.of(sheet)
    make = {".png": PngCanvas, ".svg": SvgCanvas}.get(path.suffix.lower())
    if make is None:
        raise ValueError(f"`{path.name}` ends neither in .png nor in .svg")
    canvas: Canvas = make(layout.width, layout.height, _PAPER)
    _header(canvas, sheet, layout)
    coarse = _resampled(sheet)
    for number, panel in enumerate(sheet.panels):
        _panel(canvas, sheet, coarse, panel, layout, number)
    canvas.save(path)


@dataclass(frozen=True)
class _Layout:
    """Where panels stand [pt]; ``scale`` is points to a metre."""

    columns: int
    rows: int
    scale: float
    panel: tuple[float, float]

    @staticmethod
    def of(sheet: Sheet) -> _Layout:
        count = max(len(sheet.panels), 1)
        scale = _LONGEST / max(sheet.grid.size)
        panel = (sheet.grid.size[0] * scale, sheet.grid.size[1] * scale)
        columns = min(count, 3) if count <= 3 else min((4, 3, 5), key=lambda wide: -count % wide)
        return _Layout(columns, ceil(count / columns), scale, panel)

    @property
    def width(self) -> float:
        """Of the sheet."""
        return max(2 * _MARGIN + self.columns * (self.panel[0] + _GAP_X) - _GAP_X + 22, 480.0)

    @property
    def height(self) -> float:
        """Of the sheet."""
        return _HEADER + _MARGIN + self.rows * (self.panel[1] + _TITLE + _LEGEND + _GAP_Y) - _GAP_Y + 6

    def corner(self, number: int) -> tuple[float, float]:
        """The top left of a panel's map."""
        row, column = divmod(number, self.columns)
        x = _MARGIN + 22 + column * (self.panel[0] + _GAP_X)
        return x, _HEADER + _TITLE + row * (self.panel[1] + _TITLE + _LEGEND + _GAP_Y)


def _header(canvas: Canvas, sheet: Sheet, layout: _Layout) -> None:
    left = _MARGIN + 22
    canvas.text(left, 26, sheet.title, 19, _INK)
    canvas.text(left, 47, sheet.subtitle, 9.5, _GREY)
    right = layout.width - _MARGIN
    # a needle whose eastern half is light
    x, top = right - 8, 14.0
    for side, fill in ((-1, _INK), (1, _PAPER)):
        needle = np.array([(x, top), (x + 6 * side, top + 24), (x, top + 18)])
        canvas.shape(needle, fill=fill, opacity=1.0, line=_INK, width=0.7)
    canvas.text(x, top + 33, "N", 10, _INK, align="middle")
    length = round_number(max(sheet.grid.size) / 6)
    width = length * layout.scale
    start, y = right - 36 - width, 34.0
    canvas.box(start, y, width / 2, 3.5, fill=_INK, line=_INK)
    canvas.box(start + width / 2, y, width / 2, 3.5, fill=_PAPER, line=_INK)
    canvas.text(start, y - 7, "0", 8.5, _INK, align="middle")
    canvas.text(start + width, y - 7, f"{length:g} m", 8.5, _INK, align="middle")


def _resampled(sheet: Sheet) -> Grid:
    """The grid of a panel's pixels."""
    size = sheet.grid.size
    cell = max(size) / _PIXELS
    return Grid((round(size[0] / cell) * cell, round(size[1] / cell) * cell), cell)


def _on(sheet: Sheet, coarse: Grid, values: Field) -> Field:
    x, y = coarse.coordinates()
    return sheet.grid.sample(values, np.stack((x.ravel(), y.ravel()), axis=1)).reshape(coarse.shape)


def _panel(canvas: Canvas, sheet: Sheet, coarse: Grid, panel: Panel, layout: _Layout, number: int) -> None:
    left, top = layout.corner(number)
    width, height = layout.panel
    canvas.text(left, top - 11, panel.title, 11.5, _INK)
    light = _on(sheet, coarse, colors.shade(sheet.height, sheet.grid.cell))
    if panel.field is None:
        base = np.stack([_on(sheet, coarse, sheet.ground[..., k]) for k in range(3)], axis=-1)
    else:
        values = _on(sheet, coarse, np.log10(panel.field) if panel.log else panel.field)
        low, high = (np.log10(panel.low), np.log10(panel.high)) if panel.log else (panel.low, panel.high)
        base = colors.ramp((values - low) / max(high - low, 1e-12), panel.ramp)
    if panel.water is not None and panel.water.any():
        wet = _on(sheet, coarse, panel.water.astype(np.float64))[..., None] >= 0.5
        base = np.where(wet, 0.3 * base + 0.7 * np.array(colors.rgb("#4f8fbf")), base)
        light = np.where(wet[..., 0], 1.0, light)
    canvas.picture(colors.shaded(base, light, panel.relief), left, top, width, height)

    def placed(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.stack((left + points[..., 0] * layout.scale, top + height - points[..., 1] * layout.scale), axis=-1)

    canvas.clip(left, top, width, height)
    if panel.contours:
        _contours(canvas, sheet, placed)
    for place, (_, zone) in enumerate(panel.zones):
        _zone(canvas, sheet, zone, colors.rgb(colors.ZONES[place % len(colors.ZONES)]), placed)
    for stand in panel.stands:
        canvas.circles(placed(stand.points), stand.radii * layout.scale, [stand.color] * len(stand.points), 0.75)
    for stand in panel.shadows:
        canvas.circles(placed(stand.points), stand.radii * layout.scale, [_INK] * len(stand.points), 0.55)
    canvas.unclip()
    for place, (name, zone) in enumerate(panel.zones):
        _name(canvas, sheet, name, zone, colors.rgb(colors.ZONES[place % len(colors.ZONES)]), placed)
    canvas.box(left, top, width, height, line=_LINE)
    _ticks(canvas, sheet, layout, left, top)
    if panel.field is not None:
        _bar(canvas, panel, left, top + height + 30, width)
    else:
        _key(canvas, panel, left, top + height + 30, width)


def _contours(canvas: Canvas, sheet: Sheet, placed: _Place) -> None:
    low, high = float(sheet.height.min()), float(sheet.height.max())
    if high - low < 1e-6:
        return
    step, at = levels(low, high)
    for level in at:
        index = round(level / step) % 5 == 0
        ends = placed(contour(sheet.height, sheet.grid, float(level)))
        canvas.lines(ends, _INK, 1.1 if index else 0.7, 0.75 if index else 0.5)


def _zone(canvas: Canvas, sheet: Sheet, zone: Zone, color: Color, placed: _Place) -> None:
    if isinstance(zone, Shape):
        corners = placed(np.array(zone.outline().exterior.coords)[:-1])
        canvas.shape(corners, fill=color, opacity=0.16, line=color, width=1.3)
    else:
        away = zone.field(sheet.grid)
        if np.isfinite(away).all():
            canvas.lines(placed(contour(away, sheet.grid, 0.0)), color, 0.8, 0.7)


def _name(canvas: Canvas, sheet: Sheet, name: str, zone: Zone, color: Color, placed: _Place) -> None:
    """Stands where the zone is widest; of several such places, at the one nearest to their middle."""
    away = zone.field(sheet.grid)
    if np.isfinite(away).any():
        widest = np.argwhere(away <= away.min() + max(0.05 * abs(away.min()), 1e-9))
        nearest = widest[np.argmin(np.linalg.norm(widest - widest.mean(axis=0), axis=1))]
        x, y = placed(nearest[::-1] * sheet.grid.cell).tolist()
        canvas.text(x, y, name, 9, darker(color), align="middle", halo=True)


def _ticks(canvas: Canvas, sheet: Sheet, layout: _Layout, left: float, top: float) -> None:
    """Metres along the western and the southern edge."""
    height = layout.panel[1]
    step = round_number(max(sheet.grid.size) / 6)
    for x in np.arange(0, sheet.grid.size[0] + 1e-6, step):
        at = left + float(x) * layout.scale
        canvas.lines(np.array([[(at, top + height), (at, top + height + 3)]]), _LINE, 0.8)
        canvas.text(at, top + height + 10, f"{x:g}", 7.5, _GREY, align="middle")
    for y in np.arange(0, sheet.grid.size[1] + 1e-6, step):
        at = top + height - float(y) * layout.scale
        canvas.lines(np.array([[(left - 3, at), (left, at)]]), _LINE, 0.8)
        canvas.text(left - 6, at, f"{y:g}", 7.5, _GREY, align="right")


def _bar(canvas: Canvas, panel: Panel, left: float, y: float, width: float) -> None:
    """The ramp with values of its ends and between."""
    length = min(width * 0.62, 230.0)
    strip = colors.ramp(np.linspace(0, 1, 256)[None], panel.ramp)
    canvas.picture(np.round(np.repeat(strip, 4, axis=0)).astype(np.uint8), left, y - 4, length, 8)
    canvas.box(left, y - 4, length, 8, line=_LINE)
    for share in (0.0, 0.5, 1.0):
        if panel.log:
            value = panel.low * (panel.high / panel.low) ** share
        else:
            value = panel.low + share * (panel.high - panel.low)
        align = {0.0: "left", 1.0: "right"}.get(share, "middle")
        canvas.text(left + share * length, y + 12, _number(value), 8.5, _GREY, align=align)
    canvas.text(left + length + 8, y, panel.unit, 8.5, _GREY)


def _number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 20 or value == round(value) else f"{value:.2g}"


def _key(canvas: Canvas, panel: Panel, left: float, y: float, width: float) -> None:
    """Colours of what stands there, with how many."""
    x = left
    for stand in panel.stands:
        text = f"{stand.name}  {len(stand.points):,}"
        wide = 18 + 5.2 * len(text)
        if x > left and x + wide > left + width:
            x, y = left, y + 14
        canvas.circles(np.array([(x + 4, y)]), np.array([4.0]), [stand.color], 0.85)
        canvas.text(x + 12, y, text, 9, _INK)
        x += wide + 8
