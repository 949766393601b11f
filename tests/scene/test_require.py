"""Requirements: ways between solids and over a map, distances, cover and numbers, with what was measured."""

from __future__ import annotations

from math import pi
from pathlib import Path

import numpy as np
import pytest

from stripe_dsl.scene.made import Made, make
from stripe_dsl.scene.overview import overview
from stripe_dsl.scene.picture import draw
from stripe_dsl.scene.require import Finding, Ways, check_requirements

from .written import scene_of

WALL = """
  place wall {{
    assets cylinder {{ radius 30 cm; height 1 m; color #888888 }}
    row (10, 0.5) to (10, {to}) m every 1 m
    solid cylinder
  }}
  zone west = circle 1 m at (3, 5)
  zone east = circle 1 m at (17, 5)
"""


def made(folder: Path, rest: str, terrain: str = "grid 10 cm") -> Made:
    found, diagnostics = make(scene_of(folder, terrain, rest))
    assert found is not None
    assert [item.code for item in diagnostics] in ([], ["E0703"])
    return found


def finding(folder: Path, rest: str, terrain: str = "grid 10 cm") -> Finding:
    found = made(folder, rest, terrain)
    (only,) = check_requirements(found.layout, found.maps)
    return only


def test_a_wall_lets_through_what_is_narrow(tmp_path: Path) -> None:
    """Posts of 60 cm stand 1 m apart, so that 40 cm are free between two."""
    narrow = finding(tmp_path, WALL.format(to=9.5) + "require west reaches east width 30 cm")
    assert narrow.holds
    wide = finding(tmp_path, WALL.format(to=9.5) + "require west reaches east width 60 cm")
    assert not wide.holds
    assert wide.measured == pytest.approx(0.4, abs=0.03)
    assert wide.diagnostic.code == "E0703"
    assert wide.diagnostic.message == "`west reaches east width 60 cm` does not hold: no way for something 0.6 m wide"
    assert wide.helps == (f"something {wide.measured:.2g} m wide gets through",)
    around = finding(tmp_path, WALL.format(to=6.5) + "require west reaches east width 60 cm")
    assert around.holds


def test_all_of_the_start_has_a_way(tmp_path: Path) -> None:
    """A ring of posts in the start shuts a part of it in; with `from somewhere` the rest is enough."""
    ring = """
  place ring { assets cylinder { radius 30 cm; height 1 m }; ring 12 at (3, 5) radius 1 m; solid cylinder }
  zone west = circle 2.5 m at (3, 5)
  zone east = circle 1 m at (17, 5)
  """
    all_of_it = finding(tmp_path, ring + "require west reaches east width 20 cm")
    assert not all_of_it.holds
    assert all_of_it.reason.startswith("no way for something 0.2 m wide from ")
    share = float(all_of_it.reason.split(" from ")[1].split(" %")[0]) / 100
    inner, outer = np.pi * 0.6**2, np.pi * (2.5**2 - 1.4**2)  # the ring is 60 cm thick, and 10 cm more on each side
    assert share == pytest.approx(inner / (inner + outer), abs=0.04)
    assert finding(tmp_path, ring + "require west reaches east width 20 cm from somewhere").holds
    assert finding(tmp_path, ring + "require east reaches west width 20 cm").holds, "some place of the goal is enough"
    assert finding(tmp_path, ring.replace("ring 12", "ring 4") + "require west reaches east width 20 cm").holds


def test_a_map_closes_ways(tmp_path: Path) -> None:
    """A ridge across the ground, too steep on both sides."""
    zones = "zone west = circle 1 m at (3, 5); zone east = circle 1 m at (17, 5)\n"
    ridge = "hill ridge { at (10, 5) m; radius 2 m; height 6 m }"
    gap = "map go { slope < 30 deg }\nrequire west reaches east on go"
    assert finding(tmp_path, f"{zones}{gap}", ridge).holds, "around it"
    closed = finding(tmp_path, f"{zones}map go {{ height < 30 cm }}\nrequire west reaches east on go", "incline 3 deg")
    assert not closed.holds
    assert closed.reason == "`east` has no ground for something 0.5 m wide: `go` is 0 all over it"
    bar = "zone fence = box 1 m x 10 m at (10, 5)\nmap go { fence.distance > 20 cm }\n"
    across = finding(tmp_path, f"{zones}{bar}require west reaches east on go")
    assert not across.holds
    assert across.helps == ("there is a way over ground where `go` is 0",)


@pytest.mark.parametrize("connected", [True, False])
def test_ways_go_to_eight_neighbours(connected: bool) -> None:
    free = np.zeros((5, 5), dtype=bool)
    free[np.arange(5), np.arange(5)] = True
    free[2, 2] = connected
    ways = Ways(free, np.full((5, 5), np.inf))
    start, goal = np.zeros((5, 5), dtype=bool), np.zeros((5, 5), dtype=bool)
    start[0, 0] = goal[4, 4] = True
    assert ways.connect(start, goal, 0.5) is connected
    assert (ways.widest(start, goal, 1.0) > 0.99) is connected


