"""Isaac Lab's own sub-terrains on the real simulator: robots stand on tiles, rays see these, and levels are rows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stripe_dsl.check.scenes.tiles import FORMS
from stripe_dsl.ir.graph import Read
from stripe_dsl.ir.program import Program
from stripe_dsl.pipeline import check_file

from .compare import without_chance
from .recorder import Array, Recording, Run, record
from .replay import assert_replayed, entries

pytestmark = pytest.mark.sim

SOURCE = Path(__file__).parent / "tasks" / "tiles.stripe"
ENVS, STEPS = 12, 130


@pytest.fixture(scope="module")
def program() -> Program:
    (program,) = check_file(SOURCE).programs
    return program


@pytest.fixture(scope="module")
def runs(program: Program, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recording]:
    """By back end, with resets at random; ``calm`` without chance, in which all go up once."""
    probes: dict[str, Any] = {
        "probe": f"{__name__}:standing",
        "finish": f"{__name__}:ground",
        "prepare": f"{__name__}:few",
    }
    torch = Run(steps=STEPS, num_envs=ENVS, amplitude=0.3, **probes)
    drawn = [item for item in without_chance(program) if "curriculum" not in item]
    fixed = [*drawn, "curriculum.level_start=[0.0,0.0]", "curriculum.level_up_threshold=0.1"]
    calm = replace(
        torch, steps=80, inside=False, shuffle=(), overrides=[*fixed, "curriculum.level_down_threshold=0.05"]
    )
    wanted = {
        "torch": torch,
        "warp": replace(torch, backend="warp"),
        "calm torch": calm,
        "calm warp": replace(calm, backend="warp"),
    }
    return record(SOURCE, tmp_path_factory.mktemp("tiles"), wanted, timeout=500)


@pytest.fixture(params=["torch", "warp"])
def recording(request: pytest.FixtureRequest, runs: dict[str, Recording]) -> Recording:
    return runs[request.param]


def few(cfg: Any) -> None:
    """A corner of the example's ground: three rows, and a column of each kind."""
    cfg.scene.terrain.terrain_generator.num_rows = 3
    cfg.scene.terrain.terrain_generator.num_cols = 6
    cfg.scene.terrain.terrain_generator.border_width = 2.0
    for kind in cfg.scene.terrain.terrain_generator.sub_terrains.values():
        kind.proportion = 1.0


def standing(env: Any) -> dict[str, Any]:
    """The level of each environment, and where its tile is."""
    levels = env._level.numpy() if hasattr(env._level, "numpy") else env._level
    return {"level": np.array(levels), "origin": env.scene.env_origins.cpu().numpy().copy()}


def ground(env: Any) -> dict[str, Any]:
    """The middles of the tiles, the column of each environment, and the triangles of the ground."""
    import torch
    from pxr import Usd, UsdGeom

    terrain = env.scene.terrain
    prims = Usd.PrimRange(env.sim.stage.GetPrimAtPath(terrain.terrain_prim_paths[0]))
    mesh: Any
    (mesh,) = (UsdGeom.Mesh(prim) for prim in prims if prim.IsA(UsdGeom.Mesh))
    points, faces = np.array(mesh.GetPointsAttr().Get()), np.array(mesh.GetFaceVertexIndicesAttr().Get())
    triangles = torch.from_numpy(points[faces.reshape(-1, 3)])
    relief = torch.tensor([tile(name, difficulty) for name in FORMS for difficulty in (0.0, 1.0)])
    found = {"origins": terrain.terrain_origins, "columns": terrain.terrain_types, "triangles": triangles}
    return found | {"relief": relief.reshape(len(FORMS), 2)}


def tile(name: str, difficulty: float) -> float:
    """How high and deep a tile of a kind is together, with the numbers that hold where a file says none [m]."""
    from isaaclab import terrains

    form = FORMS[name]
    settings = dict(form.settings(form.range or (0.0, 0.0), form.width, form.platform))
    cfg = getattr(terrains, form.cfg)(size=(8.0, 8.0), **settings)
    for key, value in {"horizontal_scale": 0.1, "vertical_scale": 0.005, "slope_threshold": 0.75}.items():
        if hasattr(cfg, key):
            setattr(cfg, key, value)
    meshes, _ = cfg.function(difficulty, cfg)
    return float(np.ptp(np.concatenate([mesh.vertices for mesh in meshes])[:, 2]))


def heights(triangles: Array, points: Array) -> Array:
    """How high the highest triangle is above or below points of the plane, shape (n,); -inf beside all of them."""
    found = np.full(len(points), -np.inf)
    a, b, c = (triangles[:, corner] for corner in range(3))
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    flat = abs(area) > 1e-9  # not those that stand upright
    a, b, c, area = a[flat], b[flat], c[flat], area[flat]
    for place, (x, y) in enumerate(points):
        u = ((b[:, 0] - x) * (c[:, 1] - y) - (b[:, 1] - y) * (c[:, 0] - x)) / area
        v = ((c[:, 0] - x) * (a[:, 1] - y) - (c[:, 1] - y) * (a[:, 0] - x)) / area
        inside = (u >= -1e-6) & (v >= -1e-6) & (u + v <= 1 + 1e-6)
        z = u * a[:, 2] + v * b[:, 2] + (1 - u - v) * c[:, 2]
        found[place] = z[inside].max(initial=-np.inf)
    return found


