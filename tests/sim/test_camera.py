"""Cameras on the real simulator: what each pixel sees, in both back ends and right after resets."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from stripe_dsl.ir.program import Program
from stripe_dsl.pipeline import check_file
from tests.gpu import GPU

from .compare import without_chance
from .recorder import Array, Recording, Run, record
from .replay import assert_replayed, entries

pytestmark = pytest.mark.sim

SOURCE = Path(__file__).parent / "tasks" / "camera.stripe"
HALF_FOV = np.deg2rad(40)
ROWS, COLUMNS = 12, 16


ADDED = {
    "    before = prev(ahead)\n": '    look = eye.rgb - (0.485, 0.456, 0.406) scale 4 encoder "look.pt" size 5\n',
    "  observe floor     { down.depth }\n": (
        '  observe critic { policy; deep = eye.depth - min(eye.depth) clip 0..5 m encoder "deep.pt" size 4 }\n'
    ),
    "friction 0.9; spawn at (2, 0, 1.3) m }\n": (
        "object board { box (1, 0.02, 1) m color #203040; kinematic; spawn at (-0.5, 2, 0.5) m }\n"
        "object panel { box (1, 0.02, 1) m; kinematic; spawn at (0.5, 2, 0.5) m }\n"
    ),
    "wall.pos.x = 2..2.2 m": "; panel.pos.x = 50 cm + (20 cm if episode.place < 50 %)",
    "  object wall\n": "  object board\n  object panel\n",
    "  action push = effort(slider) scale 20 N\n": (
        "  sensor side = camera(cart.rail) { at (0, -1.5, 0.4) m; facing 90 deg; size (24, 24); fov 60 deg }\n"
        "  observe side { side.rgb; board = side[board].mask; panel = side[panel].mask; cart = side[cart].mask }\n"
        "  randomize {\n"
        '    at startup { panel.texture = pictures("warm.png", "cold.png") }\n'
        "    at reset {\n"
        '      board.texture = pictures("warm.png", "cold.png", width = 50 cm)\n'
        '      cart.bodies.texture = pictures("cold.png", "warm.png", width = 2 m)\n'
        "    }\n"
        "  }\n"
    ),
}
"""Lines behind which those stand that name files, which the test makes."""

PICTURES = {"warm": ((220, 120, 20), (240, 30, 30)), "cold": ((20, 120, 220), (30, 30, 240))}
"""Colours of the upper and the lower half of each."""


def pictures(folder: Path) -> None:
    """Writes the pictures where the task looks for them."""
    for name, halves in PICTURES.items():
        pixels = np.repeat(np.array(halves, dtype=np.uint8), 8, axis=0)[:, None].repeat(16, axis=1)
        Image.fromarray(pixels).save(folder / f"{name}.png")


def networks(folder: Path) -> None:
    """Writes the networks where the task looks for them."""
    torch.manual_seed(5)
    # 5 x 7 is what the convolution leaves of a picture
    numbers = torch.nn.Linear(4 * 5 * 7, 5)
    look = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3, stride=2), torch.nn.ELU(), torch.nn.Flatten(), numbers)
    deep = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3, stride=2), torch.nn.AdaptiveAvgPool2d((1, 2)))
    torch.jit.script(look.eval()).save(folder / "look.pt")
    torch.jit.script(deep.eval()).save(folder / "deep.pt")


def upstream(env: Any) -> dict[str, Array]:
    """Isaac Lab's term for the first network, with what it does to a picture itself, and its terms for the picture;
    runs in the worker."""
    from isaaclab.envs.mdp import observations
    from isaaclab.managers import ObservationTermCfg, SceneEntityCfg
    from isaaclab_tasks.contrib.stack.config.franka.stack_ik_rel_blueprint_env_cfg import image

    mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)

    def infer(network: torch.nn.Module, images: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            return network(4 * (images.permute(0, 3, 1, 2).float() / 255.0 - mean.to(images.device)))

    zoo = {"look": {"model": lambda: env._look_encoder._network, "inference": infer}}
    given = {"sensor_cfg": SceneEntityCfg("eye"), "data_type": "rgb", "model_zoo_cfg": zoo, "model_name": "look"}
    kind: Any = observations.image_features
    term = kind(ObservationTermCfg(func=kind, params={**given, "model_device": None}), env)
    eye = {"sensor_cfg": SceneEntityCfg("eye"), "data_type": "rgb"}
    shape = {"channel_first": False, "frame_stack": 1}
    picture: Any = observations.image_rgb
    picture = picture(ObservationTermCfg(func=picture, params={**eye, **shape}), env)
    found = {"features": term(env, **given), "image_rgb": picture(env, **eye), "image": image(env, **eye)}
    return {name: value.cpu().numpy().copy() for name, value in found.items()}


def film(env: Any) -> dict[str, torch.Tensor]:
    """A frame of a video from where the camera at the side is, in the first environment; runs in the worker."""
    from stripe_dsl.runtime.video import Video

    video = Video(Path("film.png"), size=(24, 24), away=(0.0, -1.5, 0.4))
    video.open(env)
    video.after_step()
    return {"film": torch.from_numpy(video.frames[0])}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The task with networks that see its pictures."""
    folder = tmp_path_factory.mktemp("camera")
    text = SOURCE.read_text(encoding="utf-8")
    for line, more in ADDED.items():
        assert line in text
        text = text.replace(line, line + more)
    (folder / "camera.stripe").write_text(text, encoding="utf-8")
    networks(folder)
    pictures(folder)
    return folder / "camera.stripe"