def test_clearance_is_the_distance_to_the_nearest_solid(tmp_path: Path) -> None:
    post = "place post {{ assets cylinder {{ radius 30 cm; height 1 m; color #888888 }}; at (5, 5) m; {solid} }}\n"
    zone = "zone start = circle 1 m at (8, 5)\n"
    held = finding(tmp_path, post.format(solid="solid cylinder") + zone + "require clearance start 1.6 m")
    assert held.holds and held.measured == pytest.approx(3 - 1 - 0.3)
    missed = finding(tmp_path, post.format(solid="solid cylinder") + zone + "require clearance start 2 m")
    assert missed.diagnostic.message == "`clearance start 2 m` does not hold: `post` at (5.0, 5.0) m is 1.7 m away"
    assert missed.helps == ("`avoid start by 2 m` in the layer keeps it off",)
    assert finding(tmp_path, post.format(solid="visual") + zone + "require clearance start 2 m").holds
    spawn = finding(
        tmp_path, "spawn at (5, 6) m\n" + post.format(solid="solid cylinder") + "require clearance spawn 1 m"
    )
    assert not spawn.holds and spawn.measured == pytest.approx(0.7)


def test_cover_and_counts(tmp_path: Path) -> None:
    shrubs = "place shrubs { assets sphere { radius 1 m; color #228822 }; at (5, 5) m; at (15, 5) m }\n"
    share = 2 * pi / 200
    covered = finding(tmp_path, f"{shrubs}require cover shrubs {90 * share:.3f}..{110 * share:.3f} %")
    assert covered.holds and covered.measured == pytest.approx(share, rel=0.05)
    bare = finding(tmp_path, f"{shrubs}require cover shrubs > 20 %")
    assert not bare.holds and bare.reason == f"`shrubs` covers {100 * bare.measured:.3g} % of the ground"
    assert finding(tmp_path, f"{shrubs}require count shrubs 2..2").holds
    few = finding(tmp_path, f"{shrubs}require count shrubs > 5")
    assert few.diagnostic.message == "`count shrubs > 5` does not hold: there are 2"


def test_a_map_is_the_product_of_its_rules(tmp_path: Path) -> None:
    """The traversability of the showcase: slope below 30 degrees, and a penalty of 0.45 within 7 m of what is solid."""
    post = "place post { assets cylinder { radius 50 cm; height 1 m; color #888888 }; at (5, 5) m; solid cylinder }\n"
    rest = f"{post}map traversability {{ slope < 30 deg; around solid 7 m, penalty 0.45 }}"
    found = made(tmp_path, rest, "incline 20 deg; grid 50 cm")
    values = found.maps["traversability"]
    assert values.shape == (21, 41)
    assert values[10, 10] == pytest.approx(0.55)
    assert values[10, 10 + 8] == pytest.approx(1 - 0.45 * (1 - 3.5 / 7))
    assert values[10, 10 + 16] == pytest.approx(1)
    steep = made(tmp_path, rest, "incline 27 deg; grid 50 cm").maps["traversability"]
    assert steep[10, 30] == pytest.approx(0.5)  # a ramp from 24 to 30 degrees
    assert not made(tmp_path, rest, "incline 31 deg; grid 50 cm").maps["traversability"].any()


def test_the_sheet_of_a_scene_has_all_its_parts(tmp_path: Path) -> None:
    rest = """
      zone start = circle 1 m at (3, 5)
      water pond { level 10 cm }
      scatter rocks { assets rock { radius 30 cm }; count 8; spacing 1 m; avoid start; slope < 40 deg }
      map go { slope < 30 deg }
    """
    found = made(tmp_path, rest, "fractal height 1 m, feature 5 m; class wet { moisture > 0.4; color #204020 }")
    sheet = overview(found.layout, found.maps)
    titles = ["Height", "Slope", "Upslope area", "Moisture", "Suitability: rocks", "Layers and zones", "Map: go"]
    assert [panel.title for panel in sheet.panels] == titles
    assert sheet.subtitle == "20 m x 10 m, seed 7, grid 25 cm, 0.96 m of relief, 8 things"
    placed = sheet.panels[5]
    assert [(stand.name, len(stand.points)) for stand in placed.stands] == [("rocks", 8)]
    assert [name for name, _ in placed.zones] == ["start"]
    assert placed.water is not None and 0 < placed.water.mean() < 1
    assert len(np.unique(sheet.ground.reshape(-1, 3), axis=0)) == 2
    draw(sheet, tmp_path / "s.png")
    assert (tmp_path / "s.png").stat().st_size > 50_000
