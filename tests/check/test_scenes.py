"""What scenes become: numbers in SI units, in the frame of the scene, in an order that can be made."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from importlib.util import find_spec
from math import pi, radians
from pathlib import Path

import pytest

from stripe_dsl.diagnostics.text import render_all
from stripe_dsl.ir.assets import Asset
from stripe_dsl.ir.rules import Avoid, Between, Gauss, Limit, Near
from stripe_dsl.ir.scene import Counts, Layer, Scene
from stripe_dsl.ir.scene import Path as Trail
from stripe_dsl.pipeline import check_file, check_source
from stripe_dsl.source import SourceFile
from stripe_dsl.spec.modules import read
from stripe_dsl.spec.write import to_stripe, to_yaml

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples/scenes").glob("*.stripe"))
FILES = ("pine_1.usd", "birch_1.usd", "rock_1.usd", "rock_2.usd", "stump_1.usd", "log_1.usd", "grass_1.usd")


def scene(text: str, **settings: str) -> Scene:
    """The only scene of a text, in a square of 20 m where the text says no size."""
    inside = text if text.startswith("size") else f"size 20 m x 20 m\n{text}"
    inside = inside if "terrain" in inside else f"terrain ground {{ }}\n{inside}"
    found = check_source(SourceFile("scene.stripe", f"scene place {{\n{inside}\n}}\n"), settings=settings)
    assert not found.diagnostics, render_all(found.diagnostics, color=False)
    return found.scenes[0]


def layer(text: str) -> Layer:
    return scene(text).layers[0]


def asset(text: str) -> Asset:
    return layer(f"scatter things {{ assets {text}; count 3 }}").species[0].choices[0].asset


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_are_right_in_every_form(path: Path) -> None:
    found = check_file(path)
    assert not found.diagnostics, render_all(found.diagnostics, color=False)
    assert found.module is not None
    document = found.module.document
    for name, text in (("x.stripe.yaml", to_yaml(document)), ("x.stripe", to_stripe(document))):
        again = check_source(SourceFile(name, text))
        assert not again.diagnostics, render_all(again.diagnostics, color=False)
        assert again.scenes == found.scenes


def test_there_are_the_examples_that_were_promised() -> None:
    assert {path.stem for path in EXAMPLES} == {"flat", "rough_tiles", "pine_forest", "orchard", "boulder_field"}
    assert len((ROOT / "examples/scenes/pine_forest.stripe").read_text().splitlines()) <= 60


def test_the_forest_of_files(tmp_path: Path) -> None:
    """The scene as the design has it, with files: a share is divided among those that a pattern finds."""
    text = (ROOT / "examples/scenes/pine_forest.stripe").read_text()
    text = re.sub(r"assets +rock 55 % {.*}", 'assets "rock_*.usd" 55 %', text)
    for name in FILES:
        (tmp_path / name).touch()
    (tmp_path / "forest.stripe").write_text(text)
    found = check_file(tmp_path / "forest.stripe")
    assert not found.diagnostics, render_all(found.diagnostics, color=False)
    rocks = found.scenes[0].layers[1].species[0].choices
    assert [choice.weight for choice in rocks] == pytest.approx([0.275, 0.275, 0.35, 0.1])
    assert [choice.asset.name for choice in rocks] == ["rock_1", "rock_2", "rocks_stump", "rocks_log"]
    assert rocks[0].asset.file is not None
    assert rocks[0].asset.file.written == "rock_1.usd"
    assert rocks[0].asset.file.path == tmp_path / "rock_1.usd"
    assert str(tmp_path) not in repr(found.scenes[0])


def test_numbers_are_in_si_units() -> None:
    found = scene(
        "trees wood { grow 70 years; species pine { assets conifer; density 500 /ha; seeds 2 /year within 7 m } }"
    )
    species = found.layers[0].species[0]
    assert species.density == pytest.approx(0.05)
    assert species.growth is not None
    assert (species.growth.lifespan, species.growth.seeds, species.growth.reach) == (85.0, 2.0, 7.0)
    assert found.layers[0].years == 70
    assert species.solid.kind == "trunk"


def test_a_soft_limit_is_never_exceeded() -> None:
    below, above, hard, deep = (
        layer("scatter a { assets rock; count 3; slope < 38 deg; moisture > 0.3; must slope < 38 deg; height < -1 m }")
        .species[0]
        .rules
    )
    assert isinstance(below, Limit)
    assert isinstance(above, Limit)
    assert isinstance(hard, Limit)
    assert isinstance(deep, Limit)
    assert (below.one, below.zero) == pytest.approx((radians(30.4), radians(38)))
    assert (above.one, above.zero) == pytest.approx((0.36, 0.3))
    assert hard.one == hard.zero == pytest.approx(radians(38))
    assert (deep.one, deep.zero) == pytest.approx((-1.2, -1.0))
    assert below.below
    assert not above.below


def test_rules_of_other_forms() -> None:
    rules = (
        layer(
            "scatter a { assets rock; count 3; slope 10 +- 3 deg; height 1..3 m; near z 2 m; avoid z }\n"
            "zone z = circle 1 m at spawn"
        )
        .species[0]
        .rules
    )
    gauss, between, near, avoid = rules
    assert isinstance(gauss, Gauss)
    assert (gauss.mean, gauss.std) == pytest.approx((radians(10), radians(3)))
    assert isinstance(between, Between)
    assert (between.low, between.high) == (1.0, 3.0)
    assert isinstance(near, Near)
    assert (near.full, near.none) == (2.0, 4.0)
    assert isinstance(avoid, Avoid)
    assert avoid.distance == 0.0
    assert avoid.text == "avoid z"


def test_layers_stand_behind_what_they_use() -> None:
    text = """
    scatter first { assets rock; count 3; avoid middle by 1 m }
    scatter middle { assets rock; count 3; high.distance > 1 m; third.cover < 20 % }
    cover third { assets rock; count 3; avoid pond }
    water pond { level 1 m; within high }
    zone high { height > 1 m }
    """
    found = scene(text)
    assert found.order == ("high", "pond", "third", "middle", "first")
    assert [item.name for item in found.layers] == ["first", "middle", "third"]
    assert found.layers[1].needs == ("high", "third")
    assert "scatter middle" in text


def test_order_in_the_file_does_not_matter() -> None:
    lines = ["zone z = circle 1 m at spawn", "scatter a { assets rock; count 3; avoid z }", "seed 4"]
    assert scene("\n".join(lines)) == scene("\n".join(reversed(lines)))


@pytest.mark.parametrize(
    ("text", "radius", "height"),
    [
        ("cone { radius 1 m; height 4 m }", 1.0, 4.0),
        ("box { size (3, 4, 1) m }", 2.5, 1.0),
        ("sphere { radius 50 cm; at (1, 0, 2) m }", 1.5, 2.5),
        ("capsule { radius 10 cm; height 1 m }", 0.1, 1.2),
        ("conifer { height 9 m; radius 1.5 m }", 1.5, 9.0),
        ("log { length 3 m; radius 20 cm }", 1.5, 0.4),
    ],
)
def test_extent_of_assets(text: str, radius: float, height: float) -> None:
    found = asset(text)
    assert found.radius == pytest.approx(radius)
    assert found.height == pytest.approx(height)


def test_primitives_stand_on_the_ground() -> None:
    assert asset("box { size (1, 1, 0.5) m }").parts[0].at == (0.0, 0.0, 0.25)
    assert asset("capsule { radius 10 cm; height 1 m }").parts[0].at == (0.0, 0.0, 0.6)


def test_spots() -> None:
    spots = layer(
        "place a { assets rock; grid 2 x 2 spaced (3, 4) m at (1, 1) m; row (0, 0) to (6, 0) m every 3 m; "
        "ring 4 at (10, 10) m radius 2 m; at (5, 5) m facing 90 deg }"
    ).spots
    at = [spot.at for spot in spots]
    assert at[:4] == [(1, 1), (4, 1), (1, 5), (4, 5)]
    assert at[4:7] == [(0, 0), (3, 0), (6, 0)]
    assert at[7] == pytest.approx((12, 10))
    assert at[8] == pytest.approx((10, 12))
    assert [spot.exact for spot in spots] == [False] * 11 + [True]
    assert spots[11].rotation == pytest.approx((0, 0, 0.5**0.5, 0.5**0.5))
    assert all(spot.z is None for spot in spots)


def test_spots_follow_a_path_at_even_distances_to_its_left() -> None:
    found = scene(
        "zone way = path 1 m through (2, 2) (5, 2) (5, 10)\nplace a { assets rock; along way every 2 m offset 1 m }"
    )
    assert isinstance(found.zones[0], Trail)
    at = [spot.at for spot in found.layers[0].spots]
    assert at[0] == pytest.approx((2, 3))
    assert at[1] == pytest.approx((4, 3))
    assert at[2] == pytest.approx((4, 3))  # a metre past the corner, a metre to the left of it
    assert at[3] == pytest.approx((4, 5))
    assert len(at) == 6


def test_counts_leave_the_number_of_a_comparison_out() -> None:
    found = scene(
        "scatter rocks { assets rock; count 3..8 }\nrequire count rocks > 2, count rocks <= 8, count rocks 3..8"
    )
    bounds = [(item.number.low, item.number.high) for item in found.requires if isinstance(item, Counts)]
    assert bounds[0][0] == 3
    assert bounds[1][1] == 8
    assert bounds[2] == (3, 8)


def test_spawn_is_the_middle_unless_the_scene_says_so() -> None:
    assert scene("size 30 m x 20 m").spawn.at == (15.0, 10.0)
    found = scene("spawn at (3, 4) m facing 90 deg").spawn
    assert found.at == (3.0, 4.0)
    assert found.yaw == pytest.approx(pi / 2)


def test_set_reaches_the_parameters_of_a_scene() -> None:
    text = "param many = 3\nscatter a { assets rock; count many }"
    assert scene(text).layers[0].species[0].count == (3, 3)
    assert scene(text, many="7").layers[0].species[0].count == (7, 7)


def test_tiles_are_those_of_isaac_lab() -> None:
    """Kinds and what the file does not say are those of ``ROUGH_TERRAINS_CFG``."""
    source = ROOT / "examples/scenes/rough_tiles.stripe"
    tiles = check_file(source).scenes[0].terrain.tiles
    assert tiles is not None
    package = find_spec("isaaclab")
    assert package is not None
    assert package.origin is not None
    rough = ast.parse((Path(package.origin).parent / "terrains/config/rough.py").read_text())
    calls = [node for node in ast.walk(rough) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    upstream = {
        call.func.attr: {str(item.arg): ast.literal_eval(item.value) for item in call.keywords}
        for call in calls
        if isinstance(call.func, ast.Attribute)
    }
    assert {kind.cfg for kind in tiles.kinds} == set(upstream)
    for kind in tiles.kinds:
        theirs = upstream[kind.cfg]
        assert kind.share == pytest.approx(theirs["proportion"])
        for key, value in kind.settings:
            assert theirs[key] == value, (kind.name, key)


def test_checking_a_scene_imports_neither_numpy_nor_scipy() -> None:
    path = ROOT / "examples/scenes/pine_forest.stripe"
    code = (
        "import sys; from pathlib import Path; from stripe_dsl.pipeline import check_file\n"
        f"assert check_file(Path({str(path)!r})).scenes\n"
        "print([name for name in ('numpy', 'scipy', 'trimesh', 'shapely', 'torch') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


def test_the_document_of_an_example_reads_the_same_as_yaml() -> None:
    path = ROOT / "examples/scenes/orchard.stripe"
    document, _ = read(SourceFile("orchard.stripe", path.read_text()))
    again, diagnostics = read(SourceFile("orchard.stripe.yaml", to_yaml(document)))
    assert diagnostics == []
    assert to_stripe(again) == to_stripe(document)