def columns(program: Program, recording: Recording) -> dict[str, Array]:
    return {name: value for (_, name), value in entries(program, recording).items()}


def test_the_reference_agrees(program: Program, recording: Recording) -> None:
    assert_replayed(program, recording, absolute=2e-5, loose={})


def test_tiles_get_harder_by_rows(recording: Recording) -> None:
    """The middle of stairs and slopes, up and down, is higher or deeper from row to row."""
    origins = recording.finish["origins"]
    assert origins.shape == (3, 6, 3)
    np.testing.assert_allclose(np.diff(origins[:, :, 0], axis=0), 8.0, atol=1e-4)
    np.testing.assert_allclose(np.diff(origins[:, :, 1], axis=1), 8.0, atol=1e-4)
    for column, sign in enumerate((1, -1, 1, -1)):
        assert (sign * np.diff(origins[:, column, 2]) > 0.05).all()


def test_every_kind_of_tile_can_be_made(runs: dict[str, Recording]) -> None:
    """With the numbers that hold where a file says none, the easiest and the hardest."""
    relief = dict(zip(FORMS, runs["torch"].finish["relief"], strict=True))
    assert relief.pop("flat").max() == 0
    for name, (easy, hard) in relief.items():
        assert easy < 11, name
        assert 0.05 < hard < 11, name


def test_robots_stand_on_their_tiles(program: Program, recording: Recording) -> None:
    seen = columns(program, recording)
    fresh, place = recording.fresh, seen["place"]
    assert fresh[1:].any()
    np.testing.assert_allclose(place[fresh][:, 2], 0.33, atol=1e-4)
    assert (abs(place[fresh][:, :2]) <= 0.4001).all()
    assert np.ptp(place[fresh][:, 0]) > 0.3
    age = recording.states["episode_length"]
    assert (seen["gravity"][..., 2] < -0.9).all()
    stood = age > 20
    assert stood.any()
    feet = seen["feet"].reshape(*fresh.shape, 4, 3)[..., 2].sum(axis=-1)
    assert feet[stood].mean() > 20, "they carry the robot"
    triangles, origin = recording.finish["triangles"], recording.probes["origin"]
    where = place[stood] + origin[stood]
    above = where[:, 2] - heights(triangles, where[:, :2])
    assert 0.2 < above.min() <= above.max() < 0.45
    ball = (seen["ball_pos"] + origin)[stood]
    ball = ball[:, 2] - heights(triangles, ball[:, :2])
    assert ball.min() > 0.5 * 0.05, "nor does a ball fall through"


def test_rays_hit_the_tiles(program: Program, recording: Recording) -> None:
    seen, triangles = columns(program, recording), recording.finish["triangles"]
    points = seen["points"].reshape(*recording.fresh.shape, -1, 3)[::25]
    world = points + recording.probes["origin"][::25, :, None]
    found = heights(triangles, world[..., :2].reshape(-1, 2)).reshape(world.shape[:-1])
    # at the edge of a step, a ray may hit either side
    assert (abs(found - world[..., 2]) < 2e-3).mean() > 0.98
    assert np.ptp(points[..., 2], axis=-1).max() > 0.02
    np.testing.assert_allclose(seen["near"][::25], points[..., 2] - seen["place"][::25, :, 2:], atol=1e-4)


def test_levels_go_up_and_down_by_the_distance(program: Program, recording: Recording) -> None:
    level = recording.probes["level"]
    assert set(level[0]) <= {0, 1, 2}
    assert len(set(level[0])) > 1, "they begin with different ones"
    reads = recording.after_step
    distance = np.linalg.norm((reads[Read("dog", "root.pos@world")] - reads[Read("", "env.origin")])[..., :2], axis=-1)
    change = (distance > 0.35).astype(float) - (distance < 0.28)
    wanted = np.maximum(level[:-1] + change, 0)
    ended = recording.fresh[1:]
    np.testing.assert_array_equal(level[1:][~ended], level[:-1][~ended])
    known = ended & (wanted <= 2)
    np.testing.assert_array_equal(level[1:][known], wanted[known])
    assert (level[1:][known] > level[:-1][known]).any()
    assert (level[1:][known] < level[:-1][known]).any()
    done = level[1:][ended & (wanted > 2)]
    assert set(done) <= {0, 1, 2}
    assert recording.log[-1]["Curriculum/level"] == pytest.approx(level[-1].mean(), abs=0.5)


def test_environments_stand_in_the_row_of_their_level(recording: Recording) -> None:
    """And in a column of their own; another one's reset does not move them."""
    origins, column = recording.finish["origins"], recording.finish["columns"]
    np.testing.assert_array_equal(column, np.arange(ENVS) // 2)
    level, origin = recording.probes["level"].astype(int), recording.probes["origin"]
    np.testing.assert_array_equal(origin, origins[level, np.broadcast_to(column, level.shape)])
    assert len(np.unique(level)) == 3


def test_the_back_ends_are_equal(runs: dict[str, Recording]) -> None:
    torch, warp = runs["calm torch"], runs["calm warp"]
    assert (torch.probes["level"][[0, -1]] == [[0], [1]]).all()
    for name in torch.states:
        np.testing.assert_array_equal(warp.states[name], torch.states[name], err_msg=name)
    for name in torch.probes:
        np.testing.assert_array_equal(warp.probes[name], torch.probes[name], err_msg=name)
    np.testing.assert_allclose(warp.groups["policy"], torch.groups["policy"], atol=1e-5)