@pytest.fixture(scope="module")
def program(source: Path) -> Program:
    (program,) = check_file(source).programs
    return program


@pytest.fixture(scope="module")
def runs(source: Path, program: Program, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recording]:
    """Torch looked at from inside; Warp as trainings replay it, and with noise. Episodes end at different times."""
    quiet = without_chance(program)
    run = Run(
        steps=60,
        num_envs=8,
        amplitude=3.0,
        shuffle=(0, 20),
        overrides=quiet,
        probe="tests.sim.test_camera:upstream",
        finish="tests.sim.test_camera:film",
    )
    run = replace(run, overrides=[*quiet, "compute_final_obs=true"])
    warp = replace(run, backend="warp", inside=False)
    noisy = replace(warp, steps=12, overrides=[text for text in quiet if "eye_rgb_noise" not in text])
    return record(source, tmp_path_factory.mktemp("runs"), {"torch": run, "warp": warp, "noisy": noisy})


@pytest.fixture(scope="module")
def physx(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """On PhysX, whose cameras are Newton's renderer, too."""
    run = Run(steps=40, num_envs=8, amplitude=3.0, shuffle=(0, 20), physics="ovphysx", inside=False)
    return record(source, tmp_path_factory.mktemp("physx"), {"physx": run})["physx"]


@pytest.fixture(params=["torch", "warp"])
def seen(request: pytest.FixtureRequest, program: Program, runs: dict[str, Recording]) -> dict[str, Array]:
    """Entries by name, those of pictures ``(T + 1, N, rows, columns, …)``; ``fresh`` where an episode began."""
    found = {name: value for (_, name), value in entries(program, runs[request.param]).items()}
    for name in ("eye_depth", "eye_rgb", "eye_normals", "centred", "near", "wall", "solid"):
        picture = found[name].reshape(*found[name].shape[:2], ROWS, COLUMNS, -1)
        found[name] = picture[..., 0] if picture.shape[-1] == 1 else picture
    fresh = runs[request.param].fresh
    assert fresh[1:].sum() > 6
    return found | {name: runs[request.param].probes[name] for name in ("image_rgb", "image")} | {"fresh": fresh}


def test_everything_is_as_the_reference_says(program: Program, runs: dict[str, Recording]) -> None:
    assert_replayed(program, runs["torch"], absolute=1e-5, loose={})
    assert runs["torch"].terminated.any()


def test_the_back_ends_are_equal(runs: dict[str, Recording]) -> None:
    ours, warp = runs["torch"], runs["warp"]
    assert {name: values.shape[2:] for name, values in warp.groups.items()} == {
        "policy": (12,),
        "critic": (16,),
        "pixels": (13, ROWS, COLUMNS),
        "floor": (1, 8, 8),
        "side": (6, 24, 24),
    }
    for name, theirs in ours.groups.items():
        first = 3 if name == "side" else 0  # each back end draws pictures of its own
        np.testing.assert_allclose(
            warp.groups[name][:, :, first:], theirs[:, :, first:], rtol=1e-5, atol=1e-5, err_msg=name
        )
    np.testing.assert_allclose(warp.reward, ours.reward, atol=1e-6)
    np.testing.assert_array_equal(warp.fresh, ours.fresh)
    ended = ours.fresh[1:]
    assert ours.final.keys() == warp.final.keys() == ours.groups.keys()
    for name in ("policy", "critic", "pixels"):
        last = warp.final[name][ended]
        np.testing.assert_allclose(last, ours.final[name][ended], rtol=1e-5, atol=1e-5, err_msg=name)
        assert np.abs(last - warp.groups[name][1:][ended]).max() > 0.05, "the next episode begins elsewhere"


@pytest.mark.parametrize("backend", ["torch", "warp"])
def test_networks_make_of_pictures_what_isaac_labs_term_does(backend: str, runs: dict[str, Recording]) -> None:
    """``image_features`` of the same network, in every step and at once after resets, in both groups that show it."""
    run = runs[backend]
    wanted = run.probes["features"]
    assert np.ptp(wanted, axis=0).max() > 0.05
    for group in ("policy", "critic"):
        np.testing.assert_allclose(run.groups[group][..., 5:10], wanted, rtol=1e-4, atol=1e-4, err_msg=group)


def test_each_pixel_has_noise_of_its_own(runs: dict[str, Recording]) -> None:
    """A kernel with a thread for each pixel draws it; neither channels nor pixels, environments or steps are alike."""
    noisy = runs["noisy"].groups["pixels"]
    noise = noisy - runs["warp"].groups["pixels"][: len(noisy)]
    rgb, others = noise[:, :, 1:4], np.delete(noise, (1, 2, 3), axis=2)
    assert not others.any()
    assert np.abs(rgb).max() <= 0.05 + 1e-6
    assert abs(rgb.mean()) < 1e-3
    assert rgb.std() == pytest.approx(0.1 / np.sqrt(12), rel=0.02)
    for axis in range(rgb.ndim):
        first, second = (
            np.take(rgb, range(*ends), axis=axis) for ends in ((0, rgb.shape[axis] - 1), (1, rgb.shape[axis]))
        )
        assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.02, axis


def test_depth_is_the_distance_of_the_wall(seen: dict[str, Array]) -> None:
    """Along the view, and at once after a reset: the camera is 15 cm before the cart, the wall 60 cm thick."""
    wanted = seen["wall_pos_x"][..., 0] - 0.3 - seen["slider_pos"][..., 0] - 0.15
    np.testing.assert_allclose(seen["ahead"][..., 0], wanted, atol=1e-3)
    assert np.ptp(wanted) > 0.3
    middle = seen["eye_depth"][:, :, ROWS // 2 - 1 : ROWS // 2 + 1, COLUMNS // 2 - 1 : COLUMNS // 2 + 1]
    np.testing.assert_allclose(middle, np.broadcast_to(0.2 * wanted[..., None, None], middle.shape), atol=1e-3)
    before, fresh = seen["before"][..., 0], seen["fresh"]
    np.testing.assert_array_equal(before[1:][~fresh[1:]], seen["ahead"][..., 0][:-1][~fresh[1:]])
    np.testing.assert_array_equal(before[fresh], seen["ahead"][..., 0][fresh])


def test_the_ground_is_below(seen: dict[str, Array]) -> None:
    """Beside the wall in the lowest row, by the height of the camera and the angle of its rays."""
    edge = np.tan(HALF_FOV) * ROWS / COLUMNS
    slope = edge * (ROWS - 0.5 - ROWS / 2) / (ROWS / 2)
    lowest = seen["eye_depth"][:, :, -1, [0, -1]]
    np.testing.assert_allclose(lowest, 0.2 * 2.0 / slope, rtol=1e-4)
    normals = seen["eye_normals"][:, :, -1, [0, -1]]
    np.testing.assert_allclose(normals, np.broadcast_to([0, 0, 1], normals.shape), atol=1e-5)
    np.testing.assert_allclose(seen["ground"], 0.5, rtol=1e-4)


def test_what_is_not_there_is_at_the_reach(seen: dict[str, Array]) -> None:
    """In the top row is the sky: `reach`, cut to 5 m, without a normal, and grey; the wall is red."""
    assert (seen["eye_depth"][:, :, 0] == 1.0).all()
    assert not seen["eye_normals"][:, :, 0].any()
    sky, wall = seen["eye_rgb"][:, :, 0], seen["eye_rgb"][:, :, ROWS // 2, COLUMNS // 2]
    np.testing.assert_allclose(sky, 238 / 255, atol=1e-6)
    assert (wall[..., 0] > 1.4 * wall[..., 1]).all()


@pytest.mark.parametrize("term", ["image_rgb", "image"])
def test_a_picture_is_centred_as_isaac_lab_does(term: str, seen: dict[str, Array]) -> None:
    """Both take the mean of each colour over the picture away."""
    wanted = seen[term]
    assert np.ptp(wanted) > 0.5
    assert abs(wanted.mean(axis=(2, 3))).max() < 1e-5
    np.testing.assert_allclose(seen["centred"], wanted, atol=1e-5)


def test_the_wall_is_seen_upright(seen: dict[str, Array]) -> None:
    """Its face looks back at the camera; it covers the middle of the picture, down to its edge but not up."""
    normals = seen["eye_normals"][:, :, ROWS // 2 - 1, COLUMNS // 2]
    np.testing.assert_allclose(normals, np.broadcast_to([-1, 0, 0], normals.shape), atol=1e-3)
    covered = seen["near"] == 1.0
    assert covered[:, :, ROWS // 2 :, COLUMNS // 2].all()
    assert not covered[:, :, 0].any()
    np.testing.assert_array_equal(covered, covered[..., ::-1], err_msg="it stands in the middle")


def test_masks_tell_things_apart(seen: dict[str, Array]) -> None:
    """The wall is what is nearest, the ground what is level; the sky is neither, at once after a reset too."""
    np.testing.assert_array_equal(seen["wall"], seen["near"])
    level = seen["eye_normals"][..., 2] > 0.99
    np.testing.assert_array_equal(seen["solid"], np.maximum(seen["wall"], level))
    assert 0.05 < seen["wall"].mean() < seen["solid"].mean() < 0.95
    assert (seen["below"] == 64).all(), "nothing but ground lies below the camera that looks down"
    assert not seen["own"].any()


def covers(recording: Recording, name: str) -> Array:
    """Whether a thing is covered with the warm picture, ``(T + 1, N)``: its pixels agree; nan where none is seen."""
    side = recording.groups["side"]
    mask = side[:, :, {"board": 3, "panel": 4, "cart": 5}[name]] > 0.5
    warm, cold = (mask & (sign * (side[:, :, 0] - side[:, :, 2]) > 0.1) for sign in (1, -1))
    np.testing.assert_array_equal(warm | cold, mask)
    warm, cold = warm.any(axis=(2, 3)), cold.any(axis=(2, 3))
    assert not (warm & cold).any(), name
    return np.where(warm | cold, warm, np.nan)


@pytest.mark.parametrize("backend", ["torch", "warp", "physx"])
def test_pictures_are_drawn_for_each_environment(backend: str, runs: dict[str, Recording], physx: Recording) -> None:
    """Each has its own, from the start on or for an episode: also for the body of a robot."""
    run = physx if backend == "physx" else runs[backend]
    panel, board, cart = (covers(run, name) for name in ("panel", "board", "cart"))
    assert 0 < panel[0].mean() < 1
    np.testing.assert_array_equal(panel, np.broadcast_to(panel[0], panel.shape))
    for found in (board, cart):
        seen = ~np.isnan(found[1:] + found[:-1])
        assert seen.mean() > 0.8
        changed, fresh = found[1:] != found[:-1], run.fresh[1:]
        assert not changed[seen & ~fresh].any(), "it stays for an episode"
        assert 0.2 < changed[seen & fresh].mean() < 0.8, "and is drawn at once with the next"
    assert 0.2 < (board == cart)[~np.isnan(cart)].mean() < 0.8, "each thing has its own"


def test_environments_differ_by_their_place(runs: dict[str, Recording]) -> None:
    """The panel of the first half stands 20 cm more to the right, which is where column 18 looks, also after resets."""
    for backend in ("torch", "warp"):
        panel = runs[backend].groups["side"][:, :, 4, :, 18].any(axis=2)
        assert panel[:, :4].all()
        assert not panel[:, 4:].any()


def test_pictures_lie_upright_and_repeat(runs: dict[str, Recording]) -> None:
    """Half a metre each, from the middle of the board upwards, in the colours of the file; both back ends agree."""
    rows = 0.4 + 3.49 * np.tan(np.deg2rad(30)) * (1 - (np.arange(24) + 0.5) / 12)
    part = (rows - 0.5) / 0.5 % 1.0  # where in a picture the board is hit, from its lower edge up
    shades: dict[tuple[str, bool, bool], Array] = {}
    for backend in ("torch", "warp"):
        side, warm = runs[backend].groups["side"], covers(runs[backend], "board")
        board = side[:, :, 3] > 0.5
        for upper in (True, False):
            inside = abs(part - (0.75 if upper else 0.25)) < 0.18  # colours run into each other at the edges
            assert board[:, :, inside].any(axis=(0, 1, 3)).sum() == 2, "there are two pictures above each other"
            for kind in (True, False):
                chosen = board & inside[:, None] & (warm == kind)[..., None, None]
                shades[backend, kind, upper] = np.moveaxis(side[:, :, :3], 2, -1)[chosen]
    for kind, halves in ((True, PICTURES["warm"]), (False, PICTURES["cold"])):
        for upper, color in zip((True, False), halves, strict=True):
            ours, theirs = (shades[backend, kind, upper] for backend in ("torch", "warp"))
            assert np.ptp(ours, axis=0).max() == 0
            np.testing.assert_allclose(ours[0], theirs[0], rtol=0, atol=1e-6)
            light = linear(ours[0]) / linear(np.array(color) / 255)
            assert np.ptp(light) < 0.15 * light.mean(), "the same of each colour: what the picture has, as it is lit"


@pytest.mark.gpu
def test_a_gpu_draws_them_as_well(source: Path, program: Program, tmp_path: Path) -> None:
    """Within Warp's graph, whose draws are those of its seed, and in torch; and networks see them there."""
    torch = Run(steps=60, num_envs=8, amplitude=3.0, shuffle=(0, 20), overrides=without_chance(program))
    torch = replace(torch, device=GPU, probe="tests.sim.test_camera:upstream")
    runs = record(source, tmp_path, {"torch": torch, "warp": replace(torch, backend="warp", inside=False)})
    for backend, run in runs.items():
        test_pictures_are_drawn_for_each_environment(backend, runs, run)
        test_networks_make_of_pictures_what_isaac_labs_term_does(backend, runs)
    test_pictures_lie_upright_and_repeat(runs)
    test_environments_differ_by_their_place(runs)


@pytest.mark.parametrize("backend", ["torch", "warp"])
def test_a_video_shows_the_pictures_as_they_are_then(backend: str, runs: dict[str, Recording]) -> None:
    """As the cameras of the task see them; the ground has its pattern of greys beside them."""
    run = runs[backend]
    frame = run.finish["film"].astype(int)
    redder = frame[..., 0] - frame[..., 2]
    for name, row, column in (("cart", 0, 4), ("board", 5, 9), ("panel", 3, 20)):
        (covered,) = covers(run, name)[-1, :1]
        assert redder[row, column] > 100 if covered else redder[row, column] < -100, name
    assert abs(redder[12:]).max() < 10
    assert np.ptp(frame[12:, :, 0]) > 20


def linear(color: Array) -> Array:
    """Light of a colour of a screen (sRGB)."""
    return np.where(color > 0.04045, ((color + 0.055) / 1.055) ** 2.4, color / 12.92)
