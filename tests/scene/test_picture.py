"""Sheets of maps: where north is, what colours say, and that PNG and SVG show the same."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from stripe_dsl.scene import colors
from stripe_dsl.scene.contours import contour, levels, round_number
from stripe_dsl.scene.grid import Grid
from stripe_dsl.scene.picture import Panel, Sheet, Stand, draw
from stripe_dsl.scene.zones import Raster, box, disc, path

GRID = Grid((20.0, 10.0), 0.5)
X, Y = GRID.coordinates()


def sheet(*panels: Panel, height: np.ndarray | None = None) -> Sheet:
    ground = np.full((*GRID.shape, 3), 200.0)
    return Sheet("a & b", "20 m x 10 m", GRID, np.zeros(GRID.shape) if height is None else height, ground, list(panels))


def pixels(path: Path, left: float, top: float, width: float, height: float) -> np.ndarray:
    """Of a part of the first panel's map, each edge as a share of it."""
    image = np.asarray(Image.open(path).convert("RGB"), dtype=float)
    x0, y0, wide, high = (round(1.5 * value) for value in (52, 88, 350, 175))
    rows = slice(y0 + round(top * high), y0 + round((top + height) * high))
    return image[rows, x0 + round(left * wide) : x0 + round((left + width) * wide)]


def test_north_is_up_and_east_is_right(tmp_path: Path) -> None:
    north = Panel("n", (Y > 5).astype(float), ("#000000", "#ff0000"), relief=0)
    draw(sheet(north), tmp_path / "n.png")
    assert pixels(tmp_path / "n.png", 0.2, 0.1, 0.6, 0.3)[..., 0].mean() > 240
    assert pixels(tmp_path / "n.png", 0.2, 0.65, 0.6, 0.25)[..., 0].mean() < 15
    east = Panel("e", (X > 10).astype(float), ("#000000", "#ff0000"), relief=0)
    draw(sheet(east), tmp_path / "e.png")
    assert pixels(tmp_path / "e.png", 0.6, 0.2, 0.3, 0.6)[..., 0].mean() > 240


def test_things_and_zones_are_where_they_stand(tmp_path: Path) -> None:
    tree = Stand("tree", np.array([(5.0, 7.5)]), np.array([1.0]), (0, 0, 255))
    zone = ("goal", box((15.0, 2.5), (4.0, 4.0)))
    draw(sheet(Panel("p", relief=0, stands=[tree], zones=[zone])), tmp_path / "p.png")
    there = pixels(tmp_path / "p.png", 0.235, 0.22, 0.03, 0.06).mean(axis=(0, 1))
    assert there[2] > 200 and there[0] < 120
    within = pixels(tmp_path / "p.png", 0.68, 0.6, 0.04, 0.05).mean(axis=(0, 1))
    assert within[0] > within[2] + 10, "the first zone is red"
    outside = pixels(tmp_path / "p.png", 0.4, 0.4, 0.1, 0.1)
    assert np.abs(outside - 200).max() < 2


def test_the_relief_is_lit_from_the_north_west() -> None:
    slope = {
        name: colors.shade(height, GRID.cell)[5, 5]
        for name, height in {"nw": X - Y, "se": Y - X, "flat": X * 0}.items()
    }
    assert slope["nw"] > slope["flat"] == pytest.approx(1.0)
    assert slope["se"] < 0.3


def test_svg_has_shapes_texts_and_escaped_names(tmp_path: Path) -> None:
    stands = [Stand("<pine>", np.array([(5.0, 5.0), (6.0, 6.0)]), np.ones(2), (1, 2, 3))]
    zones = [("start", disc((5.0, 5.0), 2.0)), ("wet", Raster(GRID, X > 10))]
    panels = [
        Panel("p", stands=stands, zones=zones),
        Panel("Height", X * 0.1, low=0.0, high=2.0, unit="m", contours=True),
    ]
    draw(sheet(*panels, height=X * 0.1), tmp_path / "p.svg")
    text = (tmp_path / "p.svg").read_text(encoding="utf-8")
    root = ElementTree.fromstring(text)
    tags = [element.tag.rpartition("}")[2] for element in root.iter()]
    assert tags.count("image") == 3  # two maps and the ramp of a legend
    assert tags.count("circle") == 3  # two trees and their legend
    words = [element.text for element in root.iter() if element.tag.endswith("text")]
    assert {"a & b", "<pine>  2", "start", "wet", "N", "10 m" if "10 m" in words else "5 m"} <= set(words)
    assert len(re.findall("clip-path", text)) == 2


def test_the_name_of_a_path_stands_on_its_middle(tmp_path: Path) -> None:
    draw(sheet(Panel("p", zones=[("lane", path([(4.0, 0.0), (4.0, 10.0)], 2.0))])), tmp_path / "p.svg")
    (lane,) = [item for item in ElementTree.parse(tmp_path / "p.svg").iter() if item.text == "lane"]
    assert float(lane.get("x", 0)) == pytest.approx(52 + 350 * 4 / 20, abs=1)
    assert float(lane.get("y", 0)) == pytest.approx(88 + 175 / 2, abs=6)


def test_pictures_repeat(tmp_path: Path) -> None:
    panel = Panel("p", X / 20, contours=True, stands=[Stand("s", np.array([(3.0, 3.0)]), np.ones(1), (9, 9, 9))])
    for name in ("a.png", "b.png", "a.svg", "b.svg"):
        draw(sheet(panel, height=X * 0.2), tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    with pytest.raises(ValueError, match=r"\.png nor in \.svg"):
        draw(sheet(panel), tmp_path / "a.gif")


def test_contours_lie_at_their_level() -> None:
    field = np.hypot(X - 10, Y - 5)
    ends = contour(field, GRID, 3.0)
    assert np.abs(np.hypot(ends[..., 0] - 10, ends[..., 1] - 5) - 3).max() < 0.05
    length = np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1).sum()
    assert length == pytest.approx(2 * np.pi * 3, rel=0.01)
    assert not len(contour(field, GRID, 99.0))


def test_levels_are_round() -> None:
    step, at = levels(-1.3, 2.4)
    assert step == 0.5 and at.tolist() == pytest.approx([-1, -0.5, 0, 0.5, 1, 1.5, 2])
    assert [round_number(value) for value in (0.013, 0.2, 3, 7, 10, 0)] == pytest.approx([0.02, 0.2, 5, 10, 10, 1])
