"""Two drawing surfaces with the same strokes: PNG by Pillow, and SVG. Coordinates are in points from the top left."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

type Color = tuple[int, int, int]
type Pixels = NDArray[np.uint8]
"""Shape (height, width, 3), the first row on top."""
type Places = NDArray[np.float64]
"""Points of a drawing, shape (n, 2)."""


class Canvas(Protocol):
    """What panels are drawn with. Opacities are 0..1."""

    def picture(self, pixels: Pixels, x: float, y: float, width: float, height: float) -> None:
        """A raster, stretched over a box."""
        ...

    def box(
        self, x: float, y: float, width: float, height: float, *, fill: Color | None = None, line: Color | None = None
    ) -> None:
        """A rectangle."""
        ...

    def lines(self, ends: NDArray[np.float64], color: Color, width: float, opacity: float = 1.0) -> None:
        """Straight lines, shape (n, 2, 2): both ends of each."""
        ...

    def shape(self, points: Places, *, fill: Color | None, opacity: float, line: Color | None, width: float) -> None:
        """A closed line with what lies in it."""
        ...

    def circles(self, centers: Places, radii: NDArray[np.float64], colors: Sequence[Color], opacity: float) -> None:
        """Discs, each in its colour, with a thin darker outline."""
        ...

    def text(
        self, x: float, y: float, text: str, size: float, color: Color, *, align: str = "left", halo: bool = False
    ) -> None:
        """One line of text whose middle is at the height ``y``; a ``halo`` keeps it readable on a picture."""
        ...

    def clip(self, x: float, y: float, width: float, height: float) -> None:
        """What follows is drawn within a box alone, up to ``unclip``."""
        ...

    def unclip(self) -> None:
        """Ends ``clip``."""
        ...

    def save(self, path: Path) -> None:
        """Writes the file."""
        ...


class PngCanvas:
    """Drawn finer than it is saved, so that slanted lines are smooth.

    Args:
        width, height: [pt].
        background: its colour.
        scale: pixels of the file to a point.
    """

    _FINER = 2

    def __init__(self, width: float, height: float, background: Color, scale: float = 1.5) -> None:
        self._scale = scale * self._FINER
        self._size = round(width * scale), round(height * scale)
        self._image = Image.new("RGB", (self._size[0] * self._FINER, self._size[1] * self._FINER), background)
        self._whole = (0, 0, *self._image.size)
        self._window = self._whole

    def picture(self, pixels: Pixels, x: float, y: float, width: float, height: float) -> None:
        """A raster, stretched over a box."""
        left, top, right, bottom = self._pixels(x, y, width, height)
        image = Image.fromarray(pixels).resize((right - left, bottom - top), Image.Resampling.BICUBIC)
        self._image.paste(image, (left, top))

    def box(
        self, x: float, y: float, width: float, height: float, *, fill: Color | None = None, line: Color | None = None
    ) -> None:
        """A rectangle."""
        draw = ImageDraw.Draw(self._image)
        draw.rectangle(self._pixels(x, y, width, height), fill=fill, outline=line, width=self._FINER)

    def lines(self, ends: NDArray[np.float64], color: Color, width: float, opacity: float = 1.0) -> None:
        """Straight lines, shape (n, 2, 2): both ends of each."""
        if not len(ends):
            return
        thick = max(1, round(width * self._scale))

        def stroke(draw: ImageDraw.ImageDraw, moved: Places) -> None:
            for x, y, u, v in moved.reshape(-1, 4).tolist():
                draw.line((x, y, u, v), 255, thick)

        self._paint(ends.reshape(-1, 2), width, color, opacity, stroke)

    def shape(self, points: Places, *, fill: Color | None, opacity: float, line: Color | None, width: float) -> None:
        """A closed line with what lies in it."""
        if fill is not None:
            self._paint(points, 0, fill, opacity, lambda draw, moved: draw.polygon(moved.ravel().tolist(), 255))
        if line is not None:
            self.lines(np.stack((points, np.roll(points, -1, axis=0)), axis=1), line, width)

    def circles(self, centers: Places, radii: NDArray[np.float64], colors: Sequence[Color], opacity: float) -> None:
        """Discs, each in its colour, with a thin darker outline."""
        if not len(centers):
            return
        reach = np.concatenate((centers - radii[:, None], centers + radii[:, None]))
        left, top, right, bottom = self._around(reach, 2)
        if right <= left or bottom <= top:
            return
        layer = Image.new("RGBA", (right - left, bottom - top))
        draw = ImageDraw.Draw(layer)
        spots, sizes = centers * self._scale - (left, top), np.maximum(radii * self._scale, 1.2)
        for (x, y), size, color in zip(spots.tolist(), sizes.tolist(), colors, strict=True):
            edge = (*darker(color), min(255, round(255 * (opacity + 0.15))))
            draw.ellipse((x - size, y - size, x + size, y + size), (*color, round(255 * opacity)), edge, self._FINER)
        self._image.paste(layer.convert("RGB"), (left, top), layer.getchannel("A"))

    def text(
        self, x: float, y: float, text: str, size: float, color: Color, *, align: str = "left", halo: bool = False
    ) -> None:
        """One line of text whose middle is at the height ``y``."""
        font = ImageFont.load_default(size * self._scale)
        stroke = round(self._scale) if halo else 0
        place = (x * self._scale, y * self._scale)
        anchor = {"left": "lm", "middle": "mm", "right": "rm"}[align]
        draw = ImageDraw.Draw(self._image)
        draw.text(place, text, color, font, anchor, stroke_width=stroke, stroke_fill=(255, 255, 255))

    def clip(self, x: float, y: float, width: float, height: float) -> None:
        """What follows is drawn within a box alone, up to ``unclip``; not texts and boxes."""
        self._window = self._pixels(x, y, width, height)

    def unclip(self) -> None:
        """Ends ``clip``."""
        self._window = self._whole

    def save(self, path: Path) -> None:
        """Writes a PNG."""
        self._image.resize(self._size, Image.Resampling.BOX).save(path, format="PNG")

    def _paint(
        self,
        points: Places,
        margin: float,
        color: Color,
        opacity: float,
        draw: Callable[[ImageDraw.ImageDraw, Places], None],
    ) -> None:
        """Puts a colour where ``draw`` puts white."""
        left, top, right, bottom = self._around(points, margin)
        if right > left and bottom > top:
            mask = Image.new("L", (right - left, bottom - top))
            draw(ImageDraw.Draw(mask), points * self._scale - (left, top))
            if opacity < 1:
                mask = mask.point([round(value * opacity) for value in range(256)])
            self._image.paste(color, (left, top), mask)

    def _pixels(self, x: float, y: float, width: float, height: float) -> tuple[int, int, int, int]:
        left, top, right, bottom = (round(value * self._scale) for value in (x, y, x + width, y + height))
        return left, top, right, bottom

    def _around(self, points: Places, margin: float) -> tuple[int, int, int, int]:
        """The pixels that a drawing may touch, within the window."""
        low = np.floor((points.min(axis=0) - margin) * self._scale).astype(int).tolist()
        high = np.ceil((points.max(axis=0) + margin) * self._scale).astype(int).tolist()
        left, top, right, bottom = self._window
        return max(low[0], left), max(low[1], top), min(high[0], right), min(high[1], bottom)


class SvgCanvas:
    """Shapes stay shapes; rasters are JPEGs within the file.

    Args:
        width, height: [pt].
        background: its colour.
    """

    def __init__(self, width: float, height: float, background: Color) -> None:
        self._parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
            f'viewBox="0 0 {width:g} {height:g}" font-family="Helvetica, Arial, sans-serif">',
            f'<rect width="100%" height="100%" fill="{_hex(background)}"/>',
        ]
        self._clips = 0

    def picture(self, pixels: Pixels, x: float, y: float, width: float, height: float) -> None:
        """A raster, stretched over a box."""
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, format="JPEG", quality=90, subsampling=0)
        data = base64.b64encode(file.getvalue()).decode()
        self._parts.append(
            f'<image x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" preserveAspectRatio="none" '
            f'href="data:image/jpeg;base64,{data}"/>'
        )

    def box(
        self, x: float, y: float, width: float, height: float, *, fill: Color | None = None, line: Color | None = None
    ) -> None:
        """A rectangle."""
        self._parts.append(
            f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" {_paint(fill, line, 0.7)}/>'
        )

    def lines(self, ends: NDArray[np.float64], color: Color, width: float, opacity: float = 1.0) -> None:
        """Straight lines, shape (n, 2, 2): both ends of each."""
        if len(ends):
            path = "".join(f"M{x:.1f} {y:.1f}L{u:.1f} {v:.1f}" for x, y, u, v in ends.reshape(-1, 4).tolist())
            self._parts.append(f'<path d="{path}" {_paint(None, color, width)} opacity="{opacity:g}"/>')

    def shape(self, points: Places, *, fill: Color | None, opacity: float, line: Color | None, width: float) -> None:
        """A closed line with what lies in it."""
        corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in points.tolist())
        self._parts.append(f'<polygon points="{corners}" fill-opacity="{opacity:g}" {_paint(fill, line, width)}/>')

    def circles(self, centers: Places, radii: NDArray[np.float64], colors: Sequence[Color], opacity: float) -> None:
        """Discs, each in its colour, with a thin darker outline."""
        groups: dict[Color, list[str]] = {}
        for (x, y), radius, color in zip(centers.tolist(), radii.tolist(), colors, strict=True):
            groups.setdefault(color, []).append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{max(radius, 0.4):.2f}"/>')
        for color, discs in groups.items():
            paint = f'fill="{_hex(color)}" fill-opacity="{opacity:g}" stroke="{_hex(darker(color))}"'
            self._parts.append(f'<g {paint} stroke-width="0.5">{"".join(discs)}</g>')

    def text(
        self, x: float, y: float, text: str, size: float, color: Color, *, align: str = "left", halo: bool = False
    ) -> None:
        """One line of text whose middle is at the height ``y``."""
        anchor = {"left": "start", "middle": "middle", "right": "end"}[align]
        around = ' stroke="#ffffff" stroke-width="2" paint-order="stroke"' if halo else ""
        self._parts.append(
            f'<text x="{x:g}" y="{y + 0.35 * size:g}" font-size="{size:g}" fill="{_hex(color)}" '
            f'text-anchor="{anchor}"{around}>{escape(text)}</text>'
        )

    def clip(self, x: float, y: float, width: float, height: float) -> None:
        """What follows is drawn within a box alone, up to ``unclip``."""
        self._clips += 1
        box = f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}"/>'
        self._parts.append(f'<clipPath id="clip{self._clips}">{box}</clipPath><g clip-path="url(#clip{self._clips})">')

    def unclip(self) -> None:
        """Ends ``clip``."""
        self._parts.append("</g>")

    def save(self, path: Path) -> None:
        """Writes an SVG."""
        path.write_text("\n".join([*self._parts, "</svg>", ""]), encoding="utf-8")


def darker(color: Color) -> Color:
    """For outlines."""
    return color[0] * 11 // 20, color[1] * 11 // 20, color[2] * 11 // 20


def _hex(color: Color) -> str:
    return "#{:02x}{:02x}{:02x}".format(*color)


def _paint(fill: Color | None, line: Color | None, width: float) -> str:
    inside = f'fill="{_hex(fill)}"' if fill else 'fill="none"'
    return f'{inside} stroke="{_hex(line)}" stroke-width="{width:g}"' if line else inside
